from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.burst import Burst, bursts
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin

ORIGIN = Origin("tc")


def seen(levels, rise=500, fall=250, step=SECOND):
    samples = [(Moment(number * step), level) for number, level in enumerate(levels)]
    return list(
        bursts(samples, meaning="qdisc.queue.length", place="eth0", rise=rise, fall=fall, origin=ORIGIN, limit=1000)
    )


def test_a_burst_begins_and_ends_between_two_looks():
    (one,) = seen([0, 100, 700, 950, 300, 100, 0])
    assert one == Burst(
        "qdisc.queue.length",
        "eth0",
        Moment(2 * SECOND),
        Moment(4 * SECOND),
        950,
        ORIGIN,
        peak_at=Moment(3 * SECOND),
        duration_ns=2 * SECOND,
        longest_ns=4 * SECOND,
        limit=1000,
    )
    assert (one.share, one.seen_once) == (0.95, False)


def test_a_single_look_has_no_duration_but_a_longest_one():
    (one,) = seen([0, 600, 0])
    assert (one.start, one.end, one.duration_ns, one.longest_ns) == (Moment(SECOND), Moment(SECOND), 0, 2 * SECOND)
    assert one.seen_once


def test_between_the_two_levels_a_burst_goes_on_and_none_begins():
    assert [(b.start.ns, b.end.ns, b.peak) for b in seen([0, 499, 0, 500, 250, 499, 249, 499])] == [
        (3 * SECOND, 5 * SECOND, 500)
    ]


def test_what_was_there_before_the_first_look_has_no_start():
    (one,) = seen([700, 600, 0])
    assert (one.start, one.end, one.duration_ns, one.longest_ns) == (None, Moment(SECOND), None, None)
    assert not one.seen_once


def test_what_is_not_over_has_no_end():
    (one,) = seen([0, 700, 600])
    assert (one.start, one.end, one.duration_ns, one.longest_ns) == (Moment(SECOND), None, None, None)


def test_the_steady_clock_decides_how_long():
    samples = [
        (Moment(ns, monotonic_ns=steady), level) for ns, steady, level in ((9, 0, 0), (1, 5, 9), (2, 8, 9), (3, 11, 0))
    ]
    (one,) = bursts(samples, meaning="m", place="p", rise=5, fall=5, origin=ORIGIN)
    assert (one.duration_ns, one.longest_ns, one.share) == (3, 11, None)


def test_no_samples_no_bursts():
    assert seen([]) == []


LEVELS = st.lists(st.integers(0, 1000), max_size=80)


@given(LEVELS, st.integers(1, 1000), st.integers(1, 1000))
def test_each_high_sample_is_in_one_burst_and_no_low_one(levels, one, other):
    rise, fall = max(one, other), min(one, other)
    found = seen(levels, rise, fall)
    spans = [(b.start.ns // SECOND if b.start else 0, b.end.ns // SECOND if b.end else len(levels) - 1) for b in found]
    inside = [number for first, last in spans for number in range(first, last + 1)]
    assert len(inside) == len(set(inside))
    assert all(levels[number] >= fall for number in inside)
    assert {number for number, level in enumerate(levels) if level >= rise} <= set(inside)
    for burst, (first, last) in zip(found, spans, strict=True):
        assert burst.peak == max(levels[first : last + 1]) >= rise
        assert levels[burst.peak_at.ns // SECOND] == burst.peak


@given(LEVELS, st.integers(1, 7), st.integers(1, 1000))
def test_bounds_hold_for_any_true_depths(depths, every, rise):
    """What was at or above the level at a look was over within the longest time, however deep it was between looks."""
    samples = [(Moment(number), depths[number]) for number in range(0, len(depths), every)]
    for burst in bursts(samples, meaning="m", place="p", rise=rise, fall=rise, origin=ORIGIN):
        if burst.longest_ns is None:
            continue
        begin = end = burst.start.ns
        while depths[begin - 1] >= rise:
            begin -= 1
        while depths[end + 1] >= rise:
            end += 1
        assert end + 1 - begin < burst.longest_ns + 1
        assert burst.peak <= max(depths)
        assert burst.duration_ns < burst.longest_ns
