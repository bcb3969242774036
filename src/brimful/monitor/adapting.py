"""Ranges that fit what was seen: after each reading those of the next are widened or narrowed, by powers of two.

Where a queue was in the open range, twice as wide; where all that was deeper than the first range lies in the lower quarter,
half as wide. A queue that was never deeper than the first range says nothing about how deep it may become.
"""

from collections.abc import Callable

import msgspec

from brimful.evidence.histogram import RANGES, Histogram
from brimful.monitor.group import Group, Range
from brimful.monitor.state import Reader, State

QUARTER = 1 + RANGES // 4
"""The first range that is not in the lower quarter."""
NARROWEST, WIDEST = 1536, 1 << 31
"""Bytes: eight cells of the largest ASIC; half of what a configuration can say."""


class Adapting:
    """A reader that is made anew, with other ranges, where those it has do not fit. Errors as of what makes it."""

    def __init__(self, group: Group, make: Callable[[Group], Reader]) -> None:
        self._group = group
        self._make = make
        self._reader = make(group)
        self.resolution = self._reader.resolution

    @property
    def ranges(self) -> tuple[Range, ...]:
        """Those of the next reading."""
        return self._group.ranges

    def read(self) -> State:
        """Read, and choose the ranges of the next reading."""
        state = self._reader.read()
        ranges = tuple(fitted(self._group.ranges, state))
        if ranges == self._group.ranges:
            return state
        group = msgspec.structs.replace(self._group, ranges=ranges)
        try:
            reader = self._make(group)
        except (ValueError, OSError) as why:
            return msgspec.structs.replace(state, blind=(*state.blind, f"its ranges could not be changed: {why}"))
        self._reader.close()
        self._group, self._reader, self.resolution = group, reader, reader.resolution
        return state

    def close(self) -> None:
        """Close the reader it has now."""
        self._reader.close()


def fitted(ranges: tuple[Range, ...], state: State) -> list[Range]:
    """Return the ranges that fit what was seen; the first histogram's kind is what they are of."""
    kind = {(one.meaning, one.sample_ns) for one in state.histograms[:1]}
    seen = [one for one in state.histograms if (one.meaning, one.sample_ns) in kind]
    return [_fitted(one, [found for found in seen if _is_of(found, one)]) for one in ranges]


def _is_of(found: Histogram, one: Range) -> bool:
    """Whether a histogram has these ranges: its first bound and its width are theirs, rounded down to cells."""
    if len(found.lows) != RANGES + 2:
        return False
    low, width = found.lows[1], found.lows[2] - found.lows[1]
    return 0 <= one.minimum - low < width + 1 and 0 <= one.size // RANGES - width <= width


def _fitted(one: Range, seen: list[Histogram]) -> Range:
    counts = [sum(column) for column in zip(*(found.counts for found in seen), strict=True)]
    if not any(counts[1:]):
        return one
    if counts[-1] and one.size * 2 <= WIDEST:
        return msgspec.structs.replace(one, size=one.size * 2)
    if not any(counts[QUARTER:]) and one.size // 2 >= NARROWEST:
        return msgspec.structs.replace(one, size=one.size // 2)
    return one
