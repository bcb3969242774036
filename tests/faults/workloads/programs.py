"""Programs that do not read what the kernel puts by for them: netlink, packet and unix sockets, a tun device."""

import contextlib
import fcntl
import os
import socket
import struct
import subprocess
import time

from workloads.scene import LOOPBACK, run
from workloads.udp import ROOMY, datagrams, read, send

RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE = 1, 0x10, 0x40
ETH_P_ALL = 3
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000


def drain(scene, handle):
    """Read all that comes."""
    handle.settimeout(0.1)
    while scene.goes_on():
        with contextlib.suppress(TimeoutError):
            handle.recv(1 << 16)


def churn(scene, number, pause_s):
    """Add and take away addresses, which the kernel tells everybody who asked."""
    lines = "".join(
        f"addr {verb} 10.9.{n // 250}.{n % 250 + 1}/32 dev lo\n" for n in range(number) for verb in ("add", "del")
    )
    while scene.goes_on():
        subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
        time.sleep(pause_s)


def netlink_reader_asleep(scene):
    """Asked for changes of links, addresses and routes, and does not read them while addresses come and go."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as monitor:
        monitor.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY if scene.healthy else scene.vary(8192, 4096, 32768)
        )
        monitor.bind((0, RTMGRP_IPV4_IFADDR | scene.vary(RTMGRP_LINK, RTMGRP_IPV4_ROUTE)))
        scene.helper(churn, scene, scene.between(100, 50, 200), scene.vary(0.05, 0.1))
        if scene.healthy:
            scene.helper(drain, scene, monitor)
        scene.ready()
        scene.wait()


def sniffer_asleep(scene):
    """Captures packets and does not take them out; the traffic itself goes its way."""
    to = (LOOPBACK, scene.port())
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as sniffer,
        datagrams(LOOPBACK) as reader,
    ):
        sniffer.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY if scene.healthy else scene.vary(16384, 65536, 8192)
        )
        if scene.vary(True, False):
            sniffer.bind(("lo", ETH_P_ALL))
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY)
        reader.bind(to)
        scene.helper(read, scene, reader)
        if scene.healthy:
            scene.helper(drain, scene, sniffer)
        scene.helper(send, scene, to, scene.vary(200, 1000), scene.between(10, 5, 30), scene.vary(0.01, 0.02))
        scene.ready()
        scene.wait()


def unix_reader_asleep(scene):
    """Does not read its unix socket, and who sends to it sleeps."""
    kind = scene.vary(socket.SOCK_DGRAM, socket.SOCK_STREAM)
    name = f"\0brimful-fault-{os.getpid()}"
    size, pause_s = scene.vary(100, 1000), scene.vary(0.01, 0.02)
    with socket.socket(socket.AF_UNIX, kind) as reader:
        reader.bind(name)
        if kind == socket.SOCK_STREAM:
            reader.listen(4)

        def push():
            with socket.socket(socket.AF_UNIX, kind) as sender:
                sender.connect(name)
                if kind == socket.SOCK_STREAM:
                    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
                while scene.goes_on():
                    sender.sendall(b"x" * size)
                    time.sleep(pause_s)

        scene.helper(push)
        end = reader.accept()[0] if kind == socket.SOCK_STREAM else reader
        if scene.healthy:
            scene.helper(drain, scene, end)
        scene.ready(1.5)
        scene.wait()


def tun_reader_asleep(scene):
    """Holds a tun device open and does not read the packets that are sent into it."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"tun0", IFF_TUN | IFF_NO_PI) + bytes(22))
    run("ip addr add 10.8.0.1/24 dev tun0")
    run(f"ip link set tun0 up txqueuelen {500 if scene.healthy else scene.vary(50, 20, 200)}")
    os.set_blocking(device, True)

    def take():
        while scene.goes_on():
            os.read(device, 1 << 16)

    if scene.healthy:
        scene.helper(take)
    batch, pause_s = scene.between(10, 5, 30), scene.vary(0.01, 0.02)
    scene.helper(send, scene, ("10.8.0.2", 5300), scene.vary(200, 1000), batch, pause_s)
    scene.ready()
    scene.wait()
