import pytest

from brimful.evidence.moment import Moment, seconds_between, spoken


def test_text_is_rfc_3339_in_utc():
    assert str(Moment(1698160906_000_000_000)) == "2023-10-24T15:21:46Z"
    assert str(Moment(1698160906_205_000_000)) == "2023-10-24T15:21:46.205Z"


def test_relative_moments_are_written_as_seconds():
    assert str(Moment(1_500_000_000, "relative")) == "+1.5s"


def test_monotonic_time_is_preferred_because_it_does_not_step():
    first = Moment(10_000_000_000, "host", monotonic_ns=0)
    stepped = Moment(5_000_000_000, "host", monotonic_ns=2_000_000_000)
    assert seconds_between(first, stepped) == 2.0


def test_a_clock_that_stepped_back_gives_no_seconds():
    assert seconds_between(Moment(2), Moment(1)) is None


def test_different_clocks_are_not_compared():
    assert seconds_between(Moment(0, "relative"), Moment(10**9, "utc")) is None


def test_an_unknown_end_gives_no_seconds():
    assert seconds_between(None, Moment(1)) is None
    assert seconds_between(Moment(1), None) is None


def test_seconds_are_the_difference():
    assert seconds_between(Moment(1_000_000_000), Moment(3_500_000_000)) == 2.5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (119 * 60 + 59, "119 min"),
        (120 * 60, "2 h"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 days"),
        (22.96 * 86400, "22 days"),
    ],
)
def test_lengths_are_spoken_and_rounded_down(seconds, text):
    assert spoken(seconds) == text
