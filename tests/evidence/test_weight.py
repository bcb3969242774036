import pytest

from brimful.evidence.delta import Reading
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series
from brimful.evidence.weight import one_view, percent, weigh


def reading(*values, source="test", gap_s=1):
    series = Series("nic.ring.no_buffer", "eth0", "rx_dropped", source)
    frames = []
    for number, value in enumerate(values):
        sheet = Sheet(lambda line: Origin("f", line), Moment(number * gap_s * SECOND))
        sheet.add(series, value, 1)
        frames.append((sheet.frame(), 0))
    return Reading(series, frames)


def test_two_samples_weigh_the_advance():
    weight = weigh([reading(100, 105)], [reading(1000, 1095)])
    assert (weight.lost, weight.passed, weight.now, weight.over, weight.flat) == (5, 95, True, False, False)
    assert weight.share == 0.05
    assert str(weight) == "5 (5.00 %) in 1.0 s"


def test_old_losses_that_stand_still_weigh_nothing():
    weight = weigh([reading(10**9, 10**9)], [reading(0, 1000)])
    assert (weight.lost, weight.now, weight.over, weight.flat) == (0, False, False, True)


@pytest.mark.parametrize(
    ("lost", "passed", "over"),
    [(1, 999, True), (1, 1000, False), (9_999, None, False), (10_000, None, True), (0, 0, False), (0, None, False)],
)
def test_one_sample_weighs_a_share_or_a_count(lost, passed, over):
    weight = weigh([reading(lost)], [] if passed is None else [reading(passed)])
    assert (weight.over, weight.now) == (over, False)
    assert "since the counters were cleared" in str(weight)


def test_lifetime_totals_are_never_mixed_into_a_window():
    weight = weigh([reading(5, 7), reading(10**6)], [reading(10**9), reading(0, 10)])
    assert (weight.lost, weight.passed) == (2, 10)


def test_flat_needs_counters():
    assert weigh([]).flat is False
    assert weigh([reading(0)]).flat is True
    assert weigh([reading(3)]).flat is False


def test_the_link_statistics_are_left_out_beside_the_drivers_own():
    own, link = reading(1, 2), reading(1, 2, source="link")
    assert one_view([link, own]) == [own]
    assert one_view([link]) == [link]


def test_of_views_that_repeat_each_other_the_better_one_is_kept():
    queues, link = reading(1, 2, source="nic_queues"), reading(1, 2, source="link")
    assert one_view([link, queues]) == [queues]
    assert one_view([queues, reading(1, 2), link])[0].series.source == "test"
    assert one_view([]) == []


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.5, "50.00 %"),
        (0.000002, "0.0002 %"),
        (1e-9, "under 0.0001 %"),
        (0.005, "0.50 %"),
        (0.0, "0.00 %"),
        (0.0001, "0.01 %"),
        (0.0000011, "0.00011 %"),
        (0.0000999, "0.01 %"),
    ],
)
def test_a_loss_is_never_rounded_away(share, text):
    assert percent(share) == text


def test_a_loss_of_one_is_a_loss():
    assert weigh([reading(0, 1)]).now is True
    assert weigh([reading(0, 0)]).now is False


def test_the_share_is_of_what_was_lost_and_what_passed():
    assert weigh([reading(0, 0)], [reading(0, 0)]).share is None
    assert weigh([reading(0, 3)], [reading(0, 3)]).share == 0.5
    assert weigh([reading(0, 3)]).share is None


def test_the_window_is_the_longest_and_one_that_moved_makes_nothing_flat():
    weight = weigh([reading(0, 1), reading(0, 0, gap_s=5)])
    assert (weight.seconds, weight.flat) == (5.0, False)


@pytest.mark.parametrize(
    ("lost", "passed", "idle"),
    [
        ((0, 999), (0, 1), True),
        ((0, 998), (0, 2), False),
        ((0, 5), (7, 7), True),
        ((0, 0), (7, 7), False),
        ((999,), (0, 0), False),
    ],
    ids=["one in a thousand passed", "two in a thousand", "nothing passed", "nothing lost", "one sample"],
)
def test_a_drain_stands_still_where_next_to_nothing_passed(lost, passed, idle):
    assert weigh([reading(*lost)], [reading(*passed)]).idle is idle


def test_without_a_count_of_what_passed_nothing_stands_still():
    assert weigh([reading(0, 5)]).idle is False
