"""sock_diag: the sockets of a host that carry no internet traffic: unix, netlink, packet.

Sources: include/uapi/linux/{unix,netlink,packet}_diag.h; net/unix/diag.c, net/netlink/diag.c, net/packet/diag.c. A dump
needs no privilege.
"""

import os
import socket
import struct

import msgspec

from brimful.kernel.netlink import Netlink, NetlinkError, attributes
from brimful.kernel.sockdiag import SOCK_DIAG_BY_FAMILY, STATES, Memory, memory_of, scanned
from brimful.kernel.sockscan import Shape

ALL_PROTOCOLS = 255

UNIX_NAME, UNIX_PEER, UNIX_ICONS, UNIX_RQLEN, UNIX_MEMINFO = 0, 2, 3, 4, 5
UNIX_SHOW = 0x01 | 0x04 | 0x08 | 0x10 | 0x20
"""Name, peer, pending connections, queues, memory."""
NETLINK_MEMINFO, NETLINK_GROUPS = 0, 1
NETLINK_SHOW = 0x01 | 0x02
NETLINK_CONNECTED = 1
PACKET_INFO, PACKET_RX_RING, PACKET_TX_RING, PACKET_FANOUT, PACKET_MEMINFO = 0, 2, 3, 4, 6
PACKET_SHOW = 0x01 | 0x04 | 0x08 | 0x10
"""Settings, rings, fanout, memory."""

_UNIX_REQUEST = struct.Struct("=BBHIIIQ")
_UNIX = struct.Struct("=BBBxIQ")
_REQUEST = struct.Struct("=BBHIIQ")
_NETLINK = struct.Struct("=BBBBIIIIQ")
_PACKET = struct.Struct("=BBHIQ")
_INFO = struct.Struct("=IIIIII")
_RING = struct.Struct("=IIIIIII")
_TWO = struct.Struct("=II")
_U32 = struct.Struct("=I")
_SHAPE = Shape(size=_UNIX.size, memory=UNIX_MEMINFO, cookie=8, queues=UNIX_RQLEN)


class UnixSocket(msgspec.Struct, frozen=True):
    """One unix socket.

    `name` is a path, or `@` and an abstract name, empty for none. `rqueue` is in bytes: of a datagram socket only the
    first message (net/unix/af_unix.c, unix_inq_len). Of a LISTEN socket the queues are the connections that wait for
    accept(), `waiting` by their inodes, and how many may. What is queued at a socket is charged to `memory.wmem_alloc`
    of whoever sent it.
    """

    kind: int
    state: str
    name: str
    inode: int
    cookie: int
    peer: int
    rqueue: int
    wqueue: int
    waiting: tuple[int, ...] = ()
    memory: Memory | None = None


class NetlinkSocket(msgspec.Struct, frozen=True):
    """One netlink socket. `port` 0 is the kernel's own end; `peer` is where a connected one sends: group and port."""

    protocol: int
    state: int
    port: int
    peer: tuple[int, int]
    inode: int
    cookie: int
    groups: int
    memory: Memory | None = None


class Ring(msgspec.Struct, frozen=True):
    """A ring of a packet socket that its program has mapped."""

    block_size: int
    blocks: int
    frame_size: int
    frames: int
    timeout: int
    private: int
    features: int


class PacketSocket(msgspec.Struct, frozen=True):
    """One packet socket. `protocol` is an EtherType, 3 for all; `interface` an index, 0 for any.

    `flags` are PDI_*. With a `rx_ring`, what does not fit is counted where only the program can read it.
    """

    kind: int
    protocol: int
    inode: int
    cookie: int
    interface: int = 0
    version: int = 0
    copy_threshold: int = 0
    flags: int = 0
    fanout: int | None = None
    rx_ring: Ring | None = None
    tx_ring: Ring | None = None
    memory: Memory | None = None


class UnixSockets(msgspec.Struct, frozen=True):
    """The unix sockets that are not idle, or all where there are few; how many were left out; see `sockdiag.Sockets`."""

    sockets: tuple[UnixSocket, ...]
    idle: int = 0
    left: int = 0
    whole: bool = True


def unix_sockets(diag: Netlink, also: frozenset[int] = frozenset()) -> UnixSockets:
    """Return the unix sockets; `also` as in `sockdiag.sockets`. `NetlinkError` with ENOENT: no unix_diag."""
    request = _UNIX_REQUEST.pack(socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, UNIX_SHOW, 0)
    bodies, idle, left, whole = scanned(diag, request, _SHAPE, also)
    return UnixSockets(tuple(unix_of(body) for body in bodies), idle, left, whole)


def netlink_sockets(diag: Netlink) -> tuple[NetlinkSocket, ...]:
    """Return all netlink sockets, each once. `NetlinkError` with ENOENT: no netlink_diag."""
    request = _REQUEST.pack(socket.AF_NETLINK, ALL_PROTOCOLS, 0, 0, NETLINK_SHOW, 0)
    found = (netlink_of(body) for body in diag.dump(SOCK_DIAG_BY_FAMILY, request).bodies)
    # those that listen to groups are listed a second time
    return tuple({one.cookie: one for one in found}.values())


def packet_sockets(diag: Netlink) -> tuple[PacketSocket, ...]:
    """Return all packet sockets. `NetlinkError` with ENOENT: no af_packet_diag."""
    request = _REQUEST.pack(socket.AF_PACKET, 0, 0, 0, PACKET_SHOW, 0)
    return tuple(packet_of(body) for body in diag.dump(SOCK_DIAG_BY_FAMILY, request).bodies)


def unix_of(body: bytes) -> UnixSocket:
    """Return the socket of a unix_diag_msg with its attributes; `NetlinkError` where it is cut short."""
    _, kind, state, inode, cookie = _head(_UNIX, body)
    found = attributes(body, _UNIX.size)
    rqueue, wqueue = _numbers(_TWO, found.get(UNIX_RQLEN), (0, 0))
    icons = found.get(UNIX_ICONS, b"")
    return UnixSocket(
        kind,
        STATES.get(state, "UNKNOWN"),
        _name(found.get(UNIX_NAME, b"")),
        inode,
        cookie,
        _numbers(_U32, found.get(UNIX_PEER), (0,))[0],
        rqueue,
        wqueue,
        struct.unpack(f"={len(icons) // 4}I", icons[: len(icons) & ~3]),
        memory_of(found.get(UNIX_MEMINFO)),
    )


def _name(value: bytes) -> str:
    """Return a path up to its NUL; an abstract name, whose first byte is NUL, with `@` for each NUL, as ss does."""
    if value[:1] == b"\0":
        return os.fsdecode(value.replace(b"\0", b"@"))
    return os.fsdecode(value.partition(b"\0")[0])


def netlink_of(body: bytes) -> NetlinkSocket:
    """Return the socket of a netlink_diag_msg with its attributes; `NetlinkError` where it is cut short."""
    _, _, protocol, state, port, peer_port, peer_group, inode, cookie = _head(_NETLINK, body)
    found = attributes(body, _NETLINK.size)
    groups = _numbers(_U32, found.get(NETLINK_GROUPS, b"")[:4] or None, (0,))[0]
    memory = memory_of(found.get(NETLINK_MEMINFO))
    return NetlinkSocket(protocol, state, port, (peer_group, peer_port), inode, cookie, groups, memory)


def packet_of(body: bytes) -> PacketSocket:
    """Return the socket of a packet_diag_msg with its attributes; `NetlinkError` where it is cut short."""
    _, kind, protocol, inode, cookie = _head(_PACKET, body)
    found = attributes(body, _PACKET.size)
    interface, version, _, threshold, _, flags = _numbers(_INFO, found.get(PACKET_INFO), (0,) * 6)
    fanout = found.get(PACKET_FANOUT)
    return PacketSocket(
        kind,
        protocol,
        inode,
        cookie,
        interface,
        version,
        threshold,
        flags,
        _numbers(_U32, fanout, (0,))[0] if fanout else None,
        _ring(found.get(PACKET_RX_RING)),
        _ring(found.get(PACKET_TX_RING)),
        memory_of(found.get(PACKET_MEMINFO)),
    )


def _ring(value: bytes | None) -> Ring | None:
    return Ring(*_numbers(_RING, value, ())) if value is not None else None


def _head(layout: struct.Struct, body: bytes) -> tuple[int, ...]:
    if len(body) < layout.size:
        raise NetlinkError("socket is cut short")
    return layout.unpack_from(body)


def _numbers(layout: struct.Struct, value: bytes | None, absent: tuple[int, ...]) -> tuple[int, ...]:
    """Return the numbers of an attribute, or what stands for it where it is absent; kernels append to attributes."""
    if value is None:
        return absent
    if len(value) < layout.size:
        raise NetlinkError(f"attribute of a socket in {len(value)} bytes")
    return layout.unpack_from(value)
