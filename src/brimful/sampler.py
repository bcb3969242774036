"""Reads a live root again and again: each source as often as its numbers change and as its cost allows.

Sources that cost more CPU than their share are read less often, never in silence: `costs` tells how often each is read
and what that took. When a loss is counted that a costly source could explain, that source is read at once; so is how the
machine is set up when interfaces come or go.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol

import msgspec

from brimful.evidence.evidence import Evidence, Item
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Root, Table
from brimful.sources import IDENTITY, SELDOM, SOURCES, Source, drivers_of

SHARE = 0.01
"""Of one CPU: what all reading together may take, with what the sampler itself needs beside it."""

SMOOTH = 4
"""Readings over which the cost of one is averaged."""

SPIKE = 4
"""A reading that cost more than so many times the average, as one that was disturbed, counts as so many times."""

HURRIED = 5
"""A source that is read at once may take this many times its share, for as long as losses go on."""

EARLY_S = 0.1
"""How much too soon a source may be read: beats are not exact, and one too late is one too few."""

WINDOW_S = 10.0
"""How far back frames are kept when a watch has no end."""

MOST_PARTLY = 20
"""Interfaces that were there only part of the time and are named; of more only the number is told."""

PARTLY = "was there only part of the time: what it counted meanwhile is not known"
MORE_PARTLY = "were there only part of the time"


class Tabular(Root, Protocol):
    """A root that can be asked again and again, and has some of its answers as numbers."""

    def answers(self, request: str) -> bool:
        """Whether such a request can be answered at all."""
        ...

    def tables(self, request: str) -> Iterator[Table] | None:
        """Yield the same as numbers only; None for a request that is answered by documents alone."""
        ...

    def interfaces(self) -> tuple[tuple[int, str], ...]:
        """Return the interfaces there are now, by index and name: one and the same tuple until something changes."""
        ...


class Cost(msgspec.Struct):
    """What reading one source has taken.

    `every_s`: how often it should be read, `period_s`: how often it is. `estimate_cpu_s` is what one reading is taken to
    cost: the average of late, without the first, which finds nothing remembered. `late` counts the
    times it was read more than a whole period too late, `failures` those in which the kernel refused altogether.
    `read_s`: when it was read last, in seconds on the monotonic clock.
    """

    source: str
    every_s: float
    period_s: float
    reads: int = 0
    failures: int = 0
    late: int = 0
    cpu_s: float = 0.0
    last_cpu_s: float = 0.0
    estimate_cpu_s: float = 0.0
    last_s: float = 0.0
    read_s: float = 0.0
    samples: int = 0


class _Job:
    """One source: when it was read, what it did not see then, when its tables have to be told whole, what it has cost."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.read_at = -math.inf
        self.outdated = False
        self.news_due = -math.inf
        self.rows: tuple[object, ...] = ()
        self.blind: list[Blind] = []
        self.cost = Cost(source.name, source.every_s, source.every_s)

    def due(self, now: float) -> bool:
        """Whether its period is over."""
        return now - self.read_at >= self.cost.period_s - EARLY_S

    def may_hurry(self, now: float, share: float) -> bool:
        """Whether it may be read before that: not so often that it takes many times its share."""
        since = now - self.read_at
        if self.source.every_s < SELDOM and since < self.source.every_s - EARLY_S:
            return False
        return since * share * HURRIED >= self.cost.estimate_cpu_s


class Sampler:
    """Reads one live root. For one thread at a time.

    `share` is how much of one CPU it may take; `window_s` how much is kept (0: everything, for a watch that ends).
    """

    def __init__(  # noqa: PLR0913 - the root, three limits and two clocks
        self,
        root: Tabular,
        sources: Iterable[Source] | None = None,
        *,
        share: float = SHARE,
        window_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self.root = root
        self.evidence = Evidence()
        self.sweeps = 0
        self.unread = 0
        self._share = share
        self._window_s = window_s
        self._clock = clock
        self._cpu = cpu
        self._drivers: dict[str, str] = {}
        self._answered: set[str] = set()
        self._beside = 0.0
        self._read_cpu_s = 0.0
        self._swept_at = 0.0
        self._forget_at = -math.inf
        self._interfaces: tuple[tuple[int, str], ...] | None = None
        self._partly: dict[str, float] = {}
        self._unseen: list[list[Blind]] = []
        self._blind: dict[Blind, None] = {}
        self._jobs = [
            _Job(source)
            for source in sorted(SOURCES if sources is None else sources, key=_turn)
            if any(root.answers(request) for request in source.requests)
        ]

    @property
    def costs(self) -> list[Cost]:
        """What each source has cost so far."""
        return [job.cost for job in self._jobs]

    def sweep(self, *, everything: bool = False) -> None:
        """Read what is due, or everything."""
        now, began, read_s = self._clock(), self._cpu(), self._read_cpu_s
        self.sweeps += 1
        self._look_around(now)
        for job in self._jobs:
            due = everything or job.due(now) or (job.outdated and job.may_hurry(now, self._share))
            if due and self._answered.isdisjoint(job.source.unless):
                self._read(job, now)
        for job in self._jobs:
            may = job.source.hurry and job.read_at < now and job.may_hurry(now, self._share)
            if may and self.evidence.advanced(job.source.hurry):
                self._read(job, now)
        self._plan()
        self._tell_blind()
        if self._window_s and now >= self._forget_at:
            self._forget_at = now + self._window_s / 4  # looking at everything that is kept has its price too
            horizon = int((now - self._window_s) * SECOND)
            read = {job.source.name: int(job.read_at * SECOND) for job in self._jobs if job.cost.reads}
            self.evidence.forget(horizon, int((now - self._window_s - 2 * SELDOM) * SECOND), read)
        if self.sweeps > 1:
            beside = max(self._cpu() - began - (self._read_cpu_s - read_s), 0.0) / max(now - self._swept_at, EARLY_S)
            self._beside += (min(beside, self._share) - self._beside) / SMOOTH
        self._swept_at = now

    def _look_around(self, now: float) -> None:
        """See whether interfaces came or went: then how the machine is set up has to be read again."""
        found = self.root.interfaces()
        before, self._interfaces = self._interfaces, found
        if before is not None and before is not found and before != found:
            self._partly |= dict.fromkeys((name for _, name in set(before) ^ set(found)), now)
            for job in self._jobs:
                job.outdated = job.source.every_s >= SELDOM
        if self._window_s:
            self._partly = {name: at for name, at in self._partly.items() if at >= now - self._window_s}

    def _tell_blind(self) -> None:
        """Tell what cannot be seen now; in a watch that ends, also what could not be seen at some time of it."""
        unseen = [self._there_partly(), self.root.blind(), *(job.blind for job in self._jobs)]
        if unseen != self._unseen:
            self._unseen = unseen
            found = dict.fromkeys(chain.from_iterable(unseen[1:]))
            self._blind = found if self._window_s else self._blind | found
            self.evidence.see_not((*self._blind, *unseen[0]))

    def _there_partly(self) -> list[Blind]:
        """Return what is told of interfaces that came or went: in a watch without end, of those of the window."""
        names = sorted(self._partly)
        told = [Blind(name, PARTLY) for name in names[:MOST_PARTLY]]
        if len(names) > MOST_PARTLY:
            told.append(Blind(f"{len(names) - MOST_PARTLY:,} more interfaces", MORE_PARTLY))
        return told

    def _plan(self) -> None:
        """Share the CPU out: sources that need less than an even part get what they need, the rest is divided."""
        wanted = sorted(self._jobs, key=lambda job: job.cost.estimate_cpu_s / job.cost.every_s)
        left = max(self._share - self._beside, 0.0)
        for number, job in enumerate(wanted):
            part = left / (len(wanted) - number)
            cost = job.cost.estimate_cpu_s
            job.cost.period_s = max(job.cost.every_s, cost / part) if part > 0 else job.cost.every_s
            left = max(left - cost / job.cost.period_s, 0.0)

    def _read(self, job: _Job, now: float) -> None:
        began, wall = self._cpu(), self._clock()
        if job.cost.reads and now - job.read_at >= 2 * job.cost.period_s:
            job.cost.late += 1
        try:
            if not self._tables(job, now):
                self._documents(job)
        except OSError as error:
            job.cost.failures += 1
            job.blind = [Blind(job.source.about, error.strerror or str(error))]
        job.cost.reads += 1
        before, job.cost.last_cpu_s = job.cost.last_cpu_s, self._cpu() - began
        job.cost.estimate_cpu_s = _estimated(job.cost, before)
        job.cost.last_s = self._clock() - wall
        job.cost.cpu_s += job.cost.last_cpu_s
        self._read_cpu_s += job.cost.last_cpu_s
        job.read_at, job.outdated = now, False
        job.cost.read_s = now
        if job.source.name == IDENTITY:
            self._drivers = drivers_of(self.evidence)

    def _tables(self, job: _Job, now: float) -> bool:
        """Read numbers only, where the root has them so."""
        found = None if job.source.tabulate is None else self.root.tables(job.source.requests[0])
        if found is None or job.source.tabulate is None:
            return False
        tables = list(found)
        if tables:
            self._answered.add(job.source.name)
        rows = tuple((table.rows, table.names) for table in tables)
        news = rows != job.rows or now >= job.news_due
        if news:
            job.rows, job.news_due = rows, now + SELDOM
        unseen: list[Blind] = []
        for table in tables:
            table.drivers = self._drivers
            table.news = news
            unseen += self._take(job, job.source.tabulate(table))
        if news:
            job.blind = unseen
        return True

    def _documents(self, job: _Job) -> None:
        unseen: list[Blind] = []
        for document in job.source.documents(self.root, self._drivers):
            self._answered.add(job.source.name)
            unseen += self._take(job, job.source(document))
            self.evidence.lines += document.lines_read
        job.blind = unseen

    def _take(self, job: _Job, items: Iterable[Item]) -> list[Blind]:
        """Take in what was read; return what was not seen."""
        unseen: list[Blind] = []
        for item in items:
            if isinstance(item, Blind):
                unseen.append(item)
                continue
            if isinstance(item, Frame):
                job.cost.samples += len(item.values)
            self.unread += isinstance(item, Unread)
            self.evidence.add(item)
        return unseen


def _estimated(cost: Cost, before: float) -> float:
    """Return what one reading costs by now; `before`: what the reading before this one did."""
    last = cost.last_cpu_s
    if not cost.estimate_cpu_s:  # the first says nothing, and the second may have been disturbed
        return min(before, last)
    average = min(cost.estimate_cpu_s, SPIKE * last)  # what has become cheap is believed at once
    return average + (min(last, SPIKE * average) - average) / SMOOTH


def _turn(source: Source) -> tuple[bool, bool]:
    """Return when a source has its turn: drivers first, and last what is read only where others are not answered."""
    return source.name != IDENTITY, bool(source.unless)
