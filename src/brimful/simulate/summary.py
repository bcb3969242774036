"""What replications of a scenario say together: losses with intervals, who lost first and when, how full buffers were."""

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

import msgspec

from brimful.simulate.replications import Interval, interval
from brimful.simulate.stage import Account


class Replication(msgspec.Struct, frozen=True):
    """One run: each stage's name and what it has done, in the order of the chain.

    `overflow_ns` is the time from when the CPU was last taken away to the first loss; None without these two.
    """

    stages: tuple[tuple[str, Account], ...]
    overflow_ns: float | None = None

    @property
    def arrived(self) -> int:
        """Packets that came to the first stage."""
        return self.stages[0][1].arrived

    @property
    def lost(self) -> int:
        """Packets that were lost anywhere."""
        return sum(sum(account.lost.values()) for _, account in self.stages)


class Loss(msgspec.Struct, frozen=True):
    """Packets lost, or nearly lost, under one meaning: in a replication, and as a share of all that arrived."""

    stage: str
    meaning: str
    near: bool
    packets: Interval
    share: Interval
    runs: int
    first_ns: tuple[float, ...] = ()
    """When it was lost first, in each of those runs."""


class Passage(msgspec.Struct, frozen=True):
    """One line of the ledger, summed over the replications: `arrived = delivered + lost + inside`."""

    stage: str
    arrived: int
    delivered: int
    lost: int
    inside: int


class Fill(msgspec.Struct, frozen=True):
    """How full a buffer was: at the most, and how often a packet found so many in it, by power of two."""

    stage: str
    buffer: str
    highest: int
    seen: tuple[int, ...] = ()


class First(msgspec.Struct, frozen=True):
    """Which loss came first in how many of the replications, and when (ns after the start)."""

    meaning: str
    runs: int
    earliest_ns: float
    latest_ns: float


class Summary(msgspec.Struct, frozen=True):
    """What replications of one scenario say together."""

    replications: int
    arrived: int
    total: Interval
    """Share of the packets that was lost anywhere."""
    losses: tuple[Loss, ...]
    firsts: tuple[First, ...]
    overflows_ns: tuple[float, ...]
    """Time from when the CPU was taken away to the first loss, in each run that had both."""
    ledger: tuple[Passage, ...]
    fills: tuple[Fill, ...]

    @property
    def lost(self) -> tuple[Loss, ...]:
        """What was lost for good."""
        return tuple(loss for loss in self.losses if not loss.near)


def summary(runs: Sequence[Replication]) -> Summary:
    """Return what replications, of which there is at least one, say together."""
    return Summary(
        replications=len(runs),
        arrived=sum(run.arrived for run in runs),
        total=interval([_share(run.lost, run) for run in runs]),
        losses=tuple(_losses(runs)),
        firsts=tuple(_firsts(runs)),
        overflows_ns=tuple(run.overflow_ns for run in runs if run.overflow_ns is not None),
        ledger=tuple(_passage(stage) for stage in _stages(runs)),
        fills=tuple(_fills(runs)),
    )


def _stages(runs: Sequence[Replication]) -> Iterable[tuple[str, list[Account]]]:
    """Yield each stage with its account in every replication."""
    for number, (name, _) in enumerate(runs[0].stages):
        yield name, [run.stages[number][1] for run in runs]


def _losses(runs: Sequence[Replication]) -> Iterable[Loss]:
    for stage, accounts in _stages(runs):
        for near, counts in ((False, [one.lost for one in accounts]), (True, [one.near for one in accounts])):
            for meaning in dict.fromkeys(name for count in counts for name in count):
                packets = [count.get(meaning, 0) for count in counts]
                if any(packets):
                    yield Loss(
                        stage=stage,
                        meaning=meaning,
                        near=near,
                        packets=interval([float(one) for one in packets]),
                        share=interval([_share(one, run) for one, run in zip(packets, runs, strict=True)]),
                        runs=sum(one > 0 for one in packets),
                        first_ns=tuple(one.first_lost_ns[meaning] for one in accounts if meaning in one.first_lost_ns),
                    )


def _firsts(runs: Sequence[Replication]) -> list[First]:
    """Return what was lost first, the most frequent at the head."""
    found: dict[str, list[float]] = {}
    for run in runs:
        times = [(at, name) for _, one in run.stages for name, at in one.first_lost_ns.items() if one.lost.get(name)]
        if times:
            at, name = min(times)
            found.setdefault(name, []).append(at)
    firsts = [First(name, len(times), min(times), max(times)) for name, times in found.items()]
    return sorted(firsts, key=lambda first: (-first.runs, first.earliest_ns))


def _passage(stage: tuple[str, list[Account]]) -> Passage:
    name, accounts = stage
    return Passage(
        stage=name,
        arrived=_sum(accounts, lambda one: one.arrived),
        delivered=_sum(accounts, lambda one: one.delivered),
        lost=_sum(accounts, lambda one: sum(one.lost.values())),
        inside=_sum(accounts, lambda one: one.inside),
    )


def _sum(accounts: list[Account], of: Callable[[Account], int]) -> int:
    return sum(of(one) for one in accounts)


def _fills(runs: Sequence[Replication]) -> Iterable[Fill]:
    for stage, accounts in _stages(runs):
        for buffer in dict.fromkeys(name for one in accounts for name in one.highest):
            rows = [one.seen.get(buffer, []) for one in accounts]
            yield Fill(
                stage=stage,
                buffer=buffer,
                highest=max(one.highest.get(buffer, 0) for one in accounts),
                seen=tuple(sum(column) for column in zip_longest(*rows, fillvalue=0)),
            )


def _share(packets: int, run: Replication) -> float:
    return packets / (run.arrived or 1)
