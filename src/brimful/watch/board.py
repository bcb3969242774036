"""The buffers of one host that have something to say: what each loses, nearly loses, and how full it is."""

from collections.abc import Iterable, Mapping

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import outward, whole
from brimful.chain.word import Kind
from brimful.evidence.changes import Change, Changes, Column
from brimful.evidence.evidence import Evidence
from brimful.evidence.fill import BYPASSED
from brimful.evidence.forecast import Forecast
from brimful.evidence.repeat import REPEATABLE
from brimful.evidence.series import Series
from brimful.evidence.weight import AGAIN, one_view
from brimful.watch.history import KEPT_S, RATE_S, History

TELLING = 0.5
"""How full a buffer is before it gets a row for that alone."""
DRIVEN = ("nic.", "driver.")
"""How stages begin that a NIC's driver owns a part of."""
FLOWING = {Kind.LOST, Kind.NEAR_MISS}
SIZES = {"bytes", "s"}
"""Units that are not added to packets and events."""


class Level(msgspec.Struct):
    """How full one buffer is."""

    meaning: str
    value: int
    limit: int

    @property
    def share(self) -> float:
        """0 to 1, or more where a limit may be overrun."""
        return self.value / self.limit


class Counter(msgspec.Struct):
    """One counter that moved: its name, who read it, and what it counted since the watch began."""

    series: Series
    counted: int = 0


class Buffer:
    """One row: everything that is said of one stage at one interface, socket, CPU or protocol."""

    def __init__(self, stage: str, place: str) -> None:
        self.stage = stage
        self.place = place
        self.lost = History()
        self.near = History()
        self.counters: dict[Series, Counter] = {}
        self.sources: dict[Kind, set[str]] = {Kind.LOST: set(), Kind.NEAR_MISS: set()}
        self.level: Level | None = None
        self.levels: list[tuple[float, Level]] = []
        self.forecast: Forecast | None = None
        self.losing = 0.0
        self.nearing = 0.0
        self.who = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.stage, self.place

    @property
    def share(self) -> float:
        """How full it is, 0 to 1."""
        return self.level.share if self.level else 0.0

    def count(self, change: Change, kind: Kind) -> None:
        """Take in what a counter advanced by."""
        history = self.lost if kind is Kind.LOST else self.near
        history.add(change.advance, change.since_s, change.at_s)
        self.sources[kind].add(change.series.source)
        self.counters.setdefault(change.series, Counter(change.series)).counted += change.advance


class Board:
    """All rows of one host or namespace, kept from sweep to sweep."""

    def __init__(self, evidence: Evidence, name: str = "") -> None:
        self.name = name
        self.buffers: dict[tuple[str, str], Buffer] = {}
        self.began_s = 0.0
        self.now_s = 0.0
        self._evidence = evidence
        self._changes = Changes(evidence, _wanted)
        self._levels: dict[Series, tuple[Column, int]] = {}
        self._limits: dict[tuple[str, str], tuple[Column, int]] = {}
        self._views: dict[Series, bool] = {}

    def update(self, now_s: float, read_s: Mapping[str, float]) -> bool:
        """Take in what the last sweep read; tell whether anything was lost or nearly.

        `read_s`: when each source was read last. Times are seconds on the monotonic clock.
        """
        self.began_s = self.began_s or now_s
        self.now_s = now_s
        moved = False
        for change in self._changes.take():
            kind = MEANINGS[change.series.meaning].kind
            if kind is Kind.LIMIT:
                self._limits[change.series.meaning, change.series.place] = change.column, change.new
            elif kind is Kind.LEVEL:
                self._levels[change.series] = change.column, change.index
                if not change.new:
                    del self._levels[change.series]
            elif change.advance and self._counts(change.series):
                self.buffer(change.series).count(change, kind)
                moved = True
        self._fill(read_s)
        self._rate(read_s)
        self._name()
        if self._changes.tidies:
            self._views.clear()
            self._limits = {key: found for key, found in self._limits.items() if not found[0].gone}
        return moved

    def buffer(self, series: Series) -> Buffer:
        """Return the row of a series, made where there is none."""
        key = _key(series)
        found = self.buffers.get(key)
        if found is None:
            found = self.buffers[key] = Buffer(*key)
        return found

    def foresee(self, forecasts: Iterable[Forecast]) -> None:
        """Note when which buffer will be full."""
        for buffer in self.buffers.values():
            buffer.forecast = None
        for forecast in forecasts:
            buffer = self.buffer(forecast.reading.series)
            if buffer.forecast is None or forecast.seconds < buffer.forecast.seconds:
                buffer.forecast = forecast

    def _counts(self, series: Series) -> bool:
        """Leave out what a better source shows too, and counters that only repeat themselves."""
        again = series.meaning in REPEATABLE
        if series.source not in AGAIN and not again:
            return True
        if series not in self._views or again:
            readings = self._evidence.readings(series.meaning, place=series.place)
            own = [reading for reading in one_view(readings) if reading.series == series]
            self._views[series] = bool(own) and not any(reading.repeats for reading in own)
        return self._views[series]

    def _fill(self, read_s: Mapping[str, float]) -> None:
        """Work out how full each buffer is: the fullest of its parts, the most of the last seconds."""
        for series, (column, index) in list(self._levels.items()):
            if column.at_s < read_s.get(series.source, 0.0):
                del self._levels[series]
                continue
            value, limit = column.values[index], self._limit(series)
            if limit and (value >= TELLING * limit or _key(series) in self.buffers):
                self.buffer(series).levels.append((self.now_s, Level(series.meaning, value, limit)))
        for buffer in self.buffers.values():
            buffer.levels = [(at_s, level) for at_s, level in buffer.levels if at_s > self.now_s - RATE_S]
            buffer.level = max((level for _, level in buffer.levels), key=lambda level: level.share, default=None)

    def _limit(self, series: Series) -> int:
        name = MEANINGS[series.meaning].limit
        return next((self._limits[name, at][1] for at in outward(series.place) if (name, at) in self._limits), 0)

    def _rate(self, read_s: Mapping[str, float]) -> None:
        """Work out how much each buffer loses now; rows that have had nothing to say for a minute go."""
        for key, buffer in list(self.buffers.items()):
            at = {
                kind: max((read_s.get(name, 0.0) for name in names), default=0.0)
                for kind, names in buffer.sources.items()
            }
            buffer.losing = buffer.lost.rate(at[Kind.LOST], self.began_s)
            buffer.nearing = buffer.near.rate(at[Kind.NEAR_MISS], self.began_s)
            last = max(buffer.lost.last_s, buffer.near.last_s)
            if last < self.now_s - KEPT_S and buffer.share < TELLING and buffer.forecast is None:
                del self.buffers[key]

    def _name(self) -> None:
        """Find the drivers of NICs, and the processes that hold sockets."""
        nameless = [buffer for buffer in self.buffers.values() if not buffer.who]
        if not nameless:
            return
        holders = {whole(fact.place): str(fact.value) for fact in self._evidence.facts("socket.owner")}
        for buffer in nameless:
            driver = self._evidence.fact("nic.driver", buffer.place) if buffer.stage.startswith(DRIVEN) else None
            buffer.who = str(driver.value) if driver else holders.get(buffer.place, "")


def _key(series: Series) -> tuple[str, str]:
    return MEANINGS[series.meaning].stage.name, whole(series.place)


def _wanted(series: Series) -> bool:
    meaning = MEANINGS[series.meaning]
    level = bool(meaning.limit) and not series.place.startswith(BYPASSED)
    flowing = meaning.kind in FLOWING and meaning.unit not in SIZES
    return flowing or level or series.meaning in LIMITS


LIMITS = frozenset(meaning.limit for meaning in MEANINGS.values() if meaning.limit)
"""The limits that some level has."""
