"""What snapshots show: each queue over time, the worst one first, and the bursts that were recorded."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import whole
from brimful.evidence.burst import Burst
from brimful.evidence.catching import Resolution
from brimful.evidence.evidence import Evidence
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import Moment, span
from brimful.monitor.dwell import Level, Window, levels

RESOLUTION, FINENESS = "switch.queue.resolution_ns", "switch.queue.resolution_depth"
TWICE = "{}: counted twice at the same time with different results: are these snapshots of several switches?"


class Measure(StrEnum):
    """What is counted, in the order of what matters first."""

    DEPTH = "depth"
    """How long a queue was how deep."""
    ARRIVALS = "arrivals"
    """How many packets found a queue how deep."""
    LATENCY = "latency"
    """How many packets waited how long."""
    SAMPLED = "sampled"
    """How long how much passed within one sample."""


class Queue(msgspec.Struct, frozen=True):
    """One queue and one kind of count. `top` is where its last range begins, `limit` what it may hold, where known.

    `highest` is the greatest depth, where that is known finer than by range; `deepest` is the greatest depth it reached for certain, `peak` what was counted there, `worst` the window in which it
    reached it for longest. `total`, `peak` and the levels are nanoseconds, or packets where `timed` is false.
    """

    place: str
    meaning: str
    measure: Measure
    timed: bool
    windows: tuple[Window, ...]
    levels: tuple[Level, ...]
    total: int
    deepest: int
    top: int
    peak: Level
    worst: Window
    limit: int | None = None
    highest: int | None = None

    @property
    def unit(self) -> str:
        """Of depths."""
        return MEANINGS[self.meaning].unit

    @property
    def share(self) -> float:
        """The greatest depth as a share of the limit, or of where the last range begins when that is not known."""
        whole_of = self.limit or self.top
        return (self.highest or self.deepest) / whole_of if whole_of else 0.0

    @property
    def resolution(self) -> Resolution:
        """What the counts of this queue can miss: between samples, below the first range, between the windows."""
        histograms = [one for window in self.windows for one in window.histograms]
        step = max(one.sample_ns for one in histograms)
        depth = min((one.lows[1] for one in histograms if len(one.lows) > 1), default=0)
        return Resolution(step if step > 1 else 0, depth, self._gap_ns())

    def _gap_ns(self) -> int:
        """Return the longest time between the end of a window and the begin of the next."""
        longest, until = 0, None
        for window in self.windows:
            if window.begin is None or window.end is None:
                continue
            if until is not None:
                longest = max(longest, window.begin.ns - until)
            until = window.end.ns if until is None else max(until, window.end.ns)
        return longest


class View(msgspec.Struct, frozen=True):
    """All there is to show: queues, the worst first; bursts in the order of time.

    `places` are all that were found, also those that were not asked for. `remarks` say what makes it doubtful.
    """

    queues: tuple[Queue, ...]
    bursts: tuple[Burst, ...]
    places: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    resolutions: tuple[tuple[str, Resolution], ...] = ()
    """Of queues with bursts and no histograms, as their records say it, with the unit."""

    @property
    def span(self) -> tuple[Moment, Moment] | None:
        """The first and the last moment that anything speaks of."""
        ends = [at for one in self.queues for window in one.windows for at in (window.begin, window.end)]
        ends += [at for one in self.bursts for at in (one.start, one.end)]
        return span(ends)


def view(
    evidence: Evidence,
    patterns: Sequence[str] = (),
    begin: Moment | None = None,
    until: Moment | None = None,
) -> View:
    """Return what the histograms and bursts show of queues whose places match any pattern, from one moment to another."""
    histograms = evidence.histograms(*MEANINGS)
    bursts = evidence.bursts(*MEANINGS)
    wanted = [one for one in histograms if _wanted(one.place, patterns) and _within(one.begin, one.end, begin, until)]
    found = [one for one in bursts if _wanted(one.place, patterns) and _within(one.start, one.end, begin, until)]
    found.sort(key=lambda one: one.start.ns if one.start else -1)
    remarks: dict[str, None] = {}
    if (begin or until) and any(one.end is None for one in histograms):
        remarks["what has no time inside is left out, since a time was asked for"] = None
    queues = [_queue(place, same, evidence, remarks) for (place, _, _), same in _by_queue(wanted).items()]
    queues.sort(key=_badness)
    remarks.update(
        dict.fromkeys([one.doubt for one in wanted if one.doubt] + [one.doubt for one in found if one.doubt])
    )
    if any(not at.zone_known for one in wanted for at in (one.end,) if at):
        remarks["the times name no zone: taken for UTC"] = None
    places = dict.fromkeys([one.place for one in histograms] + [one.place for one in bursts])
    return View(tuple(queues), tuple(found), tuple(places), tuple(remarks), _resolutions(evidence, found, queues))


def _wanted(place: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(place, one) or fnmatchcase(whole(place), one) for one in patterns)


def _within(first: Moment | None, last: Moment | None, begin: Moment | None, until: Moment | None) -> bool:
    """Whether a time is touched by what was asked for; what has no time is not, unless nothing was."""
    if begin is None and until is None:
        return True
    last = last or first
    first = first or last
    if first is None or last is None:
        return False
    return (begin is None or last.ns >= begin.ns) and (until is None or first.ns < until.ns)


def _by_queue(histograms: Iterable[Histogram]) -> dict[tuple[str, str, bool], list[Histogram]]:
    found: dict[tuple[str, str, bool], list[Histogram]] = {}
    for one in histograms:
        if one.total and one.lows:
            found.setdefault((one.place, one.meaning, bool(one.sample_ns)), []).append(one)
    return found


def _queue(place: str, histograms: list[Histogram], evidence: Evidence, remarks: dict[str, None]) -> Queue:
    windows = _windows(place, histograms, remarks)
    curve = levels(windows)
    deepest = max(window.deepest or 0 for window in windows)
    first = histograms[0]
    return Queue(
        place,
        first.meaning,
        _measure(first),
        bool(first.sample_ns),
        windows,
        curve,
        sum(window.total for window in windows),
        deepest,
        max(one.lows[-1] for one in histograms),
        next(level for level in curve if level.depth == deepest),
        max(windows, key=lambda window: window.at_least(deepest)),
        _limit(histograms, evidence),
        max((one.peak for one in histograms if one.peak is not None), default=None),
    )


def _windows(place: str, histograms: list[Histogram], remarks: dict[str, None]) -> tuple[Window, ...]:
    """Put together what was read at once; the same read twice, from two copies of a file, is left out once."""
    found: dict[object, dict[tuple[tuple[int, ...], int], Histogram]] = {}
    extra = []
    for one in histograms:
        same = found.setdefault(one.end.ns if one.end else one.origin.file, {})
        known = same.setdefault((one.lows, one.sample_ns), one)
        if known is not one and (one.end is None or known.counts != one.counts):
            extra.append(Window((one,)))
            if one.end is not None:
                remarks[TWICE.format(place)] = None
    windows = [Window(tuple(same.values())) for same in found.values()]
    return tuple(sorted([*windows, *extra], key=lambda window: window.end.ns if window.end else -1))


def _measure(one: Histogram) -> Measure:
    if one.meaning.startswith("switch.queue.sampled_"):
        return Measure.SAMPLED
    if MEANINGS[one.meaning].unit == "ns":
        return Measure.LATENCY
    return Measure.DEPTH if one.sample_ns else Measure.ARRIVALS


def _limit(histograms: list[Histogram], evidence: Evidence) -> int | None:
    """Return what a queue may hold: as its histograms say, as it was read last, or as its bursts say."""
    meaning, place = histograms[0].meaning, histograms[0].place
    told = [one.limit for one in histograms if one.limit]
    if told:
        return told[-1]
    limit = MEANINGS[meaning].limit
    if not limit:
        return None
    known = [reading.last for reading in evidence.readings(limit, place=place) if reading.series.place == place]
    known += [one.limit for one in evidence.bursts(meaning, place=place) if one.limit]
    return next((one for one in known if one), None)


def _badness(queue: Queue) -> tuple[int, float, int, str]:
    order = list(Measure).index(queue.measure)
    return order, -queue.share, -queue.peak.least, queue.place


def _resolutions(evidence: Evidence, bursts: list[Burst], queues: list[Queue]) -> tuple[tuple[str, Resolution], ...]:
    counted = {queue.place for queue in queues}
    found = []
    for place, unit in {one.place: MEANINGS[one.meaning].unit for one in bursts if one.place not in counted}.items():
        step, depth = evidence.fact(RESOLUTION, place), evidence.fact(FINENESS, place)
        if step is not None and isinstance(step.value, int):
            fine = depth.value if depth is not None and isinstance(depth.value, int) else 1
            found.append((unit, Resolution(step.value, fine)))
    return tuple(found)
