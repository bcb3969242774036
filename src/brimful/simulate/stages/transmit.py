"""The transmit side: a queueing discipline, the transmit ring that it feeds, the link, and the completions that free the ring.

When the ring, or the bytes that byte queue limits allow in flight, are used up, the driver stops the queue; a completion wakes
it once `wake` descriptors are free. All that time packets wait in the queueing discipline, and are lost there.
(net/sched/sch_generic.c, dev_hard_start_xmit; lib/dynamic_queue_limits.c; netif_txq_maybe_stop in netdev_queues.h.)
"""

from collections.abc import Sequence
from math import inf

from brimful.simulate.compiled import Floats, Integers, compiled, floats, integers
from brimful.simulate.stage import BETWEEN, Account, Block
from brimful.simulate.stages.leaving import Leaving
from brimful.simulate.stages.occupancy import highest, powers

HEAD, TAIL, CLEANED, FLIGHT, ARRIVED, LOST, STOPPED, MOST, COUNTS = range(9)
ENTERED, WIRE, CLEAN, FIRST, CLOCKS = range(5)


class Transmit:
    """One queue of an interface: `limit` packets of the queueing discipline (pfifo), `ring` descriptors, a link.

    `clean_ns`: how long completions are put off to be done together. `in_flight`: bytes that byte queue limits allow; 0: all.
    """

    def __init__(  # noqa: PLR0913 - the parts of a transmit queue
        self,
        *,
        bits_per_s: float = 1e9,
        limit: int = 1000,
        ring: int = 256,
        wake: int = 32,
        clean_ns: float = 50_000.0,
        in_flight: int = 0,
        name: str = "transmit",
    ) -> None:
        if not 1 <= wake <= ring:
            raise ValueError(f"a ring of {ring} never has {wake} descriptors free")
        self.name = name
        self._shape = (limit, ring, wake, in_flight)
        self._rates = (8e9 / bits_per_s, clean_ns)
        self._entered = floats(limit)
        self._cleaned = (floats(ring), integers(ring))
        self._count = integers(COUNTS)
        self._clock = floats(CLOCKS, -inf)
        self._clock[FIRST] = inf
        self._seen = integers(limit + 1)
        self._leaving = Leaving()

    def advance(self, block: Block) -> Block:
        """Take in packets to send; return those that were on the wire when the last of these came."""
        if not len(block.times):
            return block
        times, sizes, carried = self._leaving.room(len(block.times))
        tail = _send(
            (block.times, block.sizes),
            (times, sizes),
            carried,
            self._shape,
            self._rates,
            self._entered,
            self._cleaned,
            (self._count, self._clock, self._seen),
        )
        return self._leaving.leave(times, sizes, tail, block.times[-1])

    def finish(self) -> Block:
        """Send what is still inside."""
        return self._leaving.rest()

    def account(self) -> Account:
        """Return what was done so far. Levels are packets of the queueing discipline, and descriptors of the ring."""
        count = self._count
        account = Account(
            arrived=int(count[ARRIVED]),
            delivered=self._leaving.delivered,
            inside=len(self._leaving),
            level={"qdisc.queue": int(count[TAIL] - count[HEAD])},
            highest={"qdisc.queue": highest(self._seen), "nic.tx_ring": int(count[MOST])},
            seen={"qdisc.queue": powers(self._seen)},
        )
        if count[STOPPED]:
            account.near["nic.tx_ring.full"] = int(count[STOPPED])
        if count[LOST]:
            account.lost["qdisc.queue.dropped"] = int(count[LOST])
            account.first_lost_ns["qdisc.queue.dropped"] = float(self._clock[FIRST])
        return account


@compiled
def _enter(
    time: float, shape: tuple[int, int, int, int], ring: tuple[Floats, Integers], count: Integers, clock: Floats
) -> float:
    """Return when the next packet enters the ring, having come at `time`; frees what completions have freed by then."""
    _, places, wake, in_flight = shape
    cleaned, held = ring
    time = max(time, clock[ENTERED])
    number = count[TAIL]
    if number - count[CLEANED] >= places and cleaned[count[CLEANED] % places] > time:
        count[STOPPED] += 1
        time = max(time, cleaned[(count[CLEANED] + wake - 1) % places])
    while count[CLEANED] < number:
        slot = count[CLEANED] % places
        full = in_flight > 0 and count[FLIGHT] >= in_flight
        if cleaned[slot] > time and not full:
            break
        time = max(time, cleaned[slot])
        count[FLIGHT] -= held[slot]
        count[CLEANED] += 1
    count[MOST] = max(count[MOST], number + 1 - count[CLEANED])
    return time


@compiled
def _send(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    packets: tuple[Sequence[float], Sequence[int]],
    leaving: tuple[Floats, Integers],
    tail: int,
    shape: tuple[int, int, int, int],
    rates: tuple[float, float],
    entered: Floats,
    ring: tuple[Floats, Integers],
    state: tuple[Integers, Floats, Integers],
) -> int:
    """Fill in when each packet is on the wire; return how many are in `leaving` then."""
    times, sizes = packets
    count, clock, seen = state
    limit, places = shape[0], shape[1]
    byte_ns, clean_ns = rates
    for index in range(len(times)):
        time = times[index]
        size = sizes[index]
        while count[HEAD] < count[TAIL] and entered[count[HEAD] % limit] <= time:
            count[HEAD] += 1
        seen[count[TAIL] - count[HEAD]] += 1
        count[ARRIVED] += 1
        if count[TAIL] - count[HEAD] >= limit:
            if not count[LOST]:
                clock[FIRST] = time
            count[LOST] += 1
            continue
        number = count[TAIL]
        clock[ENTERED] = _enter(time, shape, ring, count, clock)
        entered[number % limit] = clock[ENTERED]
        clock[WIRE] = max(clock[ENTERED], clock[WIRE]) + (size + BETWEEN) * byte_ns
        if clock[WIRE] > clock[CLEAN]:
            clock[CLEAN] = clock[WIRE] + clean_ns
        ring[0][number % places] = clock[CLEAN]
        ring[1][number % places] = size
        count[FLIGHT] += size
        count[TAIL] = number + 1
        leaving[0][tail] = clock[WIRE]
        leaving[1][tail] = size
        tail += 1
    return tail
