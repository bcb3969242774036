"""A 100 MB support capture to a verdict, against its budget of 0.5 s."""

import sys
from pathlib import Path

from benchmarks.captures import EXAMPLE, support_capture
from benchmarks.timing import alone, command

MEGABYTES = 100


def run(folder: Path) -> None:
    """Time the whole process, from start to the printed verdict."""
    path = folder / "capture"
    support_capture(path, EXAMPLE, MEGABYTES)
    title = f"{path.stat().st_size / 1e6:.0f} MB support capture to a verdict (whole process)"
    alone(
        title,
        command([str(Path(sys.executable).with_name("brimful")), "diagnose", str(path), "--json"], allowed=(1,)),
        0.5,
    )
