"""Drops that a sum counts and no single counter names: never blamed on anybody, never passed over in silence."""

from collections.abc import Callable, Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.ledger import READ_FROM, unexplained
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import LIFETIME_SHARE, one_view, weigh
from brimful.rules import Collect, Finding, State, rule

SHOWN = 2
"""Places in the kernel that are told: the most frequent."""


@rule(*READ_FROM, "nic.ring.drops_mixed", "nic.ring.passed", "protocol.input.unnamed")
def unattributed_drops(evidence: Evidence) -> Iterator[Finding]:
    """Are there drops on a link that no single counter explains?"""
    beyond: dict[str, int] = {}
    for rest in unexplained(evidence):  # where several texts show it, the least
        beyond[rest.place] = min(rest.packets, beyond.get(rest.place, rest.packets))
    for interface in evidence.places("nic.ring.drops_mixed", "protocol.input.rx_dropped"):
        passed = one_view(evidence.readings("nic.ring.passed", place=interface))
        mixed = one_view(evidence.readings("nic.ring.drops_mixed", place=interface))
        weight = weigh(mixed, passed)
        if weight.over or (weight.now and (weight.share or 1.0) >= LIFETIME_SHARE):
            moved = [reading for reading in mixed if reading.counted]
            names = ", ".join(dict.fromkeys(reading.series.raw for reading in moved))
            text = f"{interface} {'drops' if weight.now else 'has dropped'} packets, and the counter does not tell why ({names}): {weight}"
            yield _open(interface, text, moved[0].exhibit)
        elif not weight.lost:  # the link statistics count the driver's drops again
            yield from _beyond(evidence, interface, passed, beyond.get(interface, 0))


def _beyond(evidence: Evidence, interface: str, passed: list[Reading], packets: int) -> Iterator[Finding]:
    """What `rx_dropped` counted beyond all drops that have a name."""
    totals = [total for total in evidence.readings("protocol.input.rx_dropped", place=interface) if total.delta]
    if not totals or packets <= 0:
        return
    through = weigh(totals[:1], passed).passed
    if through is not None and packets >= LIFETIME_SHARE * (through + packets):
        text = f"{packets:,} packets that {interface} received were dropped and no counter names the reason: the driver, a CPU's backlog or a protocol nobody listens to"
        yield _open(interface, text, totals[0].exhibit, _unnamed(evidence, interface))


def _unnamed(evidence: Evidence, interface: str) -> tuple[Exhibit, ...]:
    """Return where in the kernel packets of the interface were seen to be dropped without a reason, the most first."""
    moved = [r for r in evidence.readings("protocol.input.unnamed", place=interface) if r.delta]
    moved.sort(key=lambda r: -(r.delta or 0))
    return tuple(r.exhibit(f"the kernel drops {r.delta:,} and gives no reason: {r.series.raw}") for r in moved[:SHOWN])


def _open(interface: str, text: str, exhibit: Callable[[str], Exhibit], more: tuple[Exhibit, ...] = ()) -> Finding:
    return Finding(
        stage="protocol.input",
        place=interface,
        state=State.OPEN,
        statement=f"{text}.",
        because=(exhibit(text), *more),
        collect=(
            Collect("driver and firmware", f"ethtool -i {interface}"),
            Collect("all counters of the NIC, twice, 10 s apart", f"ethtool -S {interface}"),
            Collect("the reason of each drop in the kernel", "perf trace -e skb:kfree_skb"),
        ),
    )
