import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.catching import Resolution, lasting, longest_gap_ns, spoken

US = 1_000


@pytest.mark.parametrize(
    ("depth", "length_ns", "chance"),
    [
        (1000, 10_000, 1.0),
        (1000, 20_000, 1.0),
        (1000, 5_000, 0.5),
        (1000, 0, 0.0),
        (999, 20_000, 0.0),  # too shallow to be told from none
        (5000, 1_000, 0.1),
    ],
)
def test_chance_to_see_a_burst(depth, length_ns, chance):
    assert Resolution(10_000, 1000).chance(depth, length_ns) == chance


def test_where_nothing_escapes_every_burst_is_seen():
    assert Resolution(0).chance(1, 0) == 1.0


def test_how_long_a_burst_has_to_last():
    assert Resolution(10_000).length_ns(0.5) == 5_000
    assert Resolution(10_000).chance(1, Resolution(10_000).length_ns(0.25)) == 0.25


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_chance_and_length_are_inverse(step_ns, chance):
    resolution = Resolution(step_ns)
    assert resolution.chance(1, resolution.length_ns(chance)) == pytest.approx(chance, abs=1 / step_ns)


def test_the_chance_is_what_a_steady_look_sees():
    """Bursts at any time, looks at a steady step: as many are seen as was said, within four standard deviations."""
    random_ = random.Random(4)  # noqa: S311 - the same each time
    step, length, tries = 1000, 300, 20_000
    seen = 0
    for _ in range(tries):
        start = random_.uniform(0, 50 * step)
        first = -(-start // step) * step
        seen += first < start + length
    chance = Resolution(step).chance(1, length)
    assert abs(seen - tries * chance) < 4 * (tries * chance * (1 - chance)) ** 0.5


def test_the_longest_time_nobody_looked():
    assert longest_gap_ns([50, 0, 10, 20]) == 30
    assert longest_gap_ns([7]) == 0
    assert longest_gap_ns([]) == 0


@pytest.mark.parametrize(
    ("resolution", "text"),
    [
        (
            Resolution(1024, 960),
            "a burst of 960 bytes or more is seen for certain when it lasts 1.02 us, half of those of 512 ns, one in ten of those of 102 ns",
        ),
        (
            Resolution(10_000_000_000),
            "a burst is seen for certain when it lasts 10 s, half of those of 5 s, one in ten of those of 1 s",
        ),
        (Resolution(0, 1), "every change was seen; nothing escaped"),
        (Resolution(0, 96_000), "every change was seen; nothing of 96,000 bytes or more escaped"),
    ],
)
def test_what_may_have_been_missed(resolution, text):
    assert spoken(resolution, "bytes") == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1 * US, "1 us"),
        (206_460, "206 us"),
        (1_470_000, "1.47 ms"),
        (999_999_999, "1 s"),
        (6_200_300_000, "6.2 s"),
        (7_200_000_000_000, "7,200 s"),
    ],
)
def test_times_have_three_digits(ns, text):
    assert lasting(ns) == text
