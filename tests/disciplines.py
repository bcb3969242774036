"""A pair of interfaces with a queueing discipline, and bursts through it: packets of 1000 bytes to the discipline."""

import socket
import subprocess

from tests.namespaces import ip, needs

THOUSAND = b"x" * 958
"""Ethernet 14, IPv4 20, UDP 8 bytes before it."""


def tc(command):
    return subprocess.run(["tc", *command.split()], check=True, capture_output=True, text=True).stdout


def pair(discipline, queues=1):
    """Make a pair of interfaces of which the near one has a discipline; return its index."""
    needs("tc", "sysctl")
    subprocess.run(
        ["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"], check=True
    )
    ip(
        f"link add va numtxqueues {queues} numrxqueues {queues} type veth peer name vb numtxqueues {queues} numrxqueues {queues}"
    )
    ip("addr add 10.9.0.1/24 dev va")
    ip("link set vb up")
    ip("link set va up")
    ip("neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev va")
    if discipline:
        tc(f"qdisc add dev va root {discipline}")
    return socket.if_nametoindex("va")


def sender():
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind(("10.9.0.1", 0))
    found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
    found.connect(("10.9.0.2", 9))
    return found


def send(source, count, data=THOUSAND):
    for _ in range(count):
        source.send(data)
