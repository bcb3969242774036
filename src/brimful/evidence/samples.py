"""The frames of one document that may hold the same counters more than once, as after `cat file >> saved`."""

from collections.abc import Callable

from brimful.evidence.frame import Frame, Sheet
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series


class Samples:
    """Collects numbers in the order they were read: a series that comes again begins a later frame."""

    def __init__(self, origin_of: Callable[[int], Origin], at: Moment | None = None, boot: str = "") -> None:
        self._parts = (origin_of, at, boot)
        self._sheets: list[Sheet] = []
        self._taken: set[Series] = set()

    def add(self, series: Series, value: int, line: int) -> None:
        """Add one value; `OverflowError` when it is negative or wider than 64 bits."""
        if not self._sheets or series in self._taken:
            self._sheets.append(Sheet(*self._parts))
            self._taken = set()
        self._taken.add(series)
        self._sheets[-1].add(series, value, line)

    def frames(self) -> list[Frame]:
        """Return the frames, earliest first; none when nothing was added."""
        return [sheet.frame() for sheet in self._sheets]
