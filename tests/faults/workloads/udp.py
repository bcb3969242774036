"""Readers of datagrams that are too slow, too small, or not there."""

import contextlib
import socket
import time

from workloads.scene import HERE, LOOPBACK, rules, run, set_here

SMALLEST = 4096
ROOMY = 1 << 20
SO_SNDBUFFORCE = 32


def datagrams(address):
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)


def send(scene, to, size, batch, pause_s):
    """Send batches of datagrams until the scene is over."""
    with datagrams(to[0]) as sender:
        sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 4 * ROOMY)  # a send buffer of its own would hold it up
        while scene.goes_on():
            for _ in range(batch):
                with contextlib.suppress(ConnectionRefusedError, BlockingIOError, OSError):
                    sender.sendto(b"x" * size, to)
            time.sleep(pause_s)


def read(scene, reader, pause_s=0.0):
    """Take datagrams out, one each pause."""
    reader.settimeout(0.1)
    while scene.goes_on():
        with contextlib.suppress(TimeoutError):
            reader.recv(1 << 16)
        if pause_s:
            time.sleep(pause_s)


def slow_udp_reader(scene):
    """Reads one datagram every few milliseconds while thousands a second arrive."""
    to = (scene.vary(LOOPBACK, "127.0.0.9", "::1"), scene.port())
    size = scene.vary(200, 64, 512, 1200)
    batch = scene.between(20, 15, 60)
    with datagrams(to[0]) as reader:
        buffer = scene.vary(32768, 16384, 65536)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY if scene.healthy else buffer)
        reader.bind(to)
        scene.helper(send, scene, to, size, batch, scene.vary(0.005, 0.003, 0.01))
        slow_s = scene.vary(0.005, 0.002, 0.02, 0.1)
        scene.ready()
        read(scene, reader, 0.0 if scene.healthy else slow_s)


def small_receive_buffer(scene):
    """Reads at once, but into a buffer that is smaller than the bursts that arrive."""
    to = (LOOPBACK, scene.port())
    size = scene.vary(200, 100, 700)
    burst = 3 if scene.healthy else scene.between(200, 100, 400)
    pause_s = scene.vary(0.05, 0.03, 0.1)
    with datagrams(LOOPBACK) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, scene.vary(SMALLEST, 5000, 6000))
        reader.bind(to)
        scene.helper(send, scene, to, size, burst, pause_s)
        scene.ready()
        read(scene, reader)


def nobody_listens(scene):
    """Sends thousands of datagrams a second to a port that nobody has opened."""
    to = (LOOPBACK, scene.port())
    with datagrams(LOOPBACK) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY)
        if scene.healthy:
            reader.bind(to)
            scene.helper(read, scene, reader)
        batch, pause_s = scene.between(20, 10, 80), scene.vary(0.005, 0.01)
        scene.helper(send, scene, to, scene.vary(200, 20, 1000), batch, pause_s)
        scene.ready()
        scene.wait()


def filtered(scene):
    """Drops what comes for a port by a filter rule."""
    to = (LOOPBACK, scene.port())
    hook = scene.vary("input", "prerouting", "output")
    number = to[1] + 1 if scene.healthy else to[1]
    rules(f"table inet guard {{ chain guard {{ type filter hook {hook} priority 0; udp dport {number} drop\n}}\n}}")
    with datagrams(LOOPBACK) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY)
        reader.bind(to)
        scene.helper(read, scene, reader)
        scene.helper(send, scene, to, scene.vary(200, 20, 1000), scene.between(20, 10, 60), scene.vary(0.005, 0.01))
        scene.ready()
        scene.wait()


def reverse_path(scene):
    """Refuses what comes in by another interface than the one its source is reached by (rp_filter)."""
    port = scene.port()
    batch, pause_s = scene.between(10, 5, 40), scene.vary(0.01, 0.02)
    source = "10.80.0.3" if scene.healthy else scene.vary("10.99.0.7", "10.99.1.8")

    def there():
        set_here("net.ipv4.conf.all.arp_announce", 2)  # the filter would refuse a question from that address as well
        run(f"ip addr add {source}/32 dev right")
        with datagrams(HERE) as sender:
            sender.bind((source, 0))
            while scene.goes_on():
                for _ in range(batch):
                    with contextlib.suppress(OSError):
                        sender.sendto(b"x" * 100, (HERE, port))
                time.sleep(pause_s)

    with datagrams(HERE) as reader:
        set_here("net.ipv4.conf.all.rp_filter", 1)
        scene.neighbour(there)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY)
        reader.bind((HERE, port))
        scene.helper(read, scene, reader)
        scene.ready(0.6)
        scene.wait()
