"""Takes the actions of groups: writes log lines, snapshots and recordings, and posts to webhooks."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import Moment, seconds_between
from brimful.monitor import log, record, snapshot
from brimful.monitor.conditions import Trigger
from brimful.monitor.delivery import Delivery, Target
from brimful.monitor.group import Action, Config, Deed, Group
from brimful.monitor.happening import Happening, Kind, Tell
from brimful.monitor.log import Line, Log
from brimful.monitor.record import Recorder
from brimful.monitor.ring import Ring, Unwritten
from brimful.monitor.state import State
from brimful.monitor.webhook import Webhook

K = TypeVar("K")
M = TypeVar("M")

FILES = frozenset((Deed.SNAPSHOT, Deed.RECORD))


class Recording(Protocol):
    """Keeps the last seconds."""

    before_s: float

    @property
    def evidence(self) -> Evidence:
        """What it knows of them."""
        ...

    def sweep(self) -> None:
        """Read what is due."""
        ...


class Hands:
    """What actions are taken with: rings of files, and a thread for each target. `tell` is told of all that is done."""

    def __init__(
        self,
        tell: Tell,
        *,
        recorder: Callable[[float], Recording] = Recorder,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._tell = tell
        self._now = now
        self._make_recorder = recorder
        self._recorder: Recording | None = None
        self._rings: dict[tuple[str, int, int], Ring] = {}
        self._logs: dict[tuple[str, str], Delivery[Line]] = {}
        self._hooks: dict[tuple[str, float], Delivery[bytes]] = {}
        self._unwritten: dict[Ring, int] = {}

    def prepare(self, config: Config) -> None:
        """Make ready for the actions of a configuration; `ValueError` with a line for each that cannot be taken."""
        wrong: list[str] = []
        logs: dict[tuple[str, str], Log] = {}
        hooks: dict[tuple[str, float], Webhook] = {}
        actions = [(group, action) for group in config.groups.values() for action in group.actions]
        for group, action in actions:
            try:
                if action.deed is Deed.LOG:
                    logs[action.target, action.form] = Log(action.target, action.form)
                elif action.deed is Deed.WEBHOOK:
                    hooks[action.target, action.timeout_s] = Webhook(action.target, action.timeout_s)
            except ValueError as why:
                wrong.append(f"{group.name}: {action.deed}: {why}")
        wrong += _shared(actions)
        if wrong:
            raise ValueError("\n".join(wrong))
        self._replace(self._logs, logs)
        self._replace(self._hooks, hooks)
        self._keep_rings(actions)
        self._record(max((action.before_s for _, action in actions if action.deed is Deed.RECORD), default=0.0))

    def _replace(self, at_work: dict[K, Delivery[M]], wanted: Mapping[K, Target[M]]) -> None:
        """Keep the targets that are still wanted, with what waits for them."""
        for key in set(at_work) - set(wanted):
            self._end(at_work.pop(key))
        for key, target in wanted.items():
            if key not in at_work:
                at_work[key] = Delivery(target, self._say)

    def _keep_rings(self, actions: Iterable[tuple[Group, Action]]) -> None:
        """Let go of rings that nobody writes any more: another may go on with their files meanwhile."""
        wanted = {_ring_of(action) for _, action in actions if action.deed in FILES}
        self._rings = {key: ring for key, ring in self._rings.items() if key in wanted}
        self._unwritten = {ring: count for ring, count in self._unwritten.items() if ring in self._rings.values()}

    def _record(self, before_s: float) -> None:
        if not before_s:
            self._recorder = None
        elif self._recorder is None or self._recorder.before_s != before_s:
            self._recorder = self._make_recorder(before_s)

    def do(self, group: Group, action: Action, state: State, trigger: Trigger) -> None:
        """Take one action."""
        if action.deed in FILES:
            self._write(group, action, state, trigger)
            return
        line = log.line(group, action, trigger, state.end)
        if action.deed is Deed.LOG:
            self._logs[action.target, action.form].put(line)
        happening = Happening(
            state.end,
            Kind.DONE,
            line.text,
            group.name,
            action.deed,
            crossings=trigger.crossings,
            withheld=trigger.withheld,
        )
        if action.deed is Deed.WEBHOOK:
            self._hooks[action.target, action.timeout_s].put(happening.as_json())
        self._tell(happening)

    def pulse(self) -> None:
        """Read for the flight recorder, if a group has one."""
        if self._recorder is not None:
            self._recorder.sweep()

    def _write(self, group: Group, action: Action, state: State, trigger: Trigger) -> None:
        key = _ring_of(action)
        ring = self._rings.setdefault(key, Ring(*key))
        try:
            if action.deed is Deed.SNAPSHOT:
                path = str(ring.write(snapshot.HEAD, _began(state), state.end, snapshot.parts(group, state)))
            else:
                known = self._recorder.evidence if self._recorder else Evidence()
                parts = record.parts(group, state, trigger, action.before_s, known)
                begin = state.end.earlier(action.before_s)
                path = str(ring.write(record.HEAD, begin, state.end, parts, format=record.FORMAT))
        except Unwritten as why:
            self._failed(ring, group, action, str(why))
            return
        missed = self._unwritten.pop(ring, 0)
        if missed:
            text = f"can be written again; {missed:,} were not"
            self._tell(Happening(self._at(), Kind.RECOVERED, text, group.name, action.deed, path))
        self._tell(
            Happening(state.end, Kind.DONE, path, group.name, action.deed, path, trigger.crossings, trigger.withheld)
        )

    def _failed(self, ring: Ring, group: Group, action: Action, why: str) -> None:
        """Tell that a file could not be written: the first time, for it will be so again with each reading."""
        self._unwritten[ring] = self._unwritten.get(ring, 0) + 1
        if self._unwritten[ring] == 1:
            self._tell(Happening(self._at(), Kind.FAILED, why, group.name, action.deed))

    def _say(self, text: str) -> None:
        self._tell(Happening(self._at(), Kind.TARGET, text))

    def _at(self) -> Moment:
        return Moment(self._now(), "host", monotonic_ns=time.monotonic_ns())

    def _end(self, delivery: Delivery[M]) -> None:
        left = delivery.close()
        if left:
            self._say(f"{left:,} messages could not be handed over before the end")

    def close(self) -> None:
        """Hand over what waits, for a second at most, and say what could not be."""
        self._replace(self._logs, {})
        self._replace(self._hooks, {})


def _shared(actions: Iterable[tuple[Group, Action]]) -> Iterator[str]:
    """Yield what two groups would overwrite of each other: they may share a ring, but not its files for two rings."""
    rings: dict[str, tuple[str, tuple[str, int, int]]] = {}
    for group, action in actions:
        if action.deed in FILES:
            other, ring = rings.setdefault(action.file, (group.name, _ring_of(action)))
            if ring != _ring_of(action):
                yield f"{group.name}: {action.deed}: {action.file} is the ring of {other} too, with other bounds"


def _ring_of(action: Action) -> tuple[str, int, int]:
    return action.file, action.file_count, action.file_bytes


def _began(state: State) -> Moment:
    """Return when a reading's window began, by the time of day at its end: it may have been set in between."""
    seconds = seconds_between(state.begin, state.end)
    return state.begin if seconds is None else state.end.earlier(seconds)
