"""What the kernel itself gives as the reason of its drops: it speaks for a verdict at the same buffer."""

import re
from collections.abc import Iterator

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.rules import Finding, State, rule

MIXED = "protocol.input"
"""Where packets are refused for every reason of every protocol: what one packet lacked says nothing of another."""

TRACED = tuple(
    meaning.name for meaning in MEANINGS.values() if meaning.kind is Kind.TRACED and meaning.stage.name != MIXED
)

ELSEWHERE = "netns "
"""How a place in another network namespace begins: tracing sees the whole machine."""

SHOWN = 2
"""Reasons that are told for one buffer: the most frequent."""

BY_INTERFACE = frozenset(("qdisc.queue", "capture.ring"))
"""Stages with a buffer for each interface: a packet is dropped at the one it was leaving by."""

OF_ONE = {"SOCKET_BACKLOG": "tcp", "PFMEMALLOC": "host"}
"""Whose buffer a reason speaks of, where its name does not begin with it (include/net/dropreason-core.h)."""

TABLES = {"NEIGH": {"ip": "arp", "ipv6": "ndisc"}, "FRAG": {"ip": "ip", "ipv6": "ip6"}}
"""Tables of the kernel by how a reason begins, and by the protocol of the packet."""

_REASON = re.compile(r"(?P<reason>\w+)(?: at (?P<function>\w+))?(?:.* \((?P<protocol>\w+)[^()]*\))?", re.ASCII)
_FUNCTION = re.compile(r"_*(?P<protocol>tcp|udp|raw|sctp|ping|packet|unix|netlink)")


@rule(*TRACED)
def drop_reasons(evidence: Evidence) -> Iterator[Finding]:
    """Which reasons does the kernel give for its drops?"""
    for name in TRACED:
        here = (r for r in evidence.readings(name) if r.delta and not r.series.place.startswith(ELSEWHERE))
        stage = MEANINGS[name].stage.name
        places: dict[str, list[Reading]] = {}
        for reading in sorted(here, key=lambda r: -(r.delta or 0)):
            places.setdefault(_place(stage, reading), []).append(reading)
        for place, moved in places.items():
            yield Finding(
                stage=stage,
                place=place,
                state=State.NOTE,
                because=tuple(
                    reading.exhibit(
                        f"the kernel gives a reason for {reading.delta:,} of its drops: {reading.series.raw}"
                    )
                    for reading in moved[:SHOWN]
                ),
            )


def _place(stage: str, reading: Reading) -> str:
    """Return whose buffer a reason speaks of: an interface, a protocol, a table; empty where it may be anybody's.

    Where a socket's packet is dropped is told by the kernel's function: those of a protocol begin with its name.
    """
    if stage in BY_INTERFACE:
        return reading.series.place
    found = _REASON.match(reading.series.raw)
    if found is None:
        return ""
    reason, _, _ = found["reason"].partition("_")
    if reason in TABLES:
        return TABLES[reason].get(found["protocol"], "")
    if found["reason"] in OF_ONE or reason == "TCP":
        return OF_ONE.get(found["reason"], "tcp")
    function = _FUNCTION.match(found["function"] or "")
    return function["protocol"] if function else ""
