import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.event import Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES

CAPTURES = Path(__file__).parents[1] / "captures" / "link_state"
VETH = b"""4: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP mode DEFAULT group default qlen 1000
    link/ether 02:fc:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535
    veth addrgenmode eui64 numtxqueues 1
5: eth1: <BROADCAST>
    RX: bytes  packets  errors  dropped overrun mcast
"""


def read(data):
    items = list(SOURCES["link_state"](Document("ip -s -d link", "ip_-s_-d_link", data)))
    facts = {(i.name, i.place, i.value, i.origin.line) for i in items if isinstance(i, Fact)}
    return facts, [(i.origin.line, i.why) for i in items if isinstance(i, Unread)]


def test_a_saved_answer_tells_the_state_of_every_link():
    facts, unread = read((CAPTURES / "ip_-s_-d_link").read_bytes())
    assert facts == {
        ("nic.state", "lo", "UNKNOWN", 1),
        ("nic.state", "ens3", "UP", 7),
        ("nic.state", "flannel.1", "UNKNOWN", 13),
    }
    assert unread == []


def test_a_veth_is_known_by_its_kind():
    facts, _ = read(VETH)
    assert facts == {
        ("nic.state", "eth0", "UP", 1),
        ("nic.kind", "eth0", "veth", 3),
        ("nic.driver", "eth0", "veth", 3),
    }


def test_json_says_the_same():
    links = [
        {},
        {"ifname": "eth0", "operstate": "UP", "linkinfo": {"info_kind": "veth"}},
        {"ifname": "br0", "operstate": "DOWN", "linkinfo": {"info_kind": "bridge"}},
        {"ifname": 7},
    ]
    facts, unread = read(json.dumps(links).encode())
    assert {fact[:3] for fact in facts} == {
        ("nic.state", "eth0", "UP"),
        ("nic.kind", "eth0", "veth"),
        ("nic.driver", "eth0", "veth"),
        ("nic.state", "br0", "DOWN"),
        ("nic.kind", "br0", "bridge"),
    }
    assert unread == [(1, "not a link: Expected `str`, got `int` - at `$.ifname`")]


@pytest.mark.parametrize("text", ["[", "[" * 100_000, '[{"ifname": "eth0"}'])
def test_what_is_no_json_costs_one_line(text):
    facts, ((line, why),) = read(text.encode())
    assert (facts, line) == (set(), 1)
    assert why.startswith("not JSON: ")


@given(st.binary())
def test_any_bytes(data):
    for text in (data, b"[" + data):
        facts, unread = read(text)
        assert {name for name, *_ in facts} <= {"nic.state", "nic.kind", "nic.driver"}
        assert all(place and value for _, place, value, _ in facts)
        assert all(why for _, why in unread)
