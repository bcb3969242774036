"""Frames that come at equal distances, in blocks, and what becomes of them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from brimful.simulate.compiled import floats, integers
from brimful.simulate.stage import Account, Block, Stage

LINE = 672.0
"""ns from one frame of 64 bytes to the next on a link of 1 Gb/s."""


def block(times: Sequence[float], sizes: Sequence[int]) -> Block:
    """Return these as the arrays that stages work on."""
    made = Block(floats(len(times)), integers(len(times)))
    made.times[:] = times
    made.sizes[:] = sizes
    return made


def steady(count: int, gap: float = LINE, size: int = 64, each: int = 20_000) -> Iterator[Block]:
    for start in range(0, count, each):
        numbers = range(start, min(start + each, count))
        yield block([number * gap for number in numbers], [size] * len(numbers))


def through(stage: Stage, blocks: Iterator[Block]) -> tuple[list[float], Account]:
    """Return when each packet leaves, and the account: checked after each block."""
    left: list[float] = []
    arrived, last = 0, 0.0
    for coming in blocks:
        out = stage.advance(coming)
        left += map(float, out.times)
        arrived += len(coming.times)
        last = coming.times[-1] if len(coming.times) else last
        account = stage.account()
        assert account.arrived == arrived
        assert account.delivered == len(left)
        assert arrived == len(left) + sum(account.lost.values()) + account.inside
        assert not left or left[-1] <= last
    left += map(float, stage.finish().times)
    account = stage.account()
    assert account.inside == 0
    assert arrived == len(left) + sum(account.lost.values())
    assert all(before <= after for before, after in pairwise(left))
    return left, account
