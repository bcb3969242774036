"""Packets of one stage to several chains side by side, and what leaves these together again: receive side scaling, ECMP, a bond.

What leaves a chain has to wait until no other chain can give an earlier packet: one that has packets inside, and has seen none
for long, holds up the rest. That is the order of the result, not time: each packet keeps its own.
"""

from collections.abc import Sequence
from math import inf

from brimful.simulate.compiled import Floats, Integers, floats, integers
from brimful.simulate.stage import Account, Block, Stage
from brimful.simulate.stages.leaving import Leaving


class Split:
    """Chains of stages; `spread` names the one that a packet goes to, over and over.

    Stages of one name in several chains are counted together, but for levels, of which the highest is told.
    """

    def __init__(self, chains: Sequence[Sequence[Stage]], spread: Sequence[int], name: str = "split") -> None:
        if not all(0 <= chain < len(chains) for chain in spread) or not spread:
            raise ValueError(f"there are {len(chains)} chains")
        self.name = name
        self._chains = chains
        self._spread = spread
        self._arrived = 0
        self._known = [-inf] * len(chains)
        self._leaving = Leaving()

    def advance(self, block: Block) -> Block:
        """Take in packets; return those that have left, as far as their order is known."""
        if not len(block.times):
            return block
        parts = _parts(
            block, [self._spread[(self._arrived + at) % len(self._spread)] for at in range(len(block.times))]
        )
        self._arrived += len(block.times)
        left = [self._through(chain, parts.get(chain)) for chain in range(len(self._chains))]
        sure = block.times[-1]
        for chain, known in enumerate(self._known):
            if any(stage.account().inside for stage in self._chains[chain]):
                sure = min(sure, known)
        return self._merge(left, sure)

    def finish(self) -> Block:
        """Let all that is inside leave."""
        left = []
        for chain in self._chains:
            out = [stage.finish() for stage in chain[:1]]
            for stage in chain[1:]:
                out = [stage.advance(block) for block in out]
                out.append(stage.finish())
            left.extend(out)
        return self._merge(left, inf)

    def account(self) -> Account:
        """Return what was done so far."""
        total = Account(arrived=self._arrived, delivered=self._leaving.delivered, inside=len(self._leaving))
        for account in (stage.account() for chain in self._chains for stage in chain):
            total.inside += account.inside
            _add(total.lost, account.lost)
            _add(total.near, account.near)
            for name, time in account.first_lost_ns.items():
                total.first_lost_ns[name] = min(time, total.first_lost_ns.get(name, inf))
            for name, level in account.level.items():
                total.level[name] = max(level, total.level.get(name, 0))
            for name, level in account.highest.items():
                total.highest[name] = max(level, total.highest.get(name, 0))
            for name, seen in account.seen.items():
                total.seen[name] = _sums(seen, total.seen.get(name, []))
        return total

    def _through(self, number: int, block: Block | None) -> Block:
        """Take a part through one chain; keep when its last stage was reached last: the rest leaves after that."""
        if block is None:
            return Block(floats(0), integers(0))
        *before, final = self._chains[number]
        for stage in before:
            block = stage.advance(block)
        if len(block.times):
            self._known[number] = block.times[-1]
        return final.advance(block)

    def _merge(self, blocks: Sequence[Block], until: float) -> Block:
        times, sizes, count = self._leaving.room(sum(len(block.times) for block in blocks))
        for block in blocks:
            times[count : count + len(block.times)] = block.times
            sizes[count : count + len(block.times)] = block.sizes
            count += len(block.times)
        return self._leaving.leave(times, sizes, count, until)


def _parts(block: Block, chosen: Sequence[int]) -> dict[int, Block]:
    """Return the packets of each chain."""
    rows: dict[int, tuple[list[float], list[int]]] = {}
    for time, size, chain in zip(block.times, block.sizes, chosen, strict=True):
        times, sizes = rows.setdefault(chain, ([], []))
        times.append(time)
        sizes.append(size)
    return {chain: Block(_floats(times), _integers(sizes)) for chain, (times, sizes) in rows.items()}


def _floats(values: list[float]) -> Floats:
    found = floats(len(values))
    found[:] = values
    return found


def _integers(values: list[int]) -> Integers:
    found = integers(len(values))
    found[:] = values
    return found


def _add(total: dict[str, int], counts: dict[str, int]) -> None:
    for name, count in counts.items():
        total[name] = total.get(name, 0) + count


def _sums(one: list[int], other: list[int]) -> list[int]:
    longest = max(len(one), len(other))
    return [sum(row[at] for row in (one, other) if at < len(row)) for at in range(longest)]
