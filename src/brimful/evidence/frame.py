"""A moment: one layout and one vector of values."""

from array import array
from collections.abc import Callable

from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Layout, Series

LARGEST = (1 << 64) - 1


class Frame:
    """The values of one layout at one moment.

    `values` are unsigned 64-bit integers in the order of the layout; `lines` the 1-based line each was read from
    (in the document that `origin_of` resolves); None where there are no lines: `origin_of` then takes the index. What was not there is not in the layout: N/A is not 0.
    `boot` identifies the machine's run, where known: counters of different boots are never subtracted.
    """

    __slots__ = ("at", "boot", "layout", "lines", "origin_of", "values")

    def __init__(  # noqa: PLR0913, PLR0917 - one frame has these six parts and no fewer
        self,
        layout: Layout,
        values: "array[int]",
        at: Moment | None,
        lines: "array[int] | None",
        origin_of: Callable[[int], Origin],
        boot: str = "",
    ) -> None:
        self.layout = layout
        self.values = values
        self.at = at
        self.lines = lines
        self.origin_of = origin_of
        self.boot = boot

    def origin(self, index: int) -> Origin:
        """Return where the value at `index` was read."""
        return self.origin_of(self.lines[index] if self.lines is not None else index)


class Sheet:
    """Collects the values of one document and closes them into a frame."""

    def __init__(self, origin_of: Callable[[int], Origin], at: Moment | None = None, boot: str = "") -> None:
        self._series: list[Series] = []
        self._values = array("Q")
        self._lines = array("Q")
        self._origin_of = origin_of
        self._at = at
        self._boot = boot

    def add(self, series: Series, value: int, line: int) -> None:
        """Add one value; `OverflowError` when it is negative or wider than 64 bits."""
        self._values.append(value)
        self._series.append(series)
        self._lines.append(line)

    def extend(self, series: tuple[Series, ...], values: tuple[int, ...], line: int) -> None:
        """Add the values of one line at once; none of them when one is negative or wider than 64 bits."""
        self._values.extend(array("Q", values))
        self._series.extend(series)
        self._lines.extend([line] * len(values))

    def __len__(self) -> int:
        return len(self._series)

    def frame(self) -> Frame:
        """Close the sheet."""
        return Frame(Layout.of(self._series), self._values, self._at, self._lines, self._origin_of, self._boot)
