import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.cli.options import catalog
from brimful.collect import gather
from brimful.evidence.event import Event
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.roots.detect import open_roots
from brimful.sources.broadview import broadview

CAPTURES = Path(__file__).parents[1] / "captures" / "broadview" / "made"
REPORT = (CAPTURES / "bst_report.json").read_text()
TRIGGER = (CAPTURES / "trigger_report.json").read_text()


def read(text):
    return list(broadview(Document("get-bst-report", "file", text.encode())))


def values(items):
    return {(r.series.meaning, r.series.place): r.last for r in Evidence(items).all_readings()}


def unread(items):
    return [item.why for item in items if isinstance(item, Unread)]


def test_a_report_of_all_realms():
    items = read(REPORT)
    assert values(items) == {
        ("switch.pool.peak", "shared buffer"): 46,
        ("switch.pool.peak", "port 2/pg 5"): 45500,
        ("switch.pool.headroom_peak", "port 2/pg 5"): 44450,
        ("switch.pool.peak", "port 3/pg 6"): 25500,
        ("switch.pool.headroom_peak", "port 3/pg 6"): 24450,
        ("switch.pool.peak", "port 2/ingress pool 5"): 324,
        ("switch.pool.peak", "ingress pool 1"): 3240,
        ("switch.pool.peak", "ingress pool 2"): 3660,
        ("switch.pool.peak", "port 2/egress pool 5"): 324,
        ("switch.pool.peak", "egress pool 2"): 3240,
        ("switch.queue.peak", "port 0/uc 6"): 1111,
        ("switch.queue.peak", "uc group 6"): 2222,
        ("switch.queue.peak", "port 1/mc 1"): 34,
        ("switch.queue.peak", "cpu queue 3"): 4566,
        ("switch.queue.peak", "rqe queue 2"): 3333,
    }
    (frame,) = (item for item in items if isinstance(item, Frame))
    assert (str(frame.at), frame.at.zone_known) == ("2014-11-18T00:15:04Z", False)
    (reading,) = Evidence(items).readings("switch.queue.peak", place="port 0")
    assert (reading.series.raw, reading.series.width_bits, reading.origin.line) == ("egress-uc-queue of ASIC 1", 0, 92)
    assert reading.series.doubt == (
        "bytes and a peak, unless the agent was set to cells, to percent, or to track the level now"
    )
    assert unread(items) == []


def test_a_crossed_threshold():
    items = read(TRIGGER)
    (event,) = (item for item in items if isinstance(item, Event))
    assert (event.kind, event.place, str(event.at)) == ("switch.queue.exceeded", "port 0", "2014-11-18T00:15:09Z")
    assert event.fields == {"what": "egress-uc-queue uc-buffer-count", "queue": "6"}
    assert values(items) == {("switch.queue.peak", "port 0/uc 6"): 999999}


def test_several_reports_are_samples(tmp_path):
    for name, text in (("1.json", REPORT), ("2.json", TRIGGER)):
        (tmp_path / name).write_text(text)
    evidence = gather(open_roots(str(tmp_path), catalog()))
    (reading,) = evidence.readings("switch.queue.peak", place="port 0")
    assert (reading.samples, reading.first, reading.last, reading.seconds) == (2, 1111, 999999, 5.0)
    together = Evidence(read(f"[{TRIGGER},{REPORT}]")).readings("switch.queue.peak", place="port 0")
    assert [(one.first, one.last) for one in together] == [(1111, 999999)]


def test_two_asics_are_not_one():
    other = REPORT.replace('"asic-id": "1"', '"asic-id": "2"')
    found = Evidence(read(f"[{REPORT},{other}]")).readings("switch.queue.peak", place="port 0")
    assert [(one.series.raw, one.samples) for one in found] == [
        ("egress-uc-queue of ASIC 1", 1),
        ("egress-uc-queue of ASIC 2", 1),
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("1111", "-1", "no counts of a realm: not unsigned 64-bit numbers"),
        ("1111", '"x"', "no counts of a realm: a count that is no number"),
        ("1111", "18446744073709551616", "no counts of a realm: not unsigned 64-bit numbers"),
        (" 46", ' "x"', "no counts of a realm: Expected `int`, got `str`"),
    ],
)
def test_a_bad_realm_costs_itself(old, new, why):
    items = read(REPORT.replace(old, new, 1))
    assert unread(items) == [why]
    assert len(values(items)) == 14


def test_a_row_without_counts():
    report = json.loads(REPORT)
    report["report"] = [{"realm": "egress-uc-queue", "data": [[6, "0"]]}, {"realm": "a new one", "data": [3]}]
    assert unread(read(json.dumps(report))) == ["no counts of a realm: a row without counts"]


@pytest.mark.parametrize("text", ["", REPORT[:100], "3", "[3]", '{"method": "get-bst-report"}'])
def test_what_is_torn_costs_itself(text):
    (item,) = read(text)
    assert isinstance(item, Unread)
    assert item.why.startswith("no whole report of buffers: ")


LEAVES = st.one_of(st.none(), st.integers(), st.text(max_size=3))
REALMS = st.sampled_from(["device", "egress-uc-queue", "ingress-port-priority-group", "egress-service-pool"])
DATA = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.fixed_dictionaries({"port": inner, "data": inner})
)


@given(st.lists(st.fixed_dictionaries({"realm": REALMS, "data": DATA}), max_size=3), st.text(max_size=5))
def test_any_report_is_read_without_an_exception(realms, when):
    report = {"method": "get-bst-report", "time-stamp": when, "report": realms}
    assert all(value >= 0 for value in values(read(json.dumps(report))).values())
