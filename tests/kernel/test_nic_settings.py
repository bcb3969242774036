import errno
import struct
import subprocess

import pytest
from tests.namespaces import in_namespace, ip

from brimful.kernel.ethtool import Ethtool, EthtoolError
from brimful.kernel.genetlink import NETLINK_GENERIC, Generic, attribute, nested
from brimful.kernel.netlink import Netlink, attributes
from brimful.kernel.nic_settings import CHANNELS, COALESCING, PAUSE, Settings, by_ioctl, settings

HEADER = nested(1, attribute(1, struct.pack("=I", 4)), attribute(2, b"eth0\0"))


class Answering:
    """A generic netlink of one answer."""

    def __init__(self, *parts):
        self.parts = parts
        self.asked = []

    def dump(self, family, command, body=b""):
        self.asked.append((family, command, body))
        return (attributes(b"".join(self.parts)),)


def u8(kind, value):
    return attribute(kind, bytes([value]))


def u32(kind, value):
    return attribute(kind, struct.pack("=I", value))


def test_coalescing_is_read_by_the_numbers_of_the_header():
    generic = Answering(HEADER, u32(2, 50), u32(3, 64), u8(11, 1), u32(23, 9), u8(24, 0), u8(25, 1), u32(26, 5))
    assert list(settings(generic, COALESCING)) == [
        Settings(
            "eth0",
            {
                "rx-usecs": 50,
                "rx-frames": 64,
                "adaptive-rx": 1,
                "sample-interval": 9,
                "cqe-mode-tx": 0,
                "cqe-mode-rx": 1,
            },
        )
    ]
    assert generic.asked == [("ethtool", 19, nested(1))]


def test_channels_are_read_by_the_numbers_of_the_header():
    generic = Answering(HEADER, *(u32(kind, kind * 10) for kind in range(2, 10)))
    assert list(settings(generic, CHANNELS)) == [
        Settings(
            "eth0",
            {
                "rx-max": 20,
                "tx-max": 30,
                "other-max": 40,
                "combined-max": 50,
                "rx": 60,
                "tx": 70,
                "other": 80,
                "combined": 90,
            },
        )
    ]
    assert generic.asked[0][1] == 17


def test_pause_frames_are_asked_for_with_the_settings():
    counted = nested(5, attribute(2, struct.pack("=Q", 7)), attribute(3, struct.pack("=Q", 2**40)))
    generic = Answering(HEADER, u8(2, 1), u8(3, 0), u8(4, 1), counted)
    assert list(settings(generic, PAUSE)) == [
        Settings("eth0", {"autoneg": 1, "rx": 0, "tx": 1}, {"tx_pause_frames": 7, "rx_pause_frames": 2**40})
    ]
    assert generic.asked == [("ethtool", 21, nested(1, u32(3, 4)))]


def test_a_driver_without_pause_statistics_has_none():
    assert list(settings(Answering(HEADER, u8(3, 1)), PAUSE)) == [Settings("eth0", {"rx": 1})]


class Worded:
    """An ioctl door with numbers to give."""

    def __init__(self):
        self.asked = []

    def words(self, interface, command, count):
        self.asked.append((interface, command, count))
        if interface == "lo":
            raise EthtoolError("lo", errno.EOPNOTSUPP)
        return tuple(range(1, count + 1))


def test_the_older_way_has_the_same_names():
    door = Worded()
    found = list(by_ioctl(door, COALESCING, ["eth0", "lo"]))
    assert found[0].values["rx-usecs"] == 1
    assert found[0].values["stats-block-usecs"] == 9
    assert found[0].values["adaptive-rx"] == 10
    assert found[0].values["sample-interval"] == 22
    assert len(found[0].values) == 22
    assert (found[1].interface, found[1].errno) == ("lo", errno.EOPNOTSUPP)
    (channels,) = by_ioctl(door, CHANNELS, ["eth0"])
    assert channels.values["combined"] == 8
    (pause,) = by_ioctl(door, PAUSE, ["eth0"])
    assert pause == Settings("eth0", {"autoneg": 1, "rx": 2, "tx": 3})
    assert [command for _, command, _ in door.asked] == [0x0E, 0x0E, 0x3C, 0x12]


@pytest.mark.kernel
def test_both_ways_agree_on_the_channels_of_a_virtual_cable():
    def look():
        ip("link add brim0 numrxqueues 3 numtxqueues 3 type veth peer name brim1")
        subprocess.run(["ethtool", "-L", "brim0", "rx", "2", "tx", "3"], check=True)
        generic = Generic(Netlink(NETLINK_GENERIC))
        return list(settings(generic, CHANNELS)), list(by_ioctl(Ethtool(), CHANNELS, ["brim0", "lo"]))

    found, (older, refused) = in_namespace(look)
    (brim0,) = (one for one in found if one.interface == "brim0")
    assert {"rx-max": 3, "tx-max": 3, "rx": 2, "tx": 3}.items() <= brim0.values.items()
    assert brim0.values.items() <= older.values.items()
    assert (older.interface, refused.errno) == ("brim0", errno.EOPNOTSUPP)
