"""One word of the vocabulary of meanings: what sort of number it is, in which unit, in plain words."""

from enum import StrEnum

import msgspec

from brimful.chain.stage import STAGES, Stage


class Kind(StrEnum):
    """What sort of number it is, hence what may be done with it."""

    PASSED = "passed"
    LOST = "lost"
    NEAR_MISS = "near_miss"
    MIXED = "mixed"
    LEVEL = "level"
    LIMIT = "limit"
    WINDOW = "window"
    TIME = "time"
    TRACED = "traced"


KIND_TEXT = {
    Kind.PASSED: "counter: packets that went through",
    Kind.LOST: "counter: packets that are gone",
    Kind.NEAR_MISS: "counter: a near miss, nothing lost yet",
    Kind.MIXED: "counter of several things at once: never blamed on its own",
    Kind.LEVEL: "a level now",
    Kind.LIMIT: "a limit",
    Kind.WINDOW: "a count over a window that the device keeps itself",
    Kind.TIME: "counter: a time",
    Kind.TRACED: "counter: packets the kernel was seen to drop, another view of losses counted elsewhere",
}


class Meaning(msgspec.Struct, frozen=True):
    """One word of the vocabulary. `limit` names, for a level, the limit at which it overflows."""

    name: str
    kind: Kind
    unit: str
    text: str
    limit: str = ""

    @property
    def stage(self) -> Stage:
        """The buffer it speaks of."""
        return STAGES[self.name.rpartition(".")[0]]
