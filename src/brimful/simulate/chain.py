"""Packets through a chain of stages, and the proof that none went missing on the way."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from brimful.simulate.stage import Account, Block, Stage

Progress = Callable[[float, int], None]
"""Told after each block: the time of its last packet (ns), and how many have arrived."""


class Unbalanced(Exception):
    """A stage made or lost packets that it does not account for, or gave them out of order: a fault of the simulator."""


class Outcome(msgspec.Struct):
    """What a run did: packets that arrived, that were delivered at the end of the chain, and each stage's account by name.

    `ended_ns` is when the last one left; `inside` waits for something that did not come.
    """

    arrived: int
    delivered: int
    inside: int
    ended_ns: float
    accounts: dict[str, Account]

    @property
    def lost(self) -> int:
        """Packets lost at any stage."""
        return sum(sum(account.lost.values()) for account in self.accounts.values())


class Chain:
    """Stages one after the other: what leaves one arrives at the next."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        names = [stage.name for stage in stages]
        if len(set(names)) != len(names):
            raise ValueError(f"two stages of one name among {', '.join(names)}")
        self._stages = stages
        self._passed = [0] * (len(stages) + 1)
        self._last = [0.0] * (len(stages) + 1)

    def advance(self, block: Block) -> None:
        """Let a block of packets come."""
        self._enter(0, block)

    def finish(self) -> Outcome:
        """Let no more come, and return what was done."""
        self._check()
        for number, stage in enumerate(self._stages):
            self._enter(number + 1, stage.finish())
        self._check()
        accounts = {stage.name: stage.account() for stage in self._stages}
        inside = sum(account.inside for account in accounts.values())
        outcome = Outcome(self._passed[0], self._passed[-1], inside, max(self._last), accounts)
        if outcome.arrived != outcome.delivered + outcome.lost + outcome.inside:
            raise Unbalanced(
                f"{outcome.arrived} arrived, {outcome.delivered} delivered, {outcome.lost} lost, {inside} inside"
            )
        return outcome

    @property
    def arrived(self) -> int:
        """Packets that have arrived so far."""
        return self._passed[0]

    def _enter(self, number: int, block: Block) -> None:
        """Take a block through the stages from this one on."""
        for at, stage in enumerate(self._stages[number:], number):
            self._pass(at, block)
            block = stage.advance(block)
        self._pass(len(self._stages), block)

    def _pass(self, at: int, block: Block) -> None:
        """Count what comes to a stage, or at last to the end."""
        if not len(block.times):
            return
        if block.times[0] < self._last[at]:
            raise Unbalanced(f"{self._before(at)}: a packet at {block.times[0]} ns after one at {self._last[at]} ns")
        self._last[at] = float(block.times[-1])
        self._passed[at] += len(block.times)

    def _before(self, at: int) -> str:
        return self._stages[at - 1].name if at else "arrivals"

    def _check(self) -> None:
        """Hold each stage's account against itself and against what went in and out."""
        for number, stage in enumerate(self._stages):
            account = stage.account()
            lost = sum(account.lost.values())
            passed = self._passed[number], self._passed[number + 1]
            if passed != (account.arrived, account.delivered):
                raise Unbalanced(f"{stage.name}: counts {account.arrived}, {account.delivered}: {passed} came and left")
            if account.inside < 0 or account.arrived != account.delivered + lost + account.inside:
                raise Unbalanced(
                    f"{stage.name}: {account.arrived} arrived, {account.delivered} delivered, {lost} lost, "
                    f"{account.inside} inside"
                )


def run(blocks: Iterable[Block], stages: Sequence[Stage], progress: Progress | None = None) -> Outcome:
    """Return what becomes of packets in a chain; raises `Unbalanced` when the sums do not agree."""
    chain = Chain(stages)
    for block in blocks:
        chain.advance(block)
        if progress is not None and len(block.times):
            progress(float(block.times[-1]), chain.arrived)
    return chain.finish()
