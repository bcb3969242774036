"""Tables of the kernel that are full, and next hops that do not answer."""

import contextlib
import random
import socket
import struct
import time
from pathlib import Path

from workloads.scene import LOOPBACK, rules, run, set_here
from workloads.udp import ROOMY, datagrams, read, send

NETLINK_NETFILTER = 12
NLM_F_REQUEST, NLM_F_CREATE = 1, 0x400
NEW_CONNECTION = 1 << 8
"""NFNL_SUBSYS_CTNETLINK and IPCTNL_MSG_CT_NEW."""
SEEN_REPLY, ASSURED, CONFIRMED = 2, 4, 8
NESTED = 0x8000


def first_fragments(scene, size, batch, pause_s):
    """Send the first piece of packets whose others never come."""
    dice = random.Random(scene.seed)  # noqa: S311 - repeatable
    to = socket.inet_aton(LOOPBACK)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        while scene.goes_on():
            for _ in range(batch):
                number = dice.randrange(1, 65536)
                head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + size, number, 0x2000, 64, 17, 0, to, to)
                sender.sendto(head + bytes(size), (LOOPBACK, 0))
            time.sleep(pause_s)


def large_datagrams(scene):
    """Send datagrams in pieces that all come."""
    run("ip link set lo mtu 1500")
    to = (LOOPBACK, scene.port())
    with datagrams(LOOPBACK) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * ROOMY)
        reader.bind(to)
        scene.helper(read, scene, reader)
        scene.helper(send, scene, to, scene.vary(6000, 3000, 9000), scene.between(4, 2, 8), 0.01)
        scene.ready()
        scene.wait()


def full_fragment_table(scene):
    """Gets pieces of packets whose other pieces never come, until the table of fragments holds no more."""
    set_here("net.ipv4.ipfrag_low_thresh", 50_000)
    set_here("net.ipv4.ipfrag_high_thresh", scene.vary(100_000, 60_000, 200_000))
    if scene.healthy:
        large_datagrams(scene)
        return
    size, batch, pause_s = scene.vary(800, 400, 1200), scene.between(10, 5, 30), scene.vary(0.01, 0.02)
    scene.helper(first_fragments, scene, size, batch, pause_s)
    scene.ready(1)
    scene.wait()


def missing_fragments(scene):
    """Gets first pieces of packets whose others were lost on the way; the table has room for many more."""
    set_here("net.ipv4.ipfrag_time", 1)
    if scene.healthy:
        large_datagrams(scene)
        return
    size, batch, pause_s = scene.vary(800, 400, 1200), scene.between(3, 2, 5), scene.vary(0.02, 0.04)
    scene.helper(first_fragments, scene, size, batch, pause_s)
    scene.ready(2.5)
    scene.wait()


def silent_next_hop(scene):
    """Sends to a next hop that does not answer ARP: packets wait for its address, and newer ones push them out."""
    scene.neighbour()
    set_here("net.ipv4.neigh.left.unres_qlen_bytes", scene.vary(8000, 4000, 20000))
    set_here("net.ipv4.neigh.left.retrans_time_ms", scene.vary(200, 100, 300))
    host = scene.between(77, 20, 200)
    batch, pause_s = scene.between(10, 5, 20), scene.vary(0.02, 0.05)
    to = ("10.80.0.2" if scene.healthy else f"10.80.0.{host}", 5300)

    def there():
        with datagrams(LOOPBACK) as sender:
            sender.setblocking(False)
            while scene.goes_on():
                for _ in range(batch):
                    with contextlib.suppress(OSError):
                        sender.sendto(b"x" * 200, to)
                time.sleep(pause_s)

    scene.helper(there)
    scene.ready(1.5)
    scene.wait()


def attribute(kind, value, nested=0):
    return struct.pack("=HH", 4 + len(value), kind | nested) + value + bytes(-len(value) % 4)


def direction(kind, source, target, port, to_port):
    """Return CTA_TUPLE_ORIG or CTA_TUPLE_REPLY of a UDP connection (linux/netfilter/nfnetlink_conntrack.h)."""
    addresses = attribute(1, attribute(1, source) + attribute(2, target), NESTED)
    ports = attribute(2, struct.pack("!H", port)) + attribute(3, struct.pack("!H", to_port))
    return attribute(kind, addresses + attribute(2, attribute(1, b"\x11") + ports, NESTED), NESTED)


def tracked(number):
    """Return the message that enters one connection, as one that answers have been seen of: it is not evicted early."""
    source, target = struct.pack("!I", 0x0A500000 + (number >> 14)), socket.inet_aton("10.99.0.1")
    port = 1024 + (number & 0x3FFF)
    status = attribute(3, struct.pack("!I", SEEN_REPLY | ASSURED | CONFIRMED))
    body = b"\x02\0\0\0" + direction(1, source, target, port, 53) + direction(2, target, source, 53, port)
    body += status + attribute(7, struct.pack("!I", 120))
    return struct.pack("=IHHII", 16 + len(body), NEW_CONNECTION, NLM_F_REQUEST | NLM_F_CREATE, 0, 0) + body


def enter(first, last):
    """Enter connections into the table of this namespace."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netfilter:
        netfilter.bind((0, 0))
        netfilter.setblocking(False)
        for begin in range(first, last, 400):
            netfilter.send(b"".join(map(tracked, range(begin, min(begin + 400, last)))))
            with contextlib.suppress(BlockingIOError):  # what it refuses
                while netfilter.recv(1 << 16):
                    pass


def full_conntrack_table(scene):
    """Has entered as many connections as the machine allows each namespace; packets of new ones find no room."""
    rules("table inet track {\nchain track {\ntype filter hook prerouting priority 0;\nct state new accept\n}\n}")
    limit = int(Path("/proc/sys/net/netfilter/nf_conntrack_max").read_text())
    enter(0, int(0.85 * limit) if scene.healthy else limit + 100)
    pause_s, batch = scene.vary(0.01, 0.02), scene.between(5, 3, 20)

    def knock():
        """Open one connection after another: each datagram comes from a port of its own."""
        while scene.goes_on():
            for _ in range(batch):
                with datagrams(LOOPBACK) as sender, contextlib.suppress(OSError):
                    sender.sendto(b"x" * 100, to)
            time.sleep(pause_s)

    to = (LOOPBACK, scene.port())
    with datagrams(LOOPBACK) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY)
        reader.bind(to)
        scene.helper(read, scene, reader)
        scene.helper(knock)
        scene.ready()
        scene.wait()
