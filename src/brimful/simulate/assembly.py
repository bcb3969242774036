"""Puts a chain together from a scenario: its arrivals and its stages, each with its own random numbers."""

from bisect import bisect_left
from collections.abc import Iterator
from random import Random

from brimful.simulate import arrivals, trace
from brimful.simulate.pauses import NEVER, Pauses, every
from brimful.simulate.scenario import LARGEST, Bad, Scenario, Traffic
from brimful.simulate.scenario import Switch as SwitchSection
from brimful.simulate.stage import Block, Stage
from brimful.simulate.stages import backlog, nic, pool, shaper, socket, switch, transmit
from brimful.simulate.stages.reading import Reader


def blocks(scenario: Scenario, seed: str) -> Iterator[Block]:
    """Yield what arrives. Where no switch is in the chain, all come over one link."""
    traffic = scenario.traffic
    until_ns = scenario.run.seconds * 1e9
    if traffic.trace is not None:
        return _trace(traffic.trace, until_ns)
    coming = arrivals.arrivals(_pattern(traffic), traffic.sizes(), seed=seed, until_ns=until_ns)
    if traffic.pattern == "constant" or scenario.switch is not None:
        return coming
    return arrivals.on_wire(coming, traffic.link_mbps * 1e6)


def stages(scenario: Scenario, seed: str) -> list[Stage]:
    """Return the stages, in the order in which packets pass them."""
    makers = (_switch, _nic, _backlog, _pool, _socket, _shaper, _transmit)
    return [stage for make in makers if (stage := make(scenario, seed)) is not None]


def limits(scenario: Scenario) -> dict[str, int]:
    """Return how much each buffer holds, by the names of `Account.highest`; those without a limit are left out."""
    found = {
        "nic.fifo": scenario.nic.fifo_bytes // min(scenario.traffic.sizes()),
        "nic.fifo.bytes": scenario.nic.fifo_bytes,
        "nic.ring": scenario.nic.ring,
    }
    if scenario.backlog is not None:
        found["softnet.backlog.charged"] = scenario.backlog.packets + 1
    if scenario.socket is not None:
        found["socket.receive.charged"] = scenario.socket.receive_buffer_bytes
    if scenario.switch is not None:
        found |= _switch_limits(scenario.switch)
    if scenario.pool is not None:
        found["pool.mbuf"] = scenario.pool.buffers + scenario.pool.backup
    if scenario.shaper is not None:
        found["qdisc.queue.bytes"] = scenario.shaper.limit_bytes
    if scenario.transmit is not None:
        found |= {"qdisc.queue": scenario.transmit.packets, "nic.tx_ring": scenario.transmit.ring}
    return found


def stolen(scenario: Scenario, seed: str) -> Pauses:
    """Return when other work has the CPU. When it begins is drawn: else all runs were of one phase of it."""
    return _again(scenario.cpu.stolen_ns, scenario.cpu.stolen_every_ns, f"{seed}/stolen")


def _again(length_ns: float, every_ns: float, seed: str) -> Pauses:
    if not length_ns:
        return NEVER
    return every(every_ns, length_ns, Random(seed).uniform(0, every_ns))  # noqa: S311 - a simulation


def _pattern(traffic: Traffic) -> arrivals.Pattern:
    gap_ns, frame_ns = traffic.gap_ns(), traffic.frame_ns()
    if traffic.pattern == "poisson":
        return arrivals.Poisson(gap_ns)
    if traffic.pattern == "bursts":
        return arrivals.Bursts(traffic.burst_packets, frame_ns, max(0.0, gap_ns - frame_ns) * traffic.burst_packets)
    if traffic.pattern == "incast":
        return arrivals.Incast(traffic.senders, traffic.burst_packets, traffic.every_ns, frame_ns, traffic.jitter_ns)
    return arrivals.Constant(gap_ns)


def _switch_limits(given: SwitchSection) -> dict[str, int]:
    """A queue may hold alpha times what is free: alone, it comes to alpha of 1 + alpha parts."""
    own = given.buffer_bytes - given.others_bytes
    return {"switch.pool.bytes": own, "switch.queue.bytes": int(own * given.alpha / (1 + given.alpha))}


def _trace(path: str, until_ns: float) -> Iterator[Block]:
    """Yield what a file holds, up to a time; `Bad` where it cannot be used."""
    try:
        for block in trace.trace(path):
            if max(block.sizes) > LARGEST:
                raise Bad(f"{path}: holds a packet of {max(block.sizes):,} bytes: no frame is longer than {LARGEST:,}")
            end = bisect_left(block.times, until_ns)
            if end:
                yield Block(block.times[:end], block.sizes[:end])
            if end < len(block.times):
                return
    except trace.Unusable as why:
        raise Bad(str(why)) from why
    except OSError as error:
        raise Bad(f"{path}: {error.strerror or error}") from error


def _nic(scenario: Scenario, seed: str) -> Stage:
    given, cpu = scenario.nic, scenario.cpu
    if given.pcie is None:
        bus = nic.fixed(given.dma_ns)
    else:
        bus = nic.pcie(given.pcie.gigatransfers, given.pcie.lanes, given.pcie.payload_bytes, given.dma_ns)
    polling = nic.Cpu(
        packet_ns=cpu.packet_ns,
        byte_ns=cpu.byte_ns,
        interrupt_ns=cpu.interrupt_ns,
        moderation_ns=given.moderation_ns,
        weight=cpu.weight,
        budget=cpu.budget,
        budget_ns=cpu.budget_ns,
        yield_ns=cpu.yield_ns,
        pauses=stolen(scenario, seed),
    )
    return nic.Nic(
        fifo_bytes=given.fifo_bytes,
        bus=bus,
        ring=given.ring,
        refill=given.refill,
        rest=given.rest,
        cpus=(polling,) * given.queues,
        spread=tuple(range(given.queues)),
        drops=given.drops,
        waits=given.waits,
    )


def _switch(scenario: Scenario, seed: str) -> Stage | None:
    del seed
    given = scenario.switch
    if given is None:
        return None
    return switch.Switch(
        bits_per_s=(given.link_mbps * 1e6,),
        buffer_bytes=given.buffer_bytes,
        alpha=given.alpha,
        others_bytes=given.others_bytes,
        cell_bytes=given.cell_bytes,
    )


def _backlog(scenario: Scenario, seed: str) -> Stage | None:
    del seed
    given = scenario.backlog
    if given is None:
        return None
    return backlog.backlog(packets=given.packets, cpu=Reader(packet_ns=given.packet_ns))


def _socket(scenario: Scenario, seed: str) -> Stage | None:
    given = scenario.socket
    if given is None:
        return None
    pauses = _again(given.pause_ns, given.pause_every_ns, f"{seed}/pause")
    return socket.socket(
        receive_buffer=given.receive_buffer_bytes,
        charge=given.truesize_bytes,
        reader=Reader(packet_ns=given.read_ns, byte_ns=given.read_byte_ns, pauses=pauses),
        kind=given.kind,
    )


def _pool(scenario: Scenario, seed: str) -> Stage | None:
    given = scenario.pool
    if given is None:
        return None
    return pool.Pool(
        buffers=given.buffers,
        backup=given.backup,
        line=given.line,
        burst=given.burst,
        packet_ns=given.packet_ns,
        held_ns=given.held_ns,
        pauses=_again(given.pause_ns, given.pause_every_ns, f"{seed}/pause"),
        idle_refill=given.idle_refill,
        door=given.door,
    )


def _shaper(scenario: Scenario, seed: str) -> Stage | None:
    del seed
    given = scenario.shaper
    if given is None:
        return None
    return shaper.Shaper(bits_per_s=given.rate_mbps * 1e6, burst_bytes=given.burst_bytes, limit_bytes=given.limit_bytes)


def _transmit(scenario: Scenario, seed: str) -> Stage | None:
    del seed
    given = scenario.transmit
    if given is None:
        return None
    return transmit.Transmit(
        bits_per_s=given.link_mbps * 1e6,
        limit=given.packets,
        ring=given.ring,
        wake=given.wake,
        clean_ns=given.clean_ns,
        in_flight=given.in_flight_bytes,
    )
