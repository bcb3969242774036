"""A queue in two parts with one reader: it moves all of the first part at once into the second, and works through that.

So the kernel does with UDP's receive queue (net/ipv4/udp.c, udp_recvmsg and its reader_queue) and with the softnet backlog
(net/core/dev.c, process_backlog). What is let in depends on how much is charged to the queue, and when that is taken off.
"""

from collections.abc import Sequence
from math import inf

import msgspec

from brimful.simulate.compiled import Floats, Integers, compiled, floats, integers
from brimful.simulate.pauses import NEVER, Pauses, run
from brimful.simulate.stage import Account, Block

LARGEST = 65536
"""Bytes of the longest packet that is charged for by its length."""
WITHIN, BELOW, BEFORE = range(3)
"""A packet is let in when it fits, or the queue is empty; when less than the limit is charged before it; at most the limit."""

MOVED, PAUSE, LEVEL, OWED, MOST, LONGEST, ARRIVED, LOST, COUNTS = range(9)
FREE, NEXT, FIRST, CLOCKS = range(4)
POWERS = 40
"""Bits of the largest number of packets that is told apart."""

Line = tuple[Floats, Integers, Floats]
"""When each packet inside came, its length, and when the reader takes it."""
Shape = tuple[int, int, bool, int]
"""Limit, how it admits, whether a packet is taken off the charge when it moves, and how much is owed at most when read."""
State = tuple[Integers, Floats, Integers]
"""Counts (MOVED, ...), clocks (FREE, ...), how often an arrival found so many packets, by power of two."""
Times = tuple[float, float, float, Floats, Floats]
"""ns for a packet, for a byte, until pauses come again; starts and ends of pauses."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes packets out, one after the other: ns for each and for each of its bytes, and when it does not run."""

    packet_ns: float = 0.0
    byte_ns: float = 0.0
    pauses: Pauses = NEVER


class Reading:
    """Such a queue.

    `charges` is what a packet of each length is charged; `admits` one of WITHIN, BELOW, BEFORE. The charge is taken off when a
    packet moves to the second part (`moving`), or when it is read, and then only once `batch` are owed or that part is empty.
    """

    def __init__(  # noqa: PLR0913 - the parts of a queue
        self,
        name: str,
        *,
        limit: int,
        charges: Integers,
        admits: int,
        reader: Reader,
        loses: str,
        moving: bool = False,
        batch: int = 0,
    ) -> None:
        self.name = name
        self.loses = loses
        self._shape = (limit, admits, moving, batch)
        self._charges = charges
        self._reader = (reader.packet_ns, reader.byte_ns, reader.pauses.every_ns, *reader.pauses.columns())
        self._state = (integers(COUNTS), floats(CLOCKS, inf), integers(POWERS))
        self._state[1][FREE] = -inf
        self._inside = (floats(0), integers(0))
        self._delivered = 0

    def advance(self, block: Block) -> Block:
        """Take in packets; return those that the reader has taken when the last of these came."""
        return self._pass(block, block.times[-1] if len(block.times) else -inf)

    def finish(self) -> Block:
        """Read what is still inside."""
        return self._pass(Block(floats(0), integers(0)), inf)

    def account(self) -> Account:
        """Return what was done so far. Levels are packets, and what is charged for them under `.charged`."""
        count, clock, seen = self._state
        inside, charged = len(self._inside[0]), f"{self.name}.charged"
        account = Account(
            arrived=int(count[ARRIVED]),
            delivered=self._delivered,
            inside=inside,
            level={self.name: inside, charged: int(count[LEVEL])},
            highest={self.name: int(count[LONGEST]), charged: int(count[MOST])},
            seen={self.name: [int(times) for times in seen[: int(count[LONGEST]).bit_length() + 1]]},
        )
        if count[LOST]:
            account.lost[self.loses] = int(count[LOST])
            account.first_lost_ns[self.loses] = float(clock[FIRST])
        return account

    def _pass(self, block: Block, until: float) -> Block:
        carried = len(self._inside[0])
        room = carried + len(block.times) + 1
        came, sizes, taken = floats(room), integers(room), floats(room)
        came[:carried], sizes[:carried] = self._inside
        line = (came, sizes, taken)
        head, tail = _read(
            (block.times, block.sizes), until, line, carried, self._shape, self._charges, self._reader, self._state
        )
        self._inside = (came[head:tail], sizes[head:tail])
        self._delivered += head
        return Block(taken[:head], sizes[:head])


@compiled
def _take(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    line: Line, head: int, tail: int, shape: Shape, charges: Integers, reader: Times, state: State
) -> None:
    """Let the reader take the packet at `head`, at the time in NEXT: what that takes off the charge."""
    _, sizes, taken = line
    count, clock, _ = state
    _, _, moving, batch = shape
    time = taken[head] = clock[NEXT]
    if head >= count[MOVED]:  # the second part is empty: all move
        count[MOVED] = tail
        if moving:
            count[LEVEL] = 0
    if not moving:
        count[OWED] += charges[min(sizes[head], LARGEST)]
        if count[OWED] >= batch or head + 1 >= count[MOVED]:
            count[LEVEL] -= count[OWED]
            count[OWED] = 0
            count[MOVED] = tail  # so the kernel saves a lock: what has come moves with it
    work = reader[0] + sizes[head] * reader[1]
    clock[FREE], count[PAUSE] = run(time, work, reader[3], reader[4], reader[2], count[PAUSE])


@compiled
def _next(line: Line, head: int, tail: int, reader: Times, state: State) -> None:
    """Set when the reader takes the packet at `head`, if there is one."""
    count, clock, _ = state
    if head == tail:
        clock[NEXT] = inf
        return
    time = max(line[0][head], clock[FREE])
    clock[NEXT], count[PAUSE] = run(time, 0.0, reader[3], reader[4], reader[2], count[PAUSE])


@compiled
def _admits(size: int, shape: Shape, charges: Integers, count: Integers) -> bool:
    """Let a packet in if the limit lets it, and charge it."""
    limit, admits, _, _ = shape
    charge = charges[min(size, LARGEST)]
    level = count[LEVEL]
    if admits == WITHIN:
        fits = level + charge <= limit or level == 0
    else:
        fits = level < limit or (admits == BEFORE and level == limit)
    if fits:
        count[LEVEL] = level + charge
        count[MOST] = max(count[MOST], level + charge)
    return fits


@compiled
def _power(number: int) -> int:
    bits = 0
    while number:
        number >>= 1
        bits += 1
    return bits


@compiled
def _read(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    packets: tuple[Sequence[float], Sequence[int]],
    until: float,
    line: Line,
    tail: int,
    shape: Shape,
    charges: Integers,
    reader: Times,
    state: State,
) -> tuple[int, int]:
    """Fill in when the reader takes each packet; return how many it has taken by `until`, and how many came in."""
    times, sizes = packets
    came, lengths, _ = line
    count, clock, seen = state
    head = 0
    for index in range(len(times)):
        time = times[index]
        while clock[NEXT] <= time:
            _take(line, head, tail, shape, charges, reader, state)
            head += 1
            _next(line, head, tail, reader, state)
        seen[_power(tail - head)] += 1
        count[ARRIVED] += 1
        if not _admits(sizes[index], shape, charges, count):
            if not count[LOST]:
                clock[FIRST] = time
            count[LOST] += 1
            continue
        came[tail] = time
        lengths[tail] = sizes[index]
        tail += 1
        count[LONGEST] = max(count[LONGEST], tail - head)
        if tail - head == 1:
            _next(line, head, tail, reader, state)
    while clock[NEXT] <= until and head < tail:
        _take(line, head, tail, shape, charges, reader, state)
        head += 1
        _next(line, head, tail, reader, state)
    count[MOVED] -= head
    return head, tail
