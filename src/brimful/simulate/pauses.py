"""When a CPU, a reader or a dataplane does nothing: other work has it, the scheduler, the hypervisor, a garbage collector."""

from collections.abc import Sequence
from math import inf
from random import Random

import msgspec

from brimful.simulate.compiled import Floats, compiled, floats


class Pauses(msgspec.Struct, frozen=True):
    """Pauses in order of time, that do not overlap, each with its start and its length in ns.

    With `every_ns` the whole schedule comes again after so long, for ever; else there is none after the last.
    """

    starts: tuple[float, ...] = ()
    lengths: tuple[float, ...] = ()
    every_ns: float = 0.0

    def __post_init__(self) -> None:
        """Refuse pauses that overlap."""
        ends = [start + length for start, length in zip(self.starts, self.lengths, strict=True)]
        follows = [*self.starts[1:], self.starts[0] + self.every_ns if self.every_ns and self.starts else inf]
        if any(not end <= follow for end, follow in zip(ends, follows, strict=False)):
            raise ValueError("pauses overlap")

    def columns(self) -> tuple[Floats, Floats]:
        """Return starts and ends as arrays for compiled code."""
        starts, ends = floats(len(self.starts)), floats(len(self.starts))
        for index, (start, length) in enumerate(zip(self.starts, self.lengths, strict=True)):
            starts[index] = start
            ends[index] = start + length
        return starts, ends


NEVER = Pauses()


def every(period_ns: float, length_ns: float, first_ns: float | None = None) -> Pauses:
    """Return a pause of one length again and again; the first begins after one period, where nothing else is said."""
    if not length_ns:
        return NEVER
    return Pauses((period_ns if first_ns is None else first_ns,), (length_ns,), period_ns)


def drawn(lengths: Sequence[float], mean_gap_ns: float, seed: str, count: int = 4096) -> Pauses:
    """Return pauses of lengths drawn from those measured, after exponential gaps; all of them come again after the last."""
    random = Random(seed)  # noqa: S311 - a simulation, which must be repeatable
    starts, chosen, time = [], [], 0.0
    for _ in range(count):
        time += random.expovariate(1 / mean_gap_ns)
        starts.append(time)
        chosen.append(random.choice(lengths))
        time += chosen[-1]
    return Pauses(tuple(starts), tuple(chosen), time)


@compiled
def run(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    time: float, work: float, starts: Floats, ends: Floats, every_ns: float, at: int
) -> tuple[float, int]:
    """Do `work` ns from `time` on, around the pauses: return when it is done, and the number of the next pause.

    Other modules compile it into theirs: after a change of it, what Numba has kept of them is to be thrown away.
    `at` is that number from the call before; times never go back. Work of no length waits for the end of a pause too.
    """
    count = len(starts)
    if count == 0:
        return time + work, at
    done = time + work
    while every_ns > 0.0 or at < count:
        turn = at // count
        begins = starts[at - turn * count] + turn * every_ns
        stops = ends[at - turn * count] + turn * every_ns
        if begins >= done and begins > time:
            break
        if stops > time:
            done += stops - max(time, begins)
        at += 1
    return done, at
