"""Did the treatment work? What was lost before, in an earlier report, beside what is lost now.

Losses are compared as shares of the traffic where both reports count it, else as rates: a loss that stopped because the
traffic stopped has not been cured.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import meet
from brimful.chain.word import Kind
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import one_view, percent, weigh

SCHEMA = 1
LARGEST = 2**72
"""More than any sum of counters of 64 bits that a host has."""
SHORTEST_S = 1e-6
"""Seconds: no two samples are nearer to each other."""
ENOUGH = 5
"""Losses that would be expected now, had nothing changed, below which their absence says nothing (Poisson: 0.7 %)."""
SAME_TRAFFIC = 0.5
"""Part of the earlier traffic that has to be there for a loss that is gone to be called cured."""
BETTER, WORSE = 0.5, 1.5
"""Change of a loss's share (or rate) beyond which it is called one: clustered losses vary that much by chance."""


class Result(StrEnum):
    """What a treatment has done to one verdict."""

    WORKED = "worked"
    HELPED = "helped"
    UNCHANGED = "unchanged"
    WORSE = "worse"
    NOT_SHOWN = "not_shown"


class BadReport(ValueError):
    """An earlier report that cannot be used: one line that says why."""


class _Loss(msgspec.Struct, frozen=True):
    stage: str
    place: str
    lost: int
    seconds: float | None
    passed: int | None = None
    lifetime: bool = False
    root: str = ""


class _Verdict(msgspec.Struct, frozen=True):
    owner: str
    stage: str
    place: str
    statement: str
    root: str = ""


class Earlier(msgspec.Struct, frozen=True):
    """What is needed of an earlier report of `brimful diagnose --json`."""

    brimful: str
    schema: int
    outcome: str
    verdicts: tuple[_Verdict, ...]
    losses: tuple[_Loss, ...]


class Effect(msgspec.Struct, frozen=True):
    """One earlier verdict and what became of its loss. Rates are packets a second, shares 0 to 1."""

    owner: str
    stage: str
    place: str
    result: Result
    text: str
    before_per_second: float | None
    now_per_second: float | None
    before_share: float | None
    now_share: float | None


class _Flow(msgspec.Struct, frozen=True):
    """What one buffer lost and passed in a time."""

    lost: int
    passed: int | None
    seconds: float | None

    @property
    def rate(self) -> float | None:
        return self.lost / self.seconds if self.seconds else None

    @property
    def traffic(self) -> float | None:
        return (self.lost + self.passed) / self.seconds if self.seconds and self.passed is not None else None

    @property
    def share(self) -> float | None:
        total = None if self.passed is None else self.lost + self.passed
        return self.lost / total if total else None


def earlier(data: bytes) -> Earlier:
    """Read an earlier report; `BadReport` when it is none or of another form."""
    try:
        report = msgspec.json.decode(data, type=Earlier)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadReport(f"no report of brimful diagnose --json: {error}") from error
    if report.schema != SCHEMA:
        raise BadReport(f"report of schema {report.schema}, only {SCHEMA} is known")
    if not all(map(_possible, report.losses)):
        raise BadReport("report with a loss that no counter can show")
    return report


def _possible(loss: _Loss) -> bool:
    """Whether the numbers of a loss can be true, and so be divided: a report may come from anybody."""
    counts = 0 <= loss.lost <= LARGEST and 0 <= (loss.passed or 0) <= LARGEST
    return counts and (not loss.seconds or loss.seconds >= SHORTEST_S)


def effects(before: Earlier, evidence: Evidence, root: str = "") -> list[Effect]:
    """Return what became of each earlier verdict; with `root`, of those of the machine of that name."""
    losses = [loss for loss in before.losses if not root or loss.root == root]
    return [_effect(verdict, losses, evidence) for verdict in before.verdicts if not root or verdict.root == root]


def _effect(verdict: _Verdict, losses: Iterable[_Loss], evidence: Evidence) -> Effect:
    then = _then([loss for loss in losses if loss.stage == verdict.stage and meet(loss.place, verdict.place)])
    now = _now(verdict, evidence)
    result, text = _judged(then, now)
    return Effect(
        verdict.owner,
        verdict.stage,
        verdict.place,
        result,
        text,
        then.rate if then else None,
        now.rate if now else None,
        then.share if then else None,
        now.share if now else None,
    )


def _then(losses: list[_Loss]) -> _Flow | None:
    """Return the largest loss of an earlier verdict's buffer: several counters may show the same packets."""
    counted = [loss for loss in losses if loss.lost and not loss.lifetime and loss.seconds]
    if not counted:
        return None
    most = max(counted, key=lambda loss: loss.lost)
    return _Flow(most.lost, most.passed, most.seconds)


def _now(verdict: _Verdict, evidence: Evidence) -> _Flow | None:
    names = [m.name for m in MEANINGS.values() if m.kind is Kind.LOST and m.stage.name == verdict.stage]
    found = [r for r in one_view(evidence.readings(*names)) if meet(r.series.place, verdict.place)]
    sampled = [reading for reading in found if reading.delta is not None]
    if not sampled:
        return None
    most = max(sampled, key=lambda reading: (reading.counted, reading.seconds or 0))
    passed = one_view(evidence.readings(f"{verdict.stage}.passed", place=most.series.place))
    weight = weigh([most], passed)
    return _Flow(weight.lost, weight.passed, weight.seconds)


def _judged(then: _Flow | None, now: _Flow | None) -> tuple[Result, str]:
    if then is None or then.rate is None:
        return Result.NOT_SHOWN, "the earlier report counts no loss over a known time"
    if now is None or now.rate is None:
        return Result.NOT_SHOWN, "what it lost is not counted now"
    was, is_ = _said(then), _said(now)
    if not now.lost:
        return _gone(then, now, was)
    before, after = (then.share, now.share) if then.share and now.share else (then.rate, now.rate)
    change = after / before
    text = f"{was} before, {is_} now"
    if change <= BETTER:
        return Result.HELPED, f"{text}: {_times(1 / change)} less"
    if change >= WORSE:
        return Result.WORSE, f"{text}: {_times(change)} as much"
    return Result.UNCHANGED, text


def _gone(then: _Flow, now: _Flow, was: str) -> tuple[Result, str]:
    """Nothing is lost now: for want of traffic, by chance, or because it is cured."""
    rate, seconds = then.rate or 0.0, now.seconds or 0.0
    if then.traffic and now.traffic is not None:
        part = now.traffic / then.traffic
        expected = rate * seconds * part
        if part < SAME_TRAFFIC:
            return Result.NOT_SHOWN, f"{was} before, none now; but only {percent(part)} of the traffic is there"
        where = f" at {percent(part)} of the traffic"
    else:
        expected, where = rate * seconds, ""
    if expected < ENOUGH:
        return Result.NOT_SHOWN, f"{was} before, none in {seconds:.1f} s now: too short to tell"
    return Result.WORKED, f"{was} before, none now{where}"


def _said(flow: _Flow) -> str:
    share = f" ({percent(flow.share)})" if flow.share else ""
    return f"{flow.rate:,.3g} a second{share}"


def _times(factor: float) -> str:
    return f"{factor:,.1f} times"
