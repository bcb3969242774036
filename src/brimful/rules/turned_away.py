"""Packets that a filter refuses, and datagrams for ports that nobody listens on: no buffer is full, somebody wants it so.

A little of both is normal wherever a network is large. It is a verdict where it is a good part of the traffic: then
somebody misses it, and looks for a buffer that overflows.
"""

from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import Weight, one_view, percent, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

SHARE = 0.05
"""Share of what arrived from which it is no noise of the network."""

ARRIVED = ("socket.receive.passed", "protocol.input.errors")
"""Datagrams of a protocol that somebody listens for, or that are broken."""

BESIDE = 0.5
"""Share of the refused packets that a full table of connections must leave for a filter to be told apart from it."""

MEANT = "whether they are meant to be refused, only who set it can say"


@rule(
    "protocol.input.filtered",
    "protocol.input.no_listener",
    "protocol.input.errors",
    "kernel.table.conntrack_dropped",
    "nic.ring.passed",
    "socket.receive.passed",
)
def turned_away(evidence: Evidence) -> Iterator[Finding]:
    """Does a filter, or a port that nobody listens on, turn a good part of the traffic away?"""
    full = weigh(one_view(evidence.readings("kernel.table.conntrack_dropped")))
    untracked = full.lost if full.now else 0
    for place in evidence.places("protocol.input.filtered"):
        # on their way out packets may have no interface yet: beside them stands all that came in
        passed = one_view(evidence.readings("nic.ring.passed", place=place or None))
        yield from _filtered(place, *_moved(evidence, "protocol.input.filtered", place), passed, untracked)
    for place in evidence.places("protocol.input.no_listener"):
        # what a full socket refused had a listener: it is among the input errors
        found = [one_view(evidence.readings(name, place=place)) for name in ARRIVED]
        passed = [reading for readings in found for reading in readings]
        yield from _nobody(place, *_moved(evidence, "protocol.input.no_listener", place), passed)


def _moved(evidence: Evidence, meaning: str, place: str) -> tuple[list[Reading], Weight]:
    readings = [reading for reading in one_view(evidence.readings(meaning, place=place)) if reading.counted]
    return readings, weigh(readings)


def _filtered(
    place: str, readings: list[Reading], weight: Weight, passed: list[Reading], untracked: int
) -> Iterator[Finding]:
    lost = weight.lost - untracked  # a full table of connections refuses in the same way
    if not weight.now or lost <= BESIDE * weight.lost:
        return
    where = f" of {place}" if place else ""
    text = f"{lost:,} packets{where} were refused by a filter or a program {weight.when}"
    arrived = weigh(passed)
    share = lost / max(arrived.lost, lost) if arrived.sampled else 0.0
    if share < SHARE:
        yield _near(place, readings, weight, text)
        return
    yield Finding(
        stage="protocol.input",
        place=place,
        state=State.LOST,
        statement=f"A filter or a program refuses {percent(share)} of the packets{where}: no buffer is full, somebody set it so.",
        confidence=Confidence.MEDIUM,
        because=_shown(readings),
        doubts=(MEANT,),
        do=(
            Treatment(
                "find the rule that counts them",
                "nft list ruleset; iptables -nvL; tc -s filter show dev <interface> ingress",
            ),
        ),
        collect=(Collect("the rules with their counters, twice, 10 s apart", "nft list ruleset; iptables-save -c"),),
        proven=True,
        harm=weight.lost,
    )


def _nobody(place: str, readings: list[Reading], weight: Weight, passed: list[Reading]) -> Iterator[Finding]:
    if not weight.now:
        return
    text = f"{weight.lost:,} datagrams came for ports that nobody listens on {weight.when}"
    share = weigh(readings, passed).share or 0.0
    if share < SHARE:
        yield _near(place, readings, weight, text)
        return
    yield Finding(
        stage="protocol.input",
        place=place,
        state=State.LOST,
        statement=f"Nobody listens on the ports that {percent(share)} of the {place.upper()} datagrams are for: no buffer is full.",
        confidence=Confidence.MEDIUM,
        because=_shown(readings),
        doubts=("whether a program should listen or the sender is wrong is not shown",),
        do=(
            Treatment(
                "see which ports are asked for",
                "tcpdump -ni any 'icmp[icmptype] == icmp-unreach and icmp[icmpcode] == 3'",
            ),
            Treatment("see who listens", "ss -lunp"),
        ),
        collect=(Collect("the sockets that listen", "ss -lunp"),),
        proven=True,
        harm=weight.lost,
    )


def _near(place: str, readings: list[Reading], weight: Weight, text: str) -> Finding:
    return Finding(
        stage="protocol.input",
        place=place,
        state=State.NEAR,
        statement=f"{text}.",
        because=_shown(readings),
        harm=weight.lost,
    )


def _shown(readings: list[Reading]) -> tuple[Exhibit, ...]:
    return tuple(reading.exhibit(f"{reading.series.raw} {reading.counted:,}") for reading in readings)
