"""GTP-C peers that stopped answering: the symptom the subscribers feel, never a cause."""

from collections.abc import Iterator

from brimful.chain.place import whole
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import span
from brimful.evidence.origin import Exhibit
from brimful.rules import Finding, State, rule


@rule("gtpc.path_failure")
def gtpc_path(evidence: Evidence) -> Iterator[Finding]:
    """When did GTP-C peers stop answering?"""
    failures = evidence.events("gtpc.path_failure")
    for card in dict.fromkeys(whole(event.place) for event in failures):
        events = [event for event in failures if whole(event.place) == card]
        times = span(event.at for event in events)
        lines = "a GTP-C path failed" if len(events) == 1 else f"{len(events):,} GTP-C paths failed"
        when = f", the last at {times[1]}: a symptom" if times else " at a time that is not shown: a symptom"
        yield Finding(
            stage="fabric.link",
            place=card,
            state=State.NOTE,
            subject="the GTP-C path failure" + ("s" if len(events) > 1 else ""),
            because=(Exhibit(f"{lines}{when}", events[-1].origin, None, str(times[1]) if times else None),),
            span=times,
        )
