"""What was seen of the sockets the time before: which were listed, and which processes hold them."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from brimful.evidence.moment import SECOND
from brimful.kernel import sockdiag
from brimful.kernel.sockdiag import Owner, Owners

REST = 100
"""Holders are looked for again after this many times what it took the last time: a hundredth of a CPU."""

STALE_NS = 60 * SECOND
"""After so long they are looked for again though no socket is new: a socket may have been handed on."""

LOWER_HALF = 0xFFFFFFFF
"""Of a cookie: what `sockdiag.sockets` takes."""

WAITS = "unix_wait_for_peer"
"""Where the kernel lets a sender sleep whose receiver's queue is full (net/unix/af_unix.c)."""


class Listing(msgspec.Struct, frozen=True):
    """What was listed of one family: when, the cookies, and those of them that were not idle."""

    at_ns: int
    cookies: frozenset[int]
    busy: frozenset[int]


class SocketWatch:
    """What one live root remembers of its sockets. It grows with those that are listed, not with the idle ones."""

    def __init__(self) -> None:
        self.listings: dict[str, Listing] = {}
        self._held = Owners({}, 0)
        self._wanted: dict[str, frozenset[int]] = {}
        self._looked_for: frozenset[int] = frozenset()
        self._free_ns = 0
        self._stale_ns = 0

    def wanted_again(self, family: str) -> frozenset[int]:
        """Return the lower halves of the cookies of what was busy: to be listed once more."""
        before = self.listings.get(family)
        return frozenset(cookie & LOWER_HALF for cookie in before.busy) if before else frozenset()

    def idle_for(self, family: str, cookie: int, at_ns: int) -> float | None:
        """Return how many seconds ago a socket was idle or not there; None where that is not known."""
        before = self.listings.get(family)
        if before is None or cookie in before.cookies:
            return None
        return (at_ns - before.at_ns) / SECOND

    def holders(self, command: str, inodes: frozenset[int]) -> dict[int, tuple[Owner, ...]]:
        """Return who holds which of the sockets of an answer; of new ones it may be unknown for a while.

        Looking takes a link for each open file of the host: it is done for all answers at once.
        """
        began = time.monotonic_ns()
        due = began >= self._free_ns or command not in self._wanted
        self._wanted[command] = inodes
        if due and (inodes - self._looked_for or began >= self._stale_ns):
            self._looked_for = frozenset().union(*self._wanted.values())
            self._held = sockdiag.owners(wanted=self._looked_for)
            ended = time.monotonic_ns()
            self._free_ns = ended + REST * (ended - began)
            self._stale_ns = ended + STALE_NS
        return self._held.by_inode

    def hidden(self, inodes: Iterable[int]) -> bool:
        """Whether some of these were looked for, and their holders may not be seen."""
        missing = any(inode in self._looked_for and inode not in self._held.by_inode for inode in inodes)
        return missing and bool(self._held.unreadable or os.geteuid())


def waits(holder: Owner, proc: str = "/proc") -> bool:
    """Whether a thread of a process sleeps because the receiver behind this very descriptor is full.

    `wchan` names the function it sleeps in; `syscall` begins with the call's number and its first argument (fs/proc).
    """
    try:
        threads = list(Path(proc, str(holder.pid), "task").iterdir())
    except OSError:  # it has ended
        return False
    return any(_text(one / "wchan") == WAITS and _descriptor(_text(one / "syscall")) == holder.fd for one in threads)


def waited(holder: Owner, proc: str = "/proc") -> int | None:
    """Return the microseconds in which a process could have run and was given no CPU; None where that is not known.

    Only of a process of one thread: of several it is not known which one reads. `schedstat` holds the time on a CPU and
    the time waited for one, in nanoseconds (Documentation/scheduler/sched-stats.rst).
    """
    try:
        threads = len(list(Path(proc, str(holder.pid), "task").iterdir()))
        words = Path(proc, str(holder.pid), "schedstat").read_text("ascii", "replace").split()
    except OSError:  # it has ended, or the kernel does not count
        return None
    return int(words[1]) // 1000 if threads == 1 and len(words) > 1 and words[1].isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:  # it has ended, or may not be looked at
        return ""


def _descriptor(call: str) -> int:
    words = call.split()
    try:
        return int(words[1], 16)
    except (IndexError, ValueError):  # "running"
        return -1
