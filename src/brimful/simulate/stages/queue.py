"""One server and a queue before it: first come, first served, and who finds it full is lost.

Packets leave in the order they came, so the times at which those inside will leave are a sorted line, and take the place of
an event list: what has left by the time of an arrival goes from its front, an arrival that is let in goes to its end at
max(its time, when the one before leaves) + its service. (Kleinrock, Queueing Systems, volume 1, 1975, for what it models.)
"""

from collections.abc import Sequence
from math import inf

from brimful.simulate.compiled import Floats, Integers, compiled, floats, integers
from brimful.simulate.stage import Account, Block
from brimful.simulate.stages.occupancy import powers
from brimful.simulate.stages.service import Service, Times

NO_LIMIT = 1 << 62
"""Bytes, where only packets are counted."""


class Queue:
    """A FIFO with so many places, that of the packet in service among them, and where wanted with room for so many bytes.

    `loses` is the meaning under which a packet that finds it full is counted.
    """

    def __init__(  # noqa: PLR0913 - what it is, and its names
        self,
        name: str,
        places: int,
        service: Service,
        *,
        room_bytes: int = NO_LIMIT,
        seed: str = "",
        loses: str = "queue.full",
    ) -> None:
        self.name = name
        self.loses = loses
        self._places = places
        self._room = room_bytes
        self._times = Times(service, f"{seed}/{name}")
        self._seen = integers(places + 1)
        self._inside = Block(floats(0), integers(0))
        self._last = 0.0
        self._most = (0, 0)
        self._lost = self._delivered = 0
        self._first_lost = inf

    def advance(self, block: Block) -> Block:
        """Take in a block: return those packets that have left when its last one has come."""
        carried = len(self._inside.times)
        services = self._times.of(block)
        leaves = floats(carried + len(block.times) + 1, inf)
        sizes = integers(len(leaves))
        leaves[:carried] = self._inside.times
        sizes[:carried] = self._inside.sizes
        head, tail, self._last, self._most, lost, first = _serve(
            block.times,
            block.sizes,
            services,
            leaves,
            sizes,
            carried,
            self._last,
            self._places,
            self._room,
            self._most,
            self._seen,
        )
        self._lost += lost
        self._first_lost = min(self._first_lost, float(first))
        self._delivered += head
        self._inside = Block(leaves[head:tail], sizes[head:tail])
        return Block(leaves[:head], sizes[:head])

    def finish(self) -> Block:
        """Serve those who are inside."""
        rest, self._inside = self._inside, Block(floats(0), integers(0))
        self._delivered += len(rest.times)
        return rest

    def account(self) -> Account:
        """Return what was done so far. Levels are packets, and bytes under the name with `.bytes` where they are limited."""
        inside = len(self._inside.times)
        account = Account(
            arrived=int(sum(self._seen)),
            delivered=self._delivered,
            inside=inside,
            level={self.name: inside},
            highest={self.name: self._most[0]},
            seen={self.name: powers(self._seen)},
        )
        if self._room != NO_LIMIT:
            account.level[f"{self.name}.bytes"] = int(sum(self._inside.sizes))
            account.highest[f"{self.name}.bytes"] = self._most[1]
        if self._lost:
            account.lost[self.loses] = self._lost
            account.first_lost_ns[self.loses] = self._first_lost
        return account


@compiled
def _serve(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    times: Sequence[float],
    sizes: Sequence[int],
    services: Floats,
    leaves: Floats,
    lengths: Integers,
    tail: int,
    last: float,
    places: int,
    room: int,
    most: tuple[int, int],
    seen: Integers,
) -> tuple[int, int, float, tuple[int, int], int, float]:
    """Fill in when each packet leaves; return (first and last inside at the end, last departure, most packets and bytes, lost, since)."""
    head = level = lost = 0
    first = inf
    packets, amount = most
    limited = room < NO_LIMIT
    for index in range(tail):
        level += lengths[index]
    for time, size, service in zip(times, sizes, services):  # noqa: B905 - Numba knows no strict
        while leaves[head] <= time:
            if limited:
                level -= lengths[head]
            head += 1
        inside = tail - head
        seen[inside] += 1
        if inside == places or (limited and level + size > room):
            if not lost:
                first = time
            lost += 1
            continue
        last = (time if time > last else last) + service  # noqa: FURB136 - max() costs a fifth of the loop
        leaves[tail] = last
        lengths[tail] = size
        tail += 1
        if inside >= packets:
            packets = inside + 1
        if limited:
            level += size
            amount = max(amount, level)
    return head, tail, last, (packets, amount), lost, first
