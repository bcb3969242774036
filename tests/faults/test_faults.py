"""Real faults on the running kernel, in network namespaces of their own: who is blamed, and who is not.

Each kind is run with one seed and its healthy twin with another; `make faults` runs ten of each.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.faults.kinds import KINDS
from tests.faults.trial import attempt, diagnose, inside, verdicts, what, workload

BESIDE = 4
"""Trials at a time."""

pytestmark = pytest.mark.kernel

NEEDED = ("ip", "tc", "nft", "ethtool", "nsenter")

if os.geteuid() != 0 or not all(map(shutil.which, NEEDED)):
    if os.environ.get("CI"):
        pytest.fail(f"faults need root and {', '.join(NEEDED)}, and CI has them", pytrace=False)
    pytest.skip(f"network namespaces need root and {', '.join(NEEDED)}", allow_module_level=True)


@pytest.fixture(scope="module")
def trials():
    """Every kind and its twin, once: those that may be beside one another first, the others alone."""
    beside = [(kind, healthy) for kind in KINDS if not kind.alone for healthy in (False, True)]
    alone = [(kind, healthy) for kind in KINDS if kind.alone for healthy in (False, True)]
    with ThreadPoolExecutor(BESIDE) as pool:
        found = [*pool.map(_attempt, beside)]
    found += map(_attempt, alone)
    return {(trial.kind, trial.healthy): trial for trial in found}


def _attempt(task):
    kind, healthy = task
    return attempt(kind, 0, healthy=healthy)[0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_fault_is_blamed_on_whoever_is_at_fault(trials, kind):
    trial = trials[kind.name, False]
    assert trial.mark == "right", trial


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_healthy_twin_is_blamed_on_nobody(trials, kind):
    trial = trials[kind.name, True]
    assert trial.mark == "right", trial


def test_each_kind_says_what_it_does():
    assert len({what(kind.name) for kind in KINDS}) == len(KINDS) >= 16


def test_a_slow_reader_is_named_with_its_process_and_its_losses():
    with workload("slow_udp_reader") as process:
        status, report = diagnose(process)
    (verdict,) = report["verdicts"]
    assert (status, verdict["place"], verdict["confidence"]) == (1, "udp 127.0.0.1:5201", "high")
    assert f"(pid {process.pid})" in verdict["statement"]
    full = next(
        loss for loss in report["losses"] if loss["meaning"] == "socket.receive.full" and loss["place"] == "udp"
    )
    assert full["lost"] > 100
    assert full["lifetime"] is False


def test_a_full_accept_queue_is_named_with_its_limit():
    with workload("full_accept_queue") as process:
        _, report = diagnose(process)
    (verdict,) = report["verdicts"]
    assert verdict["place"] == "tcp 127.0.0.1:5201"
    assert f"(pid {process.pid})" in verdict["statement"]
    assert "3 connections wait for accept(), the limit is 2" in [exhibit["text"] for exhibit in verdict["because"]]


def test_heavy_traffic_without_loss_is_healthy():
    with workload("heavy_traffic") as process:
        status, report = diagnose(process)
    assert (status, report["outcome"], verdicts(report)) == (0, "healthy", ())


def test_losses_from_before_are_not_judged_as_if_they_were_now():
    with workload("old_losses") as process:
        status, report = diagnose(process, 0.5)
        snmp = subprocess.run(
            inside(process, "cat", "/proc/net/snmp"), capture_output=True, text=True, check=True
        ).stdout
    assert (status, report["outcome"], verdicts(report)) == (0, "healthy", ())
    names, values = (line.split()[1:] for line in snmp.splitlines() if line.startswith("Udp:"))
    assert int(dict(zip(names, values, strict=True))["RcvbufErrors"]) > 100


def test_a_saved_capture_gives_the_verdict_that_the_host_gave(tmp_path):
    saved = tmp_path / "host.tar.gz"
    brimful = [sys.executable, "-m", "brimful"]
    with workload("slow_udp_reader") as process:
        status, live = diagnose(process)
        capture = [*brimful, "capture", str(saved), "--for=2s"]
        subprocess.run(inside(process, *capture), check=True, capture_output=True)
    offline = subprocess.run([*brimful, "diagnose", "--json", str(saved)], check=False, capture_output=True, text=True)
    assert offline.returncode == status == 1
    (verdict,) = json.loads(offline.stdout)["verdicts"]
    assert verdict["statement"] == live["verdicts"][0]["statement"]


def test_without_privilege_it_says_what_it_could_not_see():
    with workload("slow_udp_reader") as process:
        plain = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
        status, report = diagnose(process, before=plain)
    (verdict,) = report["verdicts"]
    assert (status, verdict["owner"], verdict["stage"]) == (1, "application", "socket.receive")
    assert "which process holds the socket is not shown" in verdict["doubts"]
    assert report["blind"]


def test_nothing_is_left_when_a_workload_is_killed():
    with workload("shaper") as process:
        link = inside(process, "ip", "link", "show", "left")
        assert subprocess.run(link, check=False, capture_output=True).returncode == 0
        children = _children(process.pid)
        assert children
        process.kill()
        process.wait()
        assert subprocess.run(["ip", "link", "show", "left"], check=False, capture_output=True).returncode != 0
        _await_gone(children)


def _children(number):
    with open(f"/proc/{number}/task/{number}/children") as file:  # noqa: PTH123 - short
        return [int(child) for child in file.read().split()]


def _await_gone(numbers):
    """Wait until processes have ended; they are not ours, so only /proc tells."""
    for _ in range(100):
        if not any(_alive(number) for number in numbers):
            return
        subprocess.run(["sleep", "0.05"], check=True)
    pytest.fail(f"still there: {numbers}")


def _alive(number):
    try:
        with open(f"/proc/{number}/stat") as file:  # noqa: PTH123 - short
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
