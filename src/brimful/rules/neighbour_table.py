"""Neighbours: a next hop whose link address is not found, and a table that holds no more of them.

While an address is being asked for, some packets wait for it (net.ipv4.neigh.*.unres_qlen_bytes); more push the oldest
ones out (net/core/neighbour.c, __neigh_event_send: unres_discards). A table holds gc_thresh3 entries.
"""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.delta import Reading
from brimful.evidence.event import Event
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import LIFETIME_SHARE, one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

TABLES = {"arp": ("ARP", "ipv4"), "ndisc": ("neighbour discovery", "ipv6")}
ADDRESSED = {"arp": "ip", "ndisc": "ip6"}
"""The protocol whose packets wait for each table."""
LOOK = Treatment(
    "look which next hops are INCOMPLETE or FAILED, and whether they are up", "ip -s neigh show nud failed"
)
ELSEWHERE = "netns "
"""How a place in another network namespace begins: what is lost there is not lost here."""
PERMANENT = "entries that never age are in the number, and do not count towards the limit"


@rule(
    "kernel.table.neighbour_used",
    "kernel.table.neighbour_limit",
    "kernel.table.neighbour_overflowed",
    "kernel.table.neighbour_dropped",
    "kernel.table.neighbour_failed",
    "kernel.table.traced",
    "neighbour.full",
    "protocol.input.passed",
)
def neighbour_table(evidence: Evidence) -> Iterator[Finding]:
    """Are packets dropped because a next hop does not answer, or because the table of neighbours is full?"""
    for place in TABLES:
        full = [r for r in evidence.readings("kernel.table.neighbour_overflowed", place=place) if r.counted]
        silent = [r for r in evidence.readings("kernel.table.neighbour_dropped", place=place) if r.counted]
        said = evidence.events("neighbour.full", place)
        if weigh(full).now or weigh(full).over:
            yield _full(evidence, place, full)
        elif said and not evidence.readings("kernel.table.neighbour_overflowed", place=place):
            yield _said(place, said[-1])
        passed = one_view(evidence.readings("protocol.input.passed", place=ADDRESSED[place]))
        weight = weigh(silent, passed)
        if weight.share is not None and weight.share < LIFETIME_SHARE:
            if weight.now:
                yield _burst(place, silent)
        elif weight.now or weight.over:
            failed = [r for r in evidence.readings("kernel.table.neighbour_failed", place=place) if r.counted]
            yield _silent(place, silent, failed, full=bool(full)) if failed else _burst(place, silent)
    if not evidence.readings("kernel.table.neighbour_dropped"):
        yield from _seen(evidence)


def _seen(evidence: Evidence) -> Iterator[Finding]:
    """What was seen to be dropped, where the counters cannot be read: the kernel shows them in its first namespace only."""
    for interface in evidence.places("kernel.table.traced"):
        if interface.startswith(ELSEWHERE):
            continue
        traced = [r for r in evidence.readings("kernel.table.traced", place=interface) if r.delta]
        failed = [r for r in traced if r.series.raw.startswith("NEIGH_FAILED")]
        pushed = [r for r in traced if r.series.raw.startswith("NEIGH_QUEUEFULL")]
        weight = weigh([*failed, *pushed], one_view(evidence.readings("protocol.input.passed")))
        if failed and (weight.share or 1.0) >= LIFETIME_SHARE:
            yield Finding(
                stage="kernel.table",
                place=interface,
                state=State.LOST,
                statement=f"A next hop behind {interface} does not answer: packets that wait for its link address are dropped.",
                owner=Owner.NETWORK,
                because=tuple(
                    r.exhibit(f"{r.counted:,} packets were seen to be dropped ({r.series.raw})")
                    for r in (*failed, *pushed)
                ),
                doubts=("which next hop it is is not shown",),
                do=(LOOK,),
                collect=(Collect("neighbours that do not answer", "ip -s -s neigh"),),
                proven=True,
                harm=weight.lost,
            )


def _full(evidence: Evidence, place: str, readings: list[Reading]) -> Finding:
    weight = weigh(readings)
    family = TABLES[place][1]
    level = _level(evidence, place)
    limit = next((r.last for r in evidence.readings("kernel.table.neighbour_limit", place=place)), 0)
    key = f"net.{family}.neigh.default.gc_thresh3"
    return Finding(
        stage="kernel.table",
        place=place,
        state=State.LOST if weight.now else State.OVER,
        statement=f"The table of neighbours ({family}) {'is' if weight.now else 'was'} full: packets to new next hops {'are' if weight.now else 'were'} dropped.",
        owner=Owner.POLICY,
        confidence=Confidence.HIGH if weight.now else Confidence.MEDIUM,
        because=(readings[0].exhibit(f"the table was full {weight}"), *level),
        doubts=(PERMANENT,) if level else (),
        do=(
            Treatment(
                "raise the limit, and the two below it in step",
                f"sysctl -w {key}={4 * limit}" if limit else f"sysctl {key}",
                temporary=True,
            ),
            Treatment("or have fewer hosts on one link", "ip -s neigh"),
        ),
        collect=(
            Collect("the table's counters, twice, 10 s apart", f"cat /proc/net/stat/{place}_cache; sysctl {key}"),
        ),
        proven=True,
        harm=weight.lost,
    )


def _said(place: str, event: Event) -> Finding:
    """The kernel's own words, where its counter was not saved."""
    key = f"net.{TABLES[place][1]}.neigh.default.gc_thresh3"
    return Finding(
        stage="kernel.table",
        place=place,
        state=State.OVER,
        statement=f"The table of neighbours ({TABLES[place][1]}) was full: packets to new next hops were dropped.",
        owner=Owner.POLICY,
        confidence=Confidence.HIGH,
        because=(Exhibit("the kernel said so: neighbor table overflow", event.origin),),
        do=(Treatment("raise the limit, and the two below it in step", f"sysctl {key}", temporary=True),),
        collect=(
            Collect("the table's counters, twice, 10 s apart", f"cat /proc/net/stat/{place}_cache; sysctl {key}"),
        ),
        proven=True,
    )


def _level(evidence: Evidence, place: str) -> tuple[Exhibit, ...]:
    used = next(iter(evidence.readings("kernel.table.neighbour_used", place=place)), None)
    limit = next((r.last for r in evidence.readings("kernel.table.neighbour_limit", place=place)), 0)
    if used is None or not limit:
        return ()
    return (used.exhibit(f"{used.highest:,} of {limit:,} neighbours (gc_thresh3)"),)


def _burst(place: str, readings: list[Reading]) -> Finding:
    """Packets outran the answer of a next hop, or a few were for addresses that nobody has, as when somebody scans."""
    weight = weigh(readings)
    return Finding(
        stage="kernel.table",
        place=place,
        state=State.NEAR,
        statement=f"{weight.lost:,} packets did not wait for the link address of their next hop ({TABLES[place][1]}) {weight.when}: a burst before it has answered, or addresses that nobody has.",
        because=(readings[0].exhibit(f"dropped while they waited for a link address: {weight}"),),
        harm=weight.lost,
    )


def _silent(place: str, readings: list[Reading], failed: list[Reading], *, full: bool) -> Finding:
    weight = weigh(readings)
    protocol, family = TABLES[place]
    return Finding(
        stage="kernel.table",
        place=place,
        state=State.LOST if weight.now else State.OVER,
        statement=f"A next hop {'does not answer' if weight.now else 'has not answered'} {protocol} ({family}): packets that {'wait' if weight.now else 'waited'} for its link address {'are' if weight.now else 'were'} dropped.",
        owner=Owner.NETWORK,
        confidence=Confidence.MEDIUM,
        because=(
            readings[0].exhibit(f"packets dropped while they waited for a link address: {weight}"),
            failed[0].exhibit(f"a next hop did not answer {weigh(failed).lost:,} times"),
        ),
        doubts=(
            "which next hop it is is not shown",
            *(("the table of neighbours was full as well",) if full else ()),
        ),
        do=(LOOK,),
        collect=(
            Collect("neighbours that do not answer", "ip -s -s neigh"),
            Collect("the table's counters, twice, 10 s apart", f"cat /proc/net/stat/{place}_cache"),
        ),
        proven=True,
        harm=weight.lost,
    )
