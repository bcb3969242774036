"""Compiled or not, each stage gives the same to the last bit."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest
from tests.simulate.steady import block

from brimful.simulate.compiled import numba
from brimful.simulate.pauses import every
from brimful.simulate.stage import Stage
from brimful.simulate.stages.backlog import backlog
from brimful.simulate.stages.nic import Cpu, Nic, pcie
from brimful.simulate.stages.pool import Pool
from brimful.simulate.stages.reading import Reader
from brimful.simulate.stages.shaper import Shaper
from brimful.simulate.stages.socket import socket
from brimful.simulate.stages.split import Split
from brimful.simulate.stages.switch import Switch
from brimful.simulate.stages.transmit import Transmit

ROOT = Path(__file__).parents[3]
READER = Reader(packet_ns=650.0, byte_ns=0.3, pauses=every(1e6, 2e5))
CPUS = (
    Cpu(packet_ns=700.0, pauses=every(1e6, 3e5)),
    Cpu(packet_ns=900.0, byte_ns=0.1, moderation="delay", budget=64),
)
STAGES: dict[str, Callable[[], Stage]] = {
    "nic": lambda: Nic(ring=256, bus=pcie(2.5, 1), cpus=CPUS, spread=(0, 1, 1)),
    "nic that drops": lambda: Nic(ring=64, rest=True, drops=True, waits="heads", cpus=CPUS, spread=(0, 1)),
    "socket": lambda: socket(reader=READER),
    "backlog": lambda: backlog(packets=100, cpu=READER),
    "pool": lambda: Pool(buffers=800, backup=50, packet_ns=600.0, held_ns=1e6, pauses=every(1e6, 1e5)),
    "switch": lambda: Switch(bits_per_s=(4e9, 9e8), buffer_bytes=90_000, cell_bytes=208, spread=(0, 1)),
    "shaper": lambda: Shaper(bits_per_s=6e9, burst_bytes=3000, limit_bytes=20_000),
    "transmit": lambda: Transmit(bits_per_s=3e9, ring=64, in_flight=9_000),
    "split": lambda: Split([[socket(reader=READER)], [backlog(packets=100, cpu=READER)]], (0, 1, 1)),
}


def result(name: str) -> dict[str, object]:
    """Return the account, and when packets leave."""
    random = Random(1)  # noqa: S311 - must be repeatable
    stage, now, left = STAGES[name](), 0.0, []
    for _ in range(10):
        times, sizes = [], []
        for _ in range(1_000):
            now += random.expovariate(1 / 800.0)
            times.append(now)
            sizes.append(random.choice((64, 594, 1518)))
        left.extend(stage.advance(block(times, sizes)).times)
    left.extend(stage.finish().times)
    return {"account": msgspec.to_builtins(stage.account()), "left": [float(time).hex() for time in left]}


@pytest.fixture(scope="module")
def plain() -> dict[str, dict[str, object]]:
    """Return the results of a process that leaves Numba alone."""
    command = [sys.executable, "-m", "tests.simulate.stages.test_same"]
    environment = os.environ | {"BRIMFUL_COMPILE": "no"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=120)
    return json.loads(done.stdout)


@pytest.mark.skipif(numba is None, reason="Numba is not installed")
@pytest.mark.parametrize("name", STAGES)
def test_same(plain, name):
    assert json.loads(json.dumps(result(name))) == plain[name]


@pytest.mark.parametrize("name", STAGES)
def test_loses(name):
    """Else the comparison would say little."""
    assert sum(result(name)["account"]["lost"].values()) > 100


if __name__ == "__main__":
    print(json.dumps({name: result(name) for name in STAGES}))
