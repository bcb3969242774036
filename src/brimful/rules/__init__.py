"""Rules: each module answers one question about one kind of buffer.

A rule reads evidence and returns findings: what the buffer at a place did. It does not name culprits across buffers:
the judge walks the chain and decides which finding the walk ends at.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from brimful.chain.owner import Owner
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Exhibit
from brimful.registry import Registry


class State(StrEnum):
    """What a buffer was seen to do.

    LOST: it lost packets in the window. OVER: it has lost packets, but only since the counter was cleared. FULL: it is
    full now, so that the next packet is lost. These three are what verdicts start from.
    HOLDS: it ran short and held up what is above it, without losing anything itself. ROOM: it is shown to have had room.
    NEAR: a near miss. NOTE: evidence for or against a verdict at this stage. OPEN: the evidence does not decide.
    """

    LOST = "lost"
    OVER = "over"
    FULL = "full"
    HOLDS = "holds"
    ROOM = "room"
    NEAR = "near_miss"
    NOTE = "note"
    OPEN = "open"


class Confidence(StrEnum):
    """How sure a verdict is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Treatment(msgspec.Struct, frozen=True):
    """Something to do: printed, never applied."""

    text: str
    command: str = ""
    temporary: bool = False


class Collect(msgspec.Struct, frozen=True):
    """Something to collect next."""

    text: str
    command: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule saw at one place.

    `statement` is the sentence of a verdict, used if the judge's walk ends here; `subject` is what to call the finding
    in half a sentence ("the KNI out-of-memory lines"): a note without it is not missed by a verdict it does not speak of.
    `owner` is set only where the rule knows better than the stage's
    drain. `proven` marks a counter that names the cause itself, so that no room below needs to be shown. `harm` is the
    number of packets lost, for the order of verdicts; `level` how full the buffer was or what share it lost, 0 to 1, for
    the drawing. `span` is the time it speaks of, where
    known: findings far apart in time are not joined.
    """

    stage: str
    place: str
    state: State
    statement: str = ""
    subject: str = ""
    owner: Owner | None = None
    confidence: Confidence = Confidence.MEDIUM
    because: tuple[Exhibit, ...] = ()
    against: tuple[Exhibit, ...] = ()
    doubts: tuple[str, ...] = ()
    do: tuple[Treatment, ...] = ()
    collect: tuple[Collect, ...] = ()
    proven: bool = False
    harm: int = 0
    level: float | None = None
    span: tuple[Moment, Moment] | None = None
    rule: str = ""


Judge = Callable[[Evidence], Iterable[Finding]]


class Rule(msgspec.Struct, frozen=True):
    """One question and the function that answers it. `reads` are the meanings, events and facts it looks at."""

    name: str
    question: str
    reads: tuple[str, ...]
    ask: Judge

    def __call__(self, evidence: Evidence) -> list[Finding]:
        """Return the findings, signed with the rule's name."""
        return [msgspec.structs.replace(finding, rule=self.name) for finding in self.ask(evidence)]


RULES: Registry[Rule] = Registry(__name__)


def rule(*reads: str) -> Callable[[Judge], Judge]:
    """Register a function as the rule named for its module; its docstring's first line is the question."""

    def register(ask: Judge) -> Judge:
        name = ask.__module__.rpartition(".")[2]
        question = (ask.__doc__ or "").strip().partition("\n")[0]
        RULES.add(Rule(name, question, reads, ask))
        return ask

    return register
