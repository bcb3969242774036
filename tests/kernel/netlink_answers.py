"""What the tests of netlink share: messages as the kernel writes them, and a socket that answers with them."""

import socket
import struct

from brimful.kernel.netlink import NETLINK_ROUTE, Netlink


def message(kind, body=b"", flags=0, sequence=1, length=None):
    total = 16 + len(body) if length is None else length
    return struct.pack("=IHHII", total, kind, flags, sequence, 0) + body + b"\0" * (-len(body) % 4)


def attribute(kind, value, length=None):
    total = 4 + len(value) if length is None else length
    return struct.pack("=HH", total, kind) + value + b"\0" * (-len(value) % 4)


class FakeSocket:
    """Answers each request with the datagrams prepared for it, with the sequence number it asked with."""

    def __init__(self, *answers, port=0, flags=0, error=None):
        self.answers = list(answers)
        self.requests = []
        self.port = port
        self.flags = flags
        self.error = error

    def close(self):
        pass

    def sendto(self, data, _address):
        self.requests.append(data)
        (self.sequence,) = struct.unpack_from("=I", data, 8)
        self.waiting = list(self.answers.pop(0))

    def recvmsg(self, _size):
        if self.error:
            raise self.error
        datagram = self.waiting.pop(0)
        if callable(datagram):
            datagram = datagram(self.sequence)
        return datagram, [], self.flags, (self.port, 0)


def prepared(monkeypatch, *answers, **options):
    """Return a netlink socket of prepared answers, and what answers."""
    fake = FakeSocket(*answers, **options)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", lambda *_: fake)
        return Netlink(NETLINK_ROUTE), fake
