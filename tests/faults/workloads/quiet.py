"""Traffic that nothing is wrong with."""

import socket
import time

from workloads.scene import LOOPBACK
from workloads.tcp import listen
from workloads.udp import ROOMY, datagrams, send


def heavy_traffic(scene):
    """A bulk TCP stream and thousands of UDP questions and answers a second: busy, and nothing lost."""
    to = (LOOPBACK, scene.port())

    def answer(server):
        server.settimeout(0.2)
        while True:
            try:
                data, peer = server.recvfrom(2048)
            except TimeoutError:
                continue
            server.sendto(data, peer)

    def take(listener):
        connection, _ = listener.accept()
        while connection.recv(1 << 20):
            pass

    with datagrams(LOOPBACK) as server, listen(scene, 8) as listener:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOMY)
        server.bind(to)
        scene.helper(answer, server)
        scene.helper(take, listener)
        with socket.create_connection(listener.getsockname()) as stream, datagrams(LOOPBACK) as client:
            client.settimeout(1)
            scene.ready(0)
            block = b"y" * (1 << 16)
            while scene.goes_on():
                stream.sendall(block)
                client.sendto(b"x" * 200, to)
                client.recv(2048)


def old_losses(scene):
    """Loses thousands of datagrams at once, then stops and stays quiet."""
    to = (LOOPBACK, scene.port())
    with datagrams(LOOPBACK) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.bind(to)
        until, scene.until = scene.until, time.monotonic() + 0.5
        send(scene, to, 200, 500, 0)
        scene.until = until
    scene.ready(0)
    scene.wait()
