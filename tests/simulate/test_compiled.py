"""Compiled or not, equal seeds give equal results to the last bit."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from brimful.simulate.arrivals import Bursts, Constant, Incast, Pattern, Poisson, arrivals, on_wire
from brimful.simulate.chain import run
from brimful.simulate.compiled import floats, numba
from brimful.simulate.stage import Block
from brimful.simulate.stages.coupled import Coupled
from brimful.simulate.stages.queue import Queue
from brimful.simulate.stages.service import Service, link

ROOT = Path(__file__).parents[2]
PATTERNS: dict[str, Pattern] = {
    "constant": Constant(700.0),
    "poisson": Poisson(700.0),
    "bursts": Bursts(32, 100.0, 20_000.0),
    "fixed bursts": Bursts(32, 100.0, 20_000.0, random=False),
    "incast": Incast(senders=8, packets=20, every_ns=120_000.0, gap_ns=700.0, jitter_ns=5000.0),
}
SIZES = {64: 7.0, 594: 4.0, 1518: 1.0}
PACKETS = 25_000


def results(name: str) -> dict[str, object]:
    """Return the account of every stage, and the times and sizes of some packets that were delivered."""
    seen: list[Block] = []

    class Last:
        """Keeps what comes."""

        name = "last"

        def __init__(self) -> None:
            self.queue = Queue("last", 1_000, Service(fixed_ns=1.0))

        def advance(self, block: Block) -> Block:
            seen.append(block)
            return self.queue.advance(block)

        def finish(self) -> Block:
            return self.queue.finish()

        def account(self):
            return self.queue.account()

    def packets() -> Iterator[Block]:
        yield from on_wire(arrivals(PATTERNS[name], SIZES, seed="7", most=PACKETS), 10e9)

    stages = [
        Queue("rate", 40, link(2.5e9), room_bytes=30_000, seed="7"),
        Coupled(
            "pair", (10, 6), (Service(mean_ns=500.0), Service(fixed_ns=10.0, byte_ns=0.5, mean_ns=300.0)), seed="7"
        ),
        Queue("cpu", 16, Service(mean_ns=650.0), seed="7"),
        Last(),
    ]
    outcome = run(packets(), stages)
    kept = [[time.hex() for time in map(float, block.times[::97])] for block in seen]
    return {"outcome": msgspec.to_builtins(outcome), "kept": kept, "sizes": [int(sum(block.sizes)) for block in seen]}


@pytest.fixture(scope="module")
def plain() -> dict[str, object]:
    """Return the results of a process that leaves Numba alone."""
    environment = os.environ | {"BRIMFUL_COMPILE": "no"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulate.test_compiled"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_this_process_compiles():
    assert numba is not None
    assert floats(2).dtype == "float64"  # type: ignore[attr-defined]


def test_the_other_does_not(plain: dict[str, object]):
    assert plain["compiled"] is False


@pytest.mark.parametrize("name", PATTERNS)
def test_equal_seeds_give_equal_results(name: str, plain: dict[str, object]):
    ours = results(name)
    assert json.loads(json.dumps(ours)) == plain[name]
    outcome = ours["outcome"]
    assert isinstance(outcome, dict)
    assert outcome["arrived"] == PACKETS
    assert outcome["delivered"] < PACKETS


@pytest.mark.parametrize("wrong", ["raise ImportError('not for this Python')", "raise ModuleNotFoundError('numpy')"])
def test_without_a_numba_that_works_it_is_plain_python(tmp_path: Path, wrong: str):
    (tmp_path / "numba.py").write_text(wrong)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT / "src")))}
    program = "from brimful.simulate.compiled import floats, integers; print(floats(2), integers(1, 7))"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True)
    assert done.stdout == "[0.0, 0.0] [7]\n"


def test_what_is_kept_is_of_these_very_files(tmp_path: Path):
    package = tmp_path / "brimful"
    shutil.copytree(ROOT / "src" / "brimful", package, ignore=shutil.ignore_patterns("__pycache__"))
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("NUMBA_CACHE_DIR", None)
    program = "import os, brimful.simulate.compiled; print(os.environ['NUMBA_CACHE_DIR'])"

    def folder() -> Path:
        command = [sys.executable, "-c", program]
        return Path(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout.strip())

    first = folder()
    assert first.parent == tmp_path / "cache" / "brimful"
    assert folder() == first
    pauses = package / "simulate" / "pauses.py"
    pauses.write_text(pauses.read_text() + "# changed\n")
    assert folder() != first


if __name__ == "__main__":
    print(json.dumps({name: results(name) for name in PATTERNS} | {"compiled": numba is not None}))
