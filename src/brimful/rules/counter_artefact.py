"""Overruns that are counted while the line is still: a register added again at every read, or a NIC that hangs.

Seen on QEMU's e1000 (`brimful.evidence.repeat`); what such a counter says since it was cleared is too large as well.
"""

from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import Weight, one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule


@rule("nic.fifo.overrun", "nic.ring.waited", "nic.ring.passed")
def counter_artefact(evidence: Evidence) -> Iterator[Finding]:
    """Does a NIC count overruns while next to nothing arrives?"""
    for interface in evidence.places("nic.fifo.overrun"):
        overrun = one_view(evidence.readings("nic.fifo.overrun", place=interface))
        waited = one_view(evidence.readings("nic.ring.waited", place=interface))
        passed = one_view(evidence.readings("nic.ring.passed", place=interface))
        again = [reading for reading in overrun + waited if reading.repeats]
        weight = weigh(overrun, passed)
        if any(reading.repeats for reading in overrun):
            yield _again(interface, again, weigh(passed))
        elif weight.idle:
            yield _still(interface, overrun, weight)


def _again(interface: str, readings: list[Reading], passed: Weight) -> Finding:
    first = readings[0]
    return Finding(
        stage="counter.artefact",
        place=interface,
        state=State.LOST,
        statement=f"{interface} loses nothing now: its driver adds the same {first.repeats:,} to {first.series.raw} again at every read.",
        subject=f"the repeated counter of {interface}",
        confidence=Confidence.HIGH,
        proven=True,
        because=(
            *(
                r.exhibit(
                    f"{r.series.raw} grew by {r.last - r.first:,}, each time by {r.repeats:,} or a multiple of it; {interface} received {passed.lost:,} frames meanwhile"
                )
                for r in readings
            ),
        ),
        do=(
            Treatment("do not act on this counter: what it says since boot is too large as well"),
            Treatment(
                "where it is an emulated e1000, give the guest another NIC (virtio-net)", f"ethtool -i {interface}"
            ),
        ),
    )


def _still(interface: str, readings: list[Reading], weight: Weight) -> Finding:
    """Too few samples, or advances that differ: the receive side may hang in earnest."""
    return Finding(
        stage="counter.artefact",
        place=interface,
        state=State.OPEN,
        statement=f"{interface} counts {weight} as overruns and receives next to nothing: its receive side hangs, or the counter is wrong.",
        because=tuple(
            r.exhibit(f"{r.series.raw} {r.counted:,}, {weight.passed:,} frames received") for r in readings if r.counted
        ),
        collect=(
            Collect("the counters of the NIC, five times, 1 s apart", f"ethtool -S {interface}"),
            Collect("what the driver said", "dmesg"),
        ),
        harm=weight.lost,
    )
