"""The sockets of a host with their memory and who holds them, as `ss` prints them.

Of a family with more than a thousand, those with nothing queued and nothing dropped are only counted, in a last line that
begins with `#`. A socket that was listed because something was queued is listed once more when it is idle again. Where
one that has dropped something was not listed the time before, its line ends with `idle:SECONDS`: that long ago it had
dropped nothing, or was not there. So what it has dropped since is known, and no number is lost by leaving it out.
`rundelay:MICROSECONDS` is how long the process of one that has dropped something has waited for a CPU since it began.
What is left of a connection in TIME-WAIT is no socket and never listed.
"""

import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from weakref import WeakKeyDictionary

from brimful.kernel import sockdiag, sockfamilies
from brimful.kernel.netlink import NetlinkError
from brimful.kernel.sockdiag import Memory, Owner, Socket, Sockets
from brimful.kernel.sockfamilies import NetlinkSocket, PacketSocket, UnixSocket, UnixSockets
from brimful.kernel.sockscan import LARGEST
from brimful.roots import commands, ss
from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import AS_ROOT, Doors
from brimful.roots.socket_watch import WAITS, Listing, SocketWatch, waited, waits

INET = "ss -OHtuwSanmpe"
LOCAL = "ss -OHanmpe -A unix,packet,netlink"
MOST_SENDERS = 32
"""Senders of unix datagrams of which it is asked whether they wait."""

Any = Socket | UnixSocket | NetlinkSocket | PacketSocket
Listed = tuple[tuple[Any, ...], int, str]
"""Sockets, how many idle ones were left out, and why others may be missing; empty where none are."""
Holders = dict[int, tuple[Owner, ...]]

_WATCHES: WeakKeyDictionary[Doors, SocketWatch] = WeakKeyDictionary()


@answer(INET)
def inet_sockets(doors: Doors) -> Iterator[Document]:
    """Yield one answer for all sockets of TCP, UDP, SCTP and raw IP."""
    yield _answer(doors, INET, _INET)


@answer(LOCAL)
def local_sockets(doors: Doors) -> Iterator[Document]:
    """Yield one answer for all sockets of the other families."""
    yield _answer(doors, LOCAL, _LOCAL)


def _answer(doors: Doors, command: str, families: "dict[str, Ask]") -> Document:
    watch = _WATCHES.setdefault(doors, SocketWatch())
    times = {}
    listed: dict[str, Listed] = {}
    for family, ask in families.items():
        times[family] = time.monotonic_ns()
        listed[family] = _listed(doors, family, ask, watch)
    every = [one for found, _, _ in listed.values() for one in found]
    held = watch.holders(command, frozenset(one.inode for one in every if one.inode))
    if watch.hidden(one.inode for one in every if not (isinstance(one, NetlinkSocket) and one.port == 0)):
        why = "/proc/PID/fd of their processes cannot be read"
        remedy = "run with CAP_SYS_PTRACE" if os.geteuid() == 0 else f"{AS_ROOT} or with CAP_SYS_PTRACE"
        doors.see_not("which processes hold some of the sockets", why, remedy)
    waiting = _waiting(every, held)
    lines = []
    for family, (found, _, missing) in listed.items():
        for one in found:
            more = _more(one, watch.idle_for(family, one.cookie, times[family]), waiting=one.cookie in waiting)
            more += _delay(one, held.get(one.inode, ()))
            lines.append(_line(one, held.get(one.inode, ())) + more)
        if not missing:
            busy = frozenset(one.cookie for one in found if not _idle(one))
            watch.listings[family] = Listing(times[family], frozenset(one.cookie for one in found), busy)
    idle = ", ".join(f"{family} {count}" for family, (_, count, _) in listed.items() if count)
    lines += [f"# idle, not listed: {idle}"] if idle else []
    return doors.document(command, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))


def _listed(doors: Doors, family: str, ask: "Ask", watch: SocketWatch) -> Listed:
    """Return the sockets of one family; where some may be missing, the next time is not compared with this one."""
    found: Listed = (), 0, "refused"
    try:
        found = ask(doors, watch.wanted_again(family))
    except NetlinkError as error:
        remedy = f"modprobe {_MODULES[family]}" if error.errno == errno.ENOENT else ""
        if not (remedy and _none_of(doors, family)):
            doors.see_not(f"{family.rstrip('6')} sockets", str(error), remedy)
    else:
        if found[-1]:
            doors.see_not(f"{family.rstrip('6')} sockets", found[-1])
    if found[-1]:
        watch.listings.pop(family, None)
    return found


def _none_of(doors: Doors, family: str) -> bool:
    """Whether a file of the kernel says that there are no such sockets: then nobody misses its module."""
    if family not in _FILES:
        return False
    return len((doors.read(f"/proc/net/{_FILES[family]}") or b"").splitlines()) <= 1


def _inet(protocol: int, version: int, doors: Doors, again: frozenset[int]) -> Listed:
    found = sockdiag.sockets(doors.diag, protocol, version, again)
    return found.sockets, found.idle, _missing(found)


def _unix(doors: Doors, again: frozenset[int]) -> Listed:
    found = sockfamilies.unix_sockets(doors.diag, again)
    return found.sockets, found.idle, _missing(found)


def _missing(found: Sockets | UnixSockets) -> str:
    if not found.whole:
        return "came and went while they were listed: some may be missing"
    return f"more than {LARGEST:,} are busy: the others are not listed" if found.left else ""


def _netlink(doors: Doors, _: frozenset[int]) -> Listed:
    return sockfamilies.netlink_sockets(doors.diag), 0, ""


def _packet(doors: Doors, _: frozenset[int]) -> Listed:
    return sockfamilies.packet_sockets(doors.diag), 0, ""


Ask = Callable[[Doors, frozenset[int]], Listed]
_INET: dict[str, Ask] = {
    name + ("6" if version == socket.AF_INET6 else ""): partial(_inet, protocol, version)
    for protocol, name in sockdiag.PROTOCOLS.items()
    for version in sockdiag.FAMILIES
}
_LOCAL: dict[str, Ask] = {"unix": _unix, "packet": _packet, "netlink": _netlink}
_MODULES = {family: f"{family.rstrip('6')}_diag" for family in (*_INET, *_LOCAL)} | {"packet": "af_packet_diag"}
_FILES = {family: family for family in ("raw", "raw6", "unix", "netlink", "packet")} | dict.fromkeys(
    ("sctp", "sctp6"), "sctp/assocs"
)
"""Files of /proc/net that list families whose modules are often missing."""


def _idle(one: Any) -> bool:
    """Whether nothing is queued and nothing was dropped."""
    queues = (one.rqueue, one.wqueue) if isinstance(one, Socket | UnixSocket) else (0, 0)
    memory = one.memory or Memory(0, 0, 0, 0, 0, 0, 0, 0)
    charged = (memory.rmem_alloc, memory.wmem_alloc, memory.wmem_queued, memory.backlog, memory.drops)
    return not any((*queues, *charged))


def _waiting(every: list[Any], held: Holders) -> set[int]:
    """Return the cookies of unix sockets whose process waits because the queue of the receiver is full."""
    senders = [
        one
        for one in every
        if isinstance(one, UnixSocket) and one.kind == socket.SOCK_DGRAM and one.memory and one.memory.wmem_alloc
    ]
    return {one.cookie for one in senders[:MOST_SENDERS] if any(waits(who) for who in held.get(one.inode, ()))}


def _delay(one: Any, holders: tuple[Owner, ...]) -> str:
    """Return how long the first holder of a socket that has dropped something has waited for a CPU."""
    if not (isinstance(one, Socket) and one.memory and one.memory.drops and holders):
        return ""
    microseconds = waited(holders[0])
    return "" if microseconds is None else f" rundelay:{microseconds}"


def _line(one: Any, holders: tuple[Owner, ...]) -> str:
    match one:
        case UnixSocket():
            return ss.unix_line(one, holders)
        case NetlinkSocket():
            return ss.netlink_line(one, holders)
        case PacketSocket():
            return ss.packet_line(one, holders, _interface)
    return ss.inet_line(one, holders, _interface)


def _more(one: Any, idle_for: float | None, *, waiting: bool) -> str:
    """Return what is said of a socket that ss does not say."""
    late = idle_for is not None and one.memory is not None and one.memory.drops
    return (f" wchan:{WAITS}" if waiting else "") + (f" idle:{idle_for:.6f}" if late else "")


def _interface(index: int) -> str:
    """Return the name of an interface, or its index when it is gone."""
    try:
        return commands.shown(socket.if_indextoname(index))
    except OSError:
        return str(index)
