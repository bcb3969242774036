"""The receive side of a NIC and the CPU that polls it: FIFO, DMA, descriptor ring, interrupt moderation, NAPI.

They hold each other up, so they are one stage. A frame waits in the FIFO for the bus, and at its front for a descriptor; a
descriptor comes back when its packet was polled and the driver refills; the poll waits for the interrupt and for the CPU.
`receiving` reckons it, frame by frame. (Linux: net/core/dev.c, net_rx_action and napi_poll; igb_poll and igb_clean_rx_irq in
igb_main.c of drivers/net/ethernet/intel/igb. RNBC and MPC: Intel 82598 datasheet, statistics registers.)
"""

from collections.abc import Callable
from math import inf
from typing import Literal

import msgspec

from brimful.evidence import pcie_capacity
from brimful.simulate.compiled import Floats, floats, integers
from brimful.simulate.pauses import NEVER, Pauses
from brimful.simulate.stage import Account, Block
from brimful.simulate.stages.leaving import Leaving
from brimful.simulate.stages.occupancy import highest, powers
from brimful.simulate.stages.receiving import (
    ARRIVED,
    CLOCKS,
    COUNTS,
    EXHAUSTED,
    FRAMES,
    HEAD,
    HEADS,
    INTERRUPTS,
    LARGEST,
    LEVEL,
    LOST,
    MOST,
    NO_BUFFER,
    OVERRUN,
    POSTED,
    SETTINGS,
    SMALLEST,
    SQUEEZED,
    TAIL,
    TAKEN,
    Cpus,
    receive,
)


class Bus(msgspec.Struct, frozen=True):
    """What one frame of so many bytes takes of the way to the host's memory, ns."""

    frame_ns: Callable[[int], float]

    def table(self) -> Floats:
        """Return that time for each length."""
        found = floats(LARGEST + 1)
        for size in range(SMALLEST, LARGEST + 1):
            found[size] = self.frame_ns(size)
        return found


def fixed(frame_ns: float) -> Bus:
    """Return a bus that takes as long for each frame."""
    return Bus(lambda _size: frame_ns)


def pcie(speed: float, lanes: int, payload: int = 0, host_ns: float = 0.0) -> Bus:
    """Return a PCIe link of so many GT/s and lanes at its ceiling; `host_ns` comes on top for each frame."""
    return Bus(lambda size: 1e9 / pcie_capacity.frames(speed, lanes, size, payload) + host_ns)


class Cpu(msgspec.Struct, frozen=True, kw_only=True):
    """The CPU that polls a ring. `weight` packets are one poll, `budget` packets or `budget_ns` one softirq.

    `moderation`: `spacing` keeps `moderation_ns` between two interrupts (Intel's EITR); `delay` waits so long after the
    packet that asks for one (what `ethtool -C rx-usecs` is said to be).
    """

    packet_ns: float = 300.0
    byte_ns: float = 0.0
    interrupt_ns: float = 2_000.0
    moderation_ns: float = 50_000.0
    moderation: Literal["spacing", "delay"] = "spacing"
    weight: int = 64
    budget: int = 300
    budget_ns: float = 2_000_000.0
    yield_ns: float = 20_000.0
    pauses: Pauses = NEVER


class Nic:
    """One port: its FIFO and bus are shared by its rings, each polled by a CPU of its own.

    The driver refills when `refill` descriptors are free, as ixgbe and i40e do, and with `rest` at the end of each poll
    too, as e1000e and igb do.
    `spread` names the ring that a frame goes to (RSS), over and over. Without a descriptor a frame waits at the front of the
    FIFO, and all behind it; with `drops` it is dropped there (Intel's DROP_EN). `waits` is what `nic.ring.waited` counts:
    `frames` that found no descriptor when they came, as the RNBC register is defined, or how often the one at the
    front had to wait (`heads`).
    """

    def __init__(  # noqa: PLR0913 - the parts of a NIC
        self,
        *,
        fifo_bytes: int = 24_576,
        bus: Bus | None = None,
        ring: int = 2048,
        refill: int = 16,
        rest: bool = False,
        cpus: tuple[Cpu, ...] = (Cpu(),),
        spread: tuple[int, ...] = (0,),
        drops: bool = False,
        waits: Literal["frames", "heads"] = "frames",
        name: str = "nic",
    ) -> None:
        self.name = name
        self._waits = waits
        self._cpus = _columns(cpus)
        if refill > ring and not rest:
            raise ValueError(f"a ring of {ring} never has {refill} descriptors to refill")
        self._bus = (bus or fixed(60.0)).table()
        self._spread = integers(len(spread))
        for index, queue in enumerate(spread):
            if not 0 <= queue < len(cpus):
                raise ValueError(f"no ring {queue}")
            self._spread[index] = queue
        places = fifo_bytes // SMALLEST + 1
        # rings of a power of two: a number is turned into a place without a division
        held, slots = _power(places), _power(ring + places)
        self._fifo = (floats(held), integers(held), integers(held), floats(held), floats(1))
        # frames that are still in the FIFO are reckoned with already: so the returns of that many more are kept
        self._shape = (fifo_bytes, ring, slots, refill, rest, drops)
        self._posted = floats(slots * len(cpus))
        self._clock = floats(CLOCKS * len(cpus), -inf)
        self._count = integers(COUNTS * len(cpus))
        self._marks = integers(LOST + 2)
        self._first = floats(2, inf)
        self._seen_fifo = integers(places + 1)
        self._seen_ring = integers(ring + 1)
        self._leaving = Leaving()
        self._now = 0.0

    def advance(self, block: Block) -> Block:
        """Take in frames; return packets that were polled when the last of these came."""
        if not len(block.times):
            return block
        times, sizes, carried = self._leaving.room(len(block.times))
        tail = receive(
            (block.times, block.sizes, self._spread, self._bus),
            (times, sizes),
            carried,
            self._shape,
            self._fifo,
            (self._posted, self._clock, self._count),
            self._cpus,
            (self._marks, self._first, self._seen_fifo, self._seen_ring),
        )
        self._now = block.times[-1]
        return self._leaving.leave(times, sizes, tail, self._now)

    def finish(self) -> Block:
        """Poll what is still inside."""
        return self._leaving.rest()

    def account(self) -> Account:
        """Return what was done so far. FIFO levels are frames, and bytes under `.bytes`; those of rings are descriptors.

        A descriptor is in use until the driver has given it back with a new buffer: its packet may long be polled.
        """
        marks, fifo, ring = self._marks, f"{self.name}.fifo", f"{self.name}.ring"
        waited = marks[FRAMES] if self._waits == "frames" else marks[HEADS]
        near = {
            "nic.ring.waited": waited,
            "softnet.backlog.squeezed": marks[SQUEEZED],
            "nic.ring.polls_exhausted": marks[EXHAUSTED],
        }
        lost = {"nic.fifo.overrun": marks[LOST + OVERRUN], "nic.ring.no_buffer": marks[LOST + NO_BUFFER]}
        first = {"nic.fifo.overrun": self._first[OVERRUN], "nic.ring.no_buffer": self._first[NO_BUFFER]}
        return Account(
            arrived=int(marks[ARRIVED]),
            delivered=self._leaving.delivered,
            inside=len(self._leaving),
            lost={name: int(count) for name, count in lost.items() if count},
            near={name: int(count) for name, count in near.items() if count},
            first_lost_ns={name: float(time) for name, time in first.items() if time < inf},
            level=self._levels(fifo, ring),
            highest={
                fifo: highest(self._seen_fifo),
                f"{fifo}.bytes": int(marks[MOST]),
                ring: highest(self._seen_ring),
            },
            seen={fifo: powers(self._seen_fifo), ring: powers(self._seen_ring)},
        )

    @property
    def interrupts(self) -> int:
        """Interrupts so far."""
        return int(self._marks[INTERRUPTS])

    def _levels(self, fifo: str, ring: str) -> dict[str, int]:
        """Return how full all is when the last frame came."""
        head, tail = self._marks[HEAD], self._marks[TAIL]
        kept = self._fifo[2]
        used = -sum(kept[number % len(kept)] for number in range(head, tail))
        slots = self._shape[2]
        for queue in range(len(self._count) // COUNTS):
            back = self._count[queue * COUNTS + POSTED]
            while back > 0 and self._posted[queue * slots + ((back - 1) & (slots - 1))] > self._now:
                back -= 1
            used += self._count[queue * COUNTS + TAKEN] - back
        return {fifo: int(tail - head), f"{fifo}.bytes": int(self._marks[LEVEL]), ring: int(used)}


def _power(number: int) -> int:
    """Return the power of two that is no less."""
    return int(1 << (number - 1).bit_length())


def _columns(cpus: tuple[Cpu, ...]) -> Cpus:
    settings = floats(SETTINGS * len(cpus))
    for index, cpu in enumerate(cpus):
        values = (
            cpu.packet_ns,
            cpu.byte_ns,
            cpu.interrupt_ns,
            cpu.moderation_ns,
            float(cpu.moderation == "delay"),
            float(cpu.weight),
            float(cpu.budget),
            cpu.budget_ns,
            cpu.yield_ns,
            cpu.pauses.every_ns,
        )
        for at, value in enumerate(values):
            settings[index * SETTINGS + at] = value
    pauses = [cpu.pauses.columns() for cpu in cpus]
    return settings, tuple(starts for starts, _ in pauses), tuple(ends for _, ends in pauses)
