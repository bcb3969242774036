"""One host or network namespace that is watched: what is read of it, its rows, and what the judge says."""

import time

from brimful import opinion
from brimful.opinion import Opinion
from brimful.sampler import SHARE, WINDOW_S, Sampler, Tabular
from brimful.watch.board import Board

FEWEST = 2
"""Sweeps before anything can be said of now."""


class Host:
    """Reads one root and keeps what is to be shown of it. `parts`: how many share the CPU that a watch may take."""

    def __init__(self, root: Tabular, *, every_s: float, parts: int = 1, name: str = "") -> None:
        window_s = WINDOW_S * max(1.0, every_s)
        self.sampler = Sampler(root, share=SHARE / parts, window_s=window_s)
        self.evidence = self.sampler.evidence
        self.board = Board(self.evidence, name)
        self.opinion = Opinion(self.evidence, share=opinion.SHARE / parts)

    def sweep(self) -> None:
        """Read what is due; the first two times everything."""
        self.sampler.sweep(everything=self.sampler.sweeps < FEWEST)

    def look(self) -> None:
        """Take in what was read, and ask the judge if need be."""
        read_s = {cost.source: cost.read_s for cost in self.sampler.costs}
        moved = self.board.update(time.monotonic(), read_s)
        if self.sampler.sweeps >= FEWEST and self.opinion.ask(moved=moved):
            self.board.foresee(self.opinion.forecasts)
