"""Runs an engine as a service: readiness, watchdog and state for systemd, reload on SIGHUP, the end on SIGTERM.

What systemd is told is described in sd_notify(3): datagrams to the socket that `NOTIFY_SOCKET` names.
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from brimful.monitor.engine import Engine
from brimful.monitor.group import Config
from brimful.monitor.happening import Kind

ENDING = (signal.SIGTERM, signal.SIGINT)
TOLD_EACH_S = 60.0
"""How often the cost of reading is told."""

NOTHING_LISTED = "port_group_list names no group: there is nothing to do"
NO_TIMER = "no port group has a timer: there is nothing to do"


class Ended(BaseException):
    """A signal ended it, in the midst of whatever it did: files are whole at any moment."""


def notify(**fields: object) -> None:
    """Tell systemd, if it has started this: `notify(READY=1, STATUS="...")`. Never fails."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return
    text = "\n".join(f"{name}={value}" for name, value in fields.items())
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
        door.settimeout(1.0)
        door.connect("\0" + where[1:] if where.startswith("@") else where)
        door.send(text.encode())


def watchdog_s() -> float | None:
    """Return how often systemd wants to hear from this process, half of what it waits; None where it does not."""
    try:
        microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
        process = int(os.environ.get("WATCHDOG_PID", "0"))
    except ValueError:
        return None
    return microseconds / 2e6 if microseconds > 0 and process in {0, os.getpid()} else None


class Service:
    """An engine with its signals. `load` reads the configuration again: `ValueError` with a line for each error."""

    def __init__(self, engine: Engine, load: Callable[[], Config]) -> None:
        self._engine = engine
        self._load = load
        self._reload = False
        self._ended = False
        self._watchdog_s = watchdog_s()
        self._costs_due = time.monotonic() + TOLD_EACH_S

    def run(self, seconds: float | None = None) -> None:
        """Run until a signal ends it, or so many seconds have passed."""
        until_s = None if seconds is None else time.monotonic() + seconds
        with self._signals():
            try:
                notify(READY=1, STATUS=self._status())
                self._loop(until_s)
            except Ended:
                pass
            finally:
                notify(STOPPING=1)

    def _loop(self, until_s: float | None) -> None:
        while not self._ended:
            now = time.monotonic()
            if until_s is not None and now >= until_s:
                return
            wake = [self._engine.next_due(), *([now + self._watchdog_s] if self._watchdog_s else [])]
            self._wait(min([*wake, *([until_s] if until_s is not None else [])]) - now)
            if self._reload:
                self._reload = False
                self.reload()
            self._engine.turn()
            if self._watchdog_s:
                notify(WATCHDOG=1)
            if time.monotonic() >= self._costs_due:
                self._costs_due += TOLD_EACH_S
                self.tell_cost()

    def _wait(self, seconds: float) -> None:
        """Wait, or until a signal asks for the configuration to be read again. It is held back meanwhile: none is missed."""
        if not self._reload and signal.sigtimedwait({signal.SIGHUP}, max(0.0, seconds)) is not None:
            self._reload = True

    def reload(self) -> None:
        """Read the configuration again; what cannot be used is told, and the old one goes on."""
        notify(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)
        try:
            self._engine.replace(_wanted(self._load()))
        except ValueError as error:
            for line in str(error).split("\n"):
                self._engine.say(Kind.REFUSED, f"{line}; the configuration before goes on")
        else:
            self._engine.say(Kind.RELOADED, f"configuration read again: {self._status()}")
        notify(READY=1, STATUS=self._status())

    def tell_cost(self) -> None:
        """Tell what reading takes."""
        self._engine.say_cost()
        notify(STATUS=self._status())

    def _status(self) -> str:
        costs = self._engine.costs
        skipped = sum(cost.skipped for cost in costs)
        cpu_s = sum(cost.cpu_s for cost in costs)
        reads = sum(cost.reads for cost in costs)
        each = f", {1000 * cpu_s / reads:.3g} ms of CPU each" if reads else ""
        return f"{len(costs)} port groups, {reads:,} readings{each}, {skipped:,} beats skipped"

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Take the signals of a service, and give them back."""
        before = {number: signal.signal(number, self._end) for number in ENDING}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._asked)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, _number: int, _frame: object) -> None:
        if not self._ended:
            self._ended = True
            raise Ended

    def _asked(self, _number: int, _frame: object) -> None:
        self._reload = True


def _wanted(config: Config) -> Config:
    """Return a configuration that asks for something; `ValueError` for one that does not."""
    why = idle(config)
    if why:
        raise ValueError(why)
    return config


def idle(config: Config) -> str:
    """Return why a configuration asks for nothing at all; empty when it asks for something."""
    if not config.listed:
        return NOTHING_LISTED
    timers = (config.groups[name].timer_s for name in config.listed if name in config.groups)
    return "" if any(timers) else NO_TIMER
