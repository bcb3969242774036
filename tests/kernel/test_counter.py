"""How drops are counted: each one, on all CPUs, for as long as there are programs, and with as much room as there is."""

import gc
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.kernel.traffic import own, put, queued, seen, send, udp
from tests.namespaces import in_namespace, needs

from brimful.kernel.bpf import BpfError, possible_cpus
from brimful.kernel.counter import Counter, Counting
from brimful.kernel.drop_programs import empty
from brimful.kernel.drops import Drops
from brimful.kernel.tracing import Tracing

IP = 0x0800
LOOPBACK = 1

pytestmark = pytest.mark.kernel


def descriptors():
    gc.collect()  # of other tests
    return len(list(Path("/proc/self/fd").iterdir()))


SENDER = """
import os, socket
os.sched_setaffinity(0, {{{cpu}}})
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
    for _ in range({count}):
        source.sendto(b"x", ("127.0.0.1", {port}))
"""


def test_each_datagram_that_a_full_socket_refuses_is_counted_on_every_cpu(traced):
    cpus = sorted(os.sched_getaffinity(0))[:2]

    def body():
        with udp(room=2048) as full:
            port = full.getsockname()[1]
            senders = [
                subprocess.Popen([sys.executable, "-c", SENDER.format(cpu=cpu, port=port, count=3000)]) for cpu in cpus
            ]
            assert [sender.wait(30) for sender in senders] == [0] * len(cpus)
            found = seen(traced, "SOCKET_RCVBUFF", own())
            return found, 3000 * len(cpus) - queued(full)

    found, refused = in_namespace(body)
    assert refused > 2900 * len(cpus)
    assert found == [(LOOPBACK, IP, "udp_queue_rcv_one_skb", refused)]


def test_counting_goes_on_and_ends_when_closed(traced):
    def body():
        with udp() as source:
            send(source, ("127.0.0.1", 9), 3)
            first = seen(traced, "NO_SOCKET", own())
            send(source, ("127.0.0.1", 9), 4)
            return first, seen(traced, "NO_SOCKET", own())

    first, second = in_namespace(body)
    assert [row[3] for row in first] == [3]
    assert [row[3] for row in second] == [7]
    before = descriptors()
    traced.close()
    traced.close()
    assert before - descriptors() == 12  # three times two maps, a program and an event
    with pytest.raises(BpfError):
        traced.read()


def test_all_is_unloaded_when_the_object_dies():
    needs()
    before = descriptors()
    counted = Drops(measured=True)
    assert descriptors() == before + 13
    del counted
    assert descriptors() == before


def test_costs_are_told(traced):
    def body():
        with udp() as source:
            send(source, ("127.0.0.1", 9), 5)

    in_namespace(body)
    (kfree, *rest) = traced.read().costs
    assert [cost.tracepoint for cost in (kfree, *rest)] == ["kfree_skb", "napi_poll", "sock_rcvqueue_full"]
    assert kfree.capacity == 4096
    assert 1 <= kfree.entries < 100
    assert (kfree.lost, kfree.missed) == (0, 0)


def test_time_is_taken_when_asked_for():
    needs()
    counted = Drops(measured=True)

    def body():
        with udp() as source:
            send(source, ("127.0.0.1", 9), 50)

    in_namespace(body)
    cost = counted.read().costs[0]
    counted.close()
    assert cost.runs >= 50
    assert 10 < cost.nanoseconds / cost.runs < 100_000


def test_what_finds_no_room_is_counted_as_lost():
    needs()
    counted = Drops(entries=1)

    def body():
        with udp(room=2048) as full, udp() as source:
            send(source, ("127.0.0.1", 9), 5)
            send(source, full.getsockname(), 100)
            return 100 - queued(full)

    refused = in_namespace(body)
    (cost, *_) = counted.read().costs
    counted.close()
    assert (cost.entries, cost.given_back) == (1, 0)
    assert cost.lost >= min(refused, 5)


def frames(source, protocols, count=2):
    """Send frames of protocols that nobody takes: each is another drop."""
    for protocol in protocols:
        for _ in range(count):
            source.send(bytes(12) + struct.pack("!H", protocol) + bytes(50))


def unhandled(counted, inode, wanted):
    """The frames that nobody took, by protocol, when there are as many of each as wanted."""
    deadline = time.monotonic() + 5
    while True:
        rows = [row for row in counted.read().drops.values() if row.netns == inode]
        found = {row.protocol: row.packets for row in rows if row.reason == "UNHANDLED_PROTO"}
        if wanted.items() <= found.items() or time.monotonic() > deadline:
            return found
        time.sleep(0.01)


def test_a_full_map_gives_back_what_no_longer_changes_and_loses_nothing():
    needs()
    counted = Drops(entries=256)
    protocols = range(0x1000, 0x1000 + 6000)

    def body():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as source:
            source.bind(("lo", 0))
            for begin in range(0, len(protocols), 50):
                some = dict.fromkeys(protocols[begin : begin + 50], 2)
                frames(source, some)
                found = unhandled(counted, own(), some)
                assert {protocol: found[protocol] for protocol in some} == some
                assert len(found) <= 256
            frames(source, protocols[:1], 3)
            return unhandled(counted, own(), {protocols[0]: 3})[protocols[0]]

    again = in_namespace(body)
    found = counted.read()
    (cost, *_) = found.costs
    counted.close()
    assert again == 3
    assert cost.lost == 0
    assert cost.given_back >= 6000 - 192
    assert cost.entries <= 192
    assert len(found.drops) <= 256


class Fed:
    """A counter whose program counts nothing: its map is written here."""

    def __init__(self, entries=8, named=lambda number: (number,)):
        needs()
        point = Tracing().tracepoint("syscalls", "sys_enter_getppid")
        counting = Counting("fed", "=I", 1, entries, lambda *_: empty(), named, lambda *parts: parts)
        self.counter = Counter(point, counting, None)
        self.map = self.counter._map  # noqa: SLF001

    def put(self, *numbers, count):
        """Have a key counted so often, on the first CPU."""
        for number in numbers:
            put(self.map, struct.pack("=I", number), [count] + [0] * (possible_cpus() - 1))

    def read(self):
        """The things by their name."""
        return {name: counted for (name,), (_, counted) in self.counter.read().items()}


def test_what_has_not_changed_is_the_same_object():
    fed = Fed()
    fed.put(1, 2, count=5)
    first = fed.counter.read()
    fed.put(2, count=6)
    second = fed.counter.read()
    assert first == {(1,): (1, 5), (2,): (2, 5)}
    assert second == {(1,): (1, 5), (2,): (2, 6)}
    assert second[1,] is first[1,]


def test_keys_of_one_name_are_one_thing():
    fed = Fed(named=lambda number: (number % 2,))
    fed.put(1, 2, 3, count=5)
    assert fed.read() == {0: 5, 1: 10}
    fed.put(3, count=7)
    assert fed.read() == {0: 5, 1: 12}


def test_what_has_not_changed_for_longest_is_given_back_and_goes_on_when_it_comes_again():
    fed = Fed()
    fed.put(1, 2, 3, 4, 5, 6, count=1)
    fed.read()
    fed.put(2, 4, count=2)
    fed.read()
    assert fed.counter.cost().entries == 6
    fed.put(7, count=1)
    everything = fed.read()
    kept = {struct.unpack("=I", key)[0] for key, _ in fed.map.elements()}
    assert (len(kept), {2, 4, 7} <= kept) == (4, True)
    assert (fed.counter.cost().entries, fed.counter.cost().given_back) == (4, 3)
    assert (len(everything), fed.read()) == (6, everything)  # one of the three is forgotten
    remembered, *_ = everything.keys() - kept
    (forgotten,) = set(range(1, 8)) - everything.keys()
    fed.put(remembered, forgotten, count=3)
    assert fed.read() == everything | {remembered: 4, forgotten: 3}


def test_what_is_counted_while_keys_are_given_back_is_counted(monkeypatch):
    fed = Fed(named=lambda number: ("all" if number < 9 else number,))
    take = fed.map.take

    def late(key):
        fed.put(*struct.unpack("=I", key), count=10)
        return take(key)

    monkeypatch.setattr(fed.map, "take", late)
    fed.put(1, 2, 3, 4, 5, 6, 7, count=1)
    assert fed.read() == {"all": 3 * 10 + 4}
    assert fed.read() == {"all": 34}
    assert fed.counter.cost().given_back == 3
