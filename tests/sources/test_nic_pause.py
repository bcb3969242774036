import re
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.nic_pause import nic_pause

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_pause"
RECEIVED = (CAPTURES / "received" / "ethtool_-I_-a_enp132s0f2").read_bytes()


def read(data, **of):
    items = list(nic_pause(Document("ethtool -I -a x", "file", data, of=of)))
    frames = [item for item in items if isinstance(item, Frame)]
    values = [{(s.place, s.meaning, s.raw): v for s, v in zip(f.layout.series, f.values, strict=True)} for f in frames]
    return {item.place: item.value for item in items if isinstance(item, Fact)}, values, items


@pytest.mark.parametrize(
    ("case", "facts"),
    [
        ("e1000e/ethtool_-a_eth0", {"eth0": "rx off tx off"}),
        ("blank-line/ethtool_-a_enp0s25", {"enp0s25": "rx off tx off"}),
        ("received/ethtool_-I_-a_enp132s0f2", {"enp132s0f2": "rx on tx on"}),
        ("ice/ethtool_-I_-a_ens785f0np0", {"ens785f0np0": "rx off tx off"}),
        ("refused/ethtool_-a_ens3", {}),
    ],
)
def test_flow_control_is_told_as_it_was_negotiated(case, facts):
    found, _, items = read((CAPTURES / case).read_bytes())
    assert found == facts
    assert not [item for item in items if isinstance(item, Unread)]


def test_pause_frames_are_counted_by_direction():
    assert read(RECEIVED)[1] == [
        {
            ("enp132s0f2", "nic.fifo.pause_sent", "tx_pause_frames"): 0,
            ("enp132s0f2", "nic.tx_ring.pause_received", "rx_pause_frames"): 100,
        }
    ]


def test_a_second_sample_in_one_file_is_a_later_one():
    values = read(RECEIVED + RECEIVED.replace(b"100", b"170"))[1]
    assert [next(v for (_, _, raw), v in one.items() if raw == "rx_pause_frames") for one in values] == [100, 170]


@pytest.mark.parametrize("text", ["-1", "many", "99999999999999999999", ""])
def test_a_count_that_is_no_number_costs_one_line(text):
    _, values, items = read(RECEIVED.replace(b"100", text.encode()))
    assert values == [{("enp132s0f2", "nic.fifo.pause_sent", "tx_pause_frames"): 0}]
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [9]


def test_without_a_heading_the_interface_is_that_of_the_request():
    text = RECEIVED.partition(b"\n")[2]
    assert read(text, interface="eth9")[0] == {"eth9": "rx on tx on"}
    assert read(text)[:2] == ({}, [])


def test_it_is_recognised_without_a_name():
    assert re.search(SOURCES["nic_pause"].looks_like.encode(), RECEIVED)
