from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.histograms import counted, histogram

from brimful.monitor.dwell import Level, Window, levels

DEPTHS = st.lists(st.integers(0, 5000), min_size=1, max_size=30)
LOWS = st.sets(st.integers(1, 5000), min_size=1, max_size=6).map(lambda found: (0, *sorted(found)))


def test_windows_of_one_range_add_up_to_exact_times():
    windows = [Window((histogram([90, 5, 3, 2]),)), Window((histogram([96, 4, 0, 0], at=1),))]
    assert levels(windows) == (
        Level(0, 200 * 1024, 200 * 1024),
        Level(960, 14 * 1024, 14 * 1024),
        Level(2496, 5 * 1024, 5 * 1024),
        Level(4032, 2 * 1024, 2 * 1024),
    )


def test_ranges_that_change_from_one_window_to_the_next_add_up_as_bounds():
    """They are of different times: neither says anything of the other's, so that bounds are never the tighter of both."""
    windows = [
        Window((histogram([90, 10], lows=(0, 1000), sample_ns=1),)),
        Window((histogram([50, 50], lows=(0, 3000), sample_ns=1, at=1),)),
    ]
    assert levels(windows) == (Level(0, 200, 200), Level(1000, 60, 110), Level(3000, 50, 60))


def test_two_ranges_of_one_time_are_stitched():
    fine = histogram([90, 6, 4], lows=(0, 100, 200), sample_ns=10)
    coarse = histogram([95, 4, 1], lows=(0, 150, 1000), sample_ns=10)
    assert levels([Window((fine, coarse))]) == (
        Level(0, 1000, 1000),
        Level(100, 100, 100),
        Level(150, 50, 50),
        Level(200, 40, 40),
        Level(1000, 10, 10),
    )


def test_bounds_between_two_nanoseconds_are_rounded_outwards():
    """A third of 10 ns; where the two contradict each other, 2/3 and at most a half, all that either allows."""
    fine = histogram([1, 1, 1], lows=(0, 40, 60), sample_ns=1)
    coarse = histogram([5, 5], lows=(0, 30), sample_ns=1)
    curve = levels([Window((fine, coarse))])
    assert curve[2:] == (Level(40, 0, 7), Level(60, 3, 4))


def test_sampling_times_may_change():
    windows = [
        Window((histogram([1, 1, 0, 0], sample_ns=10),)),
        Window((histogram([1, 1, 0, 0], sample_ns=1000, at=1),)),
    ]
    assert levels(windows)[1] == Level(960, 1010, 1010)


def test_packets_stay_packets():
    assert levels([Window((histogram([7, 1, 0, 0], sample_ns=0),))])[1] == Level(960, 1, 1)


def test_nothing_counted():
    assert levels([Window((histogram([0, 0, 0, 0]),))]) == ()


@given(st.lists(st.tuples(DEPTHS, st.lists(LOWS, min_size=1, max_size=3, unique=True)), min_size=1, max_size=5))
def test_the_truth_lies_within_the_bounds(windows):
    """Of any depths, counted in any ranges, several at once and changing over time."""
    found = [
        Window(tuple(histogram(counted(series, lows), lows=lows, sample_ns=1, at=at) for lows in ranges))
        for at, (series, ranges) in enumerate(windows)
    ]
    depths = [depth for series, _ in windows for depth in series]
    curve = levels(found)
    assert curve[0] == Level(0, len(depths), len(depths))
    for level in curve:
        assert level.least <= sum(depth >= level.depth for depth in depths) <= level.most
    assert all(one.least >= other.least and one.most >= other.most for one, other in pairwise(curve))
