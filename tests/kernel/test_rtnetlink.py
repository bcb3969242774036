import errno
import json
import socket
import struct
from array import array
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.kernel.netlink_answers import attribute, message, prepared
from tests.namespaces import in_namespace, ip

from brimful.kernel import netlink
from brimful.kernel.netlink import NETLINK_ROUTE, Netlink, NetlinkError
from brimful.kernel.rtnetlink import (
    STATISTICS_SKIP,
    STATISTICS_STRIDE,
    STATS64,
    LinkNews,
    link_of,
    link_stats,
    statistics,
    stats64,
)


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


@pytest.fixture
def fake(monkeypatch):
    """Makes a netlink socket of prepared answers; returns both."""
    return partial(prepared, monkeypatch)


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


def test_links_that_are_told_twice_count_once_and_the_mark_stays(fake):
    def twice(sequence):
        return message(16, SAMPLE, 0x12, sequence) * 2 + message(3, b"\0\0\0\0", 2, sequence)

    route, _ = fake(*[[twice]] * netlink.TRIES)
    found = link_stats(route)
    assert ([one.name for one in found.links], found.whole) == (["eth0"], False)


def entry(index, values=range(25), *, flags=2, kind=92, part=1, sequence=1):
    """An RTM_NEWSTATS message: struct if_stats_msg, then IFLA_STATS_LINK_64."""
    body = struct.pack("=BxHII", 0, 0, index, 1) + attribute(part, struct.pack(f"={len(values)}Q", *values))
    return message(kind, body, flags, sequence)


def entries(*parts):
    """A dump of these entries, the end in a datagram of its own."""
    end = partial(message, 3, b"\0" * 4, 2)
    return [*([lambda n: b"".join(part(sequence=n) for part in parts)] if parts else []), end]


def test_statistics_of_all_links_are_rows_of_numbers(fake):
    values = {2: range(25), 70_000: range(100, 125)}
    route, kernel = fake(entries(*(partial(entry, *pair) for pair in values.items())))
    indexes, numbers = statistics(route)
    assert indexes == (2, 70_000)
    rows = [numbers[at : at + STATISTICS_STRIDE] for at in range(0, len(numbers), STATISTICS_STRIDE)]
    assert [row[STATISTICS_SKIP:] for row in rows] == [array("Q", part) for part in values.values()]
    assert kernel.requests[0][16:] == struct.pack("=BBHII", 0, 0, 0, 0, 1)


def test_no_links_are_no_rows(fake):
    assert statistics(fake(entries())[0]) == ((), array("Q"))


@pytest.mark.parametrize(
    "odd",
    [
        [partial(entry, 2, range(24)), partial(entry, 3, range(24))],  # an older kernel
        [partial(entry, 2, range(26)), partial(entry, 3, range(26))],  # a later one
        [partial(entry, 2), partial(entry, 3, range(26))],
        [partial(entry, 2, range(24)), partial(entry, 3, range(26)), partial(entry, 4)],
        [partial(entry, 2, kind=16)],
        [partial(entry, 2, part=2)],
        [partial(entry, 2), partial(entry, 3, part=2)],
        [partial(entry, 2), partial(message, 92, b"")],
        [partial(entry, 2, flags=0x12)],  # interrupted
        [partial(entry, 2, flags=0x12), partial(entry, 3)],
    ],
)
def test_entries_that_look_otherwise_are_not_taken(fake, odd):
    assert statistics(fake(entries(*odd))[0]) is None


@given(st.lists(st.tuples(st.integers(1, 2**31 - 1), st.lists(st.integers(0, 2**64 - 1), min_size=25, max_size=25))))
@settings(deadline=None, max_examples=50)
def test_any_numbers_come_back(rows):
    with pytest.MonkeyPatch.context() as patch:
        route, _ = prepared(patch, entries(*(partial(entry, *row) for row in rows)))
        indexes, numbers = statistics(route)
    assert list(indexes) == [index for index, _ in rows]
    for column in range(25):
        assert list(numbers[STATISTICS_SKIP + column :: STATISTICS_STRIDE]) == [values[column] for _, values in rows]


class News:
    """A socket with prepared news: bytes, or the number of an error."""

    def __init__(self, *waiting):
        self.waiting = list(waiting)

    def bind(self, address):
        assert address == (0, 1)

    def close(self):
        pass

    def recv(self, _size):
        if not self.waiting:
            raise BlockingIOError(errno.EAGAIN, "nothing")
        found = self.waiting.pop(0)
        if isinstance(found, int):
            raise OSError(found, "error")
        return found


@pytest.mark.parametrize(
    ("waiting", "arrived"), [([], False), ([b"x"], True), ([b"x"] * 300, True), ([errno.ENOBUFS], True)]
)
def test_news_are_told_once_also_those_that_were_lost(monkeypatch, waiting, arrived):
    monkeypatch.setattr(socket, "socket", lambda *_: News(*waiting))
    news = LinkNews()
    assert news.arrived() is arrived
    assert news.arrived() is False


def test_errors_of_the_news_are_the_one_error(monkeypatch):
    monkeypatch.setattr(socket, "socket", lambda *_: News(errno.EIO))
    news = LinkNews()
    with pytest.raises(NetlinkError, match="netlink news"):
        news.arrived()

    def refuse(*_):
        raise OSError(errno.EAFNOSUPPORT, "none")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(NetlinkError, match="netlink socket") as caught:
        LinkNews()
    assert caught.value.errno == errno.EAFNOSUPPORT


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


@pytest.mark.kernel
def test_statistics_are_those_of_the_links():
    def look():
        for number in range(150):
            ip(f"link add a{number} mtu {1000 + number} type veth peer name b{number}")
        for name in ("lo", "a0", "b0"):
            ip(f"link set {name} up")
        route = Netlink(NETLINK_ROUTE)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
            reader.bind(("127.0.0.1", 0))
            for _ in range(3):
                reader.sendto(b"x", reader.getsockname())
        for _ in range(20):  # the new links send a little of their own
            before, found, after = link_stats(route), statistics(route), link_stats(route)
            if before == after:
                return before, found
        raise AssertionError("the links do not come to rest")

    links, (indexes, numbers) = in_namespace(look)
    assert len(indexes) == 301
    by_index = {
        index: dict(zip(STATS64, numbers[row * STATISTICS_STRIDE + STATISTICS_SKIP :], strict=False))
        for row, index in enumerate(indexes)
    }
    assert by_index == {link.index: link.stats for link in links.links}
    assert by_index[1]["rx_packets"] >= 3


@pytest.mark.kernel
def test_links_that_come_change_and_go_are_news():
    def look():
        news = LinkNews()
        told = [news.arrived()]
        for change in ("link add brim0 type veth peer name brim1", "link set brim0 name brim2", "link del brim2"):
            ip(change)
            told += [news.arrived(), news.arrived()]
        return told

    assert in_namespace(look) == [False, True, False, True, False, True, False]
