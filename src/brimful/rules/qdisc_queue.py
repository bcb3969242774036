"""Packets dropped on the way out, in the queueing discipline in front of a transmit ring.

A queue drops because its limit is reached, or because its packets waited too long (CoDel, PIE, RED, CAKE: that is what
they are for). Either way more is sent than leaves. What leaves is bounded by a rate that somebody set (a shaper: policy),
else by the link, or by the transmit ring below.
"""

from collections.abc import Iterator

import msgspec

from brimful.chain.owner import Owner
from brimful.drivers.rates import spoken
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import LIFETIME_SHARE, Weight, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

BY_DELAY = frozenset(("fq_codel", "codel", "cake", "pie", "fq_pie", "red"))
"""Kinds that drop packets before the queue is full, to keep it short."""

PLAIN = frozenset(("pfifo", "bfifo", "pfifo_fast", "fq_codel", "codel", "sfq", "pie", "red"))
"""Kinds that keep no rate."""

SHOWN = 3
"""Queues that are named."""

SEEN_FULL = 0.5
"""Share of its limit from which a level is evidence that a queue overflows; it is seen once a second at the most."""

DEEPEST = 8
"""How many disciplines may stand above one another: more than anybody builds, and an end for a list that is damaged."""

REST_SHARE = 0.1
"""What a discipline dropped beyond those below it counts from here on: the two are not read at the same moment."""

COLLECT = (Collect("all queues of the way out, twice, 10 s apart", "tc -s -d qdisc show"),)


class Queue(msgspec.Struct, frozen=True):
    """One queue that dropped packets, and what is known of it and of those above it."""

    reading: Reading
    weight: Weight
    kind: str
    rate: int | None
    shaper: str
    held: Reading | None
    over_limit: int | None
    level: Exhibit | None
    share: float | None


@rule(
    "qdisc.queue.dropped",
    "qdisc.queue.drops_mixed",
    "qdisc.queue.passed",
    "qdisc.queue.overlimits",
    "qdisc.queue.over_limit",
    "qdisc.queue.flow_limited",
    "qdisc.queue.length",
    "qdisc.queue.limit",
    "qdisc.queue.backlog",
    "qdisc.queue.limit_bytes",
    "qdisc.kind",
    "qdisc.parent",
    "qdisc.rate",
)
def qdisc_queue(evidence: Evidence) -> Iterator[Finding]:
    """Does a queue on the way out drop packets, and is it a rate somebody set, the link, or what is below?"""
    for interface in evidence.places("qdisc.queue.dropped"):
        drops = evidence.readings("qdisc.queue.dropped", place=interface)
        weight = weigh(drops, evidence.readings("qdisc.queue.passed", place=interface))
        moved = sorted((r for r in drops if r.counted), key=lambda r: -r.counted)
        queues = [_queue(evidence, reading) for reading in moved[:SHOWN]]
        if queues and (weight.now or weight.over):
            small = weight.share is not None and weight.share < LIFETIME_SHARE
            if small and _by_delay(queues[0]):
                yield _near(interface, queues[0], weight)
            else:
                yield _lost(evidence, interface, queues, weight, len(moved))
        yield from _within(evidence, interface, weight)


def _queue(evidence: Evidence, reading: Reading) -> Queue:
    place = reading.series.place
    kind = _kind(evidence, place)
    rate, shaper, held = _shaper(evidence, place)
    level, share = _level(evidence, place, kind)
    limited = _at(evidence, "qdisc.queue.over_limit", place)
    over = sum(r.counted for r in limited) if limited else None
    return Queue(
        reading,
        weigh([reading], _at(evidence, "qdisc.queue.passed", place)),
        kind,
        rate,
        shaper,
        held,
        over,
        level,
        share,
    )


def _at(evidence: Evidence, meaning: str, place: str) -> list[Reading]:
    return [r for r in evidence.readings(meaning, place=place) if r.series.place == place]


def _kind(evidence: Evidence, place: str) -> str:
    fact = evidence.fact("qdisc.kind", place)
    return str(fact.value).partition(" ")[0] if fact else "its queue"


def _shaper(evidence: Evidence, place: str) -> tuple[int | None, str, Reading | None]:
    """Return the nearest rate that bounds a queue, the kind that keeps it, and how often that held packets back."""
    above = _above(evidence, place)
    facts = [fact for here in above if (fact := evidence.fact("qdisc.rate", here))]
    held = next((r for here in above for r in _at(evidence, "qdisc.queue.overlimits", here) if r.counted), None)
    if not facts:
        return None, "", held
    kinds = [_kind(evidence, here) for here in above[above.index(facts[0].place) :]]
    # the rate of a class is told of the queue at its end: the shaper is the next one above
    return int(facts[0].value), next((kind for kind in kinds if kind not in PLAIN), kinds[0]), held


def _above(evidence: Evidence, place: str) -> list[str]:
    """Return a discipline's place and those above it, up to the interface's own."""
    found = [place]
    while len(found) < DEEPEST and (parent := evidence.fact("qdisc.parent", found[-1])):
        found.append(str(parent.value))
    return found


def _level(evidence: Evidence, place: str, kind: str) -> tuple[Exhibit | None, float | None]:
    """Return how full the queue was seen to be."""
    for level, limit, unit in (
        ("qdisc.queue.length", "qdisc.queue.limit", "packets"),
        ("qdisc.queue.backlog", "qdisc.queue.limit_bytes", "bytes"),
    ):
        held = next(iter(_at(evidence, level, place)), None)
        most = next((r.last for r in _at(evidence, limit, place)), 0)
        if held is not None and most:
            text = f"{kind} was seen to hold {held.highest:,} of {most:,} {unit}"
            return held.exhibit(text), min(held.highest / most, 1.0)
    return None, None


def _shaped(queue: Queue) -> bool:
    return queue.rate is not None and queue.held is not None


def _by_delay(queue: Queue) -> bool:
    """Whether most drops came before the limit: by its own counter, else by how full the queue was seen to be."""
    if queue.over_limit is None:
        return queue.kind in BY_DELAY and (queue.share or 0.0) < SEEN_FULL
    return queue.kind in BY_DELAY and 2 * queue.over_limit < queue.reading.counted


def _near(interface: str, queue: Queue, weight: Weight) -> Finding:
    """A few early drops tell senders to slow down: that is how these disciplines work."""
    text = f"packets of {interface} were dropped by {queue.kind} to keep its queue short: {weight}"
    return Finding(
        stage="qdisc.queue",
        place=queue.reading.series.place,
        state=State.NEAR,
        statement=f"{text[0].upper()}{text[1:]}.",
        because=(queue.reading.exhibit(text),),
        harm=weight.lost,
    )


def _lost(evidence: Evidence, interface: str, queues: list[Queue], weight: Weight, number: int) -> Finding:
    first = queues[0]
    shaped = _shaped(first)
    because = [
        queue.reading.exhibit(f"{queue.kind} at {queue.reading.series.place} dropped {queue.weight}")
        for queue in queues
    ]
    if first.held is not None and shaped:
        because.append(first.held.exhibit(f"the shaper held packets back {first.held.counted:,} times"))
    if first.level is not None and first.share is not None and first.share >= SEEN_FULL:
        because.append(first.level)
    limited = [r for r in evidence.readings("qdisc.queue.flow_limited", place=interface) if r.counted]
    because += [r.exhibit(f"{r.counted:,} of them were of flows that had too many packets waiting") for r in limited]
    return Finding(
        stage="qdisc.queue",
        place=first.reading.series.place if number == 1 else interface,
        state=State.LOST if weight.now else State.OVER,
        statement=_statement(interface, first, past=not weight.now),
        subject=f"the drops in front of {interface}",
        owner=Owner.POLICY if shaped else None,
        confidence=Confidence.HIGH if shaped and weight.now else Confidence.MEDIUM,
        because=tuple(because),
        doubts=() if shaped else ("whether the link was at its full rate is not shown",),
        do=_treatments(interface, first),
        collect=COLLECT,
        proven=shaped,
        harm=weight.lost,
        level=first.share,
    )


def _statement(interface: str, queue: Queue, *, past: bool) -> str:
    drops, is_sent, takes = ("has dropped", "was sent", "took") if past else ("drops", "is sent", "takes")
    if queue.rate is not None and _shaped(queue):
        return f"The shaper of {interface} ({queue.shaper}) {drops} packets: more {is_sent} than the {spoken(queue.rate)} that somebody set."
    if _by_delay(queue):
        return f"The queue in front of {interface} ({queue.kind}) {drops} packets that waited too long: the link {takes} less than {is_sent}."
    return f"The queue in front of {interface} ({queue.kind}) {'has overflowed' if past else 'overflows'}: the link {takes} less than {is_sent}."


def _treatments(interface: str, queue: Queue) -> tuple[Treatment, ...]:
    show = f"tc -s -d qdisc show dev {interface}"
    if queue.rate is not None and _shaped(queue):
        return (
            Treatment(f"raise the rate of {spoken(queue.rate)} if the link and the contract allow more", show),
            Treatment("or send less: a longer queue only delays the same loss"),
        )
    if _by_delay(queue):
        return (Treatment("send less, or take a faster link: these drops keep the delay short, and that is wanted"),)
    return (
        Treatment("send less, or take a faster link"),
        Treatment("let the queue hold a longer burst, if bursts are what fills it", show, temporary=True),
    )


def _within(evidence: Evidence, interface: str, below: Weight) -> Iterator[Finding]:
    """What a discipline dropped itself, before any of the queues below it: packets of no class, or too long ones."""
    for reading in evidence.readings("qdisc.queue.drops_mixed", place=interface):
        place = reading.series.place
        under = [
            r
            for meaning in ("qdisc.queue.dropped", "qdisc.queue.drops_mixed")
            for r in evidence.readings(meaning, place=interface)
            if r is not reading and _is_under(evidence, r.series.place, place)
        ]
        rest = (reading.delta or 0) - sum(r.delta or 0 for r in under)
        if rest > 0 and rest >= REST_SHARE * (reading.delta or 0):
            kind = _kind(evidence, place)
            when = f" {below.when}" if below.sampled else ""
            text = f"{rest:,} packets of {interface} were dropped{when} by {kind} itself, before any of its queues"
            yield Finding(
                stage="qdisc.queue",
                place=place,
                state=State.OPEN,
                statement=f"{text}: packets of no class, or longer than it lets through.",
                because=(reading.exhibit(f"{kind} and the queues below it dropped {reading.delta:,}"),),
                collect=(Collect("its filters and classes", f"tc -s -d class show dev {interface}"), *COLLECT),
                harm=rest,
            )


def _is_under(evidence: Evidence, place: str, above: str) -> bool:
    parent = evidence.fact("qdisc.parent", place)
    return parent is not None and str(parent.value) == above
