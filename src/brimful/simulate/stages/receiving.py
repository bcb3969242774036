"""What becomes of each frame in a NIC, one after the other: when it leaves the FIFO, gets a descriptor, and is polled.

When a frame is let in, all of that is known of the frames before it. So it follows at once, without an event list.
"""

from collections.abc import Sequence
from math import inf

from brimful.simulate.compiled import Floats, Integers, compiled
from brimful.simulate.pauses import run

SMALLEST = 64
"""Bytes that the shortest frame takes (IEEE 802.3)."""
LARGEST = 16384
"""Bytes of the longest frame whose way over the bus is told apart."""

OVERRUN, NO_BUFFER = 0, 1

HEAD, TAIL, LEVEL, MOST, ARRIVED, HEADS, FRAMES, SQUEEZED, EXHAUSTED, INTERRUPTS, LOST = range(11)
TAKEN, POSTED, RETURNED, WORK, LEFT, PAUSE, COUNTS = range(7)
FREE, LAST, BEGAN, CLOCKS = range(4)
PACKET, BYTE, INTERRUPT, MODERATION, DELAYED, WEIGHT, BUDGET, LIMIT, YIELD, EVERY, SETTINGS = range(11)

Shape = tuple[int, int, int, int, bool, bool]
"""Bytes of the FIFO, descriptors of a ring, how many of its returns are known, descriptors of a refill, `rest`, `drops`."""
Fifo = tuple[Floats, Integers, Integers, Floats, Floats]
"""When each frame in it leaves, its bytes, whether it goes to the ring then, when its descriptor is free; when the bus is."""
Cpus = tuple[Floats, tuple[Floats, ...], tuple[Floats, ...]]
"""Settings of each CPU, one after the other; starts and ends of its pauses."""
Rings = tuple[Floats, Floats, Integers]
"""When each descriptor was given back, the clocks and the counts of each ring, one ring after the other."""
Marks = tuple[Integers, Floats, Integers, Integers]
"""Counts of the port, when each loss was first, and how often so many were seen in FIFO and ring."""


@compiled
def _give_back(rings: Rings, queue: int, slots: int, until: int, time: float) -> None:
    """Refill: the descriptors of all packets before number `until` are free from `time` on."""
    posted, _, count = rings
    for number in range(count[queue * COUNTS + POSTED], until):
        posted[queue * slots + (number & (slots - 1))] = time
    count[queue * COUNTS + POSTED] = until


@compiled
def _poll(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    ready: float, size: int, queue: int, shape: Shape, rings: Rings, cpus: Cpus, marks: Integers
) -> float:
    """Return when the packet that came into the ring at `ready` was polled, and is through the CPU."""
    _, _, slots, refill, rest, _ = shape
    _, clock, count = rings
    settings, starts, ends = cpus
    at, clocks, mine = queue * SETTINGS, queue * CLOCKS, queue * COUNTS
    every = settings[at + EVERY]
    start = clock[clocks + FREE]
    number = count[mine + TAKEN]
    if ready > start:  # the ring was empty: the poll ended then, and now an interrupt starts the next
        if rest:
            _give_back(rings, queue, slots, number, start)
        gap = settings[at + MODERATION]
        start = ready + gap if settings[at + DELAYED] > 0.0 else max(ready, clock[clocks + LAST] + gap)
        clock[clocks + LAST] = start
        start, count[mine + PAUSE] = run(
            start, settings[at + INTERRUPT], starts[queue], ends[queue], every, count[mine + PAUSE]
        )
        clock[clocks + BEGAN] = start
        count[mine + WORK] = count[mine + LEFT] = 0
        marks[INTERRUPTS] += 1
    elif count[mine + WORK] >= settings[at + WEIGHT]:
        if rest:
            _give_back(rings, queue, slots, number, start)
        marks[EXHAUSTED] += 1
        count[mine + LEFT] += count[mine + WORK]
        count[mine + WORK] = 0
        if count[mine + LEFT] >= settings[at + BUDGET] or start - clock[clocks + BEGAN] >= settings[at + LIMIT]:
            marks[SQUEEZED] += 1
            start += settings[at + YIELD]
            clock[clocks + BEGAN] = start
            count[mine + LEFT] = 0
    work = settings[at + PACKET] + size * settings[at + BYTE]
    done, count[mine + PAUSE] = run(start, work, starts[queue], ends[queue], every, count[mine + PAUSE])
    clock[clocks + FREE] = done
    count[mine + WORK] += 1
    if number + 1 - count[mine + POSTED] >= refill:
        _give_back(rings, queue, slots, number + 1, done)
    return done


@compiled
def _descriptor(queue: int, shape: Shape, rings: Rings) -> float:
    """Return when the ring has a descriptor for its next packet."""
    posted, clock, count = rings
    _, ring, slots, _, _, _ = shape
    number = count[queue * COUNTS + TAKEN]
    if number < ring:
        return -inf
    if number - ring >= count[queue * COUNTS + POSTED]:  # all are polled, and none refilled: the poll ends, and does it
        _give_back(rings, queue, slots, number, clock[queue * CLOCKS + FREE])
    return posted[queue * slots + ((number - ring) & (slots - 1))]


@compiled
def _used(queue: int, slots: int, rings: Rings, time: float) -> int:
    """Return how many descriptors are in use when the next packet has come into the ring."""
    posted, _, count = rings
    back = count[queue * COUNTS + RETURNED]
    while back < count[queue * COUNTS + POSTED] and posted[queue * slots + (back & (slots - 1))] <= time:
        back += 1
    count[queue * COUNTS + RETURNED] = back
    return count[queue * COUNTS + TAKEN] + 1 - back


@compiled
def _lose(marks: Marks, which: int, time: float) -> None:
    if not marks[0][LOST + which]:
        marks[1][which] = time
    marks[0][LOST + which] += 1


@compiled
def receive(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    frames: tuple[Sequence[float], Sequence[int], Integers, Floats],
    leaving: tuple[Floats, Integers],
    tail: int,
    shape: Shape,
    fifo: Fifo,
    rings: Rings,
    cpus: Cpus,
    marks: Marks,
) -> int:
    """Fill in when each frame leaves; return how many are in `leaving` then."""
    times, sizes, spread, bus = frames
    room, _, slots, _, _, drops = shape
    out, held, kept, given, last = fifo
    port, _, seen_fifo, seen_ring = marks
    places = len(out)
    for index in range(len(times)):
        time = times[index]
        size = max(sizes[index], SMALLEST)
        while port[HEAD] < port[TAIL] and out[port[HEAD] & (places - 1)] <= time:
            port[LEVEL] -= held[port[HEAD] & (places - 1)]
            port[HEAD] += 1
        seen_fifo[port[TAIL] - port[HEAD]] += 1
        queue = spread[port[ARRIVED] % len(spread)]
        port[ARRIVED] += 1
        if port[LEVEL] + size > room:
            _lose(marks, OVERRUN, time)
            continue
        front = max(time, last[0])
        free = _descriptor(queue, shape, rings)
        port[HEADS] += free > front
        # the ring's next descriptor is that of the frame at the front: those behind it may well wait for the bus alone
        port[FRAMES] += (given[port[HEAD] & (places - 1)] if port[HEAD] < port[TAIL] else free) > time
        dropped = drops and free > front
        if dropped:
            last[0] = front
            _lose(marks, NO_BUFFER, front)
        else:
            front = max(front, free)
            last[0] = front + bus[min(size, LARGEST)]
        out[port[TAIL] & (places - 1)] = front
        held[port[TAIL] & (places - 1)] = size
        given[port[TAIL] & (places - 1)] = free
        kept[port[TAIL] & (places - 1)] = not dropped
        port[TAIL] += 1
        port[LEVEL] += size
        port[MOST] = max(port[MOST], port[LEVEL])
        if dropped:
            continue
        used = _used(queue, slots, rings, front)
        seen_ring[used] += 1
        leaving[0][tail] = _poll(last[0], size, queue, shape, rings, cpus, port)
        leaving[1][tail] = sizes[index]
        rings[2][queue * COUNTS + TAKEN] += 1
        tail += 1
    return tail
