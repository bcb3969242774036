"""Reads groups by their timers and takes their actions: one thread, one round at a time.

A timer keeps to the beat it began with, by the monotonic clock. A group whose reading takes longer than its timer loses the
beats that have passed meanwhile: they are counted, never made up for. A group that is collected is read once a round, however
many collect it and however they collect each other.
"""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from brimful.evidence.catching import spoken
from brimful.evidence.moment import SECOND, Moment
from brimful.monitor.asic import QUEUE_KINDS
from brimful.monitor.beat import Beat, Cost
from brimful.monitor.collecting import cycles, missing, periods
from brimful.monitor.conditions import Trigger, Watch
from brimful.monitor.group import Action, Config, Deed, Group
from brimful.monitor.happening import Happening, Kind, Tell
from brimful.monitor.state import Reader, Readers, State

MOST_TOLD = 4096
"""Things told once that are remembered; of more the oldest would be told again."""
ONE_FILE = frozenset((Deed.SNAPSHOT, Deed.RECORD))
"""Actions that are taken once a reading, though several of their conditions hold."""


class Deeds(Protocol):
    """Takes actions. Never raises: what fails is told."""

    def prepare(self, config: Config) -> None:
        """Make ready for the actions of a configuration; `ValueError` with a line for each that cannot be taken."""
        ...

    def do(self, group: Group, action: Action, state: State, trigger: Trigger) -> None:
        """Take one action, other than collect."""
        ...

    def pulse(self) -> None:
        """Called each second."""
        ...


class _Watched:
    """A group at work."""

    def __init__(self, group: Group, reader: Reader, beat: Beat | None) -> None:
        self.group = group
        self.reader = reader
        self.beat = beat
        self.watches = [Watch(action.when) for action in group.actions]
        self.cost = Cost(group.name)
        self.failed = 0
        """Readings in a row that were not to be had."""

    def become(self, group: Group) -> None:
        """Take over other actions; those that stay the same keep what they remember."""
        known = list(zip(self.group.actions, self.watches, strict=True))
        self.watches = [
            next((watch for before, watch in known if before == action), None) or Watch(action.when)
            for action in group.actions
        ]
        self.group = group


class Engine:
    """All groups of a configuration. For one thread. `ValueError` when none can be read here, or an action not be taken.

    What of several groups cannot be read here is told and left out: a file that was written for a switch goes on.
    """

    def __init__(  # noqa: PLR0913 - what it reads, what it does, whom it tells, and two clocks
        self,
        config: Config,
        readers: Readers,
        deeds: Deeds,
        tell: Tell,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._readers = readers
        self._deeds = deeds
        self._tell = tell
        self._clock = clock
        self._now = now
        self._groups: dict[str, _Watched] = {}
        self._told: dict[tuple[str, str], None] = {}
        self._pulse = Beat(1.0, clock())
        self._go_over(config)

    @property
    def costs(self) -> list[Cost]:
        """What each group has cost so far."""
        return [watched.cost for watched in self._groups.values()]

    @property
    def has_timer(self) -> bool:
        """Whether anything will ever be read."""
        return any(watched.beat for watched in self._groups.values())

    def replace(self, config: Config) -> None:
        """Go over to a configuration; `ValueError`, a line for each thing, when it cannot be: then nothing has changed.

        Groups that read the same keep their reader and their beat: no reading is lost.
        """
        self._go_over(config)

    def _go_over(self, config: Config) -> None:
        taken = self._made(config)
        fresh = [name for name, one in taken.items() if name not in self._groups or one is not self._groups[name]]
        for name, watched in self._groups.items():
            if name not in taken or taken[name].reader is not watched.reader:
                watched.reader.close()
        for name, watched in taken.items():
            watched.become(config.groups[name])
        self._groups = taken
        self._told.clear()
        for name in fresh:
            if config.groups[name].stat_type in QUEUE_KINDS:
                self.say(Kind.RESOLUTION, spoken(taken[name].reader.resolution, "bytes"), group=name)
        for name, by in missing(config).items():
            who = f"{', '.join(by)} cannot collect it" if by else "it is not read"
            self.say(Kind.REMARK, f"has no settings: {who}", group=name)
        for circle in cycles(config):
            way = " -> ".join((*circle, circle[0]))
            self.say(Kind.REMARK, f"groups collect each other ({way}): each is read once a round")

    def _made(self, config: Config) -> dict[str, _Watched]:
        """Return the groups at work, with new readers where they read something else than before.

        Those that cannot be read here are told and left out as long as one is left.
        """
        errors: list[str] = []
        made: dict[str, _Watched] = {}
        fresh: list[Reader] = []
        for name in periods(config):  # what nobody reads needs no reader
            group, before = config.groups[name], self._groups.get(name)
            if before is not None and _reads(before.group) == _reads(group):
                made[name] = before
                continue
            try:
                reader = self._readers(group)
            except (ValueError, OSError) as why:
                errors.append(str(why) if str(why).startswith(f"{name}:") else f"{name}: {why}")
                continue
            fresh.append(reader)
            made[name] = _Watched(group, reader, before.beat if before else None)
        try:
            if errors and not made:
                raise ValueError("\n".join(errors))  # noqa: TRY301 - as what prepare() raises
            self._deeds.prepare(config)
        except ValueError:
            for reader in fresh:
                reader.close()
            raise
        for line in errors:
            name, _, reason = line.partition(": ")
            self.say(Kind.FAILED, f"{reason}; it is left out", group=name)
        for name, watched in made.items():
            timer_s = config.groups[name].timer_s if name in config.listed else None
            if (watched.beat.period_s if watched.beat else None) != timer_s:
                watched.beat = Beat(timer_s, self._clock()) if timer_s else None
        return made

    def next_due(self) -> float:
        """Return when there is something to do, in seconds of the monotonic clock."""
        beats = [watched.beat.due for watched in self._groups.values() if watched.beat]
        return min([self._pulse.due, *beats])

    def turn(self, *, everything: bool = False) -> None:
        """Do what is due: one round; or read every group that has a timer."""
        if self._clock() >= self._pulse.due:
            self._deeds.pulse()
            self._pulse.advance(self._clock())
        now_s = self._clock()
        due = [one for one in self._groups.values() if one.beat and (everything or one.beat.due <= now_s)]
        self._round(due)
        for watched in due:
            if watched.beat is not None and watched.beat.due <= now_s:
                skipped = watched.beat.advance(self._clock())
                watched.cost.skipped += skipped
                if skipped:
                    self._skipped(watched, skipped)

    def _round(self, due: Iterable[_Watched]) -> None:
        """Read groups and those they collect, each once."""
        waiting = list(due)
        read: set[str] = set()
        while waiting:
            watched = waiting.pop(0)
            if watched.group.name in read:
                continue
            read.add(watched.group.name)
            state = self._read(watched)
            if state is not None:
                waiting += self._act(watched, state)

    def _read(self, watched: _Watched) -> State | None:
        cost = watched.cost
        began = self._clock()
        try:
            state = watched.reader.read()
        except Exception as why:  # noqa: BLE001 - one that cannot be read must not end the others
            cost.failures += 1
            watched.failed += 1
            if watched.failed == 1:
                self.say(Kind.FAILED, f"cannot be read: {why or type(why).__name__}", watched.group.name)
            return None
        finally:
            cost.last_s = self._clock() - began
            cost.longest_s = max(cost.longest_s, cost.last_s)
        if watched.failed:
            self.say(Kind.RECOVERED, f"can be read again; {watched.failed:,} times it was not", watched.group.name)
            watched.failed = 0
        cost.reads += 1
        cost.last_cpu_s = state.cpu_s
        cost.cpu_s += state.cpu_s
        for blind in state.blind:
            self._once(watched.group.name, blind, Kind.REMARK)
        return state

    def _act(self, watched: _Watched, state: State) -> list[_Watched]:
        """Take the actions that are due; return the groups to collect."""
        collect: list[_Watched] = []
        written: set[tuple[Deed, str]] = set()
        for action, watch in zip(watched.group.actions, watched.watches, strict=True):
            trigger = watch.look(state, self._clock())
            if trigger is None:
                continue
            for crossing in trigger.crossings:
                if crossing.remark:
                    self._once(watched.group.name, f"{action.deed}: {crossing.remark}", Kind.REMARK)
            if action.deed is Deed.COLLECT:
                there = [self._groups[name] for name in action.groups if name in self._groups]
                collect += there
                names = ", ".join(one.group.name for one in there)
                if there:
                    self.say(Kind.DONE, f"collects {names}", watched.group.name, action.deed, trigger)
            elif action.deed not in ONE_FILE or (action.deed, action.file) not in written:
                written.add((action.deed, action.file))
                self._deeds.do(watched.group, action, state, trigger)
        return collect

    def _skipped(self, watched: _Watched, skipped: int) -> None:
        total = watched.cost.skipped
        if total == skipped or total // 100 != (total - skipped) // 100:  # the first, and then each hundredth
            text = f"{total:,} beats of its timer have passed unread: the last reading took {watched.cost.last_s:.3g} s"
            self.say(Kind.SKIPPED, text, watched.group.name)

    def _once(self, group: str, text: str, kind: Kind) -> None:
        """Tell something that would be told again with each reading."""
        if (group, text) in self._told:
            return
        if len(self._told) >= MOST_TOLD:  # texts with numbers, or names of what comes and goes, are ever new
            del self._told[next(iter(self._told))]
        self._told[group, text] = None
        self.say(kind, text, group)

    def say(self, kind: Kind, text: str, group: str = "", deed: str = "", trigger: Trigger | None = None) -> None:
        """Tell something that happened now."""
        trigger = trigger or Trigger()
        crossings, withheld = trigger.crossings, trigger.withheld
        self._tell(Happening(self._at(), kind, text, group, deed, crossings=crossings, withheld=withheld))

    def _at(self) -> Moment:
        return Moment(self._now(), "host", monotonic_ns=round(self._clock() * SECOND))

    def say_cost(self) -> None:
        """Tell what reading each group has taken so far."""
        cost = tuple(msgspec.to_builtins(one) for one in self.costs)
        parts = [
            f"{one.group} {one.reads:,} x {1000 * one.cpu_s / one.reads:.3g} ms" for one in self.costs if one.reads
        ]
        self._tell(Happening(self._at(), Kind.COST, f"CPU of reading: {', '.join(parts) or 'none yet'}", cost=cost))

    def close(self) -> None:
        """Let go of all readers."""
        for watched in self._groups.values():
            watched.reader.close()


def _reads(group: Group) -> Group:
    """Return what a group reads, without what it does about it."""
    return msgspec.structs.replace(group, actions=(), timer_s=None)
