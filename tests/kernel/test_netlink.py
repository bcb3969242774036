import errno
import json
import socket
import struct
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.namespaces import in_namespace, ip

from brimful.kernel import netlink
from brimful.kernel.netlink import (
    NETLINK_ROUTE,
    RTM_GETLINK,
    STATS64,
    Dump,
    Message,
    Netlink,
    NetlinkError,
    attributes,
    link_of,
    link_stats,
    messages,
    stats64,
)


def message(kind, body=b"", flags=0, sequence=1, length=None):
    total = 16 + len(body) if length is None else length
    return struct.pack("=IHHII", total, kind, flags, sequence, 0) + body + b"\0" * (-len(body) % 4)


def attribute(kind, value, length=None):
    total = 4 + len(value) if length is None else length
    return struct.pack("=HH", total, kind) + value + b"\0" * (-len(value) % 4)


def link(*parts, index=7):
    return struct.pack("=BxHiII", 0, 1, index, 0, 0) + b"".join(parts)


SAMPLE = link(
    attribute(3, b"eth0\0"),
    attribute(4, struct.pack("=I", 1500)),
    attribute(16, b"\6"),
    attribute(18 | 0x8000, attribute(1, b"veth\0")),
    attribute(23, struct.pack("=25Q", *range(25))),
    attribute(35, struct.pack("=I", 2)),
)


class FakeSocket:
    """Answers each request with the datagrams prepared for it, with the sequence number it asked with."""

    def __init__(self, *answers, port=0, flags=0, error=None):
        self.answers = list(answers)
        self.requests = []
        self.port = port
        self.flags = flags
        self.error = error

    def close(self):
        pass

    def sendto(self, data, _address):
        self.requests.append(data)
        (self.sequence,) = struct.unpack_from("=I", data, 8)
        self.waiting = list(self.answers.pop(0))

    def recvmsg(self, _size):
        if self.error:
            raise self.error
        datagram = self.waiting.pop(0)
        if callable(datagram):
            datagram = datagram(self.sequence)
        return datagram, [], self.flags, (self.port, 0)


@pytest.fixture
def fake(monkeypatch):
    """Makes a netlink socket of prepared answers; returns both."""

    def make(*answers, **options):
        fake = FakeSocket(*answers, **options)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", lambda *_: fake)
            return Netlink(NETLINK_ROUTE), fake

    return make


def test_messages_are_split_at_their_padded_ends():
    data = message(16, b"abcde", flags=2, sequence=9) + message(3, b"\0\0\0\0")
    assert list(messages(data)) == [Message(16, 2, 9, b"abcde"), Message(3, 0, 1, b"\0\0\0\0")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\0" * 15, "cut short in its header"),
        (message(16, b"abcd")[:-1], "of 20 bytes in 19"),
        (message(16, length=15), "of 15 bytes in 16"),
        (message(16, length=0), "of 0 bytes"),
    ],
)
def test_a_message_cut_short_is_one_clean_error(data, why):
    with pytest.raises(NetlinkError, match=why):
        list(messages(data))


def test_attributes_are_found_whatever_their_flags():
    data = attribute(3, b"abc") + attribute(18 | 0x8000, b"nest") + attribute(5 | 0x4000, b"")
    assert attributes(b"head" + data, 4) == {3: b"abc", 18: b"nest", 5: b""}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\0\0\0", "cut short in its header"),
        (attribute(3, b"abcd")[:-1], "of 8 bytes in 7"),
        (attribute(3, b"", length=3), "of 3 bytes in 4"),
        (attribute(3, b"", length=0), "of 0 bytes"),
    ],
)
def test_an_attribute_cut_short_is_one_clean_error(data, why):
    with pytest.raises(NetlinkError, match=why):
        attributes(data)


def test_a_link_is_read_with_all_its_counters():
    found = link_of(SAMPLE)
    assert (found.index, found.name, found.operstate, found.mtu, found.kind) == (7, "eth0", "UP", 1500, "veth")
    assert found.stats == {name: number for number, name in enumerate(STATS64)}
    assert found.stats["rx_missed_errors"] == 15
    assert found.stats["rx_nohandler"] == 23
    assert found.carrier_changes == 2


def test_what_a_link_does_not_say_is_not_made_up():
    found = link_of(link())
    assert (found.name, found.operstate, found.kind, found.stats) == ("", "UNKNOWN", "", {})
    assert found.carrier_changes is None
    assert link_of(link(attribute(16, b"\7"))).operstate == "UNKNOWN"
    assert link_of(link(attribute(3, b"\xff\0"))).name == "\udcff"


@pytest.mark.parametrize("count", [0, 23, 24, 25, 26])
def test_counters_are_taken_by_length_because_kernels_append_to_them(count):
    assert list(stats64(struct.pack(f"={count}Q", *range(count)) + b"\1\2\3")) == list(STATS64[:count])


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=150)
def test_any_bytes_raise_nothing_but_the_one_error(data):
    with suppress(NetlinkError):
        assert sum(len(part) for part in attributes(data).values()) <= len(data)
    with suppress(NetlinkError):
        assert len(list(messages(data))) <= len(data)
    with suppress(NetlinkError):
        assert len(link_of(data).stats) <= len(STATS64)


@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255), st.integers(0, len(SAMPLE)))
@example(20, 5, len(SAMPLE))  # a number of one byte
@settings(deadline=None, max_examples=150)
def test_a_damaged_link_raises_nothing_but_the_one_error(at, byte, end):
    data = bytearray(SAMPLE)
    data[at] = byte
    with suppress(NetlinkError):
        assert len(link_of(bytes(data[:end])).stats) <= len(STATS64)


def test_a_number_of_the_wrong_length_is_an_error():
    with pytest.raises(NetlinkError, match="number of 2 bytes"):
        link_of(link(attribute(4, b"\0\0")))


def test_a_dump_goes_over_many_datagrams_to_its_end(fake):
    def first(sequence):
        stale = message(16, b"stal", sequence=sequence - 1)
        return stale + message(16, b"one!", 2, sequence) + message(1, b"noop", 2, sequence)

    def last(sequence):
        return message(16, b"two!", 2, sequence) + message(3, b"\0\0\0\0", 2, sequence)

    route, kernel = fake([first, last])
    assert route.dump(RTM_GETLINK, b"body") == Dump((b"one!", b"two!"))
    assert kernel.requests[0][4:8] == struct.pack("=HH", RTM_GETLINK, 0x301)
    assert kernel.requests[0][16:] == b"body"


def interrupted(sequence):
    return message(16, b"half", 0x12, sequence) + message(3, b"\0\0\0\0", 2, sequence)


def complete(sequence):
    return message(16, b"full", 2, sequence) + message(3, b"\0\0\0\0", 2, sequence)


def test_an_interrupted_dump_is_begun_again(fake):
    route, _ = fake([interrupted], [interrupted], [complete])
    assert route.dump(RTM_GETLINK, b"") == Dump((b"full",))


def test_a_dump_that_is_always_interrupted_is_marked(fake):
    route, kernel = fake(*[[interrupted]] * netlink.TRIES)
    assert route.dump(RTM_GETLINK, b"") == Dump((b"half",), whole=False)
    assert kernel.answers == []


def test_links_that_are_told_twice_count_once_and_the_mark_stays(fake):
    def twice(sequence):
        return message(16, SAMPLE, 0x12, sequence) * 2 + message(3, b"\0\0\0\0", 2, sequence)

    route, _ = fake(*[[twice]] * netlink.TRIES)
    found = link_stats(route)
    assert ([one.name for one in found.links], found.whole) == (["eth0"], False)


@pytest.mark.parametrize("kind", [2, 3])
def test_what_the_kernel_refuses_is_told_by_its_number(fake, kind):
    def refused(sequence):
        return message(kind, struct.pack("=i", -errno.EOPNOTSUPP), 2, sequence)

    route, _ = fake([refused])
    with pytest.raises(NetlinkError, match="not supported") as caught:
        route.dump(RTM_GETLINK, b"")
    assert caught.value.errno == errno.EOPNOTSUPP


def test_a_datagram_that_did_not_fit_is_an_error(fake):
    route, _ = fake([complete], flags=socket.MSG_TRUNC)
    with pytest.raises(NetlinkError, match="longer than 65536"):
        route.dump(RTM_GETLINK, b"")


def test_only_the_kernel_is_heard(fake):
    route, kernel = fake([complete, complete], port=4711)
    with pytest.raises(IndexError):  # nothing more is waiting, and what was is not taken
        route.dump(RTM_GETLINK, b"")
    assert kernel.waiting == []


def test_errors_of_the_socket_are_the_one_error(fake):
    route, _ = fake([], error=OSError(errno.ENOBUFS, "no room"))
    with pytest.raises(NetlinkError, match="netlink answer") as caught:
        link_stats(route)
    assert caught.value.errno == errno.ENOBUFS
    route, kernel = fake()
    kernel.sendto = lambda *_: kernel.recvmsg(0)
    kernel.error = OSError(errno.EPERM, "not allowed")
    with pytest.raises(NetlinkError, match="netlink request: Operation not permitted") as caught:
        link_stats(route)
    assert caught.value.errno == errno.EPERM
    with pytest.raises(NetlinkError, match="netlink socket"):
        Netlink(250)


@pytest.mark.kernel
def test_links_are_those_that_ip_shows():
    def look():
        ip("link add brim0 type veth peer name brim1")
        ip("link set brim0 up mtu 1300")
        ip("link set brim1 up")
        before = link_stats(Netlink(NETLINK_ROUTE))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
            reader.bind(("127.0.0.1", 0))
            for _ in range(3):
                reader.sendto(b"x", reader.getsockname())
        shown = json.loads(ip("-j -d -s -s link"))
        return before, shown, link_stats(Netlink(NETLINK_ROUTE))

    before, shown, after = in_namespace(look)
    assert before.whole
    assert [(one["ifindex"], one["ifname"], one["operstate"], one["mtu"]) for one in shown] == [
        (one.index, one.name, one.operstate, one.mtu) for one in after.links
    ]
    kinds = {one.name: one.kind for one in after.links}
    assert kinds == {"lo": "", "brim0": "veth", "brim1": "veth"}
    for least, real, most in zip(before.links, shown, after.links, strict=True):
        for field in ("packets", "bytes", "dropped", "fifo_errors"):
            for side in ("rx", "tx"):
                name = f"{side}_{field}"
                assert least.stats[name] <= real["stats64"][side][field] <= most.stats[name]
    lo, one, *_ = after.links
    assert lo.stats["rx_packets"] == before.links[0].stats["rx_packets"] + 3
    assert one.carrier_changes == shown[1]["stats64"]["tx"]["carrier_changes"]


@pytest.mark.kernel
def test_more_links_than_one_datagram_holds_come_in_several():
    def look():
        for number in range(50):
            ip(f"link add a{number} type veth peer name b{number}")
        return link_stats(Netlink(NETLINK_ROUTE))

    names = {f"{side}{number}" for side in "ab" for number in range(50)}
    assert {one.name for one in in_namespace(look).links} == {"lo", *names}
