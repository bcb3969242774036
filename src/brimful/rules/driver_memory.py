"""Receive buffers the driver could not get: refill is delayed, and the ring above runs dry."""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

BATCH = 64
"""Descriptors that one refused allocation can leave without a buffer, at most: a refill of 16 to 64 is tried again."""


@rule(
    "driver.memory.alloc_failed",
    "driver.memory.dropped",
    "nic.ring.no_buffer",
    "nic.fifo.overrun",
    "nic.ring.passed",
)
def driver_memory(evidence: Evidence) -> Iterator[Finding]:
    """Does the driver get no memory for its receive buffers?"""
    for interface in evidence.places("driver.memory.alloc_failed", "driver.memory.dropped"):
        passed = one_view(evidence.readings("nic.ring.passed", place=interface))
        failed = one_view(evidence.readings("driver.memory.alloc_failed", place=interface))
        dropped = one_view(evidence.readings("driver.memory.dropped", place=interface))
        lost, refused = weigh(dropped, passed), weigh(failed)
        above = _lost_above(evidence, interface)
        if lost.now or lost.over:
            yield _short(interface, State.LOST if lost.now else State.OVER, dropped + failed, lost.lost)
        elif refused.now and above and refused.lost * BATCH >= above:
            yield _short(interface, State.HOLDS, failed, 0)
        elif refused.now:
            yield _near(interface, failed, refused.lost)


def _lost_above(evidence: Evidence, interface: str) -> int:
    """Return how many frames the ring and the NIC lost in the window, for want of buffers or not."""
    return max(
        (
            weight.lost
            for meaning in ("nic.ring.no_buffer", "nic.fifo.overrun")
            if (weight := weigh(one_view(evidence.readings(meaning, place=interface)))).now
        ),
        default=0,
    )


def _short(interface: str, state: State, readings: list[Reading], lost: int) -> Finding:
    return Finding(
        stage="driver.memory",
        place=interface,
        state=state,
        statement=f"The driver of {interface} {'got' if state is State.OVER else 'gets'} no memory for receive buffers: its ring {'was' if state is State.OVER else 'is'} not refilled.",
        subject=f"the failed allocations of {interface}'s driver",
        owner=Owner.HOST,
        confidence=Confidence.LOW,
        because=tuple(r.exhibit(f"{r.series.raw} {r.counted:,} at {r.series.place}") for r in readings if r.counted),
        doubts=(
            "a shortage of the host and a leak of the driver look alike here: watch slab and page counts over hours",
        ),
        do=(
            Treatment(
                "raise the reserve the kernel keeps for interrupts",
                "sysctl -w vm.min_free_kbytes=<larger>",
                temporary=True,
            ),
        ),
        collect=(Collect("memory and slabs, twice, an hour apart", "cat /proc/meminfo /proc/slabinfo"),),
        harm=lost,
    )


def _near(interface: str, failed: list[Reading], times: int) -> Finding:
    """Allocations that were refused and lost nothing, or far less than was lost."""
    text = f"the driver of {interface} got no memory for a receive buffer {times:,} times: refill was delayed"
    return Finding(
        stage="driver.memory",
        place=interface,
        state=State.NEAR,
        statement=f"{text[0].upper()}{text[1:]}.",
        because=tuple(r.exhibit(f"{r.series.raw} {r.counted:,} at {r.series.place}") for r in failed if r.counted),
    )
