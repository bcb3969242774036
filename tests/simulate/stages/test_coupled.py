from itertools import accumulate
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulate.oracles import tandem, z_score

from brimful.simulate.arrivals import Poisson, arrivals, blocks
from brimful.simulate.chain import run
from brimful.simulate.stages.coupled import Coupled
from brimful.simulate.stages.service import Service

RATES = (0.95, 1.0, 1.05)


def test_a_served_packet_waits_for_the_next_server_in_its_place():
    pair = Coupled("pair", (2, 1), (Service(fixed_ns=1.0), Service(fixed_ns=10.0)))
    (block,) = blocks([0.0, 1.0, 2.0, 3.0, 12.0], [64] * 5)
    left = list(pair.advance(block).times)
    account = pair.account()
    # the second packet is done at 2 and waits until 11, the third waits for its place until 11 and then until 21
    assert [*left, *pair.finish().times] == [11.0, 21.0, 31.0, 41.0]
    assert account.lost == {"queue.full": 1}
    assert account.first_lost_ns == {"queue.full": 3.0}
    assert account.near == {"queue.waited": 3}
    assert account.level == {"pair.first": 2, "pair.second": 1}
    assert account.highest == {"pair.first": 2, "pair.second": 1}
    assert account.seen == {"pair.first": [2, 2, 1], "pair.second": [1, 4]}
    assert (account.arrived, account.delivered, account.inside) == (5, 1, 3)


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 4), st.integers(1, 4), st.integers(1, 30))
def test_any_arrivals_at_coupled_servers(gaps: list[int], first: int, second: int, cut: int):
    times = [float(time) for time in accumulate(gaps)]
    pair = Coupled("pair", (first, second), (Service(fixed_ns=5.0), Service(fixed_ns=9.0)))
    left: list[float] = []
    for start in range(0, len(times), cut):
        for block in blocks(times[start : start + cut], [64] * len(times[start : start + cut])):
            left += list(pair.advance(block).times)
    left += list(pair.finish().times)
    moves: list[float] = []
    leaves: list[float] = []
    for time in times:
        if sum(move > time for move in moves) >= first:
            continue
        done = max(time, moves[-1] if moves else 0.0) + 5.0
        moves.append(max(done, leaves[-second] if len(leaves) >= second else -inf))
        leaves.append(max(moves[-1], leaves[-1] if leaves else 0.0) + 9.0)
    assert left == leaves
    assert pair.account().lost.get("queue.full", 0) == len(times) - len(leaves)


def test_coupled_servers_lose_as_their_markov_chain_does():
    lost = []
    for seed in map(str, range(12)):
        pair = Coupled("pair", (16, 16), (Service(mean_ns=1 / RATES[1]), Service(mean_ns=1 / RATES[2])), seed=seed)
        outcome = run(arrivals(Poisson(1 / RATES[0]), {64: 1.0}, seed=seed, most=400_000), [pair])
        lost.append(outcome.lost / outcome.arrived)
    exact = tandem(RATES, (16, 16), blocking=True)[0]
    assert exact == pytest.approx(0.0435161, abs=1e-7)
    # with seeds that are given, the test always comes out the same
    assert abs(z_score(lost, exact)) < 3.5
