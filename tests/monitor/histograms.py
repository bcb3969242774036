"""Histograms as a switch would have counted them."""

from itertools import pairwise

from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin

LOWS = (0, 960, 2496, 4032)
BEGIN = 1_493_237_681 * SECOND
"""2017-04-26T20:14:41Z."""


def histogram(counts, *, at=0, place="swp1/tc 0", meaning="switch.queue.depth", lows=LOWS, sample_ns=1024, timed=True):
    """What was counted in the second number `at`."""
    begin, end = Moment(BEGIN + at * SECOND), Moment(BEGIN + (at + 1) * SECOND)
    origin = Origin(f"histogram_stats_{at}", 1)
    return Histogram(meaning, place, lows, tuple(counts), sample_ns, *((begin, end) if timed else (None, None)), origin)


def counted(series, lows):
    """The counts of a true series of depths."""
    bounds = [*lows, max([*series, *lows]) + 1]
    return [sum(low <= depth < high for depth in series) for low, high in pairwise(bounds)]
