"""Datagrams refused for reasons that are not a full buffer, and frames that arrived damaged."""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import LIFETIME_SHARE, one_view, percent, weigh
from brimful.rules import Collect, Finding, State, Treatment, rule


@rule(
    "protocol.input.errors",
    "protocol.input.checksum",
    "socket.receive.full",
    "protocol.memory.refused",
    "socket.receive.passed",
    "network.path.corrupted",
    "nic.ring.passed",
)
def protocol_errors(evidence: Evidence) -> Iterator[Finding]:
    """Are packets refused for reasons that no buffer explains, or damaged on the way?"""
    for protocol in ("udp", "udp6"):
        yield from _unexplained(evidence, protocol)
    for interface in evidence.places("network.path.corrupted"):
        yield from _damaged(evidence, interface)


def _unexplained(evidence: Evidence, protocol: str) -> Iterator[Finding]:
    """What InErrors counts beyond full buffers, shared memory and checksums."""
    errors = one_view(evidence.readings("protocol.input.errors", place=protocol))
    passed = one_view(evidence.readings("socket.receive.passed", place=protocol))
    total = weigh(errors, passed)
    named = [
        reading
        for meaning in ("socket.receive.full", "protocol.memory.refused", "protocol.input.checksum")
        for reading in one_view(evidence.readings(meaning, place=protocol))
    ]
    rest = total.lost - weigh(named).lost
    share = rest / (rest + total.passed) if total.passed is not None and rest > 0 else 0.0
    if share < LIFETIME_SHARE:
        return
    yield Finding(
        stage="protocol.input",
        place=protocol,
        state=State.OPEN,
        statement=f"{rest:,} {protocol.upper()} datagrams ({percent(share)}) {'were' if total.sampled else 'have been'} refused{'' if total.sampled else ' since the counters were cleared'}, and no full buffer explains them.",
        because=(
            errors[0].exhibit(f"{errors[0].series.raw} {total.lost:,}"),
            *(r.exhibit(f"of these {r.series.raw} {r.counted:,}") for r in named),
        ),
        collect=(
            Collect("the reason of each drop", "perf trace -e skb:kfree_skb"),
            Collect("the counters, twice, 10 s apart", "nstat -az"),
        ),
    )


def _damaged(evidence: Evidence, interface: str) -> Iterator[Finding]:
    readings = one_view(evidence.readings("network.path.corrupted", place=interface))
    passed = one_view(evidence.readings("nic.ring.passed", place=interface))
    weight = weigh(readings, passed)
    if weight.now or weight.over:
        moved = [r for r in readings if r.counted]
        yield Finding(
            stage="network.path",
            place=interface,
            state=State.LOST if weight.now else State.OVER,
            statement=f"Frames {'arrive' if weight.now else 'have arrived'} damaged at {interface}: cable, optics or the port at the other end.",
            owner=Owner.NETWORK,
            because=tuple(r.exhibit(f"{r.series.raw}: {weigh([r], passed)}") for r in moved),
            do=(Treatment("clean or change optics and cable, look at the same counters of the other end"),),
            collect=(Collect("the counters of the NIC, twice, 10 s apart", f"ethtool -S {interface}"),),
            harm=weight.lost,
        )
