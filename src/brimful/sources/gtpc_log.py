"""Find GTP-C path failures in a log of any size, and in a trap history: what the subscribers feel.

Shapes: Cisco, "Troubleshoot KNI: Out of Memory Errors" (document 221955) for the event log, relayed or not; `show snmp
trap history` for the traps 1112 EGTPCPathFail, 1113 EGTPCPathFailClear and 1215 CPUWarn.
"""

import re
from collections.abc import Iterator
from datetime import tzinfo

from brimful.evidence import clock
from brimful.evidence.event import Event, Value
from brimful.evidence.evidence import Item
from brimful.evidence.origin import Origin, Unread
from brimful.evidence.scan import lines_with
from brimful.roots.base import Document
from brimful.sources import source

FAILURE = b"GTP-C path failure for peer"
TRAP = b"Internal trap notification 1"

_TRAPS = {
    "1112": ("EGTPCPathFail", "gtpc.path_failure"),
    "1113": ("EGTPCPathFailClear", "gtpc.path_restored"),
    "1215": ("CPUWarn", "cpu.warning"),
}
_NAMES = frozenset(name for name, _ in _TRAPS.values())
_PEER = re.compile(r"GTP-C path failure for peer (?P<peer>[^\s,]+)")
_TRAP_PEER = re.compile(r"\bpeer address:? (?P<peer>[^\s,]+)")
_NOTIFICATION = re.compile(
    r"(?P<stamp>.*?)\s*Internal trap notification (?P<number>\d+) \((?P<name>\w+)\)(?P<text>.*)", re.ASCII
)
_WRITER = re.compile(r" \[(?P<card>\d{1,3})/\d+/\d+ <?(?!evlogd)\w", re.ASCII)
_CARD = re.compile(r"\bcard (?P<card>\d{1,3})\b", re.ASCII)


@source("log", meanings=tuple(kind for _, kind in _TRAPS.values()))
def gtpc_log(document: Document) -> Iterator[Item]:
    """Find failed and restored GTP-C paths and warnings of a busy CPU in a log or a trap history."""
    zone = clock.fixed(document.of.get("zone", ""))
    for begin, line in lines_with(document.data, FAILURE, document.start, document.end):
        origin = document.origin_of(begin, line)
        writer = _WRITER.search(line)
        peer = _PEER.search(line)
        yield Event("gtpc.path_failure", _place(writer), clock.logged(line, zone), origin, _fields(peer))
    for begin, line in lines_with(document.data, TRAP, document.start, document.end):
        trap = _NOTIFICATION.fullmatch(line)
        if trap and (trap["number"] in _TRAPS or trap["name"] in _NAMES):
            yield _trap(trap, document.origin_of(begin, line), zone)


def _trap(trap: re.Match[str], origin: Origin, zone: tzinfo | None) -> Event | Unread:
    name, kind = _TRAPS.get(trap["number"], ("", ""))
    if name != trap["name"]:
        return Unread(origin, "the number and the name of the trap are not of one trap")
    at = clock.date(trap["stamp"], zone) or clock.evlogd(trap["stamp"], zone)
    return Event(kind, _place(_CARD.search(trap["text"])), at, origin, _fields(_TRAP_PEER.search(trap["text"])))


def _place(card: re.Match[str] | None) -> str:
    return f"card {int(card['card'])}" if card else ""


def _fields(peer: re.Match[str] | None) -> dict[str, Value]:
    return {"peer": peer["peer"].strip("<>")} if peer else {}
