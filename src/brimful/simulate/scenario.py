"""A scenario as a TOML file: what arrives, and how large and how fast each buffer of the chain is.

A section that is not there is a stage that is not in the chain, but for `[traffic]`, `[nic]`, `[cpu]` and `[run]`, whose
defaults are a 1 Gb/s NIC at line rate. Units are in the names of the keys. `[sweep]` names keys with the values to try.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from brimful.simulate.stage import BETWEEN

FASTEST = 10_000_000
"""Mb/s."""
SHORTEST = 1000.0
"""ns from one thing that comes again to the next."""
SMALLEST, LARGEST = 64, 16_384
IMIX = {64: 7.0, 594: 4.0, 1518: 1.0}
"""Frames by length: the simple Internet mix, 7 to 4 to 1 of IP packets of 40, 576 and 1500 bytes."""
Value = bool | int | float | str


class Bad(Exception):
    """A scenario that cannot be used; the text says where and why."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Keys of one table of the file."""


class Traffic(Section, frozen=True):
    """What arrives."""

    pattern: Annotated[
        Literal["constant", "poisson", "bursts", "incast", "trace"],
        Meta(
            description="how packets come: steadily, at random, on and off, from many senders at once, or from a file"
        ),
    ] = "constant"
    link_mbps: Annotated[float, Meta(gt=0, le=FASTEST, description="rate of the link that they come from, Mb/s")] = (
        1000.0
    )
    load: Annotated[float, Meta(gt=0, le=100, description="share of that link's frames that come, on average")] = 1.0
    packets_per_second: Annotated[
        Annotated[float, Meta(gt=0, le=1e12)] | None, Meta(description="their rate; in place of `load`")
    ] = None
    frame_bytes: Annotated[
        int, Meta(ge=SMALLEST, le=LARGEST, description="length of a frame, with its frame check sequence")
    ] = SMALLEST
    mix: Annotated[
        Literal["imix"] | dict[str, float] | None,
        Meta(
            description='frames by size instead: `"imix"` (7 of 64, 4 of 594, 1 of 1518 bytes) or `{ 64 = 7, 1518 = 1 }`'
        ),
    ] = None
    burst_packets: Annotated[
        int,
        Meta(ge=1, le=1 << 16, description="packets of a burst, on average (`bursts`), or of each sender (`incast`)"),
    ] = 64
    senders: Annotated[int, Meta(ge=1, le=1 << 10, description="senders that answer at once (`incast`)")] = 16
    every_ns: Annotated[float, Meta(ge=SHORTEST, description="time from one incast to the next, ns")] = 1_000_000.0
    jitter_ns: Annotated[float, Meta(ge=0, description="time within which the senders of an incast begin, ns")] = 0.0
    trace: Annotated[
        str | None,
        Meta(description="file of packets (`trace`): pcap, or CSV of time in ns and bytes; beside the scenario"),
    ] = None

    def sizes(self) -> dict[int, float]:
        """Return the shares of frames by their length, sum 1."""
        mix = IMIX if self.mix == "imix" else {self.frame_bytes: 1.0} if self.mix is None else _mix(self.mix)
        total = sum(mix.values())
        return {size: weight / total for size, weight in sorted(mix.items())}

    def mean_bytes(self) -> float:
        """Return the mean length of a frame."""
        return sum(size * share for size, share in self.sizes().items())

    def gap_ns(self) -> float:
        """Return the mean time from one packet to the next."""
        if self.pattern == "incast":
            return self.every_ns / (self.senders * self.burst_packets)
        if self.packets_per_second is not None:
            return 1e9 / self.packets_per_second
        return self.frame_ns() / self.load

    def frame_ns(self) -> float:
        """Return how long a frame of mean length takes on the wire, with preamble and gap."""
        return (self.mean_bytes() + BETWEEN) * 8e3 / self.link_mbps


class Pcie(Section, frozen=True):
    """The link that the NIC writes frames through."""

    generation: Annotated[Literal[1, 2, 3, 4, 5], Meta(description="generation: 2.5, 5, 8, 16 or 32 GT/s")] = 3
    lanes: Annotated[Literal[1, 2, 4, 8, 12, 16], Meta(description="lanes that were negotiated")] = 8
    payload_bytes: Annotated[
        Literal[0, 128, 256, 512], Meta(description="maximum payload; 0: 128 in the first generation, else 256")
    ] = 0

    @property
    def gigatransfers(self) -> float:
        """GT/s of a lane."""
        return (2.5, 5.0, 8.0, 16.0, 32.0)[self.generation - 1]


class Nic(Section, frozen=True):
    """The NIC: its FIFO, how it writes to memory, its ring, its interrupts."""

    fifo_bytes: Annotated[int, Meta(ge=SMALLEST, le=1 << 30, description="MAC FIFO for received frames, bytes")] = (
        24_576
    )
    dma_ns: Annotated[
        float,
        Meta(
            ge=0, description="time to write one frame and its descriptor to memory, ns; with `[nic.pcie]`: of the host"
        ),
    ] = 60.0
    pcie: Pcie | None = None
    ring: Annotated[int, Meta(ge=1, le=1 << 20, description="descriptors of the receive ring (`ethtool -G rx`)")] = 2048
    refill: Annotated[int, Meta(ge=1, le=1 << 20, description="descriptors that the driver gives back at once")] = 16
    rest: Annotated[
        bool, Meta(description="the driver gives back the rest at the end of each poll too, as e1000e and igb do")
    ] = False
    moderation_ns: Annotated[
        float, Meta(ge=0, description="least time between two interrupts, ns (`ethtool -C rx-usecs`)")
    ] = 50_000.0
    queues: Annotated[int, Meta(ge=1, le=256, description="rings, each with a CPU of its own (RSS)")] = 1
    drops: Annotated[
        bool,
        Meta(description="a frame that finds no descriptor is dropped (Intel's DROP_EN); else it waits in the FIFO"),
    ] = False
    waits: Annotated[
        Literal["frames", "heads"],
        Meta(
            description="what `nic.ring.waited` counts: frames that found no descriptor, or waits at the FIFO's front"
        ),
    ] = "frames"
    driver: Annotated[str, Meta(description="driver whose counters are named in the outcome")] = "e1000e"


class Cpu(Section, frozen=True):
    """The CPU that polls the ring."""

    interrupt_ns: Annotated[float, Meta(ge=0, description="time from the interrupt to the first poll, ns")] = 2_000.0
    packet_ns: Annotated[float, Meta(ge=0, description="CPU time of one packet up to the socket, ns")] = 300.0
    byte_ns: Annotated[float, Meta(ge=0, description="CPU time of each byte, ns")] = 0.0
    weight: Annotated[int, Meta(ge=1, description="packets of one poll")] = 64
    budget: Annotated[int, Meta(ge=1, description="packets of one softirq (`net.core.netdev_budget`)")] = 300
    budget_ns: Annotated[float, Meta(gt=0, description="time of one softirq, ns (`net.core.netdev_budget_usecs`)")] = (
        2_000_000.0
    )
    yield_ns: Annotated[float, Meta(ge=0, description="time that others have after a softirq was cut short, ns")] = (
        20_000.0
    )
    stolen_ns: Annotated[float, Meta(ge=0, description="time that other work takes the CPU away, each time, ns")] = 0.0
    stolen_every_ns: Annotated[float, Meta(ge=SHORTEST, description="time from one such theft to the next, ns")] = (
        20_000_000.0
    )


class Socket(Section, frozen=True):
    """A datagram socket and its reader."""

    receive_buffer_bytes: Annotated[
        int, Meta(ge=1, description="receive buffer as the kernel charges it (`SO_RCVBUF` doubled)")
    ] = 212_992
    truesize_bytes: Annotated[
        int, Meta(ge=0, description="memory that a packet is charged for; 0: as the kernel does for its length")
    ] = 768
    read_ns: Annotated[float, Meta(ge=0, description="time in which the application reads one packet, ns")] = 10.0
    read_byte_ns: Annotated[float, Meta(ge=0, description="time for each of its bytes, ns")] = 0.0
    kind: Annotated[
        Literal["udp", "udp before 6.18", "packet"],
        Meta(description="whose rule says what fits: UDP since Linux 6.18 or before, or a packet socket"),
    ] = "udp"
    pause_ns: Annotated[float, Meta(ge=0, description="time that the application does not read, each time, ns")] = 0.0
    pause_every_ns: Annotated[float, Meta(ge=SHORTEST, description="time from one such pause to the next, ns")] = (
        100_000_000.0
    )


class Backlog(Section, frozen=True):
    """The backlog of a CPU that packets are steered to (`netif_rx`, RPS)."""

    packets: Annotated[int, Meta(ge=1, le=1 << 24, description="packets it holds (`net.core.netdev_max_backlog`)")] = (
        1000
    )
    packet_ns: Annotated[float, Meta(ge=0, description="time of that CPU for one packet, ns")] = 300.0


class Switch(Section, frozen=True):
    """The egress queue of a switch before the NIC."""

    link_mbps: Annotated[float, Meta(gt=0, le=FASTEST, description="rate of the egress link, Mb/s")] = 1000.0
    buffer_bytes: Annotated[int, Meta(ge=SMALLEST, description="shared buffer, bytes")] = 1_048_576
    alpha: Annotated[float, Meta(gt=0, description="dynamic threshold: a queue may have this much of what is free")] = (
        1.0
    )
    others_bytes: Annotated[int, Meta(ge=0, description="bytes of the buffer that other queues hold")] = 0
    cell_bytes: Annotated[int, Meta(ge=1, description="bytes of a cell: packets take whole ones")] = 1


class Pool(Section, frozen=True):
    """A dataplane's pool of packet buffers in user space, and the thread that works with them."""

    door: Annotated[
        Literal["kni", "pmd"],
        Meta(description="how packets come to it: from the kernel (KNI), or from a NIC that it polls"),
    ] = "kni"
    buffers: Annotated[int, Meta(ge=1, le=1 << 24, description="buffers of the pool")] = 8192
    backup: Annotated[int, Meta(ge=0, le=1 << 24, description="buffers of the backup pool")] = 0
    line: Annotated[int, Meta(ge=1, le=1 << 20, description="buffers that lie ready for packets that come")] = 1024
    burst: Annotated[
        int, Meta(ge=1, le=1 << 20, description="packets that are taken, and buffers laid ready, at once")
    ] = 32
    packet_ns: Annotated[float, Meta(ge=0, description="time of the thread for one packet, ns")] = 100.0
    held_ns: Annotated[float, Meta(ge=0, description="time that a packet keeps its buffer after that, ns")] = 0.0
    idle_refill: Annotated[
        bool,
        Meta(
            description="the thread lays buffers ready when no packets come too (KNI did not before DPDK 676ed80ad98f)"
        ),
    ] = True
    pause_ns: Annotated[float, Meta(ge=0, description="time that the thread does nothing, each time, ns")] = 0.0
    pause_every_ns: Annotated[float, Meta(ge=SHORTEST, description="time from one such pause to the next, ns")] = (
        100_000_000.0
    )


class Shaper(Section, frozen=True):
    """A token bucket before the transmit side (`tc qdisc tbf`)."""

    rate_mbps: Annotated[float, Meta(gt=0, le=FASTEST, description="rate, Mb/s")] = 1.0
    burst_bytes: Annotated[int, Meta(ge=SMALLEST, description="bytes that may leave at once (`burst`)")] = 5000
    limit_bytes: Annotated[int, Meta(ge=1, description="bytes that may wait (`limit`)")] = 20_000


class Transmit(Section, frozen=True):
    """What sends on: a queueing discipline, a transmit ring and a link."""

    link_mbps: Annotated[float, Meta(gt=0, le=FASTEST, description="rate of the link, Mb/s")] = 1000.0
    packets: Annotated[
        int, Meta(ge=1, le=1 << 20, description="packets of the queueing discipline (`pfifo limit`)")
    ] = 1000
    ring: Annotated[int, Meta(ge=1, le=1 << 20, description="descriptors of the transmit ring (`ethtool -G tx`)")] = 256
    wake: Annotated[int, Meta(ge=1, description="free descriptors that start a stopped queue again")] = 32
    clean_ns: Annotated[float, Meta(ge=0, description="time for which completions are put off, ns")] = 50_000.0
    in_flight_bytes: Annotated[int, Meta(ge=0, description="bytes in flight that byte queue limits allow; 0: all")] = 0


class Run(Section, frozen=True):
    """How long, how often, from which seed."""

    seconds: Annotated[float, Meta(gt=0, le=3600, description="simulated time of one replication")] = 1.0
    replications: Annotated[
        int, Meta(ge=2, le=10_000, description="runs with seeds of their own: intervals come from them")
    ] = 8
    seed: Annotated[int, Meta(ge=0, lt=1 << 32, description="the first seed: the same seed gives the same result")] = 1


class Scenario(Section, frozen=True):
    """The whole file."""

    name: Annotated[str, Meta(description="what it shows, in one line")] = ""
    traffic: Traffic = Traffic()
    switch: Switch | None = None
    nic: Nic = Nic()
    cpu: Cpu = Cpu()
    backlog: Backlog | None = None
    pool: Pool | None = None
    socket: Socket | None = None
    shaper: Shaper | None = None
    transmit: Transmit | None = None
    run: Run = Run()
    sweep: dict[str, list[Value]] = {}


def _mix(mix: dict[str, float]) -> dict[int, float]:
    found = {}
    for size, weight in mix.items():
        if not size.isdecimal() or not SMALLEST <= int(size) <= LARGEST:
            raise Bad(f"traffic.mix: {size!r} is not a length of {SMALLEST} to {LARGEST:,} bytes")
        if not weight >= 0:
            raise Bad(f"traffic.mix: {weight} is not a share")
        found[int(size)] = weight
    if not sum(found.values()) > 0:
        raise Bad("traffic.mix: has no frames")
    return found
