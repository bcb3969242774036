import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.histograms import BEGIN, LOWS, counted, histogram

from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND
from brimful.monitor.heatmap import MOST_ROWS, Axis, axis, grid
from brimful.monitor.view import view


def one(*histograms):
    (queue,) = view(Evidence(histograms)).queues
    return queue


def test_a_column_for_each_reading():
    queue = one(histogram([9, 1, 0, 0]), histogram([8, 0, 1, 1], at=1))
    picture = grid(queue, axis((queue,), 60), 60)
    assert picture.lows == LOWS
    assert picture.cells == ((0.9, 0.1, 0.0, 0.0), (0.8, 0.0, 0.1, 0.1))
    assert (picture.begin_ns, picture.end_ns) == (BEGIN, BEGIN + 2 * SECOND)
    assert picture.deepest() == [960, 4032]


def test_nobody_looked_is_not_nothing_there():
    queue = one(histogram([1, 0, 0, 0]), histogram([0, 1, 0, 0], at=3))
    picture = grid(queue, axis((queue,), 60), 60)
    assert picture.cells == ((1.0, 0.0, 0.0, 0.0), None, None, (0.0, 1.0, 0.0, 0.0))
    assert picture.deepest() == [0, None, None, 960]


def test_columns_hold_whole_readings():
    queue = one(*(histogram([1, at, 0, 0], at=at) for at in range(7)))
    over = axis((queue,), 5)
    assert (over.columns, over.begin_ns, over.end_ns) == (4, BEGIN, BEGIN + 8 * SECOND)
    assert [cell[1] for cell in grid(queue, over, 5).cells] == [1 / 3, 5 / 7, 9 / 11, 6 / 7]


def test_where_a_time_lies():
    over = Axis(0, 40, 4)
    assert over.touched(10, 20) == [(1, 1.0)]
    assert over.touched(20, 20) == [(1, 1.0)]
    assert over.touched(0, 0) == [(0, 1.0)]
    assert over.touched(5, 25) == [(0, 0.25), (1, 0.5), (2, 0.25)]
    assert over.touched(30, 99) == [(3, 1.0)]


def test_a_long_reading_is_spread_over_its_columns():
    short = [histogram([1, 0, 0, 0], at=at, place="swp2/tc 0") for at in range(4)]
    long = histogram([0, 0, 0, 8])
    long = type(long)(*(getattr(long, name) for name in long.__struct_fields__[:6]), short[3].end, long.origin)
    seen = view(Evidence([*short, long]))
    picture = grid(seen.queues[0], axis(seen.queues, 60), 60)
    assert picture.cells == ((0.0, 0.0, 0.0, 1.0),) * 4


def test_without_times_a_column_is_a_reading():
    queue = one(histogram([1, 0, 0, 0], timed=False), histogram([0, 0, 0, 1], at=1, timed=False))
    assert axis((queue,), 60) is None
    picture = grid(queue, None, 60)
    assert picture.cells == ((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    assert (picture.begin_ns, picture.end_ns) == (None, None)


def test_several_ranges_at_once_are_drawn_as_one():
    fine, coarse = histogram([6, 2, 2], lows=(0, 10, 20)), histogram([9, 1], lows=(0, 1000))
    queue = one(fine, coarse)
    picture = grid(queue, axis((queue,), 60), 60)
    assert picture.lows == (0, 10, 20, 1000)
    assert picture.cells[0] == pytest.approx((0.6, 0.2, 0.1, 0.1), abs=1e-3)


def test_rows_are_bounded():
    lows = tuple(range(0, 1000, 10))
    queue = one(histogram([1] * 100, lows=lows))
    picture = grid(queue, axis((queue,), 60), 60)
    assert (len(picture.lows), picture.lows[0], picture.lows[-1]) == (MOST_ROWS, 0, 990)
    assert sum(picture.cells[0]) == pytest.approx(1.0)


@given(
    st.dictionaries(
        st.integers(0, 100), st.lists(st.integers(0, 9000), min_size=1, max_size=9), min_size=1, max_size=9
    ),
    st.integers(1, 40),
)
def test_every_reading_is_drawn_and_shares_are_shares(windows, most):
    queue = one(*(histogram(counted(series, LOWS), at=at) for at, series in windows.items()))
    over = axis((queue,), most)
    picture = grid(queue, over, most)
    assert 1 <= len(picture.cells) <= most
    drawn = [cell for cell in picture.cells if cell is not None]
    assert all(sum(cell) == pytest.approx(1.0) and all(0.0 <= share <= 1.0 for share in cell) for cell in drawn)
    assert max(low for low in picture.deepest() if low is not None) == queue.deepest
    width = (over.end_ns - over.begin_ns) / over.columns
    for at in windows:
        assert picture.cells[int((BEGIN + at * SECOND + SECOND // 2 - over.begin_ns) / width)] is not None
