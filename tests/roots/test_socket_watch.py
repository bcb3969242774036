import os
import time

import pytest

from brimful.kernel import sockdiag
from brimful.kernel.sockdiag import Owner, Owners
from brimful.roots import socket_watch
from brimful.roots.socket_watch import Listing, SocketWatch, waited, waits


@pytest.fixture
def looks(monkeypatch):
    """Count how often and for which sockets /proc is looked through; each look takes a second."""
    looked, clock = [], [10**9]
    monkeypatch.setattr(time, "monotonic_ns", lambda: clock[0])

    def owners(wanted):
        looked.append(sorted(wanted))
        clock[0] += 10**9
        return Owners({inode: (Owner(1, "one", inode),) for inode in wanted if inode < 90}, 0)

    monkeypatch.setattr(sockdiag, "owners", owners)
    return looked, clock


def test_holders_are_looked_for_once_and_again_only_after_a_hundred_times_as_long(looks):
    looked, clock = looks
    watch = SocketWatch()
    assert watch.holders("a", frozenset({7})) == {7: (Owner(1, "one", 7),)}
    assert watch.holders("a", frozenset({7})) == {7: (Owner(1, "one", 7),)}
    assert looked == [[7]]
    assert 8 not in watch.holders("a", frozenset({7, 8}))
    clock[0] += 100 * 10**9 - 1
    watch.holders("a", frozenset({7, 8}))
    assert looked == [[7]]
    clock[0] += 1
    assert 8 in watch.holders("a", frozenset({7, 8}))
    assert looked == [[7], [7, 8]]


def test_after_a_minute_they_are_looked_for_again_because_sockets_are_handed_on(looks, monkeypatch):
    looked, clock = looks
    monkeypatch.setattr(socket_watch, "REST", 1)
    watch = SocketWatch()
    watch.holders("a", frozenset({7}))
    clock[0] += 60 * 10**9 - 1
    watch.holders("a", frozenset({7}))
    assert looked == [[7]]
    clock[0] += 1
    watch.holders("a", frozenset({7}))
    assert looked == [[7], [7]]


def test_another_answer_is_looked_for_at_once_together_with_the_first(looks):
    watch = SocketWatch()
    watch.holders("a", frozenset({7}))
    assert watch.holders("b", frozenset({9})).keys() == {7, 9}
    assert looks[0] == [[7], [7, 9]]


def test_only_what_was_looked_for_is_hidden(looks, monkeypatch):
    watch = SocketWatch()
    watch.holders("a", frozenset({7, 95}))
    monkeypatch.setattr(os, "geteuid", lambda: 9)
    assert watch.hidden([7, 95])
    assert not watch.hidden([7, 96])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not watch.hidden([95])


def test_what_was_not_listed_was_idle_when_the_others_were():
    watch = SocketWatch()
    assert watch.idle_for("udp", 5, 3 * 10**9) is None
    watch.listings["udp"] = Listing(10**9, frozenset({5, 6}), frozenset({(1 << 32) + 6}))
    assert watch.idle_for("udp", 5, 3 * 10**9) is None
    assert watch.idle_for("udp", 7, 3 * 10**9) == 2.0
    assert watch.wanted_again("udp") == frozenset({6})
    assert watch.wanted_again("tcp") == frozenset()


@pytest.mark.parametrize(
    ("wchan", "call", "expected"),
    [
        ("unix_wait_for_peer", "44 0x7 0x7f 0x1", True),
        ("unix_wait_for_peer", "44 0x8 0x7f 0x1", False),
        ("unix_wait_for_peer", "running", False),
        ("sock_alloc_send_pskb", "44 0x7 0x7f 0x1", False),
        ("0", "", False),
    ],
)
def test_a_thread_waits_with_a_descriptor(tmp_path, wchan, call, expected):
    for thread, (where, what) in {"12": ("0", "0 0x7"), "13": (wchan, call)}.items():
        (tmp_path / "12" / "task" / thread).mkdir(parents=True)
        (tmp_path / "12" / "task" / thread / "wchan").write_text(where)
        (tmp_path / "12" / "task" / thread / "syscall").write_text(f"{what}\n")
    assert waits(Owner(12, "one", 7), str(tmp_path)) is expected
    assert not waits(Owner(99, "gone", 7), str(tmp_path))


@pytest.mark.parametrize(
    ("threads", "text", "expected"),
    [(1, "6000 2500999 7", 2500), (2, "6000 2500999 7", None), (1, "6000", None), (1, "6000 -1 7", None)],
)
def test_how_long_a_process_of_one_thread_waited_for_a_cpu(tmp_path, threads, text, expected):
    for number in range(threads):
        (tmp_path / "12" / "task" / str(12 + number)).mkdir(parents=True)
    (tmp_path / "12" / "schedstat").write_text(text)
    assert waited(Owner(12, "one", 7), str(tmp_path)) == expected
    assert waited(Owner(99, "gone", 7), str(tmp_path)) is None
