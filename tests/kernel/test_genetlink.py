import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.kernel.genetlink import NETLINK_GENERIC, Family, Generic, attribute, nested, uint
from brimful.kernel.netlink import Dump, Netlink, NetlinkError, attributes


class Prepared:
    """Answers dumps with prepared bodies; remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def dump(self, kind, body):
        self.asked.append((kind, body))
        return Dump(tuple(self.answers.pop(0)))


def family(name, number, version=1):
    return (
        b"\1\2\0\0"
        + attribute(2, name.encode() + b"\0")
        + attribute(1, struct.pack("=H", number))
        + attribute(3, struct.pack("=I", version))
    )


def test_a_family_is_asked_for_once_and_answers_are_attributes():
    prepared = Prepared([family("nlctrl", 16, 2), family("netdev", 27)], [b"\5\1\0\0" + attribute(4, b"abc")], [])
    generic = Generic(prepared)
    assert generic.dump("netdev", 5, attribute(1, b"xy")) == ({4: b"abc"},)
    assert generic.dump("netdev", 12) == ()
    assert prepared.asked == [
        (16, b"\3\1\0\0"),
        (27, b"\5\1\0\0\6\0\1\0xy\0\0"),
        (27, b"\x0c\1\0\0"),
    ]


def test_a_family_that_there_is_not_is_one_clear_error():
    with pytest.raises(NetlinkError, match="generic netlink family netdev: No such file") as caught:
        Generic(Prepared([family("ethtool", 21)])).dump("netdev", 5)
    assert caught.value.errno == errno.ENOENT


def test_a_family_without_a_number_is_an_error():
    with pytest.raises(NetlinkError, match="number of 0 bytes"):
        Generic(Prepared([b"\1\2\0\0" + attribute(2, b"x\0")])).dump("x", 1)


@pytest.mark.parametrize(("value", "number"), [(b"\7", 7), (b"\1\0", 1), (b"\2\0\0\0", 2), (b"\3" + b"\0" * 7, 3)])
def test_numbers_come_in_four_sizes(value, number):
    assert uint(value) == number


@pytest.mark.parametrize("value", [b"", b"abc", b"\0" * 16])
def test_other_sizes_are_an_error(value):
    with pytest.raises(NetlinkError, match=f"of {len(value)} bytes"):
        uint(value)


@given(st.integers(1, 0x3FFF), st.binary(max_size=40), st.binary(max_size=40))
def test_what_is_packed_is_found_again(kind, one, other):
    packed = nested(kind, attribute(1, one), attribute(2, other))
    assert len(packed) % 4 == 0
    assert attributes(attributes(packed)[kind]) == {1: one, 2: other}


@pytest.mark.kernel
def test_the_kernel_knows_its_own_families():
    generic = Generic(Netlink(NETLINK_GENERIC))
    (control,) = (found for found in generic.dump("nlctrl", 3) if found.get(2) == b"nlctrl\0")
    assert Family(uint(control[1]), uint(control[3])) == Family(16, 2)
    with pytest.raises(NetlinkError, match="family of which nobody has heard"):
        generic.dump("of which nobody has heard", 1)
