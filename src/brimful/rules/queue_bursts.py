"""Bursts: queues that filled and emptied again, as switches recorded them or as samples of a level show them.

A burst explains a loss that an average hides, and is no loss by itself. Of samples only what lies between two looks is known:
a burst was at least as deep as it was seen to be, and lasted no longer than from the look before it to the one behind it.
"""

from collections.abc import Iterable, Iterator

from brimful.chain.meaning import MEANINGS
from brimful.chain.stage import STAGES
from brimful.evidence.burst import Burst, bursts
from brimful.evidence.catching import lasting
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.fill import filled
from brimful.evidence.forecast import WATERMARKS
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Exhibit
from brimful.rules import Finding, State, rule

QUEUES = (
    "qdisc.queue",
    "switch.queue",
    "switch.pool",
    "nic.ring",
    "softnet.backlog",
    "socket.receive",
    "socket.listen",
    "netlink.socket",
    "capture.ring",
)
"""Buffers that packets or connections wait in: memory that is in use is no burst."""
LEVELS = tuple(
    meaning.name
    for meaning in MEANINGS.values()
    if meaning.limit and meaning.stage.name in QUEUES and meaning.name not in WATERMARKS
)
"""What is looked at: their fill, not what it was at the most."""
LIMITS = tuple(dict.fromkeys(MEANINGS[level].limit for level in LEVELS))
RISE, FALL = 0.5, 0.25
"""Shares of its limit at which a level is taken to rise in a burst, and to have fallen again."""
FEWEST = 3
"""Samples below which nothing is seen to rise and to fall."""
SHOWN = 3
"""Queues that are told of."""
FEEDERS = 8
"""Ports that are named as those that fed a queue."""


@rule(*LEVELS, *LIMITS, "switch.queue.resolution_ns", "switch.queue.resolution_depth")
def queue_bursts(evidence: Evidence) -> Iterator[Finding]:
    """Which queues filled in bursts, when, how far and for how long?"""
    found: dict[tuple[str, str], list[Burst]] = {}
    for one in (*evidence.bursts(*LEVELS), *_sampled(evidence)):
        found.setdefault((one.meaning, one.place), []).append(one)
    ordered = sorted(found.values(), key=lambda queue: max(map(_weight, queue)), reverse=True)
    for queue in ordered[:SHOWN]:
        yield _told(evidence, queue)


def _weight(burst: Burst) -> tuple[float, int]:
    return burst.share or 0.0, burst.peak


def _sampled(evidence: Evidence) -> Iterator[Burst]:
    """Yield the bursts that are in the samples of levels; what was full all the time is none."""
    for reading, limit in filled(evidence, *LEVELS):
        if reading.samples >= FEWEST and reading.highest >= RISE * limit:
            yield from (
                one
                for one in bursts(
                    _samples(reading),
                    meaning=reading.series.meaning,
                    place=reading.series.place,
                    rise=max(1, round(RISE * limit)),
                    fall=max(1, round(FALL * limit)),
                    origin=reading.origin,
                    limit=limit,
                )
                if one.start or one.end
            )


def _samples(reading: Reading) -> Iterable[tuple[Moment, int]]:
    return [(frame.at, frame.values[index]) for frame, index in reading.frames if frame.at is not None]


def _told(evidence: Evidence, queue: list[Burst]) -> Finding:
    """Tell of the bursts of one queue: how many, and the deepest. What a switch recorded, its own verdicts show."""
    worst = max(queue, key=_weight)
    stage = MEANINGS[worst.meaning].stage
    text = f"{_depth(worst)}{_when(worst)}{_fed(worst)}"
    many = f"{len(queue):,} bursts, the deepest " if len(queue) > 1 else "one burst, "
    exhibit = Exhibit(f"it filled in {many}{text}", worst.origin, worst.peak, _at(worst), worst.doubt)
    return Finding(
        stage=stage.name,
        place=worst.place,
        state=State.NOTE,
        statement=f"The {STAGES[stage.name].sink} at {worst.place} filled in {many}{text}{_escaped(evidence, worst)}.",
        subject=f"the bursts at {worst.place}",
        because=() if worst.source else (exhibit,),
    )


def _escaped(evidence: Evidence, burst: Burst) -> str:
    """Return what a device's record cannot hold."""
    step = evidence.fact("switch.queue.resolution_ns", burst.place) if burst.source else None
    depth = evidence.fact("switch.queue.resolution_depth", burst.place) if burst.source else None
    parts = [f"shorter than {lasting(float(step.value))}"] if step and step.value else []
    parts += [f"below {int(depth.value):,} bytes"] if depth and depth.value else []
    return f"; bursts {' or '.join(parts)} can have escaped" if parts else ""


def _depth(burst: Burst) -> str:
    """Return how deep it was: between two looks it can have been deeper."""
    unit = MEANINGS[burst.meaning].unit
    to = "up to" if burst.source else "to at least"
    if burst.share is None or burst.limit is None:
        return f"{to} {burst.peak:,} {unit}"
    return f"{to} {burst.peak:,} of {burst.limit:,} {unit} ({100 * burst.share:.0f} %)"


def _at(burst: Burst) -> str | None:
    at = burst.start or burst.peak_at or burst.end
    return str(at) if at else None


def _when(burst: Burst) -> str:
    """Return when it was, and how long: from one look to another, or as the device measured it."""
    if burst.seen_once and burst.longest_ns is not None:
        return f" at {burst.start}, in one look: it lasted less than {lasting(burst.longest_ns)}"
    begin = f" from {burst.start}" if burst.start else f" at {burst.peak_at}" if burst.peak_at else ""
    end = f" to {burst.end}" if burst.end else ", and was not seen to end" if burst.start else ""
    least = f", for {lasting(burst.duration_ns)}" if burst.duration_ns else ""
    most = f" to {lasting(burst.longest_ns)}" if least and burst.longest_ns is not None else ""
    return f"{begin}{end}{least}{most}"


def _fed(burst: Burst) -> str:
    rest = f" and {len(burst.fed_by) - FEEDERS} more" if len(burst.fed_by) > FEEDERS else ""
    return f", fed by {', '.join(burst.fed_by[:FEEDERS])}{rest}" if burst.fed_by else ""
