from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.histogram import Bounds, Dwell, Histogram, asic_lows, merged, stitched
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin

DOCUMENTED = {"0:959": 976562, "960:2495": 1000, "2496:4031": 400, "4032:5567": 100, "5568:7103": 0,
              "7104:8639": 0, "8640:10175": 0, "10176:11711": 0, "11712:13247": 0, "13248:*": 3}  # fmt: skip
COUNTS = tuple(DOCUMENTED.values())
LOWS = (0, 960, 2496, 4032, 5568, 7104, 8640, 10176, 11712, 13248)


def histogram(lows=LOWS, counts=COUNTS, sample_ns=1024, end=None):
    return Histogram("switch.queue.depth", "swp1/tc 0", lows, counts, sample_ns, None, end, Origin("x"))


@pytest.mark.parametrize(
    ("minimum", "size", "cell", "lows"),
    [
        pytest.param(960, 12288, 96, LOWS, id="the documented table on Spectrum-1"),
        pytest.param(960, 12288, 192, LOWS, id="the same on Spectrum-4: 960 is five of its cells"),
        pytest.param(
            960, 12288, 144, (0, 864, 2304, 3744, 5184, 6624, 8064, 9504, 10944, 12384), id="Spectrum-2 rounds down"
        ),
        pytest.param(1024, 1024, 96, (0, 960, 1056, 1152, 1248, 1344, 1440, 1536, 1632, 1728), id="the sample file"),
        # the documentation of telemetry export prints the last values 863, 295775 and 863, 1180511
        pytest.param(960, 2048 * 144 * 8, 144, (0, 864, *(864 + n * 294912 for n in range(1, 9))), id="2048 cells"),
        pytest.param(960, 8192 * 144 * 8, 144, (0, 864, *(864 + n * 1179648 for n in range(1, 9))), id="8192 cells"),
    ],
)
def test_documented_ranges(minimum, size, cell, lows):
    assert asic_lows(minimum, size, cell) == lows


@pytest.mark.parametrize("cell", [144, 192])
def test_ranges_of_the_sample_file_have_no_width_on_later_asics(cell):
    with pytest.raises(ValueError, match=f"a size of 1024 bytes is less than 8 cells of {cell} bytes"):
        asic_lows(1024, 1024, cell)


@given(st.integers(192, 1 << 32), st.integers(8 * 192, 1 << 32), st.sampled_from([96, 144, 192]))
def test_ranges_are_whole_cells_and_never_wider_than_asked_for(minimum, size, cell):
    lows = asic_lows(minimum, size, cell)
    assert len(lows) == 10
    assert lows[0] == 0
    assert all(low % cell == 0 for low in lows)
    assert 0 <= minimum - lows[1] < cell
    widths = {later - sooner for sooner, later in pairwise(lows[1:])}
    assert len(widths) == 1
    assert 0 <= size - 8 * widths.pop() < 8 * cell


def test_labels_are_those_of_snapshot_files():
    assert histogram().labels() == tuple(DOCUMENTED)
    assert histogram().highs() == (959, 2495, 4031, 5567, 7103, 8639, 10175, 11711, 13247, None)


def test_the_window_comes_from_the_counts():
    assert (histogram().total, histogram().window_ns) == (978065, 978065 * 1024)
    assert histogram(sample_ns=0).window_ns == 0


def test_the_deepest_range_that_holds_anything():
    assert histogram().deepest() == 13248
    assert histogram(counts=(7, 0, 2, 0, 0, 0, 0, 0, 0, 0)).deepest() == 2496
    assert histogram(counts=(0,) * 10).deepest() is None


@pytest.mark.parametrize(
    ("depth", "least", "most"),
    [
        (0, 978065, 978065),
        (1, 1503, 978065),  # somewhere in the first range
        (959, 1503, 978065),
        (960, 1503, 1503),  # a bound is exact
        (961, 503, 1503),
        (13247, 3, 3),
        (13248, 3, 3),
        (13249, 0, 3),  # the last range is open
        (1 << 60, 0, 3),
        (-1, 978065, 978065),
    ],
)
def test_time_above_a_depth_has_hard_bounds(depth, least, most):
    assert histogram().at_least(depth) == Bounds(least, most)


DEPTHS = st.lists(st.integers(0, 20_000), min_size=1, max_size=200)
RANGES = st.lists(st.integers(1, 20_000), min_size=1, max_size=12, unique=True).map(lambda some: (0, *sorted(some)))


def counted(depths, lows):
    counts = [0] * len(lows)
    one = histogram(lows, tuple(counts))
    for depth in depths:
        counts[one.bin_of(depth)] += 1
    return msgspec.structs.replace(one, counts=tuple(counts))


@given(DEPTHS, RANGES, st.integers(0, 25_000))
def test_bounds_hold_for_any_depths_and_nothing_gets_lost(depths, lows, level):
    one = counted(depths, lows)
    truth = sum(depth >= level for depth in depths)
    bounds = one.at_least(level)
    assert bounds.least <= truth <= bounds.most <= one.total == len(depths)
    assert one.deepest() <= max(depths)
    if level in lows:
        assert bounds.least == bounds.most


@given(DEPTHS, st.lists(RANGES, min_size=1, max_size=4), st.integers(0, 25_000))
def test_ranges_of_one_window_are_stitched_within_hard_bounds(depths, ranges, level):
    found = [counted(depths, lows) for lows in ranges]
    truth = sum(depth >= level for depth in depths) / len(depths)
    curve = stitched(found, level)
    assert curve.depth == level
    assert curve.least <= truth <= curve.most
    for one in found:
        assert curve.most - curve.least <= (one.at_least(level).most - one.at_least(level).least) / one.total + 1e-12


def test_the_finer_of_two_ranges_decides():
    coarse, fine = histogram((0, 1000), (90, 10)), histogram((0, 100, 200), (80, 9, 11))
    assert stitched([coarse, fine], 150) == Dwell(150, 0.11, 0.2)
    assert stitched([coarse, fine], 1000) == Dwell(1000, 0.1, 0.1)


def test_windows_that_contradict_each_other_are_bounded_together():
    assert stitched([histogram((0, 100), (90, 10)), histogram((0, 100), (50, 50))], 100) == Dwell(100, 0.1, 0.5)


@given(st.lists(DEPTHS, min_size=1, max_size=4), RANGES)
def test_a_sum_of_histograms_is_the_histogram_of_all(parts, lows):
    whole = counted([depth for part in parts for depth in part], lows)
    assert merged([counted(part, lows) for part in parts]).counts == whole.counts


def test_a_sum_ends_with_its_last():
    first, last = histogram(end=Moment(SECOND)), histogram(end=Moment(2 * SECOND))
    assert merged([first, last]).end == Moment(2 * SECOND)


@pytest.mark.parametrize(
    "other", [histogram((0, 960), (1, 2)), histogram(sample_ns=1), msgspec.structs.replace(histogram(), meaning="x")]
)
def test_histograms_of_different_ranges_are_not_added_up(other):
    with pytest.raises(ValueError, match="different ranges"):
        merged([histogram(), other])
