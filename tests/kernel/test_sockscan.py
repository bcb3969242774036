import socket
import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.kernel import sockscan
from brimful.kernel.netlink import NetlinkError
from brimful.kernel.sockdiag import _SHAPE, socket_of
from brimful.kernel.sockscan import busy

UNCONN, LISTEN, TIME_WAIT = 7, 10, 6
IDLE = (0, 212992, 0, 212992, 3584, 0, 0, 0, 0)
SHUTDOWN = struct.pack("=HHI", 5, 8, 0)


def message(
    cookie, memory=IDLE, *, queues=(0, 0), state=UNCONN, timer=0, family=socket.AF_INET, extra=b"", more=SHUTDOWN
):
    head = struct.pack("=BBBB", family, state, timer, 0) + bytes(4 + 32) + struct.pack("=IQI", 0, cookie, 9)
    body = head + struct.pack("=IIII", *queues, 1000, 4242) + extra
    body += struct.pack("=HH9I", 40, 7, *memory) if memory else b""
    return raw(body + more)


def raw(body, kind=20):
    padded = body + bytes(-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 7) + padded


DONE = raw(struct.pack("=i", 0), 3)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(sockscan, "MOST", 3)


def cookies(datagrams, also=frozenset()):
    found, idle, left = busy(datagrams, _SHAPE, also)
    assert left == 0
    return [socket_of(body, "udp").cookie for body in found], idle


def changed(index):
    return tuple(1 if number == index else value for number, value in enumerate(IDLE))


@pytest.mark.parametrize("count", [4, 40], ids=["one by one", "all columns at once"])
@pytest.mark.parametrize(
    "odd",
    [
        {"memory": changed(0)},
        {"memory": changed(2)},
        {"memory": changed(5)},
        {"memory": changed(7)},
        {"memory": changed(8)},
        {"queues": (1, 0)},
        {"queues": (0, 1)},
    ],
    ids=["r", "t", "w", "bl", "d", "Recv-Q", "Send-Q"],
)
def test_what_is_queued_or_dropped_is_found_among_the_idle(odd, count):
    data = b"".join(message(7, **odd) if number == count // 2 else message(100 + number) for number in range(count))
    assert cookies([data]) == ([7], count - 1)


@pytest.mark.parametrize("index", [1, 3, 4, 6])
def test_limits_and_reserves_make_no_socket_busy(index):
    assert cookies([b"".join(message(number, changed(index)) for number in range(9))]) == ([], 9)


def test_few_sockets_are_all_kept():
    assert cookies([message(1) + message(2), message(3) + DONE]) == ([1, 2, 3], 0)


def test_sockets_of_other_states_lengths_and_families_among_them_are_judged_by_themselves():
    mixed = [
        message(1),
        message(2, state=LISTEN, queues=(0, 128)),
        message(3, None, state=TIME_WAIT),
        message(4, extra=struct.pack("=HHI", 5, 11, 1), family=socket.AF_INET6),
        message(5, timer=2),
        message(6, changed(8), extra=struct.pack("=HHI", 5, 11, 1), family=socket.AF_INET6),
        *(message(10 + number) for number in range(8)),
        *(message(20 + number, state=LISTEN) for number in range(8)),
    ]
    assert cookies([b"".join(mixed)]) == ([2, 6], 20)
    assert cookies([b"".join(reversed(mixed)), DONE]) == ([6, 2], 20)


def test_of_one_length_with_other_attributes_nothing_is_taken_for_idle():
    swapped = raw(
        message(3, None, more=b"")[16:] + struct.pack("=HHI", 5, 8, 0) + struct.pack("=HH9I", 40, 7, *changed(8))
    )
    assert cookies([b"".join(message(number) for number in range(9)) + swapped]) == ([3], 9)


def test_a_socket_that_is_asked_for_comes_though_it_is_idle():
    data = b"".join(message((5 << 32) + number) for number in range(10))
    assert cookies([data], frozenset({4})) == ([(5 << 32) + 4], 9)


def test_no_more_than_the_largest_number_is_kept_and_the_others_are_counted(monkeypatch):
    monkeypatch.setattr(sockscan, "LARGEST", 4)
    data = b"".join(message(number, changed(8) if number % 2 else IDLE) for number in range(20))
    found, idle, left = busy([data], _SHAPE)
    assert [socket_of(body, "udp").cookie for body in found] == [1, 3, 5, 7]
    assert (idle, left) == (10, 6)


@pytest.mark.parametrize("data", [b"\1\2\3", raw(b"")[:15], struct.pack("=IHHII", 9, 20, 0, 0, 0), message(1)[:-4]])
def test_a_message_cut_short_is_one_clean_error(data):
    with pytest.raises(NetlinkError):
        busy([message(1) * 5 + data], _SHAPE)


@given(st.binary(max_size=400), st.integers(0, 700), st.binary(max_size=8))
@settings(deadline=None, max_examples=200)
def test_any_bytes_raise_nothing_but_the_one_error(tail, start, noise):
    data = bytearray(b"".join(message(number) for number in range(5)) + tail)
    data[start : start + len(noise)] = noise
    with suppress(NetlinkError):
        found, idle, left = busy([bytes(data)], _SHAPE)
        assert left == 0 <= idle
        assert len(found) + idle <= len(data) // 16
