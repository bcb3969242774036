"""Brings one fault about on the kernel it runs on, in the network namespace it is started in. Bounded in time.

Usage: workload.py NAME SECONDS. Prints `ready` once the fault is going on, ends by itself.
"""

import contextlib
import socket
import sys
import threading
import time

PORT = 5201
LOOPBACK = "127.0.0.1"


def send_datagrams(until, pause_s, batch=20):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while time.monotonic() < until:
            for _ in range(batch):
                with contextlib.suppress(ConnectionRefusedError):
                    sender.sendto(b"x" * 200, (LOOPBACK, PORT))
            time.sleep(pause_s)


def slow_udp_reader(until):
    """Reads one datagram every 5 ms while thousands a second arrive."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        reader.bind((LOOPBACK, PORT))
        reader.settimeout(0.1)
        threading.Thread(target=send_datagrams, args=(until, 0.005), daemon=True).start()
        time.sleep(0.2)
        print("ready", flush=True)
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                reader.recv(2048)
            time.sleep(0.005)


def full_accept_queue(until):
    """Listens with a backlog of 2 and never accepts, while connections keep coming."""
    with socket.socket() as listener, contextlib.ExitStack() as clients:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, PORT))
        listener.listen(2)
        announced = False
        for number in range(200):
            if time.monotonic() > until:
                return
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((LOOPBACK, PORT))
            if number > 5 and not announced:
                announced = True
                print("ready", flush=True)
            time.sleep(0.1)


def answer_datagrams(server, until):
    server.settimeout(0.2)
    while time.monotonic() < until:
        with contextlib.suppress(TimeoutError):
            data, peer = server.recvfrom(2048)
            server.sendto(data, peer)


def take_stream(listener, until):
    connection, _ = listener.accept()
    with connection:
        while time.monotonic() < until and connection.recv(1 << 20):
            pass


def heavy_traffic(until):
    """A bulk TCP stream and thousands of UDP questions and answers a second: busy, and nothing lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, socket.create_server((LOOPBACK, PORT)) as listener:
        server.bind((LOOPBACK, PORT))
        threading.Thread(target=answer_datagrams, args=(server, until + 1), daemon=True).start()
        threading.Thread(target=take_stream, args=(listener, until + 1), daemon=True).start()
        with (
            socket.create_connection((LOOPBACK, PORT)) as stream,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        ):
            client.settimeout(1)
            print("ready", flush=True)
            block = b"y" * (1 << 16)
            while time.monotonic() < until:
                stream.sendall(block)
                client.sendto(b"x" * 200, (LOOPBACK, PORT))
                client.recv(2048)


def old_losses(until):
    """Loses thousands of datagrams and many connections at once, then stops and stays quiet."""
    del until
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.bind((LOOPBACK, PORT))
        send_datagrams(time.monotonic() + 0.5, 0, batch=500)
    print("ready", flush=True)


if __name__ == "__main__":
    {
        "slow_udp_reader": slow_udp_reader,
        "full_accept_queue": full_accept_queue,
        "heavy_traffic": heavy_traffic,
        "old_losses": old_losses,
    }[sys.argv[1]](time.monotonic() + float(sys.argv[2]))
