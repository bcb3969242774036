"""The judge is asked when something moved, and no more often than its share of the CPU allows."""

import pytest
from tests.watch.machine import DROPS, LIMIT, QUEUED, Machine

from brimful.judge import Outcome
from brimful.opinion import Opinion


class Clock:
    """Time, and CPU time of which each answer takes a fixed part."""

    def __init__(self, cost_s):
        self.now = 100.0
        self.spent = 0.0
        self.cost_s = cost_s

    def cpu(self):
        self.spent += self.cost_s / 2
        return self.spent

    def read(self):
        return self.now


def asked(cost_s, sweeps, *, moved, lossy=False):
    """Return at which of so many sweeps, a second apart, the judge was asked."""
    machine, clock = Machine(), Clock(2 * cost_s)
    machine.read(100, {DROPS: 0, QUEUED: 10, LIMIT: 100})
    machine.read(101, {DROPS: 900 * lossy, QUEUED: 100 if lossy else 10, LIMIT: 100})
    opinion = Opinion(machine.evidence, share=0.01, clock=clock.read, cpu=clock.cpu)
    found = []
    for sweep in range(sweeps):
        clock.now = 100.0 + sweep
        if opinion.ask(moved=moved):
            found.append(sweep)
    assert opinion.answers == len(found)
    assert opinion.judgement.outcome is (Outcome.VERDICT if lossy else Outcome.HEALTHY)
    return found


@pytest.mark.parametrize(
    ("cost_s", "moved", "lossy", "at"),
    [
        (0.001, False, False, [0, 10, 20]),
        (0.2, False, False, [0, 20]),
        (0.01, True, False, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]),
        (0.2, True, False, [0, 4, 8, 12, 16, 20]),
        (0.2, False, True, [0, 10, 20]),
    ],
)
def test_how_often(cost_s, moved, lossy, at):
    assert asked(cost_s, 22, moved=moved, lossy=lossy) == at
