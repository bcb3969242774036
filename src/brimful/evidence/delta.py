"""What changed in a series between its first and its last frame: wraps, resets, freshness and age.

A decrease is a wrap before it is a reset: which of the two is decided by the counter's width and by whether the
machine is still in the same boot. See Documentation/networking/statistics.rst for why counters are allowed to lag.
"""

from enum import StrEnum
from itertools import pairwise

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, seconds_between
from brimful.evidence.origin import Exhibit, Origin
from brimful.evidence.series import Series

HALF = 2
"""A narrow counter that seems to have advanced by more than 1/HALF of its range between two reads has been reset."""


class Step(StrEnum):
    """What happened to a counter between two samples."""

    ADVANCED = "advanced"
    RESET = "reset"
    CORRECTED = "corrected"
    REPEATED = "repeated"


def step(old: int, new: int, width_bits: int, *, same_boot: bool = True) -> tuple[int, Step]:
    """Return how far a counter advanced from `old` to `new`, and whether it was reset or corrected in between.

    After a reset the new value is all that is known to have been counted: a lower bound. One that fell by less than half
    has not been cleared but corrected (sums over CPUs are read one after the other): nothing is known to have been counted.
    """
    if not same_boot:
        return new, Step.RESET
    if new >= old:
        return new - old, Step.ADVANCED
    if 0 < width_bits < 64 and old < 1 << width_bits:  # noqa: PLR2004 - 64 bits do not wrap in practice
        wrapped = new + (1 << width_bits) - old
        if wrapped < (1 << width_bits) // HALF:
            return wrapped, Step.ADVANCED
    return (0, Step.CORRECTED) if new > old // HALF else (new, Step.RESET)


STANDING = frozenset((Kind.LEVEL, Kind.LIMIT, Kind.WINDOW))
"""Numbers that go up and down: each speaks for itself, and what lies between two of them was not counted."""

WENT_BACK = {
    Step.RESET: "{raw} was reset between the samples: at least that much was counted",
    Step.CORRECTED: "{raw} went back a little between the samples: how much was counted meanwhile is not known",
}
"""What makes a reading of a counter doubtful."""
FREE = (Kind.LEVEL, Kind.LIMIT)
"""What goes up and down as it likes: its value is the highest, not what it rose by."""


class Reading:
    """One series over all frames that hold it, in time order.

    `delta` is None with a single sample: nothing is known about now. `seconds` is None where the clocks do not tell.
    `repeats` is the number that it only adds again at every read (`brimful.evidence.repeat`), 0 for other counters.
    """

    __slots__ = ("delta", "frames", "repeats", "seconds", "series", "steps")

    def __init__(self, series: Series, frames: list[tuple[Frame, int]]) -> None:
        self.series = series
        self.frames = frames
        self.steps: set[Step] = set()
        self.delta: int | None = None
        self.seconds: float | None = None
        self.repeats = 0
        if len(frames) > 1:
            total = 0
            for (before, i), (after, j) in pairwise(frames):
                advanced, kind = step(
                    before.values[i], after.values[j], series.width_bits, same_boot=before.boot == after.boot
                )
                total += advanced
                self.steps.add(kind)
            self.delta = total
            first, last = frames[0][0], frames[-1][0]
            self.seconds = seconds_between(first.at, last.at, same_boot=first.boot == last.boot)

    def disbelieve(self, number: int) -> None:
        """Take its advances for one number that is added again at every read: nothing was counted."""
        self.repeats = number
        self.delta = 0
        self.steps.add(Step.REPEATED)

    @property
    def first(self) -> int:
        """The value in the earliest frame."""
        frame, index = self.frames[0]
        return frame.values[index]

    @property
    def last(self) -> int:
        """The value in the latest frame: for a counter, everything since it was last cleared."""
        frame, index = self.frames[-1]
        return frame.values[index]

    @property
    def highest(self) -> int:
        """The largest value seen: for levels."""
        return max(frame.values[index] for frame, index in self.frames)

    @property
    def samples(self) -> int:
        """How many frames hold the series."""
        return len(self.frames)

    @property
    def reset(self) -> bool:
        """Whether it was cleared between samples, or the machine was restarted."""
        return Step.RESET in self.steps

    @property
    def rising(self) -> bool | None:
        """True when it advanced between samples, False when it is known not to have, None when that cannot be said.

        A counter that is zero has never advanced: one sample proves that. A value younger than the counter's refresh
        period proves nothing, nor does one that went back between samples.
        """
        if self.delta:
            return True
        if self.delta is None:
            return False if self.last == 0 else None
        if self.steps - {Step.ADVANCED}:
            return None
        if self.seconds is not None and self.seconds * SECOND < self.series.refresh_ns:
            return None
        return False

    @property
    def counted(self) -> int:
        """What to weigh: the advance where there is one, else everything since the counter was cleared."""
        return self.last if self.delta is None else self.delta

    @property
    def origin(self) -> Origin:
        """Where the latest value was read."""
        frame, index = self.frames[-1]
        return frame.origin(index)

    def exhibit(self, text: str) -> Exhibit:
        """Return this reading as evidence for a sentence, with what is doubtful about it.

        Its value is what was counted; of a level the highest there was, of a limit or a window that the device keeps what
        it was last.
        """
        at = self.frames[-1][0].at
        sort = MEANINGS[self.series.meaning].kind
        stands = sort in STANDING
        steps = () if stands else self.steps
        back = [text.format(raw=self.series.raw) for kind, text in WENT_BACK.items() if kind in steps]
        doubt = "; ".join(filter(None, (self.series.doubt, *back)))
        value = self.highest if sort is Kind.LEVEL else self.last if stands else self.counted
        return Exhibit(text, self.origin, value, str(at) if at is not None else None, doubt)
