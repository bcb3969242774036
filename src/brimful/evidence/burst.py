"""Bursts: a queue that rose above a level and fell again, as one event."""

from collections.abc import Iterable, Iterator

import msgspec

from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin


class Burst(msgspec.Struct, frozen=True):
    """One burst of one queue.

    `peak` is in the meaning's unit, `limit` what the queue may hold where that is known. `start` and `end` are the first
    and the last moment it was seen at or above the level; None where the record does not say, or it was not over.
    `duration_ns` is what the device says or, failing that, the time between the two; where the queue was only looked at
    now and then, it can have lasted up to `longest_ns`, and risen above `peak` between two looks. `dropped` packets were
    lost in it, `fed_by` names the ports that filled the queue. `doubt` is printed with everything concluded from it.
    """

    meaning: str
    place: str
    start: Moment | None
    end: Moment | None
    peak: int
    origin: Origin
    peak_at: Moment | None = None
    duration_ns: int | None = None
    longest_ns: int | None = None
    limit: int | None = None
    dropped: int | None = None
    fed_by: tuple[str, ...] = ()
    source: str = ""
    doubt: str = ""

    @property
    def share(self) -> float | None:
        """The peak as a share of the limit; None where the limit is not known."""
        return self.peak / self.limit if self.limit else None

    @property
    def seen_once(self) -> bool:
        """Whether a single look found it."""
        return self.start is not None and self.start == self.end


def bursts(  # noqa: PLR0913 - what is watched, where, and the two levels
    samples: Iterable[tuple[Moment, int]],
    *,
    meaning: str,
    place: str,
    rise: int,
    fall: int,
    origin: Origin,
    limit: int | None = None,
) -> Iterator[Burst]:
    """Yield the bursts in samples of a level, in order of time: from `rise` or more until below `fall`.

    One that was there with the first sample has no start, one that has not ended with the last has no end. Whatever was at
    or above `rise` at a sample began after the sample before its burst and was over by the one behind it.
    """
    seen = _Seen(meaning, place, origin, limit)
    inside: list[tuple[Moment, int]] = []
    before: Moment | None = None
    for at, level in samples:
        if not inside and level < rise:
            before = at
        elif inside and level < fall:
            yield seen.burst(inside, before, at)
            inside, before = [], at
        else:
            inside.append((at, level))
    if inside:
        yield seen.burst(inside, before, None)


class _Seen(msgspec.Struct, frozen=True):
    """What the bursts of one row of samples have in common."""

    meaning: str
    place: str
    origin: Origin
    limit: int | None

    def burst(self, inside: list[tuple[Moment, int]], before: Moment | None, after: Moment | None) -> Burst:
        """Return a burst by its samples, the last one before it and the first one after it."""
        peak_at, peak = max(inside, key=lambda sample: sample[1])
        first, last = inside[0][0], inside[-1][0]
        whole = before is not None and after is not None
        return Burst(
            self.meaning,
            self.place,
            first if before else None,
            last if after else None,
            peak,
            self.origin,
            peak_at,
            _between(first, last) if whole else None,
            _between(before, after),
            self.limit,
        )


def _between(first: Moment | None, last: Moment | None) -> int | None:
    """Return the nanoseconds from one moment to another, by the clock that does not step where both have it."""
    if first is None or last is None:
        return None
    if first.monotonic_ns is not None and last.monotonic_ns is not None:
        return last.monotonic_ns - first.monotonic_ns
    return last.ns - first.ns
