"""How long a queue was how deep: counts in ranges of depth, and what they prove.

A switch samples each queue every so many nanoseconds and counts in which of ten ranges its depth was (NVIDIA Cumulus
Linux documentation, "ASIC Monitoring"). Each count is a time: count x sample time. Between the samples nothing is known,
and within a range the depth is not known either: what is said of times is therefore said as bounds.
"""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin

BINS = 10
"""Ranges of the histograms of a switch ASIC."""

RANGES = 8
"""Of these, so many are of equal width."""

OPEN = "*"
"""How the upper bound of the last range is written."""


class Histogram(msgspec.Struct, frozen=True):
    """Counts by range of depth.

    `meaning` is a level of `brimful.chain.meaning` (`switch.queue.depth`, `qdisc.queue.bytes`, ...), `place` the queue
    (`swp1/tc 0`). `lows` holds the lower bound of each range in the meaning's unit, ascending from 0; the last range is
    open. `counts` has one number for each range.

    `sample_ns` is the time one count stands for: 1 where times were measured (counts are nanoseconds then), the sampling
    time where a device sampled, 0 where counts are events (packets by the depth they found), which are no times.
    `begin` and `end` are when counting began and ended, where known. `doubt` is printed with everything concluded from it.
    `peak` is the greatest depth, where it is known finer than by range, `limit` what the queue may hold, where that is.
    """

    meaning: str
    place: str
    lows: tuple[int, ...]
    counts: tuple[int, ...]
    sample_ns: int
    begin: Moment | None
    end: Moment | None
    origin: Origin
    source: str = ""
    doubt: str = ""
    peak: int | None = None
    limit: int | None = None

    @property
    def total(self) -> int:
        """All counts."""
        return sum(self.counts)

    @property
    def window_ns(self) -> int:
        """How long was really counted: from the counts, for timers are late. 0 where counts are no times."""
        return self.total * self.sample_ns

    def highs(self) -> tuple[int | None, ...]:
        """Return the last value of each range; None for the open one."""
        return (*(low - 1 for low in self.lows[1:]), None)

    def labels(self) -> tuple[str, ...]:
        """Return the ranges as the snapshot files name them: `0:959`, ... `13248:*`."""
        return tuple(
            f"{low}:{OPEN if high is None else high}" for low, high in zip(self.lows, self.highs(), strict=True)
        )

    def bin_of(self, depth: int) -> int:
        """Return the range a depth is in."""
        return bisect_right(self.lows, depth) - 1

    def at_least(self, depth: int) -> "Bounds":
        """Return how much was counted at or above a depth: at least, and at most."""
        certain = sum(count for low, count in zip(self.lows, self.counts, strict=True) if low >= depth)
        possible = sum(self.counts[self.bin_of(depth) :]) if depth >= 0 else self.total
        return Bounds(certain, max(possible, certain))

    def deepest(self) -> int | None:
        """Return the lower bound of the deepest range that holds anything; None when nothing was counted."""
        filled = [low for low, count in zip(self.lows, self.counts, strict=True) if count]
        return filled[-1] if filled else None


class Bounds(msgspec.Struct, frozen=True):
    """At least, and at most."""

    least: int
    most: int


class Dwell(msgspec.Struct, frozen=True):
    """Which share of the time a queue was at or above a depth: hard bounds, 0 to 1."""

    depth: int
    least: float
    most: float


def asic_lows(minimum: int, size: int, cell: int) -> tuple[int, ...]:
    """Return the lower bounds of the ten ranges that an ASIC makes of a configuration; all in bytes.

    It counts in cells and rounds down: Spectrum-1 has 96 bytes, Spectrum-2 and 3 144, Spectrum-4 192. `ValueError`
    when a range would be less than a cell wide.
    """
    low = minimum // cell * cell
    width = size // cell // RANGES * cell
    if width <= 0:
        raise ValueError(f"a size of {size} bytes is less than {RANGES} cells of {cell} bytes")
    return (0, *(low + step * width for step in range(RANGES + 1)))


def stitched(histograms: Sequence[Histogram], depth: int) -> Dwell:
    """Return which share of its time one queue was at or above a depth, by histograms of different ranges.

    Each of them has counted something, over one and the same window. They are joined where each is surest: the greatest
    lower and the least upper bound. Where these contradict each other, because the windows were not quite the same, the
    bounds are those of all together.
    """
    found = [(one.at_least(depth), one.total) for one in histograms]
    least = [bounds.least / total for bounds, total in found]
    most = [bounds.most / total for bounds, total in found]
    low, high = max(least), min(most)
    return Dwell(depth, low, high) if low <= high else Dwell(depth, min(least), max(most))


def merged(histograms: Sequence[Histogram]) -> Histogram:
    """Return the sum of histograms of one queue with the same ranges; `ValueError` when they differ."""
    first = histograms[0]
    if any(
        (one.lows, one.sample_ns, one.meaning) != (first.lows, first.sample_ns, first.meaning) for one in histograms
    ):
        raise ValueError("histograms of different ranges cannot be added up")
    counts = tuple(map(sum, zip(*(one.counts for one in histograms), strict=True)))
    return msgspec.structs.replace(first, counts=counts, end=histograms[-1].end)
