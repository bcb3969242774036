"""Fragments that could not be put together: pieces that did not come, or a table that held no more.

A packet whose last pieces do not come in time counts in ReasmFails and in ReasmTimeout (net/ipv4/ip_fragment.c,
ip_expire); one that finds the table over its limit counts in ReasmFails alone, as one that is damaged or overlaps does.
Where the table had room and nothing that packets cross before it lost any, the pieces were lost before they came here.
"""

from collections.abc import Iterator

import msgspec

from brimful.chain.owner import Owner
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

KEYS = {"ip": "net.ipv4.ipfrag_high_thresh", "ip6": "net.ipv6.ip6frag_high_thresh"}
BEFORE = (
    "nic.fifo.overrun",
    "nic.ring.no_buffer",
    "nic.ring.drops_mixed",
    "driver.memory.dropped",
    "softnet.backlog.dropped",
    "protocol.input.rx_dropped",
    "network.path.corrupted",
)
"""What is counted where packets cross the host before fragments are put together."""
CLOSE = 0.9
"""Share of the limit from which the table counts as full: a queue of fragments is refused only above it."""


@rule(
    "kernel.table.reassembly_failed",
    "kernel.table.reassembly_timed_out",
    "kernel.table.fragments_used",
    "kernel.table.fragments_limit",
    *BEFORE,
)
def fragment_memory(evidence: Evidence) -> Iterator[Finding]:
    """Can fragments not be put together, because pieces are missing or because their table is full?"""
    for place in KEYS:
        failed = [r for r in one_view(evidence.readings("kernel.table.reassembly_failed", place=place)) if r.counted]
        late = one_view(evidence.readings("kernel.table.reassembly_timed_out", place=place))
        weight = weigh(failed)
        level, share = _level(evidence, place)
        if not (weight.now or weight.over):
            continue
        if level is not None and share is not None and share >= CLOSE:
            yield _full(place, failed, level, share)
        else:
            missing = _missing(place, failed, weigh(late).lost, level)
            sure = weight.now and level is not None and 2 * weigh(late).lost >= weight.lost
            yield _elsewhere(evidence, missing, failed, level) if sure and level is not None else missing


def _level(evidence: Evidence, place: str) -> tuple[Exhibit | None, float | None]:
    used = next(iter(evidence.readings("kernel.table.fragments_used", place=place)), None)
    limit = next((r.last for r in evidence.readings("kernel.table.fragments_limit", place=place)), 0)
    if used is None or not limit:
        return None, None
    text = f"fragments were seen to hold {used.highest:,} of {limit:,} bytes ({KEYS[place]})"
    return used.exhibit(text), used.highest / limit


def _full(place: str, failed: list[Reading], level: Exhibit, share: float) -> Finding:
    weight = weigh(failed)
    key = KEYS[place]
    return Finding(
        stage="kernel.table",
        place=place,
        state=State.LOST if weight.now else State.OVER,
        statement=f"The table of fragments ({place}) {'is' if weight.now else 'was'} full: packets {'are' if weight.now else 'were'} dropped for want of room, or of their last pieces.",
        owner=Owner.POLICY,
        confidence=Confidence.MEDIUM,
        because=(failed[0].exhibit(f"{failed[0].series.raw}: {weight}"), level),
        doubts=("pieces lost on the way fill the table too: they wait until their time is over",),
        do=(
            Treatment("avoid fragments: lower the MTU of the tunnel or the sender, or let it discover the path's"),
            Treatment("let more fragments wait", f"sysctl {key}", temporary=True),
        ),
        collect=_collect(place),
        harm=weight.lost,
        level=min(share, 1.0),
    )


def _missing(place: str, failed: list[Reading], late: int, level: Exhibit | None) -> Finding:
    weight = weigh(failed)
    why = (
        "lost on the way, here or before"
        if level is not None and 2 * late >= weight.lost
        else "lost on the way, or the fragment table full"
    )
    text = f"{weight.lost:,} fragments of {place} could not be put together {weight.when}: pieces {why}"
    exhibits = [r.exhibit(f"{r.series.raw} {r.counted:,}") for r in failed]
    return Finding(
        stage="kernel.table",
        place=place,
        state=State.OPEN,
        statement=f"{text}.",
        because=(*exhibits, *((Exhibit(f"{late:,} packets waited in vain for their last pieces"),) if late else ())),
        against=(level,) if level is not None else (),
        collect=_collect(place),
        harm=weight.lost,
    )


def _elsewhere(evidence: Evidence, missing: Finding, failed: list[Reading], level: Exhibit) -> Finding:
    """Say who lost the pieces, where nothing here did: as far as it is counted."""
    before = [reading for reading in evidence.readings(*BEFORE) if reading.delta is not None]
    weight = weigh(failed)
    if not before or any(reading.delta for reading in before):
        return missing
    return msgspec.structs.replace(
        missing,
        state=State.LOST,
        statement=f"{weight.lost:,} packets came in pieces that were not all there {weight.when}: they were lost before this host.",
        owner=Owner.NETWORK,
        because=(
            *missing.because,
            level,
            before[0].exhibit(f"nothing was lost before the table: of {len(before)} counters none moved"),
        ),
        against=(),
        doubts=("a sender that sends only parts of packets looks the same",),
        do=(Treatment("avoid fragments: lower the MTU of the tunnel or the sender, or let it discover the path's"),),
        proven=True,
    )


def _collect(place: str) -> tuple[Collect, ...]:
    return (
        Collect(
            "the fragment table's level and limit, twice, 10 s apart",
            f"cat /proc/net/sockstat /proc/net/sockstat6 /proc/net/snmp /proc/net/snmp6; sysctl {KEYS[place]}",
        ),
    )
