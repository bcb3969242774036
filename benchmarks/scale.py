"""Hosts of a size: `brimful diagnose` on 5,000 interfaces, and on 100,000 sockets. Needs root."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.namespace import namespace

INTERFACES = 5_000
SOCKETS = 100_000
PROCESSES = 10
"""Each with an address of its own, for an address has 28,000 ports, and with fewer files than a process may open."""
WATCH_S = 5
HOLD = """
import resource, socket, sys
count = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
held = []
for number in range(count):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((sys.argv[2], 0))
    held.append(one)
print("ready", flush=True)
sys.stdin.read()
"""


def run(folder: Path) -> None:
    """Print what a diagnosis takes on each."""
    del folder
    if os.geteuid():
        print("scale: not run: it makes network namespaces, which needs root")
        return
    with namespace(INTERFACES) as inside:
        _diagnose(inside, f"{INTERFACES:,} interfaces")
    with namespace() as inside:
        held = [_hold(inside, SOCKETS // PROCESSES, f"127.0.0.{number}") for number in range(1, PROCESSES + 1)]
        try:
            _diagnose(inside, f"{SOCKETS:,} sockets")
        finally:
            for process in held:
                process.communicate("")


def _hold(inside: list[str], count: int, address: str) -> "subprocess.Popen[str]":
    command = [*inside, sys.executable, "-c", HOLD, str(count), address]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdout is None or process.stdout.readline() != "ready\n":
        raise RuntimeError("the sockets cannot be opened")
    return process


def _diagnose(inside: list[str], what: str) -> None:
    """Print CPU, wall time and memory of one diagnosis, and what it says of its own cost."""
    command = [*inside, sys.executable, "-m", "brimful", "diagnose", "--json", f"--for={WATCH_S}s"]
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - begin
    report = json.loads(output)
    most = sorted(report["cost"], key=lambda cost: -cost["cpu_s"])[:3]
    costly = ", ".join(f"{cost['source']} {1000 * cost['last_cpu_s']:.0f} ms a read" for cost in most)
    print(
        f"diagnose --for {WATCH_S}s with {what}: {usage.ru_utime + usage.ru_stime:.1f} s CPU, {wall:.1f} s, "
        f"{usage.ru_maxrss / 1024:.0f} MB, {report['outcome']}; {costly}"
    )
