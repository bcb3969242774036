"""`brimful --help` against its budget of 0.1 s."""

import sys
from pathlib import Path

from benchmarks.timing import alone, command


def run(folder: Path) -> None:
    """Time the whole process."""
    del folder
    alone("brimful --help", command([str(Path(sys.executable).with_name("brimful")), "--help"]), 0.1, runs=15)
