"""What the queues, priority groups and pools of a switch have in common: their names, views and watermarks."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from brimful.chain.place import part, whole
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import Moment, span
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import Weight, weigh

FRESH = ("SAI_", "PERIODIC_WATERMARKS")
"""How the names of watermarks begin that the switch itself clears, at each poll or every few minutes."""
POOL = "pool "
"""How the place of a pool begins."""
USED_UP = 0.98
"""Share of a limit at which a buffer is used up: the last cells are too few for a packet."""

SHOWN = 3
"""Places whose numbers are shown."""

_NUMBER = re.compile(r"([0-9]{1,9})\Z")


def number(place: str) -> int | None:
    """Return which queue, class or priority of its port a place is: 3 of `Ethernet0/queue 3`, `swp1/priority-3`."""
    match = _NUMBER.search(part(place))
    return int(match[1]) if match else None


def named(place: str) -> str:
    """Return a part of a port as people say it: `queue 3 of Ethernet0`, `tc 3 of swp1`, `Ethernet0`."""
    inner = part(place)
    return f"{inner} of {whole(place)}" if inner else place


def called(place: str) -> str:
    """Return a queue, or a buffer for what comes in, with what it is: `the queue 3 of Ethernet0`, `the queue tc 3 of swp1`."""
    name = named(place)
    return f"the buffer {name}" if name.startswith(("pg ", POOL)) else f"the queue {name.removeprefix('queue ')}"


def views(readings: Iterable[Reading]) -> list[Reading]:
    """Keep one counter of each place: several count the same packets, those with a doubt again or more than that."""
    best: dict[str, Reading] = {}
    for reading in readings:
        place = reading.series.place
        if place not in best or _rank(reading) > _rank(best[place]):
            best[place] = reading
    return list(best.values())


def _rank(reading: Reading) -> tuple[bool, bool, bool, int]:
    return reading.delta is not None, reading.counted > 0, not reading.series.doubt, reading.counted


class Loss(msgspec.Struct, frozen=True):
    """What one port lost in its queues, or in its priority groups.

    `places` are those that lost, the worst first; `sources` read them, `span` is when they did. `recorded`: the switch told
    of these drops with its bursts, and no counter did. `doubtful`: what the counters stand for is not sure.
    """

    port: str
    places: tuple[str, ...]
    weight: Weight
    because: tuple[Exhibit, ...]
    sources: tuple[str, ...]
    span: tuple[Moment, Moment] | None
    recorded: bool = False
    doubtful: bool = False

    @property
    def place(self) -> str:
        """The queue where there is only one, else the port."""
        return self.places[0] if len(set(self.places)) == 1 else self.port

    @property
    def several(self) -> bool:
        """Whether it is of more than one queue, or it is not told of which."""
        return self.place == self.port

    def at(self, place: str) -> bool:
        """Whether a place can be of what was lost: the same port, and the same number or none."""
        theirs = number(place)
        mine = {number(one) for one in self.places}
        return whole(place) == self.port and (theirs is None or None in mine or theirs in mine)

    def __str__(self) -> str:
        """`1,234 (5.1 %) in 10.0 s`."""
        return f"{self.weight.lost:,} packets, as it recorded itself" if self.recorded else str(self.weight)


def losses(evidence: Evidence, dropped: str, passed: str = "") -> Iterator[Loss]:
    """Yield the ports of a switch that lost packets, now or since their counters were cleared."""
    for port in evidence.places(dropped):
        drops = views(evidence.readings(dropped, place=port))
        weight = weigh(drops, views(evidence.readings(passed, place=port)) if passed else ())
        moved = sorted((one for one in drops if one.counted), key=lambda one: -one.counted)
        if moved and (weight.now or weight.over):
            yield Loss(
                port,
                tuple(one.series.place for one in moved),
                weight,
                tuple(
                    one.exhibit(f"{one.series.raw} of {named(one.series.place)} {one.counted:,}")
                    for one in moved[:SHOWN]
                ),
                tuple(one.series.source for one in moved),
                span(frame.at for one in moved for frame, _ in one.frames),
                doubtful=all(one.series.doubt for one in moved),
            )


def recorded(evidence: Evidence) -> Iterator[Loss]:
    """Yield the ports whose drops a switch recorded with its bursts: the larger of the two records, never their sum."""
    told = [one for one in evidence.events("switch.queue.drops_told") if one.fields.get("packets")]
    bursts = [one for one in evidence.bursts("switch.queue.depth") if one.dropped]
    for port in dict.fromkeys([*(whole(one.place) for one in told), *(whole(one.place) for one in bursts)]):
        events = [
            (one.place, int(one.fields["packets"]), one.at, one.origin) for one in told if whole(one.place) == port
        ]
        inside = [
            (one.place, one.dropped or 0, one.start or one.end, one.origin)
            for one in bursts
            if whole(one.place) == port
        ]
        found = max(events, inside, key=lambda records: sum(lost for _, lost, _, _ in records))
        found.sort(key=lambda record: -record[1])
        yield Loss(
            port,
            tuple(place for place, *_ in found),
            Weight(sum(lost for _, lost, _, _ in found), None, None, now=True, over=False, flat=False, sampled=True),
            tuple(
                Exhibit(f"{lost:,} packets of {named(place)} were dropped", origin, lost, str(at) if at else None)
                for place, lost, at, origin in found[:SHOWN]
            ),
            tuple(one.source for one in bursts) or ("lanz",),
            span(at for _, _, at, _ in found),
            recorded=True,
        )


def peaks(evidence: Evidence, *meanings: str, now: bool, place: str | None = None) -> list[Reading]:
    """Return levels and watermarks above zero, highest first, with `place` those of one port or pool.

    `now`: without watermarks that may be of long ago.
    """
    found = [one for one in evidence.readings(*meanings, place=place) if one.highest and (not now or _is_fresh(one))]
    return sorted(found, key=lambda one: -one.highest)


def _is_fresh(reading: Reading) -> bool:
    """Whether a level is of the window: a watermark is where it rose in it, or where the switch clears it often."""
    watermark = reading.series.meaning.endswith("peak")
    return not watermark or reading.series.raw.startswith(FRESH) or reading.last > reading.first


class Use(msgspec.Struct, frozen=True):
    """A buffer that was seen to be used up to a limit."""

    reading: Reading
    limit: int

    @property
    def place(self) -> str:
        """Where it is."""
        return self.reading.series.place

    @property
    def share(self) -> float:
        """How full it was at the most, 0 to 1."""
        return self.reading.highest / self.limit

    def __str__(self) -> str:
        """`990 of 1,000 bytes (99 %)`."""
        return f"{self.reading.highest:,} of {self.limit:,} bytes ({100 * self.share:.0f} %)"


def uses(evidence: Evidence, levels: tuple[str, ...], limit: str, *, now: bool, place: str) -> list[Use]:
    """Return how much of their limits the buffers of a port or pool used, the fullest view of each, fullest first."""
    limits = {one.series.place: one.last for one in evidence.readings(limit, place=place) if one.last}
    found: dict[str, Use] = {}
    for reading in peaks(evidence, *levels, now=now, place=place):
        if reading.series.place in limits:
            found.setdefault(reading.series.place, Use(reading, limits[reading.series.place]))
    return sorted(found.values(), key=lambda use: -use.share)


def pools_used_up(evidence: Evidence, *, now: bool) -> list[Use]:
    """Return the shared pools of a switch that were seen to be used up, fullest first."""
    levels, limit = ("switch.pool.level", "switch.pool.peak"), "switch.pool.limit"
    pools = [place for place in evidence.places(limit) if place.startswith(POOL)]
    found = [use for pool in pools for use in uses(evidence, levels, limit, now=now, place=pool)]
    return sorted((use for use in found if use.share >= USED_UP), key=lambda use: -use.share)
