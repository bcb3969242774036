import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.cli.options import catalog
from brimful.collect import gather
from brimful.evidence.burst import Burst
from brimful.evidence.event import Event, Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.roots.detect import open_roots
from brimful.sources.lanz import lanz

CAPTURES = Path(__file__).parents[1] / "captures" / "lanz"
SAND = (CAPTURES / "sand" / "show_queue-monitor_length_Et24.json").read_text()
NOTIFYING = (CAPTURES / "notifying" / "show_queue-monitor_length.json").read_text()
POLLED = (
    "only the most congested queue of each chip is recorded, every 800 us; lengths of platform Sand are taken for bytes, "
    "as the heading of its table says, not for segments"
)


def read(text):
    return list(lanz(Document("show queue-monitor length", "file", text.encode())))


def bursts(items):
    return [item for item in items if isinstance(item, Burst)]


def unread(items):
    return [item.why for item in items if isinstance(item, Unread)]


def test_what_a_polling_switch_recorded():
    items = read(SAND)
    found = bursts(items)
    assert [(one.place, one.peak, str(one.start), str(one.end)) for one in found] == [
        ("Ethernet24/tc 0", 247568, "2019-09-19T11:29:01.423Z", "2019-09-19T11:29:02.423Z"),
        ("Ethernet24/tc 2", 46384, "2019-09-19T11:29:09.432Z", "2019-09-19T11:29:10.432Z"),
        ("Ethernet24/tc 0", 489744, "2019-09-19T11:29:17.441Z", "2019-09-19T11:29:21.446Z"),
        ("Ethernet24/tc 2", 73520, "2019-09-19T11:29:20.445Z", "2019-09-19T11:29:21.445Z"),
    ]
    longest = found[2]
    assert (longest.meaning, longest.duration_ns, longest.doubt) == ("switch.queue.depth", 4004448000, POLLED)
    assert longest.fed_by[:3] == ("Ethernet24/3", "Ethernet13/1", "Ethernet35/1")
    assert len(longest.fed_by) == 12
    assert longest.dropped is None
    assert longest.origin.line == 35
    assert longest.origin.raw.startswith('{ "entryTimeUsecs": 1568892557441976,')
    facts = [(item.name, item.place, item.value) for item in items if isinstance(item, Fact)]
    assert facts == [
        ("switch.queue.resolution_ns", "Ethernet24/tc 0", 800_000),
        ("switch.queue.resolution_ns", "Ethernet24/tc 2", 800_000),
    ]


def test_start_updates_and_end_are_one_burst():
    whole, going_on = bursts(read(NOTIFYING))
    assert (whole.place, whole.peak, whole.duration_ns) == ("Ethernet1/tc 1", 3000 * 480, 6_200_300_000)
    assert (whole.start.ns, whole.peak_at.ns, whole.end.ns) == (
        1_700_000_000_000_000_000,
        1_700_000_005_000_000_000,
        1_700_000_006_200_300_000,
    )
    assert (whole.dropped, whole.fed_by, whole.doubt) == (17, ("Ethernet3", "Ethernet4"), "")
    assert (going_on.place, going_on.peak, going_on.end) == ("Ethernet2/tc 1", 520 * 480, None)


def test_what_began_before_the_record_has_no_start():
    report = json.loads(NOTIFYING)
    report["entryList"] = [entry for entry in report["entryList"] if entry.get("entryType") == "E"]
    (one,) = bursts(read(json.dumps(report)))
    assert (one.start, one.end.ns, one.peak) == (None, 1_700_000_006_200_300_000, 30 * 480)


def test_a_start_ends_what_was_never_told_to_have_ended():
    report = json.loads(NOTIFYING)
    again = {**report["entryList"][3], "entryTimeUsecs": 1_700_000_001_000_000, "queueLength": 600}
    report["entryList"] = [again, report["entryList"][3]]
    found = bursts(read(json.dumps(report)))
    assert [(one.peak // 480, one.end) for one in found] == [(559, None), (600, None)]


def test_drops_without_a_length():
    (event,) = (item for item in read(NOTIFYING) if isinstance(item, Event))
    assert (event.kind, event.place, event.fields) == (
        "switch.queue.drops_told",
        "Ethernet1",
        {"packets": 31337086},
    )
    assert str(event.at) == "2015-01-02T21:50:59.320Z"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"queueLength": 3000', '"queueLength": -3', "not unsigned 64-bit numbers"),
        ('"queueLength": 3000', '"queueLengths": 3', ""),
        ('"queueLength": 3000', '"queueLength": 18446744073709551615', "segments"),
        ('"durationUsecs": 5000000', '"durationUsecs": 99999999999999999', "not unsigned 64-bit numbers"),
        ('"queueLength": 3000', '"queueLength": "x"', "no entry of a queue: "),
    ],
)
def test_a_bad_entry_costs_itself(old, new, why):
    items = read(NOTIFYING.replace(old, new))
    (said,) = unread(items) or [""]
    assert why in said
    assert [one.peak // 480 for one in bursts(items)] == [559, 520]


def test_segments_of_no_known_length_are_not_read():
    items = read(NOTIFYING.replace('"bytesPerTxmpSegment": 480', '"bytesPerTxmpSegment": 0'))
    assert bursts(items) == []
    assert unread(items) == ["a length in segments, and how long a segment is is not told"] * 4


@pytest.mark.parametrize("text", ["", SAND[:200], "[]", '{"result": 3}'])
def test_what_is_torn_costs_itself(text):
    items = read(text)
    assert bursts(items) == []
    assert all(why.startswith("no whole report of queue lengths: ") for why in unread(items))
    assert len(unread(items)) == 1


@pytest.mark.parametrize(("whole", "part"), [("a.json", "b.json"), ("b.json", "a.json")])
def test_a_record_that_was_saved_twice_holds_each_burst_once(tmp_path, whole, part):
    report = json.loads(NOTIFYING)
    (tmp_path / whole).write_text(NOTIFYING)
    # saved sooner, when the first burst still went on
    report["entryList"] = report["entryList"][2:4]
    (tmp_path / part).write_text(json.dumps(report))
    evidence = gather(open_roots(str(tmp_path), catalog()))
    found = evidence.bursts("switch.queue.depth", place="Ethernet1/tc 1")
    assert [(one.peak // 480, one.end is None) for one in found] == [(3000, False)]


LEAVES = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=3))
ENTRY = st.dictionaries(
    st.sampled_from(
        ["interface", "entryTimeUsecs", "entryTime", "entryType", "queueLength", "durationUsecs", "txDrops"]
    ),
    LEAVES | st.sampled_from(["S", "U", "E", "P", 10**14]),
)


@given(st.lists(ENTRY, max_size=4), LEAVES)
def test_any_entries_are_read_without_an_exception(entries, size):
    for one in bursts(read(json.dumps({"bytesPerTxmpSegment": size, "entryList": entries}))):
        assert str(one.start or one.end or "") is not None


def test_what_is_not_needed_of_an_entry_may_be_anything():
    entry = {"interface": "Et1", "entryTimeUsecs": 1_568_892_557_441_976, "entryType": "P", "queueLength": 5}
    report = {"bytesPerTxmpSegment": 208, "entryList": [entry | {"duration": 0.004}]}
    assert [one.peak for one in bursts(read(json.dumps(report)))] == [1040]
