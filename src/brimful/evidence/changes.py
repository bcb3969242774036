"""What has changed from one sweep of a watch to the next: only that, so that ten thousand quiet counters cost nothing."""

from array import array
from collections.abc import Callable, Iterator

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.evidence.delta import step
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND
from brimful.evidence.series import Layout, Series

KEPT_S = 300.0
"""A layout is forgotten when its source has given others for so long."""
TIDY_SWEEPS = 60
"""How many sweeps lie between two times of forgetting."""


class Column(msgspec.Struct):
    """The latest values of one layout, and when they were read (seconds on the monotonic clock).

    They are out of date when their source was read again later and did not give them; `gone` when they are forgotten.
    """

    values: "array[int]"
    wanted: tuple[int, ...]
    at_s: float
    boot: str
    gone: bool = False


class Change(msgspec.Struct):
    """One series that has another value than before (`old` None: seen for the first time), and where its column is."""

    series: Series
    old: int | None
    new: int
    since_s: float
    at_s: float
    same_boot: bool
    column: Column
    index: int

    @property
    def advance(self) -> int:
        """How far a counter went: unwrapped by its width, 0 when it was corrected, what it holds after a reset."""
        if self.old is None:
            return 0
        return step(self.old, self.new, self.series.width_bits, same_boot=self.same_boot)[0]


class Changes:
    """Follows the evidence of one watch, sweep by sweep."""

    def __init__(self, evidence: Evidence, wanted: Callable[[Series], bool]) -> None:
        self._evidence = evidence
        self._wanted = wanted
        self._taken = 0
        self._columns: dict[str, dict[Layout, Column]] = {}
        self._index: dict[str, dict[Series, tuple[Column, int]]] = {}
        self.sweep = 0

    @property
    def tidies(self) -> bool:
        """Whether this is a sweep after which what has gone is forgotten."""
        return self.sweep % TIDY_SWEEPS == 0

    def take(self) -> Iterator[Change]:
        """Yield what is new since the last call."""
        self.sweep += 1
        frames, self._taken = self._evidence.since(self._taken)
        for frame in frames:
            if frame.layout.series:
                yield from self._changes(frame)
        self._index.clear()
        if self.tidies:
            self._forget()

    def _changes(self, frame: Frame) -> Iterator[Change]:
        source = frame.layout.series[0].source
        columns = self._columns.setdefault(source, {})
        column = columns.get(frame.layout)
        if column is None:
            yield from self._appeared(frame, source)
            return
        before, since_s = column.values, column.at_s
        same_boot, column.boot = column.boot == frame.boot, frame.boot
        column.values, column.at_s = frame.values, _seconds(frame, since_s)
        if before == frame.values:
            return
        for index in column.wanted:
            if before[index] != frame.values[index]:
                series, new = frame.layout.series[index], frame.values[index]
                yield Change(series, before[index], new, since_s, column.at_s, same_boot, column, index)

    def _appeared(self, frame: Frame, source: str) -> Iterator[Change]:
        """Yield every series of a layout that was not there before; one that was in another layout goes on."""
        known = self._index.get(source)
        if known is None:
            known = self._index[source] = {
                series: (column, index)
                for layout, column in self._columns[source].items()
                for index, series in enumerate(layout.series)
            }
        series = frame.layout.series
        wanted = tuple(index for index, one in enumerate(series) if self._wanted(one))
        at_s = _seconds(frame, 0.0)
        here = self._columns[source][frame.layout] = Column(frame.values, wanted, at_s, frame.boot)
        for index in wanted:
            one, new = series[index], frame.values[index]
            column, place = known.get(one, (None, 0))
            known[one] = here, index
            if column is None:
                yield Change(one, None, new, at_s, at_s, True, here, index)  # noqa: FBT003 - as the struct names it
            elif column.values[place] != new or MEANINGS[one.meaning].kind in {Kind.LEVEL, Kind.LIMIT}:
                same = column.boot == frame.boot
                yield Change(one, column.values[place], new, column.at_s, at_s, same, here, index)

    def _forget(self) -> None:
        for columns in self._columns.values():
            horizon_s = max((column.at_s for column in columns.values()), default=0.0) - KEPT_S
            for layout, column in list(columns.items()):
                if column.at_s < horizon_s:
                    column.gone = True
                    del columns[layout]


def _seconds(frame: Frame, default: float) -> float:
    return default if frame.at is None or frame.at.monotonic_ns is None else frame.at.monotonic_ns / SECOND
