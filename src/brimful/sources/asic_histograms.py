"""Read the snapshot files of asic-monitor, and of `brimful monitor`: how long each queue was how deep, and counters beside.

Three shapes of them are public. NVIDIA Cumulus Linux, "ASIC Monitoring", shows counts by the number of the range
(`{"histogram_info": {"swp1": {"0": 64578}}}`, later a traffic class between); newer switches write the ranges themselves
(`{"histogram_tc_info": {"swp1": {"0": {"data": {"0:959": 976562, ...}}}}}`); scripts put several into one list.

The time inside is that of the reading, which takes less than a millisecond: what is counted lies before it, and is as long
as the counts say (counts x sample time), not as the timer. Counts of latencies are packets (inference: the documentation
says that a class that sends none counts none). For the other kinds of data no names are documented: they are told by
their words, with a doubt.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.evidence.asic_ranges import SAMPLE_NS, Ranges, in_order, ranges
from brimful.evidence.clock import stamp
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin, Unread
from brimful.evidence.samples import Samples
from brimful.evidence.scan import LONGEST_LINE
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import SELDOM, source

CONF = "/etc/cumulus/datapath/monitor.conf"
MOST_BYTES = 64 << 20
"""A snapshot of 128 ports with 16 classes is a megabyte; what is so much longer is none."""
LONGEST_NS = 30 * 86400 * SECOND
"""Counts that stand for more than a month are no time between two readings: the longest timer is a week."""
LONGEST_READING_NS = SECOND // 10
"""A reading takes less: 0.8 ms in the documentation."""

LONGEST_NAME = 80
"""Bytes of a number and its name that are shown."""
DEEPEST = 8
"""Keys from a port to its numbers."""

DEPTH, LATENCY, POOL = "switch.queue.depth", "switch.queue.latency", "switch.pool.level"
SAMPLED = {"byte": "switch.queue.sampled_bytes", "crc": "switch.queue.sampled_errors"}
PACKETS = "switch.queue.sampled_packets"
OURS = ("qdisc.queue.backlog", "qdisc.queue.length", "qdisc.queue.latency")
"""Levels of Linux queues, as `brimful monitor` names them beside the counts."""
COUNTED = (DEPTH, LATENCY, POOL, PACKETS, *SAMPLED.values(), *OURS)
"""All that a histogram may be of."""
DEPTHS = (DEPTH, POOL, "qdisc.queue.backlog", "qdisc.queue.length")
RESOLUTION, FINENESS = "switch.queue.resolution_ns", "switch.queue.resolution_depth"

_UNTOLD = f"the sampling time is not told: taken for {SAMPLE_NS} ns, which is the documented default"
_NAMES = "no names of asic-monitor are documented for this: taken for it by the words in its name"

_COMMA = re.compile(rb",(\s*[}\]])")
_KINDS = {
    "pg": (POOL, "pg", ("histogram_pg",)),
    "counter": ("", "", ("histogram_counter",)),
    "latency": (LATENCY, "tc", ("histogram_latency",)),
    "": (DEPTH, "tc", ("histogram", "histogram_tc")),
}
"""What a kind of histogram counts, what its places are called, and its `stat_type`s; the last one is any other."""

_Tree = dict[str, msgspec.Raw]


class _Times(msgspec.Struct):
    """`timestamp_info`. `sequence` is written by `brimful monitor` only, whose times are UTC."""

    start_datetime: str = ""
    end_datetime: str = ""
    sequence: int | None = None


class _Span(msgspec.Struct, frozen=True):
    """When a reading began and ended, and whether it was one of `brimful monitor`."""

    start: Moment | None
    end: Moment | None
    ours: bool


class _Counted(msgspec.Struct):
    """What was counted in each range, and the time of one count."""

    counts: list[int]
    sample_time_ns: int


class _Entry(msgspec.Struct):
    """The histogram of one port and class. All but `data` is written by `brimful monitor` only.

    Where it counted something else than the samples of a switch, that is in `counted`. `peak` is the greatest depth in
    bytes, `backlog_limit` what the queue may hold.
    """

    data: dict[str, int]
    sample_time_ns: int | None = None
    counted: _Counted | None = None
    meaning: str = ""
    doubt: str = ""
    peak: int | None = None
    backlog_limit: int | None = None
    more: list["_Entry"] = []


class _Kind(msgspec.Struct, frozen=True):
    """What holds for all histograms of one kind in one snapshot."""

    name: str
    meaning: str
    part: str
    known: Ranges

    def sampling(self, told: int | None) -> tuple[int, str]:
        """Return the time of one count and the doubt about it."""
        if told is not None:
            return told, ""
        if self.meaning == LATENCY or "arrivals" in self.name:
            return 0, ""
        return (self.known.sample_ns, "") if self.known.sample_ns else (SAMPLE_NS, _UNTOLD)


@source(
    "asic-monitor snapshot {file}",
    "/var/lib/cumulus/{kind}_stats_{number}",
    "/run/cumulus/{kind}_stats_{number}",
    looks_like=r'"(?:timestamp_info|histogram_(?:info(?:_[a-z]{1,10})?|[a-z]{1,10}_info))"\s*:',
    meanings=(
        *COUNTED,
        RESOLUTION,
        FINENESS,
        "switch.queue.peak",
        "switch.queue.dropped",
        "switch.queue.pause_received",
        "switch.pool.peak",
        "switch.pool.dropped",
        "switch.pool.pause_sent",
        "nic.unmapped",
    ),
    every_s=SELDOM,
    beside=(CONF,),
)
def asic_histograms(document: Document) -> Iterator[Item]:
    """Read histograms and counters of a switch's queues (snapshot files of asic-monitor)."""
    if document.end - document.start > MOST_BYTES:
        yield Unread(Origin(document.file), f"longer than {MOST_BYTES >> 20} MiB: no snapshot")
        return
    text = bytes(document.data[document.start : document.end])
    if not text.strip():
        yield Unread(Origin(document.file), "the snapshot is empty")
        return
    try:
        text, snapshots = _snapshots(text)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        yield Unread(Origin(document.file), f"no whole snapshot: {error}")
        return
    at = 0
    for raw in snapshots:
        at = max(at, text.find(bytes(raw), at))
        kinds = _tree(raw)
        if kinds is None:
            yield Unread(document.origin_of(document.start + at, ""), "no snapshot: not an object")
        else:
            yield from _Snapshot(document, text, at, _times(kinds.pop("timestamp_info", None))).items(kinds)


def _snapshots(text: bytes) -> tuple[bytes, list[msgspec.Raw]]:
    """Return the snapshots of a file, and its text with blanks for commas before a closing bracket, as in documents."""
    try:
        found = msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError:
        text = _COMMA.sub(rb" \1", text)
        found = msgspec.json.decode(text, type=msgspec.Raw)
    several = bytes(found).lstrip()[:1] == b"["
    return text, msgspec.json.decode(found, type=list[msgspec.Raw]) if several else [found]


class _Snapshot:
    """One snapshot: its items, and where in the file each is."""

    def __init__(self, document: Document, text: bytes, at: int, times: _Span) -> None:
        self._document = document
        self._text = text
        self._at = at
        self._times = times
        self._samples = Samples(self._origin_at, times.end or times.start, document.boot)
        self._told: set[str] = set()

    def items(self, kinds: _Tree) -> Iterator[Item]:
        """Yield all of it."""
        for name, part in kinds.items():
            self._go_to(name)
            ports = _tree(part) if name.endswith("_info") or "_info_" in name else None
            kind = self._kind(name)
            for port, inner in (ports or {}).items():
                self._go_to(port)
                if name.startswith("histogram"):
                    yield from self._histograms(kind, port, inner)
                elif not self._times.ours:  # those have a driver's names: a recording tells what they mean
                    yield from self._numbers(name, port, (), inner)
        yield from self._samples.frames()

    def _kind(self, name: str) -> _Kind:
        words = name.split("_")
        meaning, part, kinds = next(known for word, known in _KINDS.items() if word in words or not word)
        known = ranges(self._document.beside, self._document.file, kinds)
        # a counter is not counted in cells
        return _Kind(name, meaning, part, known if part else msgspec.structs.replace(known, minimum=None, size=None))

    def _histograms(self, kind: _Kind, port: str, inner: msgspec.Raw) -> Iterator[Item]:
        if _counts(inner) is not None:  # the oldest files have no class
            yield from self._histogram(kind, port, "", inner)
            return
        classes = _tree(inner)
        if classes is None:
            yield from self._unread(self._origin(inner), f"{kind.name}: no histograms")
            return
        for index, entry in classes.items():
            self._go_to(index)
            yield from self._histogram(kind, port, index, entry)

    def _histogram(self, kind: _Kind, port: str, index: str, raw: msgspec.Raw) -> Iterator[Item]:
        counts = _counts(raw)
        entry = _Entry(counts) if counts is not None else _entry(raw)
        origin = self._origin(raw)
        if entry is None:
            yield from self._unread(origin, f"{kind.name}: no counts by range")
            return
        for one in (entry, *entry.more):
            yield from self._one(kind, port, index, one, origin)

    def _one(self, kind: _Kind, port: str, index: str, entry: _Entry, origin: Origin) -> Iterator[Item]:
        meaning = entry.meaning if entry.meaning in COUNTED else kind.meaning or _of_counter(index)
        try:
            data, told = _counted(entry)
            lows, counts, doubt = in_order(data, kind.known)
        except ValueError as error:
            yield from self._unread(origin, f"{kind.name}: {error}")
            return
        if not all(0 <= count <= LARGEST for count in counts) or (told is not None and not 0 <= told <= LONGEST_NS):
            yield from self._unread(origin, f"{kind.name}: not unsigned 64-bit numbers")
            return
        sample_ns, untold = kind.sampling(told)
        named = f"{kind.part} {index}" if kind.part and index.isdecimal() else index
        place = f"{port}/{named}" if index not in {"", "port"} else port
        begin, end = _window(self._times, sum(counts) * sample_ns)
        doubts = "; ".join(filter(None, (entry.doubt[:LONGEST_LINE], doubt, untold)))
        peak, limit = (_depth(told) for told in (entry.peak, entry.backlog_limit))
        yield Histogram(
            meaning, place, lows, counts, sample_ns, begin, end, origin, "asic_histograms", doubts, peak, limit
        )
        if sample_ns and meaning in DEPTHS:
            yield Fact(RESOLUTION, place, sample_ns if sample_ns > 1 else 0, origin, end)
            yield Fact(FINENESS, place, lows[1], origin, end)

    def _numbers(self, kind: str, port: str, path: tuple[str, ...], raw: msgspec.Raw) -> Iterator[Item]:
        """Take in numbers of a kind whose names are not documented, at any depth."""
        inner = _tree(raw)
        if inner is None or len(path) == DEEPEST:
            value = _number(raw)
            if value is not None and path:
                yield from self._number(kind, port, path, value, raw)
            return
        for name, part in inner.items():
            self._go_to(name)
            yield from self._numbers(kind, port, (*path, name), part)

    def _number(self, kind: str, port: str, path: tuple[str, ...], value: int, raw: msgspec.Raw) -> Iterator[Item]:
        name = " ".join((kind.removesuffix("_info"), *path))
        words = set(re.split(r"[^a-z0-9]+", " ".join(path).lower()))
        part = _part(path, words)
        meaning = _meaning(words)
        series = Series(meaning, f"{port}/{part}" if part else port, name, "asic_histograms", doubt=_NAMES)
        if meaning:
            self._samples.add(_levelled(series), value, self._document.start + self._at)
        elif value and words & {"discard", "discards", "drop", "drops", "dropped"}:
            yield Fact("nic.unmapped", f"{port}/{name}", f"{name} {value}", self._origin(raw))

    def _go_to(self, key: str) -> None:
        """Go on to where a key is written: keys come in the order of the file."""
        found = self._text.find(f'"{key}"'.encode(errors="replace"), self._at)
        self._at = found + 1 if found >= 0 else self._at

    def _origin_at(self, offset: int) -> Origin:
        begin = offset - self._document.start
        text = self._text[begin : begin + LONGEST_NAME].decode(errors="replace")
        return self._document.origin_of(offset, " ".join(text.split()))

    def _origin(self, raw: msgspec.Raw) -> Origin:
        """Return where a value is, and go on behind it."""
        piece = bytes(raw)
        found = self._text.find(piece, self._at)
        begin = found if found >= 0 else self._at
        self._at = found + len(piece) if found >= 0 else self._at
        text = " ".join(piece[:LONGEST_LINE].decode(errors="replace").split())
        return self._document.origin_of(self._document.start + begin, text)

    def _unread(self, origin: Origin, why: str) -> Iterator[Unread]:
        """Yield what could not be read and why; what is wrong with every port is told once."""
        if why not in self._told:
            self._told.add(why)
            yield Unread(origin, why)


def _tree(raw: msgspec.Raw) -> _Tree | None:
    try:
        return msgspec.json.decode(raw, type=_Tree)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def _counts(raw: msgspec.Raw) -> dict[str, int] | None:
    try:
        return msgspec.json.decode(raw, type=dict[str, int]) or None
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def _entry(raw: msgspec.Raw) -> _Entry | None:
    try:
        return msgspec.json.decode(raw, type=_Entry)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def _counted(entry: _Entry) -> tuple[dict[str, int], int | None]:
    """Return counts by range and the time of one; `ValueError` where not each range has its count."""
    if entry.counted is None:
        return entry.data, entry.sample_time_ns
    if len(entry.counted.counts) != len(entry.data):
        raise ValueError("not a count for each range")
    return dict(zip(entry.data, entry.counted.counts, strict=True)), entry.counted.sample_time_ns


def _depth(told: int | None) -> int | None:
    return told if told is not None and 0 <= told <= LARGEST else None


def _number(raw: msgspec.Raw) -> int | None:
    """Return an unsigned 64-bit number, printed as such or as a text."""
    try:
        value = msgspec.json.decode(raw, type=int, strict=False)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    return value if 0 <= value <= LARGEST else None


def _times(raw: msgspec.Raw | None) -> _Span:
    try:
        times = msgspec.json.decode(raw, type=_Times) if raw is not None else _Times()
    except (msgspec.MsgspecError, RecursionError, ValueError):
        times = _Times()
    ours = times.sequence is not None
    moments = [stamp(text.strip()) for text in (times.start_datetime, times.end_datetime)]
    start, end = [one and msgspec.structs.replace(one, zone_known=one.zone_known or ours) for one in moments]
    return _Span(start, end, ours)


def _window(times: _Span, window_ns: int) -> tuple[Moment | None, Moment | None]:
    """Return when counting began and ended, so that it is as long as the counts say.

    Where the two times are as far apart, they are those of the counting (`brimful monitor`), else those of the reading.
    """
    start, end = times.start, times.end or times.start
    if end is None:
        return None, None
    if start is not None and end.ns - start.ns >= (window_ns // 2 or LONGEST_READING_NS):
        return start, end
    if not 0 < window_ns <= LONGEST_NS:
        return None, end
    return msgspec.structs.replace(end, ns=end.ns - window_ns), end


def _of_counter(index: str) -> str:
    """Return what a histogram of a counter (`tx-byte`, `rx_packet`, `crc`) counts."""
    return next((meaning for word, meaning in SAMPLED.items() if word in index), PACKETS)


def _part(path: tuple[str, ...], words: set[str]) -> str:
    """Return the traffic class or priority group that a path of keys leads to."""
    index = next((key for key in path if key.isdecimal()), "")
    if not index:
        return ""
    return f"pg {index}" if words & {"pg", "ingress", "rx"} else f"tc {index}"


def _meaning(words: set[str]) -> str:
    """Return what the words of a name mean; nothing where they are not clear."""
    pool = bool(words & {"pg", "ingress", "pool", "rx"})
    if words & {"desc", "descriptor", "descriptors"}:
        return ""
    if words & {"watermark", "max"}:
        return "switch.pool.peak" if pool else "switch.queue.peak"
    if words & {"current", "curr", "occupancy"}:
        return POOL if pool else DEPTH
    if words & {"discard", "discards"} and "buffer" in words:
        return "switch.queue.dropped" if "tx" in words else "switch.pool.dropped"
    if "pause" in words and words & {"packet", "packets"}:
        return "switch.pool.pause_sent" if "tx" in words else "switch.queue.pause_received"
    return ""


def _levelled(series: Series) -> Series:
    """Levels do not wrap."""
    level = series.meaning in {DEPTH, POOL, "switch.queue.peak", "switch.pool.peak"}
    return msgspec.structs.replace(series, width_bits=0) if level else series
