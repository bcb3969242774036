"""Snapshot files: the documented shape, to the byte, and read again by the parser of such files."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.fakes import group, histogram, number, state

from brimful.evidence.histogram import Histogram, asic_lows
from brimful.monitor import snapshot
from brimful.monitor.ring import Ring
from brimful.roots.base import Document
from brimful.sources.asic_histograms import asic_histograms

COUNTS = (979101, 100, 20, 3, 0, 5, 0, 0, 0, 12)


def decoded(one, found):
    return {name: json.loads(bytes(raw)) for name, raw in snapshot.parts(one, found).items()}


def test_the_bins_of_the_documentation_to_the_byte():
    found = decoded(group(), state(histogram(COUNTS, "swp1/tc 0", lows=asic_lows(960, 12288, 96))))
    assert json.dumps(found["histogram_tc_info"]["swp1"]["0"]["data"]) == (
        '{"0:959": 979101, "960:2495": 100, "2496:4031": 20, "4032:5567": 3, "5568:7103": 0, "7104:8639": 5, '
        '"8640:10175": 0, "10176:11711": 0, "11712:13247": 0, "13248:*": 12}'
    )


@pytest.mark.parametrize(
    ("stat_type", "kind"),
    [
        ("histogram", "histogram_tc_info"),
        ("histogram_tc", "histogram_tc_info"),
        ("histogram_pg", "histogram_pg_info"),
        ("histogram_counter", "histogram_counter_info"),
        ("histogram_latency", "histogram_latency_info"),
    ],
)
def test_each_kind_has_its_part(stat_type, kind):
    found = decoded(group(stat_type=stat_type), state(histogram(COUNTS, "swp37s0/tc 3")))
    assert list(found) == [kind]
    assert list(found[kind]["swp37s0"]) == ["3"]


def test_ports_and_classes_stand_in_their_order():
    places = ("swp10/tc 0", "swp2/tc 0", "swp2/tc 1")
    found = decoded(group(), state(*(histogram(COUNTS, place) for place in places)))["histogram_tc_info"]
    assert [(port, list(classes)) for port, classes in found.items()] == [("swp10", ["0"]), ("swp2", ["0", "1"])]


def test_other_histograms_of_a_queue_stand_beside_it():
    queue = [
        histogram(COUNTS, sample_ns=1),
        histogram([1, 2], lows=(0, 8), sample_ns=1),
        histogram([3, 4], meaning="qdisc.queue.length", lows=(0, 1), sample_ns=1),
        histogram([5, 6], lows=(0, 960), sample_ns=0),
    ]
    found = decoded(group(), state(*queue))
    first = found["histogram_tc_info"]["swp1"]["0"]
    assert (first["sample_time_ns"], first["meaning"], len(first["data"])) == (1024, "qdisc.queue.backlog", 10)
    assert [one["counted"] for one in first["more"]] == [{"sample_time_ns": 1, "counts": [1, 2]}]
    assert found["histogram_packets_info"]["swp1"]["0"]["counted"] == {"sample_time_ns": 1, "counts": [3, 4]}
    arrivals = found["histogram_arrivals_info"]["swp1"]["0"]
    assert (arrivals["sample_time_ns"], "counted" in arrivals) == (0, False)
    assert found["histogram_arrivals_info"]["swp1"]["0"]["data"] == {"0:959": 5, "960:*": 6}


@pytest.mark.parametrize(
    ("counts", "sample_ns", "told"),
    [
        ((0, 0), 1024, (0, 0)),
        ((511, 0), 1024, (0, 0)),
        ((512, 0), 1024, (1, 0)),
        ((400, 700), 1024, (0, 1)),
        ((999_999_000, 1000), 1024, (976_562, 1)),
        ((1_000_000_000, 0, 100), 1000, (1_000_000, 0, 0)),
        ((7, 8, 9), 1, (7, 8, 9)),
    ],
)
def test_times_are_told_as_the_samples_of_a_switch(counts, sample_ns, told):
    assert snapshot.samples(histogram(counts, lows=tuple(range(len(counts))), sample_ns=1), sample_ns) == told


@given(st.lists(st.integers(0, 2**53), min_size=1), st.integers(1, 10**9), st.integers(1, 10**9))
def test_samples_are_the_times_to_one_sample_and_so_is_their_sum(counts, counted_ns, sample_ns):
    one = histogram(counts, lows=tuple(range(len(counts))), sample_ns=counted_ns)
    told = snapshot.samples(one, sample_ns)
    assert abs(sum(told) * sample_ns - one.window_ns) * 2 <= sample_ns
    assert all(abs(few * sample_ns - count * counted_ns) < sample_ns for few, count in zip(told, counts, strict=True))


@pytest.mark.parametrize(("counted_ns", "counts"), [(1, (1280, 64, 64)), (64, (20, 1, 1))])
def test_queues_are_told_in_samples_of_the_configured_time(counted_ns, counts):
    found = decoded(group(sample_ns=128), state(histogram(counts, sample_ns=counted_ns)))
    entry = found["histogram_tc_info"]["swp1"]["0"]
    assert list(entry) == ["data", "sample_time_ns", "counted", "meaning"]
    assert (list(entry["data"].values())[:3], entry["sample_time_ns"]) == ([10, 1, 0], 128)
    assert (entry["counted"]["sample_time_ns"], tuple(entry["counted"]["counts"][:3])) == (counted_ns, counts)


def test_samples_of_the_configured_time_are_told_once():
    found = decoded(group(), state(histogram(COUNTS)))
    assert list(found["histogram_tc_info"]["swp1"]["0"]) == ["data", "sample_time_ns", "meaning"]


def test_a_doubt_is_written_down():
    one = msgspec.structs.replace(histogram(COUNTS), doubt="looked at")
    found = decoded(group(), state(one))
    assert found["histogram_tc_info"]["swp1"]["0"]["doubt"] == "looked at"


def test_intervals_of_a_counter_stay_what_they_are():
    one = histogram([7, 8], "swp1/tx-pkt", meaning="switch.queue.sampled_packets", lows=(0, 9), sample_ns=1_000_000)
    found = decoded(group(stat_type="histogram_counter"), state(one))
    entry = found["histogram_counter_info"]["swp1"]["tx-pkt"]
    assert (entry["data"], entry["sample_time_ns"]) == ({"0:8": 7, "9:*": 8}, 1_000_000)
    assert "counted" not in entry


def test_numbers_stand_under_port_and_part():
    numbers = [
        number(70, "swp1", name="rx", delta=7, meaning="nic.ring.passed", unit="packets"),
        number(9, "swp1/rx-3", name="used", limit=512, meaning="nic.ring.used", unit="descriptors"),
    ]
    assert decoded(group(stat_type="packet_all"), state(numbers=numbers)) == {
        "packet_all_info": {"swp1": {"port": {"rx": 70, "rx_since": 7}, "rx-3": {"used": 9, "used_limit": 512}}}
    }
    assert list(decoded(group(stat_type="nic.ring.*"), state(numbers=numbers))) == ["number_info"]


def test_what_is_written_is_read_again(tmp_path):
    sent = [histogram(COUNTS), histogram([7, 8], "swp2/tc 1", meaning="qdisc.queue.length", lows=(0, 1), sample_ns=1)]
    reading = state(*sent)
    parts = snapshot.parts(group(), reading)
    path = Ring(str(tmp_path / "s"), 4).write(snapshot.HEAD, reading.begin, reading.end, parts)
    items = list(asic_histograms(Document("asic-monitor snapshot s_0", str(path), path.read_bytes())))
    read = [item for item in items if isinstance(item, Histogram)]
    assert [(one.meaning, one.place, one.lows, one.counts, one.sample_ns) for one in read] == [
        (one.meaning, one.place, one.lows, one.counts, one.sample_ns) for one in sent
    ]
    assert {one.end.ns // 1000 for one in read} == {reading.end.ns // 1000}
