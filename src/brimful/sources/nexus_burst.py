"""Read the micro-bursts that a Cisco Nexus 9000 recorded: queues that rose above a threshold and fell below another.

`show queuing burst-detect detail | json`: TABLE_instance with if-str, queue, threshold, start-time, peak, peak-time,
end-depth, end-time and duration (Cisco Nexus 9000 Series NX-OS Command Reference; Quality of Service Configuration Guide,
"Micro-Burst Monitoring"), each table within that of its module where there are modules. Depths are bytes. Bursts shorter
than the platform's least interval (0.64 to 96 us) escape; one that lasts longer than 5 s is told before it has ended.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.evidence.burst import Burst
from brimful.evidence.clock import stamp
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.moment import Moment
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Origin, Unread
from brimful.evidence.scan import LONGEST_LINE
from brimful.roots.base import Document
from brimful.sources import SELDOM, source

REQUEST = "show queuing burst-detect detail {file}"
LEAST_NS = 96_000
"""The shortest burst that the slowest of these platforms (Nexus 9200) sees: which one it is, the record does not say."""

DEPTH = "switch.queue.depth"
RESOLUTION, FINENESS = "switch.queue.resolution_ns", "switch.queue.resolution_depth"
UNITS = {"ns": 1, "us": 1000, "usec": 1000, "ms": 10**6, "msec": 10**6, "s": 10**9, "sec": 10**9}

_DURATION = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*([a-z]{1,4})\s*")
_TIME = re.compile(r"\s*(\d{4})[/-](\d\d)[/-](\d\d)[ T](\d\d:\d\d:\d\d)(?:[:.](\d{1,9}))?\s*", re.ASCII)
_ABSENT = frozenset(("", "-", "--", "N/A", "n/a", "NA"))
_DEEPEST = 12
"""How many tables and replies may be around the rows."""

Cell = str | int | float | None


class _Row(msgspec.Struct, rename="kebab"):
    """One record; numbers come as numbers or as text."""

    if_str: str
    queue: Cell = None
    threshold: Cell = None
    start_time: Cell = None
    peak: Cell = None
    peak_time: Cell = None
    end_time: Cell = None
    duration: Cell = None


@source(
    REQUEST,
    looks_like=r'"ROW_instance"\s*:\s*\[?\s*\{\s*"if-str"\s*:',
    meanings=(DEPTH, RESOLUTION, FINENESS),
    every_s=SELDOM,
)
def nexus_burst(document: Document) -> Iterator[Item]:
    """Read the micro-bursts a Cisco Nexus switch recorded (burst-detect)."""
    text = bytes(document.data[document.start : document.end])
    at = 0
    try:
        rows = list(_rows(msgspec.json.decode(text, type=msgspec.Raw), 0))
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        yield Unread(Origin(document.file), f"no whole table of bursts: {error}")
        return
    for raw in rows:
        piece = bytes(raw)
        at = max(at, text.find(piece, at))
        shown = " ".join(piece[:LONGEST_LINE].decode(errors="replace").split())
        origin = document.origin_of(document.start + at, shown)
        at += len(piece)
        try:
            row = msgspec.json.decode(raw, type=_Row)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            yield Unread(origin, f"no record of a burst: {error}")
            continue
        yield from _burst(row, origin)


def _rows(raw: msgspec.Raw, depth: int) -> Iterator[msgspec.Raw]:
    """Yield the records, whatever is around them: tables of modules, replies of NX-API, lists of one."""
    first = bytes(raw).lstrip()[:1]
    if depth > _DEEPEST or first not in {b"{", b"["}:
        return
    if first == b"[":
        for inner in msgspec.json.decode(raw, type=list[msgspec.Raw]):
            yield from _rows(inner, depth + 1)
        return
    parts = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    if "if-str" in parts:
        yield raw
        return
    for inner in parts.values():
        yield from _rows(inner, depth + 1)


def _burst(row: _Row, origin: Origin) -> Iterator[Item]:
    peak, threshold = _bytes(row.peak), _bytes(row.threshold)
    depths = [depth for depth in (peak, threshold) if depth is not None]
    if not depths:
        yield Unread(origin, "a burst without a depth in bytes")
        return
    place = f"{row.if_str}/queue {_word(row.queue)}" if _word(row.queue) else row.if_str
    start, end = _moment(row.start_time), _moment(row.end_time)
    doubt = "" if peak is not None else "the peak is not told: it was at least the threshold"
    yield Burst(
        DEPTH,
        place,
        start,
        end,
        depths[0],
        origin,
        peak_at=_moment(row.peak_time),
        duration_ns=_ns(row.duration),
        source="nexus_burst",
        doubt=doubt,
    )
    yield Fact(RESOLUTION, place, LEAST_NS, origin, end)
    if threshold is not None:
        yield Fact(FINENESS, place, threshold, origin, end)


def _word(cell: Cell) -> str:
    text = "" if cell is None else str(cell).strip()
    return "" if text in _ABSENT else text


def _bytes(cell: Cell) -> int | None:
    return unsigned(_word(cell))


def _ns(cell: Cell) -> int | None:
    """Return a duration such as `206.46 us`."""
    match = _DURATION.fullmatch(_word(cell))
    if match is None or match[2] not in UNITS:
        return None
    return round(float(match[1]) * UNITS[match[2]])


def _moment(cell: Cell) -> Moment | None:
    """Return a time of the switch's clock, such as `2011/01/11 22:31:51:650929`; its zone is not told."""
    match = _TIME.fullmatch(_word(cell))
    return stamp(f"{match[1]}-{match[2]}-{match[3]}T{match[4]}.{match[5] or 0}") if match else None
