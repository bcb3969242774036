"""Netlink: dumps of what the kernel knows, by raw messages (include/uapi/linux/netlink.h, rtnetlink.h, if_link.h).

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
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLMSG_ERROR = 2
NLMSG_DONE = 3
FIRST_KIND = 0x10
"""Types below are control messages."""

RTM_NEWLINK = 16
RTM_GETLINK = 18
IFLA_IFNAME = 3
IFLA_MTU = 4
IFLA_OPERSTATE = 16
IFLA_LINKINFO = 18
IFLA_STATS64 = 23
IFLA_CARRIER_CHANGES = 35
IFLA_INFO_KIND = 1

LARGEST_DATAGRAM = 1 << 16
"""The kernel fills at most 32 KiB at a time (net/netlink/af_netlink.c, netlink_dump)."""

TRIES = 8
"""How often a dump is begun again that was interrupted by a change."""

TYPE_MASK = 0x3FFF
"""Without NLA_F_NESTED and NLA_F_NET_BYTEORDER."""

OPERSTATES = ("UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP")
"""RFC 2863 ifOperStatus in the kernel's order, as iproute2 writes them."""

STATS64 = (
    "rx_packets",
    "tx_packets",
    "rx_bytes",
    "tx_bytes",
    "rx_errors",
    "tx_errors",
    "rx_dropped",
    "tx_dropped",
    "multicast",
    "collisions",
    "rx_length_errors",
    "rx_over_errors",
    "rx_crc_errors",
    "rx_frame_errors",
    "rx_fifo_errors",
    "rx_missed_errors",
    "tx_aborted_errors",
    "tx_carrier_errors",
    "tx_fifo_errors",
    "tx_heartbeat_errors",
    "tx_window_errors",
    "rx_compressed",
    "tx_compressed",
    "rx_nohandler",
    "rx_otherhost_dropped",
)
"""The fields of struct rtnl_link_stats64 in order. Kernels append to it; older ones have fewer."""

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_IFINFO = struct.Struct("=BxHiII")
_U32 = struct.Struct("=I")
_ERRNO = struct.Struct("=i")


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


class Link(msgspec.Struct, frozen=True):
    """One interface. `stats` holds the fields of rtnl_link_stats64 that the kernel has; None: carrier not counted."""

    index: int
    name: str
    operstate: str
    mtu: int
    kind: str
    stats: dict[str, int]
    carrier_changes: int | None = None


class Links(msgspec.Struct, frozen=True):
    """All interfaces of a network namespace by index; `whole` as in `Dump`."""

    links: tuple[Link, ...]
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
        header = _HEADER.pack(_HEADER.size + len(body), kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, 0)
        try:
            self._socket.sendto(header + body, (0, 0))
        except OSError as error:
            raise NetlinkError("netlink request", error.errno or errno.EIO) from error
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


def is_last(message: Message) -> bool:
    """Whether a dump ends with this message; `NetlinkError` when it ends because the kernel refused."""
    if message.kind not in (NLMSG_ERROR, NLMSG_DONE):
        return False
    # NLMSG_DONE carries an error too, when the dump failed half way; very old kernels left it out
    number = -_ERRNO.unpack_from(message.body)[0] if len(message.body) >= _ERRNO.size else 0
    if number > 0:
        raise NetlinkError("netlink dump", number)
    return True


def link_stats(route: Netlink) -> Links:
    """Return every interface with its statistics, one RTM_GETLINK dump on a `NETLINK_ROUTE` socket."""
    dump = route.dump(RTM_GETLINK, _IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
    links = {link.index: link for link in map(link_of, dump.bodies)}
    return Links(tuple(links.values()), dump.whole)


def link_of(body: bytes) -> Link:
    """Return the interface of an RTM_NEWLINK body; `NetlinkError` where it is cut short.

    A name that is no UTF-8 keeps its bytes as `os.fsdecode` does.
    """
    if len(body) < _IFINFO.size:
        raise NetlinkError("netlink link is cut short")
    found = attributes(body, _IFINFO.size)
    state = found.get(IFLA_OPERSTATE, b"\0")[:1]
    changes = found.get(IFLA_CARRIER_CHANGES)
    return Link(
        _IFINFO.unpack_from(body)[2],
        _text(found.get(IFLA_IFNAME, b"")),
        OPERSTATES[state[0]] if state and state[0] < len(OPERSTATES) else OPERSTATES[0],
        _u32(found.get(IFLA_MTU, b"\0\0\0\0")),
        _text(attributes(found.get(IFLA_LINKINFO, b"")).get(IFLA_INFO_KIND, b"")),
        stats64(found.get(IFLA_STATS64, b"")),
        None if changes is None else _u32(changes),
    )


def stats64(data: bytes) -> dict[str, int]:
    """Return struct rtnl_link_stats64 by field: as many as there are bytes for, of those known here."""
    count = min(len(data) // 8, len(STATS64))
    return dict(zip(STATS64, struct.unpack_from(f"={count}Q", data), strict=False))


def _u32(value: bytes) -> int:
    if len(value) != _U32.size:
        raise NetlinkError(f"netlink number of {len(value)} bytes")
    return int(_U32.unpack(value)[0])


def _text(value: bytes) -> str:
    return os.fsdecode(value.partition(b"\0")[0])
