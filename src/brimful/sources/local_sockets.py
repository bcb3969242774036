"""Read `ss`: the sockets that carry no internet traffic, unix, netlink and packet, with who holds them.

A unix socket's queue is charged to whoever sent into it (t, up to tb; net/core/sock.c, sock_alloc_send_pskb); its own r
stays 0. Recv-Q is what the process has not read: of a datagram socket only the first message (net/unix/af_unix.c,
unix_inq_len), and how many wait is shown nowhere. Of a listener both queues are connections; it is full when more wait
than may (unix_recvq_full). `wchan:` is what a live host adds where a sender sleeps because the receiver is full.

A packet socket counts what found its buffer full (net/packet/af_packet.c, packet_rcv), not what its own filter refused.
With a ring it counts nothing here: those drops are told to its own program only, and reading them clears them.
Netlink's port 0 is the kernel's own end, which never waits.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.chain.place import numbered
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Blind
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.evidence.socket_text import idle_for, memory, netlink_place, owner
from brimful.roots.base import Document
from brimful.sources import source, unread

_FAMILY = re.compile(r"(?:u_str|u_dgr|u_seq|nl|p_raw|p_dgr)\s")
_NETLINK_ALONE = re.compile(r"[A-Z]+\s.*\sgroups=0x")
"""Where no other family was asked for, ss leaves the first column out."""
_INODE = re.compile(r"\bino:([0-9]{1,20})\b")
_WAITS = re.compile(r"\bwchan:unix_wait_for_peer\b")
_RING = "ring_rx("
_FIRST = "Recv-Q, the first message"
_LOCAL = 4
"""The column of the address: before it family, state and both queues."""

Number = tuple[str, str, int, int]
"""Meaning, raw name, width in bits and value."""


class _Row(msgspec.Struct):
    """One socket as printed, with its indented lines."""

    family: str
    state: str
    received: int
    sent: int
    address: list[str]
    memory: dict[str, int]
    text: str


class _Found(msgspec.Struct):
    """One socket: where it is, its numbers and what is known of it."""

    place: str
    numbers: list[Number] = []
    facts: dict[str, str] = {}


@source(
    "ss -OHanmpe -A unix,packet,netlink",
    "ss {options}",
    meanings=(
        "netlink.socket.dropped",
        "netlink.socket.queued",
        "netlink.socket.limit",
        "capture.ring.dropped",
        "capture.ring.queued",
        "capture.ring.limit",
        "socket.receive.unread",
        "socket.receive.messages",
        "socket.receive.messages_limit",
        "socket.receive.sender_blocked",
        "socket.send.queued",
        "socket.send.limit",
        "socket.owner",
        "socket.name",
        "socket.peer",
    ),
    needs="root, to see which process holds a socket",
    one_of=True,
)
def local_sockets(document: Document) -> Iterator[Item]:
    """Read the queues, drops and owners of unix, netlink and packet sockets (ss)."""
    samples = Samples(document.origin, document.at, document.boot)
    before: dict[float, Samples] = {}
    taken: dict[str, list[Number]] = {}
    for number, line in _lines(document):
        row = _row(line)
        found = _FORMS[row.family[0]](row) if row else None
        if row is None or found is None:
            yield unread(document, number, "not a unix, netlink or packet socket")
            continue
        if row.family == "nl" and taken.get(found.place) == found.numbers:
            continue  # ss lists those that listen to groups twice
        if row.family[0] == "p":
            found.place = numbered(found.place, set(taken))
        taken[found.place] = found.numbers
        seconds = idle_for(line)
        for meaning, raw, width, value in found.numbers:
            series = Series(meaning, found.place, raw, "local_sockets", width_bits=width)
            samples.add(series, value, number)
            if seconds is not None and width:
                at = document.at and document.at.earlier(seconds)
                before.setdefault(seconds, Samples(document.origin, at, document.boot)).add(series, 0, number)
        for name, text in found.facts.items():
            yield Fact(name, found.place, text, document.origin(number), document.at)
        yield from _hidden(line, found)
    for earlier in before.values():
        yield from earlier.frames()
    yield from samples.frames()


def _lines(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the lines of these families, each with the indented ones that belong to it."""
    first, parts = 0, [""]
    for number, line in document.numbered():
        if first and line[:1].isspace():
            parts.append(line)
            continue
        if first:
            yield first, " ".join(parts)
        if _NETLINK_ALONE.match(line):
            line = f"nl {line}"  # noqa: PLW2901 - what the column would say
        first, parts = (number, [line]) if _FAMILY.match(line) else (0, [""])
    if first:
        yield first, " ".join(parts)


def _row(line: str) -> _Row | None:
    words = line.split()
    if len(words) <= _LOCAL:
        return None
    fields = memory(line)
    received, sent = unsigned(words[2]), unsigned(words[3])
    if received is None or sent is None or fields is None:
        return None
    return _Row(words[0], words[1], received, sent, words[_LOCAL:], fields, line)


def _unix(row: _Row) -> _Found | None:
    """Return a unix socket: a name of several words maybe, its inode, a name and the inode of its peer."""
    numbers = [index for index, word in enumerate(row.address) if index and unsigned(word) is not None]
    if not numbers:
        return None
    inode = numbers[0]
    if row.address[inode] == "0":  # not accepted yet: nothing tells one from another
        return _Found("")
    peer = next((row.address[index] for index in numbers if index > inode + 1), "0")
    name = " ".join(row.address[:inode])
    found = _Found(f"unix {row.address[inode]}", facts=_who(row) | ({"socket.name": name} if name != "*" else {}))
    if row.state == "LISTEN":
        found.numbers = [
            ("socket.receive.messages", "Recv-Q of a listener", 0, row.received),
            ("socket.receive.messages_limit", "Send-Q of a listener", 0, row.sent),
        ]
        return found
    if peer != "0":
        found.facts["socket.peer"] = f"unix {peer}"
    waiting = _FIRST if row.family == "u_dgr" else "Recv-Q"
    found.numbers = [("socket.receive.unread", waiting, 0, row.received), *_charged(row)]
    return found


def _charged(row: _Row) -> list[Number]:
    """Return what a sender's messages take up wherever they wait, and whether it sleeps."""
    if not {"t", "tb"} <= row.memory.keys():
        return []
    numbers: list[Number] = [
        ("socket.send.queued", "skmem t", 0, row.memory["t"]),
        ("socket.send.limit", "skmem tb", 0, row.memory["tb"]),
    ]
    if row.family == "u_dgr" and row.memory["t"]:
        waits = int(bool(_WAITS.search(row.text)))
        numbers.append(("socket.receive.sender_blocked", "wchan unix_wait_for_peer", 0, waits))
    return numbers


def _netlink(row: _Row) -> _Found | None:
    protocol, colon, port = row.address[0].partition(":")
    if not colon:
        return None
    place = netlink_place(protocol, port)
    return _Found(place, _received("netlink.socket", row), _who(row)) if place else _Found("")


def _packet(row: _Row) -> _Found | None:
    _, colon, interface = row.address[0].partition(":")
    inode = _INODE.search(row.text)
    if not colon:
        return None
    facts = _who(row) | {"socket.name": interface}
    place = f"packet {inode[1] if inode else interface}"
    return _Found(place, [] if _RING in row.text else _received("capture.ring", row), facts)


def _received(stage: str, row: _Row) -> list[Number]:
    fields = row.memory
    numbers: list[Number] = []
    if {"r", "rb"} <= fields.keys():
        numbers.append((f"{stage}.queued", "skmem r + bl", 0, fields["r"] + fields.get("bl", 0)))
        numbers.append((f"{stage}.limit", "skmem rb", 0, fields["rb"]))
    if "d" in fields:
        numbers.append((f"{stage}.dropped", "skmem d", 32, fields["d"]))
    return numbers


def _who(row: _Row) -> dict[str, str]:
    holder = owner(row.text)
    return {"socket.owner": holder} if holder else {}


_FORMS = {"u": _unix, "n": _netlink, "p": _packet}


def _hidden(line: str, found: _Found) -> Iterator[Blind]:
    if found.place.startswith("packet") and _RING in line:
        who = found.facts.get("socket.owner", "a program")
        remedy = "see what it prints when it ends"
        yield Blind(f"what the capture ring of {who} has lost", "only the program itself can read that", remedy)
