"""Timers that keep their beat, and what is counted of those who follow them."""

import math

import msgspec


class Beat:
    """Times that come again at a steady period; `due` is the next, in seconds of the monotonic clock."""

    def __init__(self, period_s: float, begin_s: float) -> None:
        self.period_s = period_s
        self.due = begin_s + period_s

    def advance(self, now_s: float) -> int:
        """Go on to the first beat after now, and return how many beats between have passed."""
        passed = max(1, math.floor((now_s - self.due) / self.period_s) + 1)
        self.due += passed * self.period_s
        return passed - 1


class Cost(msgspec.Struct):
    """What reading one group has taken. `skipped` are beats that passed while it, or another, was still being read."""

    group: str
    reads: int = 0
    skipped: int = 0
    failures: int = 0
    cpu_s: float = 0.0
    last_cpu_s: float = 0.0
    last_s: float = 0.0
    longest_s: float = 0.0
