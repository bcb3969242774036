"""The judge: walks down the chain from every buffer that lost packets to the drain that is at fault.

1. A buffer that lost packets was full.
2. If a buffer that can hold its drain up was full or short too, the cause lies further down: walk on.
3. If that buffer is shown to have had room, the drain between the two is the cause, and its owner is the verdict.

Rules say what each buffer did; they never see each other. What they say of another card, or of another week, is not
joined to a verdict: it becomes a doubt that says so.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TypeVar

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import meet, protocol, whole
from brimful.chain.stage import CHASSIS, RECEIVE, STAGES
from brimful.chain.word import Kind
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.ledger import age
from brimful.evidence.moment import SECOND, Moment, spoken
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import one_view
from brimful.rules import RULES, Collect, Confidence, Finding, State, Treatment

T = TypeVar("T")

JOINED_NS = 3600 * SECOND
"""Things further apart than this are not evidence for each other: the longest window of any table."""

NAMED = 3
"""Counters that one sentence names."""

UNKNOWN = "unknown"
"""How a place begins that a line does not name."""

STARTS = (State.LOST, State.OVER, State.FULL)
SHORT = (State.LOST, State.FULL, State.HOLDS)
LEVELS = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)


class Outcome(StrEnum):
    """The answer in one word."""

    HEALTHY = "healthy"
    VERDICT = "verdict"
    UNDECIDED = "undecided"


class Verdict(msgspec.Struct, frozen=True):
    """Which buffer overflowed, whose fault it is and what to do."""

    owner: str
    stage: str
    place: str
    confidence: Confidence
    rule: str
    statement: str
    because: tuple[Exhibit, ...]
    against: tuple[Exhibit, ...]
    doubts: tuple[str, ...]
    do: tuple[Treatment, ...]
    collect: tuple[Collect, ...]
    harm: int = 0


class Sink(msgspec.Struct, frozen=True):
    """One buffer of the drawn chain: what it lost, how full it was, or that nothing is known of it."""

    stage: str
    known: bool
    lost: int = 0
    level: float | None = None


class Judgement(msgspec.Struct, frozen=True):
    """What the judge concludes of one machine."""

    outcome: Outcome
    statement: str
    verdicts: tuple[Verdict, ...]
    opens: tuple[Finding, ...]
    notes: tuple[str, ...]
    chain: tuple[Sink, ...]


def judge(evidence: Evidence) -> Judgement:
    """Ask every rule, walk from every loss, and conclude."""
    findings = [finding for rule in RULES for finding in rule(evidence)]
    verdicts: dict[tuple[str, str], Verdict] = {}
    opens = [_doubtful(finding) for finding in findings if finding.state is State.OPEN]
    for start in sorted((f for f in findings if f.state in STARTS), key=lambda f: -f.harm):
        path = _walk(start, findings)
        missing = _unproven(path[-1], findings)
        if missing:
            opens.append(_doubtful(_open(start, missing)))
            continue
        verdict = _verdict(path, findings)
        key = (verdict.stage, whole(verdict.place))
        verdicts[key] = _merge(verdicts[key], verdict) if key in verdicts else verdict
    ordered = sorted(verdicts.values(), key=lambda v: (LEVELS.index(v.confidence), -v.harm))
    # what is known of a place says more than what is known of the whole machine
    opens.sort(key=lambda finding: (not finding.place, -finding.harm))
    outcome, statement = _outcome(evidence, ordered, opens)
    told = {(verdict.stage, whole(verdict.place)) for verdict in ordered}
    # that a buffer is nearly full is no news once it has overflowed
    near = [f for f in findings if f.state is State.NEAR and (f.level is None or (f.stage, whole(f.place)) not in told)]
    notes = [f.statement for f in (*near, *(f for f in findings if f.state is State.NOTE and f.statement))]
    notes += [f.statement for f in findings if f.state is State.HOLDS and f.statement and not ordered]
    notes += [f.statement for f in opens if ordered]
    notes += _aged(evidence, findings)
    return Judgement(
        outcome,
        statement,
        tuple(ordered),
        tuple(opens),
        tuple(dict.fromkeys(notes)),
        tuple(_chain(evidence, findings, ordered)),
    )


def _aged(evidence: Evidence, findings: list[Finding]) -> list[str]:
    """Say how old a total can be, where a total is all there is."""
    up = age(evidence)
    totals = any(f.state in {State.OVER, State.OPEN} for f in findings)
    if up is None or not totals or any(r.samples > 1 for r in evidence.all_readings()):
        return []
    return [f"one sample: its counters hold what happened since boot, {spoken(up)} before, or since they were cleared"]


def _walk(start: Finding, findings: list[Finding]) -> list[Finding]:
    """Follow what held each buffer's drain up, to the buffer whose own drain is the cause.

    A counter that names the cause itself ends the walk: what else is full is another loss.
    """
    path = [start]
    while True:
        here = path[-1]
        held = [
            finding
            for name in (() if here.proven else STAGES[here.stage].held_by)
            for finding in findings
            if finding.stage == name and _holds(here, finding) and _joined(here, finding) and finding not in path
        ]
        if not held:
            return path
        path.append(max(held, key=lambda finding: (finding.state is State.LOST, finding.harm)))


def _holds(here: Finding, below: Finding) -> bool:
    """What was only ever lost since boot does not explain what is lost now."""
    return below.state in SHORT or (below.state is State.OVER and here.state is State.OVER)


def _joined(one: Finding, other: Finding) -> bool:
    return meet(one.place, other.place) and not _apart(one.span, other.span)


def _speaks_of(note: Finding, end: Finding) -> bool:
    """Tell whether a note is evidence for what a walk ended at: what is said of a protocol holds for its sockets."""
    return (meet(note.place, end.place) or note.place == protocol(end.place)) and not _apart(note.span, end.span)


def _apart(one: tuple[Moment, Moment] | None, other: tuple[Moment, Moment] | None) -> int:
    """Return the nanoseconds between two spans where these are too many: positive when `other` is later."""
    if one is None or other is None or one[0].clock != other[0].clock:
        return 0
    slack = JOINED_NS + max(m.uncertainty_ns for m in (*one, *other))
    later, earlier = other[0].ns - one[1].ns, one[0].ns - other[1].ns
    return later if later > slack else -earlier if earlier > slack else 0


def _unproven(end: Finding, findings: list[Finding]) -> list[str]:
    """Return the stages that would have to be shown to have had room, and are not."""
    if end.proven:
        return []
    return [
        name
        for name in STAGES[end.stage].proof
        if not any(f.stage == name and f.state is State.ROOM and meet(f.place, end.place) for f in findings)
    ]


def _open(start: Finding, missing: list[str]) -> Finding:
    """A loss whose cause cannot be named, because what is below it was not seen."""
    where = f" at {start.place}" if start.place else ""
    lost = "have been lost" if start.state is State.OVER else "are lost"
    return msgspec.structs.replace(
        start,
        state=State.OPEN,
        statement=f"Packets {lost} in the {STAGES[start.stage].sink}{where}; whether what it drains into had room is not shown ({', '.join(missing)}).",
    )


def _doubtful(finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, doubts=_together((finding.doubts, _doubts(finding.because))))


def _doubts(exhibits: Iterable[Exhibit]) -> tuple[str, ...]:
    """Return what makes pieces of evidence uncertain."""
    return tuple(exhibit.doubt for exhibit in exhibits if exhibit.doubt)


def _verdict(path: list[Finding], findings: list[Finding]) -> Verdict:
    start, end = path[0], path[-1]
    stage = STAGES[end.stage]
    room = [
        finding
        for name in dict.fromkeys((*stage.proof, *stage.held_by))
        for finding in findings
        if finding.stage == name and finding.state is State.ROOM and meet(finding.place, end.place)
    ]
    notes = [
        finding for finding in findings if finding.state is State.NOTE and finding.stage in {f.stage for f in path}
    ]
    used = [note for note in notes if _speaks_of(note, end)]
    against = _together(f.against for f in (*path, *used))
    because = _together(f.because for f in (*path, *room, *used))
    past = start.state is State.OVER
    return Verdict(
        owner=end.owner or stage.owner,
        stage=end.stage,
        place=end.place,
        confidence=_lowered(end.confidence, past + bool(against)),
        rule=end.rule,
        statement=end.statement,
        because=because,
        against=against,
        doubts=_together(
            (
                *(f.doubts for f in (*path, *used)),
                _doubts((*because, *against)),
                tuple(_not_used(end, note) for note in notes if note not in used and note.because and note.subject),
                ("one sample: this is what was lost since the counters were cleared, not now",) if past else (),
            )
        ),
        do=_together(f.do for f in (end, *used)),
        collect=_together(f.collect for f in (end, *used)),
        harm=start.harm,
    )


def _not_used(end: Finding, note: Finding) -> str:
    """Say why evidence was left out: another card, a card that is not named, another time."""
    why = []
    if not meet(end.place, note.place):
        why.append("the card is not named" if note.place.startswith(UNKNOWN) else f"of {whole(note.place)}")
    gap = _apart(end.span, note.span)
    if gap:
        why.append(f"{spoken(abs(gap) / SECOND)} {'later' if gap > 0 else 'earlier'}")
    origin = note.because[0].origin
    where = f" ({origin.short})" if origin else ""
    return f"{note.subject}: {', '.join(why)}: not used{where}"


def _together(groups: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    """Join tuples in order, each thing once."""
    return tuple(dict.fromkeys(thing for group in groups for thing in group))


def _lowered(confidence: Confidence, by: int) -> Confidence:
    return LEVELS[min(LEVELS.index(confidence) + by, len(LEVELS) - 1)]


def _merge(one: Verdict, other: Verdict) -> Verdict:
    """Two walks that end at the same buffer are one verdict."""
    surer = min(one, other, key=lambda v: LEVELS.index(v.confidence))
    return msgspec.structs.replace(
        surer,
        because=_together((surer.because, one.because, other.because)),
        against=_together((one.against, other.against)),
        doubts=_together((one.doubts, other.doubts)),
        do=_together((surer.do, one.do, other.do)),
        collect=_together((surer.collect, one.collect, other.collect)),
        harm=max(one.harm, other.harm),
    )


def _outcome(evidence: Evidence, verdicts: list[Verdict], opens: list[Finding]) -> tuple[Outcome, str]:
    if verdicts:
        return Outcome.VERDICT, verdicts[0].statement
    if opens:
        return Outcome.UNDECIDED, opens[0].statement
    losses = [meaning.name for meaning in MEANINGS.values() if meaning.kind is Kind.LOST]
    counters = [reading for name in losses for reading in one_view(evidence.readings(name))]
    if not counters:
        return Outcome.UNDECIDED, "Nothing in it counts losses: there is nothing to judge."
    cleared = list(dict.fromkeys(r.series.raw for r in counters if r.reset))
    if cleared:
        some = ", ".join(cleared[:NAMED]) + (" ..." if len(cleared) > NAMED else "")
        return Outcome.UNDECIDED, (
            f"Counters went back between the samples ({some}): they were cleared, the machine was restarted,"
            " or the samples are in the wrong order; what was lost in between is not known."
        )
    return Outcome.HEALTHY, _healthy(counters)


def _healthy(counters: list[Reading]) -> str:
    """Say how far nothing was lost: no further than the counters that were read."""
    number = f"{len(counters):,} loss counter" + ("s" if len(counters) > 1 else "")
    sampled = [reading for reading in counters if reading.delta is not None]
    moved = list(dict.fromkeys(r.series.raw for r in sampled or counters if r.counted))
    some = ", ".join(moved[:NAMED]) + (" ..." if len(moved) > NAMED else "")
    if not sampled:
        if moved:
            return f"Too little was lost since the counters were cleared to blame anybody: of {number} {some} moved (one sample)."
        return f"Nothing was lost since the counters were cleared: of {number} none moved (one sample)."
    seconds = max((r.seconds for r in sampled if r.seconds is not None), default=None)
    window = f"the {seconds:.1f} s watched" if seconds else "the time between the samples"
    if moved:
        return f"No buffer is seen to overflow in {window}: of {number} {some} moved, which names no full buffer."
    return f"No buffer overflowed in {window}: of {number} none moved."


def _chain(evidence: Evidence, findings: list[Finding], verdicts: list[Verdict]) -> Iterator[Sink]:
    """Yield the row of sinks to draw: the chain the worst verdict is in, else the one that anything is known of."""
    counted = {
        MEANINGS[r.series.meaning].stage.name
        for r in evidence.all_readings()
        if MEANINGS[r.series.meaning].kind in {Kind.LOST, Kind.WINDOW}
    }
    told = [f for f in findings if f.state not in {State.NOTE, State.OPEN}]
    stages = {verdict.stage for verdict in verdicts[:1]} or counted
    names = CHASSIS if stages & set(CHASSIS) else RECEIVE
    place = verdicts[0].place if verdicts else ""
    for name in dict.fromkeys((*names, *(v.stage for v in verdicts))):
        here = [f for f in told if f.stage == name and meet(f.place, place)]
        lost = max((f.harm for f in here if f.state in STARTS), default=0)
        level = max((f.level for f in here if f.level is not None), default=None)
        # what is left open is no 0: the ledger below may count losses of it
        is_open = any(f.state is State.OPEN and f.stage == name and meet(f.place, place) for f in findings)
        yield Sink(name, bool(lost) or (not is_open and (bool(here) or name in counted)), lost, level)
