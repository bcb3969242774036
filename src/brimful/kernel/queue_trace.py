"""How deep each queueing discipline was for how long, measured by the kernel at each packet: tracepoint BPF.

What is exact, and what is not (Linux 6.18):

- Disciplines with a lock (all but pfifo_fast with its defaults): depth in packets and bytes, and times, as the kernel
  itself counts them. Packets dropped from inside, or given back by the driver, show with the next event.
- pfifo_fast (TCQ_F_NOLOCK): counted here; `corrected` says how often the count was not 0 when the queue was empty.
- A packet that finds an empty discipline which lets it pass (TCQ_F_CAN_BYPASS: pfifo_fast, fq_codel and others) is never
  in it: it is no arrival, and its time in the queue was 0.
- Only the discipline of a transmit queue is seen, that is the root or each child of mq; not what is below it.
- On a machine whose processors are all busy the kernel now and then runs no program at the tracepoint for some
  milliseconds, and does not count that as missed (seen on Linux 6.18). The depth is right again with the next event;
  `unseen` says how many packets went by.
- `waits` is the time from coming in to being taken out for the first time. A packet that is made into several inside
  (tbf, for one that is larger than its burst) is not followed: `unmatched`.

Needs CAP_BPF and CAP_PERFMON, the right to read tracefs, BTF, and Linux 5.15.
"""

import mmap
import struct
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TypeVar

import msgspec

from brimful.kernel import btf
from brimful.kernel.bpf import ARRAY, HASH, MAPPABLE, QUEUE, Handle, Map, Program, attach, measure
from brimful.kernel.queue_plan import AT, EPOCH_AT, HEAD, LOST_AT, Bounds, Maps, Ranges, offsets_of, planned
from brimful.kernel.queue_programs import dequeued, dropped, enqueued
from brimful.kernel.tracing import Tracing

QUEUES = 1024
"""Queues that are told apart; events of those that come after them count as lost."""

FLIGHT = 1 << 16
"""Packets that are followed at once."""

WATCHED = 4096
"""Interfaces that can be watched."""

TRIES = 10_000
"""How often an entry is read again that is just being written."""

LICENCE = "GPL"

_U32 = struct.Struct("=I")
_U64 = struct.Struct("=Q")
_NEGATIVE = 1 << 63
_AS_THEY_ARE = (
    "discipline",
    "first_ns",
    "last_ns",
    "first_packets",
    "first_bytes",
    "arrived",
    "left",
    "unmatched",
    "unplaced",
    "corrected",
)

Held = TypeVar("Held", bound=Handle)

Counts = tuple[tuple[int, ...], ...]
"""The counts of each of several ranges."""


class Queue(msgspec.Struct, frozen=True):
    """One queue: what was counted from `first_ns`, its first event, until `until_ns` (monotonic clock).

    `interface` is an index in the network namespace `netns` (its inode), `queue` the transmit queue that it is of (0 at
    the root). `first_packets` and `first_bytes` were waiting before the first event, `packets` and `bytes` since the last.
    The peaks are those since the reading before. Times are nanoseconds by depth that held; finds are arrivals by the depth
    that they found; waits are packets by their time in the queue: one of each for each of `Ranges`.

    `unmatched` packets left that had not been seen to come, `unplaced` ones could not be followed. `whole` is false where
    an entry was written each time that it was read: it may contradict itself by an event.
    """

    number: int
    discipline: int
    interface: int
    netns: int
    queue: int
    handle: int
    parent: int
    unlocked: bool
    first_ns: int
    last_ns: int
    until_ns: int
    first_packets: int
    first_bytes: int
    packets: int
    bytes: int
    peak_packets: int
    peak_bytes: int
    arrived: int
    left: int
    unmatched: int
    unplaced: int
    corrected: int
    byte_times: Counts
    byte_finds: Counts
    packet_times: Counts
    packet_finds: Counts
    waits: Counts
    whole: bool = True

    @property
    def unseen(self) -> int:
        """Packets that left without being seen: dropped inside, or the kernel did not run the programs for them."""
        return max(self.first_packets + self.arrived - self.left - self.packets, 0)


class Traced(msgspec.Struct, frozen=True):
    """All queues that had an event. `lost` events found no room for their queue.

    `missed` came while another such program ran on that CPU (0 where the kernel does not say). `nanoseconds` were used
    for `runs`, where that is measured.
    """

    queues: tuple[Queue, ...]
    lost: int
    missed: int
    runs: int
    nanoseconds: int


class QueueTrace:
    """Measures from now until closed; `BpfError`, `BtfError` or `TracingError` where the kernel does not let us.

    `watched` are the interfaces, by index, with the inode of their network namespace; None: all of the machine.
    `began_ns` is when, on the monotonic clock; of all of the machine, a little is counted before. `measured`: have the kernel take the time of the programs. For one thread.
    """

    def __init__(
        self, ranges: Ranges, watched: Iterable[tuple[int, int]] | None = None, *, measured: bool = False
    ) -> None:
        self._plan = planned(ranges)
        self._held = ExitStack()
        self._entry = struct.Struct(f"={self._plan.size // 8}Q")
        self._watched: dict[int, int] = {}
        self._unplaced = 0
        try:
            self._open(watched)
            if measured:
                self._hold(measure())
        except BaseException:
            self.close()
            raise

    def _open(self, watched: Iterable[tuple[int, int]] | None) -> None:
        types = btf.kernel()
        offsets = offsets_of(types)
        self._queue_bytes = types.size("netdev_queue")
        tracing = Tracing()
        coming, going = (tracing.tracepoint("qdisc", f"qdisc_{way}") for way in ("enqueue", "dequeue"))
        size = self._plan.size
        self._entries = self._map(ARRAY, 4, size, QUEUES + 1, MAPPABLE, "queues")
        self._known = self._map(HASH, 8, 4, QUEUES, 0, "disciplines")
        self._free = self._map(QUEUE, 0, 4, QUEUES, 0, "free")
        self._chosen = self._map(HASH, 4, 4, WATCHED, 0, "watched") if watched is not None else None
        self._flight = self._map(HASH, 8, 8, FLIGHT, 0, "flight") if self._plan.ranges.waits else None
        self._memory = mmap.mmap(self._entries.descriptor, -(-size * (QUEUES + 1) // mmap.PAGESIZE) * mmap.PAGESIZE)
        self._held.callback(self._memory.close)
        for number in range(1, QUEUES + 1):
            self._free.put(b"", _U32.pack(number))
        maps = Maps(
            *(one.descriptor for one in (self._entries, self._known, self._free)),
            *(one.descriptor if one else None for one in (self._chosen, self._flight)),
        )
        self._programs = [
            self._attached(enqueued(coming, offsets, self._plan, maps), coming.number, "qdisc_enqueue"),
            self._attached(dequeued(going, offsets, self._plan, maps), going.number, "qdisc_dequeue"),
        ]
        if self._flight:
            free = tracing.tracepoint("skb", "kfree_skb")
            self._attached(dropped(free, self._flight.descriptor), free.number, "qdisc_kfree_skb")
        self.began_ns = time.monotonic_ns()
        self.watch(watched or ())  # to attach takes up to 100 ms: what happens meanwhile does not count

    def _map(self, kind: int, key: int, value: int, entries: int, flags: int, name: str) -> Map:  # noqa: PLR0913, PLR0917 - the shape of a map
        return self._hold(Map(kind, key, value, entries, flags, name))

    def _attached(self, code: bytes, tracepoint: int, name: str) -> Program:
        program = self._hold(Program(code, LICENCE, name))
        self._hold(attach(program, tracepoint))
        return program

    def _hold(self, handle: Held) -> Held:
        self._held.callback(handle.close)
        return handle

    def watch(self, interfaces: Iterable[tuple[int, int]]) -> None:
        """Watch these from now on, and no others; queues that were seen before stay as they are."""
        if self._chosen is None:
            return
        wanted = dict(interfaces)
        for index in self._watched.keys() - wanted.keys():
            self._chosen.delete(_U32.pack(index))
        for index, netns in wanted.items():
            if self._watched.get(index) != netns:
                self._chosen.put(_U32.pack(index), _U32.pack(netns))
        self._watched = wanted

    def read(self) -> Traced:
        """Return all queues as they are now; a new peak begins for each."""
        (epoch,) = _U64.unpack_from(self._memory, EPOCH_AT)
        _U64.pack_into(self._memory, EPOCH_AT, epoch + 1)
        queues = tuple(self._queues(epoch))
        runs = [run for program in self._programs if (run := program.run())]
        self._forget_flight(sum(queue.unplaced for queue in queues))
        return Traced(
            queues,
            _U64.unpack_from(self._memory, LOST_AT)[0],
            *(sum(values) for values in zip(*((run.missed, run.count, run.nanoseconds) for run in runs), strict=True))
            if runs
            else (0, 0, 0),
        )

    def forget(self, queue: Queue) -> None:
        """Let go of a queue that is no more: its entry is for another. More than once does nothing."""
        if _U64.unpack_from(self._memory, queue.number * self._plan.size + AT["first_ns"])[0] != queue.first_ns:
            return
        known = self._known.get(_U64.pack(queue.discipline))
        if known == _U32.pack(queue.number):
            self._known.delete(_U64.pack(queue.discipline))
        size = self._plan.size
        self._memory[queue.number * size : (queue.number + 1) * size] = bytes(size)
        self._free.put(b"", _U32.pack(queue.number))

    def close(self) -> None:
        """Detach and unload all; more than once does nothing."""
        self._held.close()

    def _queues(self, epoch: int) -> Iterator[Queue]:
        for number in range(1, QUEUES + 1):
            if _U64.unpack_from(self._memory, number * self._plan.size + AT["first_ns"])[0]:
                yield self._queue(number, epoch)

    def _queue(self, number: int, epoch: int) -> Queue:
        until, words, whole = self._words(number * self._plan.size)
        head = dict(zip(HEAD, words, strict=False))
        interface, handle = _halves(head["interface_handle"])
        parent, netns = _halves(head["parent_netns"])
        packets, size = (_signed(head[name]) for name in ("packets", "bytes"))
        plan, held = self._plan, max(until - head["last_ns"], 0)
        return Queue(
            number=number,
            interface=interface,
            netns=netns,
            queue=(head["own_queue"] - head["first_queue"]) // self._queue_bytes,
            handle=handle,
            parent=parent,
            unlocked=bool(head["unlocked"]),
            until_ns=max(until, head["last_ns"]),
            packets=packets,
            bytes=size,
            peak_packets=_peak(head, "packets", epoch, packets),
            peak_bytes=_peak(head, "bytes", epoch, size),
            **{name: head[name] for name in _AS_THEY_ARE},
            byte_times=_counts(words, plan.byte_times, plan.ranges.bytes, size, held),
            byte_finds=_counts(words, plan.byte_finds, plan.ranges.bytes),
            packet_times=_counts(words, plan.packet_times, plan.ranges.packets, packets, held),
            packet_finds=_counts(words, plan.packet_finds, plan.ranges.packets),
            waits=_counts(words, plan.waits, plan.ranges.waits),
            whole=whole,
        )

    def _words(self, at: int) -> tuple[int, tuple[int, ...], bool]:
        """Return the words of an entry and the moment until which they speak.

        `ended` is read first and `begun` last: when they are the same, no program was at it in between, and one that
        came after it is later than the moment.
        """
        memory, size = self._memory, self._plan.size
        for _ in range(TRIES):
            until = time.monotonic_ns()
            (ended,) = _U64.unpack_from(memory, at)
            entry = memory[at : at + size]
            (begun,) = _U64.unpack_from(memory, at + self._plan.begun)
            if ended == begun:
                break
        return until, self._entry.unpack(entry), ended == begun

    def _forget_flight(self, unplaced: int) -> None:
        """No room was left to follow packets: those that left unseen may fill it, and so it is emptied."""
        if self._flight and unplaced > self._unplaced:
            self._flight.clear()
        self._unplaced = unplaced


def _halves(word: int) -> tuple[int, int]:
    low, high = word & 0xFFFFFFFF, word >> 32
    return low, high


def _signed(word: int) -> int:
    """A count that was ahead of itself for a moment, as queues without a lock may be, is 0."""
    return word if word < _NEGATIVE else 0


def _peak(head: dict[str, int], unit: str, epoch: int, now: int) -> int:
    """Return the greatest depth of the epoch that has just ended; `now` held in all of it when nothing happened in it."""
    match head["epoch"] - epoch:
        case 0:
            return head[f"peak_{unit}"]
        case 1:  # something has happened since: that is seen already
            return max(head[f"before_{unit}"], head[f"peak_{unit}"])
    return now


def _counts(
    words: tuple[int, ...], starts: tuple[int, ...], ranges: tuple[Bounds, ...], depth: int = 0, held: int = 0
) -> Counts:
    """Return the counts of each of several ranges; `depth` has held for some time since they were written."""
    found = []
    for start, lows in zip(starts, ranges, strict=True):
        counts = list(words[start // 8 : start // 8 + len(lows)])
        counts[bisect_right(lows, depth) - 1] += held
        found.append(tuple(_signed(one) for one in counts))
    return tuple(found)
