"""Packets on their way out of a stage: when each leaves is known, and it leaves when that time has come."""

from bisect import bisect_right

from brimful.simulate import compiled
from brimful.simulate.compiled import Floats, Integers, floats, integers
from brimful.simulate.stage import Block


class Leaving:
    """Those that are still inside, in order of time."""

    def __init__(self) -> None:
        self._times = floats(0)
        self._sizes = integers(0)
        self.delivered = 0

    def __len__(self) -> int:
        """Packets that are still inside."""
        return len(self._times)

    def room(self, more: int) -> tuple[Floats, Integers, int]:
        """Return arrays with those inside at their front and room for so many more, and how many those inside are."""
        carried = len(self._times)
        times, sizes = floats(carried + more), integers(carried + more)
        times[:carried] = self._times
        sizes[:carried] = self._sizes
        return times, sizes, carried

    def leave(self, times: Floats, sizes: Integers, count: int, until: float) -> Block:
        """Take the first `count` of these for those inside, in any order; return those that have left by `until`."""
        times, sizes = _in_order(times[:count], sizes[:count])
        cut = bisect_right(times, until)
        self._times, self._sizes = times[cut:], sizes[cut:]
        self.delivered += cut
        return Block(times[:cut], sizes[:cut])

    def rest(self) -> Block:
        """Return all that are inside."""
        times, sizes, count = self.room(0)
        return self.leave(times, sizes, count, times[-1] if count else 0.0)


def _in_order(times: Floats, sizes: Integers) -> tuple[Floats, Integers]:
    """Return both in order of time; equal times stay as they are."""
    if compiled.numpy is None:
        if all(map(float.__le__, times, times[1:])):
            return times, sizes
        order = sorted(range(len(times)), key=times.__getitem__)
        return [times[at] for at in order], [sizes[at] for at in order]
    if compiled.numpy.all(times[:-1] <= times[1:]):  # type: ignore[operator]
        return times, sizes
    order = compiled.numpy.argsort(times, kind="stable")
    return times[order], sizes[order]
