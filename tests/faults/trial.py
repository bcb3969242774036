"""One trial: a fault, or its healthy twin, brought about in a namespace of its own, and what brimful says of it."""

import ast
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.faults.kinds import Blame, Kind

WORKLOAD = Path(__file__).with_name("workload.py")
SECONDS = 2.0
SPARE_S = 12
"""How long a workload goes on beyond the watch: brimful has to start first, on a machine that may be busy."""


class Trial(NamedTuple):
    """What came out of it.

    `mark`: right (these verdicts and no other), acceptable, undecided, missed (less than there
    was to be said) or WRONG (somebody is blamed who is not at fault).
    """

    kind: str
    seed: int
    healthy: bool
    outcome: str
    found: tuple[Blame, ...]
    mark: str
    statement: str


def what(name):
    """Return what a workload does, in the words of its docstring."""
    for path in WORKLOAD.with_name("workloads").glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return " ".join((ast.get_docstring(node) or "").split())
    raise LookupError(name)


@contextmanager
def workload(name, seed=0, *options, seconds=SECONDS):
    """Run a workload until the block ends; yields its process, which is in the namespace."""
    command = [sys.executable, str(WORKLOAD), name, str(seconds + SPARE_S), "--seed", str(seed), "--apart", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"{name}, seed {seed}: the workload did not start")
            yield process
        finally:
            process.kill()


def inside(process, *command):
    """Return what runs a command in the namespaces of a process."""
    spaces = f"/proc/{process.pid}/ns"
    return ["nsenter", f"--net={spaces}/net", f"--mount={spaces}/mnt", f"--wd={Path.cwd()}", *command]


def diagnose(process, seconds=SECONDS, before=()):
    """Return exit status and report of a watch in the namespaces of a process."""
    brimful = [sys.executable, "-m", "brimful", "diagnose", "--json", f"--for={seconds}s"]
    done = subprocess.run(inside(process, *before, *brimful), capture_output=True, text=True, check=False)
    if done.stderr:
        raise RuntimeError(done.stderr)
    return done.returncode, json.loads(done.stdout)


def verdicts(report):
    return tuple((verdict["owner"], verdict["stage"]) for verdict in report["verdicts"])


def attempt(kind: Kind, seed: int, *, healthy: bool = False) -> tuple[Trial, dict]:
    """Bring one fault about, and judge what is said of it."""
    with workload(kind.name, seed, *(["--healthy"] if healthy else [])) as process:
        _, report = diagnose(process)
    found = verdicts(report)
    mark = mark_of_twin(found, report) if healthy else mark_of(found, report, kind)
    return Trial(kind.name, seed, healthy, report["outcome"], found, mark, report["statement"]), report


def mark_of(found, report, kind):
    """Return right, acceptable, undecided, missed or WRONG."""
    first = found[: max(1, len(kind.expected))]
    if set(found) - {*kind.expected, *kind.acceptable}:
        return "WRONG"
    told = any(kind.says in note["text"] for note in report["notes"]) if kind.says else True
    if set(first) == set(kind.expected) and told and (found or report["outcome"] == "healthy"):
        return "right"
    if report["outcome"] == "undecided":
        return "undecided"
    return "acceptable" if found and not set(found) & set(kind.expected) else "missed"


def mark_of_twin(found, report):
    """Return right, undecided or WRONG: nobody is to be blamed for what is lost nowhere."""
    return "WRONG" if found else "right" if report["outcome"] == "healthy" else "undecided"
