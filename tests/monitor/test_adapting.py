"""Ranges that widen, narrow or stay, over several readings of a made-up queue."""

from tests.monitor.fakes import Clock, Reader, group, histogram, state

from brimful.evidence.histogram import asic_lows
from brimful.monitor.adapting import Adapting, fitted
from brimful.monitor.group import Range


def of(size, *counts, minimum=960):
    return histogram(counts, lows=asic_lows(minimum, size, 96))


def size(*counts, start=12288):
    (found,) = fitted((Range(960, start),), state(of(start, *counts)))
    return found.size


def test_what_was_in_the_open_range_makes_it_twice_as_wide():
    assert size(900, 0, 0, 0, 0, 0, 0, 0, 0, 1) == 24576


def test_what_lies_in_the_lower_quarter_makes_it_half_as_wide():
    assert size(900, 5, 1) == 6144
    assert size(900, 5, 1, 1) == 12288
    assert size(900, 0, 0, 0, 0, 0, 0, 0, 1) == 12288


def test_a_queue_that_was_empty_says_nothing():
    assert size(900) == 12288
    assert fitted((Range(960, 12288),), state()) == [Range(960, 12288)]


def test_it_has_bounds():
    assert size(900, 1, start=1536) == 1536
    assert size(*[0] * 9, 1, start=1 << 31) == 1 << 31


def test_the_deepest_of_all_queues_decides():
    queues = (of(12288, 900, 1), of(12288, *[0] * 9, 4))
    assert fitted((Range(960, 12288),), state(*queues))[0].size == 24576


def test_several_ranges_are_fitted_each_on_its_own():
    ranges = (Range(960, 12288), Range(9600, 1228800))
    seen = state(of(12288, *[5] * 10), of(1228800, 900, 3, minimum=9600))
    assert [one.size for one in fitted(ranges, seen)] == [24576, 614400]


def test_the_next_reading_has_the_ranges_this_one_asks_for():
    made = []

    def make(one):
        seen = of(one.ranges[0].size, *[0] * 9, 7) if one.ranges[0].size < 40000 else of(49152, 3, 0, 0, 0, 1)
        made.append((one.ranges[0].size, Reader(one.name, Clock(), [state(seen)])))
        return made[-1][1]

    reader = Adapting(group(adapt=True), make)
    for _ in range(5):
        reader.read()
    assert [size for size, _ in made] == [12288, 24576, 49152]
    assert [one.closed for _, one in made] == [1, 1, 0]
    assert reader.ranges == (Range(960, 49152),)
    reader.close()
    assert made[-1][1].closed == 1


def test_a_reader_that_cannot_be_made_leaves_the_one_there_is():
    first = Reader("pg", Clock(), [state(of(12288, *[0] * 9, 7))])

    def make(one):
        if one.ranges[0].size == 12288:
            return first
        raise ValueError("no memory")

    reader = Adapting(group(adapt=True), make)
    assert reader.read().blind == ("its ranges could not be changed: no memory",)
    assert first.closed == 0
