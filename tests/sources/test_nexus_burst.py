import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.cli.options import catalog
from brimful.collect import gather
from brimful.evidence.burst import Burst
from brimful.evidence.event import Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.roots.detect import open_roots
from brimful.sources.nexus_burst import nexus_burst

CAPTURE = Path(__file__).parents[1] / "captures" / "nexus_burst" / "made" / "show_queuing_burst-detect_detail.json"
TEXT = CAPTURE.read_text()
MODULE = json.loads(TEXT)["TABLE_module"]["ROW_module"]
ROWS = MODULE["TABLE_instance"]["ROW_instance"]


def read(text):
    return list(nexus_burst(Document("show queuing burst-detect detail", "file", text.encode())))


def bursts(items):
    return [item for item in items if isinstance(item, Burst)]


def unread(items):
    return [item.why for item in items if isinstance(item, Unread)]


def test_bursts():
    items = read(TEXT)
    found = [
        (one.place, one.peak, one.duration_ns, str(one.start), str(one.peak_at), str(one.end)) for one in bursts(items)
    ]
    day = "2024-01-11T22:31"
    assert found == [
        ("Ethernet1/36/queue 3", 512400, 206460, f"{day}:51.650Z", f"{day}:51.651Z", f"{day}:51.651Z"),
        ("Ethernet1/36/queue 3", 310336, 1470000, f"{day}:52Z", f"{day}:52Z", f"{day}:52.001Z"),
        ("Ethernet1/7/queue 0", 208000, None, f"{day}:55Z", "None", "None"),
    ]
    assert [one.start.ns % 10**9 for one in bursts(items)] == [650929000, 1000, 0]
    assert {(one.meaning, one.start.zone_known) for one in bursts(items)} == {("switch.queue.depth", False)}
    assert [one.doubt for one in bursts(items)] == ["", "", "the peak is not told: it was at least the threshold"]
    assert [one.origin.line for one in bursts(items)] == [7, 18, 29]
    assert unread(items) == []


def test_resolution():
    facts = {(item.name, item.place): item.value for item in read(TEXT) if isinstance(item, Fact)}
    assert facts == {
        ("switch.queue.resolution_ns", "Ethernet1/36/queue 3"): 96_000,
        ("switch.queue.resolution_depth", "Ethernet1/36/queue 3"): 310128,
        ("switch.queue.resolution_ns", "Ethernet1/7/queue 0"): 96_000,
        ("switch.queue.resolution_depth", "Ethernet1/7/queue 0"): 208000,
    }


@pytest.mark.parametrize(
    "around",
    [
        {"TABLE_instance": {"ROW_instance": ROWS}},
        {"ins_api": {"outputs": {"output": {"body": {"TABLE_module": {"ROW_module": [MODULE]}}}}}},
        {"jsonrpc": "2.0", "result": {"body": {"TABLE_module": {"ROW_module": MODULE}}}, "id": 1},
        [{"result": {"body": {"TABLE_instance": {"ROW_instance": ROWS}}}}],
    ],
)
def test_whatever_is_around_the_table(around):
    assert [one.peak for one in bursts(read(json.dumps(around)))] == [512400, 310336, 208000]


def test_one_row_is_no_list():
    (one,) = bursts(read(json.dumps({"TABLE_instance": {"ROW_instance": ROWS[1]}})))
    assert (one.place, one.peak) == ("Ethernet1/36/queue 3", 310336)


@pytest.mark.parametrize(
    ("text", "ns"), [("64 ns", 64), ("73.78 us", 73780), ("5.002 s", 5_002_000_000), ("7 days", None), ("us", None)]
)
def test_durations(text, ns):
    assert bursts(read(TEXT.replace("206.46 us", text)))[0].duration_ns == ns


def test_a_queue_that_is_not_named_is_the_port():
    assert bursts(read(TEXT.replace('"queue": "0"', '"queue": "-"')))[2].place == "Ethernet1/7"


def test_a_time_that_is_none_is_not_known():
    assert bursts(read(TEXT.replace("2024/01/11 22:31:51:650929", "2024/13/11 22:31:51:650929")))[0].start is None


def test_a_bad_row_costs_itself():
    items = read(TEXT.replace('"208000"', '"-1"'))
    assert len(bursts(items)) == 2
    assert unread(items) == ["a burst without a depth in bytes"]
    items = read(TEXT.replace('"if-str": "Ethernet1/7"', '"if-str": 7'))
    assert len(bursts(items)) == 2
    assert unread(items)[0].startswith("no record of a burst: ")


@pytest.mark.parametrize("text", ["", TEXT[:300], "{"])
def test_what_is_torn_costs_itself(text):
    (item,) = read(text)
    assert isinstance(item, Unread)
    assert item.why.startswith("no whole table of bursts: ")


def test_it_is_known_by_its_content(tmp_path):
    (tmp_path / "bursts.txt").write_text(TEXT)
    assert len(gather(open_roots(str(tmp_path), catalog())).bursts("switch.queue.depth")) == 3


LEAVES = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=3), st.just("2024/01/11 22:31:51:650929"))
KEYS = st.sampled_from(["if-str", "queue", "threshold", "peak", "start-time", "duration", "TABLE_instance"])


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)))
def test_any_tree_is_read_without_an_exception(tree):
    assert all(one.peak >= 0 for one in bursts(read(json.dumps(tree))))
