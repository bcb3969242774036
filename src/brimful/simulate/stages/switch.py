"""Egress queues of a switch that share one buffer, each up to a threshold that moves with what is left of it.

A queue may hold alpha times what is free of the buffer (Choudhury and Hahne, "Dynamic queue length thresholds for
shared-memory packet switches", IEEE/ACM Transactions on Networking 6(2), 1998; `devlink sb` and SONiC's dynamic_th): a
single queue with alpha 1 gets half of it, with alpha 8 eight ninths. Packets are kept in cells.
"""

from collections.abc import Sequence
from math import inf

from brimful.simulate.compiled import Floats, Integers, compiled, floats, integers
from brimful.simulate.stage import BETWEEN, Account, Block
from brimful.simulate.stages.leaving import Leaving

USED, FREE_SLOT, ARRIVED, LOST, MOST, LONGEST, COUNTS = range(7)
HEAD, TAIL, LEVEL, FIELDS = range(4)
NONE = -1

Slots = tuple[Floats, Integers, Integers]
"""When the packet in each slot leaves, the bytes of its cells, and the slot behind it in its queue."""
State = tuple[Integers, Integers, Floats, Floats]
"""Counts of the switch, of each queue, when each queue's last packet leaves, when the first was lost."""


class Switch:
    """Queues that packets are sent to by `spread`, over and over; each drains to a link of its own.

    `others_bytes` of the buffer are held by queues that are not simulated.
    """

    def __init__(  # noqa: PLR0913 - the parts of a switch
        self,
        *,
        bits_per_s: tuple[float, ...] = (1e9,),
        buffer_bytes: int = 1_048_576,
        alpha: float = 1.0,
        others_bytes: int = 0,
        cell_bytes: int = 1,
        spread: tuple[int, ...] = (0,),
        name: str = "switch",
    ) -> None:
        self.name = name
        self._shape = (float(buffer_bytes - others_bytes), alpha, cell_bytes)
        self._byte_ns = floats(len(bits_per_s))
        for queue, rate in enumerate(bits_per_s):
            self._byte_ns[queue] = 8e9 / rate
        self._spread = integers(len(spread))
        for index, queue in enumerate(spread):
            if not 0 <= queue < len(bits_per_s):
                raise ValueError(f"no queue {queue}")
            self._spread[index] = queue
        self._slots = (floats(0), integers(0), integers(0))
        self._state = (
            integers(COUNTS),
            integers(FIELDS * len(bits_per_s), NONE),
            floats(len(bits_per_s), -inf),
            floats(1, inf),
        )
        self._state[0][FREE_SLOT] = NONE
        for queue in range(len(bits_per_s)):
            self._state[1][queue * FIELDS + LEVEL] = 0
        self._leaving = Leaving()

    def advance(self, block: Block) -> Block:
        """Take in packets; return those that were sent, to whatever link, when the last of these came."""
        if not len(block.times):
            return block
        self._grow(len(block.times))
        times, sizes, carried = self._leaving.room(len(block.times))
        tail = _switch(
            (block.times, block.sizes, self._spread),
            (times, sizes),
            carried,
            self._shape,
            self._byte_ns,
            self._slots,
            self._state,
        )
        return self._leaving.leave(times, sizes, tail, block.times[-1])

    def finish(self) -> Block:
        """Send what is still inside."""
        return self._leaving.rest()

    def account(self) -> Account:
        """Return what was done so far. Levels are bytes in cells: of the buffer, and of the fullest queue."""
        count, queues, _, first = self._state
        levels = [int(queues[at]) for at in range(LEVEL, len(queues), FIELDS)]
        account = Account(
            arrived=int(count[ARRIVED]),
            delivered=self._leaving.delivered,
            inside=len(self._leaving),
            level={"switch.pool.bytes": int(count[USED]), "switch.queue.bytes": max(levels)},
            highest={"switch.pool.bytes": int(count[MOST]), "switch.queue.bytes": int(count[LONGEST])},
        )
        if count[LOST]:
            account.lost["switch.queue.dropped"] = int(count[LOST])
            account.first_lost_ns["switch.queue.dropped"] = float(first[0])
        return account

    def _grow(self, more: int) -> None:
        """Make room for as many packets more, should all of a block stay."""
        out, held, behind = self._slots
        count = self._state[0]
        before, needed = len(out), len(self._leaving) + more
        if needed <= before:
            return
        slots = (floats(2 * needed), integers(2 * needed), integers(2 * needed, NONE))
        slots[0][:before], slots[1][:before], slots[2][:before] = out, held, behind
        for slot in range(before, 2 * needed):
            slots[2][slot] = count[FREE_SLOT]
            count[FREE_SLOT] = slot
        self._slots = slots


@compiled
def _sent(time: float, slots: Slots, state: State) -> None:
    """Take out of all queues what was sent by `time`."""
    out, held, behind = slots
    count, queues, _, _ = state
    for at in range(0, len(queues), FIELDS):
        while queues[at + HEAD] != NONE and out[queues[at + HEAD]] <= time:
            slot = queues[at + HEAD]
            queues[at + HEAD] = behind[slot]
            queues[at + LEVEL] -= held[slot]
            count[USED] -= held[slot]
            behind[slot] = count[FREE_SLOT]
            count[FREE_SLOT] = slot


@compiled
def _append(at: int, leaves: float, cells: int, slots: Slots, state: State) -> None:
    """Put a packet at the end of the queue whose fields begin at `at`."""
    out, held, behind = slots
    count, queues, _, _ = state
    slot = count[FREE_SLOT]
    count[FREE_SLOT] = behind[slot]
    out[slot] = leaves
    held[slot] = cells
    behind[slot] = NONE
    if queues[at + HEAD] == NONE:
        queues[at + HEAD] = slot
    else:
        behind[queues[at + TAIL]] = slot
    queues[at + TAIL] = slot
    queues[at + LEVEL] += cells
    count[USED] += cells
    count[MOST] = max(count[MOST], count[USED])
    count[LONGEST] = max(count[LONGEST], queues[at + LEVEL])


@compiled
def _switch(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    packets: tuple[Sequence[float], Sequence[int], Integers],
    leaving: tuple[Floats, Integers],
    tail: int,
    shape: tuple[float, float, int],
    byte_ns: Floats,
    slots: Slots,
    state: State,
) -> int:
    """Fill in when each packet is sent; return how many are in `leaving` then."""
    times, sizes, spread = packets
    room, alpha, cell = shape
    count, queues, last, first = state
    for index in range(len(times)):
        time = times[index]
        size = sizes[index]
        _sent(time, slots, state)
        queue = spread[count[ARRIVED] % len(spread)]
        count[ARRIVED] += 1
        cells = (size + cell - 1) // cell * cell
        free = room - count[USED]
        if cells > free or queues[queue * FIELDS + LEVEL] >= alpha * free:
            if not count[LOST]:
                first[0] = time
            count[LOST] += 1
            continue
        last[queue] = max(time, last[queue]) + (size + BETWEEN) * byte_ns[queue]
        _append(queue * FIELDS, last[queue], cells, slots, state)
        leaving[0][tail] = last[queue]
        leaving[1][tail] = size
        tail += 1
    return tail
