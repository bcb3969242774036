"""Sockets as `ss -OHanmpe -A inet,sctp,unix,packet,netlink` prints them (iproute2 6.1), so that live and saved texts are read alike.

What ss adds and nothing here reads is left out: control group, timers, the lists of SCTP addresses, shutdown arrows,
where a unix socket's file is. Of netlink sockets ss shows neither inode nor process: here they stand as for all others.
"""

from collections.abc import Callable

from brimful.kernel.sockdiag import STATES, Memory, Owner, Socket
from brimful.kernel.sockfamilies import NETLINK_CONNECTED, NetlinkSocket, PacketSocket, Ring, UnixSocket

ANY_IPV6 = "::"
ALL_ETHERTYPES = 3
_WAITING = ("LISTEN", "UNCONN")
"""States in which the kernel tells of an IPv6 socket whether it takes IPv4 too (net/ipv4/inet_diag.c)."""
_UNIX = {1: "u_str", 2: "u_dgr", 5: "u_seq"}
_PACKET = {2: "p_dgr", 3: "p_raw"}
_FLAGS = ((0x1, "running"), (0x2, "auxdata"), (0x4, "origdev"), (0x8, "vnethdr"), (0x10, "loss"))
"""PDI_* of include/uapi/linux/packet_diag.h."""
_FANOUT = ("hash", "lb", "cpu", "roll", "random", "qm")

NameOf = Callable[[int], str]
Holders = tuple[Owner, ...]


def inet_line(found: Socket, holders: tuple[Owner, ...], name_of: Callable[[int], str]) -> str:
    """Return the line of a socket in `ss -OHtuwSanmpe`; `name_of` tells the name of an interface by its index."""
    bound = f"%{name_of(found.interface)}" if found.interface else ""
    columns = [
        *(("`-",) if found.association else (found.protocol,)),
        found.state,
        str(found.rqueue),
        str(found.wqueue),
        _address(found, found.local, bound, found.local_port),
        _address(found, found.remote, "", found.remote_port),
        *([_users(holders)] if holders else []),
        *([f"uid:{found.uid}"] if found.uid else []),
        f"ino:{found.inode}",
        f"sk:{found.cookie:x}",
        *([f"v6only:{found.v6only:d}"] if ":" in found.local and found.state in _WAITING else []),
        *([_memory(found.memory)] if found.memory else []),
    ]
    return " ".join(columns)


def _address(found: Socket, host: str, bound: str, port: int) -> str:
    if host == ANY_IPV6 and not found.v6only:
        host = "*"  # takes IPv4 too
    elif ":" in host:
        host = f"[{host}]"
    return f"{host}{bound}:{port or '*'}"


def _users(holders: tuple[Owner, ...]) -> str:
    each = ",".join(f'("{_printable(one.comm)}",pid={one.pid},fd={one.fd})' for one in holders)
    return f"users:({each})"


def _printable(comm: str) -> str:
    """Return the name of a process without what would end its line or its quotes: any process may name itself."""
    return "".join(c if c.isprintable() and c != '"' else "?" for c in comm) or "?"


def _memory(memory: Memory) -> str:
    drops = "" if memory.drops is None else f",d{memory.drops}"
    return (
        f"skmem:(r{memory.rmem_alloc},rb{memory.rcvbuf},t{memory.wmem_alloc},tb{memory.sndbuf}"
        f",f{memory.forward_alloc & 0xFFFFFFFF},w{memory.wmem_queued},o{memory.optmem},bl{memory.backlog}{drops})"
    )


def unix_line(found: UnixSocket, holders: Holders) -> str:
    """Return the line of a unix socket in `ss -OHxanmpe`, peers by their inode."""
    columns = [
        _UNIX.get(found.kind, "???"),
        found.state,
        str(found.rqueue),
        str(found.wqueue),
        _printable(found.name) if found.name else "*",
        str(found.inode),
        "*",
        str(found.peer),
        *([_users(holders)] if holders else []),
        *([_memory(found.memory)] if found.memory else []),
    ]
    return " ".join(columns)


def netlink_line(found: NetlinkSocket, holders: Holders) -> str:
    """Return the line of a netlink socket in `ss -OHanmpe -f netlink`, with its process and inode."""
    memory = found.memory
    group, port = found.peer
    columns = [
        "nl",
        STATES.get(7 if found.state != NETLINK_CONNECTED else 1, ""),
        str(memory.rmem_alloc if memory else 0),
        str(memory.wmem_alloc if memory else 0),
        f"{found.protocol}:{found.port}",
        f"{group}:{port}" if found.state == NETLINK_CONNECTED else "*",
        *([_users(holders)] if holders else []),
        f"ino:{found.inode}",
        "sk=0 cb=0",
        f"groups=0x{found.groups:08x}",
        *([_memory(memory)] if memory else []),
    ]
    return " ".join(columns)


def packet_line(found: PacketSocket, holders: Holders, name_of: NameOf) -> str:
    """Return the line of a packet socket in `ss -OH0anmpe`."""
    memory = found.memory
    protocol = "*" if found.protocol == ALL_ETHERTYPES else f"[{found.protocol}]"
    columns = [
        _PACKET.get(found.kind, "???"),
        "UNCONN",
        str(memory.rmem_alloc if memory else 0),
        "0",
        f"{protocol}:{name_of(found.interface) if found.interface else '*'}",
        "*",
        *([_users(holders)] if holders else []),
        f"ino:{found.inode}",
        f"sk:{found.cookie:x}",
        f"ver:{found.version}",
        f"cpy_thresh:{found.copy_threshold}",
        "flags(" + ("".join(f" {name}" for bit, name in _FLAGS if found.flags & bit) or " 0") + " )",
        *_rings(found),
        *([_memory(memory)] if memory else []),
    ]
    return " ".join(columns)


def _rings(found: PacketSocket) -> list[str]:
    rings = [_ring(name, ring) for name, ring in (("rx", found.rx_ring), ("tx", found.tx_ring)) if ring]
    if found.fanout is not None:
        kind = found.fanout >> 16 & 0xFF
        rings.append(f"fanout(id:{found.fanout & 0xFFFF},type:{_FANOUT[kind] if kind < len(_FANOUT) else hex(kind)})")
    return rings


def _ring(name: str, ring: Ring) -> str:
    return (
        f"ring_{name}(blk_size:{ring.block_size},blk_nr:{ring.blocks},frm_size:{ring.frame_size}"
        f",frm_nr:{ring.frames},tmo:{ring.timeout},features:0x{ring.features:x})"
    )
