"""Reads numbers for a group: what a switch calls packets and buffers, or any meaning that brimful knows.

Only the sources that may yield what is asked for are read. They are read at each turn of the group, whatever that costs:
its timer says how often.
"""

import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import outward, whole
from brimful.chain.word import Kind, Meaning
from brimful.evidence.catching import Resolution
from brimful.evidence.delta import Reading, step
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.series import Series
from brimful.evidence.weight import one_view
from brimful.monitor.group import Group
from brimful.monitor.measure import LEVELS
from brimful.monitor.ports import holds
from brimful.monitor.state import Number, State
from brimful.roots.live import LiveRoot
from brimful.sampler import Sampler, Tabular
from brimful.sources import IDENTITY, SOURCES

PORT_STAGES = ("switch.queue", "switch.pool", "nic.fifo", "nic.ring", "nic.tx_ring", "network.path", "qdisc.queue")
"""Stages that speak of a port."""
PORT_INPUT = "protocol.input"
COUNTED = frozenset((Kind.PASSED, Kind.LOST))
NEARLY = frozenset((Kind.NEAR_MISS, Kind.MIXED))
KINDS = {
    "packet": COUNTED,
    "packet_extended": COUNTED | NEARLY,
    "packet_all": frozenset(Kind) - LEVELS,
    "buffer": LEVELS,
}
"""What asic-monitor calls packets and buffers, as kinds of numbers: the documentation of it names no counters."""
KEPT = 1.5
"""Readings: the last one is all that is looked at."""


def wanted(stat_type: str) -> tuple[Meaning, ...]:
    """Return the meanings that a kind of group reads; `ValueError` when there are none."""
    kinds = KINDS.get(stat_type)
    if kinds is not None:
        stages = (*PORT_STAGES, PORT_INPUT)
        return tuple(one for one in MEANINGS.values() if one.kind in kinds and one.stage.name in stages)
    found = tuple(one for name, one in MEANINGS.items() if fnmatchcase(name, stat_type))
    if not found:
        raise ValueError(f"{stat_type} is neither a kind of asic-monitor nor a meaning (brimful explain lists them)")
    return found


class Numbers:
    """The reader of one group. `ValueError` when nothing that can be read here tells what it asks for."""

    def __init__(
        self,
        group: Group,
        root: Tabular | None = None,
        *,
        clock: Callable[[], Moment] | None = None,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self._group = group
        self._root = root or LiveRoot()
        self._clock = clock or _now
        self._cpu = cpu
        self._wanted = wanted(group.stat_type)
        names = {one.name for one in self._wanted} | {one.limit for one in self._wanted if one.limit}
        telling = [source for source in SOURCES if names.intersection(source.meanings)]
        if not any(self._root.answers(request) for source in telling for request in source.requests):
            raise ValueError(f"{group.name}: nothing on this host tells {group.stat_type}")
        period_s = group.timer_s or 1.0
        sources = {source.name: source for source in (SOURCES[IDENTITY], *telling)}.values()
        self._sampler = Sampler(self._root, sources, share=1.0, window_s=KEPT * period_s)
        self._last: dict[Series, tuple[int, str]] = {}
        self.resolution = Resolution(round(period_s * SECOND), 1, round(period_s * SECOND))
        self._end = self._clock()
        self.read()

    def read(self) -> State:
        """Read now: the numbers of the group's ports."""
        began, cpu = self._clock(), self._cpu()
        self._sampler.sweep(everything=True)
        limits = self._limits()
        ports = frozenset(name for _, name in self._root.interfaces())
        numbers = []
        last = {}
        for meaning in self._wanted:
            for reading in self._fresh(meaning, began, ports):
                numbers.append(self._number(meaning, reading, limits))
                frame, index = reading.frames[-1]
                last[reading.series] = frame.values[index], frame.boot
        self._last = last
        begin, self._end = self._end, self._clock()
        blind = tuple(dict.fromkeys((*map(str, self._sampler.evidence.blind), *self._missing(numbers))))
        return State(
            self._group.name,
            begin,
            self._end,
            numbers=tuple(numbers),
            blind=blind,
            cpu_s=self._cpu() - cpu,
        )

    def close(self) -> None:
        """Nothing is held in the kernel but sockets, which go with the reader."""

    def _fresh(self, meaning: Meaning, began: Moment, ports: frozenset[str]) -> Iterator[Reading]:
        """Yield what was read of a meaning in this turn, in one view of each port: what is gone tells nothing any more."""
        for reading in one_view(self._sampler.evidence.readings(meaning.name)):
            at = reading.frames[-1][0].at
            old = at is not None and (at.monotonic_ns or 0) < (began.monotonic_ns or 0)
            if not old and self._holds(reading.series.place, ports):
                yield reading

    def _holds(self, place: str, ports: frozenset[str]) -> bool:
        if self._group.stat_type in KINDS and whole(place) not in ports:
            return False
        return holds(self._group.ports, place)

    def _limits(self) -> dict[tuple[str, str], int]:
        names = {one.limit for one in self._wanted if one.limit}
        return {
            (name, reading.series.place): reading.last
            for name in names
            for reading in self._sampler.evidence.readings(name)
        }

    def _number(self, meaning: Meaning, reading: Reading, limits: dict[tuple[str, str], int]) -> Number:
        series = reading.series
        value = reading.last
        delta = None
        before = self._last.get(series)
        if before is not None and meaning.kind not in LEVELS:
            same = before[1] == reading.frames[-1][0].boot
            delta, _ = step(before[0], value, series.width_bits, same_boot=same)
        places = ((meaning.limit, place) for place in outward(series.place))
        limit = next((limits[place] for place in places if place in limits), None)
        return Number(series.place, series.raw, meaning.name, meaning.unit, value, delta, limit)

    def _missing(self, numbers: list[Number]) -> Iterator[str]:
        """Yield the ports that are named and of which nothing was read."""
        seen = {number.place for number in numbers} | {whole(number.place) for number in numbers}
        for port in self._group.ports:
            if not any(holds((port,), place) for place in seen):
                yield f"{port}: nothing there that tells {self._group.stat_type}"


def _now() -> Moment:
    return Moment(time.time_ns(), "host", monotonic_ns=time.monotonic_ns())
