"""When an action is taken: fixed readings, a made-up clock, literal outcomes."""

import pytest
from tests.monitor.fakes import histogram, number, state

from brimful.monitor.conditions import Watch, coarseness
from brimful.monitor.group import Condition, Level
from brimful.monitor.measure import measures


def watch(statistic="", rise=None, **more):
    level = rise if rise is None or isinstance(rise, Level) else Level(rise)
    return Watch(Condition(statistic, level, **more))


def held(condition, *values, step_s=1.0, **more):
    """Which of these values, one reading each, are told."""
    told = []
    for turn, value in enumerate(values):
        now = 1000 + turn * step_s
        found = condition.look(state(numbers=[number(value, **more)], at_s=now, seconds=step_s), now)
        told.append(found is not None)
    return told


def test_without_a_threshold_it_is_always_taken():
    assert watch().look(state(), 1000).crossings == ()


def test_a_threshold_that_is_a_bound_counts_from_it_on():
    condition = watch("queue_bytes", 960)
    assert condition.look(state(histogram([976562])), 1000) is None
    (one,) = condition.look(state(histogram([976561, 1])), 1001).crossings
    assert (one.place, one.value, one.level, one.remark) == ("swp1/tc 0", 960, 960, "")


def test_a_threshold_inside_a_range_counts_from_the_next_bound_on_and_says_so():
    condition = watch("queue_bytes", 500)
    assert condition.look(state(histogram([976562])), 1000) is None
    (one,) = condition.look(state(histogram([0, 1])), 1001).crossings
    assert one.remark == "500 lies inside a range: counted from 960 on"
    condition = watch("queue_bytes", 961)
    assert condition.look(state(histogram([0, 9])), 1000) is None
    assert condition.look(state(histogram([0, 0, 1])), 1001).crossings[0].value == 2496


def test_a_peak_that_is_known_decides_to_the_byte():
    condition = watch("queue_bytes", 500)
    assert condition.look(state(histogram([9]), peaks={"swp1/tc 0": 499}), 1000) is None
    (one,) = condition.look(state(histogram([9]), peaks={"swp1/tc 0": 500}), 1001).crossings
    assert (one.value, one.remark) == (500, "")
    assert str(one) == "swp1/tc 0 500 bytes"


def test_beyond_the_last_bound_nothing_is_certain():
    assert watch("queue_bytes", 13249).look(state(histogram([0] * 9 + [5])), 1000) is None
    assert coarseness(13249, (0, 13248)) == (
        "13,249 lies above the last bound, 13,248: it is never certain that it was reached"
    )
    assert coarseness(13248, (0, 13248)) == ""


def test_what_a_queue_holds_at_the_moment_is_not_told_beside_its_peak():
    beside = [number(5000, "swp1/tc 0", limit=10000), number(960, "swp2/tc 0")]
    reading = state(histogram([1]), numbers=beside, peaks={"swp1/tc 0": 6000})
    found = [(one.place, one.value, one.limit) for one in measures(reading, "queue_bytes")]
    assert found == [("swp1/tc 0", 6000, 10000), ("swp2/tc 0", 960, None)]


def test_several_ranges_of_a_queue_are_as_fine_as_all_of_them():
    fine, coarse = histogram([5, 0, 1], lows=(0, 100, 200)), histogram([5, 1], lows=(0, 150))
    (one,) = measures(state(coarse, fine), "queue_bytes")
    assert (one.value, one.lows) == (200, (0, 100, 150, 200))


def test_only_bytes_are_queue_bytes():
    packets = histogram([0, 0, 9], meaning="qdisc.queue.length", lows=(0, 1, 5000))
    assert watch("queue_bytes", 960).look(state(packets), 1000) is None
    assert watch("value", 960).look(state(packets), 1001).crossings[0].unit == "packets"


def test_a_histogram_that_counted_nothing_tells_nothing():
    assert list(measures(state(histogram([])), "queue_bytes")) == []


def test_each_queue_on_its_own():
    condition = watch("queue_bytes", 960)
    found = condition.look(state(histogram([1, 1], "swp1/tc 0"), histogram([1], "swp2/tc 0")), 1000)
    assert [one.place for one in found.crossings] == ["swp1/tc 0"]


@pytest.mark.parametrize(
    ("fall", "told"), [(None, [False, True, False, False, True]), (Level(50), [False, True, True, False, True])]
)
def test_it_holds_from_the_rise_until_below_the_fall(fall, told):
    assert held(watch("value", 80, fall=fall), 79, 80, 50, 49, 81) == told


def test_a_share_is_of_the_limit_as_it_is_now():
    condition = watch("value", Level(0.8, of_limit=True), fall=Level(0.5, of_limit=True))
    told = [
        condition.look(state(numbers=[number(value, limit=limit)]), 1000 + turn) is not None
        for turn, (value, limit) in enumerate([(80, 101), (80, 100), (80, 160), (80, 161), (80, None), (80, 0)])
    ]
    assert told == [False, True, True, False, False, False]


def test_a_slope_is_a_rise_a_second():
    assert held(watch("value", slope=10.0), 100, 119, 139, 20, 40, step_s=2) == [False, False, True, False, True]


def test_a_slope_and_a_level_have_both_to_hold():
    assert held(watch("value", 30, slope=10.0), 10, 20, 30, 35, 50) == [False, False, True, False, True]


def test_the_slope_of_a_counter_is_its_rate_and_needs_no_reading_before():
    numbers = [number(5000, meaning="nic.ring.no_buffer", delta=30, unit="packets")]
    one = watch("value", slope=15.0)
    assert one.look(state(numbers=numbers, seconds=2.0), 1000).crossings[0].slope == 15.0
    assert watch("value", slope=15.1).look(state(numbers=numbers, seconds=2.0), 1000) is None


def test_a_counter_is_compared_by_what_it_counted():
    lost = {"meaning": "nic.ring.no_buffer", "unit": "packets"}
    condition = watch("value", 10)
    assert condition.look(state(numbers=[number(5000, **lost)]), 1000) is None
    assert condition.look(state(numbers=[number(5000, delta=9, **lost)]), 1001) is None
    assert condition.look(state(numbers=[number(5000, delta=10, **lost)]), 1002).crossings[0].value == 10


DROPS = [
    number(900, meaning="network.path.corrupted", delta=3, unit="packets", name="crc"),
    number(900, meaning="protocol.input.errors", delta=5, unit="packets", name="errors"),
    number(900, meaning="nic.tx_ring.errors", delta=1, unit="packets", name="tx"),
    number(900, "swp1/tc 0", meaning="switch.queue.dropped", delta=40, unit="packets", name="drops"),
    number(900, meaning="nic.ring.no_buffer", delta=2, unit="packets", name="missed"),
    number(900, meaning="nic.ring.passed", delta=7000, unit="packets", name="rx"),
    number(900, meaning="nic.ring.waited", delta=70, unit="packets", name="waited"),
]


@pytest.mark.parametrize(
    ("statistic", "lost"), [("packet_error_drops", 5), ("packet_congestion_drops", 42), ("packet_drops", 47)]
)
def test_drops_are_told_apart_by_what_they_mean(statistic, lost):
    assert [(one.place, one.value) for one in measures(state(numbers=DROPS), statistic)] == [("swp1", lost)]
    assert watch(statistic, lost).look(state(numbers=DROPS), 1000)
    assert watch(statistic, lost + 1).look(state(numbers=DROPS), 1000) is None


def test_so_many_incidents_in_a_window_at_one_place():
    condition = watch("value", 80, incidents=3, within_s=4.0)
    #       1    2 of 4s   -     3        the first is 4 s old
    assert held(condition, 90, 90, 10, 90, 10, 90, 90) == [False, False, False, True, False, False, True]


def test_incidents_of_other_places_do_not_count():
    condition = watch("value", 80, incidents=2, within_s=10.0)
    assert condition.look(state(numbers=[number(90, "a")]), 1000) is None
    assert condition.look(state(numbers=[number(90, "b")]), 1001) is None
    assert [one.place for one in condition.look(state(numbers=[number(90, "a")]), 1002).crossings] == ["a"]


def test_after_it_was_taken_it_cools_down_and_tells_how_often_it_held():
    condition = watch("value", 80, cool_down_s=3.0)
    assert held(condition, 90, 90, 90, 90) == [True, False, False, True]
    assert condition.look(state(numbers=[number(90)]), 1007).withheld == 0
    condition = watch("value", 80, cool_down_s=3.0)
    held(condition, 90, 90, 90)
    assert condition.look(state(numbers=[number(90)]), 1003).withheld == 2


def test_no_more_than_so_many_in_a_window():
    assert held(watch("value", 80, most=2, most_within_s=4.0), *[90] * 7) == [
        *(True, True, False, False),
        *(True, True, False),
    ]


def test_what_is_always_taken_can_be_limited_too():
    condition = watch(most=1, most_within_s=10.0)
    assert [condition.look(state(), 1000 + second) is not None for second in (0, 5, 10)] == [True, False, True]


def test_places_that_are_gone_are_forgotten():
    condition = watch("value", 80, incidents=2, within_s=5.0)
    for second in range(200):
        condition.look(state(numbers=[number(90, f"udp {second}")]), 1000 + second)
    assert condition.remembered <= 6


def test_no_more_incidents_are_kept_than_decide():
    condition = watch("value", 80, incidents=3, within_s=604800.0)
    assert held(condition, *[81] * 50)[:4] == [False, False, True, True]
    assert [len(place.incidents) for place in condition._places.values()] == [3]  # noqa: SLF001 - seen nowhere else
