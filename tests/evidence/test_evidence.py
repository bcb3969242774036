from brimful.evidence.event import Event, Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind, Origin, Unread
from brimful.evidence.series import Layout, Series

DROPS = Series("nic.ring.no_buffer", "eth0/rx-1", "rx_queue_1_drops", "nic_counters")
PASSED = Series("nic.ring.passed", "eth0", "rx_packets", "nic_counters")


def frame(values, seconds=0, **kwargs):
    sheet = Sheet(lambda line: Origin("file", line), Moment(seconds * SECOND), **kwargs)
    for line, (series, value) in enumerate(values.items(), 1):
        sheet.add(series, value, line)
    return sheet.frame()


def test_frames_of_equal_columns_share_one_layout():
    one, other = frame({DROPS: 1, PASSED: 2}), frame({DROPS: 3, PASSED: 4})
    assert one.layout is other.layout
    assert one.layout is Layout.of([DROPS, PASSED])
    assert frame({PASSED: 1, DROPS: 2}).layout is not one.layout
    assert len(one.layout) == 2


def test_readings_are_in_time_order_whatever_order_they_came_in():
    evidence = Evidence([frame({DROPS: 9}, 5), frame({DROPS: 4}, 1)])
    (reading,) = evidence.readings("nic.ring.no_buffer")
    assert (reading.first, reading.last, reading.delta) == (4, 9, 5)


def test_a_clock_that_stepped_back_makes_no_reset_of_an_advance():
    def at(ns, up, boot="a"):
        sheet = Sheet(lambda line: Origin("file", line), Moment(ns, monotonic_ns=up), boot)
        sheet.add(DROPS, up, 1)
        return sheet.frame()

    (reading,) = Evidence([at(900, 10), at(100, 14), at(200, 19)]).readings("nic.ring.no_buffer")
    assert (reading.first, reading.last, reading.delta, reading.reset) == (10, 19, 9, False)
    (reading,) = Evidence([at(100, 50), at(900, 3, "b")]).readings("nic.ring.no_buffer")
    assert (reading.first, reading.last) == (50, 3)
    (reading,) = Evidence([at(900, 10), frame({DROPS: 4}, 0)]).readings("nic.ring.no_buffer")
    assert (reading.first, reading.last) == (4, 10)


def test_one_moment_out_of_two_documents_is_one_sample():
    copies = [frame({DROPS: 5, PASSED: 1}, 7), frame({DROPS: 5, PASSED: 2}, 7)]
    evidence = Evidence(copies)
    assert evidence.readings("nic.ring.no_buffer")[0].delta is None
    assert evidence.readings("nic.ring.passed")[0].delta == 1
    sheets = [Sheet(copies[0].origin_of, Moment(7 * SECOND)) for _ in range(2)]
    for sheet in sheets:
        sheet.add(DROPS, 5, 1)
    assert Evidence(sheet.frame() for sheet in sheets).readings("nic.ring.no_buffer")[0].delta == 0


def test_frames_without_a_time_keep_the_order_they_were_read_in():
    sheet = Sheet(lambda line: Origin("file", line))
    sheet.add(DROPS, 9, 1)
    (reading,) = Evidence([frame({DROPS: 5}, 7), sheet.frame(), frame({DROPS: 6}, 1)]).readings("nic.ring.no_buffer")
    assert [one.values[0] for one, _ in reading.frames] == [5, 9, 6]


def test_a_later_frame_renews_the_reading():
    evidence = Evidence([frame({DROPS: 1})])
    assert evidence.readings("nic.ring.no_buffer")[0].samples == 1
    evidence.add(frame({DROPS: 3}, 1))
    assert evidence.readings("nic.ring.no_buffer")[0].delta == 2


def test_readings_are_found_by_the_whole_a_place_belongs_to():
    evidence = Evidence([frame({DROPS: 1, PASSED: 2})])
    assert evidence.readings("nic.ring.no_buffer", place="eth0")
    assert not evidence.readings("nic.ring.no_buffer", place="eth1")
    assert evidence.places("nic.ring.passed", "nic.ring.no_buffer") == ["eth0"]
    assert [reading.series for reading in evidence.all_readings()] == [DROPS, PASSED]


def test_events_and_facts_keep_order_and_the_latest_fact_wins():
    origin = Origin("log", 3, "raw")
    events = [Event("gtpc.path_failure", f"card {n}", None, origin) for n in (6, 3)]
    facts = [Fact("nic.driver", "eth0", name, origin) for name in ("e1000", "igb")]
    evidence = Evidence([*events, *facts])
    assert evidence.events("gtpc.path_failure") == events
    assert evidence.events("gtpc.path_failure", place="card 3") == events[1:]
    assert evidence.facts("nic.driver", "eth0") == facts
    assert evidence.fact("nic.driver", "eth0").value == "igb"
    assert evidence.fact("nic.driver", "eth1") is None


def test_what_could_not_be_seen_is_said_once_and_unread_lines_are_all_kept():
    blind, line = Blind("what", "why"), Unread(Origin("f", 1, "x"), "why")
    evidence = Evidence([blind, blind, line, line])
    assert (evidence.blind, evidence.unread) == ([blind], [line, line])


def test_an_origin_is_written_as_file_and_line():
    assert str(Origin("a/b", 3)) == "a/b:3"
    assert str(Origin("a/b")) == "a/b"
