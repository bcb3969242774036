"""sock_diag: the sockets of TCP, UDP, SCTP and raw IP with their memory, and which process holds each.

Sources: include/uapi/linux/inet_diag.h, sock_diag.h; net/ipv4/inet_diag.c, net/sctp/diag.c. A dump needs no privilege; the holders need
the right to read `/proc/PID/fd`.
"""

import os
import socket
import struct
from collections.abc import Container, Iterator
from pathlib import Path

import msgspec

from brimful.kernel.netlink import TRIES, Netlink, NetlinkError, attributes
from brimful.kernel.sockscan import Shape, busy

SOCK_DIAG_BY_FAMILY = 20
INET_DIAG_SKMEMINFO = 7
INET_DIAG_SKV6ONLY = 11
INET_DIAG_PEERS = 13
TIME_WAIT = 6
STATES_WITH_BUFFERS = 0xFFFFFFFF & ~(1 << TIME_WAIT)
"""What is left of a connection in TIME-WAIT has none, and on a busy server most sockets are such."""

STATES = {
    1: "ESTAB",
    2: "SYN-SENT",
    3: "SYN-RECV",
    4: "FIN-WAIT-1",
    5: "FIN-WAIT-2",
    6: "TIME-WAIT",
    7: "UNCONN",
    8: "CLOSE-WAIT",
    9: "LAST-ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "NEW-SYN-RECV",
    13: "BOUND-INACTIVE",
}
"""include/net/tcp_states.h in the words of `ss`."""

ASSOCIATION_STATES = {
    0: "CLOSED",
    1: "COOKIE_WAIT",
    2: "COOKIE_ECHOED",
    3: "ESTAB",
    4: "SHUTDOWN_PENDING",
    5: "SHUTDOWN_SENT",
    6: "SHUTDOWN_RECEIVED",
    7: "ACK_SENT",
}
"""include/net/sctp/constants.h in the words of `ss`."""

PROTOCOLS = {
    socket.IPPROTO_TCP: "tcp",
    socket.IPPROTO_UDP: "udp",
    socket.IPPROTO_SCTP: "sctp",
    socket.IPPROTO_RAW: "raw",
}
FAMILIES = (socket.AF_INET, socket.AF_INET6)

_SOCKET = "socket:["
_REQUEST = struct.Struct("=BBBxI48x")
_MESSAGE = struct.Struct("=BBBB2s2s16s16sIQIIIII")
_SKMEMINFO = struct.Struct("=IIIIiIIII")
_SKMEMINFO_OLD = struct.Struct("=IIIIiIII")
_SHAPE = Shape(size=_MESSAGE.size, memory=INET_DIAG_SKMEMINFO, cookie=44, queue=56)


class Memory(msgspec.Struct, frozen=True):
    """SK_MEMINFO in bytes, `drops` in packets (None: Linux before 4.7 has none). `forward_alloc` may be negative."""

    rmem_alloc: int
    rcvbuf: int
    wmem_alloc: int
    sndbuf: int
    forward_alloc: int
    wmem_queued: int
    optmem: int
    backlog: int
    drops: int | None = None


class Socket(msgspec.Struct, frozen=True):
    """One socket.

    `rqueue` and `wqueue` are bytes not yet read and not yet acknowledged; of a LISTEN socket the connections waiting
    for accept() and how many may. `memory` is None for those that are no full sockets (TIME-WAIT, SYN-RECV).
    `inode` is 0 where no process can hold it. `interface` is the index that it is bound to, 0 for any. Of SCTP the
    endpoint comes first and each `association` of it after it, with the same inode and cookie: its queues are what it
    holds for the reader and what it has in the send buffer; its memory is the socket's, or its own where
    net.sctp.rcvbuf_policy and sndbuf_policy say so.
    """

    protocol: str
    family: int
    state: str
    local: str
    local_port: int
    remote: str
    remote_port: int
    interface: int
    cookie: int
    rqueue: int
    wqueue: int
    uid: int
    inode: int
    v6only: bool = False
    memory: Memory | None = None
    association: bool = False


class Sockets(msgspec.Struct, frozen=True):
    """The sockets of one protocol and family.

    `idle` counts those left out because nothing is queued in them and they have dropped nothing, `left` those beyond
    the largest number that is kept. `whole` is false where they changed each time they were listed.
    """

    sockets: tuple[Socket, ...]
    idle: int = 0
    left: int = 0
    whole: bool = True


class Owner(msgspec.Struct, frozen=True):
    """A process that has a socket open, and by which descriptor."""

    pid: int
    comm: str
    fd: int


class Owners(msgspec.Struct, frozen=True):
    """The holders of each socket by its inode; `unreadable` counts the processes that we may not look into."""

    by_inode: dict[int, tuple[Owner, ...]]
    unreadable: int


def sockets(diag: Netlink, protocol: int, family: int, also: frozenset[int] = frozenset()) -> Sockets:
    """Return the sockets of a protocol and family, from a `NETLINK_SOCK_DIAG` socket.

    Of more than `sockscan.MOST` only those that are not idle, or whose cookie ends in one of `also` (32 bits).
    `NetlinkError` with ENOENT: the kernel has no module for it (tcp_diag, udp_diag, sctp_diag, raw_diag).
    """
    request = _REQUEST.pack(family, protocol, 1 << (INET_DIAG_SKMEMINFO - 1), STATES_WITH_BUFFERS)
    bodies, idle, left, whole = scanned(diag, request, _SHAPE, also)
    name = PROTOCOLS[protocol]
    return Sockets(tuple(socket_of(body, name) for body in bodies), idle, left, whole)


def scanned(diag: Netlink, request: bytes, shape: Shape, also: frozenset[int]) -> tuple[list[bytes], int, int, bool]:
    """Return what `sockscan.busy` does, and whether the dump was whole."""
    for _ in range(TRIES):
        datagrams = diag.datagrams(SOCK_DIAG_BY_FAMILY, request)
        if datagrams is not None:
            return *busy(datagrams, shape, also), True
    return [], 0, 0, False


def socket_of(body: bytes, protocol: str) -> Socket:
    """Return the socket of an inet_diag_msg with its attributes; `NetlinkError` where it is cut short."""
    if len(body) < _MESSAGE.size:
        raise NetlinkError("socket is cut short")
    (family, state, _, _, sport, dport, source, target, interface, cookie, _, rqueue, wqueue, uid, inode) = (
        _MESSAGE.unpack_from(body)
    )
    found = attributes(body, _MESSAGE.size)
    association = INET_DIAG_PEERS in found
    return Socket(
        protocol,
        family,
        (ASSOCIATION_STATES if association else STATES).get(state, "UNKNOWN"),
        _address(family, source),
        int.from_bytes(sport, "big"),
        _address(family, target),
        int.from_bytes(dport, "big"),
        interface,
        cookie,
        rqueue,
        wqueue,
        uid,
        inode,
        any(found.get(INET_DIAG_SKV6ONLY, b"")),
        memory_of(found.get(INET_DIAG_SKMEMINFO)),
        association,
    )


def _address(family: int, packed: bytes) -> str:
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, packed[:4])
    if family == socket.AF_INET6:
        return socket.inet_ntop(socket.AF_INET6, packed)
    raise NetlinkError(f"socket of address family {family}")


def memory_of(value: bytes | None) -> Memory | None:
    """Return SK_MEMINFO: newer kernels append to it, those before 4.7 end with the backlog."""
    if value is None:
        return None
    if len(value) >= _SKMEMINFO.size:
        return Memory(*_SKMEMINFO.unpack_from(value))
    if len(value) >= _SKMEMINFO_OLD.size:
        return Memory(*_SKMEMINFO_OLD.unpack_from(value))
    raise NetlinkError(f"memory of a socket in {len(value)} bytes")


def owners(proc: str = "/proc", wanted: Container[int] | None = None) -> Owners:
    """Return which processes hold which sockets, or which of those `wanted`. Processes that end meanwhile are left out.

    It reads a link for each open file of the host: 2 to 3 us each.
    """
    held: dict[int, list[Owner]] = {}
    unreadable = 0
    for name in _processes(proc):
        try:
            found = [one for one in _held(f"{proc}/{name}/fd") if wanted is None or one[1] in wanted]
            comm = _comm(f"{proc}/{name}/comm") if found else ""
        except PermissionError:
            unreadable += 1
            continue
        except OSError:  # it has ended
            continue
        for fd, inode in found:
            held.setdefault(inode, []).append(Owner(int(name), comm, fd))
    return Owners({inode: tuple(found) for inode, found in held.items()}, unreadable)


def _processes(proc: str) -> list[str]:
    """Return the numbers of all processes; none where proc is not mounted."""
    try:
        with os.scandir(proc) as entries:
            return [entry.name for entry in entries if entry.name.isascii() and entry.name.isdigit()]
    except OSError:
        return []


def _held(folder: str) -> Iterator[tuple[int, int]]:
    """Yield the descriptor and inode of each socket; `OSError` where the folder cannot be listed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                target = os.readlink(entry.path)  # noqa: PTH115 - one for each open file of the host: Path is slow
            except FileNotFoundError:  # closed meanwhile
                continue
            if target.startswith(_SOCKET):
                yield int(entry.name), int(target[len(_SOCKET) : -1])


def _comm(path: str) -> str:
    return Path(path).read_bytes().rstrip(b"\n").decode("utf-8", "replace")
