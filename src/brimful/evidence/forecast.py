"""When a buffer that fills will be full: level, limit and slope, with the uncertainty of the slope.

The slope is the median of the slopes between all pairs of samples (Theil 1950, Sen 1968), its interval at 95 % from the
ranks of those slopes (Kendall's S): one outlier among the samples moves neither. No forecast is made where that
interval holds a slope of zero.
"""

from itertools import combinations
from math import ceil, floor, sqrt
from statistics import median

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.fill import filled
from brimful.evidence.moment import seconds_between

FEWEST = 5
"""Samples below which the ranks of slopes say nothing at 95 %."""
Z_95 = 1.96
WATERMARKS = ("switch.queue.peak", "switch.pool.peak", "switch.pool.headroom_peak")
"""Levels that only ever rise until somebody clears them: they tell how full a buffer was, and never when it will be."""


class Forecast(msgspec.Struct, frozen=True):
    """A level that rises towards its limit."""

    meaning: str
    place: str
    level: int
    limit: int
    unit: str
    per_second: float
    seconds: float
    seconds_low: float
    seconds_high: float
    reading: Reading

    @property
    def stage(self) -> str:
        """The buffer that fills."""
        return MEANINGS[self.meaning].stage.name

    @property
    def share(self) -> float:
        """How full it is, 0 to 1."""
        return self.level / self.limit


def forecasts(evidence: Evidence) -> list[Forecast]:
    """Return what will overflow if it goes on as it did, soonest first."""
    rising = ((reading, limit) for reading, limit in filled(evidence) if reading.series.meaning not in WATERMARKS)
    found = [forecast for reading, limit in rising if (forecast := forecast_of(reading, limit))]
    return sorted(found, key=lambda forecast: forecast.seconds)


def forecast_of(reading: Reading, limit: int) -> Forecast | None:
    """Return when a level reaches its limit, or None where it is there already or is not shown to rise."""
    if reading.samples < FEWEST or reading.last >= limit:
        return None
    first = reading.frames[0][0].at
    times = [seconds_between(first, frame.at, same_boot=True) for frame, _ in reading.frames]
    points = [(t, frame.values[i]) for t, (frame, i) in zip(times, reading.frames, strict=True) if t is not None]
    slope = _slope(points)
    if slope is None or slope[0] <= 0:
        return None
    low, middle, high = slope
    room = limit - reading.last
    meaning = MEANINGS[reading.series.meaning]
    return Forecast(
        meaning.name,
        reading.series.place,
        reading.last,
        limit,
        meaning.unit,
        middle,
        room / middle,
        room / high,
        room / low,
        reading,
    )


def _slope(points: list[tuple[float, int]]) -> tuple[float, float, float] | None:
    """Return the slope between points with its interval at 95 %: low, median, high."""
    if len(points) < FEWEST:
        return None
    slopes = sorted((b - a) / (t - s) for (s, a), (t, b) in combinations(points, 2) if t > s)
    if not slopes:
        return None
    n = len(points)
    spread = Z_95 * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, floor((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, ceil((len(slopes) + spread) / 2))
    return slopes[low], median(slopes), slopes[high]
