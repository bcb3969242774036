import json
import re
from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES

CAPTURES = Path(__file__).parents[1] / "captures" / "sonic_config"
BUFFERS = (CAPTURES / "buffers" / "CONFIG_DB.json").read_bytes()
OFF = (CAPTURES / "switched-off" / "CONFIG_DB.json").read_bytes()
MOVES = "the limit moves with what others hold: this is the most it can be, with nobody else in the pool"
POOL = {"BUFFER_POOL|p": {"size": "1000", "type": "egress", "mode": "dynamic"}}


def read(tables, **of):
    text = tables if isinstance(tables, bytes) else json.dumps(tables, indent=2).encode()
    return list(SOURCES["sonic_config"](Document("sonic-db-dump -n CONFIG_DB -y", "CONFIG_DB.json", text, of=of)))


def limits(items):
    return [
        (series.meaning, series.place, value, series.doubt)
        for item in items
        if isinstance(item, Frame)
        for series, value in zip(item.layout.series, item.values, strict=True)
    ]


def queue(profile, key="BUFFER_QUEUE|Ethernet0|3"):
    return POOL | {"BUFFER_PROFILE|x": {"pool": "p", **profile}, key: {"profile": "x"}}


def test_pools_and_queues_of_the_test_tables():
    assert limits(read(BUFFERS)) == [
        ("switch.pool.limit", "pool egress_lossless_pool", 13945824, ""),
        ("switch.pool.limit", "pool ingress_lossless_pool_hbm", 139458240, ""),
        ("switch.queue.limit", "Ethernet0/queue 3", 6972912, MOVES),
        ("switch.queue.limit", "Ethernet0/queue 4", 6972912, MOVES),
    ]


@pytest.mark.parametrize(("exponent", "most"), [("0", 500), ("3", 888), ("-1", 333), ("-8", 3), ("8", 996)])
def test_a_dynamic_threshold_is_the_share_of_an_empty_pool(exponent, most):
    assert limits(read(queue({"dynamic_th": exponent})))[1:] == [
        ("switch.queue.limit", "Ethernet0/queue 3", most, MOVES)
    ]


def test_a_static_threshold_is_bytes():
    assert limits(read(queue({"static_th": "700"})))[1:] == [("switch.queue.limit", "Ethernet0/queue 3", 700, "")]


@pytest.mark.parametrize("exponent", ["", "x", "31", "-31", "999"])
def test_a_threshold_that_cannot_be_is_no_limit(exponent):
    assert limits(read(queue({"dynamic_th": exponent}))) == [("switch.pool.limit", "pool p", 1000, "")]


def test_headroom_of_a_priority_group_and_of_a_pool():
    tables = queue({"dynamic_th": "0", "xoff": "320"}, "BUFFER_PG|Ethernet0|3") | {
        "BUFFER_POOL|p": {"size": "1000", "xoff": "77"}
    }
    assert limits(read(tables)) == [
        ("switch.pool.limit", "pool p", 1000, ""),
        ("switch.pool.headroom_limit", "pool p", 77, ""),
        ("switch.pool.limit", "Ethernet0/pg 3", 500, MOVES),
        ("switch.pool.headroom_limit", "Ethernet0/pg 3", 320, ""),
    ]


@pytest.mark.parametrize("profile", ["x", "[BUFFER_PROFILE|x]", "BUFFER_PROFILE_TABLE:x", "[BUFFER_PROFILE_TABLE:x]"])
def test_profiles_are_named_in_the_ways_of_all_releases(profile):
    tables = queue({"static_th": "7"}) | {"BUFFER_QUEUE|Ethernet0|3": {"profile": profile}}
    assert ("switch.queue.limit", "Ethernet0/queue 3", 7, "") in limits(read(tables))


def test_ports_and_queues_come_in_lists_and_ranges():
    found = limits(read(queue({"static_th": "7"}, "BUFFER_QUEUE|Ethernet0,Ethernet4|3-4")))
    assert [place for _, place, _, _ in found[1:]] == [
        "Ethernet0/queue 3",
        "Ethernet0/queue 4",
        "Ethernet4/queue 3",
        "Ethernet4/queue 4",
    ]


def test_what_is_in_force_has_other_separators():
    tables = {
        "BUFFER_POOL_TABLE:p": {"size": "1000"},
        "BUFFER_PROFILE_TABLE:x": {"pool": "p", "dynamic_th": "1"},
        "BUFFER_QUEUE_TABLE:Ethernet0:3-3": {"profile": "x"},
    }
    assert limits(read(tables, asic="0")) == [
        ("switch.pool.limit", "pool p of asic0", 1000, ""),
        ("switch.queue.limit", "Ethernet0/queue 3", 666, MOVES),
    ]


def test_the_configuration_on_disk():
    text = b'{"BUFFER_POOL": {"p": {"size": "12"}}, "DEVICE_METADATA": {"localhost": {"hostname": "s"}}}'
    assert limits(read(text)) == [("switch.pool.limit", "pool p", 12, "")]


def test_a_size_that_is_not_set_is_no_limit():
    assert read({"BUFFER_POOL|p": {"size": "0"}, "BUFFER_POOL|q": {}, "BUFFER_POOL|r": {"size": "-4"}}) == []


def test_a_binding_that_is_none_costs_itself():
    items = read(queue({"static_th": "7"}, "BUFFER_QUEUE|Ethernet0|x"))
    assert len([item for item in items if isinstance(item, Unread)]) == 1


def test_a_range_without_end_is_bounded():
    assert len(limits(read(queue({"static_th": "7"}, "BUFFER_QUEUE|Ethernet0|0-9999")))) == 1 + 64


def test_counters_that_are_not_polled_are_told():
    assert [str(item) for item in read(OFF) if isinstance(item, Blind)] == [
        "SONiC counters of PG_DROP: polling them is switched off (counterpoll pg-drop enable)"
    ]


def test_it_is_recognised_without_a_name():
    for text in (BUFFERS, OFF):
        head = text[:65536]
        seen = [s.name for s in SOURCES if s.looks_like and re.search(s.looks_like.encode(), head, re.MULTILINE)]
        assert seen == ["sonic_config"]
