"""Packets the cloud provider dropped because the instance went over an allowance: the host is not at fault."""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule


@rule("network.path.allowance_exceeded", "network.path.allowance_available", "nic.ring.passed")
def cloud_allowance(evidence: Evidence) -> Iterator[Finding]:
    """Did the cloud provider drop packets above the instance's allowance?"""
    for interface in evidence.places("network.path.allowance_exceeded"):
        readings = one_view(evidence.readings("network.path.allowance_exceeded", place=interface))
        weight = weigh(readings, one_view(evidence.readings("nic.ring.passed", place=interface)))
        if not (weight.now or weight.over):
            continue
        moved = sorted((reading for reading in readings if reading.counted), key=lambda reading: -reading.counted)
        yield Finding(
            stage="network.path",
            place=interface,
            state=State.LOST if weight.now else State.OVER,
            statement=f"The cloud provider {'holds back or drops' if weight.now else 'has held back or dropped'} packets of {interface}: the instance {'is' if weight.now else 'was'} over its allowance.",
            owner=Owner.POLICY,
            confidence=Confidence.HIGH,
            because=(*(r.exhibit(f"{r.series.raw} {r.counted:,}") for r in moved), *_left(evidence, interface)),
            do=(Treatment("take an instance with a higher allowance, or spread the traffic over several"),),
            collect=(Collect("the counters of the NIC, twice, 10 s apart", f"ethtool -S {interface}"),),
            harm=weight.lost,
        )


def _left(evidence: Evidence, interface: str) -> Iterator[Exhibit]:
    """Yield what was left of the one allowance that is told so: that of tracked connections."""
    for left in evidence.readings("network.path.allowance_available", place=interface):
        least = min(frame.values[index] for frame, index in left.frames)
        yield left.exhibit(f"{least:,} flows were left of the allowance at the least ({left.series.raw})")
