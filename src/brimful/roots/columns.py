"""Which columns of a table mean something, looked up once for as long as its rows and columns stay the same."""

from array import array
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from brimful.chain.place import whole
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Origin
from brimful.evidence.series import Layout, Series
from brimful.roots.base import Table

Meanings = Callable[[str, str, tuple[str, ...]], tuple[Series | None, ...]]
"""Says for an interface, its driver (or nothing) and the names of the columns which series each of them is, if any."""

LAYOUTS = 64
"""Tables that are remembered: a host has as many as drivers, times the sources that read tables."""


def frame(table: Table, meanings: Meanings) -> Frame | None:
    """Return the numbers of a table that mean something, column after column; None when none does."""
    drivers = tuple(table.drivers.get(row, "") for row in table.rows)
    layout, runs = _columns(meanings, table.rows, table.names, drivers)
    if not runs:
        return None
    values = array("Q")
    for column, start, stop in runs:
        begin = table.skip + column + start * table.stride
        values += table.values[begin : begin + (stop - start - 1) * table.stride + 1 : table.stride]
    return Frame(layout, values, table.at, None, partial(_origin, table.name, layout), table.boot)


def _origin(name: str, layout: Layout, index: int) -> Origin:
    return Origin(name.replace("{interface}", whole(layout.series[index].place)))


@lru_cache(maxsize=LAYOUTS)
def _columns(
    meanings: Meanings, rows: tuple[str, ...], names: tuple[str, ...], drivers: tuple[str, ...]
) -> tuple[Layout, tuple[tuple[int, int, int], ...]]:
    """Return the layout and, for each part of it, the column and the first and last-but-one row."""
    series = [meanings(row, driver, names) for row, driver in zip(rows, drivers, strict=True)]
    runs = tuple((column, *run) for column in range(len(names)) for run in _runs(series, column))
    found = (one for column, start, stop in runs for row in series[start:stop] if (one := row[column]) is not None)
    return Layout.of(found), runs


def _runs(series: list[tuple[Series | None, ...]], column: int) -> Iterator[tuple[int, int]]:
    """Yield from where to where rows have a meaning in a column."""
    start: int | None = None
    for row, known in enumerate(series):
        if known[column] is None and start is not None:
            yield start, row
            start = None
        elif known[column] is not None and start is None:
            start = row
    if start is not None:
        yield start, len(series)
