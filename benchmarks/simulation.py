"""The simulator beside SimPy and Ciw: one model, the same number of places, rates and losses, each in a process of its own.

The model: Poisson arrivals of rate 0.95, two exponential servers of rates 1 and 1.05 with 16 places each, that of the packet
in service among them; who finds a stage full is lost. SimPy twice: as its manual writes it (a process for each packet, a
resource for each server), and lean (a process for each server, queues of plain Python).
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

RATES = (0.95, 1.0, 1.05)
PLACES = 16
RUNS = 3
PLAIN = {"BRIMFUL_COMPILE": "no"}
ENGINES: dict[str, tuple[str, int, dict[str, str]]] = {
    "brimful with Numba": ("ours", 20_000_000, {}),
    "brimful without": ("ours", 1_000_000, PLAIN),
    "SimPy, a process for each server": ("simpy_lean", 200_000, {}),
    "SimPy, a process for each packet": ("simpy_idiomatic", 60_000, {}),
    "Ciw": ("ciw", 15_000, {}),
}
"""The function, packets that take about a second, and the environment."""
BUDGETS = {"brimful with Numba": 10e6, "brimful without": 1e6}
Losses = tuple[float, ...]


def run(folder: Path) -> None:
    """Print all figures."""
    del folder
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ENGINES}
    for _ in range(RUNS):
        for name, (engine, packets, environment) in ENGINES.items():
            found[name].append(_measure([engine, str(packets)], environment))
    print(f"two stages, Poisson, exponential, {PLACES} places each; CPU seconds of one process, {RUNS} runs in turn:")
    medians = {name: statistics.median(one["packets_s"] for one in runs) for name, runs in found.items()}
    ours = medians["brimful with Numba"]
    for name, runs in found.items():
        rates = sorted(one["packets_s"] for one in runs)
        budget = f", budget {BUDGETS[name]:,.0f}" if name in BUDGETS else ""
        print(
            f"  {name}: {medians[name]:,.0f} packets/s ({rates[0]:,.0f} to {rates[-1]:,.0f}){budget}; "
            f"brimful with Numba {ours / medians[name]:.3g} times as fast; {_median(runs, 'rss_mb'):.0f} MB; "
            f"first packets after {_median(runs, 'start_s'):.2f} s; lost {_shares(runs[0]['lost'])}"
        )
    for name, environment, scale in (("with Numba", {}, 1), ("without", PLAIN, 20)):
        _costs(name, environment, scale)


def _costs(name: str, environment: dict[str, str], scale: int) -> None:
    """Print what it costs against stages, packets and cores."""
    for stages in (1, 2, 4, 8):
        one = _measure(["ours", str(4_000_000 // scale), str(stages)], environment)
        print(f"  {name}, {stages} stage{'s'[: stages - 1]}: {1e9 / one['packets_s']:.0f} ns CPU a packet")
    for packets in (100_000, 1_000_000, 10_000_000, 40_000_000):
        one = _measure(["ours", str(packets // scale)], environment)
        print(f"  {name}, {packets // scale:,} packets: {1e9 / one['packets_s']:.0f} ns CPU, {one['rss_mb']:.0f} MB")
    for processes in range(1, min(4, os.cpu_count() or 1) + 1):
        one = _measure(["cores", str(60_000_000 // scale), str(processes)], environment)
        print(f"  {name}, {processes} processes: {one['packets_s']:,.0f} packets/s of wall time, their start included")


def ours(packets: int, stages: int = 2, seed: str = "1") -> Losses:
    """Run the model with more stages where wanted, each a little faster than the one before."""
    from brimful.simulate import arrivals, chain  # noqa: PLC0415 - the start is measured
    from brimful.simulate.stages.queue import Queue  # noqa: PLC0415
    from brimful.simulate.stages.service import Service  # noqa: PLC0415

    queues = [
        Queue(str(stage), PLACES, Service(mean_ns=1 / (RATES[1] + stage * 0.05)), seed=seed) for stage in range(stages)
    ]
    blocks = arrivals.arrivals(arrivals.Poisson(1 / RATES[0]), {64: 1.0}, seed=seed, most=packets)
    outcome = chain.run(blocks, queues)
    return tuple(one.lost.get("queue.full", 0) / one.arrived for one in outcome.accounts.values())


def simpy_idiomatic(packets: int) -> Losses:
    """Run the model as SimPy's manual writes such ones."""
    import simpy  # noqa: PLC0415

    random = Random(1)
    world = simpy.Environment()
    servers = [simpy.Resource(world) for _ in RATES[1:]]
    arrived, lost = [0, 0], [0, 0]

    def packet() -> Generator[Any, Any, None]:
        for stage, server in enumerate(servers):
            arrived[stage] += 1
            if server.count + len(server.queue) >= PLACES:
                lost[stage] += 1
                return
            with server.request() as turn:
                yield turn
                yield world.timeout(random.expovariate(RATES[stage + 1]))

    def source() -> Generator[Any, Any, None]:
        for _ in range(packets):
            yield world.timeout(random.expovariate(RATES[0]))
            world.process(packet())

    world.process(source())
    world.run()
    return tuple(one / all_ for one, all_ in zip(lost, arrived, strict=True))


def simpy_lean(packets: int) -> Losses:  # noqa: C901 - SimPy has its processes as inner functions
    """Run the model with as few of SimPy's events as it takes: one for an arrival, one for each service."""
    import simpy  # noqa: PLC0415

    random = Random(1)
    world = simpy.Environment()
    queues: list[deque[float]] = [deque(), deque()]
    idle: list[Any] = [None, None]
    arrived, lost = [0, 0], [0, 0]

    def enter(stage: int) -> None:
        arrived[stage] += 1
        if len(queues[stage]) >= PLACES:
            lost[stage] += 1
            return
        queues[stage].append(world.now)
        if idle[stage] is not None:
            waiting, idle[stage] = idle[stage], None
            waiting.succeed()

    def server(stage: int) -> Generator[Any, Any, None]:
        while True:
            if not queues[stage]:
                idle[stage] = world.event()
                yield idle[stage]
            yield world.timeout(random.expovariate(RATES[stage + 1]))
            queues[stage].popleft()
            if not stage:
                enter(1)

    def source() -> Generator[Any, Any, None]:
        for _ in range(packets):
            yield world.timeout(random.expovariate(RATES[0]))
            enter(0)

    for stage in range(2):
        world.process(server(stage))
    world.process(source())
    world.run()
    return tuple(one / all_ for one, all_ in zip(lost, arrived, strict=True))


def ciw(packets: int) -> Losses:
    """Run the model in Ciw, with a way out for who finds the second node full: by itself Ciw lets it wait."""
    import ciw  # noqa: PLC0415

    class Out(ciw.routing.NodeRouting):
        def next_node(self, ind: Any) -> Any:
            del ind
            second = self.simulation.nodes[2]
            return second if second.number_of_individuals < PLACES else self.simulation.nodes[-1]

    ciw.seed(1)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=RATES[0]), None],
        service_distributions=[ciw.dists.Exponential(rate=rate) for rate in RATES[1:]],
        number_of_servers=[1, 1],
        queue_capacities=[PLACES - 1, PLACES - 1],
        routing=ciw.routing.NetworkRouting(routers=[Out(), ciw.routing.Leave()]),
    )
    world = ciw.Simulation(network)
    world.simulate_until_max_customers(packets, method="Arrive")
    first = [record for record in world.get_all_records() if record.node == 1]
    served = [record for record in first if record.record_type == "service"]
    return (len(first) - len(served)) / len(first), sum(one.destination == -1 for one in served) / len(served)


def cores(packets: int, processes: int) -> Losses:
    """Run the model twice for each process, over so many processes."""
    from brimful.simulate.replications import spread  # noqa: PLC0415

    work = [partial(ours, packets // (2 * processes), 2, str(seed)) for seed in range(2 * processes)]
    return tuple(sum(column) / len(work) for column in zip(*spread(work, processes), strict=True))


def _measure(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Return what a process of its own measures."""
    command = [sys.executable, "-m", "benchmarks.simulation", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | environment)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _alone(engine: Callable[..., Losses], packets: int, *numbers: int) -> dict[str, Any]:
    """Measure in this process: the first packets, with all that is imported and compiled for them, then the others."""
    wall = time.perf_counter()
    clock = time.perf_counter if engine is cores else time.process_time
    if engine is not cores:
        engine(1000, *numbers)
    start = time.perf_counter() - wall
    begin = clock()
    lost = engine(packets, *numbers)
    seconds = clock() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"packets_s": packets / seconds, "start_s": start, "rss_mb": memory, "lost": lost}


def _median(runs: list[dict[str, Any]], name: str) -> float:
    return statistics.median(one[name] for one in runs)


def _shares(lost: Losses) -> str:
    return " and ".join(f"{share:.4f}" for share in lost)


if __name__ == "__main__":
    functions = {one.__name__: one for one in (ours, simpy_idiomatic, simpy_lean, ciw, cores)}
    print(json.dumps(_alone(functions[sys.argv[1]], *map(int, sys.argv[2:]))))
