"""The last minute of one counter, second by second."""

from math import floor

KEPT_S = 60
RATE_S = 5
"""Seconds that a rate is taken over: long enough to stand still, short enough to be now."""


class History:
    """How many were counted in each of the last 60 seconds, as far as the times of reading tell.

    What was counted between two readings is spread evenly over the time between them.
    """

    __slots__ = ("_counts", "last_s", "total")

    def __init__(self) -> None:
        self._counts: dict[int, float] = {}
        self.total = 0
        self.last_s = 0.0

    def add(self, count: int, since_s: float, at_s: float) -> None:
        """Add what was counted between two moments (seconds on the monotonic clock)."""
        self.total += count
        self.last_s = max(self.last_s, at_s)
        since_s = max(since_s, at_s - KEPT_S)
        width = at_s - since_s
        for second in range(floor(since_s), floor(at_s) + 1):
            part = (min(second + 1, at_s) - max(second, since_s)) / width if width > 0 else 1.0
            self._counts[second] = self._counts.get(second, 0.0) + count * part
        for second in [second for second in self._counts if second < at_s - KEPT_S - 1]:
            del self._counts[second]

    def rate(self, at_s: float, began_s: float = 0.0) -> float:
        """Return the count per second in the last five seconds before a moment: that of the latest reading.

        Nothing can have been counted before `began_s`.
        """
        start = max(floor(at_s) - RATE_S + 1, began_s)
        if self.last_s < start or at_s <= start:
            return 0.0
        return sum(self._counts.get(second, 0.0) for second in range(floor(start), floor(at_s) + 1)) / (at_s - start)

    def cells(self, at_s: float, number: int) -> list[float]:
        """Return the last minute in `number` parts, oldest first. Parts begin at round times, so that they stand still."""
        width = KEPT_S // number
        end = floor(at_s) // width + 1
        sums = [0.0] * number
        for second, count in self._counts.items():
            part = second // width - (end - number)
            if 0 <= part < number:
                sums[part] += count
        return sums
