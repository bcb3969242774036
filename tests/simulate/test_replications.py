from functools import partial
from math import sqrt

import pytest

from brimful.simulate.arrivals import Poisson, arrivals
from brimful.simulate.chain import run
from brimful.simulate.replications import interval, spread, student
from brimful.simulate.stages.queue import Queue
from brimful.simulate.stages.service import Service

PACKETS = 5000


def lost(seed: int) -> float:
    """Return the share that a queue loses in one run."""
    queue = Queue("one", 16, Service(mean_ns=1.0), seed=str(seed))
    outcome = run(arrivals(Poisson(1.25), {64: 1.0}, seed=str(seed), most=PACKETS), [queue])
    return outcome.lost / outcome.arrived


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),
    [  # tables of Student's t: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.95, 3, 2.353),
        (0.975, 7, 2.365),
        (0.975, 10, 2.228),
        (0.995, 29, 2.756),
        (0.975, 100, 1.984),
    ],
)
def test_student(probability: float, freedom: int, quantile: float):
    assert student(probability, freedom) == pytest.approx(quantile, abs=0.0006)


def test_interval():
    found = interval([1.0, 2.0, 3.0, 6.0])
    half = 3.18244630528 * sqrt(14 / 3) / 2
    assert found.mean == 3.0
    assert found.low == 0.0
    assert found.high == pytest.approx(3.0 + half)
    assert (found.runs, found.hits, found.hit_high, found.level) == (4, 4, 1.0, 0.95)
    assert not found.rough
    assert interval([11.0, 12.0, 13.0, 16.0]).low == pytest.approx(13.0 - half)


def test_nothing_seen_is_not_nothing():
    found = interval([0.0] * 20)
    assert (found.mean, found.low, found.high, found.hits) == (0.0, 0.0, None, 0)
    # 0.861^20 = 0.05
    assert found.hit_high == pytest.approx(1 - 0.05 ** (1 / 20))
    assert found.rough


def test_few_hits_are_rough():
    found = interval([0.0] * 18 + [1.0, 2.0])
    assert (found.hits, found.rough) == (2, True)
    # Clopper and Pearson: 2 of 20, 95 %
    assert found.hit_high == pytest.approx(0.31698, abs=1e-5)


def test_one_run_says_nothing():
    with pytest.raises(ValueError, match="one run says nothing about the next"):
        interval([0.5])


def test_intervals_hold_though_losses_cluster():
    shares = [lost(seed) for seed in range(1600)]
    true = sum(shares) / len(shares)
    groups = [shares[first : first + 8] for first in range(0, len(shares), 8)]
    found = [one for one in map(interval, groups) if not one.rough]
    assert len(found) > 190
    assert 0.92 < sum(one.low <= true <= (one.high or 1.0) for one in found) / len(found) < 0.99
    # as if packets were lost independently of each other: 1.96 standard errors of a share
    means = [sum(group) / 8 for group in groups]
    naive = [abs(mean - true) < 1.96 * sqrt(mean * (1 - mean) / (8 * PACKETS)) for mean in means]
    assert sum(naive) / len(naive) < 0.6


def test_the_same_over_processes():
    work = [partial(lost, seed) for seed in range(4)]
    told: list[None] = []
    alone = spread(work, done=lambda: told.append(None))
    assert alone == [lost(seed) for seed in range(4)]
    assert len(set(alone)) == 4
    assert len(told) == 4
    assert spread(work, 2, lambda: told.append(None)) == alone
    assert len(told) == 8


def wrong() -> float:
    raise OSError("of no use")


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_run_raises_is_raised(processes: int):
    with pytest.raises(OSError, match="of no use"):
        spread([wrong, wrong], processes)
