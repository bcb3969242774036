"""Whether a chassis capture holds enough to be judged, and what to collect where it does not."""

from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.matrix import READ_FROM, Matrix, matrices
from brimful.evidence.origin import Exhibit
from brimful.rules import Collect, Finding, State, rule

ONE_SAMPLE = "one sample of show iftask stats: totals since they were cleared, not rates"

TABLES = {
    "data": Collect("losses between cards, data plane", "show cloud monitor dataplane"),
    "control": Collect("losses between cards, control plane", "show cloud monitor controlplane"),
    "heartbeat": Collect("heartbeats between cards", "show cloud monitor di-network detail"),
}


@rule(*READ_FROM, "kni.queue.dropped", "staros.card_state")
def chassis_coverage(evidence: Evidence) -> Iterator[Finding]:
    """Does the capture hold every table the decision needs, and the counters twice?"""
    tables = matrices(evidence)
    counters = evidence.readings("kni.queue.dropped")
    if not (any(tables.values()) or counters or evidence.facts("staros.card_state")):
        return
    missing = tuple(_missing(evidence, tables, counters))
    degraded = any(table.degraded() for table in tables.values())
    once = not any(reading.samples > 1 for reading in counters)
    if not any(tables.values()) or (once and not degraded):
        yield Finding(
            stage="fabric.link",
            place="",
            state=State.OPEN,
            statement=_undecided(between=any(tables.values()), counted=bool(counters)),
            because=(Exhibit("the cards' drop counters, one sample", counters[0].origin),) if counters and once else (),
            collect=missing,
        )
    elif missing:
        doubts = (ONE_SAMPLE,) if counters and once else ()
        yield Finding(stage="fabric.link", place="", state=State.NOTE, collect=missing, doubts=doubts)


def _missing(evidence: Evidence, tables: dict[str, Matrix], counters: list[Reading]) -> Iterator[Collect]:
    for plane, collect in TABLES.items():
        if not tables[plane]:
            yield collect
    if not evidence.facts("staros.card_state"):
        yield Collect("which card is the demux card", "show session recovery status verbose")
    if not any(reading.samples > 1 for reading in counters):
        yield Collect("the drop counters of every card, twice, 60 s apart", "show iftask stats")


def _undecided(*, between: bool, counted: bool) -> str:
    if between and counted:
        return "No loss between cards is shown, and the cards' own drop counters were seen once: neither a present loss nor its absence is shown."
    if between:
        return "No loss between cards is shown, but what the cards themselves drop is not in the capture."
    if counted:
        return "What the cards themselves drop is counted, but the losses between cards are not in the capture."
    return "Neither the losses between cards nor what the cards themselves drop is in the capture."
