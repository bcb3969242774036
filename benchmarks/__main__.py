"""Run all benchmarks, or those named, each in a process of its own: what one has used is not taken for another's."""

import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import machine

NAMES = ("startup", "kni_syslog", "capture", "tables", "bpf", "queue_trace", "sweep", "scale", "simulation")

if len(sys.argv) == 2:  # noqa: PLR2004 - one name
    with tempfile.TemporaryDirectory() as folder:
        importlib.import_module(f"benchmarks.{sys.argv[1]}").run(Path(folder))
else:
    print(machine(), flush=True)
    for name in sys.argv[1:] or NAMES:
        subprocess.run([sys.executable, "-m", "benchmarks", name], check=True)
