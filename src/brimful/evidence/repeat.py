"""A counter that grows although nothing happens: the same register is added to it again at every read.

By the data sheet a NIC's statistics registers are cleared by reading, so e1000 adds what it reads to its totals
(e1000_update_stats, drivers/net/ethernet/intel/e1000/e1000_main.c). QEMU keeps the missed-packets and no-buffer registers
through a read (macreg_readops, hw/net/e1000.c): once frames were missed, the totals grow at every read for ever.
"""

from itertools import pairwise
from math import gcd

from brimful.evidence.delta import Reading, Step

REPEATABLE = frozenset(("nic.fifo.overrun", "nic.ring.waited"))
"""What is known to be counted by such registers."""

ADVANCES = 3
"""Advances that have to agree: new losses would have to share a large divisor three times."""

LEAST = 100
"""A number that small may come again by chance."""

READS = 16
"""More reads between two samples are not taken for the explanation."""


def repeated(reading: Reading, passed: int) -> int:
    """Return the number that a counter repeats, or 0 where it may count something.

    Every advance is the number times a few (all who read add it), and fewer frames than that passed at all.
    """
    if reading.samples <= ADVANCES or reading.steps != {Step.ADVANCED}:
        return 0
    values = [frame.values[index] for frame, index in reading.frames]
    advances = [after - before for before, after in pairwise(values) if after != before]
    number = gcd(*advances)
    enough = len(advances) >= ADVANCES and number >= LEAST and number > passed
    return number if enough and max(advances) <= READS * number else 0
