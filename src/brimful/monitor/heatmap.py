"""Where a queue's time went, by depth and by time: the picture of a histogram that is read again and again."""

import math
from bisect import bisect_right
from statistics import median_low

import msgspec

from brimful.evidence.recording import LATEST_NS
from brimful.monitor.dwell import Window, amount, levels
from brimful.monitor.view import Queue

MOST_ROWS = 16
"""Ranges that are drawn; where a queue was counted in more different ones, the finest are put together."""

LEAST = 1e-3
"""Part of a reading that is too small to be drawn in a column beside that of the rest."""


class Grid(msgspec.Struct, frozen=True):
    """Shares by range and by time.

    `lows` are the lower bounds of the rows, ascending. `cells[column][row]` is the share (0 to 1) of what was counted in
    the column's time that lay in the row's range; None for a time in which nobody looked. `begin_ns` and `end_ns` bound
    the columns, all of one width; they are None where nothing tells the time: a column is then a reading.
    """

    lows: tuple[int, ...]
    cells: tuple[tuple[float, ...] | None, ...]
    begin_ns: int | None = None
    end_ns: int | None = None

    def deepest(self) -> list[int | None]:
        """Return the lower bound of the deepest range that holds anything, for each column."""
        return [
            None if cell is None else max((low for low, share in zip(self.lows, cell, strict=True) if share), default=0)
            for cell in self.cells
        ]


class Axis(msgspec.Struct, frozen=True):
    """A time that is divided into columns."""

    begin_ns: int
    end_ns: int
    columns: int

    def touched(self, begin_ns: int, end_ns: int) -> list[tuple[int, float]]:
        """Return the columns that a time lies in, each with its share of it; a moment lies in the column it ends."""
        width = (self.end_ns - self.begin_ns) / self.columns
        last = self._column(end_ns, width, before=True)
        first = min(last, self._column(begin_ns, width)) if begin_ns < end_ns else last
        if first == last:
            return [(last, 1.0)]
        shares = []
        for column in range(first, last + 1):
            low = max(begin_ns, self.begin_ns + column * width)
            high = min(end_ns, self.begin_ns + (column + 1) * width)
            shares.append((column, (high - low) / (end_ns - begin_ns)))
        return [(column, share) for column, share in shares if share > LEAST]

    def _column(self, ns: int, width: float, *, before: bool = False) -> int:
        place = (ns - self.begin_ns) / width
        column = int(place) - (before and place == int(place))
        return max(0, min(self.columns - 1, column))


def axis(queues: tuple[Queue, ...], most: int) -> Axis | None:
    """Return columns for all of these queues, `most` at most; None without any times.

    A column is as wide as one reading, or as several whole ones: none is torn apart where they come at a steady pace.
    """
    spans = [_span(window) for queue in queues for window in queue.windows]
    known = [span for span in spans if span is not None]
    if not known:
        return None
    begin, end = min(first for first, _ in known), max(last for _, last in known)
    if end <= begin:
        return None
    step = median_low([last - first for first, last in known if last > first] or [end - begin])
    readings = max(1, round((end - begin) / step))
    together = math.ceil(readings / most)
    columns = math.ceil(readings / together)
    return Axis(begin, max(end, min(LATEST_NS - 1, begin + columns * together * step)), columns)


def grid(queue: Queue, over: Axis | None, most: int) -> Grid:
    """Return the picture of one queue; without an axis, of its last `most` readings one after the other."""
    lows = _rows(queue)
    if over is None:
        cells = tuple(_shares([(window, 1.0)], lows) for window in queue.windows[-most:])
        return Grid(lows, cells)
    columns: list[list[tuple[Window, float]]] = [[] for _ in range(over.columns)]
    for window in queue.windows:
        span = _span(window)
        if span is not None:
            for column, share in over.touched(*span):
                columns[column].append((window, share))
    return Grid(lows, tuple(_shares(parts, lows) for parts in columns), over.begin_ns, over.end_ns)


def _span(window: Window) -> tuple[int, int] | None:
    begin, end = window.begin or window.end, window.end or window.begin
    return None if begin is None or end is None else (begin.ns, max(begin.ns, end.ns))


def _rows(queue: Queue) -> tuple[int, ...]:
    lows = sorted({low for window in queue.windows for one in window.histograms for low in one.lows})
    if len(lows) <= MOST_ROWS:
        return tuple(lows)
    return tuple(lows[number * (len(lows) - 1) // (MOST_ROWS - 1)] for number in range(MOST_ROWS))


def _shares(parts: list[tuple[Window, float]], lows: tuple[int, ...]) -> tuple[float, ...] | None:
    """Return the share of each row in these parts of windows; what lies between two rows counts for the lower one."""
    sums = [0.0] * len(lows)
    for window, share in parts:
        for low, counted in _parts(window):
            sums[bisect_right(lows, low) - 1] += counted * share
    total = sum(sums)
    return tuple(value / total for value in sums) if total else None


def _parts(window: Window) -> list[tuple[int, int]]:
    """Return what was counted from one bound up to the next; of several ranges, where their curve goes for certain."""
    if len(window.histograms) == 1:
        (one,) = window.histograms
        return [(low, amount(one, count)) for low, count in zip(one.lows, one.counts, strict=True) if count]
    curve = levels([window])
    nexts = [*(level.least for level in curve[1:]), 0]
    return [(level.depth, max(0, level.least - after)) for level, after in zip(curve, nexts, strict=True)]
