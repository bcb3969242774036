"""A user-space pool of packet buffers, the line of buffers that is filled from it in bursts, and the thread that works.

Each packet takes a buffer from the line; without one it is lost. The thread takes packets in bursts, and after each burst fills
the line again with as many buffers as a burst has. A short pool is a warning, and the backup pool, where there is one, lends. So DPDK's
KNI takes packets from the kernel (lib/kni/rte_kni.c of v22.11, rte_kni_rx_burst and kni_allocate_mbufs: a line of 1024, bursts
of 32), and so a poll mode driver fills its receive ring. Before DPDK commit 676ed80ad98f the line was filled after a burst with packets
only: once it is empty, none can come, and it stays empty.
"""

from collections.abc import Sequence
from math import inf
from typing import Literal

from brimful.simulate.compiled import Floats, Integers, compiled, floats, integers
from brimful.simulate.pauses import NEVER, Pauses, run
from brimful.simulate.stage import Account, Block
from brimful.simulate.stages.leaving import Leaving

HEAD, TAIL, PAUSE, SHORT, EXHAUSTED, ARRIVED, LOST, MOST, DUE = range(9)
STOCK, BACKUP, FIRST_READY, LAST_READY, BACK, OUT, COUNTS = range(9, 16)
FREE, FIRST, CLOCKS = range(3)

NAMES = {
    "kni": ("kni.queue.dropped", "kni.out_of_memory", "kni.backup_pool_exhausted"),
    "pmd": ("nic.ring.no_buffer", "driver.memory.alloc_failed", "driver.memory.alloc_failed"),
}
"""What is lost, the warning that the pool is short, and that the backup pool is."""

Buffers = tuple[Integers, Floats, Integers]
"""Where the buffers of the line come from (1: backup); when those that were used come back, and to where."""
Shape = tuple[int, int, bool, bool]
"""Buffers of the line, packets of a burst, whether an idle thread fills the line, whether there is a backup pool."""
Times = tuple[float, float, float, Floats, Floats]
"""ns for a packet, until its buffer is back, until pauses come again; starts and ends of pauses."""
State = tuple[Integers, Floats]
"""Counts (HEAD, ...) and clocks (FREE, FIRST)."""
Line = tuple[Floats, Integers, Integers]
"""When each packet that waits came, its length, and where its buffer comes from."""


class Pool:
    """A pool with one thread. A buffer goes back `held_ns` after the thread was done with its packet.

    `idle_refill`: the thread fills the line when no packets come too, as poll mode drivers and later KNI do.
    """

    def __init__(  # noqa: PLR0913 - the parts of a pool
        self,
        *,
        buffers: int = 8192,
        backup: int = 0,
        line: int = 1024,
        burst: int = 32,
        packet_ns: float = 100.0,
        held_ns: float = 0.0,
        pauses: Pauses = NEVER,
        idle_refill: bool = True,
        door: Literal["kni", "pmd"] = "kni",
        name: str = "pool",
    ) -> None:
        self.name = name
        self.door = door
        self._shape = (line, burst, idle_refill, backup > 0)
        self._times = (packet_ns, held_ns, pauses.every_ns, *pauses.columns())
        total = buffers + backup
        self._buffers = (integers(line), floats(total), integers(total))
        self._count = integers(COUNTS)
        self._count[STOCK] = max(buffers - line, 0)
        self._count[BACKUP] = backup
        self._count[LAST_READY] = min(buffers, line)
        self._clock = floats(CLOCKS, -inf)
        self._inside = (floats(0), integers(0), integers(0))
        self._leaving = Leaving()

    @property
    def free(self) -> int:
        """Buffers that nobody has: in the pool, in the backup pool and in the line."""
        count = self._count
        return int(count[STOCK] + count[BACKUP] + count[LAST_READY] - count[FIRST_READY])

    @property
    def held(self) -> int:
        """Buffers that packets have, or have not yet given back."""
        return int(self._count[OUT] - self._count[BACK]) + len(self._inside[0])

    def advance(self, block: Block) -> Block:
        """Take in packets; return those that the thread was done with when the last of these came."""
        if not len(block.times):
            return block
        return self._pass(block, block.times[-1])

    def finish(self) -> Block:
        """Work off what is still inside."""
        return self._pass(Block(floats(0), integers(0)), inf)

    def account(self) -> Account:
        """Return what was done so far. Levels are packets that wait, and buffers in use."""
        count = self._count
        lost, short, exhausted = NAMES[self.door]
        account = Account(
            arrived=int(count[ARRIVED]),
            delivered=self._leaving.delivered,
            inside=len(self._inside[0]) + len(self._leaving),
            level={"pool.mbuf": self.held},
            highest={"pool.mbuf": int(count[MOST])},
        )
        for name, number in ((short, count[SHORT]), (exhausted, count[EXHAUSTED])):
            if number:
                account.near[name] = account.near.get(name, 0) + int(number)
        if count[LOST]:
            account.lost[lost] = int(count[LOST])
            account.first_lost_ns[lost] = float(self._clock[FIRST])
        return account

    def _pass(self, block: Block, until: float) -> Block:
        came, lengths, origins = self._inside
        waits = len(came)
        room = waits + len(block.times)
        times, sizes, carried = self._leaving.room(room)
        line = (floats(room), integers(room), integers(room))
        line[0][:waits], line[1][:waits], line[2][:waits] = came, lengths, origins
        self._count[HEAD], self._count[TAIL] = 0, waits
        tail = _work(
            (block.times, block.sizes),
            until,
            (times, sizes),
            carried,
            self._shape,
            self._times,
            line,
            self._buffers,
            (self._count, self._clock),
        )
        head, end = self._count[HEAD], self._count[TAIL]
        self._inside = (line[0][head:end], line[1][head:end], line[2][head:end])
        return self._leaving.leave(times, sizes, tail, until)


@compiled
def _collect(time: float, buffers: Buffers, count: Integers) -> None:
    """Take back the buffers that were given back by `time`."""
    _, back, origin = buffers
    while count[BACK] < count[OUT] and back[count[BACK] % len(back)] <= time:
        if origin[count[BACK] % len(back)]:
            count[BACKUP] += 1
        else:
            count[STOCK] += 1
        count[BACK] += 1


@compiled
def _fill(time: float, most: int, shape: Shape, buffers: Buffers, count: Integers) -> None:
    """Fill the line with at most so many buffers."""
    ready = buffers[0]
    _collect(time, buffers, count)
    wanted = min(most, len(ready) - (count[LAST_READY] - count[FIRST_READY]))
    if wanted > count[STOCK]:
        count[SHORT] += 1
        if shape[3] and wanted > count[STOCK] + count[BACKUP]:
            count[EXHAUSTED] += 1
    for _ in range(wanted):
        if count[STOCK] > 0:
            count[STOCK] -= 1
            ready[count[LAST_READY] % len(ready)] = 0
        elif count[BACKUP] > 0:
            count[BACKUP] -= 1
            ready[count[LAST_READY] % len(ready)] = 1
        else:
            break
        count[LAST_READY] += 1


@compiled
def _bursts(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    until: float,
    leaving: tuple[Floats, Integers],
    tail: int,
    shape: Shape,
    thread: Times,
    line: Line,
    buffers: Buffers,
    state: State,
) -> int:
    """Let the thread begin all bursts that it can by `until`; return how many packets are in `leaving` then."""
    came, lengths, origins = line
    count, clock = state
    packet_ns, held_ns, every_ns, starts, ends = thread
    _, back, origin = buffers
    while True:
        if count[DUE]:
            if clock[FREE] > until:
                break
            _fill(clock[FREE], shape[1], shape, buffers, count)
            count[DUE] = 0
        if count[HEAD] == count[TAIL]:
            break
        start = max(came[count[HEAD]], clock[FREE])
        clock[FREE], count[PAUSE] = run(start, 0.0, starts, ends, every_ns, count[PAUSE])
        if clock[FREE] > until:
            break
        for _ in range(min(shape[1], count[TAIL] - count[HEAD])):
            at = count[HEAD]
            clock[FREE], count[PAUSE] = run(clock[FREE], packet_ns, starts, ends, every_ns, count[PAUSE])
            leaving[0][tail] = clock[FREE]
            leaving[1][tail] = lengths[at]
            tail += 1
            back[count[OUT] % len(back)] = clock[FREE] + held_ns
            origin[count[OUT] % len(back)] = origins[at]
            count[OUT] += 1
            count[HEAD] += 1
        count[DUE] = 1
    return tail


@compiled
def _work(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    packets: tuple[Sequence[float], Sequence[int]],
    until: float,
    leaving: tuple[Floats, Integers],
    tail: int,
    shape: Shape,
    thread: Times,
    line: Line,
    buffers: Buffers,
    state: State,
) -> int:
    """Fill in when the thread is done with each packet; return how many are in `leaving` then."""
    times, sizes = packets
    count, clock = state
    ready = buffers[0]
    for index in range(len(times)):
        time = times[index]
        tail = _bursts(time, leaving, tail, shape, thread, line, buffers, state)
        if shape[2] and clock[FREE] <= time:
            _fill(time, len(ready), shape, buffers, count)
        count[ARRIVED] += 1
        if count[FIRST_READY] == count[LAST_READY]:
            if not count[LOST]:
                clock[FIRST] = time
            count[LOST] += 1
            continue
        at = count[TAIL]
        line[0][at] = time
        line[1][at] = sizes[index]
        line[2][at] = ready[count[FIRST_READY] % len(ready)]
        count[FIRST_READY] += 1
        count[TAIL] += 1
        _collect(time, buffers, count)
        count[MOST] = max(count[MOST], count[TAIL] - count[HEAD] + count[OUT] - count[BACK])
    return _bursts(until, leaving, tail, shape, thread, line, buffers, state)
