"""Timing of whole commands and of functions, one against the other, in turn."""

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

RUNS = 7


def machine() -> str:
    """Return what the figures were measured on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}, Python {platform.python_version()}"


def command(argv: Sequence[str], allowed: Sequence[int] = (0,)) -> Callable[[], float]:
    """Return a function that runs a command and returns its wall seconds; other statuses than those allowed are errors.

    The output is read and thrown away: grep stops at the first match when it writes to /dev/null.
    """

    def run() -> float:
        begin = time.perf_counter()
        done = subprocess.run(argv, capture_output=True, check=False)
        seconds = time.perf_counter() - begin
        if done.returncode not in allowed:
            raise RuntimeError(f"{argv}: status {done.returncode}: {done.stderr.decode()[-500:]}")
        return seconds

    return run


def call(function: Callable[[], object]) -> Callable[[], float]:
    """Return a function that calls another and returns the wall seconds it took."""

    def run() -> float:
        begin = time.perf_counter()
        function()
        return time.perf_counter() - begin

    return run


def compare(
    title: str, ours: Callable[[], float], peer: Callable[[], float], peer_name: str, runs: int = RUNS
) -> float:
    """Run both in turn after a warm-up, print the medians and return the median of ours / peer."""
    ours()
    peer()
    pairs = [(ours(), peer()) for _ in range(runs)]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(a / b for a, b in pairs)
    ratio = statistics.median(ratios)
    print(
        f"{title}: brimful {mine:.3f} s, {peer_name} {theirs:.3f} s, ratio {ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}, {runs} runs)"
    )
    return ratio


def alone(title: str, ours: Callable[[], float], budget_s: float, runs: int = RUNS) -> float:
    """Run one command several times after a warm-up, print its median beside its budget and return it."""
    ours()
    times = sorted(ours() for _ in range(runs))
    median = statistics.median(times)
    print(f"{title}: {median:.3f} s ({times[0]:.3f} to {times[-1]:.3f}, {runs} runs), budget {budget_s:g} s")
    return median
