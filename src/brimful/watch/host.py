"""One host or network namespace that is shown: what is read of it, its rows, and what the judge says."""

import time

from brimful.sampler import Tabular
from brimful.watch.board import Board
from brimful.watched import Watched


class Host(Watched):
    """What is watched of one root, with its rows."""

    def __init__(self, root: Tabular, *, every_s: float, parts: int = 1, name: str = "") -> None:
        super().__init__(root, every_s=every_s, parts=parts)
        self.board = Board(self.evidence, name)

    def look(self) -> None:
        """Take in what was read, and ask the judge if need be."""
        if self.ask(moved=self.board.update(time.monotonic(), self.read_s)):
            self.board.foresee(self.opinion.forecasts)
