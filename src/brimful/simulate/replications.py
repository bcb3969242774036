"""The same run with several seeds, and what the runs say together.

Packets are lost in clusters: the lost ones of a run are not independent of each other, so an interval from their number
would be far too narrow. Runs are independent: intervals come from the spread between them, and from nothing else.
"""

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import atan, cos, pi, sin, sqrt
from multiprocessing import get_context
from typing import TypeVar

import msgspec

LEVEL = 0.95
FEW = 10
"""Runs that saw something: from fewer of them a mean is a first guess."""

Result = TypeVar("Result")


class Interval(msgspec.Struct, frozen=True):
    """A mean over independent runs, and where the true mean is with probability `level` (Student's t).

    Where no run saw anything (`hits` is 0) there is no upper end: `hit_high` says in which share of such runs at the most
    something happens (Clopper and Pearson, Biometrika 26, 1934).
    """

    mean: float
    low: float
    high: float | None
    runs: int
    hits: int
    hit_high: float
    level: float = LEVEL

    @property
    def rough(self) -> bool:
        """Whether too few runs saw anything for the interval to hold."""
        return self.hits < min(FEW, self.runs)


def interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Return the interval of the mean of what independent runs gave, none of it negative; one run gives none."""
    runs = len(values)
    if runs < 2:  # noqa: PLR2004 - a spread is between two
        raise ValueError("one run says nothing about the next: replicate it")
    mean = sum(values) / runs
    spread = sqrt(sum((value - mean) ** 2 for value in values) / (runs - 1))
    half = student((1 + level) / 2, runs - 1) * spread / sqrt(runs)
    hits = sum(value != 0 for value in values)
    return Interval(
        mean=mean,
        low=max(0.0, mean - half),
        high=mean + half if hits else None,
        runs=runs,
        hits=hits,
        hit_high=_at_most(hits, runs, (1 - level) / (1 if not hits else 2)),
        level=level,
    )


def spread(
    work: Sequence[Callable[[], Result]], processes: int = 1, done: Callable[[], None] = lambda: None
) -> list[Result]:
    """Return what each of the runs gives, in order, over so many processes; `done` is called as each is.

    With more than one process, the runs and what they give are pickled, and the processes start anew: a progress bar is a
    thread, and threads must not be forked.
    """
    if processes == 1 or len(work) == 1:
        results = []
        for one in work:
            results.append(one())
            done()
        return results
    with ProcessPoolExecutor(
        min(processes, len(work)), mp_context=get_context("spawn"), initializer=_end_at_once
    ) as pool:
        futures = [pool.submit(one) for one in work]
        try:
            for future in as_completed(futures):
                future.result()
                done()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _end_at_once() -> None:
    """Let Ctrl-C end a process that runs: else it would go on with what it was given already."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def student(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t, for a probability above a half and whole degrees of freedom."""
    return _root(lambda t: (1 + _between(t, freedom)) / 2 - probability, 0.0, 1e6)


def _between(t: float, freedom: int) -> float:
    """Return the probability between -t and t: Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(2 + odd, freedom, 2):
        term *= cos(angle) ** 2 * (step - 1) / step
        total += term
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total


def _at_most(hits: int, runs: int, risk: float) -> float:
    """Return the share for which so few hits or fewer in so many runs have just this probability."""
    if hits == runs:
        return 1.0
    return _root(lambda share: risk - _fewer(hits, runs, share), hits / runs, 1.0)


def _fewer(hits: int, runs: int, share: float) -> float:
    """Return the probability of at most so many hits."""
    term = total = (1 - share) ** runs
    if not term:
        return 0.0
    for hit in range(1, hits + 1):
        term *= (runs - hit + 1) / hit * share / (1 - share)
        total += term
    return total


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function is 0, by halving."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return high
