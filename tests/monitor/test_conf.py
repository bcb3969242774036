"""What a configuration says: the sample of the documentation, its variants in the field, and every error at once."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brimful.monitor.conf import MOST_FAULTS, Fault, Faulty, parsed, read, written
from brimful.monitor.group import Action, Condition, Config, Deed, Group, Level, Range
from brimful.monitor.keys import KEYS, LIST

DATA = Path(__file__).parent / "data"
SAMPLE = DATA / "buffer-monitoring.conf"
EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "monitor").glob("*.conf"))

QUEUES = """monitor.port_group_list = [q]
monitor.q.port_set = swp1
monitor.q.stat_type = histogram_tc
monitor.q.trigger_type = timer
monitor.q.timer = 1s
"""
"""A group to which a test adds its lines, the sixth and on."""


def config(text):
    return parsed(text.encode(), "x.conf").config


def group(lines, text=QUEUES):
    return config(text + lines).groups["q"]


def faults(text):
    with pytest.raises(Faulty) as wrong:
        config(text)
    return [(fault.line, fault.key, fault.why) for fault in wrong.value.faults]


def test_the_sample_of_the_documentation():
    when = Condition("queue_bytes", Level(500))
    assert read(str(SAMPLE)) == Config(
        ("discards_pg", "histogram_pg", "all_packet_pg", "buffers_pg"),
        {
            "histogram_pg": Group(
                "histogram_pg",
                "histogram",
                ("swp1-swp50",),
                (0,),
                (),
                1.0,
                (
                    Action(Deed.SNAPSHOT, file="/var/lib/cumulus/histogram_stats", file_count=64),
                    Action(Deed.COLLECT, when, groups=("buffers_pg", "all_packet_pg")),
                    Action(Deed.LOG, when, target="syslog", form="rfc3164"),
                ),
                (Range(1024, 1024),),
                1024,
            )
        },
    )


def test_the_example_is_the_sample_with_other_ports():
    (mine,) = (path for path in EXAMPLES if path.name == "monitor.conf")
    lines = [line.rstrip() for line in SAMPLE.read_text().replace("swp1-swp50", "eth0-eth3").split("\n")]
    assert mine.read_text().split("\n")[1:] == lines


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_read(path):
    assert written(str(path)).remarks == ()


def test_a_group_that_only_another_collects():
    found = config((DATA / "collect.conf").read_text())
    assert list(found.groups) == ["histogram_pg", "buffers_pg"]
    assert found.groups["buffers_pg"].timer_s is None
    assert found.groups["buffers_pg"].actions == (Action(Deed.SNAPSHOT, file="/srv/b", file_count=8),)


def test_nothing_is_listed():
    assert config("") == config("# only this\n\n") == Config()
    assert config("monitor.port_group_list = []\n").listed == ()


def test_the_order_is_that_of_the_list():
    text = "".join(f"monitor.{name}.stat_type = nic.ring.used\n" for name in ("a", "b", "c"))
    assert list(config(text + "monitor.port_group_list = [c, x, a]").groups) == ["c", "a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "monitor.q.timer=2m",
        "  monitor.q.timer \t =   2m   ",
        "monitor.q.timer = 2m # debugging",
        "monitor.q.timer = 2m\r",
        "\N{NO-BREAK SPACE}monitor.q.timer = 2m\N{NO-BREAK SPACE}",
        "monitor.q.timer = [2m]",
    ],
)
def test_blanks_and_comments(text):
    assert group(text).timer_s == 120.0


def test_a_byte_order_mark():
    assert parsed(b"\xef\xbb\xbfmonitor.port_group_list = [a]#b", "x.conf").config.listed == ("a",)


def test_a_hash_without_a_blank_is_no_comment():
    lines = "monitor.q.action_list = [webhook]\nmonitor.q.webhook.url = http://h/a#b"
    assert group(lines).actions[0].target == "http://h/a#b"


def test_names_as_nvue_makes_them():
    text = "monitor.packet-all-pg_packet_all.stat_type = packet_all\nmonitor.packet-all-pg_packet_all.port_set = all\n"
    assert config(text).groups["packet-all-pg_packet_all"].ports == ()


@pytest.mark.parametrize("name", ["bin_size_bytes", "histogram_size_bytes", "histogram_size_count"])
def test_sizes_have_several_names(name):
    assert group(f"monitor.q.histogram.{name} = 1536").ranges == (Range(960, 1536),)


@pytest.mark.parametrize("name", ["minimum_bytes_boundary", "minimum_count_boundary"])
def test_boundaries_have_several_names(name):
    assert group(f"monitor.q.histogram.{name} = 96").ranges == (Range(96, 12288),)


def test_several_ranges():
    low, size = "monitor.q.histogram.minimum_bytes_boundary = ", "monitor.q.histogram.histogram_size_bytes = "
    assert group(f"{low}[960,13248]\n{size}[12288,1MiB]").ranges == (Range(960, 12288), Range(13248, 1048576))
    assert group(f"{low}[960,13248]\n{size}768").ranges == (Range(960, 768), Range(13248, 768))


def test_what_is_not_set():
    found = group("")
    assert (found.cos, found.ranges, found.sample_ns, found.adapt) == ((0,), (Range(960, 12288),), 1024, False)
    assert found.actions == ()


def test_no_trigger_is_no_timer():
    assert group("", QUEUES.replace("monitor.q.trigger_type = timer\n", "")).timer_s is None


def test_an_action_without_a_threshold_is_always_done():
    assert group("monitor.q.action_list = [log]").actions == (Action(Deed.LOG, target="syslog", form="rfc3164"),)


def test_the_list_of_log_actions():
    assert group("monitor.q.log.action_list = log").action(Deed.LOG) is not None


def test_each_threshold_is_an_action_of_its_own():
    lines = "monitor.q.action_list = [log]\nmonitor.q.log.packet_error_drops = 100\nmonitor.q.log.packet_congestion_drops = 9"
    whens = [action.when for action in group(lines, QUEUES.replace("histogram_tc", "packet")).actions]
    assert whens == [Condition("packet_error_drops", Level(100)), Condition("packet_congestion_drops", Level(9))]


@pytest.mark.parametrize(
    ("kind", "statistic"),
    [
        ("histogram", "queue_bytes"),
        ("histogram_pg", "queue_bytes"),
        ("histogram_latency", "value"),
        ("buffer", "value"),
        ("nic.ring.used", "value"),
    ],
)
def test_what_a_rise_is_compared_with(kind, statistic):
    lines = "monitor.q.action_list = [log]\nmonitor.q.log.rise = 5"
    (action,) = group(lines, QUEUES.replace("histogram_tc", kind)).actions
    assert action.when == Condition(statistic, Level(5))


def test_a_rise_of_counters():
    lines = "monitor.q.counter_type = crc\nmonitor.q.action_list = [log]\nmonitor.q.log.rise = 5"
    (action,) = group(lines, QUEUES.replace("histogram_tc", "histogram_counter")).actions
    assert action.when == Condition("count", Level(5))


def test_all_of_a_condition():
    lines = """monitor.q.action_list = [log]
monitor.q.log.rise = 80%
monitor.q.log.fall = 50%
monitor.q.log.slope = 1MB/s
monitor.q.log.incidents = 3/60s
monitor.q.log.cool_down = 30s
monitor.q.log.rate_limit = 10/1h
"""
    (action,) = group(lines).actions
    rise, fall = Level(0.8, of_limit=True), Level(0.5, of_limit=True)
    assert action.when == Condition("queue_bytes", rise, fall, 1_000_000, 3, 60.0, 30.0, 10, 3600.0)


def test_a_slope_alone_is_of_what_the_group_watches():
    (action,) = group("monitor.q.action_list = [log]\nmonitor.q.log.slope = 5/s").actions
    assert action.when == Condition("queue_bytes", slope=5)


def test_webhook_and_record():
    lines = """monitor.q.action_list = [webhook,record]
monitor.q.webhook.url = https://alerts.example/x
monitor.q.webhook.timeout = 2s
monitor.q.record.file = /srv/r
monitor.q.record.file_count = 4
monitor.q.record.file_bytes = 1MB
monitor.q.record.before = 1min
"""
    assert group(lines).actions == (
        Action(Deed.WEBHOOK, target="https://alerts.example/x", timeout_s=2.0),
        Action(Deed.RECORD, file="/srv/r", file_count=4, file_bytes=1_000_000, before_s=60.0),
    )


@pytest.mark.parametrize(
    ("target", "form"),
    [("syslog", "rfc3164"), ("udp://h:514", "rfc5424"), ("tcp://h:514", "rfc5424"), ("journald", "")],
)
def test_where_log_lines_go(target, form):
    (action,) = group(f"monitor.q.action_list = [log]\nmonitor.q.log.target = {target}").actions
    assert (action.target, action.form) == (target, form)


def test_ports_of_a_switch_may_be_parted_by_blanks_and_places_not():
    assert group("monitor.q.port_set = swp1 swp4,swp8").ports == ("swp1", "swp4", "swp8")
    text = QUEUES.replace("histogram_tc", "softnet.backlog.*")
    assert group("monitor.q.port_set = cpu 3, cpu 4", text).ports == ("cpu 3", "cpu 4")


def test_a_list_without_its_bracket_and_a_key_set_twice_are_told():
    text = f"{QUEUES}monitor.q.cos_list = [0,1\nmonitor.q.timer = 2s"
    found = parsed(text.encode(), "x.conf")
    assert found.config.groups["q"].cos == (0, 1)
    assert found.config.groups["q"].timer_s == 2.0
    assert found.remarks == (
        Fault(6, "q.cos_list", "the list has no closing bracket"),
        Fault(7, "q.timer", "is set in line 5 too: this one holds"),
    )


def test_every_error_at_once():
    text = """monitor.port_group_lst = [a]
monitor.a.timer = 61s
nonsense
monitor.a.trigger_type = timr
monitor.a.snapshot.fil = x
monitor.b.action_list = [snapshot,log,collect,webhook,record]
monitor.b.stat_type = nic.ring.used
monitor.b.log.fall = 3
"""
    stat_type = (
        "is not set: expected one of histogram, histogram_tc, histogram_pg, histogram_counter, histogram_latency, buffer, "
        "packet, packet_extended, packet_all, or a meaning as nic.ring.used, with globs; a group must say what it watches"
    )
    file = "is not set: expected the path of a file, to which _0, _1 ... are appended; the action"
    groups = "is not set: expected a list of port groups as [buffers_pg,all_packet_pg]; the action collect needs it"
    assert faults(text) == [
        (1, "port_group_lst", "no such key: expected monitor.port_group_list, or monitor.<group>.<key>"),
        (2, "a.timer", "expected 1s..60s, 1m..60m, 1h..24h or 1d..7d, not '61s'"),
        (2, "a.stat_type", stat_type),
        (3, "", "expected monitor.<group>.<key> = value, not 'nonsense'"),
        (4, "a.trigger_type", "expected timer, not 'timr'"),
        (5, "a.snapshot.fil", "no such key: the nearest is monitor.a.snapshot.file"),
        (6, "b.snapshot.file", f"{file} snapshot needs it"),
        (6, "b.collect.port_group_list", groups),
        (6, "b.webhook.url", "is not set: expected the URL of a web server; the action webhook needs it"),
        (6, "b.record.file", f"{file} record needs it"),
        (8, "b.log.fall", "is of no use without b.log.rise"),
    ]


def test_an_error_names_file_and_line():
    with pytest.raises(Faulty) as wrong:
        parsed(b"\nmonitor.a.timer 3\n", "/etc/x.conf")
    assert str(wrong.value) == "/etc/x.conf:2: expected monitor.<group>.<key> = value, not 'monitor.a.timer 3'"


@pytest.mark.parametrize(
    ("lines", "line", "key", "why"),
    [
        ("monitor.q.stat_type = histograms", 6, "q.stat_type", "expected one of histogram, histogram_tc"),
        ("monitor.q.stat_type = nic.rin.*", 6, "q.stat_type", "expected one of histogram, histogram_tc"),
        ("monitor.q.stat_type = histogram_counter", 2, "q.counter_type", "is not set: expected some of [tx-pkt,"),
        ("monitor.q.port_set = swp9-swp1", 6, "q.port_set", "expected ports as swp1-swp50"),
        ("monitor.q.port_set =", 6, "q.port_set", "expected ports as swp1-swp50"),
        ("monitor.q.cos_list =", 6, "q.cos_list", "expected classes of service as [0], [0,1] or [0-15], not nothing"),
        (
            "monitor.q.log.rise = 1\nmonitor.q.log.fall = 2\nmonitor.q.action_list = log",
            7,
            "q.log.fall",
            "expected no more",
        ),
        (
            "monitor.q.log.rise = 10%\nmonitor.q.log.fall = 2\nmonitor.q.action_list = log",
            7,
            "q.log.fall",
            "expected a share of the limit where the rise is one",
        ),
        (
            "monitor.q.log.rise = 1\nmonitor.q.log.queue_bytes = 2\nmonitor.q.action_list = log",
            6,
            "q.log.rise",
            "says the same as q.log.queue_bytes: expected one of them",
        ),
        (
            "monitor.q.histogram.histogram_size_bytes = [1,2]\nmonitor.q.histogram.minimum_bytes_boundary = [1,2,3]",
            6,
            "q.histogram.histogram_size_bytes",
            "has 2 sizes for 3 boundaries: expected one for each, or one for all",
        ),
        ("monitor.q.Timer = 1s", 6, "q.Timer", "no such key: the nearest is monitor.q.timer"),
        ("monitor.q = 1", 6, "q", "no such key: expected monitor.port_group_list"),
        ("port_group_list = [a]", 6, "", "expected monitor.<group>.<key> = value, not 'port_group_list = [a]'"),
    ],
)
def test_errors(lines, line, key, why):
    (found,) = faults(QUEUES + lines)
    assert found[:2] == (line, key)
    assert found[2].startswith(why)


@pytest.mark.parametrize("kind", ["histogram", "packet_all", "buffer"])
def test_what_a_switch_watches_has_ports(kind):
    assert [key for _, key, _ in faults(f"monitor.a.stat_type = {kind}")] == ["a.port_set"]


def test_a_trigger_needs_a_timer():
    assert faults(QUEUES.replace("monitor.q.timer = 1s\n", "")) == [
        (4, "q.timer", "is not set: expected 1s..60s, 1m..60m, 1h..24h or 1d..7d; the trigger is a timer")
    ]


def test_bytes_that_are_no_text():
    with pytest.raises(Faulty) as wrong:
        parsed(b"monitor.a.timer = \xff\n# \xff\n", "x")
    assert [(fault.line, fault.why) for fault in wrong.value.faults] == [
        (1, "expected UTF-8, not 'monitor.a.timer = \N{REPLACEMENT CHARACTER}'")
    ]


def test_a_comment_may_be_of_any_bytes():
    assert parsed(b"# f\xfcr alle\n", "x").config == Config()


def test_long_values_are_shortened():
    ((_, _, why),) = faults(f"{'x' * 5000}\n")
    assert why == f"expected monitor.<group>.<key> = value, not '{'x' * 57}...'"
    ((_, _, why),) = faults(f"{'x' * 60}\n")
    assert why == f"expected monitor.<group>.<key> = value, not '{'x' * 60}'"


def test_reading_ends_where_all_is_wrong():
    found = faults("x\n" * 50_000)
    assert len(found) == MOST_FAULTS + 1
    assert found[-1] == (MOST_FAULTS, "", "reading ends here: so much is wrong")


def test_files_that_are_no_configuration(tmp_path):
    for path, why in ((tmp_path, "Is a directory"), (tmp_path / "gone", "No such file or directory")):
        with pytest.raises(Faulty, match=f"^{path}: {why}$"):
            read(str(path))
    with pytest.raises(Faulty, match="is longer than 1 MiB"):
        read("/dev/zero")
    assert parsed(b" " * 1048576, "x.conf").config == Config()
    with pytest.raises(Faulty, match="Invalid argument"):
        read("a\x00b")


def test_too_many_groups():
    text = "monitor.port_group_list = [" + ",".join(f"g{number}" for number in range(257)) + "]"
    assert faults(text) == [(0, "", "has more than 256 port groups")]
    assert len(config(text.replace(",g256", "")).listed) == 256


@given(st.binary(max_size=300))
def test_any_bytes(data):
    assert usable(data)


WORDS = st.sampled_from([
    *(f"monitor.q.{key}" for key in KEYS),
    f"monitor.{LIST.name}",
    *("=", " = ", "\n", "\n", "[q]", "histogram", "packet", "nic.ring.*", "timer", "1s", "swp1-swp4", "all", "0", "500"),
    *("80%", "3/60s", "[snapshot,log,collect]", "[", "]", "#", ",", "syslog", "udp://h:1", "/srv/x", "on", "1/s"),
])  # fmt: skip


@given(st.lists(WORDS).map("".join))
@example("monitor.q.timer = ")
def test_any_lines(text):
    assert usable(text.encode())


def usable(data):
    """Whether there is a configuration or its errors, at lines that there are, and nothing else."""
    lines = range(data.count(b"\n") + 2)
    try:
        found = parsed(data, "x.conf")
    except Faulty as wrong:
        faults_ = wrong.faults
    else:
        assert set(found.config.groups) == set(found.settings)
        faults_ = (*found.remarks, Fault(0, "", ""))
    return bool(faults_) and {fault.line for fault in faults_} <= set(lines)


@pytest.mark.parametrize(
    ("kind", "statistic"), [("packet_all", "packet_drops"), ("packet", "packet_drops"), ("buffer", "value")]
)
def test_the_value_of_packets_is_how_many_were_dropped(kind, statistic):
    text = QUEUES.replace("histogram_tc", kind)
    (action,) = group("monitor.q.action_list = [log]\nmonitor.q.log.value = 10\n", text).actions
    assert action.when == Condition(statistic, Level(10))


def test_a_range_that_nothing_can_lie_in_is_an_error():
    text = QUEUES + "monitor.q.histogram.minimum_bytes_boundary = 0\n"
    ((line, key, why),) = faults(text)
    assert (line, key) == (6, "q.histogram.minimum_bytes_boundary")
    assert why.startswith("expected bytes above 0")
