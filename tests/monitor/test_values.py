"""How values are written, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.monitor import values
from brimful.monitor.group import Deed, Level
from brimful.monitor.keys import GROUP_KEYS, LIST


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (values.timer, "1s", 1.0),
        (values.timer, "60s", 60.0),
        (values.timer, "2 m", 120.0),
        (values.timer, "24h", 86400.0),
        (values.timer, "7d", 604800.0),
        (values.classes, "[0]", (0,)),
        (values.classes, "0", (0,)),
        (values.classes, "[0, 1]", (0, 1)),
        (values.classes, "[0-3,8,2]", (0, 1, 2, 3, 8)),
        (values.classes, "[0-15", tuple(range(16))),
        (values.counters, "[rx_byte]", ("rx-byte",)),
        (values.counters, "rx-packet,tx-pkt,rx-pkt", ("rx-pkt", "tx-pkt")),
        (values.counters, "[crc,l1-rx-byte]", ("crc", "l1-rx-byte")),
        (values.deeds, "[snapshot,collect,log]", (Deed.SNAPSHOT, Deed.COLLECT, Deed.LOG)),
        (values.deeds, "[ log , log ", (Deed.LOG,)),
        (values.deeds, "[]", ()),
        (values.names, "[]", ()),
        (values.names, "[a-b_1, c,]", ("a-b_1", "c")),
        (values.names, "a b", ("a", "b")),
        (values.level, "500", Level(500)),
        (values.level, "64KiB", Level(65536)),
        (values.level, "1.5kB", Level(1500)),
        (values.level, "1MB", Level(1_000_000)),
        (values.level, "5us", Level(5000)),
        (values.level, "80%", Level(0.8, of_limit=True)),
        (values.slope, "1MB/s", 1_000_000),
        (values.slope, "30/min", 0.5),
        (values.slope, "2/ms", 2000),
        (values.rate, "3/60s", (3, 60.0)),
        (values.rate, "10/1h", (10, 3600.0)),
        (values.duration, "500ms", 0.5),
        (values.duration, "2min", 120.0),
        (values.duration, "30s", 30.0),
        (values.duration, "7d", 604800.0),
        (values.duration, "1h", 3600.0),
        (values.level, "100%", Level(1, of_limit=True)),
        (values.classes, "65535", (65535,)),
        (values.files, "1000000", 1_000_000),
        (values.size, "100MiB", 104857600),
        (values.sizes, "[960,13248]", (960, 13248)),
        (values.sizes, "0", (0,)),
        (values.bounds, "12288", (12288,)),
        (values.sampling, "604800000000000", 604_800_000_000_000),
        (values.switch, "on", True),
        (values.switch, "off", False),
        (values.files, "64", 64),
        (values.address, "syslog", "syslog"),
        (values.address, "udp://[::1]:514", "udp://[::1]:514"),
        (values.address, "tcp://logs.example:601", "tcp://logs.example:601"),
        (values.url, "https://alerts.example/a?b", "https://alerts.example/a?b"),
        (values.path, "/var/lib/cumulus/histogram_stats", "/var/lib/cumulus/histogram_stats"),
        (values.log_only, "[log]", (Deed.LOG,)),
    ],
)
def test_what_is_read(read, text, expected):
    found = read(text)
    assert (found, type(found)) == (expected, type(expected)) if not isinstance(expected, int) else found == expected


@pytest.mark.parametrize(
    ("read", "texts"),
    [
        (values.timer, ("0s", "61s", "61m", "25h", "8d", "1", "1ms", "s", "-1s", "1.5s", "")),
        (values.classes, ("[]", "[1-]", "[3-1]", "[x]", "65536", "-1", ",".join(["0-65535"] * 3))),
        (values.counters, ("[]", "rx", "tx-pkts")),
        (values.deeds, ("[snapshots]", "Log")),
        (values.names, ("[a.b]", "[a;b]", "[é]")),
        (values.some_names, ("[]", "")),
        (values.level, ("101%", "-5", "5 apples", "", "1e3", "0x10")),
        (values.slope, ("5", "5/", "0/s", "5%/s", "5/s/s")),
        (values.rate, ("3", "0/60s", "3/", "3/0s", "x/1s")),
        (values.duration, ("0s", "8d", "1", "s")),
        (values.size, ("0.3", "1.5", "99999999999GiB", "5s")),
        (values.bounds, ("0", "[0,1]", "[]")),
        (values.files, ("0", "1000001", "-1", "1 2")),
        (values.switch, ("yes", "")),
        (
            values.address,
            (
                "udp://h",
                "tcp://:5",
                "http://h:1",
                "udp://h:99999",
                "/dev/log",
                "tcp://[",
                "udp://h:1/x",
                "udp://a..b:1",
            ),
        ),
        (
            values.url,
            (
                "ftp://h",
                "http://",
                "http://h:0",
                "http://h:x",
                "http://h/\x07",
                "http://h/\u00fc",
                "http://h/a b",
                "http://a..b/",
            ),
        ),
        (values.sampling, ("0", "604800000000001", "-1", "")),
        (values.path, ("", "/var/lib/", "/a\x00b")),
        (values.log_only, ("snapshot", "[log,collect]", "")),
    ],
)
def test_what_is_no_value(read, texts):
    assert [text for text in texts if readable(read, text)] == []


@given(st.sampled_from([*GROUP_KEYS, LIST]), st.text() | st.from_regex(r"\[?[\w.,/%: -]{0,20}\]?", fullmatch=True))
def test_any_text_is_read_or_refused(key, text):
    assert readable(key.read, text) in {True, False}


def readable(read, text):
    try:
        read(text)
    except ValueError:
        return False
    return True
