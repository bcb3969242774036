"""Queues and counters that are looked at again and again: what is seen, and what is missed."""

import math
import time

import pytest
from tests.disciplines import pair, send, sender, tc
from tests.namespaces import in_namespace

from brimful.monitor import looking
from brimful.monitor.group import Group, Range
from brimful.monitor.looking import Counters, Looking
from brimful.monitor.queues import Measured, reader

pytestmark = pytest.mark.kernel

SLOW = "tbf rate 8kbit burst 1200 limit 1000000"
FAST = "tbf rate 1gbit burst 100000 limit 1000000"
DEPTH = "qdisc.queue.backlog"
MILLISECOND = 1_000_000


def by(state, meaning=DEPTH, sample_ns=1):
    """The histograms of one meaning, by place."""
    return {one.place: one for one in state.histograms if (one.meaning, one.sample_ns) == (meaning, sample_ns)}


def test_counters_are_sampled(made):
    def body():
        pair(FAST)
        group = Group("g", "histogram_counter", ("va",), counter_types=("tx-byte", "tx-pkt", "crc"))
        one = made(reader, group)
        time.sleep(0.05)
        with sender() as source:
            send(source, 20)
        time.sleep(0.1)
        return one, one.read()

    one, state = in_namespace(body)
    assert isinstance(one, Counters)
    found = {one.place: one for one in state.histograms}
    assert found.keys() == {"va/tx-byte", "va/tx-pkt", "va/crc"}
    assert {one.meaning for one in found.values()} == {
        f"switch.queue.sampled_{n}" for n in ("bytes", "packets", "errors")
    }
    assert found["va/tx-byte"].sample_ns == 10 * MILLISECOND
    assert 1 <= sum(found["va/tx-byte"].counts[1:]) <= 2  # 20,000 bytes, in one sample or two
    assert found["va/crc"].counts[1:] == (0,) * 9
    assert state.blind == ("samples of 1024 ns were asked for, 10000000 ns is what this host is read at",)


def test_samples_that_were_missed_are_counted_as_equal_ones():
    seen = looking.Seen(0, 0)
    one = Counters.__new__(Counters)
    one._lows, one._last = [(0, 10, 100)], {}  # noqa: SLF001
    for value, samples in ((500, 1), (518, 2), (519, 1), (5, 1), (305, 2)):
        one._count(seen, "va/tx-byte", "switch.queue.sampled_bytes", value, samples)  # noqa: SLF001
    # +18 in two samples, +1, begun anew, +300 in two samples
    assert seen.counts == {("switch.queue.sampled_bytes", "va/tx-byte", (0, 10, 100)): [3, 0, 2]}


def test_looking_misses_bursts_as_often_as_its_resolution_says(made):
    """Bursts that are shorter than the step: each is seen with the chance of its length in steps, within 4 sigma."""
    lows = Group("g", "histogram", ("va",), ranges=(Range(4000, 80_000),))
    step_ns = 20 * MILLISECOND

    def body():
        pair(SLOW)
        exact = made(Measured, lows)
        one = made(Looking, lows, step_ns=step_ns)
        chances, hits, lengths = [], 0, []
        with sender() as source:
            for number in range(120):
                tc(f"qdisc change dev va root {SLOW}")
                time.sleep(0.003 + 0.0137 * (number * 0.618 % 1))  # at no fixed phase of the step
                exact.read(), one.read()
                send(source, 10)
                time.sleep(0.004 + 0.012 * (number % 4) / 4)
                tc(f"qdisc change dev va root {FAST}")
                send(source, 1)  # has it look at its new rate
                time.sleep(0.025)
                length_ns = by(exact.read())["va/tc 0"].at_least(4000).least
                seen = by(one.read(), sample_ns=step_ns)
                hits += bool(seen["va/tc 0"].at_least(4000).least) if seen else 0
                lengths.append(length_ns)
                chances.append(one.resolution)
        return [resolution.chance(4000, length) for resolution, length in zip(chances, lengths, strict=True)], hits

    chances, hits = in_namespace(body)
    expected, variance = sum(chances), sum(chance * (1 - chance) for chance in chances)
    assert 20 < expected < 110
    score = (hits - expected) / math.sqrt(variance)
    print(
        f"{hits} of {len(chances)} bursts were seen, {expected:.1f} +- {math.sqrt(variance):.1f} expected: z {score:.2f}"
    )
    assert abs(score) < 4


def test_a_look_that_fails_does_not_end_the_others():
    looks = []

    def look(seen, _spent_ns):
        looks.append(seen)
        if len(looks) == 1:
            raise OSError("no room")

    beat = looking.Beat(look, MILLISECOND)
    until = time.monotonic() + 5
    while len(looks) < 3 and time.monotonic() < until:
        time.sleep(0.002)
    beat.close()
    assert len(looks) >= 3
    assert "no room" in looks[0].errors
