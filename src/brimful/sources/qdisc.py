"""Read `tc -s qdisc show`: what each queueing discipline sent, holds and dropped, as JSON or as text, with `-d` or not.

A packet that is dropped in a discipline is counted by it and by every discipline above it, up to the interface's own
(net/sched/sch_api.c, qdisc_tree_reduce_backlog; sch_mq.c adds its queues up). So only those that have no other below
them count as losses; the others are a mixed sum. Disciplines at `ingress` and `clsact` hold no packets: what they drop, a
filter has refused. Drops, requeues and overlimits are of 32 bits (struct gnet_stats_queue), packets before Linux 5.6.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import TypeGuard

import msgspec

from brimful.drivers.rates import bits, size, spoken
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST, Frame
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin, Unread
from brimful.evidence.samples import Samples
from brimful.evidence.series import Layout, Series
from brimful.roots.base import Document, Table
from brimful.roots.objects import is_list, objects
from brimful.sources import source, unread

FILTERS = frozenset(("ingress", "clsact"))
SUMS = frozenset(("mq", "mqprio"))
"""Kinds that have no queue of their own: all they show is the sum of the transmit queues."""
NOTHING = frozenset(("noqueue", "noop"))
"""Kinds that never hold a packet: their counters cannot move."""
SHAPERS = frozenset(("tbf", "htb", "hfsc", "cake", "cbq"))
"""Kinds that count in `overlimits` how often they held packets back. Others count something else there."""

IN_PACKETS = frozenset(
    ("pfifo", "pfifo_head_drop", "fq", "fq_codel", "codel", "fq_pie", "pie", "sfq", "netem", "choke")
)
IN_BYTES = frozenset(("bfifo", "tbf", "red"))
"""What the limit of a kind is counted in."""

_WIDTH = 32
_LEAF = {
    "packets": ("qdisc.queue.passed", _WIDTH),
    "drops": ("qdisc.queue.dropped", _WIDTH),
    "requeues": ("qdisc.queue.requeued", _WIDTH),
    "qlen": ("qdisc.queue.length", 0),
    "backlog": ("qdisc.queue.backlog", 0),
}
_INNER = {"drops": ("qdisc.queue.drops_mixed", _WIDTH), "requeues": ("qdisc.queue.requeued", _WIDTH)}
_FILTER = {"drops": ("protocol.input.filtered", _WIDTH)}
_SHAPER = {"overlimits": ("qdisc.queue.overlimits", _WIDTH)}
_MORE = {
    "ecn_mark": ("qdisc.queue.marked", _WIDTH),
    "ce_mark": ("qdisc.queue.marked", _WIDTH),
    "marked": ("qdisc.queue.marked", _WIDTH),
    "drop_overlimit": ("qdisc.queue.over_limit", _WIDTH),
    "pdrop": ("qdisc.queue.over_limit", _WIDTH),
    "flows_plimit": ("qdisc.queue.flow_limited", _WIDTH),
}
"""Statistics of a kind: those of fq_codel, codel, fq and red."""

_HEAD = re.compile(
    r"qdisc (?P<kind>\S+) (?P<handle>[0-9a-f]{1,4}:)(?: \[[^\]]*\])?(?: dev (?P<dev>\S+))?"
    r" (?:root|parent (?P<parent>[0-9a-f]{0,4}:[0-9a-f]{0,4}))(?: (?P<rest>.*))?\Z"
)
_SENT = re.compile(
    r"Sent (?P<bytes>[0-9]{1,20}) bytes (?P<packets>[0-9]{1,20}) pkts? "
    r"\(dropped (?P<drops>[0-9]{1,20}), overlimits (?P<overlimits>[0-9]{1,20})(?: requeues (?P<requeues>[0-9]{1,20}))?\)"
)
_BACKLOG = re.compile(r"\bbacklog (?P<backlog>\S+?)b? (?P<qlen>[0-9]{1,20})p\b")
_PAIR = re.compile(rf"\b({'|'.join(_MORE)}) ([0-9]{{1,20}})\b")
_OPTION = re.compile(r"\b(limit|rate|bandwidth) (\S+)")
_RATE_NAMES = ("rate", "bandwidth")
_HANDLE = re.compile(r"[0-9a-f]{1,4}:")
_PARENT = re.compile(r"[0-9a-f]{0,4}:[0-9a-f]{0,4}")
_REFCNT = re.compile(r"\brefcnt [0-9]+ ?")

Numbers = dict[str, int]


class Row(msgspec.Struct):
    """One discipline as it is shown; `parent` is empty for the one that an interface begins with."""

    interface: str
    kind: str
    handle: str
    parent: str
    told: str
    line: int
    numbers: Numbers = {}
    limit: int | None = None
    rate: int | None = None


def tabulated(table: Table) -> Iterator[Item]:
    """Read a table whose rows are called as the first line of each discipline; what is not a number only as news."""
    origin = table.origin("")
    if table.news:
        samples = Samples(lambda _: origin, table.at, table.boot)
        for row, place, parent, inner in _placed(_rows(table.rows)):
            yield from _facts(row, place, parent, origin, table.at)
            _limit(samples, row, place, inner=inner)
        yield from samples.frames()
    layout, chosen = _columns(table.rows, table.names)
    if chosen:
        values = array("Q", itemgetter(*chosen, chosen[0])(table.values))
        values.pop()  # one more was asked for, as itemgetter of one index returns no tuple
        yield Frame(layout, values, table.at, None, lambda _: origin, table.boot)


def _origin(name: str, _: int) -> Origin:
    return Origin(name)


@lru_cache(maxsize=64)
def _columns(heads: tuple[str, ...], names: tuple[str, ...]) -> tuple[Layout, tuple[int, ...]]:
    """Return the layout of a table and which of its numbers fill it: the same each second."""
    kept: dict[Series, int] = {}
    for row, place, _, inner in _placed(_rows(heads)):
        for name, (meaning, width) in _meanings(row.kind, inner=inner).items():
            if name in names:
                series = Series(meaning, place, f"{row.kind} {name}", "qdisc", width_bits=width)
                kept.setdefault(series, row.line * len(names) + names.index(name))
    return Layout.of(kept), tuple(kept.values())


def _rows(heads: tuple[str, ...]) -> list[Row]:
    return [row for line, head in enumerate(heads) if (row := _head(head, "", line))]


@source(
    "tc -s -j qdisc show invisible",
    "tc -s -j qdisc show",
    "tc {options} qdisc show",
    "tc {options} qdisc show dev {interface}",
    "tc {options} qdisc",
    looks_like=r'(?m)^qdisc \S+ [0-9a-f]+: |\A\s*\[\{"kind":"\w+","handle":"',
    meanings=(
        *sorted({meaning for group in (_LEAF, _INNER, _FILTER, _SHAPER, _MORE) for meaning, _ in group.values()}),
        "qdisc.queue.limit",
        "qdisc.queue.limit_bytes",
        "qdisc.kind",
        "qdisc.parent",
        "qdisc.rate",
    ),
    one_of=True,
    tabulate=tabulated,
)
def qdisc(document: Document) -> Iterator[Item]:
    """Read the queues in front of the transmit rings (tc -s qdisc show)."""
    rows: list[Row] = []
    for found in _json(document) if is_list(document) else _text(document):
        if isinstance(found, Row):
            rows.append(found)
        else:
            yield found
    samples = Samples(document.origin, document.at, document.boot)
    for row, place, parent, inner in _placed(rows):
        yield from _facts(row, place, parent, document.origin(row.line), document.at)
        for name, (meaning, width) in _meanings(row.kind, inner=inner).items():
            if name in row.numbers:
                series = Series(meaning, place, f"{row.kind} {name}", "qdisc", width_bits=width)
                samples.add(series, row.numbers[name], row.line)
        _limit(samples, row, place, inner=inner)
    yield from samples.frames()


def _facts(row: Row, place: str, parent: str, origin: Origin, at: Moment | None) -> Iterator[Fact]:
    yield Fact("qdisc.kind", place, row.told, origin, at)
    if parent:
        yield Fact("qdisc.parent", place, parent, origin, at)
    if row.rate is not None:
        yield Fact("qdisc.rate", place, row.rate, origin, at)


def _limit(samples: Samples, row: Row, place: str, *, inner: bool) -> None:
    """Add the limit of a discipline that has one of its own."""
    if row.limit is not None and not inner and row.kind in IN_PACKETS | IN_BYTES:
        meaning = "qdisc.queue.limit" if row.kind in IN_PACKETS else "qdisc.queue.limit_bytes"
        samples.add(Series(meaning, place, f"{row.kind} limit", "qdisc", width_bits=0), row.limit, row.line)


@lru_cache(maxsize=256)
def _meanings(kind: str, *, inner: bool) -> Mapping[str, tuple[str, int]]:
    """Return what the numbers of a discipline mean, by the names that tc gives them."""
    if kind in NOTHING:
        return {}
    if kind in FILTERS:
        return _FILTER
    own = (_INNER if inner else _LEAF) | (_SHAPER if kind in SHAPERS else {})
    if kind in SUMS:
        return {name: own[name] for name in ("drops",)}
    return own if inner else own | _MORE


def _placed(rows: Iterable[Row]) -> Iterator[tuple[Row, str, str, bool]]:
    """Yield each discipline with its place, the place of the one above it, and whether there are others below it."""
    rows = list(rows)
    known = {(row.interface, row.handle): row for row in rows if row.handle != "0:" or not row.parent}
    above = {id(row): known.get((row.interface, _major(row.parent))) for row in rows if _is_below(row)}
    parents = {(one.interface, one.handle) for one in above.values() if one is not None}
    for row in rows:
        parent = above.get(id(row))
        inner = (row.interface, row.handle) in parents and (row.handle != "0:" or not row.parent)
        yield row, _place(row, parent), _place(parent, above.get(id(parent))) if parent else "", inner


def _is_below(row: Row) -> bool:
    return bool(row.parent) and row.kind not in FILTERS


def _major(parent: str) -> str:
    return f"{parent.partition(':')[0] or '0'}:"


def _place(row: Row, parent: Row | None) -> str:
    """Return `eth0/tx-3` for the discipline of a transmit queue, else `eth0/qdisc 8001:`.

    One that has no number of its own is called by its parent's class.
    """
    minor = row.parent.partition(":")[2]
    if parent is not None and parent.kind in SUMS and minor and int(minor, 16):
        return f"{row.interface}/tx-{int(minor, 16) - 1}"
    return f"{row.interface}/qdisc {row.parent if row.handle == '0:' and row.parent else row.handle}"


def _json(document: Document) -> Iterator[Row | Unread]:
    """Read `tc -j`: a list of disciplines."""
    for found in objects(document, dict[str, object], "a queueing discipline"):
        if isinstance(found, Unread):
            yield found
        else:
            yield _listed(found, document.of.get("interface", "")) or unread(document, 1, "not a queueing discipline")


def _listed(found: Mapping[str, object], interface: str) -> Row | None:
    kind, handle, parent = (str(found.get(key, "")) for key in ("kind", "handle", "parent"))
    interface = str(found.get("dev", interface))
    if not (kind and interface and _HANDLE.fullmatch(handle) and (not parent or _PARENT.fullmatch(parent))):
        return None
    given = found.get("options")
    options: dict[str, object] = given if isinstance(given, dict) else {}
    told = (
        f"{name} {spoken(8 * value) if name in _RATE_NAMES and _is_number(value) else value}"
        for name, value in options.items()
        if isinstance(value, (int, str))
    )
    row = Row(interface, kind, handle, parent, " ".join((kind, *told)), 1)
    row.numbers = {name: value for name, value in found.items() if _is_number(value)}
    limit = options.get("limit")
    row.limit = limit if _is_number(limit) else None
    rates = (options.get(name) for name in _RATE_NAMES)
    row.rate = next((8 * rate for rate in rates if _is_number(rate) and 0 < rate <= LARGEST // 8), None)
    return row


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _text(document: Document) -> Iterator[Row | Unread]:
    """Read `tc -s qdisc show`: the head of a discipline, then its numbers, indented."""
    row: Row | None = None
    for number, line in document.numbered():
        text = line.strip()
        if line.startswith("qdisc "):
            if row:
                yield row
            row = _head(text, document.of.get("interface", ""), number)
            if row is None:
                yield unread(document, number, "not the head of a queueing discipline of an interface")
        elif row and line[:1] in {" ", "\t"}:
            if text.startswith("Sent") and not _SENT.match(text):
                yield unread(document, number, "not what a queueing discipline sent and dropped")
            row.numbers = row.numbers | _counted(text)
    if row:
        yield row


def _counted(text: str) -> Numbers:
    found = {name: int(value) for name, value in _PAIR.findall(text)}
    sent, backlog = _SENT.match(text), _BACKLOG.search(text)
    if sent:
        found |= {name: int(value) for name, value in sent.groupdict().items() if value is not None}
    if backlog and (held := size(backlog["backlog"])) is not None:
        found |= {"backlog": held, "qlen": int(backlog["qlen"])}
    return {name: value for name, value in found.items() if value <= LARGEST}


def _head(text: str, interface: str, line: int) -> Row | None:
    match = _HEAD.match(text)
    interface = match["dev"] or interface if match else ""
    if match is None or not interface:
        return None
    row = Row(interface, match["kind"], match["handle"], match["parent"] or "", "", line)
    row.told = f"{row.kind} {_REFCNT.sub('', match['rest'] or '')}".strip()
    options = dict(_OPTION.findall(match["rest"] or ""))
    row.limit = size(options.get("limit", ""))
    row.rate = next((rate for name in _RATE_NAMES if (rate := bits(options.get(name, ""))) is not None), None)
    return row
