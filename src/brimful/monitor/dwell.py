"""How long a queue was at or above each depth, over all windows in which it was counted.

Histograms whose windows are the same are stitched: each says of a depth that the queue was there at least and at most so
long, and the tightest of these hold. Windows that follow one another add up, whatever their ranges were.
"""

import math
from collections.abc import Iterable, Sequence

import msgspec

from brimful.evidence.histogram import Histogram, merged, stitched
from brimful.evidence.moment import Moment


class Window(msgspec.Struct, frozen=True):
    """One reading of one queue: its histograms, which have different ranges and count the same time."""

    histograms: tuple[Histogram, ...]

    @property
    def begin(self) -> Moment | None:
        """When counting began, where that is known."""
        return self.histograms[0].begin

    @property
    def end(self) -> Moment | None:
        """When counting ended, where that is known."""
        return self.histograms[0].end

    @property
    def total(self) -> int:
        """All that was counted: nanoseconds, or packets where counts are no times."""
        return max(amount(one, one.total) for one in self.histograms)

    @property
    def deepest(self) -> int | None:
        """The greatest depth that was reached for certain; None when nothing was counted."""
        return max((depth for one in self.histograms if (depth := one.deepest()) is not None), default=None)

    def at_least(self, depth: int) -> int:
        """Return what was counted at or above a depth for certain."""
        return max(amount(one, one.at_least(depth).least) for one in self.histograms)


class Level(msgspec.Struct, frozen=True):
    """What was counted at or above a depth: at least, and at most. Nanoseconds, or packets."""

    depth: int
    least: int
    most: int


def amount(one: Histogram, count: int) -> int:
    """Return a count as nanoseconds, where it is a time."""
    return count * (one.sample_ns or 1)


def levels(windows: Iterable[Window]) -> tuple[Level, ...]:
    """Return the curve of one queue at each bound that any of its ranges has, from 0 on; hard bounds."""
    alike = _alike(windows)
    depths = sorted({low for histograms in alike for one in histograms for low in one.lows})
    curve = []
    for depth in depths:
        found = [_bounds(histograms, depth) for histograms in alike]
        curve.append(Level(depth, sum(least for least, _ in found), sum(most for _, most in found)))
    return tuple(curve)


def _alike(windows: Iterable[Window]) -> list[tuple[Histogram, ...]]:
    """Return the sums of those windows that have the same ranges."""
    found: dict[tuple[tuple[tuple[int, ...], int], ...], list[tuple[Histogram, ...]]] = {}
    for window in windows:
        counted = sorted((one for one in window.histograms if one.total), key=lambda one: one.lows)
        if counted:
            found.setdefault(tuple((one.lows, one.sample_ns) for one in counted), []).append(tuple(counted))
    return [tuple(map(merged, zip(*same, strict=True))) for same in found.values()]


def _bounds(histograms: Sequence[Histogram], depth: int) -> tuple[int, int]:
    if len(histograms) == 1:
        (one,) = histograms
        bounds = one.at_least(depth)
        return amount(one, bounds.least), amount(one, bounds.most)
    total = Window(tuple(histograms)).total
    share = stitched(histograms, depth)
    return math.floor(share.least * total), math.ceil(share.most * total)
