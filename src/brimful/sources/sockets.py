"""Read `ss`: each socket's queue, its limit, what it dropped and who holds it.

`skmem:(r..,rb..,..,bl..,d..)` is SK_MEMINFO of the kernel (include/uapi/linux/sock_diag.h): the kernel refuses a
datagram when r + bl would go over rb (net/core/sock.c), so these three are the level and the limit of a receive buffer.
Of a listener, Recv-Q is the accept queue and Send-Q its limit. What TCP sockets in a connection drop is not read: it
counts duplicates and old segments too.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.chain.place import ALIKE, numbered, socket_place
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Unread
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

_U32 = 1 << 32
_STATES = (
    "LISTEN|UNCONN|ESTAB|TIME-WAIT|CLOSE-WAIT|SYN-SENT|SYN-RECV|NEW-SYN-RECV|FIN-WAIT-[12]|LAST-ACK|CLOSING|CLOSED?"
    "|BOUND-INACTIVE|UNKNOWN"
)
_SOCKET = re.compile(
    rf"(?:(?P<netid>[a-z?][a-z0-9_?]*)\s+)?(?P<state>{_STATES})\s+(?P<received>\S+)\s+(?P<sent>\S+)\s+(?P<local>\S+)"
    r"\s+\S+(?P<rest>.*)"
)
_HEADING = re.compile(r"(?:Netid\s+)?State\s+Recv-Q\s+Send-Q\b")
_OWNER = re.compile(r'users:\(\("(?P<name>.{1,64}?)",(?:pid=)?(?P<pid>[0-9]+),')
_INODE = re.compile(r"\bino:([0-9]{1,20})\b")
_BOTH = re.compile(r"\bv6only:0\b")
_MEMORY = re.compile(r"\b(?:sk)?mem:\(([^)]*)\)")
_FIELD = re.compile(r"([a-z]+)([^,]*)")
_ONE_PROTOCOL = {"t": "tcp", "u": "udp"}


class _Socket(msgspec.Struct):
    """One socket with all that was printed of it; `rest` grows by the indented lines below it."""

    line: int
    protocol: str
    listens: bool
    received: str
    sent: str
    local: str
    rest: list[str]


@source(
    "ss -OHtuanmpe",
    "ss {options}",
    looks_like=r"(?m)\bskmem:\(r[0-9]+,|^(?:Netid[ \t]+)?State[ \t]+Recv-Q[ \t]+Send-Q[ \t]",
    meanings=(
        "socket.receive.queued",
        "socket.receive.limit",
        "socket.receive.dropped",
        "socket.listen.queued",
        "socket.listen.limit",
        "socket.listen.dropped",
        "socket.owner",
    ),
    needs="root, to see which process holds a socket",
    one_of=True,
)
def sockets(document: Document) -> Iterator[Item]:
    """Read the queue, limit, drops and owner of every socket (ss)."""
    samples = Samples(document.origin, document.at, document.boot)
    taken: set[str] = set()
    for found in _sockets(document):
        if isinstance(found, Unread):
            yield found
            continue
        rest = " ".join(found.rest)
        readings = _readings(found, _memory(rest))
        if readings is None:
            yield unread(document, found.line, "a queue or skmem is not an unsigned number")
            continue
        inode = _INODE.search(rest)
        # what takes IPv4 as well is `*` to ss alone: /proc and netstat show the IPv6 address it is bound to
        local = found.local.replace("*", "[::]", 1) if _BOTH.search(rest) else found.local
        once = socket_place(found.protocol, local, inode[1] if inode else "")
        place = numbered(once, taken)
        doubt = ALIKE if place != once else ""
        for meaning, raw, width, value in readings:
            samples.add(Series(meaning, place, raw, "sockets", width_bits=width, doubt=doubt), value, found.line)
        owner = _OWNER.search(rest)
        if owner and readings:
            holder = f"{owner['name']} (pid {owner['pid']})"
            yield Fact("socket.owner", place, holder, document.origin(found.line), document.at)
    yield from samples.frames()


def _sockets(document: Document) -> Iterator[_Socket | Unread]:
    """Yield the sockets of TCP and UDP; an indented line belongs to the socket before it."""
    socket: _Socket | None = None
    protocol = _protocol(document.of.get("options", ""))
    for number, line in document.numbered():
        if socket and line[:1].isspace():
            socket.rest.append(line)
        elif line.strip() and not line[:1].isspace():
            if socket:
                yield socket
            match = _SOCKET.match(line)
            socket = _socket(number, match, protocol) if match else None
            if not match and not _HEADING.match(line):
                yield unread(document, number, "not a socket")
    if socket:
        yield socket


def _protocol(options: str) -> str:
    """Return the one protocol that was asked for: `ss` then leaves its column out."""
    letters = "".join(word for word in options.split() if not word.startswith("--"))
    asked = [name for letter, name in _ONE_PROTOCOL.items() if letter in letters or f"--{name}" in options.split()]
    return asked[0] if len(asked) == 1 else ""


def _socket(number: int, match: "re.Match[str]", asked: str) -> _Socket | None:
    """Return a socket of TCP or UDP, None for any other; without a column for it the state tells the protocol."""
    by_state = {"LISTEN": "tcp", "UNCONN": "udp"}.get(match["state"], "")
    protocol = match["netid"] or (asked or by_state if ":" in match["local"] else "")
    if protocol not in _ONE_PROTOCOL.values():
        return None
    listens = match["state"] == "LISTEN"
    return _Socket(number, protocol, listens, match["received"], match["sent"], match["local"], [match["rest"]])


def _readings(socket: _Socket, memory: dict[str, int] | None) -> list[tuple[str, str, int, int]] | None:
    """Return meaning, raw name, width and value of what a socket says; None where a number is none."""
    queues = unsigned(socket.received), unsigned(socket.sent)
    if queues[0] is None or queues[1] is None or memory is None or ":" not in socket.local:
        return None
    if socket.listens:
        drops = [("socket.listen.dropped", "skmem d", 32, memory["d"])] if "d" in memory else []
        return [
            ("socket.listen.queued", "Recv-Q", 0, queues[0]),
            ("socket.listen.limit", "Send-Q", 0, queues[1]),
            *drops,
        ]
    queued = ("socket.receive.queued", "Recv-Q", 0, queues[0])
    if "r" in memory:
        queued = ("socket.receive.queued", "skmem r + bl", 0, memory["r"] + memory.get("bl", 0))
    limit = [("socket.receive.limit", "skmem rb", 0, memory["rb"])] if "rb" in memory else []
    if socket.protocol == "tcp":
        return [queued, *limit] if queued[-1] else []
    drops = [("socket.receive.dropped", "skmem d", 32, memory["d"])] if "d" in memory else []
    return [queued, *limit, *drops]


def _memory(rest: str) -> dict[str, int] | None:
    """Return the fields of skmem, none where it is not shown, None where one is no 32-bit number."""
    shown = _MEMORY.search(rest)
    fields: dict[str, int] = {}
    for name, text in _FIELD.findall(shown[1]) if shown else ():
        value = unsigned(text)
        if value is None or value >= _U32:
            return None
        fields[name] = value
    return fields
