"""The BPF programs that measure queueing disciplines at each packet, put together for the running kernel.

`qdisc:qdisc_enqueue` (net/core/dev.c, dev_qdisc_enqueue) and `qdisc:qdisc_dequeue` (net/sched/sch_generic.c,
dequeue_skb) are passed by the discipline of a transmit queue: that at the root, or each child of mq; not by what is
below them. At each event the time since the one before is added to the range of the depth that held meanwhile.

The depth is read from the discipline, which is locked at that point: what was dropped or given back unseen is corrected
with the next event. Disciplines without a lock (TCQ_F_NOLOCK: pfifo_fast) have no depth to be read, only a sum over CPUs:
for them the programs count themselves, and begin again at 0 whenever the kernel finds the queue empty.
"""

from collections.abc import Callable

from brimful.kernel.assembler import STACK, Assembler
from brimful.kernel.bpf import CALL_DELETE, CALL_NOW, CALL_UPDATE
from brimful.kernel.btf import BtfError
from brimful.kernel.queue_entry import (
    ENTRY,
    EPOCH,
    HELD_BYTES,
    HELD_PACKETS,
    INDEX,
    KEY,
    LENGTH,
    NEVER,
    NEW_BYTES,
    NEW_PACKETS,
    NOW,
    POINTER,
    RECORD,
    A,
    B,
    QueueCode,
    address,
)
from brimful.kernel.queue_plan import AT, Bounds, Maps, Offsets, Plan
from brimful.kernel.tracing import Tracepoint

MOST_IN_LIST = 64
"""Packets of one list taken out together whose time is looked up; the kernel takes out 8, or what fits the ring."""
BLOCK = 128
"""Most bytes of a discipline that are read in one step."""
READ = LENGTH - BLOCK
"""Where on the stack."""


def enqueued(point: Tracepoint, offsets: Offsets, plan: Plan, maps: Maps) -> bytes:
    """Return the program for qdisc:qdisc_enqueue."""
    return _Event(point, offsets, plan, maps, arrives=True).assembled()


def dequeued(point: Tracepoint, offsets: Offsets, plan: Plan, maps: Maps) -> bytes:
    """Return the program for qdisc:qdisc_dequeue."""
    return _Event(point, offsets, plan, maps, arrives=False).assembled()


def dropped(point: Tracepoint, flight: int) -> bytes:
    """Return the program for skb:kfree_skb: what is dropped out of a queue is waited for no longer."""
    code = Assembler()
    code.load(2, 8, 1, point.offset("skbaddr"))
    code.store(STACK, KEY, 8, 2)
    code.map(1, flight)
    address(code, 2, KEY)
    code.call(CALL_DELETE)
    code.number(0, 0)
    code.leave()
    return code.assembled()


class _Event(QueueCode):
    """One of the two programs; they differ in which way the depth goes."""

    def __init__(self, point: Tracepoint, offsets: Offsets, plan: Plan, maps: Maps, *, arrives: bool) -> None:
        super().__init__(point, offsets, plan, maps)
        self._arrives = arrives

    def assembled(self) -> bytes:
        """Put it together."""
        code = self._code
        code.move(RECORD, 1)
        self._find_entry()
        if not self._arrives:
            self._leave_empty()
        code.number(1, 1)
        code.atomic_add(ENTRY, self._plan.begun, 1)
        code.call(CALL_NOW)
        code.store(STACK, NOW, 8, 0)
        code.load(1, 8, ENTRY, AT["unlocked"])
        code.jump_zero(1, "locked")
        self._unlocked()
        code.jump("known depths")
        code.label("locked")
        self._locked()
        code.label("known depths")
        self._add_time()
        self._peak()
        if self._arrives:
            self._arrival()
        else:
            self._departure()
        code.number(1, 1)
        code.atomic_add(ENTRY, AT["ended"], 1)
        self._leave()
        self._make_entry()
        return code.assembled()

    def _leave_empty(self) -> None:
        """Nothing is taken out of a queue that is known to be empty: that is how each of its runs ends."""
        code = self._code
        code.load(1, 8, RECORD, self._point.offset("skbaddr"))
        code.jump_zero(1, "nothing came")
        code.jump("some came")
        code.label("nothing came")
        code.load(1, 8, ENTRY, AT["packets"])
        code.load(2, 8, ENTRY, AT["bytes"])
        code.add(1, 2)
        code.jump_zero(1, "out")
        code.label("some came")

    def _locked(self) -> None:
        """Read the depth as it is now. What held before is what was left then, unless something came back meanwhile."""
        code, offsets = self._code, self._offsets
        code.load(A, 8, RECORD, self._point.offset("qdisc"))
        members = offsets.length, offsets.backlog, offsets.requeues
        start = min(members)
        if max(members) + 4 - start > BLOCK:
            raise BtfError("a discipline of this kernel has its numbers too far apart")
        self._read(READ, max(members) + 4 - start, A, start)
        length, backlog, requeues = (READ + member - start for member in members)
        for place, new, held, name in (
            (length, NEW_PACKETS, HELD_PACKETS, "packets"),
            (backlog, NEW_BYTES, HELD_BYTES, "bytes"),
        ):
            code.load(1, 4, STACK, place)
            code.store(STACK, new, 8, 1)
            code.load(2, 8, ENTRY, AT[name])
            code.store(STACK, held, 8, 2)
            code.store(ENTRY, AT[name], 8, 1)
        code.load(A, 4, STACK, requeues)
        code.load(B, 8, ENTRY, AT["requeues"])
        code.jump_equal(A, B, "known depths")
        code.store(ENTRY, AT["requeues"], 8, A)
        self._implied()
        code.number(1, NEVER)
        code.jump_not_equal(B, 1, "known depths")
        for held, name in ((HELD_PACKETS, "first_packets"), (HELD_BYTES, "first_bytes")):
            code.load(1, 8, STACK, held)
            code.store(ENTRY, AT[name], 8, 1)

    def _implied(self) -> None:
        """The depth before is the depth now without the packets of this event.

        After something came back, the kernel takes out one packet at a time.
        """
        code = self._code
        self._lengths()
        for held, new in ((HELD_PACKETS, NEW_PACKETS), (HELD_BYTES, NEW_BYTES)):
            code.load(1, 8, STACK, new)
            if held == HELD_BYTES:
                code.load(2, 8, STACK, LENGTH)
            elif self._arrives:
                code.number(2, 1)
            else:
                code.load(2, 4, RECORD, self._point.offset("packets"))
                code.load(3, 8, RECORD, self._point.offset("skbaddr"))
                self._zero_unless(3, 2)
            if self._arrives:
                code.subtract(1, 2)
            else:
                code.add(1, 2)
            self._not_below_zero(1)
            code.store(STACK, held, 8, 1)

    def _zero_unless(self, condition: int, register: int) -> None:
        """`register` = 0 where `condition` is."""
        code, nothing, on = self._code, next(self._labels), next(self._labels)
        code.jump_zero(condition, nothing)
        code.jump(on)
        code.label(nothing)
        code.number(register, 0)
        code.label(on)

    def _lengths(self) -> None:
        """The bytes of the packets of this event, on the stack at `LENGTH`."""
        code, offsets = self._code, self._offsets
        code.store_number(STACK, LENGTH, 8, 0)
        code.load(A, 8, RECORD, self._point.offset("skbaddr"))

        def one() -> None:
            self._read(POINTER, 4, A, offsets.packet_length)
            code.load(1, 4, STACK, POINTER)
            code.load(2, 8, STACK, LENGTH)
            code.add(2, 1)
            code.store(STACK, LENGTH, 8, 2)

        if self._arrives:
            one()
        else:
            self._each(one)

    def _each(self, body: Callable[[], None]) -> None:
        """Do something for each packet of the list that register `A` begins; it ends where the kernel says."""
        code, top, end = self._code, next(self._labels), next(self._labels)
        code.store_number(STACK, INDEX, 8, MOST_IN_LIST)
        code.label(top)
        code.jump_zero(A, end)
        body()
        self._read(POINTER, 8, A, self._offsets.packet_next)
        code.load(A, 8, STACK, POINTER)
        code.load(1, 8, STACK, INDEX)
        code.add_number(1, -1)
        code.store(STACK, INDEX, 8, 1)
        code.jump_zero(1, end)
        code.jump(top)
        code.label(end)

    def _unlocked(self) -> None:
        """Count: the kernel has no depth of such a queue. What is found empty is empty."""
        code = self._code
        if self._arrives:
            self._lengths()
            code.number(A, 1)
        else:
            code.load(1, 8, RECORD, self._point.offset("skbaddr"))
            code.jump_zero(1, "nothing taken")
            self._lengths()
            code.number(A, 0)
            code.load(1, 4, RECORD, self._point.offset("packets"))
            code.subtract(A, 1)
        for name, held, new in (
            ("packets", HELD_PACKETS, NEW_PACKETS),
            ("bytes", HELD_BYTES, NEW_BYTES),
        ):
            if name == "bytes":
                code.load(1, 8, STACK, LENGTH)
                if self._arrives:
                    code.move(A, 1)
                else:
                    code.number(A, 0)
                    code.subtract(A, 1)
            code.move(1, A)
            code.fetch_add(ENTRY, AT[name], 1)
            code.move(2, 1)
            code.add(2, A)
            self._not_below_zero(1)
            self._not_below_zero(2)
            code.store(STACK, held, 8, 1)
            code.store(STACK, new, 8, 2)
        if not self._arrives:
            code.jump("known depths")
            code.label("nothing taken")
            self._found_empty()

    def _found_empty(self) -> None:
        """Nothing was taken out: the queue is empty, unless the driver is stopped and has given something back."""
        code = self._code
        code.load(A, 8, RECORD, self._point.offset("qdisc"))
        self._read(POINTER, 4, A, self._offsets.returned)
        code.load(A, 4, STACK, POINTER)
        code.load(B, 8, ENTRY, AT["packets"])
        code.load(1, 8, ENTRY, AT["bytes"])
        code.add(B, 1)
        for name, held, new in (("packets", HELD_PACKETS, NEW_PACKETS), ("bytes", HELD_BYTES, NEW_BYTES)):
            on, stopped = next(self._labels), next(self._labels)
            code.load(1, 8, ENTRY, AT[name])
            code.move(2, 1)
            code.jump_zero(A, stopped)
            code.jump(on)
            code.label(stopped)
            code.number(1, 0)
            code.exchange(ENTRY, AT[name], 1)
            code.number(2, 0)
            code.label(on)
            self._not_below_zero(1)
            self._not_below_zero(2)
            code.store(STACK, held, 8, 1)
            code.store(STACK, new, 8, 2)
        code.jump_zero(B, "known depths")
        code.number(1, 0)
        code.jump_not_equal(A, 1, "known depths")
        code.number(1, 1)
        code.atomic_add(ENTRY, AT["corrected"], 1)

    def _add_time(self) -> None:
        """Add the time since the event before to the ranges of the depth that held, and an arrival to what it found."""
        code, plan = self._code, self._plan
        code.load(A, 8, STACK, NOW)
        code.move(1, A)
        code.exchange(ENTRY, AT["last_ns"], 1)
        code.subtract(A, 1)
        for held, bounds, times, finds in (
            (HELD_BYTES, plan.ranges.bytes, plan.byte_times, plan.byte_finds),
            (HELD_PACKETS, plan.ranges.packets, plan.packet_times, plan.packet_finds),
        ):
            code.load(B, 8, STACK, held)
            for lows, time, found in zip(bounds, times, finds, strict=True):
                self._bin(B, lows)
                code.atomic_add(2, time, A)
                if self._arrives:
                    code.number(3, 1)
                    code.atomic_add(2, found, 3)

    def _bin(self, value: int, lows: Bounds) -> None:
        """Register 2 = the entry, moved on to the range that a value is in. No jumps: the verifier walks each way."""
        code = self._code
        code.number(2, 0)
        for low in lows[1:]:
            if low > 1 << 31:
                code.wide(3, low - 1)
            else:
                code.number(3, low - 1)
            code.subtract(3, value)
            code.shift_right(3, 63)
            code.add(2, 3)
        code.shift_left(2, 3)
        code.add(2, ENTRY)

    def _peak(self) -> None:
        """Keep the greatest depths of this epoch; a new one begins with what held when it began."""
        code = self._code
        code.load(A, 8, STACK, EPOCH)
        code.load(B, 8, ENTRY, AT["epoch"])
        code.jump_equal(A, B, "same epoch")
        code.store(ENTRY, AT["epoch"], 8, A)
        code.add_number(B, 1)
        pairs = (
            ("peak_packets", "before_packets", HELD_PACKETS, NEW_PACKETS),
            ("peak_bytes", "before_bytes", HELD_BYTES, NEW_BYTES),
        )
        for peak, before, held, _ in pairs:
            next_epoch = next(self._labels)
            code.load(1, 8, ENTRY, AT[peak])
            code.load(2, 8, STACK, held)
            code.store(ENTRY, AT[peak], 8, 2)
            code.jump_equal(A, B, next_epoch)
            code.move(1, 2)  # nothing happened in the epoch before
            code.label(next_epoch)
            code.store(ENTRY, AT[before], 8, 1)
        code.label("same epoch")
        for peak, _, held, new in pairs:
            for depth in (held, new):
                no_more = next(self._labels)
                code.load(1, 8, STACK, depth)
                code.load(2, 8, ENTRY, AT[peak])
                code.jump_at_most(1, 2, no_more)
                code.store(ENTRY, AT[peak], 8, 1)
                code.label(no_more)

    def _arrival(self) -> None:
        code = self._code
        code.number(1, 1)
        code.atomic_add(ENTRY, AT["arrived"], 1)
        flight = self._maps.flight
        if flight is None:
            return
        code.load(1, 8, RECORD, self._point.offset("skbaddr"))
        code.store(STACK, POINTER, 8, 1)
        code.map(1, flight)
        address(code, 2, POINTER)
        address(code, 3, NOW)
        code.number(4, 0)  # BPF_ANY: a packet at this address that was never seen to leave is gone
        code.call(CALL_UPDATE)
        code.jump_zero(0, "placed")
        code.number(1, 1)
        code.atomic_add(ENTRY, AT["unplaced"], 1)
        code.label("placed")

    def _departure(self) -> None:
        code = self._code
        code.load(A, 8, RECORD, self._point.offset("skbaddr"))
        code.jump_zero(A, "none left")
        code.load(1, 4, RECORD, self._point.offset("packets"))
        code.atomic_add(ENTRY, AT["left"], 1)
        flight = self._maps.flight
        if flight is not None:
            self._each(lambda: self._waited(flight))
        code.label("none left")

    def _waited(self, flight: int) -> None:
        """Count the time that the packet in `A` was in the queue."""
        code, plan = self._code, self._plan
        unknown, on = next(self._labels), next(self._labels)
        code.store(STACK, LENGTH, 8, A)
        self._look_up(flight, LENGTH)
        code.jump_zero(0, unknown)
        code.load(B, 8, STACK, NOW)
        code.load(1, 8, 0, 0)
        code.subtract(B, 1)
        self._not_below_zero(B)
        code.number(1, 1)
        for lows, waits in zip(plan.ranges.waits, plan.waits, strict=True):
            self._bin(B, lows)
            code.atomic_add(2, waits, 1)
        code.map(1, flight)
        address(code, 2, LENGTH)
        code.call(CALL_DELETE)
        code.jump(on)
        code.label(unknown)
        code.number(1, 1)
        code.atomic_add(ENTRY, AT["unmatched"], 1)
        code.label(on)
