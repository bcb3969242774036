from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from brimful.simulate.arrivals import blocks
from brimful.simulate.stage import Account
from brimful.simulate.stages.shaper import Shaper


def feed(stage: Shaper, times: list[float], sizes: list[int]) -> list[float]:
    return [time for block in blocks(times, sizes) for time in stage.advance(block).times]


def test_a_burst_leaves_at_once_the_rest_by_the_rate():
    shaper = Shaper(bits_per_s=8e9, burst_bytes=250, limit_bytes=200)  # a byte each nanosecond
    left = feed(shaper, [0.0, 0.0, 0.0, 0.0, 0.0, 1000.0], [104] * 6)
    assert left == [0.0, 0.0, 50.0, 150.0, 1000.0]
    assert shaper.account() == Account(
        arrived=6,
        delivered=5,
        inside=0,
        lost={"qdisc.queue.dropped": 1},
        first_lost_ns={"qdisc.queue.dropped": 0.0},
        level={"qdisc.queue.bytes": 0},
        highest={"qdisc.queue.bytes": 200},
    )


def test_what_is_longer_than_the_bucket_is_lost_and_what_waits_is_inside():
    shaper = Shaper(bits_per_s=8e9, burst_bytes=100, limit_bytes=1000)
    assert feed(shaper, [5.0, 6.0, 7.0], [105, 104, 54]) == [6.0]
    account = shaper.account()
    assert (account.lost, account.inside) == ({"qdisc.queue.dropped": 1}, 1)
    assert account.level == {"qdisc.queue.bytes": 50}
    assert list(shaper.finish().times) == [56.0]


def reference(times: list[int], lengths: list[int], burst: int, limit: int) -> tuple[list[int], int]:
    """Return departures and losses of a bucket that gets a byte each nanosecond, nanosecond by nanosecond."""
    waiting: list[int] = []
    left: list[int] = []
    tokens, lost = burst, 0
    for now in range(times[-1] + sum(lengths) + 1):
        tokens = min(burst, tokens + (now > 0))
        while waiting and waiting[0] <= tokens:
            tokens -= waiting.pop(0)
            left.append(now)
        for time, length in zip(times, lengths, strict=True):
            if time != now:
                continue
            if length > burst or sum(waiting) + length > limit:
                lost += 1
                continue
            waiting.append(length)
            while waiting and waiting[0] <= tokens:
                tokens -= waiting.pop(0)
                left.append(now)
    return left, lost


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), min_size=1, max_size=40),
    st.integers(1, 80),
    st.integers(1, 150),
    st.integers(1, 20),
)
def test_any_arrivals(packets: list[tuple[int, int]], burst: int, limit: int, cut: int):
    times = list(accumulate(gap for gap, _ in packets))
    lengths = [length for _, length in packets]
    shaper = Shaper(bits_per_s=8e9, burst_bytes=burst, limit_bytes=limit)
    left: list[float] = []
    for first in range(0, len(times), cut):
        part = slice(first, first + cut)
        left += feed(shaper, [float(time) for time in times[part]], [length + 4 for length in lengths[part]])
    left += list(shaper.finish().times)
    expected, lost = reference(times, lengths, burst, limit)
    assert left == expected
    account = shaper.account()
    assert sum(account.lost.values()) == lost
    assert account.arrived == len(times) == account.delivered + lost
    assert account.highest["qdisc.queue.bytes"] <= limit


def test_nothing_comes_and_nothing_leaves():
    shaper = Shaper()
    assert feed(shaper, [], []) == list(shaper.finish().times) == []
