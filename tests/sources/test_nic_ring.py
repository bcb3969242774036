import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.nic_ring import nic_ring

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_ring"
RAISED = (CAPTURES / "ixgbe-raised" / "ethtool_-g_eth3").read_bytes()


def read(data, **of):
    items = list(nic_ring(Document("ethtool -g x", "file", data, of=of)))
    frames = [item for item in items if isinstance(item, Frame)]
    return {(s.place, s.meaning): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


@pytest.mark.parametrize(
    ("case", "interface", "maximum", "size", "tx"),
    [
        ("ixgbe-raised/ethtool_-g_eth3", "eth3", 4096, 4096, 512),
        ("virtio-not-applicable/ethtool_-g_ens3", "ens3", 256, 256, 256),
        ("mini-and-jumbo/ethtool_-g_pri", "pri", 4096, 1024, 512),
    ],
)
def test_sizes_now_and_at_most_are_told_apart(case, interface, maximum, size, tx):
    values, items = read((CAPTURES / case).read_bytes())
    assert values == {
        (interface, "nic.ring.size_maximum"): maximum,
        (interface, "nic.ring.size"): size,
        (interface, "nic.tx_ring.size"): tx,
    }
    assert len(items) == 1
    assert all(series.width_bits == 0 for series in items[0].layout.series)


def test_not_applicable_is_not_zero():
    text = b"Ring parameters for eth0:\nCurrent hardware settings:\nRX:\t\tn/a\nTX:\t\t256\n"
    values, items = read(text)
    assert values == {("eth0", "nic.tx_ring.size"): 256}
    assert len(items) == 1


@pytest.mark.parametrize("text", ["²", "-1", "many", "", "18446744073709551616", "9" * 5000])
def test_a_size_that_is_no_number_costs_one_line(text):
    document = f"Ring parameters for eth0:\nCurrent hardware settings:\nRX: {text}\nTX: 5\n".encode()
    values, items = read(document)
    assert values == {("eth0", "nic.tx_ring.size"): 5}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [3]


def test_the_interface_is_the_one_that_the_tool_names_else_that_of_the_request():
    named, _ = read(RAISED)
    assert read(RAISED, interface="rings")[0] == named
    unnamed = RAISED.partition(b"\n")[2]
    assert {place for place, _ in read(unnamed, interface="eth9")[0]} == {"eth9"}


def test_several_interfaces_may_follow_each_other():
    (interface,) = {place for place, _ in read(RAISED)[0]}
    both, _ = read(RAISED + RAISED.replace(interface.encode(), b"other0"))
    assert {place for place, _ in both} == {interface, "other0"}
    assert both["other0", "nic.ring.size"] == both[interface, "nic.ring.size"]


def test_it_is_recognised_without_a_name():
    assert re.search(SOURCES["nic_ring"].looks_like.encode(), RAISED)


def test_an_error_is_nothing():
    assert read(b"Cannot get device ring settings: Operation not supported\nRing parameters for lo:\n") == ({}, [])


def test_a_size_said_twice_is_taken_once():
    values, _ = read(RAISED + b"RX:\t\t7\n")
    assert values["eth3", "nic.ring.size"] == 4096


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.binary(), st.builds(lambda a, n: RAISED[:n] + a + RAISED[n:], st.binary(), st.integers(0, 200))))
def test_any_bytes_are_read_without_an_exception(data):
    for item in read(data)[1]:
        if isinstance(item, Frame):
            assert {s.meaning for s in item.layout.series} <= set(SOURCES["nic_ring"].meanings)
            assert len(set(item.layout.series)) == len(item.layout)
