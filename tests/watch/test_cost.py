"""What watching costs is told: what is read less often, how often and why."""

import re

from brimful.sampler import Cost
from brimful.watch.cost import OwnCost, resident_bytes, seldom


def cost(source, every_s, period_s, cpu_s):
    return Cost(source, every_s, period_s, last_cpu_s=cpu_s)


def test_what_is_read_less_often():
    costs = [
        cost("snmp", 1, 1.1, 0.001),
        cost("sockets", 1, 5, 0.02),
        cost("drops", 1, 81, 0.093),
        cost("pcie", 60, 60, 0.1),
    ]
    assert seldom(costs, 1) == "read less often for their cost: drops each 81 s (93 ms), sockets each 5 s (20 ms)"
    assert seldom(costs, 10) == "read less often for their cost: drops each 81 s (93 ms)"
    assert seldom(costs[:1], 1) == ""


def test_of_many_the_costliest_are_named():
    text = seldom([cost(f"source{n}", 1, 9, n / 1000) for n in range(6)], 1)
    assert text.endswith(
        "source5 each 9 s (5 ms), source4 each 9 s (4 ms), source3 each 9 s (3 ms), source2 each 9 s (2 ms) and 2 more"
    )


def test_own_cost():
    own = OwnCost()
    assert 5 << 20 < resident_bytes() < 4 << 30
    assert re.fullmatch(r"\d+ MB", str(own))
    own.refresh()
    assert own.share is None
    own._at_s -= 10  # noqa: SLF001 - ten seconds ago
    own.refresh()
    assert 0 <= own.share < 5
    assert re.fullmatch(r"\d+\.\d % of a CPU, \d+ MB", str(own))
