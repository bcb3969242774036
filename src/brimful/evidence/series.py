"""One stream of numbers and the layout that frames share."""

from collections.abc import Iterable
from weakref import WeakValueDictionary

import msgspec


class Series(msgspec.Struct, frozen=True):
    """The identity of one stream of numbers.

    `meaning` is a name of `brimful.chain.meaning`, `place` where it is counted, `raw` the counter's own name,
    `source` who read it. `width_bits` is the width at which the counter wraps (0 for a level), `refresh_ns` how old a
    value may be when it is read. `doubt` is printed with everything concluded from this series.
    """

    meaning: str
    place: str
    raw: str
    source: str
    width_bits: int = 64
    refresh_ns: int = 0
    doubt: str = ""


class Layout:
    """A fixed, ordered set of series, shared by all frames that have the same columns."""

    __slots__ = ("__weakref__", "series")
    # weak: a layout lives as long as a frame that has it, or sockets that come and go would fill the memory
    _known: WeakValueDictionary[tuple[Series, ...], "Layout"] = WeakValueDictionary()

    def __init__(self, series: tuple[Series, ...]) -> None:
        self.series = series

    @classmethod
    def of(cls, series: Iterable[Series]) -> "Layout":
        """Return the one layout of these series: equal columns give the same object."""
        key = tuple(series)
        return cls._known.setdefault(key, cls(key))

    def __len__(self) -> int:
        return len(self.series)
