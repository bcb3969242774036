"""One model in two other simulators: two exponential servers of four places each, Poisson arrivals, who finds one full is lost.

SimPy is a library of processes (each packet is one), Ciw one of queueing networks: neither shares an idea with the stages
here, so what all three say together is the model's and not the program's.
"""

from collections.abc import Generator
from math import sqrt
from random import Random
from typing import Any

import ciw
import pytest
import simpy
from tests.simulate.oracles import tandem, z_score

from brimful.simulate.arrivals import Poisson, arrivals
from brimful.simulate.chain import run
from brimful.simulate.stages.queue import Queue
from brimful.simulate.stages.service import Service

RATES = (0.95, 1.0, 1.05)
PLACES = (4, 4)
PACKETS = 2_500
SEEDS = range(1, 11)
FURTHEST = 3.5

Shares = tuple[float, float]


def ours(seed: int) -> Shares:
    queues = [
        Queue(str(number), places, Service(mean_ns=1 / rate), seed=str(seed))
        for number, (places, rate) in enumerate(zip(PLACES, RATES[1:], strict=True))
    ]
    outcome = run(arrivals(Poisson(1 / RATES[0]), {64: 1.0}, seed=str(seed), most=PACKETS), queues)
    first, second = (account.lost.get("queue.full", 0) / account.arrived for account in outcome.accounts.values())
    return first, second


def by_simpy(seed: int) -> Shares:
    random = Random(seed)  # noqa: S311 - a simulation
    world = simpy.Environment()
    servers = [simpy.Resource(world) for _ in PLACES]
    arrived, lost = [0, 0], [0, 0]

    def packet() -> Generator[Any, Any, None]:
        for stage, (server, places, rate) in enumerate(zip(servers, PLACES, RATES[1:], strict=True)):
            arrived[stage] += 1
            if server.count + len(server.queue) >= places:
                lost[stage] += 1
                return
            with server.request() as turn:
                yield turn
                yield world.timeout(random.expovariate(rate))

    def source() -> Generator[Any, Any, None]:
        for _ in range(PACKETS):
            yield world.timeout(random.expovariate(RATES[0]))
            world.process(packet())

    world.process(source())
    world.run()
    return lost[0] / arrived[0], lost[1] / arrived[1]


class LeaveWhenFull(ciw.routing.NodeRouting):
    """Ciw lets a served one wait for a place at the next node: here it leaves instead."""

    def next_node(self, ind: Any) -> Any:
        del ind
        second = self.simulation.nodes[2]
        return second if second.number_of_individuals < PLACES[1] else self.simulation.nodes[-1]


def by_ciw(seed: int) -> Shares:
    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=RATES[0]), None],
        service_distributions=[ciw.dists.Exponential(rate=rate) for rate in RATES[1:]],
        number_of_servers=[1, 1],
        queue_capacities=[places - 1 for places in PLACES],
        routing=ciw.routing.NetworkRouting(routers=[LeaveWhenFull(), ciw.routing.Leave()]),
    )
    world = ciw.Simulation(network)
    world.simulate_until_max_customers(PACKETS, method="Arrive")
    first = [record for record in world.get_all_records() if record.node == 1]
    served = [record for record in first if record.record_type == "service"]
    left = sum(record.destination == -1 for record in served)
    return (len(first) - len(served)) / len(first), left / len(served)


@pytest.mark.parametrize("simulator", [ours, by_simpy, by_ciw])
def test_all_say_what_is_exact(simulator: Any):
    exact = tandem(RATES, PLACES, blocking=False)
    found = [simulator(seed) for seed in SEEDS]
    for stage in range(2):
        assert abs(z_score([shares[stage] for shares in found], exact[stage])) < FURTHEST


def test_two_say_the_same():
    a, b = [[one[0] + one[1] for one in map(simulator, SEEDS)] for simulator in (ours, by_simpy)]
    means = [sum(values) / len(values) for values in (a, b)]
    spreads = [
        sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        for values, mean in zip((a, b), means, strict=True)
    ]
    assert abs(means[0] - means[1]) < FURTHEST * sqrt(sum(spreads) / len(a))
