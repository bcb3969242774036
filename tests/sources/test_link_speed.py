from pathlib import Path

import pytest

from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.link_speed import link_speed

CAPTURE = Path(__file__).parents[1] / "captures" / "link_speed" / "jc" / "ethtool_default"


def read(data, name="ethtool eth0", **of):
    return list(link_speed(Document(name, "file", data, of=of)))


def test_ethtool_names_the_interface_and_its_speed():
    (fact,) = read(CAPTURE.read_bytes())
    assert (fact.name, fact.place, fact.value) == ("nic.link_speed", "enp0s3", 1000)
    assert (fact.origin.line, fact.origin.raw) == (15, "Speed: 1000Mb/s")


def test_sysfs_holds_the_number_alone():
    (fact,) = read(b"25000\n", "/sys/class/net/eth1/speed", interface="eth1")
    assert (fact.place, fact.value) == ("eth1", 25000)


@pytest.mark.parametrize("text", [b"-1\n", b"0\n", b"4294967295\n", b"\n", b""])
def test_an_unknown_speed_is_no_speed(text):
    assert read(text, "/sys/class/net/eth1/speed", interface="eth1") == []
    assert read(b"Settings for eth1:\n\tSpeed: Unknown!\n") == []


@pytest.mark.parametrize(
    "data", [b"Settings for eth1:\n\tSpeed: 10\xc2\xb2Mb/s\n", b"Settings for eth1:\n\tSpeed: fast\n"]
)
def test_what_is_no_number_costs_its_line(data):
    (item,) = read(data)
    assert isinstance(item, Unread)
    assert item.origin.line == 2
