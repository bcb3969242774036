from collections import Counter
from itertools import islice, pairwise
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.simulate.arrivals import BLOCK, Bursts, Constant, Incast, Mix, Pattern, Poisson, arrivals, blocks, on_wire
from brimful.simulate.stage import Block

ONE = {64: 1.0}


def taken(pattern: Pattern, packets: int, seed: str = "1") -> list[float]:
    return [float(time) for block in arrivals(pattern, ONE, seed=seed, most=packets) for time in block.times]


def test_constant():
    assert taken(Constant(672.0), 4) == [0.0, 672.0, 1344.0, 2016.0]
    # a product each, not a sum of roundings
    assert taken(Constant(0.1), 25_001)[-1] == 25_000 * 0.1


def test_poisson():
    times = taken(Poisson(100.0), 100_000)
    gaps = [after - before for before, after in pairwise(times)]
    assert sum(gaps) / len(gaps) == pytest.approx(100.0, abs=1.5)
    assert sqrt(sum((gap - 100.0) ** 2 for gap in gaps) / len(gaps)) == pytest.approx(100.0, abs=2.0)


def test_fixed_bursts():
    times = taken(Bursts(3, 10.0, 100.0, random=False), BLOCK + 5)
    assert times[:7] == [110.0, 120.0, 130.0, 240.0, 250.0, 260.0, 370.0]
    # a burst goes on into the next block
    assert Counter(after - before for before, after in pairwise(times)) == {10.0: 6670, 110.0: 3334}


def test_random_bursts():
    times = taken(Bursts(20, 10.0, 1000.0), 200_000)
    gaps = [after - before for before, after in pairwise(times)]
    bursts = [gap for gap in gaps if gap > 10.0 + 1e-6]
    assert min(gaps) == pytest.approx(10.0)
    assert len(gaps) / len(bursts) == pytest.approx(20.0, abs=0.6)
    assert sum(bursts) / len(bursts) == pytest.approx(1010.0, abs=30.0)


def test_incast():
    assert taken(Incast(senders=2, packets=2, every_ns=100.0, gap_ns=10.0), 7) == [0, 0, 10, 10, 100, 100, 110]


def test_incast_with_jitter():
    times = taken(Incast(senders=50, packets=10, every_ns=1000.0, gap_ns=10.0, jitter_ns=500.0), 1000)
    assert times == sorted(times)
    assert all(0 <= time < 600 for time in times[:500])
    assert all(1000 <= time < 1600 for time in times[500:])
    assert times[499] > 400


def test_rounds_of_an_incast_do_not_overlap():
    with pytest.raises(ValueError, match="10 packets of 10 ns do not end within 100 ns"):
        Incast(senders=1, packets=10, every_ns=100.0, gap_ns=10.0, jitter_ns=1.0)


def test_until():
    found = list(arrivals(Constant(10.0), ONE, until_ns=40.0))
    assert [list(block.times) for block in found] == [[0.0, 10.0, 20.0, 30.0]]
    assert sum(len(block.times) for block in arrivals(Constant(10.0), ONE, until_ns=250_000.0)) == 25_000
    assert [len(block.times) for block in arrivals(Constant(10.0), ONE, until_ns=1e9, most=BLOCK)] == [BLOCK]
    assert list(arrivals(Constant(10.0), ONE, most=0)) == []


def test_an_end_is_needed():
    with pytest.raises(ValueError, match="arrivals without end"):
        next(arrivals(Constant(10.0), ONE))


def test_mix():
    drawn = Counter(int(size) for size in Mix({64: 7.0, 594: 4.0, 1518: 1.0}, "3").draw(120_000))
    assert set(drawn) == {64, 594, 1518}
    assert drawn[64] == pytest.approx(70_000, abs=700)
    assert drawn[594] == pytest.approx(40_000, abs=700)
    assert drawn[1518] == pytest.approx(10_000, abs=400)


def test_lengths_follow_the_packet_and_not_the_end():
    first = next(arrivals(Constant(1.0), {64: 1.0, 128: 1.0}, seed="9", most=100))
    longer = next(arrivals(Constant(1.0), {64: 1.0, 128: 1.0}, seed="9", most=200))
    assert list(first.sizes) == list(longer.sizes)[:100]


@pytest.mark.parametrize("shares", [{}, {64: 0.0}, {64: -1.0, 65: 2.0}])
def test_no_mix(shares: dict[int, float]):
    with pytest.raises(ValueError, match="are no shares of packets by length"):
        Mix(shares)


def test_a_link_brings_one_frame_after_the_other():
    (block,) = on_wire(blocks([0.0, 0.0, 5000.0], [64, 1518, 64]), 1e9)
    assert list(block.times) == [672.0, 12976.0, 13648.0]
    assert list(block.sizes) == [64, 1518, 64]


@given(st.lists(st.tuples(st.floats(0, 1e12), st.integers(64, 1518)), max_size=30), st.integers(1, 40))
def test_a_link_keeps_order_and_distance(packets: list[tuple[float, int]], cut: int):
    times, sizes = sorted(time for time, _ in packets), [size for _, size in packets]
    parts = [
        block
        for first in range(0, len(times), cut)
        for block in blocks(times[first : first + cut], sizes[first : first + cut])
    ]
    carried = [float(time) for block in on_wire(parts, 8e9) for time in block.times]
    assert all(after > before for before, after in zip(times, carried, strict=True))
    for index, (before, after) in enumerate(pairwise(carried), 1):
        assert after == max(before, times[index]) + (sizes[index] + 20)


def test_blocks_of_what_is_known():
    made = list(blocks([float(time) for time in range(BLOCK + 1)], [64] * (BLOCK + 1)))
    assert [len(block.times) for block in made] == [BLOCK, 1]
    assert made[1].times[0] == BLOCK


def test_seeds():
    assert taken(Poisson(1.0), 5, "1") == taken(Poisson(1.0), 5, "1") != taken(Poisson(1.0), 5, "2")
    assert isinstance(next(islice(arrivals(Poisson(1.0), ONE, most=5), 1)), Block)
