import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.simulate.pauses import NEVER, Pauses, drawn, every, run


def done(pauses: Pauses, time: float, work: float, at: int = 0) -> tuple[float, int]:
    return run(time, work, *pauses.columns(), pauses.every_ns, at)


@pytest.mark.parametrize(
    ("time", "work", "expected"),
    [
        (0.0, 100.0, (100.0, 0)),  # before the first
        (0.0, 101.0, (151.0, 1)),  # into it: goes on after it
        (120.0, 10.0, (160.0, 1)),  # begins in it
        (120.0, 0.0, (150.0, 1)),  # no work waits for its end
        (150.0, 10.0, (160.0, 1)),  # begins when it ends
        (100.0, 0.0, (150.0, 1)),  # begins when it begins
        (90.0, 1_000.0, (1_190.0, 2)),  # over both
        (500.0, 10.0, (510.0, 2)),  # after all
    ],
)
def test_run(time, work, expected):
    assert done(Pauses((100.0, 300.0), (50.0, 50.0)), time, work) == expected


def test_no_pauses():
    assert done(NEVER, 5.0, 7.0) == (12.0, 0)


def test_again_and_again():
    pauses = every(1_000.0, 100.0)
    assert pauses == Pauses((1_000.0,), (100.0,), 1_000.0)
    assert done(pauses, 0.0, 1_000.0) == (1_000.0, 0)
    assert done(pauses, 0.0, 1_001.0) == (1_101.0, 1)
    assert done(pauses, 0.0, 2_800.0) == (3_000.0, 2)
    assert done(pauses, 3_050.0, 10.0) == (3_110.0, 3)
    assert done(pauses, 3_110.0, 10.0, 3) == (3_120.0, 3)


def test_first():
    assert every(1_000.0, 100.0, 0.0).starts == (0.0,)
    assert every(1_000.0, 0.0) == NEVER


@pytest.mark.parametrize(
    "parts",
    [((0.0, 50.0), (60.0, 1.0)), ((0.0,), (11.0,), 10.0), ((50.0, 0.0), (1.0, 1.0))],
)
def test_overlap(parts):
    with pytest.raises(ValueError, match="overlap"):
        Pauses(*parts)


def test_drawn():
    pauses = drawn((100.0, 300.0), 10_000.0, "1")
    assert pauses == drawn((100.0, 300.0), 10_000.0, "1")
    assert pauses != drawn((100.0, 300.0), 10_000.0, "2")
    assert set(pauses.lengths) == {100.0, 300.0}
    assert sum(pauses.lengths) / len(pauses.lengths) == pytest.approx(200.0, rel=0.05)
    assert pauses.every_ns / len(pauses.starts) == pytest.approx(10_200.0, rel=0.05)


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(1, 100)), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=10),
    st.booleans(),
)
def test_work_is_done_outside_pauses(gaps, jobs, repeats):
    """Held against a count of each nanosecond."""
    starts, lengths, time = [], [], 0
    for gap, length in gaps:
        starts.append(float(time + gap))
        lengths.append(float(length))
        time += gap + length
    pauses = Pauses(tuple(starts), tuple(lengths), float(time) if repeats else 0.0)

    def away(at: int) -> bool:
        if repeats:
            at %= time
        return any(start <= at < start + length for start, length in zip(starts, lengths, strict=True))

    now, number, expected = 0.0, 0, 0
    for later, work in jobs:
        expected += later
        left = work
        while left or away(expected):
            left -= not away(expected) if left else 0
            expected += 1
            if not left and work:
                break
        now, number = done(pauses, now + later, float(work), number)
        assert now == expected
