"""Read the congestion that an Arista switch recorded (LANZ): queues that grew long, for how long, and which ports fed them.

`show queue-monitor length | json`, also as eAPI returns it. Arista EOS manual, "Latency Analyzer (LANZ)"; names of the
fields as in aristanetworks/goeapi's users. A start (S), updates each 5 s (U) and an end (E) are one burst. Where the
platform polls (P), only the most congested queue of each chip is recorded, every 800 us. `queueLength` counts segments of
`bytesPerTxmpSegment` bytes; platform Sand (Arad, Jericho) prints bytes.
"""

from collections.abc import Iterator

import msgspec

from brimful.evidence.burst import Burst
from brimful.evidence.event import Event, Fact
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin, Unread
from brimful.evidence.scan import LONGEST_LINE
from brimful.roots.base import Document
from brimful.sources import SELDOM, source

REQUEST = "show queue-monitor length {file}"
POLL_NS = 800_000
IN_BYTES = frozenset(("Sand",))
"""Platforms whose lengths are bytes already."""
FIRST_US, LAST_US = 10**14, 9 * 10**15
"""Microseconds since 1970 that are a date of a switch's life: 1973 to 2255."""

DEPTH, RESOLUTION, TOLD = "switch.queue.depth", "switch.queue.resolution_ns", "switch.queue.drops_told"

_POLLED = "only the most congested queue of each chip is recorded, every 800 us"
_BYTES = "lengths of platform Sand are taken for bytes, as the heading of its table says, not for segments"


class _Entry(msgspec.Struct, rename="camel"):
    """One line of the table."""

    interface: str
    entry_time_usecs: int | None = None
    entry_time: float | None = None
    entry_type: str = ""
    queue_length: int | None = None
    traffic_class: int | None = None
    duration_usecs: int | None = None
    ingress_port_set: list[str] = []
    tx_drops: int | None = None

    @property
    def place(self) -> str:
        """The queue, or the port where no class is told."""
        return self.interface if self.traffic_class is None else f"{self.interface}/tc {self.traffic_class}"

    @property
    def at(self) -> Moment | None:
        """When, by the finest of its times; None for what is no date."""
        us = self.entry_time_usecs
        if us is None or not FIRST_US <= us < LAST_US:
            us = round(self.entry_time * 1e6) if self.entry_time and abs(self.entry_time) < LAST_US else 0
        return Moment(us * 1000) if FIRST_US <= us < LAST_US else None

    @property
    def ended(self) -> Moment | None:
        """When a polled one was over: its time is the start (inference: start and duration of several end together)."""
        at = self.at
        return Moment(at.ns + (self.duration_usecs or 0) * 1000) if at else None

    @property
    def sane(self) -> bool:
        """Whether no number is negative or too wide."""
        numbers = (self.queue_length, self.traffic_class, self.duration_usecs, self.tx_drops)
        long = self.duration_usecs is not None and self.duration_usecs > LAST_US
        return not long and all(number is None or 0 <= number <= LARGEST for number in numbers)


class _Report(msgspec.Struct, rename="camel"):
    """What the command prints."""

    entry_list: list[msgspec.Raw] = []
    bytes_per_txmp_segment: int = 0
    lanz_enabled: bool = True
    platform_name: str = ""


class _Reply(msgspec.Struct):
    """What eAPI wraps around it."""

    result: list[msgspec.Raw]


@source(
    REQUEST,
    looks_like=r'"(?:bytesPerTxmpSegment|lanzEnabled)"\s*:',
    meanings=(DEPTH, RESOLUTION, TOLD),
    every_s=SELDOM,
)
def lanz(document: Document) -> Iterator[Item]:
    """Read the congestion an Arista switch recorded (LANZ)."""
    text = bytes(document.data[document.start : document.end])
    try:
        reports = list(_reports(text))
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        yield Unread(Origin(document.file), f"no whole report of queue lengths: {error}")
        return
    for report in reports:
        yield from _Bursts(document, text, report).items()


def _reports(text: bytes) -> Iterator[_Report]:
    """Yield the reports in a reply of eAPI, or the one that stands for itself."""
    outer = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    inner = msgspec.json.decode(text, type=_Reply).result if "result" in outer else [msgspec.Raw(text)]
    for raw in inner:
        if "entryList" in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]):
            yield msgspec.json.decode(raw, type=_Report)


class _Bursts:
    """Puts the entries of one report together."""

    def __init__(self, document: Document, text: bytes, report: _Report) -> None:
        self._document = document
        self._text = text
        self._report = report
        self._bytes = report.platform_name in IN_BYTES
        self._factor = 1 if self._bytes else report.bytes_per_txmp_segment
        self._doubt = _BYTES if self._bytes else ""

    def items(self) -> Iterator[Item]:
        """Yield bursts in order of time, drops that were told, and what could not be read."""
        entries: list[tuple[_Entry, Origin]] = []
        at = 0
        for raw in self._report.entry_list:
            piece = bytes(raw)
            at = max(at, self._text.find(piece, at))
            origin = self._document.origin_of(self._document.start + at, _one_line(piece))
            at += len(piece)
            try:
                entry = msgspec.json.decode(raw, type=_Entry)
            except (msgspec.MsgspecError, RecursionError, ValueError) as error:
                yield Unread(origin, f"no entry of a queue: {error}")
                continue
            why = self._wrong(entry)
            if why:
                yield Unread(origin, why)
            else:
                entries.append((entry, origin))
        entries.sort(key=lambda one: one[0].at.ns if one[0].at else -1)  # the latest is printed first
        yield from self._joined(entries)

    def _wrong(self, entry: _Entry) -> str:
        if not entry.sane:
            return "not unsigned 64-bit numbers"
        if entry.queue_length is not None and (self._factor <= 0 or entry.queue_length * self._factor > LARGEST):
            return "a length in segments, and how long a segment is is not told"
        return "" if entry.queue_length is not None or entry.tx_drops is not None else "neither a length nor drops"

    def _joined(self, entries: list[tuple[_Entry, Origin]]) -> Iterator[Item]:
        open_: dict[str, list[tuple[_Entry, Origin]]] = {}
        polled: dict[str, Origin] = {}
        for entry, origin in entries:
            if entry.queue_length is None:
                yield Event(TOLD, entry.place, entry.at, origin, {"packets": entry.tx_drops or 0})
            elif entry.entry_type == "P":
                polled[entry.place] = origin
                yield self._burst([(entry, origin)], entry.ended, _POLLED)
            else:
                if entry.entry_type == "S" and entry.place in open_:
                    yield self._burst(open_.pop(entry.place), None)
                open_.setdefault(entry.place, []).append((entry, origin))
                if entry.entry_type == "E":
                    yield self._burst(open_.pop(entry.place), entry.at)
        for parts in open_.values():
            yield self._burst(parts, None)
        for place, origin in polled.items():
            yield Fact(RESOLUTION, place, POLL_NS, origin)

    def _burst(self, parts: list[tuple[_Entry, Origin]], end: Moment | None, doubt: str = "") -> Burst:
        """Return one burst; what began before the report has no start.

        Whether drops are told since the start or since the update before is not documented: the most is at least lost.
        """
        first, last = parts[0][0], parts[-1][0]
        top, origin = max(parts, key=lambda one: one[0].queue_length or 0)
        started = first.entry_type in {"S", "P"}
        told = [entry.tx_drops for entry, _ in parts if entry.tx_drops is not None]
        fed_by = dict.fromkeys(port for entry, _ in parts for port in entry.ingress_port_set)
        return Burst(
            DEPTH,
            first.place,
            first.at if started else None,
            end,
            (top.queue_length or 0) * self._factor,
            origin,
            peak_at=top.at,
            duration_ns=last.duration_usecs * 1000 if last.duration_usecs else None,
            dropped=max(told, default=None),
            fed_by=tuple(fed_by),
            source="lanz",
            doubt="; ".join(filter(None, (doubt, self._doubt))),
        )


def _one_line(text: bytes) -> str:
    return " ".join(text[:LONGEST_LINE].decode(errors="replace").split())
