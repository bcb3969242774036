"""Histograms of queues of a Linux host: measured by the kernel at each packet, or by looking again and again.

Where BPF is allowed nothing escapes: times are nanoseconds, and arrivals are counted by the depth that each packet found.
Classes below a discipline are looked at, whether it is or not: packets pass them without the kernel saying so.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from brimful.evidence.catching import Resolution
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin
from brimful.kernel.bpf import BpfError
from brimful.kernel.btf import BtfError
from brimful.kernel.netlink import NETLINK_ROUTE, Netlink, NetlinkError
from brimful.kernel.queue_plan import Bounds, Ranges
from brimful.kernel.queue_trace import Counts, Queue, QueueTrace
from brimful.kernel.tracing import TracingError
from brimful.monitor import asic
from brimful.monitor.disciplines import Key, Line, lines
from brimful.monitor.group import Group
from brimful.monitor.looking import Counters, Looking
from brimful.monitor.state import Number, Reader, State

KINDS = frozenset(("histogram", "histogram_tc"))
LATENCY = "histogram_latency"
COUNTER = "histogram_counter"

BACKLOG, LENGTH, WAIT = "qdisc.queue.backlog", "qdisc.queue.length", "qdisc.queue.latency"
PACKETS: Bounds = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
"""The ranges in packets: the configuration has none for them."""

SOURCE = "tracepoint BPF"
ORIGIN = Origin("qdisc:qdisc_enqueue, qdisc:qdisc_dequeue")
NAMESPACE = "/proc/thread-self/ns/net"

REFUSED = (BpfError, BtfError, TracingError)
Cell = tuple[str, str, int, Bounds]
"""Meaning, place, sample time and ranges: what histograms have in common that can be added up."""


def reader(group: Group) -> Reader:
    """Make the reader of a group of histograms; `ValueError` with one line where such a group cannot be read here."""
    if group.stat_type not in {*KINDS, LATENCY, COUNTER}:
        raise ValueError(f"{group.name}: {group.stat_type} cannot be read on this host: its NICs have no such buffers")
    if not asic.lows(group, 1):
        raise ValueError(f"{group.name}: its ranges have no width")
    try:
        if group.stat_type == COUNTER:
            return Counters(group)
        return _queues(group)
    except NetlinkError as error:
        raise ValueError(f"{group.name}: {error}") from error


def _queues(group: Group) -> Reader:
    try:
        traced = Measured(group)
    except REFUSED as error:
        if group.stat_type == LATENCY:
            raise ValueError(f"{group.name}: the time in a queue is only to be had by BPF: {error}") from error
        return Looking(group, why=str(error))
    if group.stat_type == LATENCY or not traced.has_classes:
        return traced
    return Together(traced, Looking(group, only_classes=True))


class _Account(msgspec.Struct):
    """Until when a queue is accounted for, and what it had counted then (None: nothing had happened in it)."""

    until_ns: int
    queue: Queue | None = None


class Measured:
    """Reads the queues of a group from the kernel's own measurement; errors as of `QueueTrace`."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._route = Netlink(NETLINK_ROUTE)
        self._netns = Path(NAMESPACE).stat().st_ino
        found = lines(self._route, group)
        self.has_classes = bool(found.classes)
        ranges = tuple(asic.lows(group, 1))
        self._follows = group.stat_type == LATENCY
        self._ranges = Ranges(waits=ranges) if self._follows else Ranges(bytes=ranges, packets=(PACKETS,))
        self._trace = QueueTrace(self._ranges, [(index, self._netns) for index in found.interfaces])
        self.resolution = Resolution(0)
        self._begin = _moment(self._trace.began_ns)
        self._accounts: dict[Key, _Account] = {line.key: _Account(self._trace.began_ns) for line in found.queues}
        self._places: dict[Key, str] = {line.key: line.place for line in found.queues}
        self._spots = _spots(self._places)
        self._missed = 0

    def read(self) -> State:
        """Read what has happened since the reading before."""
        cpu = time.thread_time()
        listed_ns = time.monotonic_ns()
        try:
            found = lines(self._route, self._group)
        except NetlinkError as error:  # what is counted meanwhile is told the next time
            return State(self._group.name, self._begin, self._begin, blind=(str(error),))
        asked_ns = time.monotonic_ns()
        self._trace.watch([(index, self._netns) for index in found.interfaces])
        traced = self._trace.read()
        window = _Window(self._ranges)
        present = {line.key: line for line in found.queues}
        self._spots |= _spots({line.key: line.place for line in found.queues})
        queues: dict[Key, Queue] = {}
        for queue in sorted(traced.queues, key=lambda one: one.first_ns):
            key = (queue.interface, queue.handle, queue.parent)
            if key in queues:  # one was taken away and another put there by the same name
                self._gone(window, key, queues[key])
            queues[key] = queue
        for key, line in present.items():
            self._present(window, line, queues.get(key), listed_ns, asked_ns)
        for key in (queues.keys() | self._accounts.keys()) - present.keys():
            self._gone(window, key, queues.get(key))
        self._places = {line.key: line.place for line in found.queues}
        self._spots = _spots(self._places)
        blind = [*found.blind, *window.blind, *self._lost(traced.missed, traced.lost)]
        begin, self._begin = self._begin, _moment(asked_ns)
        return State(
            self._group.name,
            begin,
            self._begin,
            tuple(window.histograms(begin, self._begin)),
            tuple(window.numbers),
            window.peaks,
            tuple(blind),
            time.thread_time() - cpu,
        )

    def close(self) -> None:
        """Take the programs out of the kernel."""
        self._trace.close()

    def _present(self, window: "_Window", line: Line, queue: Queue | None, listed_ns: int, asked_ns: int) -> None:
        """Add what has happened in a queue that there is."""
        account = self._accounts.get(line.key)
        window.limit(line)
        if queue is None:
            if account:  # nothing has happened: it is as deep as it was
                window.idle(line, asked_ns - account.until_ns)
            self._accounts[line.key] = _Account(asked_ns)
            window.peak(line.place, line.size)
            return
        window.add(line.place, queue, account)
        self._accounts[line.key] = _Account(queue.until_ns, queue)
        if queue.last_ns < listed_ns and (queue.packets, queue.bytes) != (line.packets, line.size):
            self._changed_unseen(window, line, queue, account)

    def _changed_unseen(self, window: "_Window", line: Line, queue: Queue, account: _Account | None) -> None:
        """The depth is not what the last packet left. The driver gave packets back at once; or all were thrown away.

        That is so when a link goes down: since when is not known, and the time since the last packet counts for nothing.
        """
        spent_ns = queue.until_ns - max(queue.last_ns, account.until_ns if account else 0)
        window.held(line.place, queue, -spent_ns)
        if line.packets > queue.packets:
            window.spent(line, spent_ns)
            window.peak(line.place, line.size)
        else:
            window.blind.append(f"{line.place}: it emptied without its packets being seen")
        self._trace.forget(queue)
        self._accounts[line.key] = _Account(queue.until_ns)

    def _gone(self, window: "_Window", key: Key, queue: Queue | None) -> None:
        """Add what happened in a queue before it went; also in one that came and went between two readings."""
        account, place = self._accounts.pop(key, None), self._spots.get((key[0], key[2]))
        if queue is None:
            return
        if place is not None:
            window.add(place, queue, account)
            window.held(place, queue, max(queue.last_ns, account.until_ns if account else 0) - queue.until_ns)
        self._trace.forget(queue)

    def _lost(self, missed: int, lost: int) -> list[str]:
        new, self._missed = missed - self._missed, missed
        return [
            *([f"{new} events were missed: another such program ran on their CPU"] if new else ()),
            *([f"{lost} events were of more queues than are told apart"] if lost else ()),
        ]


class _Window:
    """What one reading adds up."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._counts: dict[Cell, list[int]] = {}
        self._inexact: set[str] = set()
        self.numbers: list[Number] = []
        self.peaks: dict[str, int] = {}
        self.blind: list[str] = []

    def add(self, place: str, queue: Queue, account: _Account | None) -> None:
        """Add what a queue counted since it was accounted for."""
        before = account.queue if account else None
        if before and (before.number, before.first_ns) != (queue.number, queue.first_ns):
            account = before = None  # another one has taken its place
        ranges = self._ranges
        for meaning, name, bounds in (
            (BACKLOG, "byte_times", ranges.bytes),
            (LENGTH, "packet_times", ranges.packets),
            (BACKLOG, "byte_finds", ranges.bytes),
            (WAIT, "waits", ranges.waits),
        ):
            sample_ns = 1 if name.endswith("times") else 0
            now: Counts = getattr(queue, name)
            then: Counts = getattr(before, name) if before else tuple((0,) * len(lows) for lows in bounds)
            for lows, counts, old in zip(bounds, now, then, strict=True):
                self._cell(meaning, place, sample_ns, lows, [a - b for a, b in zip(counts, old, strict=True)])
        if account and not before:
            # its first event may have begun when it was looked at, and not have been written down yet
            self._rest(place, queue.first_bytes, queue.first_packets, max(queue.first_ns - account.until_ns, 0))
        if ranges.bytes:
            self.peak(place, max(queue.peak_bytes, queue.first_bytes if not before else 0))
        self._told(place, queue, before)

    def idle(self, line: Line, spent_ns: int) -> None:
        """Add a queue that nothing has happened in."""
        self.spent(line, spent_ns)
        for bounds, meaning in ((self._ranges.bytes, BACKLOG), (self._ranges.waits, WAIT)):
            for lows in bounds:
                self._cell(meaning, line.place, 0, lows, [0] * len(lows))

    def spent(self, line: Line, spent_ns: int) -> None:
        """Add time at the depth that a queue has now."""
        self._rest(line.place, line.size, line.packets, spent_ns)

    def held(self, place: str, queue: Queue, spent_ns: int) -> None:
        """Add time at the depth that a queue was left with."""
        self._rest(place, queue.bytes, queue.packets, spent_ns)

    def limit(self, line: Line) -> None:
        """Note what the queue may hold."""
        if line.limit is not None and self._ranges.bytes:
            self.numbers.append(Number(line.place, "backlog", BACKLOG, "bytes", line.size, limit=line.limit))

    def peak(self, place: str, size: int) -> None:
        """Note how deep a queue was."""
        if self._ranges.bytes:
            self.peaks[place] = max(self.peaks.get(place, 0), size)

    def histograms(self, begin: Moment, end: Moment) -> Sequence[Histogram]:
        """Return all that was added up."""
        return [
            Histogram(
                meaning,
                place,
                lows,
                tuple(counts),
                sample_ns,
                begin,
                end,
                ORIGIN,
                SOURCE,
                "a queue without a lock: its depth was counted from outside" if place in self._inexact else "",
            )
            for (meaning, place, sample_ns, lows), counts in self._counts.items()
        ]

    def _rest(self, place: str, size: int, packets: int, spent_ns: int) -> None:
        for meaning, bounds, depth in (
            (BACKLOG, self._ranges.bytes, size),
            (LENGTH, self._ranges.packets, packets),
        ):
            for lows in bounds:
                counts = [0] * len(lows)
                counts[sum(low <= depth for low in lows) - 1] = spent_ns
                self._cell(meaning, place, 1, lows, counts)

    def _cell(self, meaning: str, place: str, sample_ns: int, lows: Bounds, counts: list[int]) -> None:
        cell = self._counts.setdefault((meaning, place, sample_ns, lows), [0] * len(lows))
        cell[:] = [a + b for a, b in zip(cell, counts, strict=True)]

    def _told(self, place: str, queue: Queue, before: Queue | None) -> None:
        """Say what was not exact."""
        if queue.unlocked:
            self._inexact.add(place)
        unseen = queue.unseen - (before.unseen if before else 0)
        if unseen > 0:
            self.blind.append(
                f"{place}: {unseen} packets left unseen: dropped inside, or their time counts for the depth before"
            )
        unplaced = queue.unplaced - (before.unplaced if before else 0)
        if unplaced:
            self.blind.append(f"{place}: {unplaced} packets could not be followed, too many were under way")
        if not queue.whole:
            self.blind.append(f"{place}: it was so busy that its counts may contradict each other by a packet")


class Together:
    """Transmit queues that are measured, and classes below them that are looked at."""

    def __init__(self, *readers: Reader) -> None:
        self._readers = readers
        self.resolution = max((one.resolution for one in readers), key=lambda one: one.step_ns)

    def read(self) -> State:
        """Read both."""
        states = [one.read() for one in self._readers]
        self.resolution = max((one.resolution for one in self._readers), key=lambda one: one.step_ns)
        first = states[0]
        return msgspec.structs.replace(
            first,
            histograms=tuple(one for state in states for one in state.histograms),
            numbers=tuple(one for state in states for one in state.numbers),
            peaks={place: peak for state in states for place, peak in state.peaks.items()},
            blind=tuple(dict.fromkeys(line for state in states for line in state.blind)),
            cpu_s=sum(state.cpu_s for state in states),
        )

    def close(self) -> None:
        """Close both."""
        for one in self._readers:
            one.close()


def _spots(places: Mapping[Key, str]) -> dict[tuple[int, int], str]:
    """Return the names of queues by interface and parent: there a discipline may take the place of another."""
    return {(interface, parent): place for (interface, _, parent), place in places.items()}


def _moment(monotonic_ns: int) -> Moment:
    """Return the time of day of a moment of the monotonic clock that has just been."""
    return Moment(time.time_ns() - time.monotonic_ns() + monotonic_ns, "host", monotonic_ns=monotonic_ns)
