"""Buffers that are nearly full, or fill at a rate that is shown: before a packet is lost."""

from collections.abc import Iterator

from brimful.chain.meaning import MEANINGS
from brimful.chain.stage import STAGES
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.fill import filled
from brimful.evidence.forecast import WATERMARKS, Forecast, forecasts
from brimful.evidence.moment import spoken
from brimful.rules import Finding, State, rule

READS = tuple(word for meaning in MEANINGS.values() if meaning.limit for word in (meaning.name, meaning.limit))

CARRIED = 30
"""How many times the time it was seen for a slope is carried on: ten seconds say nothing about tomorrow."""
NEARLY = 0.9
"""Share of its limit at which a level is worth a line though it does not rise."""
EXACT_S = 10
"""Seconds below which tenths are told."""


@rule(*READS)
def overflow_ahead(evidence: Evidence) -> Iterator[Finding]:
    """Which buffer will overflow if it goes on like this?"""
    told = set()
    for forecast in forecasts(evidence):
        if forecast.seconds <= CARRIED * (forecast.reading.seconds or 0):
            told.add(forecast.reading.series)
            yield _ahead(forecast)
    for reading, limit in filled(evidence):
        if reading.series not in told and NEARLY * limit <= reading.last < limit:
            yield _nearly(reading, limit)


def _ahead(forecast: Forecast) -> Finding:
    text = f"{_level(forecast.reading, forecast.limit)}, rising by {forecast.per_second:,.3g} {forecast.unit} a second"
    when = f"{_time(forecast.seconds)} ({_time(forecast.seconds_low)} to {_time(forecast.seconds_high)})"
    return Finding(
        stage=forecast.stage,
        place=forecast.place,
        state=State.NEAR,
        statement=f"The {_sink(forecast.reading)} fills up: {text}; full in {when} if it goes on.",
        because=(forecast.reading.exhibit(text),),
        level=forecast.share,
    )


def _nearly(reading: Reading, limit: int) -> Finding:
    text = _level(reading, limit)
    is_full = "was nearly full once" if reading.series.meaning in WATERMARKS else "is nearly full"
    return Finding(
        stage=MEANINGS[reading.series.meaning].stage.name,
        place=reading.series.place,
        state=State.NEAR,
        statement=f"The {_sink(reading)} {is_full}: {text}.",
        because=(reading.exhibit(text),),
        level=reading.last / limit,
    )


def _sink(reading: Reading) -> str:
    place = f" at {reading.series.place}" if reading.series.place else ""
    return f"{STAGES[MEANINGS[reading.series.meaning].stage.name].sink}{place}"


def _level(reading: Reading, limit: int) -> str:
    unit = MEANINGS[reading.series.meaning].unit
    return f"{reading.last:,} of {limit:,} {unit} ({100 * reading.last / limit:.0f} %)"


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < EXACT_S else spoken(seconds)
