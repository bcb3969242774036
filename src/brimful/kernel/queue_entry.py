"""The beginning of the programs that measure queues: finding the entry of the queue that a packet is in, or making it.

A discipline is known by its address. When another one is found there, or one that was never seen, a free entry is taken.
"""

from collections.abc import Iterator
from itertools import count

from brimful.kernel.assembler import STACK, Assembler
from brimful.kernel.bpf import CALL_DELETE, CALL_LOOKUP, CALL_NOW, CALL_POP, CALL_PUSH, CALL_READ_KERNEL, CALL_UPDATE
from brimful.kernel.queue_plan import AT, EPOCH_AT, LOST_AT, Maps, Offsets, Plan
from brimful.kernel.tracing import Tracepoint

NO_LOCK = 0x100
"""TCQ_F_NOLOCK (include/net/sch_generic.h)."""
NEVER = -1
"""`requeues` of an entry that has just been made."""

RECORD = 6
"""Registers that calls leave alone: the record of the tracepoint, the entry of the queue, and two for anything."""
ENTRY = 7
A = 8
B = 9

# the stack, in bytes from its end
KEY = -8
INDEX = -16
POINTER = -24
HELD_PACKETS = -32
HELD_BYTES = -40
NEW_PACKETS = -48
NEW_BYTES = -56
NOW = -64
EPOCH = -72
LENGTH = -80


class QueueCode:
    """A program in the making, up to where the entry is known; the labels `found` and `out` are its ways on."""

    def __init__(self, point: Tracepoint, offsets: Offsets, plan: Plan, maps: Maps) -> None:
        self._point = point
        self._offsets = offsets
        self._plan = plan
        self._maps = maps
        self._code = Assembler()
        self._labels: Iterator[str] = (f"label {number}" for number in count())

    def _leave(self) -> None:
        self._code.number(0, 0)
        self._code.leave()

    def _find_entry(self) -> None:
        """Register `ENTRY` = the queue's entry, and its epoch on the stack."""
        code = self._code
        code.load(1, 8, RECORD, self._point.offset("qdisc"))
        code.store(STACK, KEY, 8, 1)
        self._look_up(self._maps.known, KEY)
        code.jump_zero(0, "new")
        code.load(1, 4, 0, 0)
        code.store(STACK, INDEX, 4, 1)
        self._look_up(self._maps.entries, INDEX)
        code.jump_zero(0, "out")
        code.move(ENTRY, 0)
        code.load(1, 4, ENTRY, AT["interface_handle"])
        code.load(2, 4, RECORD, self._point.offset("ifindex"))
        code.jump_not_equal(1, 2, "another")
        code.load(1, 4, ENTRY, AT["interface_handle"] + 4)
        code.load(2, 4, RECORD, self._point.offset("handle"))
        code.jump_not_equal(1, 2, "another")
        code.label("found")
        code.store_number(STACK, POINTER, 4, 0)
        self._look_up(self._maps.entries, POINTER)
        code.jump_zero(0, "out")
        code.load(1, 8, 0, EPOCH_AT)
        code.store(STACK, EPOCH, 8, 1)

    def _make_entry(self) -> None:
        """A discipline that is not known: take a free entry and fill in whose it is."""
        code = self._code
        code.label("another")  # at the address of one that is gone
        code.map(1, self._maps.known)
        address(code, 2, KEY)
        code.call(CALL_DELETE)
        code.label("new")
        if self._maps.watched is not None:
            code.load(1, 4, RECORD, self._point.offset("ifindex"))
            code.store(STACK, INDEX, 4, 1)
            self._look_up(self._maps.watched, INDEX)
            code.jump_zero(0, "out")
            code.load(A, 4, 0, 0)
            self._namespace()
            code.load(1, 4, STACK, LENGTH)
            code.jump_not_equal(1, A, "out")
        else:
            self._namespace()
        code.map(1, self._maps.free)
        address(code, 2, INDEX)
        code.call(CALL_POP)
        code.jump_zero(0, "filled")
        self._lost()
        code.label("filled")
        self._look_up(self._maps.entries, INDEX)
        code.jump_zero(0, "out")
        code.move(ENTRY, 0)
        self._fill()
        code.map(1, self._maps.known)
        address(code, 2, KEY)
        address(code, 3, INDEX)
        code.number(4, 1)  # BPF_NOEXIST: another CPU may have been first
        code.call(CALL_UPDATE)
        code.jump_zero(0, "found")
        code.number(1, 0)
        code.store(ENTRY, AT["first_ns"], 8, 1)
        code.map(1, self._maps.free)
        address(code, 2, INDEX)
        code.number(3, 0)
        code.call(CALL_PUSH)
        self._look_up(self._maps.known, KEY)
        code.jump_zero(0, "out")
        code.load(1, 4, 0, 0)
        code.store(STACK, INDEX, 4, 1)
        self._look_up(self._maps.entries, INDEX)
        code.jump_zero(0, "out")
        code.move(ENTRY, 0)
        code.jump("found")
        code.label("out")
        self._leave()

    def _lost(self) -> None:
        """Count an event that found no entry, and leave."""
        code = self._code
        code.store_number(STACK, POINTER, 4, 0)
        self._look_up(self._maps.entries, POINTER)
        code.jump_zero(0, "out")
        code.number(1, 1)
        code.atomic_add(0, LOST_AT, 1)
        code.jump("out")

    def _namespace(self) -> None:
        """Read into the stack: the inode of the network namespace at `LENGTH`; register `B` = the device."""
        code, offsets = self._code, self._offsets
        code.load(B, 8, RECORD, self._point.offset("txq"))
        self._read(POINTER, 8, B, offsets.queue_device)
        code.load(B, 8, STACK, POINTER)
        self._read(POINTER, 8, B, offsets.device_net)
        code.load(3, 8, STACK, POINTER)
        self._read(LENGTH, 4, 3, offsets.net_inode)

    def _fill(self) -> None:
        code, offsets = self._code, self._offsets
        code.load(1, 8, STACK, KEY)
        code.store(ENTRY, AT["discipline"], 8, 1)
        for name, to in (("ifindex", 0), ("handle", 4), ("parent", 8)):
            code.load(1, 4, RECORD, self._point.offset(name))
            code.store(ENTRY, AT["interface_handle"] + to, 4, 1)
        code.load(1, 4, STACK, LENGTH)
        code.store(ENTRY, AT["parent_netns"] + 4, 4, 1)
        self._read(POINTER, 8, B, offsets.device_queues)
        code.load(1, 8, STACK, POINTER)
        code.store(ENTRY, AT["first_queue"], 8, 1)
        code.load(A, 8, STACK, KEY)
        self._read(POINTER, 8, A, offsets.queue)
        code.load(1, 8, STACK, POINTER)
        code.store(ENTRY, AT["own_queue"], 8, 1)
        self._read(POINTER, 4, A, offsets.flags)
        code.load(1, 4, STACK, POINTER)
        code.mask(1, NO_LOCK)
        code.store(ENTRY, AT["unlocked"], 8, 1)
        code.number(1, NEVER)
        code.store(ENTRY, AT["requeues"], 8, 1)
        code.call(CALL_NOW)
        code.store(ENTRY, AT["first_ns"], 8, 0)
        code.store(ENTRY, AT["last_ns"], 8, 0)

    def _not_below_zero(self, register: int) -> None:
        code, on = self._code, next(self._labels)
        code.jump_not_negative(register, on)
        code.number(register, 0)
        code.label(on)

    def _look_up(self, table: int, key: int) -> None:
        """Register 0 = the address of a key's value, or 0."""
        self._code.map(1, table)
        address(self._code, 2, key)
        self._code.call(CALL_LOOKUP)

    def _read(self, to: int, size: int, base: int, offset: int) -> None:
        """Copy memory of the kernel to the stack; what cannot be read becomes zeros."""
        code = self._code
        if base != 3:  # noqa: PLR2004 - the third argument already
            code.move(3, base)
        if offset:
            code.add_number(3, offset)
        address(code, 1, to)
        code.number(2, size)
        code.call(CALL_READ_KERNEL)


def address(code: Assembler, to: int, at: int) -> None:
    """A register = the address of a place on the stack."""
    code.move(to, STACK)
    code.add_number(to, at)
