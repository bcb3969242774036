"""The transmit ring: full, hung, or a place where frames are lost.

A discipline puts a packet back (requeues) when the driver's queue was stopped in the middle of a batch: its ring or its
byte limit was full (net/sched/sch_generic.c, dev_requeue_skb). That holds the discipline up and loses nothing. It happens
on every link that is sent more than it takes, so the NIC is blamed only where its queue hung.
"""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import LIFETIME_SHARE, Weight, one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, rule

HELD_SHARE = 0.1
"""Packets put back, as a share of those that the queue dropped, from which the ring is what held it up.

No text gives a figure: [inference]. A few are put back on every busy link, and hold nothing up that would have been lost."""

HUNG = Collect("what the driver said", "dmesg")


@rule(
    "nic.tx_ring.timeouts",
    "nic.tx_ring.errors",
    "nic.tx_ring.dropped",
    "nic.tx_ring.passed",
    "nic.tx_ring.full",
    "nic.tx_ring.size",
    "nic.tx_ring.used",
    "nic.tx_ring.limit",
    "qdisc.queue.requeued",
    "qdisc.queue.dropped",
    "capture.ring.traced",
)
def transmit_ring(evidence: Evidence) -> Iterator[Finding]:
    """Does the transmit ring of a NIC hang, lose frames, or hold up the queue in front of it?"""
    words = (
        "nic.tx_ring.timeouts",
        "nic.tx_ring.errors",
        "nic.tx_ring.dropped",
        "nic.tx_ring.full",
        "qdisc.queue.requeued",
    )
    for interface in evidence.places(*words):
        hung = weigh(_of(evidence, "nic.tx_ring.timeouts", interface))
        if hung.lost:
            yield _hung(evidence, interface, hung)
        yield from _errors(evidence, interface)
        yield from _dropped(evidence, interface)
        if not hung.now:
            yield from _holds(evidence, interface)


def _of(evidence: Evidence, meaning: str, interface: str) -> list[Reading]:
    return one_view(evidence.readings(meaning, place=interface))


def _moved(evidence: Evidence, meaning: str, interface: str) -> list[Reading]:
    return [reading for reading in _of(evidence, meaning, interface) if reading.counted]


def _hung(evidence: Evidence, interface: str, weight: Weight) -> Finding:
    """A queue that hung once since boot, which may be long ago, is said and no more."""
    moved = _moved(evidence, "nic.tx_ring.timeouts", interface)
    return Finding(
        stage="nic.tx_ring",
        place=interface,
        state=State.OPEN if weight.now else State.NEAR,
        statement=f"The transmit queue of {interface} hung {weight.lost:,} times {weight.when}: driver, firmware or hardware.",
        because=tuple(reading.exhibit(f"{reading.series.raw} {reading.counted:,}") for reading in moved),
        collect=(HUNG, Collect("driver and firmware", f"ethtool -i {interface}")),
        harm=weight.lost,
    )


def _errors(evidence: Evidence, interface: str) -> Iterator[Finding]:
    weight = weigh(_of(evidence, "nic.tx_ring.errors", interface), _of(evidence, "nic.tx_ring.passed", interface))
    if weight.now or weight.over:
        moved = _moved(evidence, "nic.tx_ring.errors", interface)
        yield Finding(
            stage="nic.tx_ring",
            place=interface,
            state=State.OPEN,
            statement=f"{interface} could not send {weight.lost:,} frames {weight.when}.",
            because=tuple(reading.exhibit(f"{reading.series.raw} {reading.counted:,}") for reading in moved),
            collect=(Collect("all counters of the NIC", f"ethtool -S {interface}"),),
            harm=weight.lost,
        )


def _dropped(evidence: Evidence, interface: str) -> Iterator[Finding]:
    """What the driver or the stack dropped behind the queue. Some drivers add their queue's drops: these are taken off."""
    totals = _of(evidence, "nic.tx_ring.dropped", interface)
    weight = weigh(totals, _of(evidence, "nic.tx_ring.passed", interface))
    queued = weigh(one_view(evidence.readings("qdisc.queue.dropped", place=interface)))
    read_by_none = weigh(evidence.readings("capture.ring.traced", place=interface))  # of a tun device
    rest = weight.lost - queued.lost - read_by_none.lost
    share = rest / (rest + weight.passed) if weight.passed is not None and rest > 0 else 0.0
    if weight.now and share >= LIFETIME_SHARE:
        text = f"{rest:,} frames of {interface} were dropped on the way out {weight.when}, by its driver or the stack, and no counter names the reason"
        yield Finding(
            stage="nic.tx_ring",
            place=interface,
            state=State.OPEN,
            statement=f"{text}.",
            because=tuple(r.exhibit(f"{r.series.raw} {r.counted:,}") for r in totals if r.counted),
            collect=(
                Collect("the queue in front of it", f"tc -s qdisc show dev {interface}"),
                Collect("the reason of each drop in the kernel", "perf trace -e skb:kfree_skb"),
            ),
            harm=rest,
        )


def _holds(evidence: Evidence, interface: str) -> Iterator[Finding]:
    full = [r for r in _of(evidence, "nic.tx_ring.full", interface) if r.delta]
    put_back = [r for r in evidence.readings("qdisc.queue.requeued", place=interface) if r.delta]
    dropped = weigh(one_view(evidence.readings("qdisc.queue.dropped", place=interface)))
    held = weigh(put_back).lost
    if not full and not (dropped.now and held >= HELD_SHARE * dropped.lost):
        return
    because = [
        *(r.exhibit(f"the transmit ring was full {r.counted:,} times ({r.series.raw})") for r in full),
        *(r.exhibit(f"{r.counted:,} packets were put back into {r.series.place}") for r in put_back),
        *(
            r.exhibit(f"it holds {r.last:,} descriptors")
            for r in evidence.readings("nic.tx_ring.size", place=interface)
        ),
        *(_in_flight(evidence, interface) if put_back else ()),
    ]
    yield Finding(
        stage="nic.tx_ring",
        place=interface,
        state=State.HOLDS,
        statement=f"The transmit ring of {interface} is full at times: the link takes less than is sent.",
        subject=f"the full transmit ring of {interface}",
        owner=Owner.NETWORK,
        confidence=Confidence.LOW,
        because=tuple(because),
        doubts=("a driver that is slow to take back what was sent looks the same",),
        collect=(
            Collect("speed of the link and what is sent", f"ethtool {interface}; ip -s link show {interface}"),
            Collect("pause frames and the ring's counters, twice, 10 s apart", f"ethtool -S {interface}"),
        ),
    )


def _in_flight(evidence: Evidence, interface: str) -> Iterator[Exhibit]:
    """Yield which of the queues were seen at their byte limit: it was that which stopped them, not the descriptors."""
    limits = {r.series.place: r.last for r in evidence.readings("nic.tx_ring.limit", place=interface)}
    for used in evidence.readings("nic.tx_ring.used", place=interface):
        limit = limits.get(used.series.place, 0)
        if limit and used.highest >= limit:
            yield used.exhibit(f"{used.series.place} had {used.highest:,} bytes in flight, its byte limit is {limit:,}")
