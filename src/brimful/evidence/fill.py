"""How full buffers are: levels beside the limits at which they overflow."""

from collections.abc import Iterator

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import outward
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import one_view

BYPASSED = ("tcp ",)
"""Protocols whose receive queues do not overflow when they fill: the window closes and the sender waits."""


def filled(evidence: Evidence, *names: str) -> Iterator[tuple[Reading, int]]:
    """Yield every level (of these meanings, where any are named) that has a limit above zero, with that limit."""
    for meaning in map(MEANINGS.__getitem__, names or MEANINGS):
        if meaning.limit:
            limits = _limits(evidence, meaning.name)
            for reading in evidence.readings(meaning.name):
                place = reading.series.place
                limit = next((limits[name] for name in outward(place) if name in limits), 0)
                if limit and not place.startswith(BYPASSED):
                    yield reading, limit


def most_held(evidence: Evidence, level: str, place: str) -> Iterator[Exhibit]:
    """Yield the most that a buffer was seen to hold of what it may: its own limit, and no wider one, is meant."""
    limits = _limits(evidence, level, place)
    for reading in one_view(evidence.readings(level, place=place)):
        limit = limits.get(reading.series.place)
        if limit:
            yield reading.exhibit(f"it held up to {reading.highest:,} of {limit:,} {MEANINGS[level].unit}")


def _limits(evidence: Evidence, level: str, place: str | None = None) -> dict[str, int]:
    limits = evidence.readings(MEANINGS[level].limit, place=place)
    return {reading.series.place: reading.last for reading in limits}
