"""Bursts of known size and length through real queueing disciplines, in network namespaces of their own.

A datagram of 958 bytes is a packet of 1000 bytes to a discipline: Ethernet 14, IPv4 20, UDP 8.
"""

import json
import os
import subprocess
import sys
import threading
import time
from bisect import bisect_right
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from tests.disciplines import pair, send, sender, tc
from tests.namespaces import in_namespace, ip, needs

from brimful.kernel import queue_trace
from brimful.kernel.queue_plan import Ranges
from brimful.kernel.queue_trace import QueueTrace

pytestmark = pytest.mark.kernel

KILO = 1000
ONES = tuple(range(64))
"""A range for each number of packets."""
STEPS = tuple(range(0, 64_000, KILO))
DEPTHS = Ranges(bytes=(STEPS,), packets=(ONES,))
SLOW = "tbf rate 8kbit burst 1200 limit 1000000"
"""One packet passes at once, the next a second later."""
MILLISECOND = 1_000_000


def own():
    """The inode of the calling thread's network namespace."""
    return Path("/proc/thread-self/ns/net").stat().st_ino


@pytest.fixture
def traced():
    """Make traces that are closed at the end."""
    needs()
    open_ones = []

    def make(ranges=DEPTHS, watched=None, **options):
        open_ones.append(QueueTrace(ranges, watched, **options))
        return open_ones[-1]

    yield make
    for one in open_ones:
        one.close()


def shown():
    """What the near interface's disciplines say of themselves."""
    return json.loads(tc("-s -j qdisc show dev va"))


def only(trace):
    (queue,) = trace.read().queues
    return queue


class Disturbed(Exception):
    """A packet left unseen: on a busy machine the kernel does not run the programs for some milliseconds."""


def drained(trace, left):
    """The queue when so many packets have left it."""
    deadline = time.monotonic() + 3
    while (queue := only(trace)).left < left:
        if queue.unseen or time.monotonic() > deadline:
            raise Disturbed
        time.sleep(0.01)
    return queue


def undisturbed(body):
    """What a function returns in a namespace of its own, at the first time that it is not disturbed."""
    for _ in range(5):
        with suppress(Disturbed):
            return in_namespace(body)
    pytest.fail("packets left unseen each time")


def test_each_packet_of_a_burst_is_counted_by_the_depth_that_it_found(traced):
    def body():
        trace = traced(DEPTHS, [(pair(SLOW), own())])
        with sender() as source:
            send(source, 50)
        return only(trace)

    queue = in_namespace(body)
    # the first found nothing and left at once, the second found nothing and stayed, each after it found one more
    truth = (2, *(1,) * 48, *(0,) * 15)
    assert (queue.arrived, queue.left) == (50, 1)
    assert queue.packet_finds == (truth,)
    assert queue.byte_finds == (truth,)
    assert (queue.packets, queue.bytes) == (49, 49 * KILO)
    assert (queue.peak_packets, queue.peak_bytes) == (49, 49 * KILO)
    assert (queue.first_packets, queue.first_bytes, queue.unlocked, queue.queue) == (0, 0, False, 0)
    assert queue.parent == 0xFFFFFFFF


def test_packets_of_different_sizes_fill_the_ranges_as_arithmetic_says(traced):
    lows = ((0, 960, 2496, 4032, 5568, 7104, 8640, 10176, 11712, 13248), (0, 1, 300, 5000), (0, 1 << 33, 1 << 40))
    sizes = [100 + 61 * number % 1300 for number in range(40)]

    def body():
        trace = traced(Ranges(bytes=lows), [(pair(SLOW.replace("1200", "1500")), own())])
        with sender() as source:
            send(source, 1, b"x" * 1458)  # uses up what may pass at once
            for size in sizes:
                source.send(b"x" * (size - 42))
        return only(trace)

    queue = in_namespace(body)
    found, depth = [0], 0
    for size in sizes:
        found.append(depth)
        depth += size
    left_behind = queue.left - 1
    assert left_behind == 0
    for bounds, counts in zip(lows, queue.byte_finds, strict=True):
        bins = [bisect_right(bounds, one) - 1 for one in found]
        assert counts == tuple(bins.count(number) for number in range(len(bounds)))
    assert (queue.bytes, queue.peak_bytes) == (depth, depth)


def test_the_time_at_each_depth_is_that_of_the_wall_clock(traced):
    def body():
        trace = traced(DEPTHS, [(pair(SLOW), own())])
        marks = []
        with sender() as source:
            for _ in range(4):
                before = time.monotonic_ns()
                send(source, 1)
                marks.append((before, time.monotonic_ns()))
                time.sleep(0.03)
        before = time.monotonic_ns()
        return only(trace), marks, before, time.monotonic_ns()

    queue, marks, before, after = in_namespace(body)
    marks.append((before, after))
    (times,) = queue.packet_times
    for depth in (1, 2):  # between the packets that made it so deep and one deeper
        (early, late), (next_early, next_late) = marks[depth + 0], marks[depth + 1]
        assert next_early - late <= times[depth] <= next_late - early
    assert marks[4][0] - marks[3][1] <= times[3] <= marks[4][1] - marks[3][0]
    assert sum(times) == sum(queue.byte_times[0]) == queue.until_ns - queue.first_ns
    assert before <= queue.until_ns <= after
    assert before - marks[0][1] <= sum(times) <= after - marks[0][0]
    assert times[4:] == (0,) * 60


def test_the_time_of_each_packet_in_the_queue_is_counted(traced):
    """At 8 Mbit/s a packet of 1000 bytes takes a millisecond: the second waits about one, and so on."""
    bounds = tuple(range(0, 64 * MILLISECOND, MILLISECOND))

    def body():
        trace = traced(Ranges(packets=(ONES,), waits=(bounds, (0, 1 << 40))), [(pair(SLOW), own())])
        tc("qdisc change dev va root tbf rate 8mbit burst 1200 limit 1000000")
        with sender() as source:
            send(source, 40)
        return drained(trace, 40)

    queue = undisturbed(body)
    fine, coarse = queue.waits
    assert (queue.arrived, queue.left, queue.unmatched, queue.unplaced) == (40, 40, 0, 0)
    assert coarse == (40, 0)
    assert sum(fine) == 40
    assert fine[0] >= 1
    assert sum(fine[20:]) >= 15
    # Little's law: packets times nanoseconds is the same, added up by queue or by packet
    area = sum(depth * spent for depth, spent in enumerate(queue.packet_times[0]))
    assert sum(low * count for low, count in zip(bounds, fine, strict=True)) <= area
    assert area <= sum((low + MILLISECOND) * count for low, count in zip(bounds, fine, strict=True))


def test_a_peak_is_that_since_the_reading_before_and_begins_with_what_is_left(traced):
    def body():
        trace = traced(DEPTHS, [(pair(SLOW), own())])
        with sender() as source:
            send(source, 21)
            tc("qdisc change dev va root tbf rate 1gbit burst 100000 limit 1000000")
            send(source, 1)  # has it look at its new rate
            emptied = only(trace)
            tc(f"qdisc change dev va root {SLOW}")
            peaks = [only(trace).peak_packets]  # nothing has happened since
            send(source, 91)
            queue = only(trace)
            peaks.append(only(trace).peak_packets)  # nothing again: as deep as it was left
        return emptied, peaks, queue

    emptied, peaks, queue = in_namespace(body)
    assert (emptied.packets, emptied.peak_packets, emptied.peak_bytes) == (0, 21, 21 * KILO)
    assert queue.peak_packets == queue.packets == queue.arrived - queue.left > 1
    assert peaks == [0, queue.packets]


def test_what_a_full_queue_refuses_is_no_arrival(traced):
    def body():
        trace = traced(DEPTHS, [(pair("tbf rate 8kbit burst 1200 limit 10000"), own())])
        with sender() as source:
            send(source, 100)
        return only(trace), shown()[0]

    queue, told = in_namespace(body)
    assert told["drops"] == 89
    assert (queue.arrived, queue.left, queue.peak_bytes) == (11, 1, 10_000)
    assert queue.packet_finds[0][:11] == (2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0)


def test_a_queue_that_is_replaced_is_another_and_the_old_one_stays_as_it_was(traced):
    def body():
        trace = traced(DEPTHS, [(pair("handle 7: " + SLOW), own())])
        with sender() as source:
            send(source, 5)
            tc("qdisc replace dev va root handle 8: tbf rate 16kbit burst 1200 limit 1000000")
            send(source, 3)
        before = {queue.handle >> 16: queue for queue in trace.read().queues}
        trace.forget(before[7])
        return before, trace.read().queues

    before, (left,) = in_namespace(body)
    assert {handle: (queue.arrived, queue.packets) for handle, queue in before.items()} == {7: (5, 4), 8: (3, 2)}
    assert (left.handle >> 16, left.arrived) == (8, 3)


def test_entries_are_used_again_when_their_queue_is_forgotten(traced, monkeypatch):
    monkeypatch.setattr(queue_trace, "QUEUES", 2)

    def body():
        trace = traced(DEPTHS, [(pair("handle 1: " + SLOW), own())])
        found = []
        with sender() as source:
            for handle in range(2, 8):
                send(source, 2)
                for queue in trace.read().queues:
                    found.append((queue.handle >> 16, queue.arrived))
                    trace.forget(queue)
                tc(f"qdisc replace dev va root handle {handle}: {SLOW}")
        return found, trace.read().lost

    found, lost = in_namespace(body)
    assert found == [(handle, 2) for handle in range(1, 7)]
    assert lost == 0


def test_queues_beyond_those_that_are_told_apart_are_lost_and_counted(traced, monkeypatch):
    monkeypatch.setattr(queue_trace, "QUEUES", 1)

    def body():
        trace = traced(DEPTHS, [(pair("handle 1: " + SLOW), own())])
        with sender() as source:
            send(source, 2)
            tc(f"qdisc replace dev va root handle 2: {SLOW}")
            send(source, 3)
        return trace.read()

    found = in_namespace(body)
    assert [queue.handle >> 16 for queue in found.queues] == [1]
    assert found.lost >= 3


def test_an_interface_that_vanishes_with_a_full_queue_leaves_what_was_counted(traced):
    def body():
        trace = traced(Ranges(packets=(ONES,), waits=((0,),)), [(pair(SLOW), own())])
        with sender() as source:
            send(source, 10)
        ip("link del va")
        first = only(trace)
        time.sleep(0.02)
        return first, only(trace)

    first, second = in_namespace(body)
    assert (first.arrived, first.packets) == (second.arrived, second.packets) == (10, 9)
    assert first.last_ns == second.last_ns


def test_packets_that_are_thrown_away_in_the_queue_make_room_for_others(traced, monkeypatch):
    monkeypatch.setattr(queue_trace, "FLIGHT", 8)

    def body():
        trace = traced(Ranges(packets=(ONES,), waits=((0, 1 << 40),)), [(pair(SLOW), own())])
        for _ in range(4):
            with sender() as source:
                send(source, 7)
            ip("link set va down")
            ip("link set va up")
            ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev va")
        return only(trace), [trace._flight.put(bytes((7, *(0,) * 6, number)), bytes(8)) for number in range(8)]  # noqa: SLF001

    queue, room = in_namespace(body)
    assert (queue.arrived, queue.unplaced) == (28, 0)
    assert len(room) == 8


def test_packets_too_many_to_follow_are_counted_and_later_ones_are_followed_again(traced, monkeypatch):
    monkeypatch.setattr(queue_trace, "FLIGHT", 4)

    def body():
        trace = traced(Ranges(packets=(ONES,), waits=((0, 1 << 40),)), [(pair(SLOW), own())])
        with sender() as source:
            send(source, 10)
            first = only(trace)  # it was full: it is emptied
            tc("qdisc change dev va root tbf rate 1gbit burst 100000 limit 1000000")
            drained(trace, 10)
            send(source, 1)
            return first, drained(trace, 11)

    first, second = undisturbed(body)
    assert first.unplaced > 0
    assert (first.waits, second.waits) == (((1, 0),), ((2, 0),))
    assert second.unmatched == 9
    assert second.unplaced == first.unplaced


def test_other_interfaces_are_not_seen_until_they_are_watched(traced):
    def body():
        index = pair(SLOW)
        trace = traced(DEPTHS, [(index + 100, own())])
        with sender() as source:
            send(source, 5)
            first = trace.read().queues
            trace.watch([(index, own() + 1)])
            send(source, 5)
            second = trace.read().queues
            trace.watch([(index, own())])
            send(source, 5)
        return first, second, trace.read().queues

    first, second, (third,) = in_namespace(body)
    assert (first, second) == ((), ())
    assert third.arrived == 5
    assert third.first_packets == 9
    assert third.packet_finds[0][9:14] == (1, 1, 1, 1, 1)


def test_nothing_counts_that_was_before_it_began(traced):
    def body():
        watched = [(pair("tbf rate 100mbit burst 20000 limit 1000000"), own())]
        process = subprocess.Popen(
            [sys.executable, "-c", FLOOD.format(cpu=min(os.sched_getaffinity(0)), count=10_000_000)]
        )
        try:
            wait_for_packets()
            trace = traced(DEPTHS, watched)
            time.sleep(0.01)
            return only(trace).first_ns - trace.began_ns
        finally:
            process.kill()
            process.wait()

    def wait_for_packets():
        deadline = time.monotonic() + 10
        while shown()[0]["packets"] < 100 and time.monotonic() < deadline:
            time.sleep(0.01)

    assert 0 <= in_namespace(body) < 10 * MILLISECOND


def test_all_interfaces_of_all_namespaces_are_seen_when_none_is_named(traced):
    trace = traced(DEPTHS)

    def body():
        pair(SLOW)
        with sender() as source:
            send(source, 5)
        return own()

    inode = in_namespace(body)
    assert [queue.arrived for queue in trace.read().queues if queue.netns == inode] == [5]


def test_each_transmit_queue_of_mq_is_one(traced):
    def body():
        index = pair("handle 1: mq", queues=2)
        for minor in (1, 2):
            tc(f"qdisc replace dev va parent 1:{minor} {SLOW}")
        trace = traced(DEPTHS, [(index, own())])
        for _ in range(16):  # each socket has its queue by the hash of its flow
            with sender() as source:
                send(source, 2)
        told = {int(row["parent"].partition(":")[2], 16): row["qlen"] for row in shown() if "parent" in row}
        return {queue.parent & 0xFFFF: queue for queue in trace.read().queues}, told

    queues, told = in_namespace(body)
    assert {minor: queue.packets for minor, queue in queues.items()} == {
        minor: length for minor, length in told.items() if length
    }
    assert all(queue.queue == minor - 1 for minor, queue in queues.items())
    assert sum(queue.arrived for queue in queues.values()) == 32
    assert len(queues) == 2


def test_packets_that_are_taken_out_together_are_counted_one_by_one(traced):
    """At the root of an interface with several transmit queues up to 8 packets are taken out as a list."""

    def body():
        trace = traced(Ranges(packets=(ONES,), waits=((0, 1 << 40),)), [(pair(SLOW, queues=2), own())])
        with sender() as source:
            send(source, 30)
        tc("qdisc change dev va root tbf rate 1gbit burst 100000 limit 1000000")
        return drained(trace, 30)

    queue = undisturbed(body)
    assert (queue.arrived, queue.left, queue.packets, queue.unmatched) == (30, 30, 0, 0)
    assert queue.waits == ((30, 0),)
    assert sum(spent > 0 for spent in queue.packet_times[0][1:28]) >= 27  # the way up
    assert queue.packet_times[0][29] > 0


FLOOD = """
import os, socket
os.sched_setaffinity(0, {{{cpu}}})
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
    source.bind(("10.9.0.1", 0))
    source.connect(("10.9.0.2", 9))
    for _ in range({count}):
        source.send(b"x" * 958)
"""


def flood(count):
    cpus = sorted(os.sched_getaffinity(0))[:2]
    senders = [subprocess.Popen([sys.executable, "-c", FLOOD.format(cpu=cpu, count=count)]) for cpu in cpus]
    assert [one.wait(60) for one in senders] == [0] * len(senders)
    return count * len(senders)


@pytest.mark.parametrize("kind", ["pfifo_fast", "pfifo limit 1000", "tbf rate 10gbit burst 100000 limit 1000000"])
def test_counts_agree_when_every_cpu_sends(traced, kind):
    def body():
        trace = traced(Ranges(bytes=(STEPS,), packets=(ONES,), waits=((0,),)), [(pair(kind), own())])
        sent = flood(20_000)
        time.sleep(0.05)
        found = trace.read()
        return found, sent, shown()[0]

    found, sent, told = in_namespace(body)
    (queue,) = found.queues
    assert (queue.packets, queue.bytes) == (told["qlen"], told["backlog"]) == (0, 0)
    assert queue.unlocked is (kind == "pfifo_fast")
    assert queue.arrived <= sent
    assert sum(queue.packet_finds[0]) == sum(queue.byte_finds[0]) == queue.arrived
    span_ns = queue.until_ns - queue.first_ns
    for times in (queue.packet_times[0], queue.byte_times[0]):
        # without a lock one CPU's event may be a little older than that of the other before it
        assert abs(sum(times) - span_ns) <= (1000 if queue.unlocked else 0)
    assert abs(queue.left - told["requeues"] - queue.arrived) <= found.missed + queue.unseen
    assert sum(queue.waits[0]) + queue.unmatched == queue.left
    if kind.startswith("tbf"):
        assert queue.arrived == sent == told["packets"]


def test_reading_while_it_is_written_never_contradicts_itself(traced):
    def body():
        trace = traced(DEPTHS, [(pair("tbf rate 10gbit burst 100000 limit 1000000"), own())])
        thread = threading.Thread(target=flood_here, args=(20_000,))
        thread.start()
        readings = []
        while thread.is_alive():
            readings += trace.read().queues
            time.sleep(0.0005)  # the other thread has to come to send
        thread.join()
        return readings

    def flood_here(count):
        with sender() as source:
            send(source, count)

    readings = in_namespace(body)
    assert len(readings) > 20
    for queue in readings:
        assert queue.whole
        assert sum(queue.packet_times[0]) == sum(queue.byte_times[0]) == queue.until_ns - queue.first_ns
        assert sum(queue.packet_finds[0]) == queue.arrived
        assert queue.arrived - queue.left == queue.packets
    for one, other in pairwise(readings):
        assert all(a <= b for a, b in zip(one.packet_times[0], other.packet_times[0], strict=True))


def test_time_is_taken_when_asked_for(traced):
    def body():
        trace = traced(DEPTHS, [(pair(SLOW), own())], measured=True)
        with sender() as source:
            send(source, 50)
        return trace.read()

    found = in_namespace(body)
    assert found.runs >= 51
    assert 10 < found.nanoseconds / found.runs < 100_000
    assert found.missed == 0
