"""The library of faults: each comes about as it says, its twin loses nothing, and the judge finds the one and not the other."""

import pytest

from brimful.chain.owner import Owner
from brimful.collect import gather
from brimful.judge import Outcome, judge
from brimful.simulate.faults import FAULTS
from brimful.simulate.root import roots

UNSEEN = "slow cpu that no counter shows"
"""The driver of seed 0 is tg3, which counts no want of descriptors."""

by_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


def concluded(machines):
    judgements = [judge(gather([machine])) for machine in machines]
    return {(v.owner, v.stage) for one in judgements for v in one.verdicts}, {one.outcome for one in judgements}


def lost(machines):
    accounts = machines[0].views[-1].accounts.values()
    return {name for account in accounts for name, count in account.lost.items() if count}


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) == 35
    assert {owner for fault in FAULTS for owner, _ in fault.verdicts} == {
        Owner.APPLICATION,
        Owner.BUS,
        Owner.KERNEL,
        Owner.NETWORK,
    }


@by_fault
def test_the_fault_comes_about_and_is_found(fault):
    machines = roots(fault.scenario(0), "0")
    assert lost(machines) == fault.lost
    found, outcomes = concluded(machines)
    if fault.name == UNSEEN:
        assert (found, outcomes) == (set(), {Outcome.UNDECIDED})
    else:
        assert found in (fault.verdicts, fault.also or fault.verdicts)


@by_fault
def test_the_twin_is_healthy(fault):
    machines = roots(fault.scenario(0, ill=False), "0")
    assert lost(machines) == set()
    assert concluded(machines) == (set(), {Outcome.HEALTHY})


def test_the_same_seed_draws_the_same_and_another_another():
    fault = FAULTS[0]
    assert fault.scenario(7) == fault.scenario(7)
    assert fault.scenario(7) != fault.scenario(8)
    assert fault.scenario(7).nic.driver == fault.scenario(7, ill=False).nic.driver
