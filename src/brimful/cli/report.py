"""The one JSON object that `brimful diagnose --json` prints, and what the terminal is drawn from."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import asdict

from brimful import __version__
from brimful.compare import Effect
from brimful.evidence import moment
from brimful.evidence.accounts import accounts
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.forecast import Forecast, forecasts
from brimful.evidence.ledger import losses, reasons, unexplained
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Exhibit, Unread
from brimful.judge import Judgement, Outcome, Verdict
from brimful.roots.base import Root
from brimful.rules import Finding
from brimful.sampler import Cost

SCHEMA = 1


class Machine(msgspec.Struct, frozen=True):
    """One machine: its roots, what they held and what was concluded of it.

    `effects`: what became of the verdicts of an earlier report, where one was given. `costs`: what watching it has taken.
    """

    name: str
    roots: tuple[Root, ...]
    evidence: Evidence
    judgement: Judgement
    effects: tuple[Effect, ...] = ()
    costs: tuple[Cost, ...] = ()


def outcome(machines: Iterable[Machine]) -> Outcome:
    """Return the worst of several machines: a verdict before doubt before health."""
    found = {machine.judgement.outcome for machine in machines}
    return next(o for o in (Outcome.VERDICT, Outcome.UNDECIDED, Outcome.HEALTHY) if o in found)


def as_json(machines: list[Machine]) -> bytes:
    """Return the report as one JSON object."""
    report = {
        "brimful": __version__,
        "schema": SCHEMA,
        "roots": [_root(root, machine.evidence) for machine in machines for root in machine.roots],
        "outcome": outcome(machines),
        "statement": " ".join(machine.judgement.statement for machine in machines),
        "verdicts": [_verdict(machine, v) for machine in machines for v in machine.judgement.verdicts],
        "open": [_open(machine, finding) for machine in machines for finding in machine.judgement.opens],
        "notes": [{"root": machine.name, "text": note} for machine in machines for note in machine.judgement.notes],
        "chain": [{"root": machine.name, **asdict(sink)} for machine in machines for sink in machine.judgement.chain],
        "losses": [{"root": machine.name, **asdict(loss)} for machine in machines for loss in losses(machine.evidence)],
        "unexplained": [
            {"root": machine.name, **asdict(rest)} for machine in machines for rest in unexplained(machine.evidence)
        ],
        "reasons": [
            {"root": machine.name, **asdict(reason)} for machine in machines for reason in reasons(machine.evidence)
        ],
        "accounts": [
            {"root": machine.name, **asdict(account)} for machine in machines for account in accounts(machine.evidence)
        ],
        "forecasts": [_forecast(machine, found) for machine in machines for found in forecasts(machine.evidence)],
        "after": [{"root": machine.name, **asdict(effect)} for machine in machines for effect in machine.effects],
        "cost": [{"root": machine.name, **asdict(cost)} for machine in machines for cost in machine.costs],
        "unmapped": [
            {"root": machine.name, "place": fact.place, "counter": fact.value}
            for machine in machines
            for fact in unmapped(machine.evidence)
        ],
        "unread": [_unread(line) for machine in machines for line in machine.evidence.unread],
        "blind": [{"root": machine.name, **asdict(blind)} for machine in machines for blind in machine.evidence.blind],
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=2)


def span(evidence: Evidence) -> tuple[Moment, Moment] | None:
    """Return the earliest and latest moment of any frame, where the clocks can be compared."""
    moments = [frame.at for frame in evidence.frames() if frame.at is not None]
    return moment.span(moments) if len({at.clock for at in moments}) == 1 else None


def unmapped(evidence: Evidence) -> list[Fact]:
    """Return the counters that no map explains, each with its latest number."""
    return list({fact.place: fact for fact in evidence.facts("nic.unmapped")}.values())


def _root(root: Root, evidence: Evidence) -> dict[str, object]:
    times = span(evidence)
    return {
        "name": root.name,
        "kind": root.kind,
        "path": root.path,
        "from": str(times[0]) if times else None,
        "until": str(times[1]) if times else None,
    }


def _exhibit(exhibit: Exhibit) -> dict[str, object]:
    origin = exhibit.origin
    return {
        "text": exhibit.text,
        "file": origin.file if origin else None,
        "line": (origin.line or None) if origin else None,
        "raw": (origin.raw or None) if origin else None,
        "value": exhibit.value,
        "at": exhibit.at,
    }


def _verdict(machine: Machine, verdict: Verdict) -> dict[str, object]:
    return {
        "root": machine.name,
        "owner": verdict.owner,
        "stage": verdict.stage,
        "place": verdict.place,
        "confidence": verdict.confidence,
        "rule": verdict.rule,
        "statement": verdict.statement,
        "because": [_exhibit(exhibit) for exhibit in verdict.because],
        "against": [_exhibit(exhibit) for exhibit in verdict.against],
        "doubts": list(verdict.doubts),
        "do": [asdict(do) for do in verdict.do],
        "collect": [asdict(collect) for collect in verdict.collect],
    }


def _open(machine: Machine, finding: Finding) -> dict[str, object]:
    return {
        "root": machine.name,
        "stage": finding.stage,
        "place": finding.place,
        "rule": finding.rule,
        "statement": finding.statement,
        "because": [_exhibit(exhibit) for exhibit in finding.because],
        "doubts": list(finding.doubts),
        "collect": [asdict(collect) for collect in finding.collect],
    }


def _forecast(machine: Machine, found: Forecast) -> dict[str, object]:
    return {
        "root": machine.name,
        "stage": found.stage,
        "place": found.place,
        "meaning": found.meaning,
        "level": found.level,
        "limit": found.limit,
        "unit": found.unit,
        "per_second": found.per_second,
        "overflow_seconds": found.seconds,
        "overflow_seconds_low": found.seconds_low,
        "overflow_seconds_high": found.seconds_high,
        "source": str(found.reading.origin),
    }


def _unread(line: Unread) -> dict[str, object]:
    return {"file": line.origin.file, "line": line.origin.line, "text": line.origin.raw, "why": line.why}
