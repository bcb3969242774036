"""What each driver's counters mean: one TOML file in `maps/` for each driver.

A counter's name does not tell its meaning: `rx_missed_errors` is an overrun of the NIC's buffer on e1000e and a want of
descriptors in the link statistics of mlx5. So a name is looked up in the map of its own driver. Names are compared
without the blanks around them; a name may hold one `{part}`, which stands for a number and becomes part of the place
(`rx_queue_{rx}_drops` of eth0 is at `eth0/rx-3`, that of a switch's traffic class `{tc}` at `swp1/tc 3`, as everywhere), and
`*`, which stands for anything.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.evidence.moment import SECOND
from brimful.evidence.series import Series

FOLDER = Path(__file__).with_name("maps")
GENERIC = "generic"
TRAFFIC_CLASS = "tc"
"""The part that stands for an egress queue of a switch port."""
GUESSED = "driver guessed from its counter names"
_UNCOUNTED = (Kind.LEVEL, Kind.LIMIT, Kind.TIME)


class BadMap(ValueError):
    """A file of maps that cannot be used: one line that names the file and the path in it."""


class Counter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What some names of one driver mean.

    Without a `meaning` a name is known and says nothing of a buffer; `note` says why. `unless`: names that count the
    same frames better (a total beside its parts): where one of them is present, this counter is left out.
    `width_bits` is where the counter wraps. `refresh_seconds`: how old its value may be, where that is not the driver's.
    """

    names: tuple[str, ...]
    meaning: str = ""
    note: str = ""
    doubt: str = ""
    width_bits: int = 64
    unless: tuple[str, ...] = ()
    refresh_seconds: float = 0


class Unseen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a driver does not count, and where to look instead."""

    what: str
    remedy: str = ""


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file. `names` are what `ethtool -i` may call the driver, `source` where its counters were read up.

    `signatures`: groups of counter names; a text that has all of one group (none of those marked `!`) is by this
    driver. `sections`: names that head a section, with the part each numbers from 0; names in it begin with a blank.
    `rtnl` tells what the driver puts into the fields of rtnl_link_stats64. Refresh periods are how old a value may be.
    """

    driver: str
    names: tuple[str, ...]
    source: str
    signatures: tuple[tuple[str, ...], ...] = ()
    refresh_seconds: float = 0
    rtnl_refresh_seconds: float = 0
    sections: dict[str, str] = {}
    counters: tuple[Counter, ...] = ()
    rtnl: tuple[Counter, ...] = ()
    blind: tuple[Unseen, ...] = ()


class Names:
    """Counters by name: a name written out first, then patterns in the order of the file."""

    def __init__(self, counters: Iterable[Counter]) -> None:
        self._exact: dict[str, Counter] = {}
        self._patterns: list[tuple[re.Pattern[str], Counter]] = []
        known = set()
        for counter in counters:
            for name in counter.names:
                if name in known:
                    raise ValueError(f"{name!r} is there twice")
                known.add(name)
                if "{" in name or "*" in name:
                    self._patterns.append((_pattern(name), counter))
                else:
                    self._exact[name] = counter

    def find(self, name: str) -> tuple[Counter, str] | None:
        """Return the counter of a name and the part it is of (`rx-3`, or nothing)."""
        exact = self._exact.get(name)
        if exact is not None:
            return exact, ""
        for pattern, counter in self._patterns:
            match = pattern.match(name)
            if match:
                return counter, _part(match.lastgroup, match[match.lastgroup]) if match.lastgroup else ""
        return None


class DriverMap:
    """The counters of one driver."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.driver = description.driver
        self._counters = Names(description.counters)
        self._rtnl = Names(description.rtnl)

    @property
    def blind(self) -> tuple[Unseen, ...]:
        """What this driver cannot show."""
        return self.description.blind

    def explain(self, raw: str) -> Counter | None:
        """Return what is known of a counter of `ethtool -S`, or None."""
        found = self._counters.find(raw.strip())
        return found[0] if found else None

    def series_for(self, names: tuple[str, ...], interface: str, *, guessed: bool = False) -> tuple[Series | None, ...]:
        """Return the series of each name, in order; None for a name that says nothing of a buffer.

        The names are all of one `ethtool -S`, as the driver gives them: leading blanks tell sections. A name that this
        map does not explain and that looks like a drop is taken by name only. Cached.
        """
        return _series_for(self, names, interface, guessed)

    def unmapped(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Return the positions of names that look like a drop and that nothing but their name explains."""
        known = self._counters if self.driver != GENERIC else Names(())
        raws = [name.strip() for name in names]
        return tuple(i for i, raw in enumerate(raws) if known.find(raw) is None and by_name_only(raw))

    def rtnl_series(self, field: str, interface: str, source: str) -> Series | None:
        """Return the series of a field of rtnl_link_stats64, or None where this driver gives it no known meaning."""
        found = self._rtnl.find(field)
        if found is None or not found[0].meaning:
            return None
        refresh = self.description.rtnl_refresh_seconds
        return _series(found[0], interface, f"rtnl {field}", source, refresh, found[0].doubt)

    def is_of(self, names: frozenset[str]) -> bool:
        """Tell whether these counter names carry the signature of this driver."""
        return any(all(_has(names, name) for name in group) for group in self.description.signatures)

    def columns(self, names: tuple[str, ...], interface: str, *, guessed: bool) -> Iterator[Series | None]:
        """Yield what `series_for` returns."""
        present = {name.strip() for name in names}
        parts: dict[str, int] = {}
        section = interface
        taken: dict[Series, int] = {}
        for name in names:
            raw = name.strip()
            head = self.description.sections.get(raw)
            if head:
                section = f"{interface}/{head}-{parts.setdefault(head, 0)}"
                parts[head] += 1
            series = self._column(raw, present, section if name[:1].isspace() else interface, guessed=guessed)
            if series is not None:
                taken[series] = taken.get(series, 0) + 1
                if taken[series] > 1:  # two columns must never be taken for two samples of one
                    series = msgspec.structs.replace(series, raw=f"{raw} #{taken[series]}")
            yield series

    def _column(self, raw: str, present: set[str], place: str, *, guessed: bool) -> Series | None:
        counter, part = self._counters.find(raw) or (by_name_only(raw), "")
        if counter is None or not counter.meaning or not present.isdisjoint(counter.unless):
            return None
        doubt = "; ".join(filter(None, (counter.doubt, GUESSED if guessed else "")))
        where = f"{place}/{part}" if part else place
        return _series(counter, where, raw, "nic_counters", self.description.refresh_seconds, doubt)


def _series(counter: Counter, place: str, raw: str, source: str, refresh: float, doubt: str) -> Series:  # noqa: PLR0913, PLR0917 - the parts of a series
    width = 0 if MEANINGS[counter.meaning].kind in _UNCOUNTED else counter.width_bits
    age = int((counter.refresh_seconds or refresh) * SECOND)
    return Series(counter.meaning, place, raw, source, width, age, doubt)


@lru_cache(maxsize=16384)
def _series_for(
    driver: DriverMap,
    names: tuple[str, ...],
    interface: str,
    guessed: bool,  # noqa: FBT001 - a key of the cache
) -> tuple[Series | None, ...]:
    return tuple(driver.columns(names, interface, guessed=guessed))


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    pieces = re.split(r"(\{\w+\}|\*)", name)
    text = "".join(
        f"(?P<{piece[1:-1]}>[0-9]+)" if piece[:1] == "{" else ".*" if piece == "*" else re.escape(piece)
        for piece in pieces
    )
    return re.compile(rf"\A{text}\Z")


def _part(name: str, number: str) -> str:
    return f"{name} {number}" if name == TRAFFIC_CLASS else f"{name}-{number}"


def _has(names: frozenset[str], wanted: str) -> bool:
    if wanted.startswith("!"):
        return not _has(names, wanted[1:])
    if "{" in wanted:
        return any(map(_pattern(wanted).match, names))
    return wanted in names


def _check(table: str, counters: tuple[Counter, ...]) -> None:
    for index, counter in enumerate(counters):
        if counter.meaning and counter.meaning not in MEANINGS:
            raise ValueError(f"no such meaning as {counter.meaning!r} - at `$.{table}[{index}]`")
        if not counter.meaning and not counter.note:
            raise ValueError(f"neither a meaning nor a note - at `$.{table}[{index}]`")


def load(path: Path) -> DriverMap:
    """Read one file; `BadMap` names the file and what is wrong where."""
    try:
        description = msgspec.toml.decode(path.read_bytes(), type=Description)
        _check("counters", description.counters)
        _check("rtnl", description.rtnl)
        return DriverMap(description)
    except (msgspec.DecodeError, ValueError) as error:
        raise BadMap(f"{path}: {error}") from error


@lru_cache(maxsize=1)
def all_maps() -> dict[str, DriverMap]:
    """Return every map by the name of its driver; `generic` is the one of least confidence."""
    return {found.driver: found for found in map(load, sorted(FOLDER.glob("*.toml")))}


@lru_cache(maxsize=1)
def _by_name() -> dict[str, DriverMap]:
    return {name: found for found in all_maps().values() for name in found.description.names}


def driver_map(name: str) -> DriverMap:
    """Return the map of a driver as `ethtool -i` names it; of an unknown one, the map by name only."""
    return _by_name().get(name) or all_maps()[GENERIC]


def by_name_only(raw: str) -> Counter | None:
    """Return what a name that looks like a drop is taken for where no map explains it, with least confidence."""
    found = all_maps()[GENERIC].explain(raw)
    return found if found is not None and found.meaning else None


@lru_cache(maxsize=4096)
def guess(names: tuple[str, ...]) -> DriverMap | None:
    """Return the one driver whose signature these counter names carry; None when that does not decide."""
    present = frozenset(name.strip() for name in names)
    found = [candidate for candidate in all_maps().values() if candidate.is_of(present)]
    return found[0] if len(found) == 1 else None
