"""What is known of buffers without simulating them: closed forms, each exact for what it says it is for.

Rates are packets a second, times seconds, sizes bytes.
"""

from collections.abc import Iterator
from itertools import islice
from math import ceil, exp, floor

MOST = 1 << 16
"""Places that are looked through for the smallest that will do: more than any ring has."""
TINY = 1e-30
"""A chance that changes nothing."""
HUGE = 1e200
"""Weight of a state, beside that of the empty queue, from which on more states change nothing."""
LEAST_LOSS = 1e-12
"""Losses below this are lost in the digits of a float."""


def stall(ring: float, fifo_frames: float, rate: float, cost_s: float = 0.0) -> float:
    """Return how long nobody may take frames out of a ring before one is lost, when they come steadily.

    First the ring takes `ring` frames, then the NIC's FIFO as many as it holds: (ring + FIFO) / rate. Where a frame costs
    the CPU time, one is there when the stall begins, and the first after it is only out when it is done.
    """
    return max(0.0, (ring + fifo_frames - (cost_s > 0)) / rate - cost_s)


def ring_for_stall(
    stall_s: float, fifo_frames: float, rate: float, *, cost_s: float = 0.0, allowed: float = 0.0
) -> int:
    """Return the descriptors with which a stall loses no more than `allowed` frames: the stall law, solved for the ring."""
    return max(1, ceil(round((stall_s + cost_s) * rate - fifo_frames - allowed, 6)) + (cost_s > 0))


def catches_up(load: float, stall_s: float, every_s: float | None) -> bool:
    """Tell whether what piled up in a stall is worked off before the next: load <= 1 - stall / every."""
    return load < 1 if every_s is None else load <= 1 - stall_s / every_s


def random_losses(load: float) -> Iterator[float]:
    """Yield the share of packets that is lost with 1, 2, 3 ... places, that being served included: M/D/1/K.

    Poisson arrivals, one server, a fixed time of service; `load` is that time times the arrival rate. With p0 the chance
    that a packet leaves nothing behind, 1 - 1 / (p0 + load) is lost (Gross et al., Fundamentals of Queueing Theory). What
    crosses a level upwards crosses it downwards: each state follows from those before it by sums of positive terms only,
    which lose no digits. Exact to about 1e-14.
    """
    beyond = _beyond(load)
    weights, total = [1.0], 1.0
    while weights[-1] < HUGE:
        yield max(0.0, 1 / total + load - 1) / (1 / total + load)
        weights.append(_following(weights, beyond, exp(-load)))
        total += weights[-1]


def _beyond(load: float) -> list[float]:
    """Return the chances that more than 0, 1, 2 ... packets arrive while one is served, as long as they matter."""
    chances, k = [exp(-load)], 0
    while chances[-1] > TINY or k < load:
        k += 1
        chances.append(chances[-1] * load / k)
    sums, rest = [], 0.0
    for chance in reversed(chances[1:]):
        rest += chance
        sums.append(rest)
    return sums[::-1]


def _following(weights: list[float], beyond: list[float], none: float) -> float:
    """Return the weight of the next state: what crosses up into it or beyond, over the chance that nothing comes."""
    k = len(weights) - 1
    up = beyond[k] if k < len(beyond) else 0.0
    for j in range(max(1, k + 2 - len(beyond)), k + 1):
        up += weights[j] * beyond[k - j + 1]
    return up / none


def smallest_ring(load: float, target: float) -> int | None:
    """Return the descriptors of the smallest ring that loses no more than `target` of random arrivals; None: none up to `MOST` does.

    A frame that waits in the NIC holds a place beside the ring: K = ring + 1.
    """
    if load > 1 and target < 1 - 1 / load:
        return None
    for places, loss in enumerate(islice(random_losses(load), MOST), 1):
        if loss <= target:
            return max(1, places - 1)
    return None


def messages(pause_s: float, rate: float, read_s: float = 0.0) -> int:
    """Return how many messages a socket must hold for a pause of its reader.

    Linux takes what was read off a UDP socket's charge a quarter of the receive buffer at a time, or when the reader has
    read all it had moved to itself (udp_rmem_release): while the first quarter is read, as many come as `read_s` lets.
    """
    return ceil(round(rate * pause_s / (1 - rate * read_s / 4), 6))


def fifo_frames(fifo: float, size: float) -> int:
    """Return how many frames of a size a FIFO holds: whole ones."""
    return floor(fifo / size)


HEADS = (576, 1024, 2048, 4096, 8192, 16384)
"""Memory for the data of a packet: the kernel's `skbuff_small_head`, then powers of two (mm/slab, net/core/skbuff.c)."""
SHARED, STRUCTURE, HEADERS, LINE = 320, 256, 59, 64
"""Bytes of skb_shared_info and of sk_buff with alignment; of IP, UDP and link headers and alignment; of a cache line."""


def truesize(length: int) -> int:
    """Return what Linux charges a socket for a datagram of `length` bytes from the same host.

    Measured on Linux 6.18 over the loopback interface, 64-bit. A NIC's driver chooses its own buffers: often more.
    """
    data = ceil((length + HEADERS) / LINE) * LINE + SHARED
    return STRUCTURE + next((head for head in HEADS if data <= head), data)
