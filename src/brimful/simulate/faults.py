"""Faults whose truth is known: scenarios in which one buffer, or two, must overflow, each with a healthy twin.

A kind draws one scenario from random numbers: driver, sizes, traffic, and how strong the fault is. The twin is drawn from
the same numbers, with what is ill put right. What has to be said of it is the owner and the stage at which the walk down the
chain ends, by the parameters that were set and not by what the judge makes of it.
"""

from collections.abc import Callable
from random import Random

import msgspec

from brimful.chain.owner import Owner
from brimful.simulate.scenario import Backlog, Cpu, Nic, Pcie, Pool, Run, Scenario, Socket, Switch, Traffic, Transmit

PACKETS = 20_000
"""Packets of a run, about: enough for a mild fault to fill ring and FIFO, few enough to run a thousand."""
FIFO = 24_576
FRAME_NS = 672.0
"""A frame of 64 bytes on a link of 1 Gb/s, with preamble and gap."""
FIFO_FRAMES = FIFO // 64

WAITS = ("e1000e", "igb")
"""Drivers that count frames that waited for a descriptor."""
DROPS = ("igb", "ixgbe", "i40e", "ice", "mlx5_core", "bnxt_en")
"""Drivers that count frames that were dropped for want of one."""
TELLING = (*WAITS, "i40e", "ice", "mlx5_core")
"""Drivers that tell an overrun from a want of descriptors, and count both."""
SILENT = ("tg3", "ixgbe")
"""Drivers that count overruns alone, where a frame without a descriptor waits in the FIFO."""

BUS = (Owner.BUS, "nic.fifo")
RING = (Owner.KERNEL, "nic.ring")
BACKLOG = (Owner.KERNEL, "softnet.backlog")
READER = (Owner.APPLICATION, "socket.receive")
SENDING = (Owner.NETWORK, "qdisc.queue")
TRANSMITTING = (Owner.NETWORK, "nic.tx_ring")
EGRESS = (Owner.NETWORK, "switch.queue")
DATAPLANE = (Owner.APPLICATION, "kni.queue")
POOL = (Owner.APPLICATION, "pool.mbuf")
Verdict = tuple[Owner, str]


class Draw:
    """Random numbers of one fault, and whether it is brought about or its healthy twin is made."""

    def __init__(self, seed: str, *, ill: bool) -> None:
        self.random = Random(seed)  # noqa: S311 - a simulation
        self.ill = ill

    def load(self) -> float:
        """Return what comes as a share of what the drain can take: mildly or much too much; of the twin, well below."""
        mild, strong = self.random.uniform(1.15, 1.4), self.random.uniform(1.6, 3.0)
        well = self.random.uniform(0.3, 0.7)
        much = strong if self.random.random() < 0.5 else mild  # noqa: PLR2004 - one in two
        return much if self.ill else well

    def one(self, *values: str) -> str:
        """Return one of several names."""
        return self.random.choice(values)

    def of(self, *values: int) -> int:
        """Return one of several sizes."""
        return self.random.choice(values)


class Fault(msgspec.Struct, frozen=True):
    """A kind of fault: what is done, the verdicts that it calls for (none: nothing is lost), and how it is drawn.

    `also` is as right: the walk goes on from the queue to the full ring below it, whose drain is the same link, where the
    driver counts that. `lost` are the meanings that must have been lost for the fault to have come about.
    """

    name: str
    what: str
    verdicts: frozenset[Verdict]
    also: frozenset[Verdict]
    lost: frozenset[str]
    make: Callable[[Draw], Scenario]

    def scenario(self, seed: int, *, ill: bool = True) -> Scenario:
        """Return the scenario of a seed, or its healthy twin."""
        return self.make(Draw(f"{self.name}/{seed}", ill=ill))


FAULTS: list[Fault] = []
"""All of them, in the order of the chain."""
LOST_AT = {
    "nic.fifo": "nic.fifo.overrun",
    "softnet.backlog": "softnet.backlog.dropped",
    "socket.receive": "socket.receive.dropped",
    "qdisc.queue": "qdisc.queue.dropped",
    "switch.queue": "switch.queue.dropped",
    "kni.queue": "kni.queue.dropped",
    "pool.mbuf": "kni.queue.dropped",
}
"""What is lost where a stage is at fault. A ring that runs dry loses in the FIFO, or where it drops, itself."""


def fault(
    *verdicts: Verdict, also: tuple[Verdict, ...] = (), lost: str = ""
) -> Callable[[Callable[[Draw], Scenario]], Callable[[Draw], Scenario]]:
    """Register a function that draws a kind of fault; `lost` is what a dry ring loses."""

    def register(make: Callable[[Draw], Scenario]) -> Callable[[Draw], Scenario]:
        meanings = frozenset(LOST_AT.get(stage, lost or "nic.fifo.overrun") for _, stage in verdicts)
        name = getattr(make, "__name__", "").replace("_", " ")
        FAULTS.append(Fault(name, (make.__doc__ or "").strip(), frozenset(verdicts), frozenset(also), meanings, make))
        return make

    return register


def _run(gap_ns: float = FRAME_NS) -> Run:
    return Run(seconds=PACKETS * gap_ns / 1e9, replications=2)


def _frames(draw: Draw) -> Traffic:
    """Frames of 64 bytes at line rate, steadily or nearly so."""
    if draw.random.random() < 0.5:  # noqa: PLR2004 - one in two
        return Traffic()
    return Traffic(pattern="poisson", load=0.95)


def _quick(share: float = 0.35) -> Cpu:
    return Cpu(packet_ns=share * FRAME_NS)


def _nic(draw: Draw, drivers: tuple[str, ...] = TELLING) -> Nic:
    return Nic(driver=draw.one(*drivers), ring=draw.of(256, 512), fifo_bytes=FIFO)


def _waiting(draw: Draw) -> Nic:
    return _nic(draw, WAITS)


def _dropping(draw: Draw) -> Nic:
    return msgspec.structs.replace(_nic(draw, DROPS), drops=True)


@fault(BUS)
def slow_bus(draw: Draw) -> Scenario:
    """Writing a frame to memory takes longer than the next takes to come."""
    nic = msgspec.structs.replace(_nic(draw), dma_ns=draw.load() * FRAME_NS)
    return Scenario(traffic=_frames(draw), nic=nic, cpu=_quick(0.25), run=_run())


@fault(BUS)
def narrow_slot(draw: Draw) -> Scenario:
    """A card of 10 Gb/s in a slot with one lane of the first or second generation."""
    generation = draw.of(1, 2)
    slot = Pcie(generation=1 if generation == 1 else 2, lanes=1) if draw.ill else Pcie(generation=3, lanes=8)
    nic = msgspec.structs.replace(_nic(draw), dma_ns=0.0, pcie=slot, moderation_ns=5_000.0)
    traffic = Traffic(link_mbps=10_000, load=0.9 if draw.ill else 0.5)
    return Scenario(traffic=traffic, nic=nic, cpu=Cpu(packet_ns=20.0, yield_ns=200.0), run=_run(75.0))


@fault(BUS)
def narrow_slot_for_large_frames(draw: Draw) -> Scenario:
    """A card of 10 Gb/s whose slot carries about 2 Gb/s, with frames of all sizes."""
    slot = Pcie(generation=1, lanes=1) if draw.ill else Pcie(generation=3, lanes=8)
    nic = msgspec.structs.replace(
        _nic(draw), dma_ns=0.0, pcie=slot, moderation_ns=5_000.0, fifo_bytes=draw.of(65_536, 131_072)
    )
    traffic = Traffic(link_mbps=10_000, mix="imix", load=draw.random.uniform(0.4, 0.9))
    return Scenario(traffic=traffic, nic=nic, cpu=Cpu(packet_ns=60.0, yield_ns=200.0), run=_run(500.0))


@fault(RING)
def slow_cpu(draw: Draw) -> Scenario:
    """The CPU takes longer for a packet than the next takes to come; the ring runs dry, frames wait in the FIFO, it overflows."""
    return Scenario(
        traffic=_frames(draw),
        nic=_waiting(draw),
        cpu=Cpu(packet_ns=draw.load() * FRAME_NS, yield_ns=1_000.0),
        run=_run(),
    )


@fault(RING)
def slow_for_each_byte(draw: Draw) -> Scenario:
    """The CPU copies large frames more slowly than they come over a link of 10 Gb/s."""
    gap = (1518 + 20) * 0.8
    nic = msgspec.structs.replace(_waiting(draw), fifo_bytes=262_144, moderation_ns=20_000.0)
    cpu = Cpu(packet_ns=50.0, byte_ns=draw.load() * gap / 1518, yield_ns=1_000.0)
    traffic = Traffic(link_mbps=10_000, frame_bytes=1518)
    return Scenario(traffic=traffic, nic=nic, cpu=cpu, run=_run(gap))


@fault(RING)
def several_queues(draw: Draw) -> Scenario:
    """Four rings, each with a CPU of its own, and all of them too slow together."""
    nic = msgspec.structs.replace(_waiting(draw), queues=4, ring=128)
    cpu = Cpu(packet_ns=4 * draw.load() * FRAME_NS, yield_ns=1_000.0)
    return Scenario(traffic=_frames(draw), nic=nic, cpu=cpu, run=_run())


@fault(RING)
def stolen_cpu(draw: Draw) -> Scenario:
    """Other work takes the CPU away again and again, for longer than ring and FIFO last."""
    return _stolen(draw, _waiting(draw), FIFO_FRAMES)


def _stolen(draw: Draw, nic: Nic, fifo: int) -> Scenario:
    """A stall of `load` times what the ring and so many frames of FIFO take; the twin's does not even empty the ring."""
    load = draw.load()
    stall_ns = load * (nic.ring + fifo if draw.ill else nic.ring - 80) * FRAME_NS
    cpu = Cpu(packet_ns=0.3 * FRAME_NS, stolen_ns=stall_ns, stolen_every_ns=4 * stall_ns)
    return Scenario(traffic=Traffic(), nic=nic, cpu=cpu, run=_run())


@fault()
def stall_that_the_fifo_absorbs(draw: Draw) -> Scenario:
    """Other work takes the CPU for longer than the ring lasts, and the FIFO holds what comes meanwhile: a near miss."""
    nic = _waiting(draw)
    frames = nic.ring + (draw.random.uniform(0.2, 0.7) * FIFO_FRAMES if draw.ill else -100)
    cpu = Cpu(packet_ns=0.3 * FRAME_NS, stolen_ns=frames * FRAME_NS, stolen_every_ns=4 * frames * FRAME_NS)
    return Scenario(traffic=Traffic(load=0.95), nic=nic, cpu=cpu, run=_run())


@fault(RING)
def late_interrupts(draw: Draw) -> Scenario:
    """Interrupts are spaced (rx-usecs) by more than a small ring and the FIFO last."""
    nic = msgspec.structs.replace(_waiting(draw), ring=draw.of(8, 64), refill=4)
    load = draw.load()
    spacing = load * (nic.ring + FIFO_FRAMES) * FRAME_NS
    nic = msgspec.structs.replace(nic, moderation_ns=spacing if draw.ill else 2_000.0)
    return Scenario(traffic=_frames(draw), nic=nic, cpu=_quick(), run=_run())


@fault(RING)
def small_softirq_budget(draw: Draw) -> Scenario:
    """Softirq gives way to other work after so few packets that the ring is not emptied."""
    give_way = max(0.0, draw.load() - 0.4) * 64 * FRAME_NS
    cpu = Cpu(packet_ns=0.4 * FRAME_NS, budget=64, yield_ns=give_way)
    return Scenario(traffic=_frames(draw), nic=_waiting(draw), cpu=cpu, run=_run())


@fault(RING)
def bursts(draw: Draw) -> Scenario:
    """Packets come in bursts at line rate, which ring and FIFO cannot hold and a slower CPU cannot keep up with."""
    nic = msgspec.structs.replace(_waiting(draw), ring=256)
    packets = draw.of(3_000, 5_000) if draw.ill else 24
    traffic = Traffic(pattern="bursts", burst_packets=packets, load=0.4)
    return Scenario(traffic=traffic, nic=nic, cpu=Cpu(packet_ns=1.6 * FRAME_NS), run=_run(2 * FRAME_NS))


@fault(RING, lost="nic.ring.no_buffer")
def slow_cpu_with_drops(draw: Draw) -> Scenario:
    """The CPU is too slow, and the NIC drops what finds no descriptor."""
    cpu = Cpu(packet_ns=draw.load() * FRAME_NS, yield_ns=1_000.0)
    return Scenario(traffic=_frames(draw), nic=_dropping(draw), cpu=cpu, run=_run())


@fault(RING, lost="nic.ring.no_buffer")
def stolen_cpu_with_drops(draw: Draw) -> Scenario:
    """Other work takes the CPU away for longer than the ring lasts, and the NIC drops what finds no descriptor."""
    return _stolen(draw, _dropping(draw), 0)


@fault(RING, lost="nic.ring.no_buffer")
def late_interrupts_with_drops(draw: Draw) -> Scenario:
    """Interrupts are spaced by more than a small ring lasts, and the NIC drops what finds no descriptor."""
    nic = msgspec.structs.replace(_dropping(draw), ring=64, refill=4)
    spacing = draw.load() * nic.ring * FRAME_NS
    nic = msgspec.structs.replace(nic, moderation_ns=spacing if draw.ill else 2_000.0)
    return Scenario(traffic=_frames(draw), nic=nic, cpu=_quick(), run=_run())


@fault(RING)
def slow_cpu_that_no_counter_shows(draw: Draw) -> Scenario:
    """The CPU is too slow, and the driver counts the overrun of the FIFO but no wait for a descriptor."""
    cpu = Cpu(packet_ns=draw.load() * FRAME_NS, yield_ns=1_000.0)
    return Scenario(traffic=_frames(draw), nic=_nic(draw, SILENT), cpu=cpu, run=_run())


@fault(BACKLOG)
def slow_backlog(draw: Draw) -> Scenario:
    """The CPU that packets are steered to takes longer for a packet than the next takes to come."""
    backlog = Backlog(packets=draw.of(300, 1000), packet_ns=draw.load() * FRAME_NS)
    return Scenario(traffic=_frames(draw), nic=_nic(draw), cpu=_quick(), backlog=backlog, run=_run())


@fault(BACKLOG)
def short_backlog(draw: Draw) -> Scenario:
    """The CPU is fast enough, and its backlog too short for what comes with each interrupt."""
    backlog = Backlog(
        packets=draw.of(8, 16, 24) if draw.ill else 1000, packet_ns=draw.random.uniform(0.6, 0.8) * FRAME_NS
    )
    return Scenario(traffic=_frames(draw), nic=_nic(draw), cpu=_quick(0.2), backlog=backlog, run=_run())


def _read(draw: Draw, socket: Socket) -> Scenario:
    kind = "udp before 6.18" if draw.random.random() < 0.5 else "udp"  # noqa: PLR2004 - one in two
    given = msgspec.structs.replace(socket, kind=kind)
    return Scenario(traffic=_frames(draw), nic=_nic(draw), cpu=_quick(), socket=given, run=_run())


@fault(READER)
def slow_reader(draw: Draw) -> Scenario:
    """The application takes longer for a packet than the next takes to come."""
    return _read(draw, Socket(read_ns=draw.load() * FRAME_NS))


@fault(READER)
def slow_reader_of_each_byte(draw: Draw) -> Scenario:
    """The application takes as much time for each byte as makes it too slow."""
    return _read(draw, Socket(read_ns=0.0, read_byte_ns=draw.load() * FRAME_NS / 64))


@fault(READER)
def reader_that_pauses(draw: Draw) -> Scenario:
    """The application is fast, and pauses for longer than its buffer lasts."""
    buffer = draw.of(106_496, 212_992)
    pause_ns = draw.load() * buffer / 768 * FRAME_NS * (1.0 if draw.ill else 0.4)
    return _read(
        draw,
        Socket(receive_buffer_bytes=buffer, read_ns=0.2 * FRAME_NS, pause_ns=pause_ns, pause_every_ns=6 * pause_ns),
    )


@fault(READER)
def small_receive_buffer(draw: Draw) -> Scenario:
    """The buffer holds fewer datagrams than come with each interrupt."""
    buffer = draw.of(4_608, 9_216, 18_432) if draw.ill else 425_984
    return _read(draw, Socket(receive_buffer_bytes=buffer, read_ns=0.7 * FRAME_NS))


@fault(READER)
def large_charge(draw: Draw) -> Scenario:
    """The driver hands up whole pages: each datagram is charged for so much that few fit."""
    charge = draw.of(8_448, 16_640) if draw.ill else 768
    return _read(draw, Socket(truesize_bytes=charge, read_ns=0.7 * FRAME_NS))


@fault(SENDING, also=(TRANSMITTING,))
def slow_link_out(draw: Draw) -> Scenario:
    """More is forwarded than the link takes that it leaves by."""
    transmit = Transmit(link_mbps=1000 / draw.load(), packets=draw.of(100, 1000))
    return Scenario(traffic=_frames(draw), nic=_nic(draw), cpu=_quick(), transmit=transmit, run=_run())


@fault(SENDING, also=(TRANSMITTING,))
def short_queue_out(draw: Draw) -> Scenario:
    """The link is fast enough, and the queue in front of it too short for what comes with each interrupt."""
    transmit = Transmit(
        link_mbps=draw.random.uniform(1200, 1500),
        packets=draw.of(4, 8) if draw.ill else 1000,
        ring=32 if draw.ill else 256,
        wake=8,
        clean_ns=1_000.0,
    )
    return Scenario(traffic=_frames(draw), nic=_nic(draw), cpu=_quick(0.2), transmit=transmit, run=_run())


def _behind_switch(traffic: Traffic, switch: Switch, seconds: float) -> Scenario:
    nic = Nic(fifo_bytes=262_144, moderation_ns=5_000.0)
    return Scenario(
        traffic=traffic, switch=switch, nic=nic, cpu=Cpu(packet_ns=60.0), run=Run(seconds=seconds, replications=2)
    )


@fault(EGRESS)
def incast(draw: Draw) -> Scenario:
    """Many senders answer at once, and the queue of the port to the receiver cannot hold all of it."""
    senders = draw.of(32, 48, 64) if draw.ill else 4
    traffic = Traffic(
        pattern="incast",
        link_mbps=10_000,
        frame_bytes=1518,
        senders=senders,
        burst_packets=20,
        every_ns=5_000_000,
        jitter_ns=100_000,
    )
    return _behind_switch(traffic, Switch(link_mbps=10_000, buffer_bytes=524_288, alpha=0.5, cell_bytes=208), 0.05)


@fault(EGRESS)
def slow_egress_link(draw: Draw) -> Scenario:
    """More comes for a port of the switch than its link takes."""
    load = draw.load()
    traffic = Traffic(pattern="poisson", link_mbps=10_000, frame_bytes=1518, load=load / 10)
    return _behind_switch(traffic, Switch(link_mbps=1_000, buffer_bytes=draw.of(524_288, 1_048_576)), 0.15)


@fault(EGRESS)
def buffer_that_others_hold(draw: Draw) -> Scenario:
    """Bursts that the shared buffer could take, but for other queues that hold nearly all of it."""
    traffic = Traffic(
        pattern="incast",
        link_mbps=10_000,
        frame_bytes=1518,
        senders=16,
        burst_packets=20,
        every_ns=5_000_000,
        jitter_ns=100_000,
    )
    others = draw.of(1_900_000, 1_950_000) if draw.ill else 0
    return _behind_switch(traffic, Switch(link_mbps=10_000, buffer_bytes=2_097_152, others_bytes=others), 0.05)


def _pool(draw: Draw, pool: Pool) -> Scenario:
    return Scenario(traffic=_frames(draw), nic=_nic(draw), cpu=_quick(), pool=pool, run=_run())


@fault(DATAPLANE)
def slow_dataplane(draw: Draw) -> Scenario:
    """The thread of the packet process takes longer for a packet from the kernel than the next takes to come."""
    return _pool(draw, Pool(line=draw.of(512, 1024), packet_ns=draw.load() * FRAME_NS))


@fault(DATAPLANE)
def dataplane_that_pauses(draw: Draw) -> Scenario:
    """The thread is busy elsewhere for longer than the buffers last that lie ready."""
    pause_ns = draw.load() * 1024 * FRAME_NS
    return _pool(draw, Pool(packet_ns=0.2 * FRAME_NS, pause_ns=pause_ns, pause_every_ns=5 * pause_ns))


@fault(POOL)
def exhausted_pool(draw: Draw) -> Scenario:
    """Packets keep their buffers for so long that the pool has none left."""
    held_ns = draw.load() * 4096 * FRAME_NS
    return _pool(draw, Pool(buffers=4096, packet_ns=0.3 * FRAME_NS, held_ns=held_ns))


@fault()
def short_pool_that_a_backup_absorbs(draw: Draw) -> Scenario:
    """Packets keep their buffers for so long that the pool is short of them, and the backup pool lends some: a near miss."""
    share = draw.random.uniform(1.1, 1.6) if draw.ill else 0.5
    held_ns = share * 4096 * FRAME_NS
    return _pool(draw, Pool(buffers=4096, backup=4096, packet_ns=0.3 * FRAME_NS, held_ns=held_ns))


@fault(BUS, READER)
def slow_bus_and_slow_reader(draw: Draw) -> Scenario:
    """A slow bus, and a reader that is too slow even for what the bus lets through."""
    bus = draw.load() * FRAME_NS
    nic = msgspec.structs.replace(_nic(draw), dma_ns=bus)
    read = draw.load() * (max(bus, FRAME_NS) if draw.ill else FRAME_NS)
    return Scenario(traffic=_frames(draw), nic=nic, cpu=_quick(0.25), socket=Socket(read_ns=read), run=_run())


@fault(RING, READER)
def stolen_cpu_and_small_buffer(draw: Draw) -> Scenario:
    """Other work takes the CPU away for too long, and what comes at once afterwards does not fit into the socket's buffer."""
    found = stolen_cpu(draw)
    buffer = 18_432 if draw.ill else 1_703_936
    return msgspec.structs.replace(found, socket=Socket(receive_buffer_bytes=buffer, read_ns=0.4 * FRAME_NS))


@fault(BACKLOG, READER)
def slow_backlog_and_slow_reader(draw: Draw) -> Scenario:
    """The backlog's CPU is too slow, and so is the reader for what gets through."""
    work = draw.load() * FRAME_NS
    read = draw.load() * (max(work, FRAME_NS) if draw.ill else FRAME_NS)
    backlog, socket = Backlog(packets=300, packet_ns=work), Socket(read_ns=read)
    return Scenario(traffic=_frames(draw), nic=_nic(draw), cpu=_quick(), backlog=backlog, socket=socket, run=_run())


@fault(EGRESS, READER)
def slow_egress_link_and_slow_reader(draw: Draw) -> Scenario:
    """The switch cannot send all of it, and the reader is too slow for what comes through."""
    found = slow_egress_link(draw)
    frame_ns = (1518 + 20) * 8.0
    read = draw.load() * frame_ns
    return msgspec.structs.replace(found, socket=Socket(read_ns=read, truesize_bytes=0))
