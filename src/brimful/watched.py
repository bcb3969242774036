"""One host or network namespace that is read again and again, and what the judge says of it.

Several that are watched together share the CPU that one alone may take.
"""

from brimful import opinion
from brimful.opinion import Opinion
from brimful.sampler import SHARE, WINDOW_S, Sampler, Tabular

FEWEST = 2
"""Sweeps before anything can be said of now."""


class Watched:
    """Reads one root and asks the judge. `every_s`: how often it is swept, `parts`: how many share the CPU."""

    def __init__(self, root: Tabular, *, every_s: float, parts: int = 1) -> None:
        self.sampler = Sampler(root, share=SHARE / parts, window_s=WINDOW_S * max(1.0, every_s))
        self.evidence = self.sampler.evidence
        self.opinion = Opinion(self.evidence, share=opinion.SHARE / parts)

    @property
    def read_s(self) -> dict[str, float]:
        """When each source was read last, in seconds on the monotonic clock."""
        return {cost.source: cost.read_s for cost in self.sampler.costs}

    def sweep(self) -> None:
        """Read what is due; the first two times everything."""
        self.sampler.sweep(everything=self.sampler.sweeps < FEWEST)

    def ask(self, *, moved: bool) -> bool:
        """Ask the judge if need be, once there is something to compare; tell whether it was asked."""
        return self.sampler.sweeps >= FEWEST and self.opinion.ask(moved=moved)
