from array import array

from brimful.evidence.event import Event, Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame, Sheet
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


def steady(values, seconds, up=None):
    """A frame of a live read: with a moment of the monotonic clock unless `up` is False."""
    moment = Moment(seconds * SECOND, "host", monotonic_ns=None if up is False else seconds * SECOND)
    sheet = Sheet(lambda line: Origin("file", line), moment)
    for line, (series, value) in enumerate(values.items(), 1):
        sheet.add(series, value, line)
    return sheet.frame()


def samples(evidence, meaning):
    return [[frame.values[index] for frame, index in reading.frames] for reading in evidence.readings(meaning)]


def test_frames_before_a_moment_are_forgotten_but_for_the_one_the_window_begins_with():
    evidence = Evidence([steady({DROPS: 10 * n}, n) for n in range(6)])
    assert evidence.readings("nic.ring.no_buffer")[0].samples == 6
    evidence.forget(2 * SECOND, 0)
    assert samples(evidence, "nic.ring.no_buffer") == [[20, 30, 40, 50]]
    evidence.forget(2 * SECOND + 1, 0)
    assert samples(evidence, "nic.ring.no_buffer") == [[20, 30, 40, 50]]
    evidence.forget(3 * SECOND - 1, 0)
    assert samples(evidence, "nic.ring.no_buffer") == [[20, 30, 40, 50]]
    evidence.forget(3 * SECOND, 0)
    assert samples(evidence, "nic.ring.no_buffer") == [[30, 40, 50]]
    assert len(list(evidence.frames())) == 3


def test_what_is_no_longer_read_is_forgotten_whole():
    other = Series("nic.ring.no_buffer", "eth0/rx-2", "other", "nic_counters")
    evidence = Evidence(
        [steady({DROPS: 1, PASSED: 2}, 1), steady({DROPS: 3, PASSED: 4}, 2), *(steady({DROPS: n}, n) for n in (3, 9))]
    )
    evidence.add(steady({other: 5}, 9))
    evidence.forget(5 * SECOND, 0)
    assert evidence.readings("nic.ring.passed") == []
    assert evidence.readings("nic.ring.passed", place="eth0") == []
    assert evidence.places("nic.ring.passed") == []
    assert samples(evidence, "nic.ring.no_buffer") == [[3, 9], [5]]
    assert [one.series for one in evidence.readings("nic.ring.no_buffer", place="eth0")] == [DROPS, other]
    evidence.forget(20 * SECOND, 0)
    assert list(evidence.all_readings()) == list(evidence.frames()) == []
    evidence.add(steady({DROPS: 7, PASSED: 8}, 30))
    assert samples(evidence, "nic.ring.passed") == [[8]]
    assert [one.series for one in evidence.readings("nic.ring.passed", place="eth0")] == [PASSED]
    assert len(evidence.readings("nic.ring.no_buffer", place="eth0")) == 1
    assert evidence.places("nic.ring.no_buffer") == ["eth0"]


def test_what_has_no_monotonic_time_is_never_forgotten():
    origin = Origin("log", 3, "raw")
    event, fact = Event("gtpc.path_failure", "card 6", None, origin), Fact("nic.driver", "eth0", "igb", origin)
    evidence = Evidence([steady({DROPS: 1}, 1, up=False), frame({PASSED: 1}, 1), event, fact])
    evidence.forget(100 * SECOND, 100 * SECOND)
    assert len(list(evidence.frames())) == 2
    assert (evidence.events("gtpc.path_failure"), evidence.facts("nic.driver")) == ([event], [fact])


def test_events_and_facts_are_kept_longer_and_of_a_fact_the_latest():
    def at(seconds):
        return Moment(0, "host", monotonic_ns=seconds * SECOND)

    origin = Origin("log")
    events = [Event("gtpc.path_failure", "card 6", at(n), origin) for n in (1, 5, 9)]
    facts = [Fact("nic.driver", "eth0", f"v{n}", origin, at(n)) for n in (1, 5, 9)]
    gone = Fact("nic.driver", "eth1", "veth", origin, at(4))
    evidence = Evidence([*events, *facts, gone])
    evidence.forget(8 * SECOND, 5 * SECOND)
    assert evidence.events("gtpc.path_failure") == events[1:]
    assert evidence.facts("nic.driver") == facts[2:]
    assert evidence.fact("nic.driver", "eth1") is None


def test_of_unread_lines_a_watch_keeps_the_latest():
    lines = [Unread(Origin("f", n, "x"), "why") for n in range(1, 1502)]
    evidence = Evidence(lines)
    assert len(evidence.unread) == 1501
    evidence.forget(0, 0)
    assert evidence.unread == lines[-1000:]


def test_what_can_be_seen_again_is_no_blind_spot():
    evidence = Evidence([Blind("eth0", "why"), Blind("eth1", "why")])
    evidence.see_not([Blind("eth1", "why"), Blind("eth2", "why"), Blind("eth1", "why")])
    assert evidence.blind == [Blind("eth1", "why"), Blind("eth2", "why")]


def test_an_advance_is_one_between_the_last_two_frames():
    evidence = Evidence([steady({DROPS: 1, PASSED: 5}, 1)])
    words = ("nic.ring.no_buffer", "nic.fifo.overrun")
    assert not evidence.advanced(words)
    evidence.add(steady({DROPS: 1, PASSED: 9}, 2))
    assert not evidence.advanced(words)
    evidence.add(steady({DROPS: 2, PASSED: 9}, 3))
    assert evidence.advanced(words)
    assert evidence.advanced(iter(words))
    assert not evidence.advanced(["nic.ring.passed"])
    assert not evidence.advanced([])
    evidence.add(steady({DROPS: 2, PASSED: 9}, 4))
    assert not evidence.advanced(words)


def test_facts_of_a_place_are_its_own_and_not_of_what_it_is_part_of():
    origin = Origin("f")
    facts = [Fact("nic.unmapped", place, place, origin) for place in ("eth0/a", "eth0/b", "eth0", "eth0/a")]
    evidence = Evidence(facts)
    assert evidence.facts("nic.unmapped", "eth0") == [facts[2]]
    assert evidence.facts("nic.unmapped", "eth0/a") == [facts[0], facts[3]]
    assert evidence.facts("nic.unmapped") == [facts[0], facts[3], facts[1], facts[2]]
    assert evidence.facts("nic.other") == evidence.facts("nic.unmapped", "eth9") == []
    found = evidence.facts("nic.unmapped", "eth0")
    found.clear()
    assert evidence.facts("nic.unmapped", "eth0") == [facts[2]]


def test_readings_of_many_places_are_found_by_theirs():
    series = [Series("nic.ring.no_buffer", f"eth{n}/rx-{q}", "d", "s") for n in range(30) for q in range(3)]
    evidence = Evidence([frame(dict.fromkeys(series, 1))])
    assert [one.series for one in evidence.readings("nic.ring.no_buffer", place="eth7/rx-2")] == series[21:24]
    assert len(evidence.readings("nic.ring.no_buffer")) == 90
    assert evidence.places("nic.ring.no_buffer")[:2] == ["eth0", "eth1"]


def test_a_frame_that_was_no_text_has_no_lines():
    one = Sheet(lambda line: Origin("f", line)).frame()
    whole = Frame(Layout.of([DROPS]), array("Q", [5]), None, None, lambda line: Origin("ethtool -S eth0", line))
    assert whole.origin(0) == Origin("ethtool -S eth0", 0)
    assert one.lines is not None
    evidence = Evidence([whole])
    assert str(evidence.readings("nic.ring.no_buffer")[0].origin) == "ethtool -S eth0"


def test_a_source_that_is_read_seldom_keeps_two_samples_and_what_it_no_longer_shows_is_gone():
    def at(seconds, value):
        sheet = Sheet(lambda line: Origin("file", line), Moment(0, monotonic_ns=seconds * SECOND))
        sheet.add(DROPS, value, 1)
        return sheet.frame()

    evidence = Evidence([at(1, 5), at(30, 7), at(60, 9)])
    evidence.forget(100 * SECOND, 0, {"nic_counters": 60 * SECOND})
    (reading,) = evidence.readings("nic.ring.no_buffer")
    assert (reading.samples, reading.delta) == (2, 2)
    evidence.forget(100 * SECOND, 0, {"nic_counters": 61 * SECOND})
    assert evidence.readings("nic.ring.no_buffer") == []
