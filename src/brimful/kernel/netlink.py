"""Netlink: dumps of what the kernel knows, by raw messages (include/uapi/linux/netlink.h).

A message is `length u32, type u16, flags u16, sequence u32, port u32` and a body; an attribute is `length u16,
type u16` and a value. Both are padded to four bytes, and both are in the byte order of the machine.
"""

import errno
import itertools
import os
import socket
import struct
import weakref
from collections.abc import Iterator

import msgspec

NETLINK_SOCK_DIAG = 4
NETLINK_ROUTE = 0

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLMSG_ERROR = 2
NLMSG_DONE = 3
FIRST_KIND = 0x10
"""Types below are control messages."""

LARGEST_DATAGRAM = 1 << 16
"""The kernel fills at most 32 KiB at a time (net/netlink/af_netlink.c, netlink_dump)."""

TRIES = 8
"""How often a dump is begun again that was interrupted by a change."""

TYPE_MASK = 0x3FFF
"""Without NLA_F_NESTED and NLA_F_NET_BYTEORDER."""

_HEADER = struct.Struct("=IHHII")
_HEAD = struct.Struct("=IHH")
_ATTRIBUTE = struct.Struct("=HH")
_ERRNO = struct.Struct("=i")
_U32 = struct.Struct("=I")


class NetlinkError(Exception):
    """The kernel refused, or its answer cannot be read. `errno` is 0 for the latter."""

    def __init__(self, text: str, number: int = 0) -> None:
        super().__init__(f"{text}: {os.strerror(number)}" if number else text)
        self.errno = number


class Message(msgspec.Struct, frozen=True):
    """One message without its header."""

    kind: int
    flags: int
    sequence: int
    body: bytes


class Dump(msgspec.Struct, frozen=True):
    """The bodies of a dump. `whole` is false where the list changed each time it was read: entries may be missing."""

    bodies: tuple[bytes, ...]
    whole: bool = True


def messages(data: bytes) -> Iterator[Message]:
    """Yield the messages of one datagram; `NetlinkError` where one is cut short."""
    offset = 0
    while offset < len(data):
        if len(data) - offset < _HEADER.size:
            raise NetlinkError("netlink message is cut short in its header")
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        if not _HEADER.size <= length <= len(data) - offset:
            raise NetlinkError(f"netlink message of {length} bytes in {len(data) - offset}")
        yield Message(kind, flags, sequence, data[offset + _HEADER.size : offset + length])
        offset += (length + 3) & ~3


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """Return the attributes from `offset` on by type, the last of each; `NetlinkError` where one is cut short."""
    found: dict[int, bytes] = {}
    end = len(data)
    unpack, header = _ATTRIBUTE.unpack_from, _ATTRIBUTE.size
    while offset < end:
        if end - offset < header:
            raise NetlinkError("netlink attribute is cut short in its header")
        length, kind = unpack(data, offset)
        if not header <= length <= end - offset:
            raise NetlinkError(f"netlink attribute of {length} bytes in {end - offset}")
        found[kind & TYPE_MASK] = data[offset + header : offset + length]
        offset += (length + 3) & ~3
    return found


class Netlink:
    """A netlink socket in the network namespace it was made in; closed when it is no longer used.

    Needs no privilege. For one thread at a time.
    """

    def __init__(self, protocol: int) -> None:
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        except OSError as error:
            raise NetlinkError("netlink socket", error.errno or errno.EIO) from error
        self._sequences = itertools.count(1)
        weakref.finalize(self, self._socket.close)

    def dump(self, kind: int, body: bytes) -> Dump:
        """Ask for all there is of a kind; begin again when it changed meanwhile, up to `TRIES` times."""
        for _ in range(TRIES):
            dump = self._dump(kind, body)
            if dump.whole:
                break
        return dump

    def _dump(self, kind: int, body: bytes) -> Dump:
        sequence = next(self._sequences) & 0xFFFFFFFF
        self._send(kind, body, sequence)
        bodies: list[bytes] = []
        whole = True
        while True:
            for message in messages(self._receive()):
                if message.sequence != sequence:  # left over from a request that ended in an error
                    continue
                whole = whole and not message.flags & NLM_F_DUMP_INTR
                if is_last(message):
                    return Dump(tuple(bodies), whole)
                if message.kind >= FIRST_KIND:
                    bodies.append(message.body)

    def order(self, kind: int, body: bytes) -> None:
        """Have something done; `NetlinkError` when the kernel refuses."""
        sequence = next(self._sequences) & 0xFFFFFFFF
        self._send(kind, body, sequence, NLM_F_ACK)
        while True:
            for message in messages(self._receive()):
                if message.sequence == sequence and is_last(message):
                    return

    def datagrams(self, kind: int, body: bytes) -> list[bytes] | None:
        """Return the datagrams of a dump as they came, without its end; None when it changed while it was read.

        For dumps of a thousand entries each second, whose entries all look alike: nothing is made of them here.
        """
        sequence = next(self._sequences) & 0xFFFFFFFF
        self._send(kind, body, sequence)
        found: list[bytes] = []
        interrupted = 0
        while True:
            data = self._receive()
            end, flags = _last(data)
            _, kind_, _, answered, _ = _HEADER.unpack_from(data, end)
            if answered != sequence:  # left over from a request that ended in an error
                continue
            interrupted |= flags & NLM_F_DUMP_INTR  # one message has it, the first after the change
            done = kind_ in (NLMSG_ERROR, NLMSG_DONE)
            found.append(data[:end] if done else data)
            if done:
                is_last(next(messages(data[end:])))
                return None if interrupted else found

    def _send(self, kind: int, body: bytes, sequence: int, flags: int = NLM_F_DUMP) -> None:
        header = _HEADER.pack(_HEADER.size + len(body), kind, NLM_F_REQUEST | flags, sequence, 0)
        try:
            self._socket.sendto(header + body, (0, 0))
        except OSError as error:
            raise NetlinkError("netlink request", error.errno or errno.EIO) from error

    def _receive(self) -> bytes:
        """Return the next datagram of the kernel; other senders are not heard."""
        while True:
            try:
                data, _, flags, (port, _) = self._socket.recvmsg(LARGEST_DATAGRAM)
            except OSError as error:
                raise NetlinkError("netlink answer", error.errno or errno.EIO) from error
            if flags & socket.MSG_TRUNC:
                raise NetlinkError(f"netlink answer is longer than {LARGEST_DATAGRAM} bytes")
            if port == 0:
                return data


def _last(data: bytes) -> tuple[int, int]:
    """Return where the last message of a datagram begins and the flags of all; `NetlinkError` where one is cut short."""
    offset = after = flags = 0
    end = len(data)
    head, size = _HEAD.unpack_from, _HEADER.size
    while after < end or not end:
        offset = after
        length, _, some = head(data, offset) if end - offset >= size else (0, 0, 0)
        if not size <= length <= end - offset:
            raise NetlinkError(f"netlink message of {length} bytes in {end - offset}")
        flags |= some
        after = offset + ((length + 3) & ~3)
    return offset, flags


def is_last(message: Message) -> bool:
    """Whether a dump ends with this message; `NetlinkError` when it ends because the kernel refused."""
    if message.kind not in (NLMSG_ERROR, NLMSG_DONE):
        return False
    # NLMSG_DONE carries an error too, when the dump failed half way; very old kernels left it out
    number = -_ERRNO.unpack_from(message.body)[0] if len(message.body) >= _ERRNO.size else 0
    if number > 0:
        raise NetlinkError("netlink dump", number)
    return True


def u32(value: bytes) -> int:
    """Return a number of 32 bits; `NetlinkError` where it has another size."""
    if len(value) != _U32.size:
        raise NetlinkError(f"netlink number of {len(value)} bytes")
    return int(_U32.unpack(value)[0])


def text(value: bytes) -> str:
    """Return a text up to its NUL. Bytes that are no UTF-8 are kept as `os.fsdecode` does."""
    return os.fsdecode(value.partition(b"\0")[0])
