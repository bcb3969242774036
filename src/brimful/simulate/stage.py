"""What every stage of a simulated chain does: packets come in, in order of time, and leave in order of time.

There is no event list. A stage is a pass over blocks of packets: it gets when each arrives and how long it is, and says when
each leaves, or that it was lost and where. Buffers that hold each other up (a NIC's FIFO waits for descriptors) are one stage.

Times are nanoseconds since the start, as floats: sums and differences of them are the same in every processor and with or
without Numba. The code that runs for each packet is plain Python over arrays, compiled by Numba where that is installed: one
source of truth, and the same results for the same seeds.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

LOST = -1.0
"""When a packet leaves that was lost."""
BETWEEN = 20
"""Bytes of preamble, start of frame and gap around each frame on an Ethernet link (IEEE 802.3, 4.4.2)."""


class Block(msgspec.Struct):
    """Packets in order of time: when each arrives (ns), its length (bytes on the wire, with frame check sequence)."""

    times: Sequence[float]
    sizes: Sequence[int]


class Account(msgspec.Struct):
    """What a stage has done so far: `arrived = delivered + the sum of lost + inside`, always.

    `lost` and `near` (near misses: nothing was lost) count by the name of a meaning (`nic.fifo.overrun`,
    `nic.ring.waited`, `socket.receive.dropped`, ...); `first_lost_ns` is when each was lost first. `level` is how full
    each of its buffers is now, `highest` how full it was at the most, `seen` how often a packet found so many in it (a
    histogram by power of two).
    """

    arrived: int = 0
    delivered: int = 0
    inside: int = 0
    lost: dict[str, int] = {}
    near: dict[str, int] = {}
    first_lost_ns: dict[str, float] = {}
    level: dict[str, int] = {}
    highest: dict[str, int] = {}
    seen: dict[str, list[int]] = {}


class Stage(Protocol):
    """One buffer, or several that hold each other up, with its parameters set and its state."""

    name: str

    def advance(self, block: Block) -> Block:
        """Take in a block, in order of time; return those packets that have left by then, in order of time."""
        ...

    def finish(self) -> Block:
        """Let no more come: return those that still leave."""
        ...

    def account(self) -> Account:
        """Return what was done so far."""
        ...
