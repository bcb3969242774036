import pytest

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.repeat import repeated
from brimful.evidence.series import Series

MISSED = Series("nic.fifo.overrun", "eth0", "rx_missed_errors", "nic_counters")
PASSED = Series("nic.ring.passed", "eth0", "rx_packets", "nic_counters")


def frames(columns):
    for second, values in enumerate(zip(*columns.values(), strict=True)):
        sheet = Sheet(lambda line: Origin("file", line, ""), Moment(second * SECOND))
        for series, value in zip(columns, values, strict=True):
            sheet.add(series, value, 1)
        yield sheet.frame()


def reading(values):
    return Reading(MISSED, [(frame, 0) for frame in frames({MISSED: values})])


@pytest.mark.parametrize(
    ("values", "passed", "number"),
    [
        ([500, 700, 900, 1100], 0, 200),
        ([500, 700, 1100, 1300], 0, 200),
        ([500, 900, 1500, 1900, 2500], 0, 200),
        ([500, 700, 700, 900, 1100], 0, 200),
        ([500, 700, 900, 1100], 199, 200),
        ([500, 700, 900, 1100], 200, 0),
        ([500, 700, 900], 0, 0),
        ([500, 700, 900, 900], 0, 0),
        ([500, 700, 900, 1101], 0, 0),
        ([500, 600, 700, 800], 0, 100),
        ([500, 599, 698, 797], 0, 0),
        ([0, 100, 200, 1800], 0, 100),
        ([0, 100, 200, 1900], 0, 0),
        ([500, 700, 900, 100], 0, 0),
        ([500, 500, 500, 500], 0, 0),
    ],
    ids=[
        "the same each time",
        "read twice between two samples",
        "read by others each time: twice, then three times",
        "read by nobody in between",
        "a little traffic beside it",
        "as much traffic as it says was lost",
        "two advances agree by chance",
        "two advances and none",
        "one differs",
        "the least number",
        "a number that comes again by chance",
        "sixteen reads",
        "more reads than there can be",
        "cleared",
        "still",
    ],
)
def test_which_counters_repeat_a_number(values, passed, number):
    assert repeated(reading(values), passed) == number


def test_what_repeats_counts_nothing():
    evidence = Evidence(frames({MISSED: [500, 700, 900, 1100], PASSED: [9, 9, 9, 9]}))
    (missed,) = evidence.readings("nic.fifo.overrun")
    assert (missed.repeats, missed.delta, missed.counted, missed.rising) == (200, 0, 0, None)


def test_beside_traffic_it_counts():
    evidence = Evidence(frames({MISSED: [500, 700, 900, 1100], PASSED: [9, 109, 209, 309]}))
    (missed,) = evidence.readings("nic.fifo.overrun")
    assert (missed.repeats, missed.delta, missed.rising) == (0, 600, True)


def test_only_what_is_known_to_be_read_so_is_disbelieved():
    dropped = Series("nic.ring.no_buffer", "eth0", "rx_no_dma_resources", "nic_counters")
    evidence = Evidence(frames({dropped: [500, 700, 900, 1100], PASSED: [9, 9, 9, 9]}))
    assert evidence.readings("nic.ring.no_buffer")[0].delta == 600
