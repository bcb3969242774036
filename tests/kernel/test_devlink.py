import errno
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.devlink_answers import HANDLE, PORTS, Answering, u8, u16, u32
from tests.kernel.netlink_answers import attribute, message, prepared

from brimful.kernel.devlink import Pool, Share, buffers, pools, port_pools, snapshot, traffic_classes
from brimful.kernel.genetlink import NETLINK_GENERIC, Generic
from brimful.kernel.netlink import Netlink, NetlinkError


def test_the_buffers_there_are():
    assert buffers(Answering(c11=[HANDLE + u32(11, 0) + u32(12, 16777216)])) == [("pci/0000:03:00.0", 0)]


def test_a_pool():
    answer = HANDLE + u32(11, 0) + u16(17, 4) + u8(18, 1) + u32(19, 13232640) + u8(20, 1) + u32(105, 96)
    assert list(pools(Answering(c15=[answer]))) == [
        Pool("pci/0000:03:00.0", 0, 4, "egress", 13232640, "dynamic", 96),
    ]


def test_an_older_kernel_does_not_tell_the_size_of_cells():
    answer = HANDLE + u32(11, 0) + u16(17, 0) + u8(18, 0) + u32(19, 96) + u8(20, 0)
    assert list(pools(Answering(c15=[answer]))) == [Pool("pci/0000:03:00.0", 0, 0, "ingress", 96, "static")]


def test_what_a_port_takes_of_a_pool():
    answer = HANDLE + u32(3, 1) + u32(11, 0) + u16(17, 4) + u32(21, 9) + u32(23, 786432) + u32(24, 1048608)
    assert list(port_pools(Answering(c5=PORTS, c19=[answer]))) == [
        Share("pci/0000:03:00.0", 1, "swp1", 0, 4, 9, current=786432, maximum=1048608)
    ]


def test_what_a_traffic_class_takes():
    share = HANDLE + u32(3, 0) + u32(11, 0) + u16(22, 3) + u8(18, 1) + u16(17, 4) + u32(21, 9)
    assert list(traffic_classes(Answering(c5=PORTS, c23=[share]))) == [
        Share("pci/0000:03:00.0", 0, "", 0, 4, 9, tc=3, type="egress")
    ]


def test_a_snapshot_is_of_one_buffer_and_clears_nothing():
    generic = Answering()
    snapshot(generic, "pci/0000:03:00.0", 0)
    assert generic.ordered == [("devlink", 27, {1: b"pci\0", 2: b"0000:03:00.0\0", 11: b"\0\0\0\0"})]


@pytest.mark.parametrize("answer", [HANDLE + u32(11, 0), HANDLE + u32(11, 0) + u16(17, 0) + u8(18, 2) + u32(19, 1)])
def test_an_answer_that_is_none(answer):
    with pytest.raises(NetlinkError):
        list(pools(Answering(c15=[answer])))


FAMILY = message(16, b"\1\2\0\0" + attribute(2, b"devlink\0") + attribute(1, b"\x1f\0") + u32(3, 1))
DONE = message(3, struct.pack("=i", 0))


def test_an_order_asks_for_an_acknowledgement(monkeypatch):
    netlink, fake = prepared(
        monkeypatch,
        [FAMILY + DONE],
        [message(2, struct.pack("=i", 0) + b"\0" * 16, sequence=2)],
    )
    Generic(netlink).order("devlink", 27, b"")
    length, kind, flags, sequence = struct.unpack_from("=IHHI", fake.requests[1])
    assert (length, kind, flags, sequence) == (20, 0x1F, 0x5, 2)
    assert fake.requests[1][16] == 27


def test_an_order_that_is_refused(monkeypatch):
    refused = message(2, struct.pack("=i", -errno.EPERM) + b"\0" * 16, sequence=1)
    netlink, _ = prepared(monkeypatch, [refused])
    with pytest.raises(NetlinkError) as refusal:
        netlink.order(16, b"")
    assert refusal.value.errno == errno.EPERM


def test_this_kernel_answers_or_has_no_such_family():
    generic = Generic(Netlink(NETLINK_GENERIC))
    refusals = []
    try:
        found = buffers(generic)
    except NetlinkError as error:
        found = []
        refusals.append(error.errno)
    assert set(refusals) <= {errno.ENOENT, errno.EOPNOTSUPP}
    assert all("/" in device for device, _ in found)


@given(st.lists(st.tuples(st.integers(0, 110), st.binary(max_size=9)), max_size=12))
def test_any_attributes_are_a_share_or_an_error(pairs):
    body = b"".join(attribute(kind, value) for kind, value in pairs)
    for read, command in ((pools, "c15"), (port_pools, "c19"), (traffic_classes, "c23")):
        with suppress(NetlinkError):
            assert len(list(read(Answering(**{command: [body]})))) == 1
