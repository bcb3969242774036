"""How often arrivals found how many in a buffer."""

from brimful.simulate.compiled import Integers


def highest(seen: Integers) -> int:
    """Return the highest level that was seen, from how often each was."""
    return max((level for level, times in enumerate(seen) if times), default=0)


def powers(seen: Integers) -> list[int]:
    """Return the same by power of two: how often the level was 0, 1, 2 to 3, 4 to 7, ..., up to the highest."""
    folded = [0] * (highest(seen).bit_length() + 1)
    for level, times in enumerate(seen):
        if times:
            folded[level.bit_length()] += int(times)
    return folded
