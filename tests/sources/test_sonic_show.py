import re
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES

CAPTURES = Path(__file__).parents[1] / "captures" / "sonic_show"
TABLES = CAPTURES / "tables"
TEXTS = sorted(path for path in CAPTURES.rglob("*") if path.is_file())


def read(text, request="show queue counters"):
    return list(SOURCES["sonic_show"](Document(request, "saved", text)))


def numbers(items):
    return [
        (series.meaning, series.place, series.raw, value)
        for item in items
        if isinstance(item, Frame)
        for series, value in zip(item.layout.series, item.values, strict=True)
    ]


def table(name, request="show queue counters"):
    return read((TABLES / name).read_bytes(), request)


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("show_queue_watermark_unicast", 30, ("switch.queue.peak", "Ethernet0/queue 1", "UC1", 2056704)),
        ("show_priority-group_watermark_headroom", 24, ("switch.pool.headroom_peak", "Ethernet8/pg 7", "PG7", 807)),
        ("show_buffer_pool_watermark", 3, ("switch.pool.peak", "pool egress_lossy_pool", "Bytes", 2000)),
        (
            "show_headroom-pool_watermark",
            1,
            ("switch.pool.headroom_peak", "pool ingress_lossless_pool", "Bytes", 432640),
        ),
        ("show_queue_counters", 120, ("switch.queue.dropped", "Ethernet0/queue 9", "Drop/pkts", 93)),
        ("show_queue_counters", 120, ("switch.queue.passed", "Ethernet0/queue 19", "Counter/pkts", 57)),
        ("show_queue_wredcounters", 120, ("switch.queue.dropped_early", "Ethernet0/queue 2", "WredDrp/pkts", 82)),
        ("show_queue_wredcounters", 120, ("switch.queue.marked", "Ethernet0/queue 1", "EcnMarked/pkts", 39)),
        ("show_pfcwd_stats", 9, ("switch.queue.stormed", "Ethernet4/queue 3", "STORM DETECTED/RESTORED", 2)),
        ("show_pfcwd_stats", 9, ("switch.queue.dropped_stormed", "Ethernet8/queue 4", "TX OK/DROP", 300)),
        ("show_priority-group_drop_counters", 32, ("switch.pool.dropped", "Ethernet-BP4/pg 15", "PG15", 0)),
        ("../show_queue_counters_voq", 72, ("switch.queue.dropped", "testsw|Ethernet4/voq 7", "Drop/pkts", 48)),
        (
            "../show_queue_counters_voq",
            72,
            ("switch.queue.dropped", "testsw|Ethernet4/voq 7", "Credit-WD-Del/pkts", 53),
        ),
    ],
)
def test_what_its_tables_say(name, number, expected):
    items = table(name)
    assert expected in numbers(items)
    assert len(numbers(items)) == number
    assert not [item for item in items if isinstance(item, Unread)]


def test_persistent_watermarks_are_series_of_their_own():
    items = table("show_priority-group_persistent-watermark_shared", "show priority-group persistent-watermark shared")
    assert ("switch.pool.peak", "Ethernet0/pg 8", "persistent PG8", 500) in numbers(items)
    assert ("switch.pool.peak", "Ethernet-BP256/pg 0", "persistent PG0", 200) in numbers(items)


def test_not_applicable_is_no_number():
    assert not [place for _, place, _, _ in numbers(table("show_queue_counters")) if place == "Ethernet0/queue 20"]


def test_the_state_of_watchdogs():
    facts = [item for item in table("show_pfcwd_stats") if isinstance(item, Fact)]
    assert [(fact.name, fact.place, fact.value) for fact in facts] == [
        ("switch.queue.watchdog", "Ethernet0/queue 3", "stormed"),
        ("switch.queue.watchdog", "Ethernet4/queue 3", "operational"),
        ("switch.queue.watchdog", "Ethernet8/queue 4", "stormed"),
    ]


def test_pools_are_of_their_namespace():
    text = b"Shared pool maximum occupancy: (Namespace asic1)\n Pool    Bytes\n----  -------\n  p       7\n"
    assert numbers(read(text)) == [("switch.pool.peak", "pool p of asic1", "Bytes", 7)]


def test_watermarks_are_levels_and_counters_are_not():
    widths = {
        (series.meaning, series.width_bits)
        for name in ("show_queue_watermark_unicast", "show_queue_counters")
        for item in table(name)
        for series in item.layout.series
    }
    assert widths == {("switch.queue.peak", 0), ("switch.queue.dropped", 64), ("switch.queue.passed", 64)}


def test_a_table_that_comes_again_is_a_later_sample():
    text = (TABLES / "show_headroom-pool_watermark").read_bytes()
    assert [list(item.values) for item in read(text + text.replace(b"432640", b"432641"))] == [[432640], [432641]]


HEAD = b"  Port    TxQ    Counter/pkts    Drop/pkts\n------  -----  --------------  -----------\n"


@pytest.mark.parametrize(
    ("row", "lost"),
    [
        (b"Ethernet0    UC1    1", 1),
        (b"Ethernet0    UC1    x    2", 1),
        (b"Ethernet0    UC1    1    -2", 1),
        (b"Ethernet0    XY1    1    2", 2),
        (b"Ethernet0    UC1    1    18446744073709551616", 1),
    ],
)
def test_a_bad_row_costs_itself(row, lost):
    items = read(HEAD + row + b"\nEthernet4    UC1    3    4\n")
    assert [item.origin.raw for item in items if isinstance(item, Unread)] == [row.decode()] * lost
    assert ("switch.queue.dropped", "Ethernet4/queue 1", "Drop/pkts", 4) in numbers(items)


def test_no_table_at_all_is_told():
    (item,) = read(b"Error: database is not up\n")
    assert item.why == "no table of SONiC's command line"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_it_is_recognised_without_a_name(path):
    text = path.read_bytes()
    seen = [s.name for s in SOURCES if s.looks_like and re.search(s.looks_like.encode(), text, re.MULTILINE)]
    assert seen == ["sonic_show"]
