"""Listeners and streams."""

import contextlib
import random
import socket
import struct
import time

from workloads.scene import HERE, LOOPBACK, THERE, run, set_here


def listen(scene, backlog, address=LOOPBACK):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, scene.port()))
    listener.listen(backlog)
    return listener


def accept(scene, listener):
    """Take connections in, and keep none."""
    listener.settimeout(0.1)
    while scene.goes_on():
        with contextlib.suppress(TimeoutError):
            listener.accept()[0].close()


def connect(scene, to, pause_s, most=400):
    """Open connections and hold them."""
    with contextlib.ExitStack() as clients:
        for _ in range(most):
            if not scene.goes_on():
                return
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(to)
            time.sleep(pause_s)


def full_accept_queue(scene):
    """Listens with a short backlog and never accepts, while connections keep coming."""
    pause_s = scene.vary(0.05, 0.03, 0.1)
    with listen(scene, scene.between(2, 1, 12)) as listener:
        if scene.healthy:
            scene.helper(accept, scene, listener)
        scene.helper(connect, scene, listener.getsockname(), pause_s)
        scene.ready(0.8)
        scene.wait()


def slow_tcp_reader(scene):
    """Takes a little of a fast stream now and then: TCP tells the sender to wait, and nothing is lost."""
    piece, pause_s = scene.vary(4096, 1000, 20000), scene.vary(0.05, 0.02, 0.2)
    buffer = scene.vary(65536, 16384, 262144)
    with listen(scene, 8) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        to = listener.getsockname()

        def stream():
            with socket.create_connection(to) as sender:
                while scene.goes_on():
                    sender.sendall(b"y" * (1 << 16))

        scene.helper(stream)
        connection = listener.accept()[0]
        scene.ready()
        while scene.goes_on():
            connection.recv(1 << 20 if scene.healthy else piece)
            time.sleep(0 if scene.healthy else pause_s)


def syn(source, port, to_port):
    """Return one SYN with its IP header; the kernel fills in the IP checksum."""
    to = socket.inet_aton(HERE)
    segment = struct.pack("!HHIIBBHHH", port, to_port, 1, 0, 5 << 4, 2, 64240, 0, 0)
    words = struct.unpack("!16H", source + to + struct.pack("!HH", 6, len(segment)) + segment)
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    segment = segment[:16] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + segment[18:]
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, source, to) + segment


def syn_flood(scene):
    """Gets requests to connect from peers that never answer, with a short queue for them and no cookies."""
    set_here("net.ipv4.tcp_syncookies", 0)
    to_port = scene.port()
    batch, pause_s = scene.between(20, 10, 60), scene.vary(0.01, 0.02)

    def there():
        dice = random.Random(scene.seed)  # noqa: S311 - repeatable
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
            while scene.goes_on():
                for _ in range(batch):
                    source = struct.pack("!I", 0xC6120000 + dice.randrange(1, 65000))  # 198.18.0.0/16
                    sender.sendto(syn(source, dice.randrange(1024, 65000), to_port), (HERE, 0))
                time.sleep(pause_s)

    def polite():
        while scene.goes_on():
            with contextlib.suppress(OSError), socket.create_connection((HERE, to_port), timeout=1):
                time.sleep(0.02)

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        scene.neighbour(polite if scene.healthy else there)
        run(f"ip route add 198.18.0.0/15 via {THERE}")
        listener.bind((HERE, to_port))
        listener.listen(scene.between(4, 2, 16))
        scene.helper(accept, scene, listener)
        scene.ready(0.8)
        scene.wait()
