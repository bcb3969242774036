"""A token bucket with a queue before it: the `tbf` queueing discipline.

The bucket fills at the rate, up to `burst_bytes`, and is full at first. A packet leaves, in order, once there are tokens for
all of it; those that wait hold at most `limit_bytes` (net/sched/sch_tbf.c; the bfifo inside it, net/sched/sch_fifo.c). What is
longer than the bucket is never sent. Bytes are those that the discipline counts: with the Ethernet header, without FCS.
"""

from collections.abc import Sequence
from math import inf

from brimful.simulate.compiled import Floats, Integers, compiled, floats, integers
from brimful.simulate.stage import Account, Block
from brimful.simulate.stages.leaving import Leaving

FCS = 4
ARRIVED, LEVEL, MOST, LOST, COUNTS = range(5)
EMPTY, FIRST, CLOCKS = range(3)
"""When the bucket was or will be empty; when the first was lost."""


class Shaper:
    """`bits_per_s` with `burst_bytes` at once, and `limit_bytes` of queue."""

    def __init__(
        self, *, bits_per_s: float = 1e6, burst_bytes: int = 5000, limit_bytes: int = 20_000, name: str = "shaper"
    ) -> None:
        self.name = name
        self._shape = (8e9 / bits_per_s, burst_bytes, limit_bytes)
        self._count = integers(COUNTS)
        self._clock = floats(CLOCKS, inf)
        self._clock[EMPTY] = -inf
        self._leaving = Leaving()

    def advance(self, block: Block) -> Block:
        """Take in packets; return those that were sent when the last of these came."""
        if not len(block.times):
            return block
        times, sizes, carried = self._leaving.room(len(block.times))
        tail = _shape(block.times, block.sizes, times, sizes, carried, self._shape, self._count, self._clock)
        return self._leaving.leave(times, sizes, tail, block.times[-1])

    def finish(self) -> Block:
        """Send what still waits."""
        return self._leaving.rest()

    def account(self) -> Account:
        """Return what was done so far. Levels are bytes of the queue when the last packet had come."""
        count = self._count
        account = Account(
            arrived=int(count[ARRIVED]),
            delivered=self._leaving.delivered,
            inside=len(self._leaving),
            level={"qdisc.queue.bytes": int(count[LEVEL])},
            highest={"qdisc.queue.bytes": int(count[MOST])},
        )
        if count[LOST]:
            account.lost["qdisc.queue.dropped"] = int(count[LOST])
            account.first_lost_ns["qdisc.queue.dropped"] = float(self._clock[FIRST])
        return account


@compiled
def _sent(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    time: float, leaves: Floats, lengths: Integers, head: int, tail: int, count: Integers
) -> int:
    """Take off the level what was sent by `time`; return the first that was not."""
    while head < tail and leaves[head] <= time:
        count[LEVEL] -= lengths[head] - FCS
        head += 1
    return head


@compiled
def _shape(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    times: Sequence[float],
    sizes: Sequence[int],
    leaves: Floats,
    lengths: Integers,
    tail: int,
    shape: tuple[float, int, int],
    count: Integers,
    clock: Floats,
) -> int:
    """Fill in when each packet is sent; return how many are in `leaves` then."""
    byte_ns, burst, limit = shape
    head = 0
    for index in range(len(times)):
        time = times[index]
        length = sizes[index] - FCS
        head = _sent(time, leaves, lengths, head, tail, count)
        count[ARRIVED] += 1
        if length > burst or count[LEVEL] + length > limit:
            if not count[LOST]:
                clock[FIRST] = time
            count[LOST] += 1
            continue
        clock[EMPTY] = max(time - burst * byte_ns, clock[EMPTY]) + length * byte_ns
        leaves[tail] = max(time, clock[EMPTY])
        lengths[tail] = sizes[index]
        tail += 1
        count[LEVEL] += length
        count[MOST] = max(count[MOST], count[LEVEL])
    _sent(times[-1], leaves, lengths, head, tail, count)
    return tail
