"""Run all benchmarks, or those named."""

import importlib
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import machine

NAMES = ("startup", "kni_syslog", "capture", "tables", "bpf", "sweep", "scale")

print(machine())
for name in sys.argv[1:] or NAMES:
    with tempfile.TemporaryDirectory() as folder:
        importlib.import_module(f"benchmarks.{name}").run(Path(folder))
