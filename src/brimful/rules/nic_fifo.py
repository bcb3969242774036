"""Frames dropped inside the NIC because its packet buffer was full (MPC and its relatives).

What decides is the ring: a buffer that overflows while descriptors are free is not emptied by the bus. Where nothing at
all comes through, no slow bus is shown.
(Intel, "How the Kitchen Sink and Statistics Explain and Treat Dropped Packets", 2009.)
"""

from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import Weight, one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

DIRECT = "nic.fifo.bus_overflow"
"""The one counter by which a device itself says that PCIe was the limit (mlx5)."""


@rule(
    "nic.fifo.overrun",
    "nic.fifo.bus_overflow",
    "nic.fifo.bus_stalled",
    "nic.fifo.bus_stalled_seconds",
    "nic.ring.passed",
)
def nic_fifo(evidence: Evidence) -> Iterator[Finding]:
    """Does the NIC drop frames because its own buffer is full?"""
    for interface in evidence.places("nic.fifo.overrun", DIRECT):
        direct = evidence.readings(DIRECT, place=interface)
        overrun = one_view(evidence.readings("nic.fifo.overrun", place=interface))
        passed = one_view(evidence.readings("nic.ring.passed", place=interface))
        if weigh(direct, passed).now or weigh(direct, passed).over:
            yield _finding(evidence, interface, direct, passed, direct=True)
        weight = weigh(overrun, passed)
        if (weight.now and not weight.idle) or weight.over:
            yield _finding(evidence, interface, overrun, passed, direct=False)
        elif weight.lost and not weight.sampled:
            yield _open(interface, overrun, weight)


def _finding(
    evidence: Evidence, interface: str, readings: list[Reading], passed: list[Reading], *, direct: bool
) -> Finding:
    weight = weigh(readings, passed)
    moved = [reading for reading in readings if reading.counted]
    verb, full = ("does not carry", "overflows") if weight.now else ("has not carried", "overflowed")
    return Finding(
        stage="nic.fifo",
        place=interface,
        state=State.LOST if weight.now else State.OVER,
        statement=f"The bus under {interface} {verb} frames out of the NIC fast enough: its packet buffer {full}.",
        subject=f"the overruns of {interface}'s packet buffer",
        confidence=Confidence.HIGH if direct else Confidence.MEDIUM,
        proven=direct,
        level=weight.share,
        because=(
            *(
                r.exhibit(
                    f"frames that {r.series.place} dropped in its packet buffer: {weigh([r], passed)} ({r.series.raw})"
                )
                for r in moved
            ),
            *_stalls(evidence, interface),
        ),
        do=(
            Treatment(
                f"find the narrowest PCIe link on the way to {interface} and move the card to a wider slot",
                "lspci -vvv | grep -E 'LnkCap|LnkSta'",
            ),
            Treatment("look for another device that shares the link"),
        ),
        collect=(
            Collect("the counters of the NIC, twice, 10 s apart", f"ethtool -S {interface}"),
            Collect("speed and width of every PCIe link", "lspci -vvv"),
        ),
        harm=weight.lost,
    )


def _stalls(evidence: Evidence, interface: str) -> Iterator[Exhibit]:
    """Yield what the NIC itself says of its waits for the bus."""
    for share in evidence.readings("nic.fifo.bus_stalled", place=interface):
        if share.highest:
            text = f"{interface} waited for the bus for {share.highest:,} % of a second"
            yield share.exhibit(f"{text} ({share.series.raw})")
    for stalled in evidence.readings("nic.fifo.bus_stalled_seconds", place=interface):
        if stalled.delta:
            text = f"{interface} waited for the bus for more than 30 % of a second, in {stalled.delta:,} seconds"
            yield stalled.exhibit(f"{text} ({stalled.series.raw})")


def _open(interface: str, readings: list[Reading], weight: Weight) -> Finding:
    return Finding(
        stage="nic.fifo",
        place=interface,
        state=State.OPEN,
        statement=f"{interface} has dropped frames in its packet buffer, {weight}; one sample does not say when.",
        because=tuple(r.exhibit(f"{r.series.raw} {r.last:,}, one sample") for r in readings if r.last),
        collect=(Collect("the counters of the NIC, twice, 10 s apart", f"ethtool -S {interface}"),),
    )
