"""The kitchen sink's claims as scenarios, the laws that they follow, and the exact loss of M/D/1/K."""

from collections.abc import Callable
from functools import cache
from math import sqrt
from random import Random
from statistics import mean, stdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.oracles import md1k
from tests.simulate.steady import LINE, block, steady, through

from brimful.evidence import pcie_capacity
from brimful.simulate.pauses import NEVER, Pauses, every
from brimful.simulate.stage import Account
from brimful.simulate.stages.nic import Cpu, Nic, fixed, pcie
from brimful.simulate.stages.reading import Reader
from brimful.simulate.stages.socket import socket

FRAMES = 1_000_000

# frames of 64 bytes at 1 Gb/s: the FIFO, ring and CPU are the defaults of Nic and Cpu
SCENARIOS: dict[str, Callable[[], Nic]] = {
    "healthy": lambda: Nic(waits="heads"),
    "slow bus": lambda: Nic(waits="heads", bus=fixed(1_500.0), cpus=(Cpu(packet_ns=200.0),)),
    "stolen CPU": lambda: Nic(waits="heads", cpus=(Cpu(pauses=every(20e6, 1.5e6)),)),
    "stolen CPU, past the law": lambda: Nic(waits="heads", cpus=(Cpu(pauses=every(20e6, 1.8e6)),)),
    "slow CPU": lambda: Nic(waits="heads", cpus=(Cpu(packet_ns=900.0),)),
    "8 descriptors": lambda: Nic(waits="heads", ring=8, refill=1),
    "long moderation": lambda: Nic(waits="heads", ring=256, cpus=(Cpu(moderation_ns=250_000.0),)),
}


@cache
def outcome(name: str) -> Account:
    return through(SCENARIOS[name](), steady(FRAMES))[1]


@pytest.mark.parametrize(
    ("name", "overrun", "waited", "squeezed"),
    [
        ("healthy", 0, 0, 0),
        ("slow bus", 551_616, 0, 0),
        ("stolen CPU", 0, 927, 494),
        ("stolen CPU, past the law", 9_403, 1_676, 528),
        ("slow CPU", 299_385, 43_365, 2_189),
        ("8 descriptors", 0, 818_242, 0),
        ("long moderation", 0, 18_644, 2_560),
    ],
)
def test_scenario(name, overrun, waited, squeezed):
    account = outcome(name)
    assert account.lost.get("nic.fifo.overrun", 0) == overrun
    assert account.near.get("nic.ring.waited", 0) == waited
    assert account.near.get("softnet.backlog.squeezed", 0) == squeezed
    assert set(account.lost) <= {"nic.fifo.overrun"}


def test_scenario_levels():
    assert outcome("healthy").highest["nic.ring"] == 82
    assert outcome("slow bus").highest["nic.ring"] == 44
    assert outcome("slow bus").highest["nic.fifo.bytes"] == 24_576
    assert outcome("slow CPU").highest["nic.ring"] == 2048
    assert outcome("stolen CPU").highest["nic.fifo.bytes"] == 15_296
    assert outcome("8 descriptors").highest["nic.ring"] == 8


def test_slow_bus_first_loss():
    # 384 frames in the FIFO and one in the bus come in by 1/672, and go out by 1/1500 a nanosecond
    assert outcome("slow bus").first_lost_ns == {"nic.fifo.overrun": 467_712.0}


def test_slow_bus_is_no_want_of_descriptors_with_a_small_ring_either():
    """Frames that wait in the FIFO for the bus are more than the ring has descriptors: those still suffice."""
    account = through(Nic(ring=64, bus=fixed(1_500.0), cpus=(Cpu(packet_ns=200.0),)), steady(20_000))[1]
    assert account.lost["nic.fifo.overrun"] > 10_000
    assert account.near.get("nic.ring.waited", 0) == 0


def test_healthy_histograms():
    account = outcome("healthy")
    assert account.seen["nic.fifo"] == [FRAMES]
    assert sum(account.seen["nic.ring"]) == FRAMES
    assert len(account.seen["nic.ring"]) == (82).bit_length() + 1


def test_slow_application():
    nic, sock = Nic(), socket(charge=768, reader=Reader(packet_ns=1_000.0), kind="packet")
    for coming in steady(FRAMES):
        sock.advance(nic.advance(coming))
    sock.advance(nic.finish())
    sock.finish()
    assert nic.account().lost == {}
    assert nic.account().near.get("nic.ring.waited", 0) == 0
    assert sock.account().lost == {"socket.receive.dropped": 327_756}


def test_waiting_frames_are_more_than_waits_at_the_front():
    waited = {
        waits: through(Nic(waits=waits, cpus=(Cpu(packet_ns=900.0),)), steady(20_000))[1].near["nic.ring.waited"]
        for waits in ("heads", "frames")
    }
    # the first of each refill of 16 waits at the front: those that come while that goes over the bus find a descriptor
    assert waited == {"heads": 601, "frames": 8_814}


def test_count_of_waiting_frames():
    # the CPU is away until 10 us: 4 frames have descriptors, the other 10 that come by then have none
    nic = Nic(ring=4, refill=1, bus=fixed(0.0), cpus=(quick(100.0, Pauses((0.0,), (10_000.0,))),))
    left, account = through(nic, steady(14, gap=700.0))
    assert account.near["nic.ring.waited"] == 10
    assert left == [10_000.0 + 100.0 * number for number in range(1, 15)]


def quick(packet_ns: float, pauses: Pauses = NEVER) -> Cpu:
    """Return a CPU that does nothing but packets."""
    return Cpu(packet_ns=packet_ns, interrupt_ns=0.0, moderation_ns=0.0, budget=1 << 40, budget_ns=1e18, pauses=pauses)


def longest(ring: int, fifo: int, refill: int = 1) -> float:
    """Return the longest pause of the CPU with no loss, ns."""
    low, high = 0.0, 1e8
    while high - low > 0.5:
        pause = (low + high) / 2
        nic = Nic(ring=ring, refill=refill, fifo_bytes=fifo, cpus=(quick(300.0, Pauses((0.0,), (pause,))),))
        nic.advance(next(steady(ring + fifo // 64 + 100)))
        if nic.account().lost:
            high = pause
        else:
            low = pause
    return low


@pytest.mark.parametrize(
    ("ring", "law_us"), [(256, 430.08), (512, 602.112), (1024, 946.176), (2048, 1634.304), (4096, 3010.56)]
)
def test_stall_law(ring, law_us):
    """N / rate + F / (rate x S), less the 300 ns until the first descriptor is back."""
    assert law_us * 1e3 == pytest.approx((ring + 24_576 / 64) * LINE)
    assert longest(ring, 24_576) == pytest.approx(law_us * 1e3 - 300, abs=1)


def test_stall_law_waits_for_the_refill():
    assert longest(256, 24_576, refill=16) == pytest.approx(430_080 - 16 * 300, abs=1)


@pytest.mark.parametrize(("load", "places"), [(0.95, 16), (1.2, 16), (0.9, 8), (0.8, 8)])
def test_is_md1k_where_it_waits_for_nothing_else(load, places):
    """A ring of K - 1 and a FIFO of one frame, no bus, no moderation: M/D/1/K."""
    shares = []
    for seed in range(8):
        random = Random(seed)  # noqa: S311 - must be repeatable
        time, times = 0.0, []
        for _ in range(60_000):
            time += random.expovariate(load / 1000.0)
            times.append(time)
        nic = Nic(fifo_bytes=64, ring=places - 1, refill=1, bus=fixed(0.0), cpus=(quick(1000.0),))
        nic.advance(block(times, [64] * len(times)))
        shares.append(nic.account().lost["nic.fifo.overrun"] / len(times))
    assert abs(mean(shares) - md1k(load, places)) < 4 * stdev(shares) / sqrt(len(shares))


def test_drops_in_place_of_waiting():
    kept = through(Nic(ring=64, cpus=(Cpu(packet_ns=900.0),)), steady(20_000))[1]
    dropped = through(Nic(ring=64, cpus=(Cpu(packet_ns=900.0),), drops=True), steady(20_000))[1]
    assert set(kept.lost) == {"nic.fifo.overrun"}
    assert set(dropped.lost) == {"nic.ring.no_buffer"}
    assert dropped.highest["nic.fifo"] == 0


def test_a_frame_is_dropped_only_at_the_front():
    """The third waits for the bus until 2000; the descriptor of the first is back at 1100."""
    nic = Nic(ring=2, refill=1, drops=True, bus=fixed(1_000.0), cpus=(quick(100.0),))
    assert through(nic, steady(3, gap=1.0))[1].lost == {}


def stuck(*, drops: bool) -> Account:
    """One of two rings is polled by a CPU that is away for good."""
    away = Cpu(pauses=Pauses((0.0,), (1e12,)))
    nic = Nic(ring=256, cpus=(Cpu(), away), spread=(0, 1), drops=drops)
    nic.advance(next(steady(20_000)))
    return nic.account()


def test_a_ring_that_is_not_polled_holds_up_the_others():
    # 256 frames for each ring, one for ring 0 between, then the front waits for ring 1
    assert stuck(drops=False).lost == {"nic.fifo.overrun": 20_000 - 2 * 256 - 1 - 384}


def test_a_ring_that_drops_does_not():
    assert stuck(drops=True).lost == {"nic.ring.no_buffer": 10_000 - 256}


def test_rings_share_the_load():
    assert through(Nic(cpus=(Cpu(packet_ns=900.0),) * 2, spread=(0, 1)), steady(200_000))[1].lost == {}


def test_rest_is_refilled_at_the_end_of_a_poll():
    # 10 frames a poll: without the rest the ring of 16 gets descriptors back at the second poll only
    kept = through(Nic(ring=20, cpus=(Cpu(moderation_ns=10 * LINE),), waits="heads"), steady(10_000))[1]
    given_back = through(Nic(ring=20, rest=True, cpus=(Cpu(moderation_ns=10 * LINE),), waits="heads"), steady(10_000))[
        1
    ]
    assert kept.near["nic.ring.waited"] > 0
    assert "nic.ring.waited" not in given_back.near


def test_rest_lets_a_refill_be_larger_than_the_ring():
    assert through(Nic(ring=8, refill=16, rest=True, cpus=(quick(300.0),)), steady(20_000))[1].lost == {}
    with pytest.raises(ValueError, match="never has 16"):
        Nic(ring=8, refill=16)


@pytest.mark.parametrize(("moderation", "first"), [("spacing", 2_360.0), ("delay", 52_360.0)])
def test_moderation(moderation, first):
    nic = Nic(cpus=(Cpu(moderation=moderation),))
    left, _ = through(nic, steady(2))
    assert left[0] == first
    assert nic.interrupts == 1


def test_spacing_of_interrupts():
    left, _ = through(Nic(), steady(2, gap=10_000.0))
    assert left == [2_360.0, 60.0 + 50_000.0 + 2_300.0]


def test_time_limit_of_a_softirq():
    # a poll of 64 packets takes 57.6 us: the limit of 100 us ends each second
    cpu = Cpu(packet_ns=900.0, budget=1 << 40, budget_ns=100_000.0)
    account = through(Nic(cpus=(cpu,)), steady(10_000))[1]
    assert account.near["softnet.backlog.squeezed"] == account.near["nic.ring.polls_exhausted"] // 2


def test_place_of_a_frame_that_leaves_now():
    """The second waits for the bus until 1344: the third comes then and has its place, the fourth finds that taken."""
    nic = Nic(fifo_bytes=64, bus=fixed(2 * LINE))
    nic.advance(next(steady(4)))
    assert nic.account().lost == {"nic.fifo.overrun": 1}
    assert nic.account().first_lost_ns == {"nic.fifo.overrun": 3 * LINE}


def test_poll_goes_on_with_a_packet_that_comes_now():
    nic = Nic(bus=fixed(0.0), cpus=(quick(LINE),))
    nic.advance(next(steady(100)))
    assert nic.interrupts == 1


def test_cpu_time_for_bytes():
    left, _ = through(Nic(cpus=(Cpu(byte_ns=2.0),)), steady(1, size=1518))
    assert left == [60.0 + 2_000.0 + 300.0 + 2 * 1518]


def test_pcie_ceiling():
    ceiling = pcie_capacity.frames(2.5, 1, 64)
    nic = Nic(bus=pcie(2.5, 1), cpus=(quick(1.0),))
    left, account = through(nic, steady(100_000, gap=500.0))
    assert account.lost["nic.fifo.overrun"] > 0
    assert len(left) / left[-1] * 1e9 == pytest.approx(ceiling, rel=1e-3)


def test_levels_now():
    nic = Nic(ring=256, cpus=(Cpu(pauses=Pauses((0.0,), (1e12,))),), bus=fixed(0.0))
    nic.advance(next(steady(300)))
    assert nic.account().level == {"nic.fifo": 44, "nic.fifo.bytes": 44 * 64, "nic.ring": 256}


def test_empty_block():
    nic = Nic()
    assert len(nic.advance(block([], [])).times) == 0
    assert nic.account() == Nic().account()


def test_unknown_ring():
    with pytest.raises(ValueError, match="no ring 1"):
        Nic(spread=(0, 1))


def cpus() -> st.SearchStrategy[Cpu]:
    pauses = st.one_of(
        st.just(NEVER),
        st.builds(lambda length, gap: every(length + gap, length), st.floats(1, 1e6), st.floats(1e4, 1e6)),
    )
    return st.builds(
        Cpu,
        packet_ns=st.floats(0, 5_000),
        byte_ns=st.floats(0, 5),
        interrupt_ns=st.floats(0, 5_000),
        moderation_ns=st.floats(0, 300_000),
        moderation=st.sampled_from(["spacing", "delay"]),
        weight=st.integers(1, 64),
        budget=st.integers(1, 300),
        budget_ns=st.floats(1, 1e6),
        yield_ns=st.floats(0, 50_000),
        pauses=pauses,
    )


@st.composite
def nics(draw: st.DrawFn) -> dict[str, Any]:
    queues = draw(st.integers(1, 3))
    ring = draw(st.integers(1, 64))
    return {
        "fifo_bytes": draw(st.integers(64, 10_000)),
        "bus": fixed(draw(st.floats(0, 3_000))),
        "ring": ring,
        "refill": draw(st.integers(1, ring)),
        "rest": draw(st.booleans()),
        "cpus": tuple(draw(st.lists(cpus(), min_size=queues, max_size=queues))),
        "spread": tuple(draw(st.lists(st.integers(0, queues - 1), min_size=1, max_size=6))),
        "drops": draw(st.booleans()),
        "waits": draw(st.sampled_from(["frames", "heads"])),
    }


@settings(max_examples=60, deadline=None)
@given(nics(), st.integers(0, 1 << 32), st.integers(1, 400))
def test_conservation(parts, seed, each):
    """Nothing goes missing, and it does not matter how frames are cut into blocks."""
    random = Random(seed)  # noqa: S311 - must be repeatable
    time, times, sizes = 0.0, [], []
    for _ in range(400):
        time += random.choice((0.0, 100.0, random.expovariate(1 / 700.0), random.expovariate(1 / 20_000.0)))
        times.append(time)
        sizes.append(random.choice((64, 100, 594, 1518, 9000)))
    cuts = [block(times[at : at + each], sizes[at : at + each]) for at in range(0, 400, each)]
    whole = Nic(**parts)
    assert through(Nic(**parts), iter(cuts)) == through(whole, iter([block(times, sizes)]))
