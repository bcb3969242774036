import errno
import socket
import struct
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.netlink_answers import attribute, message, prepared

from brimful.kernel import netlink
from brimful.kernel.netlink import Dump, Message, Netlink, NetlinkError, attributes, messages

KIND = 18


@pytest.fixture
def fake(monkeypatch):
    """Makes a netlink socket of prepared answers; returns both."""
    return partial(prepared, monkeypatch)


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


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=150)
def test_any_bytes_raise_nothing_but_the_one_error(data):
    with suppress(NetlinkError):
        assert sum(len(part) for part in attributes(data).values()) <= len(data)
    with suppress(NetlinkError):
        assert len(list(messages(data))) <= len(data)


def test_a_dump_goes_over_many_datagrams_to_its_end(fake):
    def first(sequence):
        stale = message(16, b"stal", sequence=sequence - 1)
        return stale + message(16, b"one!", 2, sequence) + message(1, b"noop", 2, sequence)

    def last(sequence):
        return message(16, b"two!", 2, sequence) + message(3, b"\0\0\0\0", 2, sequence)

    route, kernel = fake([first, last])
    assert route.dump(KIND, b"body") == Dump((b"one!", b"two!"))
    assert kernel.requests[0][4:8] == struct.pack("=HH", KIND, 0x301)
    assert kernel.requests[0][16:] == b"body"


def interrupted(sequence):
    return message(16, b"half", 0x12, sequence) + message(3, b"\0\0\0\0", 2, sequence)


def complete(sequence):
    return message(16, b"full", 2, sequence) + message(3, b"\0\0\0\0", 2, sequence)


def test_an_interrupted_dump_is_begun_again(fake):
    route, _ = fake([interrupted], [interrupted], [complete])
    assert route.dump(KIND, b"") == Dump((b"full",))


def test_a_dump_that_is_always_interrupted_is_marked(fake):
    route, kernel = fake(*[[interrupted]] * netlink.TRIES)
    assert route.dump(KIND, b"") == Dump((b"half",), whole=False)
    assert kernel.answers == []


@pytest.mark.parametrize("kind", [2, 3])
def test_what_the_kernel_refuses_is_told_by_its_number(fake, kind):
    def refused(sequence):
        return message(kind, struct.pack("=i", -errno.EOPNOTSUPP), 2, sequence)

    route, _ = fake([refused])
    with pytest.raises(NetlinkError, match="not supported") as caught:
        route.dump(KIND, b"")
    assert caught.value.errno == errno.EOPNOTSUPP


def test_a_datagram_that_did_not_fit_is_an_error(fake):
    route, _ = fake([complete], flags=socket.MSG_TRUNC)
    with pytest.raises(NetlinkError, match="longer than 65536"):
        route.dump(KIND, b"")


def test_only_the_kernel_is_heard(fake):
    route, kernel = fake([complete, complete], port=4711)
    with pytest.raises(IndexError):  # nothing more is waiting, and what was is not taken
        route.dump(KIND, b"")
    assert kernel.waiting == []


def test_errors_of_the_socket_are_the_one_error(fake):
    route, _ = fake([], error=OSError(errno.ENOBUFS, "no room"))
    with pytest.raises(NetlinkError, match="netlink answer") as caught:
        route.dump(KIND, b"")
    assert caught.value.errno == errno.ENOBUFS
    route, kernel = fake()
    kernel.sendto = lambda *_: kernel.recvmsg(0)
    kernel.error = OSError(errno.EPERM, "not allowed")
    with pytest.raises(NetlinkError, match="netlink request: Operation not permitted") as caught:
        route.dump(KIND, b"")
    assert caught.value.errno == errno.EPERM
    with pytest.raises(NetlinkError, match="netlink socket"):
        Netlink(250)


def done(sequence, flags=2, number=0):
    return message(3, struct.pack("=i", number), flags, sequence)


def test_datagrams_come_as_they_are_without_the_end_of_the_dump(fake):
    """The end comes in a datagram of its own, as since Linux 2.6 for dumps of links."""
    one = partial(message, 16, b"one!", 2)
    two = partial(message, 16, b"two!", 2)
    route, kernel = fake([lambda n: one(n) + two(n), one, done])
    assert route.datagrams(KIND, b"body") == [one(1) + two(1), one(1), b""]
    assert kernel.requests[0][4:8] == struct.pack("=HH", KIND, 0x301)
    assert kernel.requests[0][16:] == b"body"


def test_the_end_of_a_dump_may_stand_behind_the_last_entry(fake):
    """As since Linux 6.9 (net/netlink/af_netlink.c, netlink_dump), in one datagram with what came before."""
    one = partial(message, 16, b"odd", 2)  # padded to four bytes
    route, _ = fake([lambda n: one(n) + done(n)])
    assert route.datagrams(KIND, b"") == [one(1)]


def test_datagrams_of_an_empty_dump(fake):
    assert fake([done])[0].datagrams(KIND, b"") == [b""]


@pytest.mark.parametrize("at", ["entry", "end"])
def test_an_interrupted_dump_gives_no_datagrams(fake, at):
    """The kernel marks the one message that it writes next after the change (nl_dump_check_consistent)."""
    entry = partial(message, 16, b"one!", 0x12 if at == "entry" else 2)
    route, _ = fake([entry, entry, lambda n: done(n, 0x12 if at == "end" else 2)])
    assert route.datagrams(KIND, b"") is None


def test_a_mark_is_seen_wherever_it_stands(fake):
    def datagram(sequence):
        return b"".join(message(16, b"one!", flags, sequence) for flags in (2, 0x12, 2))

    route, _ = fake([partial(message, 16, b"one!", 2), datagram, partial(message, 16, b"two!", 2), done])
    assert route.datagrams(KIND, b"") is None


def test_datagrams_left_over_from_another_request_are_not_taken(fake):
    stale = [lambda n: message(16, b"stal", 2, n - 1), lambda n: done(n - 1)]
    route, _ = fake([*stale, partial(message, 16, b"one!", 2), done])
    assert route.datagrams(KIND, b"") == [message(16, b"one!", 2, 1), b""]


@pytest.mark.parametrize("kind", [2, 3])
def test_what_the_kernel_refuses_is_told_for_datagrams_too(fake, kind):
    route, _ = fake([lambda n: message(kind, struct.pack("=i", -errno.EPERM), 2, n)])
    with pytest.raises(NetlinkError, match="netlink dump: Operation not permitted") as caught:
        route.datagrams(KIND, b"")
    assert caught.value.errno == errno.EPERM


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 15,
        message(16, b"abcd")[:-1],
        message(16, length=15),
        message(16) + b"\1",
        message(3, b"", length=0),
    ],
)
def test_datagrams_cut_short_are_the_one_error(fake, data):
    route, _ = fake([data])
    with pytest.raises(NetlinkError):
        route.datagrams(KIND, b"")


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=150)
def test_datagrams_of_any_bytes_raise_nothing_but_the_one_error(data):
    with pytest.MonkeyPatch.context() as patch:
        route, _ = prepared(patch, [data, done])
        with suppress(NetlinkError):
            found = route.datagrams(KIND, b"")
            assert found is None or sum(map(len, found)) <= len(data)
