"""KNI out of memory: the packet process found no buffer for its door to the kernel, and perhaps none in the backup pool."""

from collections import defaultdict
from collections.abc import Iterator

from brimful.chain.place import whole
from brimful.evidence.event import Event
from brimful.evidence.evidence import Evidence
from brimful.evidence.matrix import READ_FROM, degraded
from brimful.evidence.moment import span
from brimful.evidence.origin import Exhibit
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

DO = (
    Treatment("stop SFTP, SCP and other large transfers between the cards, then look again"),
    Treatment("ask the vendor to compare the KNI pool's size with the traffic to the card's kernel"),
)
COLLECT = (
    Collect("the drop counters of every card, twice, 60 s apart", "show iftask stats"),
    Collect("losses between cards", "show cloud monitor dataplane"),
    Collect("losses between cards", "show cloud monitor controlplane"),
    Collect("losses between cards", "show cloud monitor di-network detail"),
    Collect("the demux card", "show session recovery status verbose"),
)


@rule(*READ_FROM, "kni.out_of_memory", "kni.backup_pool_exhausted", "kni.queue.dropped")
def kni_out_of_memory(evidence: Evidence) -> Iterator[Finding]:
    """Did a card's packet process run out of buffers for its kernel, and did the backup pool absorb it?"""
    by_card: dict[str, list[Event]] = defaultdict(list)
    for event in evidence.events("kni.out_of_memory"):
        by_card[whole(event.place)].append(event)
    for card, events in by_card.items():
        yield _pool(evidence, card, events)
        yield Finding(
            stage="fabric.link",
            place=card,
            state=State.NOTE,
            subject="the KNI out-of-memory lines",
            because=tuple(_exhibits(events)),
            doubts=tuple(_clock_doubts(events)),
            span=span(event.at for event in events),
        )
    yield from _across(evidence.events("kni.out_of_memory"))
    for card in dict.fromkeys(whole(event.place) for event in evidence.events("kni.backup_pool_exhausted")):
        yield _backup(evidence, card)


def _pool(evidence: Evidence, card: str, events: list[Event]) -> Finding:
    """Alone, running short is not a loss: where the losses are known, they decide; where they are not, nothing does."""
    backup = evidence.events("kni.backup_pool_exhausted", place=card)
    loss_known = degraded(evidence) is not None and bool(evidence.readings("kni.queue.dropped"))
    dropping = any(reading.rising for reading in evidence.readings("kni.queue.dropped", place=card))
    subject = f"the KNI out-of-memory lines of {card}"
    if loss_known:
        text = "" if backup or dropping else " and no line says that the backup pool was empty"
        return Finding(
            stage="pool.mbuf",
            place=card,
            state=State.HOLDS,
            subject=subject,
            statement=f"The buffer pool of {_named(card)} ran short of buffers for its kernel queue (KNI){text}.",
            because=tuple(_exhibits(events)),
            do=DO,
            collect=COLLECT[:1],
            span=span(event.at for event in events),
        )
    return Finding(
        stage="pool.mbuf",
        place=card,
        state=State.OPEN,
        subject=subject,
        statement=f"The packet process of {_named(card)} ran out of KNI buffers; whether the application or the driver under it is at fault is not shown.",
        because=tuple(_exhibits(events)),
        doubts=tuple(_clock_doubts(events)),
        collect=COLLECT,
        span=span(event.at for event in events),
    )


def _backup(evidence: Evidence, card: str) -> Finding:
    """An empty backup pool means drops; whose they are is the application's only where the fabric in front is sound."""
    events = evidence.events("kni.backup_pool_exhausted", place=card)
    lines = "one line" if len(events) == 1 else f"{len(events):,} lines"
    exhibit = Exhibit(
        f"the backup pool of {_named(card)} was empty too ({lines}): packets to or from its kernel are dropped",
        events[-1].origin,
        None,
        str(events[-1].at) if events[-1].at else None,
    )
    between = degraded(evidence)
    sound = between is False
    return Finding(
        stage="fabric.link" if between else "pool.mbuf",
        place=card,
        state=State.LOST if sound else State.NOTE if between else State.OPEN,
        statement=f"The buffer pool of {_named(card)} and its backup pool were used up: its kernel queue got no buffer"
        + ("." if sound else "; what held the buffers is not shown."),
        subject=f"the backup-pool lines of {card}",
        confidence=Confidence.LOW,
        because=(exhibit,),
        doubts=(
            "the losses between cards are below the threshold: the packets lost are those to and from the card's kernel",
        )
        if sound
        else (),
        do=DO if sound else (),
        collect=COLLECT[:1] if between is not None else COLLECT,
        harm=len(events),
        span=span(event.at for event in events),
    )


def _named(card: str) -> str:
    return "a card that is not named" if not card or card.startswith("unknown") else card


def _exhibits(events: list[Event]) -> Iterator[Exhibit]:
    """The latest line, and what the running total hides between the first and the last."""
    last = events[-1]
    lines = "one KNI out-of-memory line" if len(events) == 1 else f"{len(events):,} KNI out-of-memory lines"
    yield Exhibit(
        f"{lines} of {_named(whole(last.place))}",
        last.origin,
        last.fields.get("total"),
        str(last.at) if last.at else None,
    )
    counted = [event for event in events if "total" in event.fields]
    wrapped = [event for event in counted if int(event.fields.get("total_signed", 0)) < 0]
    if wrapped:
        event = wrapped[-1]
        yield Exhibit(
            f"total={event.fields['total_signed']} is a signed 32-bit counter that wrapped: {int(event.fields['total']):,} failed allocations (inference)",
            event.origin,
        )
    hidden = _hidden(counted)
    if hidden:
        yield Exhibit(
            f"between the first and the last of them {hidden} (inference: no further wrap)", counted[0].origin
        )


def _across(events: list[Event]) -> Iterator[Finding]:
    """Say what the lines of one process id hide where they do not all name its card: a weak identity, so only a note.

    The same packet process runs on every card, and equal machines may give equal process ids.
    """
    by_process: dict[tuple[object, str], list[Event]] = defaultdict(list)
    for event in events:
        if "total" in event.fields and "pid" in event.fields:
            by_process[event.fields["pid"], event.place.partition("/")[2]].append(event)
    for (pid, port), group in by_process.items():
        hidden = _hidden(group) if len({whole(event.place) for event in group}) > 1 else None
        if hidden:
            yield Finding(
                stage="pool.mbuf",
                place="",
                state=State.NOTE,
                statement=f"If all KNI out-of-memory lines of process {pid} ({port}) are of one card, then between the first and the last of them {hidden} (inference: no further wrap).",
            )


def _hidden(events: list[Event]) -> str | None:
    """Return how many allocations failed between the first and the last line of one process, and how fast."""
    timed = sorted((event for event in events if event.at), key=lambda event: event.at.ns if event.at else 0)
    if len(timed) < 2 or len({event.fields.get("pid") for event in timed}) > 1:  # noqa: PLR2004 - two ends
        return None
    first, last = timed[0], timed[-1]
    hidden = (int(last.fields["total"]) - int(first.fields["total"])) % 2**32
    seconds = (last.at.ns - first.at.ns) / 1e9 if first.at and last.at else 0.0
    if not hidden or seconds <= 0:
        return None
    totals = f"total, unwrapped, {int(first.fields['total']):,} to {int(last.fields['total']):,}"
    return f"{hidden:,} allocations failed ({totals}), {_rates(timed, hidden, seconds)}"


def _rates(timed: list[Event], hidden: int, seconds: float) -> str:
    """Return the rate; two rates where one of the clocks names no zone but another line reveals it."""
    rate = f"{_round(hidden / seconds)} a second"
    offsets = {int(event.fields["zone_offset_s"]) for event in timed if "zone_offset_s" in event.fields}
    first = timed[0].at
    if first is not None and not first.zone_known and len(offsets) == 1:
        local = seconds + offsets.pop()
        if local > 0:
            return f"{rate} if the first line's clock is UTC, {_round(hidden / local)} if it is local time"
    return rate


def _round(rate: float) -> str:
    return f"{round(rate, -2):,.0f}" if rate >= 1000 else f"{rate:,.1f}"  # noqa: PLR2004 - hundreds from a thousand up


def _clock_doubts(events: list[Event]) -> Iterator[str]:
    if any(event.at is not None and not event.at.zone_known for event in events):
        yield "the clock of some out-of-memory lines names no zone: taken as UTC"
