"""Hands messages over in a thread of its own, so that no target that is slow or gone holds up what reads buffers."""

import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")

MOST = 1000
"""Messages that wait while a target is gone."""
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0


class Refused(Exception):
    """The target is there and does not want this message: it is of no use to send it again."""


class Target(Protocol[T]):
    """Where messages go. `name` is what people call it: `syslog`, `tcp://10.0.0.1:514`.

    `answers`: whether it can tell at once that nobody takes a message. UDP learns of it with the next one, if at all.
    """

    name: str
    answers: bool

    def send(self, message: T) -> None:
        """Hand one over; `OSError` when the target is gone, `Refused` when it does not want it."""
        ...

    def lost(self, count: int) -> T:
        """Return the message that says how many were lost."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Delivery(Generic[T]):
    """The queue of one target. While it is gone the latest messages wait; how many were lost, it is told when it is back.

    `tell` is called with a line for people when the target goes and when it is back, from this thread.
    """

    def __init__(
        self, target: Target[T], tell: Callable[[str], None], *, most: int = MOST, retry_s: float = FIRST_RETRY_S
    ) -> None:
        self.lost = 0
        self.delivered = 0
        self._target = target
        self._tell = tell
        self._most = most
        self._retry_s = retry_s
        self._waiting: deque[T] = deque()
        self._untold = 0
        self._sending = False
        self._gone = False
        self._why_refused = ""
        self._taken = 0
        self._ended = False
        self._moved = Condition()
        self._thread = Thread(target=self._run, name=f"delivery to {target.name}", daemon=True)
        self._thread.start()

    def put(self, message: T) -> None:
        """Take a message; never waits. The oldest goes when too many wait."""
        with self._moved:
            self._waiting.append(message)
            self._bound()
            self._moved.notify()

    def close(self, within_s: float = 1.0) -> int:
        """End after what waits was handed over, or a time; return how many messages were not."""
        with self._moved:
            self._ended = True
            self._moved.notify()
        self._thread.join(within_s)
        with self._moved:
            return len(self._waiting) + self._sending + self._untold

    def _bound(self) -> None:
        while len(self._waiting) > self._most:
            self._waiting.popleft()
            self.lost += 1
            self._untold += 1

    def _run(self) -> None:
        pause_s = self._retry_s
        while (message := self._first()) is not None:
            if self._sent(message):
                pause_s = self._retry_s
            elif not self._rest(pause_s):
                break
            else:
                pause_s = min(2 * pause_s, LAST_RETRY_S)
        self._target.close()

    def _first(self) -> T | None:
        """Wait for a message; None when it is over and none is left."""
        with self._moved:
            while not self._waiting and not self._ended:
                self._moved.wait()
            self._sending = len(self._waiting) > 0
            return self._waiting.popleft() if self._waiting else None

    def _sent(self, message: T) -> bool:
        """Hand one over, after how many were lost; false when the target is gone: it waits again, before all others."""
        with self._moved:
            untold = self._untold
        try:
            if untold:
                self._target.send(self._target.lost(untold))
            self._target.send(message)
        except OSError as error:
            self._taken = 0
            if not self._gone:
                self._gone = True
                self._tell(f"{self._target.name}: is gone: {error.strerror or error}; what is told waits")
            with self._moved:
                self._waiting.appendleft(message)
                self._sending = False
                self._bound()
            return False
        except Exception as why:  # noqa: BLE001 - `Refused`; and one that cannot be sent must not end the others
            self._refused(f"{self._target.name}: {why or type(why).__name__}", untold)
            return True
        self._why_refused = ""
        self._done(untold, lost=0)
        self._taken += 1
        if self._gone and (self._target.answers or self._taken > 1):
            self._gone = False
            self._tell(f"{self._target.name}: is back" + (f"; {untold:,} lost meanwhile" if untold else ""))
        return True

    def _refused(self, why: str, untold: int) -> None:
        """Lose a message; why is told once as long as it is the same."""
        if why != self._why_refused:
            self._why_refused = why
            self._tell(why)
        self._done(untold, lost=1)

    def _done(self, told: int, *, lost: int) -> None:
        with self._moved:
            self._sending = False
            self._untold -= told
            self.lost += lost
            self.delivered += 1 - lost

    def _rest(self, seconds: float) -> bool:
        """Wait before it is tried again; false when it is over."""
        until = time.monotonic() + seconds
        with self._moved:
            while not self._ended and (left := until - time.monotonic()) > 0:
                self._moved.wait(left)
            return not self._ended
