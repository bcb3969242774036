"""What a check finds: on the sample of the documentation what its arithmetic says, and each doubt on its own."""

import itertools
from pathlib import Path

import pytest

from brimful.evidence.histogram import asic_lows
from brimful.monitor import cost as costs
from brimful.monitor.conf import parsed, written
from brimful.monitor.cost import Cost
from brimful.monitor.finding import Severity
from brimful.monitor.lint import lint

SAMPLE = Path(__file__).parent / "data" / "buffer-monitoring.conf"
EXAMPLES = Path(__file__).parents[2] / "examples" / "monitor"

CLEAN = """monitor.port_group_list = [q]
monitor.q.port_set = swp1-swp8
monitor.q.stat_type = histogram_tc
monitor.q.trigger_type = timer
monitor.q.timer = 1s
monitor.q.histogram.minimum_bytes_boundary = 1152
monitor.q.histogram.histogram_size_bytes = 13824
"""
"""A group of which there is nothing to say, and to which a test adds its lines, the eighth and on."""

PACKETS = """monitor.port_group_list = [p]
monitor.p.port_set = swp1-swp8
monitor.p.stat_type = packet
monitor.p.trigger_type = timer
monitor.p.timer = 1s
"""


def report(text, cells=(96, 144, 192)):
    return lint(parsed(text.encode(), "x.conf"), cells)


def found(text, cells=(96, 144, 192)):
    return [(one.line, one.key, one.severity.value, one.what) for one in report(text, cells).findings]


def test_the_sample_of_the_documentation():
    checked = lint(written(str(SAMPLE)))
    no_settings = "has no settings in this file: nothing is read for it"
    inside = "500 lies inside range 0, 0 to 959 on Spectrum-1: it tells no such queue from an empty one, and is taken for 960"
    assert [(one.line, one.key, one.severity.value, one.what) for one in checked.findings] == [
        (1, "port_group_list", "problem", f"discards_pg {no_settings}"),
        (1, "port_group_list", "problem", f"all_packet_pg {no_settings}"),
        (1, "port_group_list", "problem", f"buffers_pg {no_settings}"),
        (
            14,
            "histogram_pg.histogram.minimum_bytes_boundary",
            "remark",
            "1,024 bytes are no multiple of a cell: range 1 begins at 960 on Spectrum-1",
        ),
        (
            15,
            "histogram_pg.histogram.bin_size_bytes",
            "problem",
            (
                "1,024 bytes are less than 8 cells: ranges 1 to 8 have no width on Spectrum-2 and Spectrum-3 (cells of 144 "
                "bytes), Spectrum-4 (cells of 192 bytes)"
            ),
        ),
        (
            15,
            "histogram_pg.histogram.bin_size_bytes",
            "remark",
            "1,024 bytes are no multiple of 8 cells: each range is 96 bytes, range 9 begins at 1,728 on Spectrum-1",
        ),
        (17, "histogram_pg.log.queue_bytes", "problem", inside),
        (18, "histogram_pg.collect.queue_bytes", "problem", inside),
    ]
    assert (checked.count(Severity.PROBLEM), checked.count(Severity.REMARK)) == (6, 2)


def test_what_the_sample_costs():
    (cost,) = lint(written(str(SAMPLE))).costs
    lows = asic_lows(1024, 1024, 96)
    labels = [f"{low}:{high - 1}" for low, high in itertools.pairwise(lows)] + ["1728:*"]
    bins = ",".join(f'"{label}":{976562 if label == "0:959" else 0}' for label in labels)
    text = len("," + f'"swp10":{{"0":{{"data":{{{bins}}}}}}}')
    assert (cost.queues, cost.ports, cost.numbers, cost.every_s, cost.ring_s) == (50, 50, 500, 1.0, 64.0)
    assert cost.file_bytes == pytest.approx(50 * text, rel=0.15)
    assert cost.ring_bytes == 64 * cost.file_bytes
    assert cost.day_bytes == 86400 * cost.file_bytes
    assert not cost.measured


@pytest.mark.parametrize("cell", [96, 144, 192])
def test_a_configuration_for_every_switch(cell):
    assert found(CLEAN, (cell,)) == []
    assert lint(written(str(EXAMPLES / "collect.conf")), (cell,)).findings == ()


def test_the_buffers_of_a_host():
    assert lint(written(str(EXAMPLES / "every-buffer.conf"))).findings == ()


def test_the_ranges_of_the_documentation():
    text = CLEAN.replace("1152", "960").replace("13824", "12288")
    assert found(text, (96,)) == found(text, (192,)) == []
    assert found(text, (144,)) == [
        (
            6,
            "q.histogram.minimum_bytes_boundary",
            "remark",
            "960 bytes are no multiple of a cell: range 1 begins at 864 on Spectrum-2 and Spectrum-3",
        ),
        (
            7,
            "q.histogram.histogram_size_bytes",
            "remark",
            (
                "12,288 bytes are no multiple of 8 cells: each range is 1,440 bytes, range 9 begins at 12,384 on Spectrum-2 and "
                "Spectrum-3"
            ),
        ),
    ]


def test_a_lowest_range_without_width():
    text = CLEAN.replace("1152", "100")
    ((line, key, severity, what),) = found(text, (144,))
    assert (line, key, severity) == (6, "q.histogram.minimum_bytes_boundary", "problem")
    assert what == "range 0 has no width on Spectrum-2 and Spectrum-3 (cells of 144 bytes)"


@pytest.mark.parametrize(
    ("level", "severity", "what"),
    [
        ("0", None, ""),
        ("1152", None, ""),
        ("2880", None, ""),
        ("14976", None, ""),
        ("50%", None, ""),
        ("1", "problem", ("1 lies inside range 0, 0 to 1,151 on Spectrum-1: it tells no such queue from an empty one, and "
            "is taken for 1,152")),
        ("1151", "problem", ("1,151 lies inside range 0, 0 to 1,151 on Spectrum-1: it tells no such queue from an empty "
            "one, and is taken for 1,152")),
        ("1153", "remark", "1,153 lies inside a range, and is taken for 2,880 on Spectrum-1"),
        ("14977", "problem", "14,977 lies above the last bound, 14,976 on Spectrum-1: nothing is ever seen to reach it"),
    ],
)  # fmt: skip
def test_thresholds(level, severity, what):
    text = f"{CLEAN}monitor.q.action_list = [log]\nmonitor.q.log.queue_bytes = {level}"
    assert found(text, (96,)) == ([(9, "q.log.queue_bytes", severity, what)] if severity else [])


def test_a_rise_is_a_threshold():
    ((line, key, severity, _),) = found(f"{CLEAN}monitor.q.action_list = [log]\nmonitor.q.log.rise = 5", (96,))
    assert (line, key, severity) == (9, "q.log.rise", "problem")


def test_a_second_range_resolves_what_the_first_does_not():
    text = (
        CLEAN.replace("= 1152", "= [1152,14976]") + "monitor.q.action_list = [log]\nmonitor.q.log.queue_bytes = 16704"
    )
    assert found(text) == []


@pytest.mark.parametrize(
    ("lines", "key", "severity", "what"),
    [
        (
            "monitor.q.stat_type = histogram_pg",
            "q.stat_type",
            "remark",
            "is not measured by Spectrum-1 (cells of 96 bytes)",
        ),
        (
            "monitor.q.cos_list = [0,1]",
            "q.cos_list",
            "remark",
            "16 histograms: a switch has one for each port on average, so 16 ports or more are needed",
        ),
        (
            "monitor.q.port_set = all\nmonitor.q.cos_list = [0,1]",
            "q.cos_list",
            "problem",
            "2 histograms of every port: a switch has one for each port on average",
        ),
        (
            "monitor.q.stat_type = histogram\nmonitor.q.port_set = swp1-swp65",
            "q.port_set",
            "problem",
            "65 egress queues are measured: Cumulus Linux 3.x allows 64",
        ),
        (
            "monitor.q.histogram.sample_time_ns = 100",
            "q.histogram.sample_time_ns",
            "remark",
            "100 ns: a switch takes 128 to 1,000,000,000",
        ),
        (
            "monitor.q.snapshot.file_count = 3",
            "q.snapshot.file_count",
            "remark",
            "has no effect: snapshot is not in action_list",
        ),
        (
            "monitor.q.action_list = [log]\nmonitor.q.log.packet_error_drops = 3",
            "q.log.packet_error_drops",
            "problem",
            "is never compared: a group of histogram_tc reads no such number",
        ),
        ("monitor.q.timer = 2s", "q.timer", "remark", "is set in line 5 too: this one holds"),
        (
            "monitor.port_group_list = [q,z]",
            "port_group_list",
            "problem",
            "z has no settings in this file: nothing is read for it",
        ),
        (
            "monitor.q.action_list = [collect]\nmonitor.q.collect.port_group_list = [q]",
            "q.collect.port_group_list",
            "problem",
            "q collects q: a circle; each of them is read once a round",
        ),
        (
            "monitor.q.action_list = [collect]\nmonitor.q.collect.port_group_list = [gone]",
            "q.collect.port_group_list",
            "problem",
            "gone has no settings in this file: nothing is read for it",
        ),
        (
            "monitor.z.stat_type = nic.ring.used",
            "z",
            "problem",
            "is never read: it is not listed, and no group that runs collects it",
        ),
        (
            "monitor.q.action_list = [snapshot]\nmonitor.q.snapshot.file = here",
            "q.snapshot.file",
            "remark",
            "is no absolute path: it depends on where the service is started",
        ),
    ],
)
def test_doubts(lines, key, severity, what):
    assert (key, severity, what) in [one[1:] for one in found(CLEAN + lines)]


@pytest.mark.parametrize(
    ("lines", "key", "severity", "what"),
    [
        (
            "monitor.p.port_set = swp1-swp14",
            "p.timer",
            "problem",
            "14 ports every 1 s: a switch reads 13 ports each second, 128 every 10 s",
        ),
        (
            "monitor.p.histogram.sample_time_ns = 1024",
            "p.histogram.sample_time_ns",
            "remark",
            "has no effect: a group of packet has no histogram",
        ),
        (
            "monitor.p.action_list = [log]\nmonitor.p.log.queue_bytes = 5",
            "p.log.queue_bytes",
            "problem",
            "is never compared: a group of packet reads no such number",
        ),
        (
            "monitor.p.action_list = [log]\nmonitor.p.log.value = 5\nmonitor.p.stat_type = buffer",
            "p.log.value",
            "remark",
            "asic-monitor has no threshold for the occupancy of buffers; it is compared here",
        ),
        (
            "monitor.p.action_list = [log]\nmonitor.p.log.rise = 5%\nmonitor.p.stat_type = driver.memory.slab",
            "p.log.rise",
            "problem",
            "no limit is known of what a group of driver.memory.slab reads",
        ),
        (
            "monitor.p.stat_type = histogram_counter\nmonitor.p.counter_type = [tx-pkt,rx-pkt,crc]",
            "p.counter_type",
            "problem",
            "3 counters of each port: a switch has histograms of 2 at most",
        ),
        (
            "monitor.p.stat_type = histogram_counter\nmonitor.p.counter_type = l1-rx-byte",
            "p.counter_type",
            "remark",
            "is not measured by Spectrum-1 (cells of 96 bytes), Spectrum-2 and Spectrum-3 (cells of 144 bytes)",
        ),
        (
            "monitor.p.stat_type = histogram_latency\nmonitor.p.histogram.sample_time_ns = 1024",
            "p.histogram.sample_time_ns",
            "remark",
            "has no effect: latency is not sampled",
        ),
    ],
)
def test_doubts_of_numbers(lines, key, severity, what):
    assert (key, severity, what) in [one[1:] for one in found(PACKETS + lines)]


@pytest.mark.parametrize(
    ("target", "form", "told"), [("syslog", "rfc5424", 1), ("syslog", "rfc3164", 0), ("udp://h:1", "rfc5424", 0)]
)
def test_a_form_that_rsyslog_does_not_take_over_its_socket(target, form, told):
    lines = f"{CLEAN}monitor.q.action_list = [log]\nmonitor.q.log.target = {target}\nmonitor.q.log.form = {form}\n"
    what = 'over the local socket rsyslog understands rfc5424 only with UseSpecialParser="off"'
    assert [one[1:] for one in found(lines)].count(("q.log.form", "remark", what)) == told


@pytest.mark.parametrize("sample_ns", [128, 1_000_000_000])
def test_times_between_samples_that_a_switch_takes(sample_ns):
    assert found(f"{CLEAN}monitor.q.histogram.sample_time_ns = {sample_ns}") == []


def test_two_counters_of_a_port_are_measured():
    text = PACKETS.replace("= packet", "= histogram_counter") + "monitor.p.counter_type = [tx-pkt,rx-pkt]"
    assert found(text, (144,)) == []


def test_what_no_switch_of_ours_can_do_is_a_problem():
    text = CLEAN.replace("histogram_tc", "histogram_pg")
    assert [(severity, what) for _, _, severity, what in found(text, (96,))] == [
        ("problem", "is not measured by Spectrum-1 (cells of 96 bytes)")
    ]
    assert found(text, (144,)) == []


def test_the_ports_of_a_second():
    for ports, timer, problems in ((13, "1s", 0), (14, "1s", 1), (128, "10s", 0), (131, "10s", 1), (131, "1m", 0)):
        text = PACKETS.replace("swp8", f"swp{ports}").replace("1s", timer)
        assert len(found(text)) == problems


def test_a_group_that_another_collects_is_as_fast_as_it():
    text = (
        f"{CLEAN}monitor.q.action_list = collect\nmonitor.q.collect.port_group_list = [p]\n"
        "monitor.p.port_set = swp1-swp50\nmonitor.p.stat_type = buffer\n"
    )
    assert found(text) == [
        (
            10,
            "p.port_set",
            "remark",
            "when each reading collects it, 50 ports every 1 s: a switch reads 13 ports each second, 128 every 10 s",
        )
    ]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 0, "names no port group: the service stops"),
        ("#\nmonitor.port_group_list = []", 2, "names no port group: the service stops"),
        (
            CLEAN.replace("trigger_type", "action_list").replace("= timer", "= log"),
            1,
            "no group of the list has a timer",
        ),
    ],
)
def test_why_nothing_runs(text, line, what):
    (first, *_) = found(text)
    assert first[:3] == (line, "port_group_list", "problem")
    assert first[3].startswith(what)


def test_a_timer_without_its_trigger():
    text = CLEAN.replace("monitor.q.trigger_type = timer\n", "")
    assert [one[1:3] for one in found(text)] == [
        ("port_group_list", "problem"),
        ("q", "problem"),
        ("q.timer", "remark"),
    ]


def test_a_name_that_is_nearly_another():
    text = CLEAN.replace("= [q]", "= [all_packets_pg]").replace("monitor.q.", "monitor.all_packet_pg.")
    text += "monitor.z.stat_type = nic.ring.used\n"
    what = "all_packets_pg has no settings in this file: nothing is read for it; is all_packet_pg meant?"
    assert what in [one[3] for one in found(text)]


def test_settings_under_another_name():
    """As in an example of the documentation, which lists latency_pg and sets histogram_pg."""
    text = CLEAN.replace("= [q]", "= [latency_pg]").replace("monitor.q.", "monitor.histogram_pg.")
    assert [one[1:] for one in found(text)] == [
        ("port_group_list", "problem", "no group of the list has a timer: the service ends at once"),
        (
            "port_group_list",
            "problem",
            "latency_pg has no settings in this file: nothing is read for it; is histogram_pg meant?",
        ),
        ("histogram_pg", "problem", "is never read: it is not listed, and no group that runs collects it"),
    ]


def test_one_ring_for_two_groups():
    lines = "monitor.q.action_list = snapshot\nmonitor.q.snapshot.file = /nowhere/s\n"
    text = CLEAN + lines + (CLEAN + lines).replace("[q]", "[q,r]").replace("monitor.q.", "monitor.r.")
    assert (18, "r.snapshot.file", "remark", "/nowhere/s is also the ring of q: they share its files") in found(text)


def test_a_ring_that_has_no_room(tmp_path, monkeypatch):
    text = f"{CLEAN}monitor.q.action_list = snapshot\nmonitor.q.snapshot.file = {tmp_path}/s"
    assert found(text) == []
    (cost,) = report(text).costs
    monkeypatch.setattr("brimful.monitor.lint.free_bytes", lambda _: cost.ring_bytes - 1)
    what = f"64 files take about {cost.ring_bytes:,} bytes, and {cost.ring_bytes - 1:,} are free there"
    assert found(text) == [(9, "q.snapshot.file", "problem", what)]
    monkeypatch.setattr("brimful.monitor.lint.free_bytes", lambda _: cost.ring_bytes)
    assert found(text) == []


def test_room_is_that_of_the_folder(tmp_path):
    assert costs.free_bytes(f"{tmp_path}/s") > 0
    assert costs.free_bytes(f"{tmp_path}/gone/s") is None


def test_a_ring_that_is_there_is_measured(tmp_path):
    for number, size in ((0, 100), (1, 300), (64, 9000), (2, 0)):
        (tmp_path / f"s_{number}").write_bytes(b"x" * size)
    (tmp_path / "s_x").write_bytes(b"x" * 9000)
    text = f"{CLEAN}monitor.q.action_list = snapshot\nmonitor.q.snapshot.file = {tmp_path}/s"
    (cost,) = report(text).costs
    assert (cost.file_bytes, cost.measured, cost.ring_bytes, cost.day_bytes) == (200, True, 12800, 17_280_000)


def test_a_bound_of_the_ring():
    lines = (
        "monitor.q.action_list = snapshot\nmonitor.q.snapshot.file = /nowhere/s\nmonitor.q.snapshot.file_bytes = 5000"
    )
    (cost,) = report(CLEAN + lines).costs
    assert cost.ring_bytes == 5000


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", Cost("p", 1.0, 8, None, 112)),
        ("monitor.p.port_set = all", Cost("p", 1.0)),
        ("monitor.p.port_set = swp*\nmonitor.p.stat_type = histogram_tc", Cost("p", 1.0)),
        ("monitor.p.stat_type = nic.ring.used", Cost("p", 1.0, 8)),
        ("monitor.p.stat_type = histogram_tc\nmonitor.p.cos_list = [0,1]", Cost("p", 1.0, 8, 16, 160)),
        (
            (
                "monitor.p.stat_type = histogram_counter\nmonitor.p.counter_type = [crc,rx-pkt]\n"
                "monitor.p.histogram.minimum_bytes_boundary = [1,10]"
            ),
            Cost("p", 1.0, 8, 32, 320),
        ),
        ("monitor.port_group_list = []", Cost("p", None, 8, None, 112)),
    ],
)
def test_costs(lines, expected):
    assert report(PACKETS + lines).costs == (expected,)
