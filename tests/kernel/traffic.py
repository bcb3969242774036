"""Datagrams that are sent and dropped in a network namespace, and what the tracing programs saw of them."""

import ctypes
import socket
import struct
from contextlib import suppress
from pathlib import Path

from brimful.kernel import bpf


def own():
    """The inode of the calling thread's network namespace."""
    return Path("/proc/thread-self/ns/net").stat().st_ino


def udp(address="127.0.0.1", room=None):
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if room:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    found.bind((address, 0))
    return found


def send(source, target, count, data=b"x"):
    for _ in range(count):
        with suppress(OSError):
            source.sendto(data, target)


def queued(full):
    """How many datagrams are in a socket's queue; they are taken out."""
    full.setblocking(False)
    taken = 0
    with suppress(BlockingIOError):
        while True:
            full.recv(2048)
            taken += 1
    return taken


def seen(counted, reason, inode):
    """The drops of one reason in one namespace, by interface, protocol and function: their packets."""
    rows = [drop for drop in counted.read().drops.values() if drop.netns == inode and drop.reason == reason]
    return [(row.interface, row.protocol, row.location.partition("+")[0], row.packets) for row in rows]


def put(counters, key, values):
    """Write the values of a key of a map for all CPUs."""
    name = ctypes.create_string_buffer(key, len(key))
    data = struct.pack(f"={len(values)}Q", *values)
    value = ctypes.create_string_buffer(data, len(data))
    update = 2
    element = struct.pack("=I4xQQQ", counters.descriptor, ctypes.addressof(name), ctypes.addressof(value), 0)
    bpf.bpf(update, element, "writing")
