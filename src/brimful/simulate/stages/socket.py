"""The receive queue of a datagram socket, charged as the kernel charges it, and the program that reads it.

The charge is memory, not payload: `truesize`. What fits changed: Linux 6.18 drops a datagram that would bring the charge
over the receive buffer, before that one was dropped only when the charge was over it already (net/ipv4/udp.c,
__udp_enqueue_schedule_skb); packet and raw sockets drop when it has reached it (net/core/sock.c, sock_queue_rcv_skb). UDP
gives back what was read a quarter of the buffer at a time, or when the reader has emptied its own part (udp_rmem_release).
"""

from typing import Literal

from brimful.simulate.compiled import Integers, integers
from brimful.simulate.stages.reading import BEFORE, BELOW, LARGEST, WITHIN, Reader, Reading

HEADROOM, SHARED_INFO, SK_BUFF = 64, 320, 256
"""Bytes before the frame (NET_SKB_PAD), of struct skb_shared_info and of struct sk_buff, in whole cache lines (x86-64)."""
CACHE_LINE, SMALLEST_HEAD = 64, 512
FCS = 4

ADMITS = {"udp": WITHIN, "udp before 6.18": BEFORE, "packet": BELOW}
Kind = Literal["udp", "udp before 6.18", "packet"]


def truesize(size: int) -> int:
    """Return the memory that a frame of `size` bytes (with FCS) is charged in a buffer of its own, as a power of two.

    Drivers that hand up whole pages charge more: where the truesize is known (tracepoint sock_rcvqueue_full), give that.
    """
    data = -(-(HEADROOM + max(size - FCS, 0)) // CACHE_LINE) * CACHE_LINE + SHARED_INFO
    return int(max(SMALLEST_HEAD, 1 << (data - 1).bit_length())) + SK_BUFF


def socket(
    *,
    receive_buffer: int = 212_992,
    charge: int = 0,
    reader: Reader | None = None,
    kind: Kind = "udp",
    name: str = "socket.receive",
) -> Reading:
    """Return a socket with `receive_buffer` bytes (SO_RCVBUF as the kernel doubled it) and its reader.

    `charge`: bytes that each datagram is charged; 0: `truesize` of its frame.
    """
    return Reading(
        name,
        limit=receive_buffer,
        charges=_charges(charge),
        admits=ADMITS[kind],
        reader=reader or Reader(),
        loses="socket.receive.dropped",
        batch=0 if kind == "packet" else receive_buffer // 4,
    )


def _charges(charge: int) -> Integers:
    charges = integers(LARGEST + 1, charge)
    if not charge:
        for size in range(LARGEST + 1):
            charges[size] = truesize(size)
    return charges
