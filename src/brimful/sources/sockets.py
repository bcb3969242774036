"""Read `ss`: each socket's queue, its limit, what it dropped and who holds it.

`skmem:(r..,rb..,..,bl..,d..)` is SK_MEMINFO of the kernel (include/uapi/linux/sock_diag.h): the kernel refuses a
datagram when r + bl would go over rb (net/core/sock.c), so these three are the level and the limit of a receive buffer.
Of a listener, Recv-Q is the accept queue and Send-Q its limit. What TCP sockets in a connection drop is not read: it
counts duplicates and old segments too. Send queues are read where something is in them: w (TCP, SCTP) or t, up to tb.
Of SCTP the associations are read, the lines that begin with "`-": their r is that of the socket, which the kernel
compares with rb, unless net.sctp.rcvbuf_policy is set (net/sctp/diag.c). What SCTP drops is counted in no socket.

A live host with very many sockets lists those only in which something is queued or that have dropped something:
`idle:SECONDS` behind one that appears says since when it has not been idle, a last line how many are. `rundelay:` behind
one that has dropped something is how many microseconds its process has waited for a CPU.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.chain.place import ALIKE, association_place, numbered, socket_place
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Unread
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.evidence.socket_text import idle_for, memory, owner, run_delay
from brimful.roots.base import Document
from brimful.sources import source, unread

_ASSOCIATION = "`- "
"""How ss begins the line of an SCTP association, in the column of the state, below the line of its endpoint."""
_STATES = (
    "LISTEN|UNCONN|ESTAB|TIME-WAIT|CLOSE-WAIT|SYN-SENT|SYN-RECV|NEW-SYN-RECV|FIN-WAIT-[12]|LAST-ACK|CLOSING|CLOSED?"
    "|BOUND-INACTIVE|UNKNOWN|COOKIE_WAIT|COOKIE_ECHOED|SHUTDOWN_PENDING|SHUTDOWN_SENT|SHUTDOWN_RECEIVED|ACK_SENT"
)
_SOCKET = re.compile(
    rf"(?:(?P<netid>[a-z?][a-z0-9_?]*)\s+|(?P<association>{_ASSOCIATION}))?(?P<state>{_STATES})\s+(?P<received>\S+)\s+(?P<sent>\S+)\s+(?P<local>\S+)"
    r"\s+(?P<peer>\S+)(?P<rest>.*)"
)
_HEADING = re.compile(r"(?:Netid\s+)?State\s+Recv-Q\s+Send-Q\b")
_INODE = re.compile(r"\bino:([0-9]{1,20})\b")
_BOTH = re.compile(r"\bv6only:0\b")
_NETLINK = " groups=0x"
_LEFT_OUT = re.compile(r"# idle, not listed: (?P<counts>[a-z]+6? [0-9]{1,18}(?:, [a-z]+6? [0-9]{1,18})*)")
_INTERFACE = re.compile(r"%[^:]+(?=:[^:]*\Z)")
"""Behind a local address: the way out, where the kernel knows one."""
_ONE_PROTOCOL = {"t": "tcp", "u": "udp", "S": "sctp", "w": "raw"}
_INET = ("tcp", "udp", "raw")


class _Socket(msgspec.Struct):
    """One socket with all that was printed of it; `rest` grows by the indented lines below it. `peer`: of SCTP only."""

    line: int
    protocol: str
    listens: bool
    received: str
    sent: str
    local: str
    peer: str
    rest: list[str]


@source(
    "ss -OHtuwSanmpe",
    "ss {options}",
    looks_like=r"(?m)\bskmem:\(r[0-9]+,|^(?:Netid[ \t]+)?State[ \t]+Recv-Q[ \t]+Send-Q[ \t]",
    meanings=(
        "socket.receive.queued",
        "socket.receive.limit",
        "socket.receive.dropped",
        "socket.listen.queued",
        "socket.listen.limit",
        "socket.listen.dropped",
        "socket.send.queued",
        "socket.send.limit",
        "socket.send.unsent",
        "socket.receive.reader_waited",
        "socket.owner",
        "socket.idle",
    ),
    needs="root, to see which process holds a socket",
    one_of=True,
)
def sockets(document: Document) -> Iterator[Item]:
    """Read the queue, limit, drops and owner of every socket (ss)."""
    samples = Samples(document.origin, document.at, document.boot)
    before: dict[float, Samples] = {}
    taken: set[str] = set()
    for found in _sockets(document):
        if isinstance(found, Unread | Fact):
            yield found
            continue
        rest = " ".join(found.rest)
        readings = _readings(found, memory(rest))
        if readings is None:
            yield unread(document, found.line, "a queue or skmem is not an unsigned number")
            continue
        once = _place(found, rest)
        place = numbered(once, taken)
        doubt = ALIKE if place != once else ""
        seconds = idle_for(rest)
        for meaning, raw, width, value in readings:
            series = Series(meaning, place, raw, "sockets", width_bits=width, doubt=doubt)
            samples.add(series, value, found.line)
            if seconds is not None and width:
                at = document.at and document.at.earlier(seconds)
                before.setdefault(seconds, Samples(document.origin, at, document.boot)).add(series, 0, found.line)
        delay = run_delay(rest)
        if delay is not None and not found.listens:
            samples.add(
                Series("socket.receive.reader_waited", place, "schedstat rundelay", "sockets"), delay, found.line
            )
        holder = owner(rest)
        if holder and readings:
            yield Fact("socket.owner", place, holder, document.origin(found.line), document.at)
    for earlier in before.values():
        yield from earlier.frames()
    yield from samples.frames()


def _place(socket: _Socket, rest: str) -> str:
    shown = _INODE.search(rest)
    inode = shown[1] if shown else ""
    if socket.peer:
        return association_place(_INTERFACE.sub("", socket.local), socket.peer, inode)
    # what takes IPv4 as well is `*` to ss alone: /proc and netstat show the IPv6 address it is bound to
    local = socket.local.replace("*", "[::]", 1) if _BOTH.search(rest) else socket.local
    return socket_place(socket.protocol, local, inode)


def _sockets(document: Document) -> Iterator[_Socket | Fact | Unread]:
    """Yield the sockets of TCP, UDP and raw IP, the associations of SCTP; an indented line belongs to the one before."""
    socket: _Socket | None = None
    protocol = _protocol(document.of.get("options", ""))
    for number, whole in document.numbered():
        line = whole.lstrip() if whole.lstrip().startswith(_ASSOCIATION) else whole
        if socket and line[:1].isspace():
            socket.rest.append(line)
        elif line.strip() and not line[:1].isspace():
            if socket:
                yield socket
            match = _SOCKET.match(line)
            socket = _socket(number, match, protocol) if match else None
            left_out = _LEFT_OUT.fullmatch(line)
            if left_out:
                yield from _idle(document, number, left_out["counts"])
            elif not match and not _HEADING.match(line):
                yield unread(document, number, "not a socket")
    if socket:
        yield socket


def _idle(document: Document, number: int, counts: str) -> Iterator[Fact]:
    for family, count in (pair.split(" ") for pair in counts.split(", ")):
        yield Fact("socket.idle", family, int(count), document.origin(number), document.at)


def _protocol(options: str) -> str:
    """Return the one protocol that was asked for: `ss` then leaves its column out."""
    letters = "".join(word for word in options.split() if not word.startswith("--"))
    asked = [name for letter, name in _ONE_PROTOCOL.items() if letter in letters or f"--{name}" in options.split()]
    return asked[0] if len(asked) == 1 else ""


def _socket(number: int, match: "re.Match[str]", asked: str) -> _Socket | None:
    """Return a socket of TCP, UDP or raw IP, None for any other; without a column for it the state tells the protocol.

    Of SCTP only an association: what its endpoint shows is the sum of them.
    """
    listens = match["state"] == "LISTEN"
    queues = match["received"], match["sent"], match["local"]
    if match["association"]:
        return _Socket(number, "sctp", listens, *queues, match["peer"], [match["rest"]])
    by_state = {"LISTEN": "tcp", "UNCONN": "udp"}.get(match["state"], "")
    inet = ":" in match["local"] and _NETLINK not in match["rest"]
    protocol = match["netid"] or (asked or by_state if inet else "")
    if protocol not in _INET:
        return None
    return _Socket(number, protocol, listens, *queues, "", [match["rest"]])


def _readings(socket: _Socket, fields: dict[str, int] | None) -> list[tuple[str, str, int, int]] | None:
    """Return meaning, raw name, width and value of what a socket says; None where a number is none."""
    queues = unsigned(socket.received), unsigned(socket.sent)
    if queues[0] is None or queues[1] is None or fields is None or ":" not in socket.local:
        return None
    if socket.listens:
        drops = [("socket.listen.dropped", "skmem d", 32, fields["d"])] if "d" in fields else []
        return [
            ("socket.listen.queued", "Recv-Q", 0, queues[0]),
            ("socket.listen.limit", "Send-Q", 0, queues[1]),
            *drops,
        ]
    queued = ("socket.receive.queued", "Recv-Q", 0, queues[0])
    if "r" in fields:
        queued = ("socket.receive.queued", "skmem r + bl", 0, fields["r"] + fields.get("bl", 0))
    limit = [("socket.receive.limit", "skmem rb", 0, fields["rb"])] if "rb" in fields else []
    sent = _sent(socket.protocol, queues[1], fields)
    if socket.protocol == "sctp":
        return [queued, *limit, *sent]
    if socket.protocol == "tcp":
        return [queued, *limit, *sent] if queued[-1] else sent
    drops = [("socket.receive.dropped", "skmem d", 32, fields["d"])] if "d" in fields else []
    return [queued, *limit, *drops, *sent]


def _sent(protocol: str, unsent: int, fields: dict[str, int]) -> list[tuple[str, str, int, int]]:
    """Return the send queue where something is in it."""
    field = "w" if protocol in ("tcp", "sctp") else "t"
    # of SCTP it is what is charged for messages, not their payload
    found = [("socket.send.unsent", "Send-Q", 0, unsent)] if unsent and protocol != "sctp" else []
    if fields.get(field) and "tb" in fields:
        found += [
            ("socket.send.queued", f"skmem {field}", 0, fields[field]),
            ("socket.send.limit", "skmem tb", 0, fields["tb"]),
        ]
    return found
