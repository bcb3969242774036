"""Frames that found no receive descriptor: a near miss while they wait in the NIC (RNBC), a loss where they are dropped.

A counter of waits holds the NIC's buffer up only when it moves about as fast as the overruns; a few waits beside many
overruns leave the bus as the cause (36 against 239,166 in a public report of a slow slot, snabbco/snabb #35).
"""

from collections.abc import Iterator

import msgspec

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.sizing import instead, rate
from brimful.evidence.weight import Weight, one_view, weigh
from brimful.rules import Collect, Finding, State, Treatment, rule

RING_SHARE = 0.1
"""Waits or drops for want of a descriptor, as a share of the overruns, from which the ring is what held the NIC up.

No text gives a figure: in the public cases the share is either close to 1 or below 0.001. [inference]
"""

AFTER = Treatment("then look again: overruns that remain with descriptors free are the bus's")

READS = (
    "nic.ring.no_buffer",
    "nic.ring.waited",
    "nic.fifo.overrun",
    "nic.ring.passed",
    "nic.ring.size",
    "nic.ring.size_maximum",
    "nic.ring.polls",
    "nic.ring.polled",
    "nic.ring.polls_exhausted",
)


@rule(*READS)
def nic_ring(evidence: Evidence) -> Iterator[Finding]:
    """Do frames find no receive descriptor, and is that a near miss or a loss?"""
    for interface in evidence.places("nic.ring.no_buffer", "nic.ring.waited"):
        passed = one_view(evidence.readings("nic.ring.passed", place=interface))
        lost = one_view(evidence.readings("nic.ring.no_buffer", place=interface))
        waited = one_view(evidence.readings("nic.ring.waited", place=interface))
        overrun = weigh(one_view(evidence.readings("nic.fifo.overrun", place=interface)), passed)
        weight, near = weigh(lost, passed), weigh(waited, passed)
        few = weight.lost < RING_SHARE * overrun.lost
        if (weight.now or weight.over) and not few:
            yield _lost(evidence, interface, lost, weight, overrun)
        elif overrun.idle:
            continue  # a ring that is emptied too slowly lets some through
        elif overrun.lost and near.lost >= RING_SHARE * overrun.lost:
            yield _holds(evidence, interface, waited, near, overrun)
        elif weight.lost and not weight.sampled and not few:
            yield _once(interface, lost, weight)
        elif near.lost and not overrun.lost:
            yield _near(interface, waited, near, flat=overrun.flat)
        elif few or all(reading.rising is False for reading in lost + waited):
            yield _room(interface, lost + waited, weight.lost, near.lost)


def _lost(evidence: Evidence, interface: str, readings: list[Reading], weight: Weight, overrun: Weight) -> Finding:
    moved = sorted((r for r in readings if r.counted), key=lambda r: -r.counted)
    state = State.LOST if weight.now else State.OVER
    text = f"frames that {interface} dropped for want of a receive descriptor: {weight}"
    first = Exhibit(text, moved[0].origin, weight.lost)
    ring = _ring(evidence, interface, state)
    return msgspec.structs.replace(
        ring,
        because=(
            first,
            *(r.exhibit(f"{r.series.raw} {r.counted:,} at {r.series.place}") for r in moved[:3]),
            *_polls(evidence, interface),
        ),
        do=(*ring.do, AFTER) if overrun.lost else ring.do,
        harm=weight.lost,
        level=weight.share,
    )


def _holds(evidence: Evidence, interface: str, waited: list[Reading], near: Weight, overrun: Weight) -> Finding:
    first = next(reading for reading in waited if reading.counted)
    text = f"{near.lost:,} frames found no descriptor ({first.series.raw}) beside {overrun.lost:,} overruns: the ring had run dry"
    ring = _ring(evidence, interface, State.HOLDS, past=not near.sampled)
    return msgspec.structs.replace(
        ring, because=(first.exhibit(text), *_polls(evidence, interface)), do=(*ring.do, AFTER)
    )


def _polls(evidence: Evidence, interface: str) -> Iterator[Exhibit]:
    """Yield how many of the polls that were traced left packets in the rings."""
    polls = weigh(evidence.readings("nic.ring.polls", place=interface)).lost
    polled = weigh(evidence.readings("nic.ring.polled", place=interface)).lost
    exhausted = [r for r in evidence.readings("nic.ring.polls_exhausted", place=interface) if r.delta]
    if polls and exhausted:
        count = weigh(exhausted).lost
        yield exhausted[0].exhibit(
            f"{count:,} of {polls:,} polls of {interface} used up their budget, at {polled / polls:.0f} packets a poll: its rings were not emptied"
        )


def _ring(evidence: Evidence, interface: str, state: State, *, past: bool = False) -> Finding:
    past = past or state is State.OVER
    verb, ran = ("has not given", "ran") if past else ("does not give", "runs")
    return Finding(
        stage="nic.ring",
        place=interface,
        state=state,
        statement=f"The kernel {verb} {interface} receive descriptors back fast enough: its ring {ran} dry.",
        subject=f"the empty ring of {interface}",
        do=tuple(_treatments(evidence, interface)),
        collect=(
            Collect("the counters of the NIC, twice, 10 s apart", f"ethtool -S {interface}"),
            Collect("which CPU serves it, and how busy softirq is", "cat /proc/interrupts /proc/net/softnet_stat"),
        ),
    )


def _treatments(evidence: Evidence, interface: str) -> Iterator[Treatment]:
    maximum = next((r.last for r in evidence.readings("nic.ring.size_maximum", place=interface)), 0)
    size = next((r.last for r in evidence.readings("nic.ring.size", place=interface)), 0)
    if size and maximum > size:
        bigger = min(maximum, 4 * size)
        arriving = rate(
            one_view(evidence.readings("nic.ring.no_buffer", place=interface)),
            one_view(evidence.readings("nic.ring.passed", place=interface)),
        )
        yield Treatment(
            f"enlarge the ring from {size:,} to {bigger:,} descriptors (the driver allows {maximum:,}){instead(size, bigger, arriving)}",
            f"ethtool -G {interface} rx {bigger}",
            temporary=True,
        )
    elif not size:
        yield Treatment("enlarge the receive ring if the driver allows more", f"ethtool -g {interface}", temporary=True)
    yield Treatment(
        "spread its queues over more CPUs, away from busy ones",
        f"ethtool -l {interface}; grep {interface} /proc/interrupts",
    )


def _once(interface: str, readings: list[Reading], weight: Weight) -> Finding:
    return Finding(
        stage="nic.ring",
        place=interface,
        state=State.OPEN,
        statement=f"{interface} has dropped frames for want of a receive descriptor, {weight}; one sample does not say when.",
        because=tuple(r.exhibit(f"{r.series.raw} {r.last:,}, one sample") for r in readings if r.last),
        collect=(Collect("the counters of the NIC, twice, 10 s apart", f"ethtool -S {interface}"),),
    )


def _near(interface: str, waited: list[Reading], near: Weight, *, flat: bool) -> Finding:
    """Waits without a loss; that nothing was lost is said only where overruns are counted."""
    first = next(reading for reading in waited if reading.counted)
    found = "found" if near.sampled else "have found"
    text = f"{near.lost:,} frames {found} no descriptor and waited in the NIC ({first.series.raw})"
    return Finding(
        stage="nic.ring",
        place=interface,
        state=State.NEAR,
        statement=f"{interface}: {text}{'; none was lost' if flat else ''}.",
        because=(first.exhibit(text),),
        harm=near.lost,
    )


def _room(interface: str, readings: list[Reading], lost: int, waited: int) -> Finding:
    """Descriptors were free, or so nearly always that the ring does not explain the overruns."""
    some = " and ".join(f"{number:,} {what}" for number, what in ((lost, "drops"), (waited, "waits")) if number)
    names = ", ".join(dict.fromkeys(reading.series.raw for reading in readings))
    text = f"{interface} had descriptors free{f': only {some}' if some else ''} ({names})"
    return Finding(stage="nic.ring", place=interface, state=State.ROOM, because=(readings[0].exhibit(text),))
