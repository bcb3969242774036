import re
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.nic_channels import nic_channels

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_channels"
VIRTIO = (CAPTURES / "virtio" / "ethtool_-l_ens3").read_bytes()
SPLIT = b"""Channel parameters for eth0:
Pre-set maximums:
RX:\t\t8
TX:\t\t4
Other:\t\t1
Combined:\t0
Current hardware settings:
RX:\t\t2
TX:\t\t1
Other:\t\t1
Combined:\t0
"""


def read(data, **of):
    items = list(nic_channels(Document("ethtool -l x", "file", data, of=of)))
    assert all(item.name == "nic.channels" for item in items if isinstance(item, Fact))
    return {item.place: item.value for item in items if isinstance(item, Fact)}, items


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (VIRTIO, {"ens3": "combined 1 of 1"}),
        ((CAPTURES / "netlink-form" / "ethtool_-l_eth0").read_bytes(), {"eth0": "combined 1 of 1"}),
        ((CAPTURES / "refused" / "ethtool_-l_flannel.1").read_bytes(), {}),
        (SPLIT, {"eth0": "rx 2 of 8, tx 1 of 4"}),
        (SPLIT + VIRTIO, {"eth0": "rx 2 of 8, tx 1 of 4", "ens3": "combined 1 of 1"}),
    ],
)
def test_queues_are_told_beside_those_possible(data, facts):
    found, items = read(data)
    assert found == facts
    assert len(items) == len(facts)


@pytest.mark.parametrize("text", ["-1", "many", "99999999999999999999", ""])
def test_a_number_that_is_none_costs_one_line(text):
    found, items = read(SPLIT.replace(b"RX:\t\t2", f"RX:\t\t{text}".encode()))
    assert found == {"eth0": "tx 1 of 4"}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [8]


def test_without_a_heading_the_interface_is_that_of_the_request():
    text = SPLIT.partition(b"\n")[2]
    assert read(text, interface="eth9")[0] == {"eth9": "rx 2 of 8, tx 1 of 4"}
    assert read(text)[0] == {}


def test_it_is_recognised_without_a_name():
    assert re.search(SOURCES["nic_channels"].looks_like.encode(), VIRTIO)
