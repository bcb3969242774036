"""Real faults on the running kernel, in network namespaces of their own: the right verdict, ten runs in a row."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

WORKLOAD = Path(__file__).with_name("workload.py")
RUNS = 10
SECONDS = 1.5
NUMBERS = itertools.count()

pytestmark = pytest.mark.kernel

if os.geteuid() != 0 or shutil.which("ip") is None:
    if os.environ.get("CI"):
        pytest.fail("faults need root and iproute2, and CI has both", pytrace=False)
    pytest.skip("network namespaces need root and iproute2", allow_module_level=True)


@pytest.fixture
def namespace():
    name = f"brimful-{os.getpid()}-{next(NUMBERS)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield ["ip", "netns", "exec", name]
    subprocess.run(["ip", "netns", "del", name], check=True)


@contextmanager
def workload(namespace, name, seconds=SECONDS + 8):
    process = subprocess.Popen(
        [*namespace, sys.executable, str(WORKLOAD), name, str(seconds)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def diagnose(namespace, *arguments):
    command = [*namespace, sys.executable, "-m", "brimful", "diagnose", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def the_verdict(report):
    return [(v["owner"], v["stage"], v["place"]) for v in report["verdicts"]]


@pytest.mark.parametrize("run", range(RUNS))
def test_slow_udp_reader_is_the_applications_fault(namespace, run):
    with workload(namespace, "slow_udp_reader") as process:
        status, report = diagnose(namespace, f"--for={SECONDS}s")
    assert (status, the_verdict(report)) == (1, [("application", "socket.receive", "udp 127.0.0.1:5201")])
    (verdict,) = report["verdicts"]
    assert verdict["confidence"] == "high"
    assert f"(pid {process.pid})" in verdict["statement"]
    full = next(
        loss for loss in report["losses"] if loss["meaning"] == "socket.receive.full" and loss["place"] == "udp"
    )
    assert full["lost"] > 100
    assert full["lifetime"] is False


@pytest.mark.parametrize("run", range(RUNS))
def test_accept_queue_left_full_is_the_applications_fault(namespace, run):
    with workload(namespace, "full_accept_queue") as process:
        status, report = diagnose(namespace, f"--for={SECONDS}s")
    assert (status, the_verdict(report)) == (1, [("application", "socket.listen", "tcp 127.0.0.1:5201")])
    (verdict,) = report["verdicts"]
    assert f"(pid {process.pid})" in verdict["statement"]
    assert "3 connections wait for accept(), the limit is 2" in [exhibit["text"] for exhibit in verdict["because"]]


@pytest.mark.parametrize("run", range(RUNS))
def test_heavy_traffic_without_loss_is_healthy(namespace, run):
    with workload(namespace, "heavy_traffic"):
        status, report = diagnose(namespace, f"--for={SECONDS}s")
    assert (status, report["outcome"], the_verdict(report)) == (0, "healthy", [])


@pytest.mark.parametrize("run", range(RUNS))
def test_losses_from_before_are_not_judged_as_if_they_were_now(namespace, run):
    with workload(namespace, "old_losses") as process:
        process.wait()
        status, report = diagnose(namespace, "--for=0.5s")
    assert (status, report["outcome"], the_verdict(report)) == (0, "healthy", [])
    snmp = subprocess.run([*namespace, "cat", "/proc/net/snmp"], capture_output=True, text=True, check=True).stdout
    names, values = (line.split()[1:] for line in snmp.splitlines() if line.startswith("Udp:"))
    assert int(dict(zip(names, values, strict=True))["RcvbufErrors"]) > 100


def test_a_saved_capture_gives_the_verdict_that_the_host_gave(namespace, tmp_path):
    with workload(namespace, "slow_udp_reader"):
        live = diagnose(namespace, f"--for={SECONDS}s")
        saved = tmp_path / "host.tar.gz"
        command = [*namespace, sys.executable, "-m", "brimful", "capture", str(saved), f"--for={SECONDS}s"]
        subprocess.run(command, check=True, capture_output=True)
    offline = diagnose([], str(saved))
    assert offline[0] == live[0] == 1
    assert the_verdict(offline[1]) == the_verdict(live[1])
    assert [v["statement"] for v in offline[1]["verdicts"]] == [v["statement"] for v in live[1]["verdicts"]]


def test_without_privilege_it_says_what_it_could_not_see(namespace):
    with workload(namespace, "slow_udp_reader"):
        plain = [*namespace, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
        status, report = diagnose(plain, f"--for={SECONDS}s")
    assert (status, the_verdict(report)) == (1, [("application", "socket.receive", "udp 127.0.0.1:5201")])
    assert "which process holds the socket is not shown" in report["verdicts"][0]["doubts"]
    assert report["blind"]
