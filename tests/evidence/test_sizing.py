import pytest

from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series
from brimful.evidence.sizing import holds, instead, rate

LOST = Series("nic.ring.no_buffer", "eth0", "rx_missed", "nic_counters")
PASSED = Series("nic.ring.passed", "eth0", "rx_packets", "nic_counters")


def readings(*samples):
    evidence = Evidence()
    for second, (lost, passed) in enumerate(samples):
        sheet = Sheet(lambda line: Origin("x", line), Moment(2 * second * SECOND))
        sheet.add(LOST, lost, 1)
        sheet.add(PASSED, passed, 2)
        evidence.add(sheet.frame())
    return evidence.readings(LOST.meaning), evidence.readings(PASSED.meaning)


def test_the_rate_is_of_all_that_arrived():
    assert rate(*readings((0, 1000), (200, 2800))) == 1000


def test_without_a_window_or_traffic_there_is_no_rate():
    assert rate(*readings((7, 1000))) is None
    assert rate(*readings((7, 1000), (7, 1000))) is None
    lost, _ = readings((0, 0), (5, 0))
    assert rate(lost, []) is None


@pytest.mark.parametrize(
    ("packets", "per_second", "said"),
    [
        (256, 100_000.0, "2.56 ms"),
        (256, 1_000_000.0, "256 us"),
        (1, 10_000_000.0, "0.1 us"),
        (4000, 1000.0, "4 s"),
        (1000, 1000.0, "1 s"),
        (999, 1000.0, "999 ms"),
        (5_000_000, 1000.0, "5e+03 s"),
        (1, None, ""),
    ],
)
def test_how_long_a_buffer_holds_out(packets, per_second, said):
    assert holds(packets, per_second) == said


def test_what_a_larger_buffer_changes():
    assert instead(256, 1024, 100_000.4) == (
        ": a pause of 10.2 ms fits then instead of 2.56 ms, at 100,000 packets a second"
    )
    assert instead(256, 1024, None) == ""
