import json
import re
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.sonic_counters import polled

CAPTURES = Path(__file__).parents[1] / "captures" / "sonic_counters"
QUEUES = (CAPTURES / "queues" / "COUNTERS_DB.json").read_bytes()
WATERMARKS = (CAPTURES / "watermarks" / "COUNTERS_DB.json").read_bytes()
REQUEST = "sonic-db-dump -n COUNTERS_DB -y"
Q3, PG3, POOL, PORT = "oid:0x15000000000003", "oid:0x1a000000000003", "oid:0x18000000000001", "oid:0x1000000000012"
MAPS = {
    "COUNTERS_QUEUE_NAME_MAP": {"Ethernet0:3": Q3},
    "COUNTERS_PG_NAME_MAP": {"Ethernet0:3": PG3},
    "COUNTERS_BUFFER_POOL_NAME_MAP": {"egress_lossy_pool": POOL},
    "COUNTERS_PORT_NAME_MAP": {"Ethernet0": PORT},
}


def read(tables, *, at=None, **of):
    text = tables if isinstance(tables, bytes) else json.dumps(MAPS | tables, indent=2).encode()
    return list(SOURCES["sonic_counters"](Document(REQUEST, "COUNTERS_DB.json", text, of=of, at=at)))


def numbers(items):
    return {
        (series.meaning, series.place, series.raw): value
        for item in items
        if isinstance(item, Frame)
        for series, value in zip(item.layout.series, item.values, strict=True)
    }


def by_meaning(items, meaning):
    return {(place, raw): value for (name, place, raw), value in numbers(items).items() if name == meaning}


@pytest.mark.parametrize(
    ("oid", "field", "meaning", "place"),
    [
        (Q3, "SAI_QUEUE_STAT_PACKETS", "switch.queue.passed", "Ethernet0/queue 3"),
        (Q3, "SAI_QUEUE_STAT_DROPPED_PACKETS", "switch.queue.dropped", "Ethernet0/queue 3"),
        (Q3, "SAI_QUEUE_STAT_DROPPED_TRIM_PACKETS", "switch.queue.dropped", "Ethernet0/queue 3"),
        (Q3, "SAI_QUEUE_STAT_CREDIT_WD_DELETED_PACKETS", "switch.queue.dropped", "Ethernet0/queue 3"),
        (Q3, "SAI_QUEUE_STAT_WRED_DROPPED_PACKETS", "switch.queue.dropped_early", "Ethernet0/queue 3"),
        (Q3, "SAI_QUEUE_STAT_WRED_ECN_MARKED_PACKETS", "switch.queue.marked", "Ethernet0/queue 3"),
        (Q3, "SAI_QUEUE_STAT_CURR_OCCUPANCY_BYTES", "switch.queue.depth", "Ethernet0/queue 3"),
        (Q3, "SAI_QUEUE_STAT_SHARED_WATERMARK_BYTES", "switch.queue.peak", "Ethernet0/queue 3"),
        (Q3, "PFC_WD_QUEUE_STATS_DEADLOCK_DETECTED", "switch.queue.stormed", "Ethernet0/queue 3"),
        (Q3, "PFC_WD_QUEUE_STATS_TX_DROPPED_PACKETS", "switch.queue.dropped_stormed", "Ethernet0/queue 3"),
        (Q3, "PFC_WD_QUEUE_STATS_RX_DROPPED_PACKETS", "switch.queue.dropped_stormed", "Ethernet0/queue 3"),
        (PG3, "SAI_INGRESS_PRIORITY_GROUP_STAT_DROPPED_PACKETS", "switch.pool.dropped", "Ethernet0/pg 3"),
        (PG3, "SAI_INGRESS_PRIORITY_GROUP_STAT_SHARED_WATERMARK_BYTES", "switch.pool.peak", "Ethernet0/pg 3"),
        (
            PG3,
            "SAI_INGRESS_PRIORITY_GROUP_STAT_XOFF_ROOM_WATERMARK_BYTES",
            "switch.pool.headroom_peak",
            "Ethernet0/pg 3",
        ),
        (POOL, "SAI_BUFFER_POOL_STAT_WATERMARK_BYTES", "switch.pool.peak", "pool egress_lossy_pool"),
        (POOL, "SAI_BUFFER_POOL_STAT_XOFF_ROOM_WATERMARK_BYTES", "switch.pool.headroom_peak", "pool egress_lossy_pool"),
        (PORT, "SAI_PORT_STAT_PFC_4_RX_PKTS", "switch.queue.pause_received", "Ethernet0/priority 4"),
        (PORT, "SAI_PORT_STAT_PFC_4_TX_PKTS", "switch.pool.pause_sent", "Ethernet0/priority 4"),
        (PORT, "SAI_PORT_STAT_PAUSE_RX_PKTS", "switch.queue.pause_received", "Ethernet0"),
        (PORT, "SAI_PORT_STAT_PAUSE_TX_PKTS", "switch.pool.pause_sent", "Ethernet0"),
        (PORT, "SAI_PORT_STAT_IF_OUT_DISCARDS", "switch.queue.dropped", "Ethernet0"),
    ],
)
def test_what_each_field_means(oid, field, meaning, place):
    assert numbers(read({f"COUNTERS:{oid}": {field: "5"}})) == {(meaning, place, field): 5}


def test_discards_of_a_port_whose_queues_are_counted_are_not_taken_twice():
    tables = {
        f"COUNTERS:{Q3}": {"SAI_QUEUE_STAT_DROPPED_PACKETS": "9"},
        f"COUNTERS:{PORT}": {"SAI_PORT_STAT_IF_OUT_DISCARDS": "9"},
    }
    assert by_meaning(read(tables), "switch.queue.dropped") == {
        ("Ethernet0/queue 3", "SAI_QUEUE_STAT_DROPPED_PACKETS"): 9
    }


def test_each_table_of_watermarks_is_a_series_of_its_own_with_its_doubt():
    field = "SAI_QUEUE_STAT_SHARED_WATERMARK_BYTES"
    tables = ("COUNTERS", "USER_WATERMARKS", "PERSISTENT_WATERMARKS", "PERIODIC_WATERMARKS")
    items = read({f"{table}:{Q3}": {field: str(number)} for number, table in enumerate(tables)})
    (frame,) = items
    assert [(series.raw, series.doubt) for series in frame.layout.series] == [
        (field, "the highest since the poll before only"),
        (f"USER_WATERMARKS {field}", "the highest since somebody cleared the user watermarks, whenever that was"),
        (
            f"PERSISTENT_WATERMARKS {field}",
            "the highest since somebody cleared the persistent watermarks, whenever that was",
        ),
        (f"PERIODIC_WATERMARKS {field}", "the highest of the current telemetry interval only"),
    ]
    assert list(frame.values) == [0, 1, 2, 3]
    assert {series.width_bits for series in frame.layout.series} == {0}


def test_counters_in_a_table_of_watermarks_are_not_read():
    assert read({f"USER_WATERMARKS:{Q3}": {"SAI_QUEUE_STAT_DROPPED_PACKETS": "1"}}) == []


def test_a_switch_of_the_test_tables():
    items = read(QUEUES)
    dropped = by_meaning(items, "switch.queue.dropped")
    assert dropped["Ethernet0/queue 1", "SAI_QUEUE_STAT_DROPPED_PACKETS"] == 39
    assert dropped["Ethernet0/queue 9", "SAI_QUEUE_STAT_DROPPED_PACKETS"] == 93
    assert dropped["testsw|Ethernet4/voq 7", "SAI_QUEUE_STAT_CREDIT_WD_DELETED_PACKETS"] == 53
    peaks = by_meaning(items, "switch.queue.peak")
    assert peaks["Ethernet0/queue 0", "USER_WATERMARKS SAI_QUEUE_STAT_SHARED_WATERMARK_BYTES"] == 2057328
    assert by_meaning(items, "switch.queue.stormed") == {
        ("Ethernet0/queue 3", "PFC_WD_QUEUE_STATS_DEADLOCK_DETECTED"): 1,
        ("Ethernet4/queue 3", "PFC_WD_QUEUE_STATS_DEADLOCK_DETECTED"): 2,
        ("Ethernet8/queue 4", "PFC_WD_QUEUE_STATS_DEADLOCK_DETECTED"): 3,
    }
    assert {item.place: item.value for item in items if isinstance(item, Fact)} == {
        "Ethernet0/queue 3": "stormed, action drop",
        "Ethernet4/queue 3": "operational, action drop",
        "Ethernet8/queue 4": "stormed, action drop",
    }
    assert [str(item) for item in items if isinstance(item, Blind)] == [
        "COUNTERS_DB: 10 objects with counters: no map tells which port or queue they are of"
    ]


def test_the_line_of_a_number_is_told():
    (reading,) = [
        reading
        for reading in Evidence(read(QUEUES)).readings("switch.queue.stormed")
        if reading.series.place == "Ethernet8/queue 4"
    ]
    assert reading.origin.raw == '"PFC_WD_QUEUE_STATS_DEADLOCK_DETECTED": "3",'


def test_pools_are_of_their_asic():
    tables = {f"USER_WATERMARKS:{POOL}": {"SAI_BUFFER_POOL_STAT_WATERMARK_BYTES": "7"}}
    assert [place for _, place, _ in numbers(read(tables, asic="1"))] == ["pool egress_lossy_pool of asic1"]


def test_a_number_is_as_old_as_the_period_of_its_poll():
    items = read(
        {
            f"COUNTERS:{Q3}": {"SAI_QUEUE_STAT_DROPPED_PACKETS": "1", "SAI_QUEUE_STAT_SHARED_WATERMARK_BYTES": "1"},
            f"COUNTERS:{PORT}": {"SAI_PORT_STAT_PAUSE_RX_PKTS": "1"},
        }
    )
    ages = {series.raw: series.refresh_ns // SECOND for item in items for series in item.layout.series}
    assert ages == {
        "SAI_QUEUE_STAT_DROPPED_PACKETS": 10,
        "SAI_QUEUE_STAT_SHARED_WATERMARK_BYTES": 60,
        "SAI_PORT_STAT_PAUSE_RX_PKTS": 1,
    }


@pytest.mark.parametrize(
    ("configured", "seconds"),
    [
        ({"POLL_INTERVAL": "30000"}, 30),
        ({"POLL_INTERVAL": "0"}, 10),
        ({"POLL_INTERVAL": "x"}, 10),
        ({"POLL_INTERVAL": "99999999"}, 10),
        ({}, 10),
    ],
)
def test_a_period_that_somebody_changed_is_in_the_configuration(configured, seconds):
    tables = MAPS | {f"COUNTERS:{Q3}": {"SAI_QUEUE_STAT_DROPPED_PACKETS": "1"}}
    document = Document(REQUEST, "COUNTERS_DB.json", json.dumps(tables).encode())
    document.beside = json.dumps({"FLEX_COUNTER_TABLE|QUEUE": configured, "FLEX_COUNTER_TABLE|PORT": {}})
    (frame,) = SOURCES["sonic_counters"](document)
    assert frame.layout.series[0].refresh_ns == seconds * SECOND


STAMPED = [
    {f"COUNTERS:{Q3}": {"SAI_QUEUE_STAT_DROPPED_PACKETS": "{0}", "QUEUE_STAT_COUNTER_time_stamp": "{1}"}},
    {
        f"COUNTERS:{Q3}": {"SAI_QUEUE_STAT_DROPPED_PACKETS": "{0}"},
        "COUNTERS:TIME_STAMP": {"QUEUE_STAT_COUNTER_Queue_Counter_time_stamp": "{1}"},
    },
]


def stamped(form, value, stamp):
    text = json.dumps(MAPS | form).replace("{0}", str(value)).replace("{1}", str(stamp))
    return text.encode()


@pytest.mark.parametrize("form", STAMPED)
def test_the_time_of_a_poll_counts_not_that_of_reading_it(form):
    """Read one second apart, polled ten seconds apart."""
    first = Moment(1_000 * SECOND, "host", monotonic_ns=500 * SECOND)
    later = Moment(1_001 * SECOND, "host", monotonic_ns=501 * SECOND)
    items = read(stamped(form, 5, 490 * SECOND), at=first) + read(stamped(form, 9, 500 * SECOND), at=later)
    (reading,) = Evidence(items).readings("switch.queue.dropped")
    assert (reading.delta, reading.seconds) == (4, 10.0)
    assert [frame.at.ns // SECOND for frame, _ in reading.frames] == [990, 1000]


@pytest.mark.parametrize("form", STAMPED)
def test_one_poll_read_twice_is_one_sample(form):
    moments = [Moment(ns * SECOND + 137, "host", monotonic_ns=(ns - 500) * SECOND) for ns in (1000, 1001)]
    items = [item for at in moments for item in read(stamped(form, 5, 490 * SECOND), at=at)]
    (reading,) = Evidence(items).readings("switch.queue.dropped")
    assert reading.delta is None


def test_of_two_dumps_with_one_stamp_nothing_is_known():
    items = [
        item
        for at in (Moment(1000 * SECOND), Moment(1030 * SECOND))
        for item in read(stamped(STAMPED[0], 5, 490 * SECOND), at=at)
    ]
    (reading,) = Evidence(items).readings("switch.queue.dropped")
    assert (reading.delta, reading.rising) == (0, None)


def test_stamps_of_another_group_are_not_taken():
    tables = {
        f"COUNTERS:{Q3}": {
            "SAI_QUEUE_STAT_DROPPED_PACKETS": "1",
            "QUEUE_WATERMARK_STAT_COUNTER_time_stamp": str(490 * SECOND),
        }
    }
    (frame,) = read(tables, at=Moment(1000 * SECOND))
    assert frame.at == Moment(1000 * SECOND)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (None, Moment(7 * SECOND, "relative", monotonic_ns=7 * SECOND)),
        (Moment(1000 * SECOND), Moment(1000 * SECOND, monotonic_ns=7 * SECOND)),
        # more than ten minutes old: another host's clock
        (
            Moment(1000 * SECOND, "host", monotonic_ns=608 * SECOND),
            Moment(1000 * SECOND, "host", monotonic_ns=7 * SECOND),
        ),
    ],
)
def test_the_moment_of_a_poll(at, expected):
    assert polled(at, 7 * SECOND) == expected


@pytest.mark.parametrize("text", ["-1", "x", "18446744073709551616", "1.5", "9" * 5000])
def test_what_is_no_number_costs_itself(text):
    items = read({f"COUNTERS:{Q3}": {"SAI_QUEUE_STAT_DROPPED_PACKETS": text, "SAI_QUEUE_STAT_PACKETS": "2"}})
    assert list(numbers(items).values()) == [2]
    (lost,) = [item for item in items if isinstance(item, Unread)]
    assert lost.why == f"COUNTERS:{Q3} SAI_QUEUE_STAT_DROPPED_PACKETS: not an unsigned 64-bit number"


def test_not_applicable_is_no_number():
    assert read({f"COUNTERS:{Q3}": {"SAI_QUEUE_STAT_DROPPED_PACKETS": "N/A"}}) == []


@pytest.mark.parametrize("name", ["Ethernet0", "Ethernet0:x", "Ethernet0:03", "a/b:3", ":3"])
def test_a_name_that_is_no_queue_costs_itself(name):
    items = read({"COUNTERS_QUEUE_NAME_MAP": {name: Q3}, f"COUNTERS:{Q3}": {"SAI_PORT_STAT_X": "1"}})
    assert [type(item) for item in items] == [Unread]


@pytest.mark.parametrize("text", [QUEUES, WATERMARKS])
def test_it_is_recognised_without_a_name(text):
    seen = [s.name for s in SOURCES if s.looks_like and re.search(s.looks_like.encode(), text[:65536], re.MULTILINE)]
    assert seen == ["sonic_counters"]
