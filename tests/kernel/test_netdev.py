import struct
import subprocess

import pytest
from tests.namespaces import in_namespace, ip

from brimful.kernel import netdev
from brimful.kernel.genetlink import NETLINK_GENERIC, Generic, attribute, nested
from brimful.kernel.netdev import NAPIS, POOL_STATISTICS, POOLS, QUEUE_STATISTICS, QUEUES, listed
from brimful.kernel.netlink import Netlink, attributes


class Answering:
    """A generic netlink of one answer."""

    def __init__(self, *parts):
        self.parts = parts
        self.asked = []

    def dump(self, family, command, body=b""):
        self.asked.append((family, command, body))
        return (attributes(b"".join(self.parts)),)


def u32(kind, value):
    return attribute(kind, struct.pack("=I", value))


def u64(kind, value):
    return attribute(kind, struct.pack("=Q", value))


def test_a_page_pool_is_read_by_the_names_of_the_specification():
    generic = Answering(u32(1, 51), u32(2, 4), u32(3, 525), u64(4, 4032), u64(5, 2**40), u32(6, 1000), u32(7, 1))
    assert list(listed(generic, POOLS)) == [
        {"id": 51, "ifindex": 4, "napi-id": 525, "inflight": 4032, "inflight-mem": 2**40, "detach-time": 1000}
    ]
    assert generic.asked == [("netdev", 5, b"")]


def test_statistics_of_a_pool_hold_which_pool_it_is():
    generic = Answering(nested(1, u32(1, 51), u32(2, 4), u32(99, 1)), u64(8, 10), u64(18, 3))
    assert list(listed(generic, POOL_STATISTICS)) == [
        {"info": {"id": 51, "ifindex": 4}, "alloc-fast": 10, "recycle-released-refcnt": 3}
    ]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (8, "rx-packets"),
        (12, "rx-alloc-fail"),
        (13, "rx-hw-drops"),
        (14, "rx-hw-drop-overruns"),
        (23, "rx-hw-drop-ratelimits"),
        (24, "tx-hw-drops"),
        (33, "tx-stop"),
        (34, "tx-wake"),
    ],
)
def test_statistics_have_the_numbers_of_the_header(number, name):
    generic = Answering(u32(1, 4), u32(number, 77))
    assert list(listed(generic, QUEUE_STATISTICS)) == [{"ifindex": 4, name: 77}]


def test_statistics_by_queue_are_asked_for_and_name_it():
    generic = Answering(u32(1, 4), u32(2, 1), u32(3, 7), u64(33, 5))
    assert list(listed(generic, QUEUE_STATISTICS, by_queue=True)) == [
        {"ifindex": 4, "queue-type": "tx", "queue-id": 7, "tx-stop": 5}
    ]
    assert generic.asked == [("netdev", 12, u32(4, 1))]


def test_a_kind_of_queue_that_is_not_known_stays_a_number():
    assert list(listed(Answering(u32(1, 0), u32(2, 4), u32(3, 2)), QUEUES)) == [{"id": 0, "ifindex": 4, "type": 2}]


@pytest.mark.kernel
def test_the_kernel_lists_queues_and_napi_instances():
    def look():
        ip("link add brim0 type veth peer name brim1")
        ip("link set brim0 up")
        ip("link set brim1 up")
        subprocess.run(["ethtool", "-K", "brim1", "gro", "on"], check=True)  # veth then has NAPI instances
        generic = Generic(Netlink(NETLINK_GENERIC))
        return (
            list(listed(generic, QUEUES)),
            list(listed(generic, NAPIS)),
            list(listed(generic, QUEUE_STATISTICS)),
            list(listed(generic, POOLS)),
        )

    queues, instances, statistics, pools = in_namespace(look)
    kinds = {(queue["ifindex"], queue["type"], queue["id"]) for queue in queues}
    assert {(1, "rx", 0), (1, "tx", 0)} <= kinds
    assert len({index for index, _, _ in kinds}) == 3
    assert len(instances) == 1
    assert {"id", "ifindex"} <= instances[0].keys()
    assert (statistics, pools) == ([], [])  # veth keeps none of either that the kernel would show


def test_each_operation_has_its_number():
    operations = (POOLS, POOL_STATISTICS, QUEUES, NAPIS, QUEUE_STATISTICS)
    assert [operation.command for operation in operations] == [5, 9, 10, 11, 12]
    assert netdev.FAMILY == "netdev"
