"""What is counted of each queue, and where it stands: the shape of the entries that the programs fill.

An entry begins with the words of `HEAD`; the counts of its ranges follow, and `begun` comes last.
"""

import msgspec

from brimful.kernel.btf import Btf

MOST_BOUNDS = 4096
"""Bounds of all ranges together: a jump leads over no more than 32,767 instructions."""
HEAD = (
    "ended",
    "discipline",
    "interface_handle",
    "parent_netns",
    "own_queue",
    "first_queue",
    "unlocked",
    "first_ns",
    "last_ns",
    "packets",
    "bytes",
    "first_packets",
    "first_bytes",
    "requeues",
    "epoch",
    "peak_packets",
    "peak_bytes",
    "before_packets",
    "before_bytes",
    "arrived",
    "left",
    "unmatched",
    "unplaced",
    "corrected",
)
"""The words of a queue's entry before its ranges. `begun` comes last of all: an entry is whole when it equals `ended`."""

AT = {name: 8 * index for index, name in enumerate(HEAD)}
"""Where these words are, in bytes. In the first entry, which is no queue, the first two are others:"""
EPOCH_AT = 0
LOST_AT = 8

Bounds = tuple[int, ...]
"""The lower bounds of ranges, ascending from 0."""


class Ranges(msgspec.Struct, frozen=True):
    """The ranges that are counted in, several at once: of bytes, of packets, and of nanoseconds in the queue.

    Where `waits` is empty no packet is followed, which costs less.
    """

    bytes: tuple[Bounds, ...] = ()
    packets: tuple[Bounds, ...] = ()
    waits: tuple[Bounds, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """Where each range's counters are in an entry, in bytes: times and arrivals of a depth, packets of a wait."""

    ranges: Ranges
    byte_times: tuple[int, ...]
    byte_finds: tuple[int, ...]
    packet_times: tuple[int, ...]
    packet_finds: tuple[int, ...]
    waits: tuple[int, ...]
    begun: int

    @property
    def size(self) -> int:
        """Bytes of an entry."""
        return self.begun + 8


class Maps(msgspec.Struct, frozen=True):
    """The descriptors of the programs' maps.

    `entries` by number, `known` the number by discipline, `free` the numbers not in use, `watched` the inode of the
    network namespace by index of the interface (None: all are watched), `flight` the time by packet (None: not followed).
    """

    entries: int
    known: int
    free: int
    watched: int | None
    flight: int | None


class Offsets(msgspec.Struct, frozen=True):
    """Where the members are that are read, in bytes."""

    flags: int
    queue: int
    length: int
    backlog: int
    requeues: int
    returned: int
    packet_length: int
    packet_next: int
    queue_device: int
    device_queues: int
    device_net: int
    net_inode: int


def offsets_of(types: Btf) -> Offsets:
    """Return the offsets in a kernel with these types; `BtfError` where one is not to be found."""
    return Offsets(
        types.offset("Qdisc", "flags"),
        types.offset("Qdisc", "dev_queue"),
        types.offset("Qdisc", "q", "qlen"),
        types.offset("Qdisc", "qstats", "backlog"),
        types.offset("Qdisc", "qstats", "requeues"),
        types.offset("Qdisc", "gso_skb", "qlen"),
        types.offset("sk_buff", "cb") + types.offset("qdisc_skb_cb", "pkt_len"),
        types.offset("sk_buff", "next"),
        types.offset("netdev_queue", "dev"),
        types.offset("net_device", "_tx"),
        types.offset("net_device", "nd_net", "net"),
        types.offset("net", "ns", "inum"),
    )


def planned(ranges: Ranges) -> Plan:
    """Return where the counters of these ranges are; `ValueError` for bounds that are not ascending from 0, or too many."""
    every = (*ranges.bytes, *ranges.packets, *ranges.waits)
    if sum(map(len, every)) > MOST_BOUNDS:
        raise ValueError(f"these are more than {MOST_BOUNDS} ranges")
    for bounds in every:
        if bounds[:1] != (0,) or list(bounds) != sorted(set(bounds)):
            raise ValueError("the bounds of ranges ascend from 0")
    end = 8 * len(HEAD)
    places: list[tuple[int, ...]] = []
    for group in (ranges.bytes, ranges.bytes, ranges.packets, ranges.packets, ranges.waits):
        starts = []
        for bounds in group:
            starts.append(end)
            end += 8 * len(bounds)
        places.append(tuple(starts))
    byte_times, byte_finds, packet_times, packet_finds, waits = places
    return Plan(ranges, byte_times, byte_finds, packet_times, packet_finds, waits, end)
