from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulate.oracles import md1k, mm1k, tandem, z_score

from brimful.simulate.arrivals import Poisson, arrivals, blocks
from brimful.simulate.chain import Outcome, run
from brimful.simulate.stage import Account, Stage
from brimful.simulate.stages.queue import Queue
from brimful.simulate.stages.service import Service

SEEDS = [str(seed) for seed in range(12)]
PACKETS = 400_000
FURTHEST = 3.5
"""Standard errors: with seeds that are given, a test always comes out the same."""
RATES = (0.95, 1.0, 1.05)


def feed(stage: Stage, times: list[float], sizes: list[int] | None = None) -> tuple[list[float], Account]:
    """Return when packets leave a stage, and its account when all have come."""
    left = [time for block in blocks(times, sizes or [64] * len(times)) for time in stage.advance(block).times]
    account = stage.account()
    return [*left, *stage.finish().times], account


def poisson(rate: float, seed: str, stages: list[Stage]) -> Outcome:
    return run(arrivals(Poisson(1 / rate), {64: 1.0}, seed=seed, most=PACKETS), stages)


def share(account: Account) -> float:
    return account.lost.get("queue.full", 0) / account.arrived


def test_who_finds_it_full_is_lost():
    times, account = feed(Queue("one", 2, Service(fixed_ns=10.0)), [0.0, 1.0, 2.0, 10.0, 11.0, 30.0])
    assert times == [10.0, 20.0, 30.0, 40.0]
    assert account == Account(
        arrived=6,
        delivered=3,
        inside=1,
        lost={"queue.full": 2},
        first_lost_ns={"queue.full": 2.0},
        level={"one": 1},
        highest={"one": 2},
        seen={"one": [2, 2, 2]},
    )


def test_bytes_that_do_not_fit_are_lost():
    queue = Queue("one", 10, Service(fixed_ns=10.0), room_bytes=200, loses="nic.fifo.overrun")
    times, account = feed(queue, [0.0, 1.0, 2.0, 3.0, 10.0, 31.0], [100, 64, 64, 36, 100, 64])
    assert times == [10.0, 20.0, 30.0, 40.0, 50.0]
    assert account.lost == {"nic.fifo.overrun": 1}
    assert account.first_lost_ns == {"nic.fifo.overrun": 2.0}
    assert account.highest == {"one": 3, "one.bytes": 200}
    assert account.level == {"one": 2, "one.bytes": 164}


def reference(
    times: list[float], services: list[float], places: int, sizes: list[int], room: int
) -> tuple[list[float], int]:
    """Return departures and losses, with the rule said for each packet anew: who is still inside, and how large they are."""
    left: list[tuple[float, int]] = []
    lost = 0
    for time, service, size in zip(times, services, sizes, strict=True):
        inside = [held for leaves, held in left if leaves > time]
        if len(inside) >= places or sum(inside) + size > room:
            lost += 1
        else:
            left.append((max(time, left[-1][0] if left else 0.0) + service, size))
    return [leaves for leaves, _ in left], lost


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 100)), max_size=60),
    st.integers(1, 5),
    st.integers(100, 300),
    st.integers(1, 30),
)
def test_any_arrivals(packets: list[tuple[int, int]], places: int, room: int, cut: int):
    times = [float(time) for time in accumulate(gap for gap, _ in packets)]
    sizes = [size for _, size in packets]
    queue = Queue("one", places, Service(fixed_ns=3.0, byte_ns=0.25), room_bytes=room)
    left: list[float] = []
    for first in range(0, len(times), cut):
        for block in blocks(times[first : first + cut], sizes[first : first + cut]):
            left += list(queue.advance(block).times)
            assert max(left, default=0.0) <= block.times[-1]
    left += list(queue.finish().times)
    expected, lost = reference(times, [3.0 + 0.25 * size for size in sizes], places, sizes, room)
    assert left == expected
    account = queue.account()
    assert sum(account.lost.values()) == lost
    assert account.arrived == len(packets) == account.delivered + lost
    assert account.inside == 0
    assert account.highest["one"] <= places
    assert account.highest["one.bytes"] <= room


@pytest.mark.parametrize(("load", "places"), [(0.95, 16), (0.5, 1), (1.2, 8)])
def test_exponential_service_loses_as_mm1k_does(load: float, places: int):
    queues = [Queue("one", places, Service(mean_ns=1.0), seed=seed) for seed in SEEDS]
    lost = [share(poisson(load, seed, [queue]).accounts["one"]) for seed, queue in zip(SEEDS, queues, strict=True)]
    assert abs(z_score(lost, mm1k(load, places))) < FURTHEST


@pytest.mark.parametrize(("load", "places"), [(0.8, 8), (0.95, 16), (0.9, 32), (0.9, 2)])
def test_fixed_service_loses_as_md1k_does(load: float, places: int):
    lost = [share(poisson(load, seed, [Queue("one", places, Service(fixed_ns=1.0))]).accounts["one"]) for seed in SEEDS]
    assert abs(z_score(lost, md1k(load, places))) < FURTHEST


def test_two_stages_lose_as_their_markov_chain_does():
    both = []
    for seed in SEEDS:
        services = Service(mean_ns=1 / RATES[1]), Service(mean_ns=1 / RATES[2])
        queues: list[Stage] = [
            Queue(name, 16, service, seed=seed) for name, service in zip(("one", "two"), services, strict=True)
        ]
        accounts = poisson(RATES[0], seed, queues).accounts
        both.append((share(accounts["one"]), share(accounts["two"])))
    exact = tandem(RATES, (16, 16), blocking=False)
    assert exact == pytest.approx((0.0378194, 0.0127137), abs=1e-7)
    for stage in range(2):
        assert abs(z_score([shares[stage] for shares in both], exact[stage])) < FURTHEST
    # what comes to the second stage is not Poisson: as M/M/1/K it would lose a fifth more
    assert z_score([second for _, second in both], mm1k(RATES[0] * (1 - exact[0]) / RATES[2], 16)) < -FURTHEST
