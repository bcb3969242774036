"""Counters that never fall: unwrapped by their width and carried over resets for as long as the process lives."""

from collections.abc import Iterator, Mapping

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import whole
from brimful.chain.word import Kind
from brimful.evidence.changes import Change, Changes, Column
from brimful.evidence.evidence import Evidence
from brimful.evidence.series import Series
from brimful.evidence.weight import AGAIN
from brimful.exporters.series import BY_MEANING, OF_SOCKETS, bounded


class Total(msgspec.Struct):
    """One sum as one source shows it, since which sweep. `series` and `column` are those it was last heard of in."""

    value: int
    born: int
    series: Series
    column: Column


Views = dict[int, Total]
"""The same sum as several sources show it, by rank: the smallest is the best."""


class Totals:
    """Adds up what each sweep brings, for each NIC and for each kind of loss.

    A sum begins with what its counters hold when it is first seen. Counters that join it later begin with nothing, and so
    do those of single sockets: what they lost before, nobody knows when.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._changes = Changes(evidence, _wanted)
        self._nic: dict[tuple[str, str], Views] = {}
        self._lost: dict[tuple[str, str], Views] = {}

    def update(self) -> bool:
        """Take in what the last sweep read; tell whether anything was lost or nearly."""
        moved = False
        for change in self._changes.take():
            series = change.series
            meaning = MEANINGS[series.meaning]
            if series.meaning in BY_MEANING:
                self._add(self._nic, (series.meaning, whole(series.place)), change, limit=meaning.kind is Kind.LIMIT)
            if meaning.kind is Kind.LOST:
                self._add(self._lost, (series.meaning, bounded(meaning.stage.name, series.place)), change)
            moved = moved or (meaning.kind is not Kind.PASSED and bool(change.advance))
        if self._changes.tidies:
            self._forget()
        return moved

    def nics(self, read_s: Mapping[str, float]) -> Iterator[tuple[str, str, int]]:
        """Yield meaning, interface and number of every NIC that was there when its source was read last (`read_s`)."""
        for (meaning, interface), views in self._nic.items():
            total = views[min(views)]
            if total.column.at_s >= read_s.get(total.series.source, 0.0):
                yield meaning, interface, total.value

    def losses(self) -> Iterator[tuple[str, str, int]]:
        """Yield meaning, place and number of every kind of loss."""
        for (meaning, place), views in self._lost.items():
            yield meaning, place, views[min(views)].value

    def _add(
        self, sums: dict[tuple[str, str], Views], key: tuple[str, str], change: Change, *, limit: bool = False
    ) -> None:
        views = sums.setdefault(key, {})
        source = change.series.source
        rank = AGAIN.index(source) if source in AGAIN else -1
        total = views.get(rank)
        if total is None:
            total = views[rank] = Total(0, self._changes.sweep, change.series, change.column)
        total.series, total.column = change.series, change.column
        if limit:
            total.value = change.new
        elif change.old is not None:
            total.value += change.advance
        elif total.born == self._changes.sweep and not is_socket(change.series):
            total.value += change.new

    def _forget(self) -> None:
        """Let go of interfaces that have gone."""
        for key, views in list(self._nic.items()):
            if all(total.column.gone for total in views.values()):
                del self._nic[key]


def is_socket(series: Series) -> bool:
    """Tell whether a series is of a single socket: such come and go."""
    return series.meaning.startswith(OF_SOCKETS) and " " in series.place


def _wanted(series: Series) -> bool:
    return series.meaning in BY_MEANING or MEANINGS[series.meaning].kind in {Kind.LOST, Kind.NEAR_MISS}
