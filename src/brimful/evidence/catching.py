"""What reading a queue now and then can miss: the chance to see a burst, and the longest time nobody looked."""

from itertools import pairwise

import msgspec

from brimful.evidence.moment import SECOND


class Resolution(msgspec.Struct, frozen=True):
    """How finely a queue is seen.

    `step_ns`: the time from one look to the next, 0 where nothing escapes (every change is seen, or the device keeps the
    peak itself). `depth`: the smallest depth that is told from none. `gap_ns`: the longest time nobody looked.
    """

    step_ns: int
    depth: int = 1
    gap_ns: int = 0

    def chance(self, depth: int, length_ns: int) -> float:
        """Return the probability (0 to 1) that a burst is seen which is at least so deep for so long.

        Looks come at a steady step and the burst at any time: the chance that one falls into it is its length in steps.
        """
        if depth < self.depth:
            return 0.0
        return 1.0 if length_ns >= self.step_ns else length_ns / self.step_ns

    def length_ns(self, chance: float) -> int:
        """Return how long a burst has to last to be seen with such a probability."""
        return round(self.step_ns * chance)


def longest_gap_ns(looked_ns: list[int]) -> int:
    """Return the longest time between two looks; 0 when there are fewer than two."""
    moments = sorted(looked_ns)
    return max((later - sooner for sooner, later in pairwise(moments)), default=0)


def spoken(resolution: Resolution, unit: str) -> str:
    """Return what may have been missed, as one line."""
    depth = f" of {resolution.depth:,} {unit} or more" if resolution.depth > 1 else ""
    if not resolution.step_ns:
        return f"every change was seen; nothing{depth} escaped"
    step = resolution.step_ns
    return (
        f"a burst{depth} is seen for certain when it lasts {lasting(step)}, "
        f"half of those of {lasting(step / 2)}, one in ten of those of {lasting(step / 10)}"
    )


def lasting(ns: float) -> str:
    """Return a short time with three digits: `206 us`, `1.02 us`, `64 s`."""
    for unit, factor in (("s", SECOND), ("ms", 1_000_000), ("us", 1_000)):
        if round(ns / factor, 3) >= 1:
            return f"{ns / factor:,.0f} {unit}" if ns >= 100 * factor else f"{ns / factor:.3g} {unit}"
    return f"{ns:.0f} ns"
