"""What a simulation gave as one JSON object."""

from collections.abc import Sequence
from typing import Any

import msgspec

from brimful import __version__
from brimful.cli.simulate_tables import counters_of
from brimful.simulate.assembly import limits
from brimful.simulate.experiment import Result
from brimful.simulate.levels import Levels
from brimful.simulate.replications import Interval
from brimful.simulate.scenario import Scenario
from brimful.simulate.summary import Loss

SCHEMA = 1


def as_json(scenario: Scenario, results: Sequence[Result], seen: Levels | None) -> str:
    """Return the object: the scenario as it was understood, a result for each point of the sweep, levels over time."""
    found = {
        "brimful": __version__,
        "schema": SCHEMA,
        "scenario": msgspec.to_builtins(scenario),
        "results": [_result(result) for result in results],
        "levels": None if seen is None else {"step_ns": seen.step_ns, "full": seen.levels, "lost": seen.lost},
    }
    return msgspec.json.encode(found).decode()


def _result(result: Result) -> dict[str, Any]:
    found, most = result.summary, limits(result.point.scenario)
    return {
        "set": dict(result.point.set),
        "replications": found.replications,
        "arrived": found.arrived,
        "lost_share": _interval(found.total),
        "losses": [_loss(loss, result.point.scenario.nic.driver) for loss in found.losses],
        "first": [
            {"meaning": one.meaning, "runs": one.runs, "earliest_ns": one.earliest_ns, "latest_ns": one.latest_ns}
            for one in found.firsts
        ],
        "overflow_ns": list(found.overflows_ns),
        "ledger": [msgspec.to_builtins(line) for line in found.ledger],
        "buffers": [
            {
                "stage": one.stage,
                "buffer": one.buffer,
                "highest": one.highest,
                "limit": most.get(one.buffer),
                "seen": list(one.seen),
            }
            for one in found.fills
        ],
    }


def _loss(loss: Loss, driver: str) -> dict[str, Any]:
    return {
        "stage": loss.stage,
        "meaning": loss.meaning,
        "near_miss": loss.near,
        "packets": _interval(loss.packets),
        "share": _interval(loss.share),
        "runs": loss.runs,
        "first_ns": list(loss.first_ns),
        "counters": counters_of(loss, driver),
    }


def _interval(interval: Interval) -> dict[str, float | bool | None]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high, "rough": interval.rough}
