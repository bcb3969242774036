"""What watching costs: CPU and memory of this process, and what is read less often than its numbers change."""

import os
import time
from pathlib import Path

from brimful.sampler import Cost

REFRESH_S = 5.0
"""Seconds over which the CPU share is taken: numbers that change each second are read by nobody, and cost bytes."""
MARGIN = 1.2
"""What is read less often by this factor is told."""
NAMED = 4
MIB = 1 << 20


class OwnCost:
    """CPU time as a share of the time that passed, and resident memory."""

    def __init__(self) -> None:
        self._cpu_s = time.process_time()
        self._at_s = time.monotonic()
        self.share: float | None = None
        self.bytes = resident_bytes()

    def refresh(self) -> None:
        """Measure again, where some seconds have passed since."""
        now = time.monotonic()
        if now - self._at_s >= REFRESH_S:
            cpu = time.process_time()
            self.share = (cpu - self._cpu_s) / (now - self._at_s)
            self._cpu_s, self._at_s = cpu, now
            self.bytes = resident_bytes()

    def __str__(self) -> str:
        """`0.8 % of a CPU, 29 MB`."""
        share = "" if self.share is None else f"{100 * self.share:.1f} % of a CPU, "
        return f"{share}{self.bytes / MIB:.0f} MB"


def resident_bytes() -> int:
    """Return the resident memory of this process (proc_pid_statm(5)); 0 where that is not told."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def seldom(costs: list[Cost], every_s: float) -> str:
    """Say which sources are read less often than they should be, costliest first; nothing when none is."""
    late = [cost for cost in costs if cost.period_s > MARGIN * max(cost.every_s, every_s)]
    late.sort(key=lambda cost: -cost.last_cpu_s)
    named = [f"{cost.source} each {cost.period_s:.0f} s ({1000 * cost.last_cpu_s:.0f} ms)" for cost in late[:NAMED]]
    more = f" and {len(late) - NAMED} more" if len(late) > NAMED else ""
    return f"read less often for their cost: {', '.join(named)}{more}" if named else ""
