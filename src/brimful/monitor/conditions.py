"""When an action of a group is taken: thresholds with rise and fall, slopes, incidents, cool-down and rate limits.

What is compared is told for each place on its own: a queue that has fallen below its level does not hold for another.
"""

from collections import deque
from collections.abc import Iterator

import msgspec

from brimful.evidence.moment import SECOND
from brimful.monitor.group import Condition
from brimful.monitor.measure import Measure, measures
from brimful.monitor.state import State


class Crossing(msgspec.Struct, frozen=True):
    """A place at which a condition holds. `level` is what it reached, None where a slope alone was asked for.

    `remark` says what makes the comparison coarser than it was asked for.
    """

    place: str
    name: str
    value: int
    unit: str
    level: float | None
    limit: int | None = None
    slope: float | None = None
    remark: str = ""

    def __str__(self) -> str:
        """`swp1/tc 0 13,248 bytes`."""
        share = f" of {self.limit:,}" if self.limit else ""
        return f"{self.place} {self.value:,}{share} {self.unit}".lstrip()


class Trigger(msgspec.Struct, frozen=True):
    """That an action is due, and where: nowhere in particular when it has no condition. `withheld` were not taken before."""

    crossings: tuple[Crossing, ...] = ()
    withheld: int = 0


class _Place:
    """What is known of one place from the readings before."""

    def __init__(self) -> None:
        self.over = False
        self.last: tuple[float, int] | None = None
        self.incidents: deque[float] = deque()
        self.seen_s = 0.0


class Watch:
    """One action's condition from reading to reading. For one thread."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self._always = condition.rise is None and condition.slope is None
        self._places: dict[tuple[str, str], _Place] = {}
        self._done: deque[float] = deque()
        self._quiet_until_s: float | None = None
        self._withheld = 0

    @property
    def remembered(self) -> int:
        """How many places it knows something of."""
        return len(self._places)

    def look(self, state: State, now_s: float) -> Trigger | None:
        """Return why the action is due after this reading; None when it is not. `now_s`: the monotonic clock."""
        if self._always:
            crossings = []
            due = self._often(self._place(("", ""), now_s), now_s)
        else:
            crossings = list(self._crossings(state, now_s))
            due = bool(crossings)
        self._forget(now_s)
        if not due:
            return None
        if self._restrained(now_s):
            self._withheld += 1
            return None
        self._done.append(now_s)
        self._quiet_until_s = now_s + self.condition.cool_down_s
        withheld, self._withheld = self._withheld, 0
        return Trigger(tuple(crossings), withheld)

    def _crossings(self, state: State, now_s: float) -> Iterator[Crossing]:
        for measure in measures(state, self.condition.statistic):
            place = self._place((measure.place, measure.name), now_s)
            slope = _slope(measure, place, state, now_s)
            place.last = (now_s, measure.value)
            level = self._level(measure)
            if self._over(measure, place, level) and self._steep(slope) and self._often(place, now_s):
                yield Crossing(
                    measure.place,
                    measure.name,
                    measure.value,
                    measure.unit,
                    level,
                    measure.limit,
                    slope,
                    coarseness(level, measure.lows),
                )

    def _place(self, key: tuple[str, str], now_s: float) -> _Place:
        place = self._places.setdefault(key, _Place())
        place.seen_s = now_s
        return place

    def _level(self, measure: Measure) -> float | None:
        """Return the level to rise to, of the limit as it is now; None where there is none."""
        rise = self.condition.rise
        if rise is None or not rise.of_limit:
            return None if rise is None else rise.value
        return rise.value * measure.limit if measure.limit else None

    def _over(self, measure: Measure, place: _Place, level: float | None) -> bool:
        """Whether it rose to its level and has not fallen below the other since; a limit that is not known tells nothing."""
        if self.condition.rise is None:
            return True
        if level is None:
            return False
        fall = self.condition.fall
        bottom = level
        if fall is not None:
            bottom = fall.value * (measure.limit or 0) if fall.of_limit else fall.value
        place.over = measure.value >= (bottom if place.over else level)
        return place.over

    def _steep(self, slope: float | None) -> bool:
        return self.condition.slope is None or (slope is not None and slope >= self.condition.slope)

    def _often(self, place: _Place, now_s: float) -> bool:
        """Count one more incident, and tell whether there were enough in the window."""
        needed = self.condition.incidents
        if needed <= 1:
            return True
        place.incidents.append(now_s)
        if len(place.incidents) > needed:  # older ones decide nothing
            place.incidents.popleft()
        while place.incidents[0] <= now_s - self.condition.within_s:
            place.incidents.popleft()
        return len(place.incidents) >= needed

    def _restrained(self, now_s: float) -> bool:
        if self._quiet_until_s is not None and self.condition.cool_down_s and now_s < self._quiet_until_s:
            return True
        while self._done and self._done[0] <= now_s - self.condition.most_within_s:
            self._done.popleft()
        return bool(self.condition.most) and len(self._done) >= self.condition.most

    def _forget(self, now_s: float) -> None:
        """Drop what is gone: sockets come and go for ever."""
        for key, place in list(self._places.items()):
            if place.seen_s < now_s and place.seen_s <= now_s - self.condition.within_s:
                del self._places[key]


def _slope(measure: Measure, place: _Place, state: State, now_s: float) -> float | None:
    """Return the rise a second: of a level since the reading before, of a counter within this one."""
    if measure.counted:
        begin, end = state.begin.monotonic_ns, state.end.monotonic_ns
        if begin is None or end is None or end <= begin:
            return None
        return measure.value * SECOND / (end - begin)
    if place.last is None or place.last[0] >= now_s:
        return None
    return (measure.value - place.last[1]) / (now_s - place.last[0])


def coarseness(level: float | None, lows: tuple[int, ...]) -> str:
    """Return from where on a level really counts when it lies inside a range; nothing when it is a bound of one."""
    if level is None or not lows or level in lows:
        return ""
    beyond = [low for low in lows if low >= level]
    if not beyond:
        return f"{level:,.0f} lies above the last bound, {lows[-1]:,}: it is never certain that it was reached"
    return f"{level:,.0f} lies inside a range: counted from {beyond[0]:,} on"
