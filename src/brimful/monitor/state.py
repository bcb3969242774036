"""What one reading of a group found."""

from typing import Protocol

import msgspec

from brimful.evidence.catching import Resolution
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import Moment
from brimful.monitor.group import Group


class Number(msgspec.Struct, frozen=True):
    """One number at one place: `swp1`, or `swp1/tc 0` of a queue.

    `name` is what a snapshot calls it, `meaning` what it means. `delta` is what a counter has counted since the reading
    before (None at the first), `limit` what a level may reach, where that is known.
    """

    place: str
    name: str
    meaning: str
    unit: str
    value: int
    delta: int | None = None
    limit: int | None = None


class State(msgspec.Struct, frozen=True):
    """One reading. `begin` and `end` bound what histograms and deltas speak of.

    `peaks` are the greatest depths by place, where the reader knows them exactly (finer than the ranges of a histogram).
    `blind` says what could not be read, a line each. `cpu_s` is what it has cost.
    """

    group: str
    begin: Moment
    end: Moment
    histograms: tuple[Histogram, ...] = ()
    numbers: tuple[Number, ...] = ()
    peaks: dict[str, int] = {}
    blind: tuple[str, ...] = ()
    cpu_s: float = 0.0


class Reader(Protocol):
    """Reads what one group watches, again and again. `resolution` says what it can miss."""

    @property
    def resolution(self) -> Resolution:
        """How finely it sees, as of its last reading."""
        ...

    def read(self) -> State:
        """Read now; never raises for something that is gone: it is told in `blind`."""
        ...

    def close(self) -> None:
        """Let go of what it holds in the kernel; more than once does nothing."""
        ...


class Readers(Protocol):
    """Makes the reader of a group; `ValueError` with one line where such a group cannot be read here."""

    def __call__(self, group: Group) -> Reader:
        """Make it."""
        ...
