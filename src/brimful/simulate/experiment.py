"""Runs a scenario: each point of its sweep, each replication with a seed of its own, spread over processes."""

import os
from collections.abc import Callable
from functools import partial

import msgspec

from brimful.simulate.assembly import blocks, stages, stolen
from brimful.simulate.chain import run
from brimful.simulate.levels import STEPS, Levels, watch
from brimful.simulate.replications import spread
from brimful.simulate.scenario import Scenario
from brimful.simulate.scenario_file import Point, point, points
from brimful.simulate.stage import Account
from brimful.simulate.summary import Replication, Summary, summary

WORTH = 2_000_000
"""Packets that are worth the start of further processes."""


class Result(msgspec.Struct, frozen=True):
    """What came of one point of the sweep."""

    point: Point
    summary: Summary


def experiment(scenario: Scenario, tick: Callable[[], None] = lambda: None, processes: int = 0) -> list[Result]:
    """Return what came of each point, in order. `tick` is called when a replication is done; 0 processes: one a CPU."""
    chosen = [point(scenario, number) for number in range(points(scenario))]
    each = scenario.run.replications
    work = [partial(once, one.scenario, str(scenario.run.seed + number)) for one in chosen for number in range(each)]
    packets = each * sum(scenario.run.seconds * 1e9 / one.scenario.traffic.gap_ns() for one in chosen)
    processes = processes or (len(os.sched_getaffinity(0)) if packets > WORTH else 1)
    runs = spread(work, processes, tick)
    return [Result(one, summary(runs[at * each : (at + 1) * each])) for at, one in enumerate(chosen)]


def levels(scenario: Scenario) -> Levels:
    """Return how full the buffers were over time in the first replication."""
    seed = str(scenario.run.seed)
    return watch(blocks(scenario, seed), stages(scenario, seed), scenario.run.seconds * 1e9 / STEPS)


def once(scenario: Scenario, seed: str) -> Replication:
    """Return what each stage did in one run."""
    outcome = run(blocks(scenario, seed), stages(scenario, seed))
    return Replication(tuple(outcome.accounts.items()), _overflow(scenario, seed, tuple(outcome.accounts.values())))


def _overflow(scenario: Scenario, seed: str, accounts: tuple[Account, ...]) -> float | None:
    """Return the time from when the CPU was last taken away to the first loss."""
    times = [at for account in accounts for name, at in account.first_lost_ns.items() if name in account.lost]
    pauses = stolen(scenario, seed)
    if not times or not pauses.starts or min(times) < pauses.starts[0]:
        return None
    return (min(times) - pauses.starts[0]) % pauses.every_ns
