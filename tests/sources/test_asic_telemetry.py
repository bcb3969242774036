import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.cli.options import catalog
from brimful.collect import gather
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.roots.detect import open_roots
from brimful.sources.asic_telemetry import asic_telemetry

CAPTURE = (Path(__file__).parents[1] / "captures" / "asic_telemetry" / "documented" / "hft.json").read_bytes()
WHOLE = CAPTURE.replace(b'"leaf01"', b'"leaf01",')


def read(data):
    return list(asic_telemetry(Document("cl-hft-tool data hft", "hft.json", data)))


def unread(items):
    return [item.why for item in items if isinstance(item, Unread)]


@pytest.mark.parametrize("data", [CAPTURE, WHOLE], ids=["as printed", "with the comma"])
def test_samples(data):
    items = read(data)
    frames = [item for item in items if isinstance(item, Frame)]
    assert [str(frame.at) for frame in frames] == [
        "2023-05-11T10:13:20Z",
        "2023-05-11T10:13:20.005Z",
        "2023-05-11T10:13:20.010Z",
    ]
    assert [frame.at.ns % 10**9 for frame in frames] == [1000, 5001000, 10002000]
    assert [list(frame.values) for frame in frames] == [
        [1000, 2000, 0, 96],
        [6000, 2500, 192, 0],
        [9000, 2600, 0, 0],
    ]
    assert [(series.meaning, series.place, series.raw, series.width_bits) for series in frames[0].layout.series] == [
        ("switch.queue.sent_bytes", "swp1", "if_out_octets", 64),
        ("switch.pool.received_bytes", "swp1", "if_in_octets", 64),
        ("switch.queue.depth", "swp1/tc 0", "tc_curr_occupancy", 0),
        ("switch.queue.depth", "swp1/tc 3", "tc_curr_occupancy", 0),
    ]
    assert [frame.origin(0).line for frame in frames] == [3, 10, 17]
    assert unread(items) == []


def test_one_series_over_all_samples():
    evidence = Evidence(read(CAPTURE))
    deep = {reading.series.place: reading.highest for reading in evidence.readings("switch.queue.depth")}
    assert deep == {"swp1/tc 0": 192, "swp1/tc 3": 96}
    (sent,) = evidence.readings("switch.queue.sent_bytes")
    assert (sent.delta, sent.seconds) == (8000, 0.010001)


def test_resolution_is_the_time_between_samples():
    facts = [(item.name, item.place, item.value) for item in read(CAPTURE) if isinstance(item, Fact)]
    assert facts == [
        ("switch.queue.resolution_ns", "swp1/tc 0", 5000000),
        ("switch.queue.resolution_ns", "swp1/tc 3", 5000000),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no whole telemetry: Input data was truncated"),
        (WHOLE[:-40], "no whole telemetry: Input data was truncated"),
        (WHOLE.replace(b'"nsec": 5001000', b'"nsec": 1000000000'), "no time of a sample"),
        (WHOLE.replace(b'"nsec": 5001000', b'"nsec": -1'), "no time of a sample"),
        (WHOLE.replace(b'"if_in_octets": 2500', b'"if_in_octets": -1'), "not unsigned 64-bit numbers"),
    ],
)
def test_what_is_torn_or_wrong_costs_itself(data, why):
    assert unread(read(data)) == [why]


def test_a_sample_without_its_ports_costs_itself():
    items = read(WHOLE.replace(b'"port_data"', b'"ports"', 1))
    assert len([item for item in items if isinstance(item, Frame)]) == 2
    assert unread(items)[0].startswith("no sample: ")


def test_it_is_known_by_its_content_and_by_its_place(tmp_path):
    kept = tmp_path / "var" / "run" / "cumulus" / "hft"
    kept.mkdir(parents=True)
    for path in (tmp_path / "job1.txt", kept / "job_1.json"):
        path.write_bytes(CAPTURE)
        evidence = gather(open_roots(str(tmp_path), catalog()))
        assert {reading.samples for reading in evidence.readings("switch.queue.depth")} == {3}
        path.unlink()


LEAVES = st.one_of(st.none(), st.integers(), st.text(max_size=3))
NAMES = st.sampled_from(["0", "1", "metadata", "sec", "nsec", "port_data", "swp1", "tc_data", "tc_curr_occupancy"])


@given(st.dictionaries(NAMES, st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner)), max_size=4))
def test_any_tree_is_read_without_an_exception(tree):
    found = read(json.dumps(tree).encode())
    assert all(isinstance(item, Frame | Fact | Unread) for item in found)
