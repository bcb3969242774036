import re
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.nic_coalescing import nic_coalescing

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_coalescing"
IXGBE = (CAPTURES / "ixgbe" / "ethtool_-c_eth4").read_bytes()


def read(data, **of):
    items = list(nic_coalescing(Document("ethtool -c x", "file", data, of=of)))
    assert all(item.name == "nic.coalescing" for item in items if isinstance(item, Fact))
    return {item.place: item.value for item in items if isinstance(item, Fact)}, items


@pytest.mark.parametrize(
    ("case", "facts"),
    [
        (
            "ixgbe/ethtool_-c_eth4",
            {"eth4": "rx-usecs 1 rx-frames 0 tx-usecs 0 tx-frames 0 adaptive-rx off adaptive-tx off"},
        ),
        (
            "virtio/ethtool_-c_ens3",
            {"ens3": "rx-usecs 0 rx-frames 1 tx-usecs 0 tx-frames 1 adaptive-rx off adaptive-tx off"},
        ),
        ("netlink-form/ethtool_-c_eth0", {"eth0": "rx-usecs 0 rx-frames 1 tx-usecs 0 tx-frames 1 adaptive-rx off"}),
        ("part/ethtool_-c_eth2", {"eth2": "adaptive-rx off adaptive-tx off"}),
        ("refused/ethtool_-c_flannel.1", {}),
    ],
)
def test_what_is_set_is_told_and_what_there_is_not_is_left_out(case, facts):
    found, items = read((CAPTURES / case).read_bytes())
    assert found == facts
    assert len(items) == len(facts)


def test_several_interfaces_may_follow_each_other():
    found, items = read(IXGBE + IXGBE.replace(b"eth4", b"eth5").replace(b"rx-usecs: 1", b"rx-usecs: 50"))
    assert found["eth4"].startswith("rx-usecs 1 ")
    assert found["eth5"].startswith("rx-usecs 50 ")
    assert [item.origin.line for item in items] == [1, 28]


@pytest.mark.parametrize("text", ["-1", "many", "99999999999999999999", "²"])
def test_a_setting_that_is_no_number_costs_one_line(text):
    found, items = read(f"Coalesce parameters for eth0:\nrx-usecs: {text}\nrx-frames: 5\n".encode())
    assert found == {"eth0": "rx-frames 5"}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [2]


def test_without_a_heading_the_interface_is_that_of_the_request():
    assert read(b"rx-usecs: 3\n", interface="eth9")[0] == {"eth9": "rx-usecs 3"}
    assert read(b"rx-usecs: 3\n")[0] == {}


def test_it_is_recognised_without_a_name():
    assert re.search(SOURCES["nic_coalescing"].looks_like.encode(), IXGBE)
