import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.chain.meaning import MEANINGS
from brimful.cli.options import catalog
from brimful.collect import gather
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.histogram import Histogram, asic_lows
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin, Unread
from brimful.monitor import snapshot
from brimful.monitor.group import Group
from brimful.monitor.ring import Ring
from brimful.monitor.state import Number, State
from brimful.roots.base import Document
from brimful.roots.detect import open_roots
from brimful.sources.asic_histograms import MOST_BYTES, asic_histograms

CAPTURES = Path(__file__).parents[1] / "captures" / "asic_histograms"
OLDEST = (CAPTURES / "documented" / "histogram_stats_0").read_bytes()
OLD = (CAPTURES / "documented" / "histogram_stats_1").read_bytes()
CONF = (CAPTURES / "documented" / "monitor.conf").read_text()
RANGES = (CAPTURES / "ranges" / "histogram_stats_7").read_bytes()
OURS = (CAPTURES / "ours" / "queue_stats_0").read_bytes()

UNTOLD = "the sampling time is not told: taken for 1024 ns, which is the documented default"
CELLS = "the ranges are those of monitor.conf in cells of 96 bytes: the file names them by number only"
SPECTRUM_2 = (0, 864, 2304, 3744, 5184, 6624, 8064, 9504, 10944, 12384)
AT = '"timestamp_info": {"start_datetime": "2023-05-11 09:00:01.004200"}'


def read(text, conf="", file="/saved/histogram_stats_3"):
    document = Document("asic-monitor snapshot", file, text if isinstance(text, bytes) else text.encode())
    document.beside = conf
    return list(asic_histograms(document))


def histograms(items):
    return [item for item in items if isinstance(item, Histogram)]


def unread(items):
    return [item.why for item in items if isinstance(item, Unread)]


def of(data, kind="histogram_tc_info"):
    return f'{{{AT}, "{kind}": {{"swp1": {{"0": {{"data": {data}}}}}}}}}'


def test_ranges_as_newer_switches_write_them():
    items = read(RANGES)
    found = {(one.meaning, one.place): one for one in histograms(items)}
    assert list(found) == [
        ("switch.queue.depth", "swp1/tc 0"),
        ("switch.queue.depth", "swp1/tc 3"),
        ("switch.queue.depth", "swp2/tc 0"),
        ("switch.pool.level", "swp1/pg 0"),
        ("switch.queue.sampled_errors", "swp1/crc"),
        ("switch.queue.sampled_bytes", "swp1/tx-byte"),
        ("switch.queue.latency", "swp1/tc 0"),
    ]
    busy = found["switch.queue.depth", "swp1/tc 3"]
    assert busy.lows == SPECTRUM_2 == asic_lows(960, 12288, 144)
    assert busy.counts == (970000, 4000, 3000, 2000, 600, 300, 80, 20, 0, 318)
    assert (busy.sample_ns, busy.doubt, busy.source) == (1024, UNTOLD, "asic_histograms")
    assert (busy.origin.file, busy.origin.line) == ("/saved/histogram_stats_3", 22)
    assert busy.origin.raw.startswith('{ "data": { "0:863": 970000,')
    assert unread(items) == []


def test_a_latency_counts_packets_not_time():
    one = histograms(read(RANGES))[-1]
    assert (one.sample_ns, one.window_ns, one.begin, str(one.end), one.doubt) == (
        0,
        0,
        None,
        "2023-05-11T09:00:01.005Z",
        "",
    )


def test_the_window_lies_before_the_reading_and_is_as_long_as_the_counts_say():
    first = histograms(read(RANGES))[0]
    assert first.window_ns == 978065 * 1024
    assert first.end.ns - first.begin.ns == 978065 * 1024
    assert (str(first.end), first.end.zone_known) == ("2023-05-11T09:00:01.005Z", False)


def test_without_an_end_the_reading_began_when_it_ended():
    (one,) = histograms(read(of('{"0:95": 1000, "96:*": 5}')))
    assert str(one.end) == "2023-05-11T09:00:01.004Z"
    assert one.end.ns - one.begin.ns == 1005 * 1024


def test_what_brimful_monitor_wrote_comes_back():
    first, other, arrivals = histograms(read(OURS))
    assert (first.meaning, first.place, first.lows, first.counts) == (
        "qdisc.queue.backlog",
        "veth0/tc 0",
        (0, 960),
        (900_000_000, 100_250_000),
    )
    assert (first.sample_ns, first.doubt) == (1, "")
    assert (str(first.begin), str(first.end)) == ("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z")
    assert (first.begin.zone_known, first.end.zone_known) == (True, True)
    assert first.end.ns - first.begin.ns == first.window_ns == 1_000_250_000
    assert (other.lows, other.counts) == ((0, 96), (800_000_000, 200_250_000))
    assert (arrivals.sample_ns, arrivals.counts) == (0, (900, 100))


def test_what_brimful_monitor_writes_is_what_is_read(tmp_path):
    begin, end = Moment(1_700_000_000 * SECOND), Moment(1_700_000_001 * SECOND)
    written = tuple(
        Histogram(meaning, place, (0, 960, 1056), counts, sample_ns, begin, end, Origin("live"))
        for meaning, place, counts, sample_ns in (
            ("qdisc.queue.backlog", "eth0/tc 3", (SECOND - 5, 5, 0), 1),
            ("qdisc.queue.backlog", "eth1", (7, 8, 9), 1_000_000),
            ("qdisc.queue.length", "eth0/tc 3", (SECOND - 7, 3, 4), 1),
            ("qdisc.queue.latency", "eth0/tc 3", (3, 4, 5), 0),
            ("switch.queue.sampled_bytes", "eth0/tx-byte", (3, 4, 5), 1_000_000),
        )
    )
    numbers = (
        Number("eth0", "rx_dropped", "nic.ring.dropped", "packets", 5, 2),
        Number("eth0/tc 3", "backlog", "qdisc.queue.backlog", "bytes", 0, limit=61_440),
    )
    state = State("g", begin, end, written, numbers, {"eth0/tc 3": 60_564})
    parts = snapshot.parts(Group("g", "histogram"), state)
    path = Ring(str(tmp_path / "queues"), 3).write(snapshot.HEAD, begin, end, parts)
    found = histograms(read(path.read_bytes(), CONF, str(path)))
    known = {(one.meaning, one.place): (one.lows, one.counts, one.sample_ns, one.begin, one.end) for one in found}
    assert known == {(one.meaning, one.place): (one.lows, one.counts, one.sample_ns, begin, end) for one in written}
    assert {(one.meaning, one.place): (one.peak, one.limit) for one in found if one.peak} == {
        ("qdisc.queue.backlog", "eth0/tc 3"): (60_564, 61_440)
    }
    packets = State("g", begin, end, (), state.numbers)
    parts = snapshot.parts(Group("g", "packet"), packets)
    path = Ring(str(tmp_path / "packets"), 3).write(snapshot.HEAD, begin, end, parts)
    assert read(path.read_bytes()) == []


def test_resolution_is_told_for_each_queue():
    facts = {(item.name, item.place): item.value for item in read(RANGES) if isinstance(item, Fact)}
    assert facts == {
        ("switch.queue.resolution_ns", "swp1/tc 0"): 1024,
        ("switch.queue.resolution_depth", "swp1/tc 0"): 864,
        ("switch.queue.resolution_ns", "swp1/tc 3"): 1024,
        ("switch.queue.resolution_depth", "swp1/tc 3"): 864,
        ("switch.queue.resolution_ns", "swp2/tc 0"): 1024,
        ("switch.queue.resolution_depth", "swp2/tc 0"): 864,
        ("switch.queue.resolution_ns", "swp1/pg 0"): 1024,
        ("switch.queue.resolution_depth", "swp1/pg 0"): 864,
    }
    measured = {item.name: item.value for item in read(OURS) if isinstance(item, Fact)}
    assert measured["switch.queue.resolution_ns"] == 0


def test_ranges_named_by_number_are_those_of_the_configuration():
    found = histograms(read(OLDEST, CONF))
    assert [one.place for one in found] == ["swp2", "swp32", "swp1"]
    assert {one.lows for one in found} == {(0, 960, 2496, 4032, 5568, 7104, 8640, 10176, 11712, 13248)}
    assert found[0].counts == (55531, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert (found[0].sample_ns, found[0].doubt) == (2048, CELLS)
    assert str(found[0].end) == "2017-03-16T21:36:40.775Z"


def test_ranges_named_by_number_say_nothing_without_a_configuration():
    items = read(OLDEST)
    assert histograms(items) == []
    # what is wrong with every port is told once
    assert unread(items) == [
        "histogram_info: the file names its ranges by number only, and no monitor.conf tells what they are"
    ]


def test_the_example_of_the_documentation_with_its_commas():
    found = histograms(read(OLD, CONF))
    assert [(one.meaning, one.place, one.counts[0]) for one in found if one.meaning == "switch.queue.depth"] == [
        ("switch.queue.depth", "swp1/tc 0", 10000),
        ("switch.queue.depth", "swp2/tc 0", 11000),
        ("switch.queue.depth", "swp2/tc 1", 12000),
        ("switch.queue.depth", "swp3/tc 0", 13000),
    ]
    assert [one.place for one in found][4:] == ["swp1/pg 0", "swp2/pg 0", "swp2/pg 1", "swp3/pg 0"]
    assert [one.origin.line for one in found] == [10, 13, 14, 17, 22, 25, 26, 29]
    # a counter is not counted in cells
    assert unread(read(OLD, CONF)) == [
        "histogram_info_counter: the file names its ranges by number only, and no monitor.conf tells what they are"
    ]


def test_several_snapshots_in_one_file():
    items = read(b"[" + RANGES + b",\n" + RANGES.replace(b"978065", b"978066") + b"]")
    places = [(one.counts[0], one.origin.line) for one in histograms(items) if one.place == "swp1/tc 0"]
    assert [counts for counts, _ in places] == [978065, 5000, 978066, 5000]
    assert places[2][1] > places[0][1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "the snapshot is empty"),
        (b" \n", "the snapshot is empty"),
        (b"[3]", "no snapshot: not an object"),
        (RANGES[:900], "no whole snapshot: Input data was truncated"),
        (of('{"0:95": 1, "97:*": 1}'), "histogram_tc_info: the ranges do not follow one another from 0 to *"),
        (of('{"0:95": 1, "96:191": 1}'), "histogram_tc_info: the ranges do not follow one another from 0 to *"),
        (of('{"96:*": 1}'), "histogram_tc_info: the ranges do not follow one another from 0 to *"),
        (of('{"0-95": 1, "96:*": 1}'), "histogram_tc_info: '0-95' is no range"),
        (of('{"0:95": -1, "96:*": 1}'), "histogram_tc_info: not unsigned 64-bit numbers"),
        (of('{"0:95": 18446744073709551616, "96:*": 1}'), "histogram_tc_info: not unsigned 64-bit numbers"),
        (of('{"0:95": "1"}'), "histogram_tc_info: no counts by range"),
        (f'{{{AT}, "histogram_tc_info": {{"swp1": 3}}}}', "histogram_tc_info: no histograms"),
    ],
)
def test_what_is_torn_or_wrong_costs_itself(text, why):
    items = read(text)
    assert histograms(items) == []
    assert unread(items) == [why]


def test_what_was_counted_goes_before_samples_and_in_the_order_of_the_ranges():
    text = of(
        '{"960:*": 2, "0:959": 1}, "sample_time_ns": 1024, "counted": {"counts": [2000, 1100], "sample_time_ns": 1}'
    )
    (one,) = histograms(read(text))
    assert (one.lows, one.counts, one.sample_ns, one.doubt) == ((0, 960), (1100, 2000), 1, "")


def test_a_doubt_of_who_wrote_it_is_handed_on():
    (one,) = histograms(read(of('{"0:959": 1, "960:*": 0}, "sample_time_ns": 1024, "doubt": "looked at"')))
    assert one.doubt == "looked at"


@pytest.mark.parametrize("counts", ["[1]", "[1, 2, 3]", "[]"])
def test_counts_that_are_not_those_of_the_ranges_are_unread(counts):
    items = read(of(f'{{"0:959": 1, "960:*": 2}}, "counted": {{"sample_time_ns": 1, "counts": {counts}}}'))
    assert unread(items) == ["histogram_tc_info: not a count for each range"]
    assert histograms(items) == []


def test_one_bad_queue_costs_itself_only():
    items = read(RANGES.replace(b'"2304:3743": 3000', b'"2304:3743": -3'))
    assert [one.place for one in histograms(items)][:2] == ["swp1/tc 0", "swp2/tc 0"]
    assert unread(items) == ["histogram_tc_info: not unsigned 64-bit numbers"]


def test_what_is_longer_than_any_snapshot_is_not_looked_into():
    assert unread(read(b"{" + b" " * MOST_BYTES)) == ["longer than 64 MiB: no snapshot"]


def test_ranges_in_any_order_are_put_in_order():
    (one,) = histograms(read(of('{"96:191": 2, "192:*": 3, "0:95": 1}')))
    assert (one.lows, one.counts) == ((0, 96, 192), (1, 2, 3))


def test_without_a_time_the_window_is_not_known():
    (one,) = histograms(read('{"histogram_tc_info": {"swp1": {"0": {"data": {"0:95": 1, "96:*": 1}}}}}'))
    assert (one.begin, one.end, one.window_ns) == (None, None, 2048)


def test_counters_of_other_kinds_are_told_by_their_words_and_doubted():
    text = f"""{{{AT}, "buffer_info": {{"swp1": {{"tc": {{"3": {{"Current Value": 96, "Watermark": 9600}}}},
      "pg": {{"0": {{"current_value": 192, "watermark": 19200, "desc_watermark": 7}}}}}}}},
      "packet_info": {{"swp1": {{"rx": {{"discard_buffer": 7, "discard_policy": 0, "discard_opcode": 2}},
      "tx": {{"pause_packet": "5", "pause_duration": 9}}}}}}}}"""
    items = read(text)
    evidence = Evidence(items)
    (frame,) = (item for item in items if isinstance(item, Frame))
    assert str(frame.at) == "2023-05-11T09:00:01.004Z"
    found = {(r.series.meaning, r.series.place): r.last for r in evidence.all_readings()}
    assert found == {
        ("switch.queue.depth", "swp1/tc 3"): 96,
        ("switch.queue.peak", "swp1/tc 3"): 9600,
        ("switch.pool.level", "swp1/pg 0"): 192,
        ("switch.pool.peak", "swp1/pg 0"): 19200,
        ("switch.pool.dropped", "swp1"): 7,
        ("switch.pool.pause_sent", "swp1"): 5,
    }
    assert all("no names of asic-monitor are documented" in r.series.doubt for r in evidence.all_readings())
    assert [r.origin.line for r in evidence.readings("switch.pool.dropped")] == [3]
    levels = {r.series.meaning: r.series.width_bits for r in evidence.all_readings()}
    assert (levels["switch.queue.peak"], levels["switch.pool.dropped"]) == (0, 64)
    assert [(fact.place, fact.value) for fact in evidence.facts("nic.unmapped")] == [
        ("swp1/packet rx discard_opcode", "packet rx discard_opcode 2")
    ]


def ring(folder, count):
    for number in range(count):
        text = RANGES.replace(b"09:00:01", b"09:%02d:%02d" % divmod(number + 1, 60))
        # the ring was full and has begun anew: the last of them are the oldest
        (folder / f"histogram_stats_{(number + 5) % count}").write_bytes(text)


def test_a_single_file(tmp_path):
    ring(tmp_path, 1)
    evidence = gather(open_roots(str(tmp_path / "histogram_stats_0"), catalog()))
    assert len(evidence.histograms("switch.queue.depth", place="swp1/tc 0")) == 1


def test_a_ring_of_64_files_is_one_machine_and_in_the_order_of_time(tmp_path):
    ring(tmp_path, 64)
    (tmp_path / "histogram_stats_64").write_bytes(b"")
    (tmp_path / "histogram_stats_65").write_bytes(RANGES[:700])
    (root,) = open_roots(str(tmp_path), catalog())
    evidence = gather([root])
    found = evidence.histograms("switch.queue.depth", place="swp1/tc 0")
    assert [str(one.end) for one in found] == [
        f"2023-05-11T09:{second // 60:02}:{second % 60:02}.005Z" for second in range(1, 65)
    ]
    assert found[0].origin.file.endswith("histogram_stats_5")
    assert [(item.origin.short, item.why) for item in evidence.unread] == [
        ("histogram_stats_65", "no whole snapshot: Input data was truncated")
    ]


def test_a_configuration_beside_them_tells_how_often_was_sampled(tmp_path):
    ring(tmp_path, 2)
    (tmp_path / "monitor.conf").write_text(CONF)
    evidence = gather(open_roots(str(tmp_path), catalog()))
    assert {(one.sample_ns, one.doubt) for one in evidence.histograms("switch.queue.depth")} == {(2048, "")}


def test_files_where_a_switch_keeps_them(tmp_path):
    kept, conf = tmp_path / "var/lib/cumulus", tmp_path / "etc/cumulus/datapath"
    kept.mkdir(parents=True)
    conf.mkdir(parents=True)
    ring(kept, 3)
    (kept / "nclu_history_1").write_text("no snapshot")
    (conf / "monitor.conf").write_text(CONF)
    evidence = gather(open_roots(str(tmp_path), catalog()))
    assert [one.sample_ns for one in evidence.histograms("switch.queue.depth", place="swp1/tc 0")] == [2048] * 3
    assert evidence.unread == []


LABELS = st.one_of(st.from_regex(r"\A[0-9]{1,3}:([0-9]{1,3}|\*)\Z"), st.text(max_size=4), st.sampled_from("0123456789"))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
TREES = st.recursive(
    LEAVES, lambda inner: st.dictionaries(LABELS | st.sampled_from(["data", "more"]), inner, max_size=4)
)
KINDS = st.sampled_from(["timestamp_info", "histogram_tc_info", "histogram_info_pg", "buffer_info", "histogram_info"])


@given(st.dictionaries(KINDS, TREES, max_size=4), st.sampled_from(["", CONF]))
def test_any_tree_is_read_without_an_exception(tree, conf):
    items = read(json.dumps(tree), conf)
    for one in histograms(items):
        assert one.meaning in MEANINGS
        assert len(one.lows) == len(one.counts) >= 2
        assert one.lows[0] == 0
        assert list(one.lows) == sorted(set(one.lows))
