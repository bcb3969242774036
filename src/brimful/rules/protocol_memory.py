"""A protocol that has used up the memory all its sockets share: the host's limit, not one application."""

from collections.abc import Iterator

import msgspec

from brimful.chain.owner import Owner
from brimful.evidence.cgroup import MUCH, Group, refused_groups
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

FAMILIES = {"tcp": ("tcp",), "udp": ("udp", "udp6", "udplite", "udplite6")}
"""Protocols that share one sum and one limit (net/ipv4/udp.c, net/ipv6/udp.c: memory_allocated)."""

SHARERS = {"tcp": ("tcp", "tcp6"), "udp": ("udp", "udp6")}
"""Where the sockets of such a sum are counted: `/proc/net/sockstat` and `sockstat6`."""

HOST = "host"
"""Where packets are refused because of the machine's pages, whatever the protocol."""

COLLECT = (
    Collect("who holds the memory", "ss -anmp"),
    Collect("the counters, twice, 10 s apart", "cat /proc/net/sockstat /proc/net/netstat /proc/net/snmp"),
)
CONTAINER = "the memory limit of a container refuses in the same way, and is counted here too"
ORPHANS = "TCPAbortOnMemory also counts connections aborted because there were too many orphans (tcp_max_orphans)"


@rule(
    "protocol.memory.refused",
    "protocol.memory.aborted",
    "protocol.memory.used",
    "protocol.memory.limit",
    "protocol.memory.pressure",
    "protocol.memory.sockets",
    "protocol.memory.cgroup_used",
    "protocol.memory.cgroup_total",
    "protocol.memory.cgroup_limit",
    "protocol.memory.cgroup_refused",
)
def protocol_memory(evidence: Evidence) -> Iterator[Finding]:
    """Has a protocol used up the memory that all its sockets share?"""
    for family, members in FAMILIES.items():
        yield from _family(evidence, family, members)
    yield from _reserve(evidence)


def _family(evidence: Evidence, family: str, members: tuple[str, ...]) -> Iterator[Finding]:
    refused = one_view(
        [
            reading
            for member in members
            for reading in evidence.readings("protocol.memory.refused", "protocol.memory.aborted", place=member)
        ]
    )
    weight = weigh(refused)
    level = _level(evidence, family)
    if weight.now:
        yield _group_or_lost(evidence, family, refused, level)
    elif level and level[1]:
        yield _full(family, (level[0], *_sockets(evidence, family)))
    elif weight.lost and not weight.sampled:
        yield _once(family, refused)
    else:
        yield from _pressed(evidence, family)


def _level(evidence: Evidence, family: str) -> tuple[Exhibit, bool] | None:
    """Return how many pages the family holds, and whether these are all it may hold."""
    used = next(iter(evidence.readings("protocol.memory.used", place=family)), None)
    limit = next(iter(evidence.readings("protocol.memory.limit", place=family)), None)
    if used is None or limit is None or not limit.last:
        return None
    text = f"{family.upper()} sockets hold {used.highest:,} of {limit.last:,} pages (net.ipv4.{family}_mem)"
    return used.exhibit(text), used.highest >= limit.last


def _group_or_lost(
    evidence: Evidence, family: str, refused: list[Reading], level: tuple[Exhibit, bool] | None
) -> Finding:
    """Name the cgroup that refused, where the sum of all sockets is not known to have been at its own limit."""
    at_limit = level is not None and level[1]
    groups = [] if at_limit else [g for g in refused_groups(evidence) if family == "tcp" or not g.of_tcp]
    sure = [group for group in groups if group.sure]
    aborted = any(r.delta for r in refused if r.series.meaning == "protocol.memory.aborted")
    if sure and not aborted:
        return _of_group(family, refused, level, sure[0])
    likely = [group for group in groups if group.sure or (group.share or 0) >= MUCH]
    finding = _lost(family, refused, level, tuple(next(group.exhibits()) for group in likely))
    because = (*finding.because, *(_sockets(evidence, family) if at_limit else ()))
    return msgspec.structs.replace(finding, because=because)


def _of_group(family: str, refused: list[Reading], level: tuple[Exhibit, bool] | None, group: Group) -> Finding:
    """What a cgroup refuses is counted as if the protocol had (`__sk_mem_raise_allocated`, net/core/sock.c)."""
    return Finding(
        stage="protocol.memory",
        place=family,
        state=State.LOST,
        statement=f"{family.upper()} packets are refused because {group.place} is at its memory limit, not because all {family.upper()} sockets together are.",
        owner=Owner.POLICY,
        proven=True,
        because=(
            *(r.exhibit(f"{r.series.raw} rose by {r.delta:,}") for r in refused if r.delta),
            *group.exhibits(),
            *((level[0],) if level else ()),
        ),
        doubts=() if level else (f"how much all {family.upper()} sockets hold is not known",),
        do=(
            Treatment("find the sockets of the group that hold most of it", "ss -anmp"),
            Treatment(f"raise the memory limit of {group.place} if the host has memory"),
        ),
        collect=COLLECT,
        harm=weigh(refused).lost,
    )


def _lost(
    family: str, refused: list[Reading], level: tuple[Exhibit, bool] | None, against: tuple[Exhibit, ...]
) -> Finding:
    at_limit = level is not None and level[1]
    aborted = any(r.delta for r in refused if r.series.meaning == "protocol.memory.aborted")
    elsewhere = (ORPHANS,) if aborted else (CONTAINER,)
    return Finding(
        stage="protocol.memory",
        place=family,
        state=State.LOST,
        statement=_statement(family, at_limit=at_limit, aborted=aborted),
        confidence=Confidence.HIGH if at_limit else Confidence.LOW if aborted else Confidence.MEDIUM,
        because=(
            *(r.exhibit(f"{r.series.raw} rose by {r.delta:,}") for r in refused if r.delta),
            *((level[0],) if level and at_limit else ()),
        ),
        against=(*((level[0],) if level and not at_limit else ()), *against),
        doubts=() if at_limit else elsewhere,
        do=(
            Treatment("find the sockets that hold most of it", "ss -anmp"),
            Treatment(
                f"raise the third value of {family}_mem if the host has memory",
                f"sysctl net.ipv4.{family}_mem",
                temporary=True,
            ),
        ),
        collect=COLLECT,
        proven=True,  # a limit refused: the machine may be short of memory besides, that is not counted here
        harm=weigh(refused).lost,
    )


def _statement(family: str, *, at_limit: bool, aborted: bool) -> str:
    if aborted and not at_limit:
        return "A limit of the host aborts TCP connections: socket memory, or connections without an owner (orphans)."
    what = "aborts connections" if aborted else "refuses packets"
    return f"The memory that all {family.upper()} sockets share is used up: a limit of the host {what}, not one application's buffer."


def _sockets(evidence: Evidence, family: str) -> Iterator[Exhibit]:
    """Yield how many sockets share the pages: a few that hold much, or very many."""
    found = [r for member in SHARERS[family] for r in evidence.readings("protocol.memory.sockets", place=member)]
    if found:
        yield found[0].exhibit(f"{sum(r.last for r in found):,} {family.upper()} sockets share them")


def _full(family: str, because: tuple[Exhibit, ...]) -> Finding:
    return Finding(
        stage="protocol.memory",
        place=family,
        state=State.OPEN,
        statement=f"All memory pages that {family.upper()} may use are in use: what needs more is refused. Which program holds them is not shown.",
        because=because,
        collect=COLLECT,
    )


def _once(family: str, refused: list[Reading]) -> Finding:
    weight = weigh(refused)
    return Finding(
        stage="protocol.memory",
        place=family,
        state=State.OPEN,
        statement=f"{family.upper()} has been refused memory: {weight}; one sample does not say when.",
        because=tuple(r.exhibit(f"{r.series.raw} {r.last:,}, one sample") for r in refused if r.last),
        doubts=(ORPHANS,) if any(r.last for r in refused if r.series.meaning == "protocol.memory.aborted") else (),
        collect=COLLECT,
    )


def _pressed(evidence: Evidence, family: str) -> Iterator[Finding]:
    """Pressure is entered at the second value of the limit: buffers shrink, nothing is lost yet."""
    for reading in one_view(evidence.readings("protocol.memory.pressure", place=family)):
        if reading.delta:
            text = f"{family.upper()} entered memory pressure ({reading.series.raw} rose by {reading.delta:,})"
            yield Finding(
                stage="protocol.memory",
                place=family,
                state=State.NEAR,
                statement=f"{text}: its sockets get less buffer.",
                because=(reading.exhibit(text),),
            )


def _reserve(evidence: Evidence) -> Iterator[Finding]:
    """Packets refused because they were held in the pages kept for emergencies (net/core/filter.c)."""
    refused = one_view(evidence.readings("protocol.memory.refused", place=HOST))
    if weigh(refused).now:
        yield Finding(
            stage="protocol.memory",
            place=HOST,
            state=State.LOST,
            statement="The host is so short of memory that packets come in on its emergency reserve, and are dropped.",
            because=tuple(r.exhibit(f"{r.series.raw} rose by {r.delta:,}") for r in refused if r.delta),
            do=(Treatment("find what uses the memory", "cat /proc/meminfo /proc/slabinfo"),),
            collect=(Collect("memory and slabs, twice, an hour apart", "cat /proc/meminfo /proc/slabinfo"),),
            harm=weigh(refused).lost,
        )
