"""Histograms by looking: the depth of queues, or what interfaces count, read at a steady step in a thread of its own.

What a queue did between two looks is not known; `resolution` says how much may have been missed, with the steps as they
really were. A depth counts for the time since the look before.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable

import msgspec

from brimful.evidence.catching import Resolution
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.kernel.netlink import NETLINK_ROUTE, Netlink, NetlinkError
from brimful.kernel.qdisc import NUMBERS, classes
from brimful.kernel.qdisc_sweep import QdiscSweep
from brimful.kernel.rtnetlink import STATISTICS_SKIP, STATISTICS_STRIDE, STATS64, link_stats, statistics
from brimful.monitor import asic
from brimful.monitor.disciplines import Key, Line, lines
from brimful.monitor.group import Group
from brimful.monitor.ports import expanded
from brimful.monitor.state import Number, State
from brimful.roots.commands import shown

STEP_NS = 10_000_000
"""From one look to the next: 1 in 100 of a core for a few queues."""

BACKLOG = "qdisc.queue.backlog"
SOURCE = "netlink"

COUNTERS = {
    "rx-byte": ("rx_bytes", "switch.queue.sampled_bytes"),
    "tx-byte": ("tx_bytes", "switch.queue.sampled_bytes"),
    "rx-pkt": ("rx_packets", "switch.queue.sampled_packets"),
    "tx-pkt": ("tx_packets", "switch.queue.sampled_packets"),
    "crc": ("rx_crc_errors", "switch.queue.sampled_errors"),
}
"""What is counted for each counter of a configuration (struct rtnl_link_stats64), and what it means."""

_LENGTH, _BACKLOG = NUMBERS.index("qlen"), NUMBERS.index("backlog")
_SKIPPED = 100
"""Steps: a gap that is longer is not made good, as after a machine has slept."""

Cell = tuple[str, str, tuple[int, ...]]
"""Meaning, place and lower bounds of ranges."""


class Seen(msgspec.Struct):
    """What was seen in one window, as far as it has come."""

    begin_ns: int
    last_ns: int
    counts: dict[Cell, list[int]] = {}
    peaks: dict[str, int] = {}
    errors: dict[str, None] = {}
    looks: int = 0
    gap_ns: int = 0

    def add(self, cell: Cell, value: int, count: int) -> None:
        """Count a value."""
        counts = self.counts.setdefault(cell, [0] * len(cell[2]))
        counts[bisect_right(cell[2], value) - 1] += count


class Beat:
    """Calls a function again and again, at a steady step, in a thread, and keeps what it has seen.

    The function gets what is seen so far and the time since the call before, nanoseconds.
    """

    def __init__(self, look: Callable[[Seen, int], None], step_ns: int) -> None:
        self._look = look
        self._step_ns = step_ns
        self._lock = threading.Lock()
        self._end = threading.Event()
        now_ns = time.monotonic_ns()
        self._seen = Seen(now_ns, now_ns)
        self._cpu_s = 0.0
        self.resolution = Resolution(step_ns, 1, step_ns)
        self._thread = threading.Thread(target=self._run, name="looking", daemon=True)
        self._thread.start()

    def taken(self) -> tuple[Seen, float]:
        """Return what was seen since the last call, and the processor time that took (seconds)."""
        with self._lock:
            seen, cpu_s = self._seen, self._cpu_s
            self._seen, self._cpu_s = Seen(seen.last_ns, seen.last_ns), 0.0
        if seen.looks:
            self.resolution = Resolution((seen.last_ns - seen.begin_ns) // seen.looks, 1, seen.gap_ns)
        return seen, cpu_s

    def close(self) -> None:
        """End the thread; more than once does nothing."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        due_ns = time.monotonic_ns()
        while True:
            due_ns += self._step_ns
            now_ns = time.monotonic_ns()
            if now_ns - due_ns > _SKIPPED * self._step_ns:
                due_ns = now_ns
            if self._end.wait(max(due_ns - now_ns, 0) / SECOND):
                return
            begin_s = time.thread_time()
            with self._lock:
                seen, now_ns = self._seen, time.monotonic_ns()
                spent_ns = now_ns - seen.last_ns
                seen.last_ns, seen.looks, seen.gap_ns = now_ns, seen.looks + 1, max(seen.gap_ns, spent_ns)
                try:
                    self._look(seen, spent_ns)
                except Exception as error:  # noqa: BLE001 - one look that fails must not end all others
                    seen.errors[str(error) or type(error).__name__] = None
                self._cpu_s += time.thread_time() - begin_s


class Looking:
    """Reads the queues of a group by netlink. `why` says why they are not measured. `NetlinkError` as of `Netlink`."""

    def __init__(self, group: Group, why: str = "", *, only_classes: bool = False, step_ns: int = STEP_NS) -> None:
        self._group = group
        self._why = why
        self._only_classes = only_classes
        self._routes = [Netlink(NETLINK_ROUTE) for _ in range(2)]
        self._sweep = QdiscSweep()
        self._lows = asic.lows(group, 1)
        self._step_ns = step_ns
        self._owed_ns = 0
        self._list()
        self._beat = Beat(self._look, step_ns)

    @property
    def resolution(self) -> Resolution:
        """How finely it saw in the last window."""
        return self._beat.resolution

    def read(self) -> State:
        """Return what was seen since the reading before."""
        cpu = time.thread_time()
        seen, cpu_s = self._beat.taken()
        problems = _listed(self._list, seen)
        doubt = f"looked at every {self.resolution.step_ns / SECOND * 1e3:.3g} ms: nothing is known of the time between"
        numbers = [
            Number(line.place, "backlog", BACKLOG, "bytes", line.size, limit=line.limit)
            for line in self._lines.values()
            if line.limit is not None
        ]
        return _state(
            self._group.name,
            seen,
            self._step_ns,
            "tc class show" if self._only_classes else "tc qdisc show",
            doubt,
            numbers=tuple(numbers),
            peaks=seen.peaks,
            blind=(*self._blind, *problems),
            cpu_s=cpu_s + time.thread_time() - cpu,
        )

    def close(self) -> None:
        """Look no longer."""
        self._beat.close()

    def _list(self) -> None:
        found = lines(self._routes[0], self._group)
        chosen = found.classes if self._only_classes else (*found.queues, *found.classes)
        self._blind = (*([f"queues are looked at, not measured: {self._why}"] if self._why else ()), *found.blind)
        self._interfaces = {line.key[0] for line in found.classes}
        self._lines: dict[Key, Line] = {line.key: line for line in chosen}

    def _look(self, seen: Seen, spent_ns: int) -> None:
        # one that comes late counts for those that were left out
        self._owed_ns += spent_ns
        samples = round(self._owed_ns / self._step_ns)
        self._owed_ns -= samples * self._step_ns
        watched = self._lines
        if not self._only_classes:
            values = self._sweep.read(self._routes[1])
            if values is None:
                return
            width = len(NUMBERS)
            for row, one in enumerate(self._sweep.identities):
                line = watched.get((one.ifindex, one.handle, one.parent))
                if line:
                    self._saw(seen, line.place, values[row * width + _BACKLOG], samples)
        for index in self._interfaces:
            for one in classes(self._routes[1], index).qdiscs:
                line = watched.get((one.ifindex, one.handle, one.parent))
                if line and one.numbers:
                    self._saw(seen, line.place, one.numbers[_BACKLOG], samples)

    def _saw(self, seen: Seen, place: str, size: int, samples: int) -> None:
        for lows in self._lows:
            seen.add((BACKLOG, place, lows), size, samples)
        seen.peaks[place] = max(seen.peaks.get(place, 0), size)


class Counters:
    """Reads what interfaces count at each step of the group's sampling time, which is at least `STEP_NS`.

    `ValueError` for a counter that Linux has not.
    """

    def __init__(self, group: Group) -> None:
        for name in group.counter_types:
            if name not in COUNTERS:
                raise ValueError(f"{group.name}: Linux has no counter {name}; it has {', '.join(COUNTERS)}")
        self._group = group
        self._lows = asic.lows(group, 1)
        self._step_ns = max(group.sample_ns, STEP_NS)
        self._routes = [Netlink(NETLINK_ROUTE) for _ in range(2)]
        self._fields = [(name, *COUNTERS[name]) for name in group.counter_types]
        self._last: dict[tuple[str, str], int] = {}
        self._list()
        self._beat = Beat(self._look, self._step_ns)

    @property
    def resolution(self) -> Resolution:
        """How finely it saw in the last window."""
        return self._beat.resolution

    def read(self) -> State:
        """Return what was counted since the reading before."""
        cpu = time.thread_time()
        seen, cpu_s = self._beat.taken()
        problems = _listed(self._list, seen)
        asked = self._group.sample_ns
        if asked < self._step_ns:
            problems[f"samples of {asked} ns were asked for, {self._step_ns} ns is what this host is read at"] = None
        return _state(
            self._group.name,
            seen,
            self._step_ns,
            "ip -s -j link show",
            "",
            blind=(*self._blind, *problems),
            cpu_s=cpu_s + time.thread_time() - cpu,
        )

    def close(self) -> None:
        """Look no longer."""
        self._beat.close()

    def _list(self) -> None:
        names = {link.index: shown(link.name) for link in link_stats(self._routes[0]).links}
        wanted = frozenset(expanded(self._group.ports, names.values()))
        self._blind = tuple(
            f"{port}: no such interface" for port in self._group.ports if not expanded((port,), names.values())
        )
        self._names = {index: name for index, name in names.items() if name in wanted}

    def _look(self, seen: Seen, spent_ns: int) -> None:
        read = statistics(self._routes[1])
        if read is None:
            return
        samples = max(round(spent_ns / self._step_ns), 1)
        for row, index in enumerate(read[0]):
            name = self._names.get(index)
            if name is None:
                continue
            start = row * STATISTICS_STRIDE + STATISTICS_SKIP
            for counter, field, meaning in self._fields:
                self._count(seen, f"{name}/{counter}", meaning, read[1][start + STATS64.index(field)], samples)

    def _count(self, seen: Seen, place: str, meaning: str, value: int, samples: int) -> None:
        last = self._last.get((place, meaning))
        self._last[place, meaning] = value
        if last is None or value < last:
            return
        for lows in self._lows:
            seen.add((meaning, place, lows), (value - last) // samples, samples)


def _listed(lists: Callable[[], None], seen: Seen) -> dict[str, None]:
    """List anew what is there; return what went wrong in that and since the reading before."""
    problems = dict(seen.errors)
    try:
        lists()
    except NetlinkError as error:
        problems[str(error)] = None
    return problems


def _state(  # noqa: PLR0913 - what was seen, and what it is called
    group: str,
    seen: Seen,
    sample_ns: int,
    command: str,
    doubt: str,
    *,
    blind: tuple[str, ...],
    cpu_s: float,
    numbers: tuple[Number, ...] = (),
    peaks: dict[str, int] | None = None,
) -> State:
    begin, end = (_moment(ns) for ns in (seen.begin_ns, seen.last_ns))
    histograms = tuple(
        Histogram(meaning, place, lows, tuple(counts), sample_ns, begin, end, Origin(command), SOURCE, doubt)
        for (meaning, place, lows), counts in seen.counts.items()
    )
    return State(group, begin, end, histograms, numbers, peaks or {}, blind, cpu_s)


def _moment(monotonic_ns: int) -> Moment:
    return Moment(time.time_ns() - time.monotonic_ns() + monotonic_ns, "host", monotonic_ns=monotonic_ns)
