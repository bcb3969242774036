"""Two servers one behind the other, of which the first waits for the second: blocking after service.

A packet moves to the second when the first has served it, and the packet as many before it as the second has places has
left: `moves[i] = max(served[i], leaves[i - places])`.
"""

from collections.abc import Sequence
from math import inf

from brimful.simulate.compiled import Floats, Integers, compiled, floats, integers
from brimful.simulate.stage import Account, Block
from brimful.simulate.stages.occupancy import powers
from brimful.simulate.stages.service import Service, Times


class Coupled:
    """Two servers, each with so many places, of which the first waits when the second is full: blocking after service.

    A packet that the first has served stays in its place until the second has one free. Only who finds the first full is lost,
    counted as `loses`; who had to wait between is counted as `waits`, and is not lost.
    """

    def __init__(  # noqa: PLR0913 - what it is, and its names
        self,
        name: str,
        places: tuple[int, int],
        services: tuple[Service, Service],
        *,
        seed: str = "",
        loses: str = "queue.full",
        waits: str = "queue.waited",
    ) -> None:
        self.name = name
        self.loses = loses
        self.waits = waits
        self._places = places
        self._first_times, self._second_times = (
            Times(service, f"{seed}/{name}/{number}") for number, service in enumerate(services)
        )
        self._seen = integers(places[0] + 1)
        self._seen_second = integers(places[1] + 1)
        self._moves = floats(0)
        self._inside = Block(floats(0), integers(0))
        self._last = (0.0, 0.0)
        self._most = (0, 0)
        self._lost = self._waited = self._delivered = self._moved = 0
        self._first_lost = inf

    def advance(self, block: Block) -> Block:
        """Take in a block: return those packets that have left the second when the last one has come to the first."""
        carried = len(self._inside.times)
        first, second = self._first_times.of(block), self._second_times.of(block)
        moves, leaves = (floats(carried + len(block.times) + 1, inf) for _ in range(2))
        sizes = integers(len(leaves))
        moves[:carried] = self._moves
        leaves[:carried] = self._inside.times
        sizes[:carried] = self._inside.sizes
        head, moved, tail, self._last, self._most, lost, waited, first_lost = _serve_coupled(
            block.times,
            block.sizes,
            first,
            second,
            moves,
            leaves,
            sizes,
            carried,
            self._last,
            self._places,
            self._most,
            self._seen,
            self._seen_second,
        )
        self._lost += lost
        self._waited += waited
        self._first_lost = min(self._first_lost, float(first_lost))
        self._delivered += head
        self._moves = moves[head:tail]
        self._moved = moved - head
        self._inside = Block(leaves[head:tail], sizes[head:tail])
        return Block(leaves[:head], sizes[:head])

    def finish(self) -> Block:
        """Serve those who are inside."""
        rest, self._inside = self._inside, Block(floats(0), integers(0))
        self._moves = floats(0)
        self._moved = 0
        self._delivered += len(rest.times)
        return rest

    def account(self) -> Account:
        """Return what was done so far. Levels are packets, those of the second as an arrival at the first found them."""
        names = (f"{self.name}.first", f"{self.name}.second")
        both = dict(zip(names, (self._seen, self._seen_second), strict=True))
        account = Account(
            arrived=int(sum(self._seen)),
            delivered=self._delivered,
            inside=len(self._inside.times),
            level=dict(zip(names, (len(self._moves) - self._moved, self._moved), strict=True)),
            highest=dict(zip(names, self._most, strict=True)),
            seen={name: powers(seen) for name, seen in both.items()},
        )
        if self._waited:
            account.near[self.waits] = self._waited
        if self._lost:
            account.lost[self.loses] = self._lost
            account.first_lost_ns[self.loses] = self._first_lost
        return account


@compiled
def _serve_coupled(  # noqa: PLR0913, PLR0917 - compiled code gets its state as numbers
    times: Sequence[float],
    sizes: Sequence[int],
    first_services: Floats,
    second_services: Floats,
    moves: Floats,
    leaves: Floats,
    lengths: Integers,
    tail: int,
    last: tuple[float, float],
    places: tuple[int, int],
    most: tuple[int, int],
    seen: Integers,
    seen_second: Integers,
) -> tuple[int, int, int, tuple[float, float], tuple[int, int], int, int, float]:
    """Fill in when each packet moves to the second and leaves it.

    Return (first and last inside the second at the end, last inside the first, last departures, most in each, lost,
    who had to wait, since).
    """
    head = moved = left = lost = waited = 0
    most_first, most_second = most
    first = inf
    moves_last, leaves_last = last
    for index in range(len(times)):
        time = times[index]
        while moves[moved] <= time:
            moved += 1
        while leaves[head] <= time:
            head += 1
        inside = tail - moved
        seen[inside] += 1
        seen_second[moved - head] += 1
        if inside == places[0]:
            if not lost:
                first = time
            lost += 1
            continue
        moves_last = max(time, moves_last) + first_services[index]
        before = tail - places[1]
        if before >= 0 and leaves[before] > moves_last:
            moves_last = leaves[before]
            waited += 1
        while leaves[left] <= moves_last:
            left += 1
        most_first = max(most_first, inside + 1)
        most_second = max(most_second, tail - left + 1)
        leaves_last = max(moves_last, leaves_last) + second_services[index]
        moves[tail] = moves_last
        leaves[tail] = leaves_last
        lengths[tail] = sizes[index]
        tail += 1
    return head, moved, tail, (moves_last, leaves_last), (most_first, most_second), lost, waited, first
