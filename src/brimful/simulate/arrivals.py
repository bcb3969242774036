"""Packets as they arrive: in step, at random, in bursts, from many senders at once; of one length or of a mix of them.

All are blocks of packets in order of time, ns since the start. What comes from a file is in `trace`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, count
from typing import Any, Protocol

import msgspec

from brimful.simulate.compiled import Floats, Integers, compiled, floats, integers
from brimful.simulate.stage import BETWEEN, Block
from brimful.simulate.twister import Twister

BLOCK = 10_000
"""Packets of a block: those of one block stay in the processor's cache from stage to stage."""


class Pattern(Protocol):
    """When packets come."""

    def times(self, twister: Twister) -> Iterator[Floats]:
        """Yield the times of packets without end, ns, in order."""
        ...


class Constant(msgspec.Struct, frozen=True):
    """A packet each `gap_ns`, the first at 0."""

    gap_ns: float

    def times(self, twister: Twister) -> Iterator[Floats]:
        """Yield the times."""
        del twister
        for first in count(0, BLOCK):
            times = floats(BLOCK)
            _step(first, self.gap_ns, times)
            yield times


class Poisson(msgspec.Struct, frozen=True):
    """Packets at random, `gap_ns` apart on average: exponential gaps."""

    gap_ns: float

    def times(self, twister: Twister) -> Iterator[Floats]:
        """Yield the times."""
        last = 0.0
        while True:
            times = twister.exponentials(BLOCK, self.gap_ns)
            last = _sum(last, times)
            yield times


class Bursts(msgspec.Struct, frozen=True):
    """On and off: `packets` with `gap_ns` between them, then `idle_ns` more before the next burst.

    Where `random`, both are means: the number of packets is geometric, the idle time exponential.
    """

    packets: int
    gap_ns: float
    idle_ns: float
    random: bool = True

    def times(self, twister: Twister) -> Iterator[Floats]:
        """Yield the times."""
        last = 0.0
        for first in count(0, BLOCK):
            if self.random:
                starts, times = twister.uniforms(BLOCK), twister.exponentials(BLOCK, self.idle_ns)
            else:
                starts, times = floats(BLOCK, 1.0), floats(BLOCK, self.idle_ns)
                for index in range(-first % self.packets, BLOCK, self.packets):
                    starts[index] = 0.0
            _burst(starts, 1.0 / self.packets, self.gap_ns, times)
            last = _sum(last, times)
            yield times


class Incast(msgspec.Struct, frozen=True):
    """Many senders that answer at once, each `every_ns`: each sends `packets`, `gap_ns` apart, after up to `jitter_ns`."""

    senders: int
    packets: int
    every_ns: float
    gap_ns: float
    jitter_ns: float = 0.0

    def __post_init__(self) -> None:
        """Refuse rounds that do not end before the next."""
        if self.jitter_ns + self.packets * self.gap_ns > self.every_ns:
            raise ValueError(f"{self.packets} packets of {self.gap_ns:g} ns do not end within {self.every_ns:g} ns")

    def times(self, twister: Twister) -> Iterator[Floats]:
        """Yield the times of one round after the other."""
        for turn in count():
            times: Any = floats(self.senders * self.packets)
            _answer(turn * self.every_ns, twister.uniforms(self.senders), self.jitter_ns, self.gap_ns, times)
            times.sort()
            yield times


class Mix:
    """Draws lengths of packets (bytes on the wire, with frame check sequence) by their shares."""

    def __init__(self, shares: Mapping[int, float], seed: str = "") -> None:
        if not shares or min(shares.values()) < 0 or not sum(shares.values()) > 0:
            raise ValueError(f"{dict(shares)} are no shares of packets by length")
        self._twister = Twister(f"{seed}/sizes")
        self._lengths = list(shares)
        self._sizes = integers(len(shares))
        self._bounds = floats(len(shares))
        total = sum(shares.values())
        for index, (size, bound) in enumerate(zip(shares, accumulate(shares.values()), strict=True)):
            self._sizes[index], self._bounds[index] = size, bound / total
        # a rounded sum may be less than 1: no number drawn is beyond the last
        self._bounds[-1] = 1.0

    def draw(self, packets: int) -> Integers:
        """Return the lengths of so many packets."""
        if len(self._lengths) == 1:
            return integers(packets, self._lengths[0])
        drawn = integers(packets)
        _choose(self._twister.uniforms(packets), self._bounds, self._sizes, drawn)
        return drawn


def arrivals(
    pattern: Pattern,
    sizes: Mapping[int, float],
    *,
    seed: str = "",
    until_ns: float | None = None,
    most: int | None = None,
) -> Iterator[Block]:
    """Yield blocks of packets of a pattern: those that come before `until_ns`, and at most so many."""
    if until_ns is None and most is None:
        raise ValueError("arrivals without end: say until when, or how many")
    mix = Mix(sizes, seed)
    left = most
    for times in pattern.times(Twister(f"{seed}/times")):
        end = len(times) if left is None else min(left, len(times))
        last = end if until_ns is None else bisect_left(times, until_ns, 0, end)
        if last:
            yield Block(times[:last], mix.draw(last))
        if left is not None:
            left -= end
        if last < end or left == 0:
            return


def on_wire(blocks: Iterable[Block], bits_per_s: float) -> Iterator[Block]:
    """Yield the same packets as one link brings them: each when its last byte has come, none while another is on the wire."""
    byte_ns = 8e9 / bits_per_s
    last = 0.0
    for block in blocks:
        times = floats(len(block.times))
        last = _carry(block.times, block.sizes, byte_ns, last, times)
        yield Block(times, block.sizes)


def blocks(times: Sequence[float], sizes: Sequence[int]) -> Iterator[Block]:
    """Yield packets that are known one by one, in order of time, as blocks."""
    for first in range(0, len(times), BLOCK):
        part = times[first : first + BLOCK]
        block = Block(floats(len(part)), integers(len(part)))
        for index, (time, size) in enumerate(zip(part, sizes[first : first + BLOCK], strict=True)):
            block.times[index], block.sizes[index] = time, size  # type: ignore[index]
        yield block


@compiled
def _step(first: int, gap_ns: float, times: Floats) -> None:
    for index in range(len(times)):
        times[index] = (first + index) * gap_ns


@compiled
def _sum(last: float, gaps: Floats) -> float:
    """Turn gaps into times, and return the last."""
    for index, gap in enumerate(gaps):
        last += gap
        gaps[index] = last
    return last


@compiled
def _burst(starts: Floats, share: float, gap_ns: float, idle: Floats) -> None:
    """Turn idle times into gaps: only a packet that starts a burst comes after one."""
    for index, start in enumerate(starts):
        idle[index] = gap_ns + idle[index] if start < share else gap_ns


@compiled
def _answer(begin: float, late: Floats, jitter_ns: float, gap_ns: float, times: Floats) -> None:
    packets = len(times) // len(late)
    for sender in range(len(late)):
        for packet in range(packets):
            times[sender * packets + packet] = begin + late[sender] * jitter_ns + packet * gap_ns


@compiled
def _choose(drawn: Floats, bounds: Floats, sizes: Integers, chosen: Integers) -> None:
    for index, uniform in enumerate(drawn):
        which = 0
        while uniform >= bounds[which]:
            which += 1
        chosen[index] = sizes[which]


@compiled
def _carry(times: Sequence[float], sizes: Sequence[int], byte_ns: float, last: float, arrived: Floats) -> float:
    for index in range(len(times)):
        last = max(times[index], last) + (sizes[index] + BETWEEN) * byte_ns
        arrived[index] = last
    return last
