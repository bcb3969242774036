import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.delta import Reading, Step, step
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series


def reading(values, *, width=64, refresh_ns=0, gap_s=1, boots=None, meaning="nic.ring.no_buffer"):
    series = Series(meaning, "eth0", "rx_dropped", "test", width, refresh_ns)
    frames = []
    for number, value in enumerate(values):
        at = None if gap_s is None else Moment(number * gap_s * SECOND)
        sheet = Sheet(lambda line: Origin("file", line, f"line {line}"), at, boots[number] if boots else "")
        sheet.add(series, value, 10 + number)
        frames.append((sheet.frame(), 0))
    return Reading(series, frames)


@pytest.mark.parametrize(
    ("old", "new", "width", "same_boot", "advanced", "kind"),
    [
        (5, 9, 64, True, 4, Step.ADVANCED),
        (5, 5, 64, True, 0, Step.ADVANCED),
        (4294967290, 10, 32, True, 16, Step.ADVANCED),
        (65530, 4, 16, True, 10, Step.ADVANCED),
        (4294967290, 10, 64, True, 10, Step.RESET),
        (1000, 10, 32, True, 10, Step.RESET),
        (40000, 20000, 16, True, 20000, Step.RESET),
        (5, 9, 64, False, 9, Step.RESET),
        (2**32 + 5, 3, 32, True, 3, Step.RESET),
        (2**32, 3, 32, True, 3, Step.RESET),
        (65535, 32766, 16, True, 32767, Step.ADVANCED),
        (65535, 32767, 16, True, 32767, Step.RESET),
        (1, 0, 1, True, 0, Step.RESET),
        (5, 0, 0, True, 0, Step.RESET),
        (2**64 - 5, 3, 64, True, 3, Step.RESET),
        (1_000_000, 999_999, 64, True, 0, Step.CORRECTED),
        (1_000_000, 500_001, 64, True, 0, Step.CORRECTED),
        (1_000_000, 500_000, 64, True, 500_000, Step.RESET),
    ],
    ids=[
        "advance",
        "still",
        "wrap at 32 bits",
        "wrap at 16 bits",
        "a 64-bit decrease is a reset",
        "a small 32-bit value falling is a reset",
        "more than half the range is a reset",
        "another boot",
        "a value wider than its counter cannot wrap",
        "nor can the first that is too wide",
        "just below half the range",
        "half the range is a reset",
        "a counter of one bit",
        "a level has no width",
        "64 bits do not wrap",
        "a fall by one is a correction",
        "a fall by less than half is a correction",
        "a fall by half is a reset",
    ],
)
def test_step_tells_a_wrap_from_a_reset(old, new, width, same_boot, advanced, kind):
    assert step(old, new, width, same_boot=same_boot) == (advanced, kind)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**31 - 1))
def test_any_32_bit_advance_below_half_the_range_is_recovered(old, by):
    assert step(old, (old + by) % 2**32, 32) == (by, Step.ADVANCED)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.sampled_from([0, 16, 32, 64]))
def test_an_advance_is_never_negative(old, new, width):
    assert step(old, new, width)[0] >= 0


def test_one_sample_says_nothing_about_now():
    single = reading([7])
    assert (single.delta, single.rising, single.counted) == (None, None, 7)


def test_a_counter_at_zero_has_never_moved():
    assert reading([0]).rising is False


def test_samples_give_a_rate():
    moved = reading([10, 14, 30], gap_s=2)
    assert (moved.delta, moved.seconds, moved.rising) == (20, 4.0, True)
    assert (moved.first, moved.last, moved.highest, moved.samples) == (10, 30, 30, 3)


def test_the_highest_level_may_lie_in_the_middle():
    assert reading([3, 9, 4]).highest == 9


def test_a_reset_between_samples_is_a_lower_bound():
    cleared = reading([100, 3, 5])
    assert (cleared.delta, cleared.reset) == (5, True)


def test_boots_are_never_subtracted():
    rebooted = reading([100, 150], boots=["a", "b"])
    assert (rebooted.delta, rebooted.reset) == (150, True)


def test_a_counter_that_stands_still_within_its_refresh_period_proves_nothing():
    assert reading([5, 5], refresh_ns=2 * SECOND).rising is None
    assert reading([5, 5], refresh_ns=SECOND).rising is False
    assert reading([5, 5], refresh_ns=2 * SECOND, gap_s=3).rising is False


def test_unknown_times_leave_the_advance_and_drop_the_rate():
    timeless = reading([1, 4], gap_s=None)
    assert (timeless.delta, timeless.seconds) == (3, None)


def test_the_exhibit_points_at_the_latest_line():
    exhibit = reading([1, 4]).exhibit("text")
    assert (exhibit.text, exhibit.origin, exhibit.value) == ("text", Origin("file", 11, "line 11"), 3)
    assert exhibit.at == "1970-01-01T00:00:01Z"


def test_a_counter_that_was_reset_is_doubted_beside_what_its_series_doubts():
    assert reading([1, 4]).exhibit("text").doubt == ""
    assert reading([4, 1]).exhibit("text").doubt == (
        "rx_dropped was reset between the samples: at least that much was counted"
    )
    assert not reading([1]).reset
    series = Series("nic.ring.no_buffer", "eth0", "drops", "test", doubt="by name only")
    sheets = [Sheet(lambda line: Origin("f", line)) for _ in range(2)]
    for sheet, value in zip(sheets, (7, 2), strict=True):
        sheet.add(series, value, 1)
    doubt = Reading(series, [(sheet.frame(), 0) for sheet in sheets]).exhibit("text").doubt
    assert doubt.startswith("by name only; drops was reset")


@pytest.mark.parametrize("values", [[70], [10, 70], [90, 70], [900, 1, 70]])
@pytest.mark.parametrize("meaning", ["socket.receive.limit", "fabric.link.data_missed"], ids=["limit", "window"])
def test_the_exhibit_of_a_limit_or_window_has_its_last_value_and_no_doubt_when_it_falls(meaning, values):
    exhibit = reading(values, width=0, meaning=meaning).exhibit("text")
    assert (exhibit.value, exhibit.doubt) == (70, "")


def test_the_exhibit_is_of_the_latest_time():
    assert reading([1, 2, 3]).exhibit("text").at == "1970-01-01T00:00:02Z"
    assert reading([1, 2, 3]).origin.line == 12
    assert reading([1, 2], gap_s=None).exhibit("text").at is None


def test_two_boots_have_no_monotonic_clock_in_common():
    series = Series("nic.ring.no_buffer", "eth0", "drops", "test")
    frames = []
    for boot, seconds, up in (("a", 100, 5000), ("b", 400, 60)):
        sheet = Sheet(lambda line: Origin("f", line), Moment(seconds * SECOND, monotonic_ns=up * SECOND), boot)
        sheet.add(series, 3, 1)
        frames.append((sheet.frame(), 0))
    assert Reading(series, frames).seconds == 300.0


def test_a_counter_that_was_cleared_between_samples_proves_nothing_of_the_time_before():
    assert reading([5000, 0]).rising is None
    assert reading([5000, 3]).rising is True
    assert reading([0, 0]).rising is False


def test_a_correction_is_no_reset_and_says_so():
    corrected = reading([1000, 999, 999])
    assert (corrected.delta, corrected.reset, corrected.rising) == (0, False, None)
    assert "went back a little" in corrected.exhibit("text").doubt
    assert "was reset" not in corrected.exhibit("text").doubt


def test_a_reset_is_remembered_however_far_the_counter_came_since():
    cleared = reading([100, 0, 60])
    assert (cleared.delta, cleared.reset) == (60, True)
    assert "was reset" in cleared.exhibit("text").doubt


def test_a_level_that_falls_is_no_counter_that_was_reset():
    series = Series("qdisc.queue.backlog", "eth0", "backlog", "qdisc", 0)
    frames = []
    for number, value in enumerate([100, 900, 700, 0]):
        sheet = Sheet(lambda line: Origin("file", line), Moment(number * SECOND))
        sheet.add(series, value, 1)
        frames.append((sheet.frame(), 0))
    exhibit = Reading(series, frames).exhibit("text")
    assert (exhibit.doubt, exhibit.value) == ("", 900)
