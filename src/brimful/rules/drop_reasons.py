"""What the kernel itself gives as the reason of its drops: it speaks for a verdict at the same buffer."""

from collections.abc import Iterator

from brimful.chain.meaning import MEANINGS, Kind
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


@rule(*TRACED)
def drop_reasons(evidence: Evidence) -> Iterator[Finding]:
    """Which reasons does the kernel give for its drops?"""
    for name in TRACED:
        here = (r for r in evidence.readings(name) if r.delta and not r.series.place.startswith(ELSEWHERE))
        moved = sorted(here, key=lambda r: -(r.delta or 0))
        if moved:
            stage = MEANINGS[name].stage.name
            yield Finding(
                stage=stage,
                place="",
                state=State.NOTE,
                subject=f"the reasons of drops at {stage}",
                because=tuple(
                    reading.exhibit(
                        f"the kernel gives a reason for {reading.delta:,} of its drops: {reading.series.raw}"
                    )
                    for reading in moved[:SHOWN]
                ),
            )
