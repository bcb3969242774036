"""How full each buffer of a chain was over time, and when it lost what: one run, looked at in equal steps.

A stage says how full its buffers are when it has taken in a block, at the time of its last packet. So what comes to it is cut
at each step, and it is asked then. What rises and falls within one step is not seen: the steps are short.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from brimful.simulate.stage import Block, Stage

STEPS = 1024
"""Steps of a run: more than columns of a picture, each of which shows the highest of its steps."""


class Levels(msgspec.Struct):
    """Samples of steps of `step_ns`: levels by buffer, and packets lost in the step by meaning.

    A level is that which the last packet of the step has met; None where none came: a stage does nothing between packets.
    """

    step_ns: float
    count: int
    levels: dict[str, list[int | None]] = {}
    lost: dict[str, list[int]] = {}

    def columns(self, most: int) -> "Levels":
        """Return the same in at most so many wider steps: the highest level of each, and the sum of its losses."""
        together = -(-self.count // most) or 1
        starts = range(0, self.count, together)
        return Levels(
            self.step_ns * together,
            len(starts),
            {name: [highest(row[at : at + together]) for at in starts] for name, row in self.levels.items()},
            {name: [sum(row[at : at + together]) for at in starts] for name, row in self.lost.items()},
        )


def highest(levels: Iterable[int | None]) -> int | None:
    """Return the highest of those that are known."""
    return max((level for level in levels if level is not None), default=None)


def watch(blocks: Iterable[Block], stages: Sequence[Stage], step_ns: float, count: int = STEPS) -> Levels:
    """Run the blocks through the stages and return how full they were in the first `count` steps."""
    watched = _Watched(stages, Levels(step_ns, count))
    for block in blocks:
        watched.feed(0, block)
    for number, stage in enumerate(stages):
        watched.feed(number + 1, stage.finish())
    return watched.seen


class _Watched:
    """Stages that are asked for their levels at the end of each step."""

    def __init__(self, stages: Sequence[Stage], seen: Levels) -> None:
        self._stages = stages
        self._lost: list[dict[str, int]] = [{} for _ in stages]
        self.seen = seen

    def feed(self, number: int, block: Block) -> None:
        """Give a block to this stage, and what leaves it to the next."""
        if number == len(self._stages):
            return
        for part, step in _cut(block, self.seen.step_ns):
            left = self._stages[number].advance(part)
            if step < self.seen.count:
                self._look(number, step)
            self.feed(number + 1, left)

    def _look(self, number: int, step: int) -> None:
        account, before, seen = self._stages[number].account(), self._lost[number], self.seen
        for name, level in account.level.items():
            seen.levels.setdefault(name, [None] * seen.count)[step] = level
        for name, lost in account.lost.items():
            seen.lost.setdefault(name, [0] * seen.count)[step] += lost - before.get(name, 0)
        self._lost[number] = account.lost


def _cut(block: Block, step_ns: float) -> Iterator[tuple[Block, int]]:
    """Yield the part of a block that lies in each step, and the number of the step."""
    first, count = 0, len(block.times)
    while first < count:
        step = int(block.times[first] / step_ns)
        last = max(first + 1, bisect_left(block.times, (step + 1) * step_ns, first))
        yield Block(block.times[first:last], block.sizes[first:last]), step
        first = last
