"""The sample of the documentation, on ports with a queue under load: snapshots, log lines, what is collected."""

import json
import re
import time
from pathlib import Path

import pytest
from tests.monitoring.public_reader import bins, in_order, seconds_at_least
from tests.monitoring.switch import HELD
from tests.namespaces import needs

from brimful.monitor.looking import STEP_NS

pytestmark = pytest.mark.kernel

SAMPLE = (Path(__file__).parents[1] / "monitor" / "data" / "buffer-monitoring.conf").read_text()
"""As it stands in the user guide of Cumulus Linux 3.x."""

OTHERS = """
monitor.buffers_pg.port_set = swp1-swp50
monitor.buffers_pg.stat_type = buffer
monitor.buffers_pg.action_list = [snapshot]
monitor.buffers_pg.snapshot.file = /var/lib/cumulus/buffer_stats
monitor.buffers_pg.snapshot.file_count = 8

monitor.all_packet_pg.port_set = swp1-swp50
monitor.all_packet_pg.stat_type = packet_all
monitor.all_packet_pg.action_list = [snapshot]
monitor.all_packet_pg.snapshot.file = /var/lib/cumulus/all_packet_stats
monitor.all_packet_pg.snapshot.file_count = 8

monitor.discards_pg.port_set = swp1-swp50
monitor.discards_pg.stat_type = packet
monitor.discards_pg.trigger_type = timer
monitor.discards_pg.timer = 2s
monitor.discards_pg.action_list = [snapshot,log]
monitor.discards_pg.snapshot.file = /var/lib/cumulus/discards_stats
monitor.discards_pg.snapshot.file_count = 16
monitor.discards_pg.snapshot.packet_congestion_drops = 100
monitor.discards_pg.log.packet_congestion_drops = 100
"""
"""The groups that the sample names without settings, as later documentation has them."""

TABLE = """
monitor.port_group_list = [histogram_pg]
monitor.histogram_pg.port_set = swp1
monitor.histogram_pg.stat_type = histogram
monitor.histogram_pg.cos_list = [0]
monitor.histogram_pg.trigger_type = timer
monitor.histogram_pg.timer = 1s
monitor.histogram_pg.action_list = [snapshot]
monitor.histogram_pg.snapshot.file = /var/lib/cumulus/histogram_stats
monitor.histogram_pg.snapshot.file_count = 64
monitor.histogram_pg.histogram.minimum_bytes_boundary = 960
monitor.histogram_pg.histogram.bin_size_bytes = 12288
monitor.histogram_pg.histogram.sample_time_ns = {sample_ns}
"""
WITHOUT_BPF = ("setpriv", "--bounding-set", "-bpf,-perfmon,-sys_admin")
LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d \S+ asic-monitor-module INFO: "
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}: "
    r"(?P<text>Egress queue\(s\) greater than 500 bytes in monitor port group histogram_pg|Packet congestion .*)"
)


def test_the_sample_does_on_this_host_what_it_says(switch):
    for number in (1, 2, 3):
        switch.port(number)
    conf = switch.configuration(SAMPLE + OTHERS)
    with switch.rsyslog(), switch.monitor(conf) as running:
        running.wait_for("done", "histogram_stats_1")
        assert switch.logged() == []
        assert sorted({path.name.rpartition("_")[0] for path in switch.files.iterdir()}) == ["histogram_stats"]
        with switch.sending(200):
            running.wait_for("done", "histogram_stats_4")
        running.wait_for("done", "histogram_stats_6")
        assert running.end() == ""
    # each second one, from the first on
    snapshots = switch.snapshots()
    assert [one["timestamp_info"]["sequence"] for one in snapshots.values()] == list(range(1, len(snapshots) + 1))
    assert all(list(one["histogram_tc_info"]) == ["swp1", "swp2", "swp3"] for one in snapshots.values())
    deep = {
        number: one["histogram_tc_info"]["swp1"]["0"]["peak"]
        for number, one in snapshots.items()
        if one["histogram_tc_info"]["swp1"]["0"]["peak"] >= 500
    }
    assert {3, 4} <= deep.keys() <= {2, 3, 4, 5}
    assert 40_000 < deep[3] <= 60_000
    assert all(one["histogram_tc_info"]["swp2"]["0"]["peak"] == 0 for one in snapshots.values())
    # a line for each of those, in the words of the documentation
    lines = [LINE.fullmatch(line) for line in switch.logged()]
    assert all(lines), switch.logged()
    texts = [line["text"] for line in lines]
    assert len([text for text in texts if text.startswith("Egress")]) == len(deep)
    # and for each of those both are collected, once
    for prefix in ("buffer_stats", "all_packet_stats"):
        assert list(switch.snapshots(prefix)) == list(range(len(deep)))
    assert list(switch.snapshots("buffer_stats")[0]["buffer_info"]) == ["swp1", "swp2", "swp3"]
    packets = [one["packet_all_info"]["swp1"] for one in switch.snapshots("all_packet_stats").values()]
    assert packets[0] != packets[1]
    # what the queue refused was more than 100
    assert [text for text in texts if text.startswith("Packet congestion drops greater than 100 packets")]
    assert switch.snapshots("discards_stats")
    assert running.said("failed") == []


def test_the_table_of_the_documentation_to_the_byte(switch):
    switch.port(1)
    with switch.monitor(switch.configuration(TABLE.format(sample_ns=1024)), "--once") as running:
        assert running.ended() == ""
    text = (switch.files / "histogram_stats_0").read_text()
    (data,) = re.findall(r'"histogram_tc_info":\{"swp1":\{"0":\{"data":(\{[^}]*\})', text)
    count = json.loads(data)["0:959"]
    assert data == (
        f'{{"0:959":{count},"960:2495":0,"2496:4031":0,"4032:5567":0,"5568:7103":0,"7104:8639":0,"8640:10175":0,'
        '"10176:11711":0,"11712:13247":0,"13248:*":0}'
    )
    assert 976_562 <= count < 2_000_000


@pytest.mark.parametrize(("sample_ns", "under"), [(1024, ()), (128, ()), (1024, WITHOUT_BPF)])
def test_a_public_reader_finds_the_right_times(switch, sample_ns, under):
    needs("setpriv")
    switch.port(1, HELD)
    with switch.monitor(switch.configuration(TABLE.format(sample_ns=sample_ns)), before=under) as running:
        running.wait_for("done", "histogram_stats_0")
        before = time.monotonic()
        switch.send(31)
        after = time.monotonic()
        running.wait_for("done", "histogram_stats_3")
        last = time.monotonic()
        running.end()
    snapshots = in_order(str(switch.files / "histogram_stats"))[:4]
    assert [one["timestamp_info"]["sequence"] for one in snapshots] == [1, 2, 3, 4]
    found = [bins(one, "histogram_tc_info", "swp1", "0") for one in snapshots]
    assert [low for low, _, _ in found[0]] == [0, 960, 2496, 4032, 5568, 7104, 8640, 10176, 11712, 13248]
    # each file holds the time from the reading before it to its own
    for one in found[1:]:
        assert abs(sum(count for _, _, count in one) * sample_ns / 1e9 - 1) < 0.3
    held = sum(seconds_at_least(one, 13_248, sample_ns) for one in found)
    assert last - after - 0.3 < held < last - before
    # what was really counted stands beside it, and says the same
    for one in snapshots:
        entry = one["histogram_tc_info"]["swp1"]["0"]
        counted = entry["counted"]
        assert (entry["sample_time_ns"], counted["sample_time_ns"]) == (sample_ns, STEP_NS if under else 1)
        window_ns = sum(counted["counts"]) * counted["sample_time_ns"]
        assert abs(window_ns - sum(entry["data"].values()) * sample_ns) <= sample_ns / 2
