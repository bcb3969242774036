"""The examples show what their names say."""

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from brimful.simulate.experiment import experiment
from brimful.simulate.scenario import Run
from brimful.simulate.scenario_file import points, read

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenarios"
WAITED = "nic.ring.waited"
"""What the RNBC register counts."""
SHOWN = {
    "healthy": (set(), False),
    "slow-bus": ({"nic.fifo.overrun"}, False),
    "stolen-cpu": (set(), True),
    "both": ({"nic.fifo.overrun"}, True),
    "eight-descriptors": (set(), True),
    "stack-keeps-buffers": (set(), True),
    "slow-application": ({"socket.receive.dropped"}, False),
    "incast": ({"switch.queue.dropped"}, False),
}


@pytest.mark.parametrize("name", SHOWN)
def test_who_loses_and_whether_frames_wait_for_descriptors(name):
    scenario = read(str(EXAMPLES / f"{name}.toml"))
    short = msgspec.structs.replace(scenario, run=Run(seconds=0.03, replications=2))
    (result,) = experiment(short, processes=1)
    lost, waits = SHOWN[name]
    assert {loss.meaning for loss in result.summary.lost} == lost
    assert (WAITED in {loss.meaning for loss in result.summary.losses}) is waits


def test_a_larger_ring_outlasts_a_longer_stall():
    scenario = read(str(EXAMPLES / "ring-and-stall.toml"))
    assert points(scenario) == 16
    short = msgspec.structs.replace(scenario, run=Run(seconds=0.02, replications=2))
    lost = {tuple(value for _, value in one.point.set): one.summary.total.mean for one in experiment(short)}
    rings, stalls = scenario.sweep.values()
    for ring, larger in pairwise(rings):
        assert all(lost[larger, stall] <= lost[ring, stall] for stall in stalls)
    assert lost[256, 2_000_000] > 0.1
    # 2048 descriptors and 384 frames in the FIFO last 2.3 ms at this rate
    assert lost[2048, 2_000_000] == 0


def test_every_example_is_here():
    assert {path.stem for path in EXAMPLES.glob("*.toml")} == {*SHOWN, "ring-and-stall"}
