"""Watching network namespaces from outside, and the beat of a watch."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.test_diagnose import EXAMPLE, brimful, report
from tests.namespaces import named_namespace

from brimful.cli import live
from brimful.cli.live import beats

SLOW_READER = """
import socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20000)
    one.bind(("127.0.0.1", 5297))
    print("ready", flush=True)
    end = time.monotonic() + 60
    turn = 0
    while time.monotonic() < end:
        for _ in range(10):
            one.sendto(b"x" * 500, ("127.0.0.1", 5297))
        one.recv(1000)
        time.sleep(0.02)
"""


@contextmanager
def running(name, code):
    """A process in a namespace that has said it is ready; it is ended afterwards."""
    command = ["ip", "netns", "exec", name, sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def namespace():
    name = f"brim-cli-{os.getpid()}"
    with named_namespace(name):
        yield name


def names(found):
    return [root["name"] for root in found["roots"]]


@pytest.mark.kernel
def test_a_slow_reader_in_a_namespace_is_found_from_outside(namespace):
    host = socket.gethostname()
    with running(namespace, SLOW_READER):
        status, found = report("--for=2s", "--netns", namespace)
    assert status == 1
    assert names(found) == [host, f"{host} netns {namespace}"]
    (verdict,) = [one for one in found["verdicts"] if one["root"] == f"{host} netns {namespace}"]
    assert (verdict["owner"], verdict["stage"], verdict["place"]) == (
        "application",
        "socket.receive",
        "udp 127.0.0.1:5297",
    )
    lost = [one for one in found["losses"] if one["place"].startswith("udp 127.0.0.1:5297") and not one["lifetime"]]
    assert {one["root"] for one in lost} == {f"{host} netns {namespace}"}
    assert all(one["lost"] > 100 for one in lost)
    (account,) = [one for one in found["accounts"] if one["place"] == "udp" and one["root"].endswith(namespace)]
    assert account["arrived"] == account["delivered"] + sum(one["packets"] for one in account["losses"])
    assert {one["root"] for one in found["cost"]} == set(names(found))


@pytest.mark.kernel
def test_a_namespace_is_named_on_the_screen(namespace):
    done = brimful("diagnose", "--for=200ms", "--netns", namespace, env={"COLUMNS": "120"})
    assert done.returncode in {0, 1, 3}
    assert f"{socket.gethostname()} netns {namespace} (live)" in done.stdout.decode()


@pytest.mark.kernel
def test_a_namespace_is_watched_once_however_often_it_is_named(namespace):
    with running(namespace, SLOW_READER) as process:
        time.sleep(0.1)
        words = [namespace, f"/run/netns/{namespace}", str(process.pid), "all", str(os.getpid())]
        _, found = report("--for=200ms", *(word for name in words for word in ("--netns", name)))
    host = socket.gethostname()
    assert names(found)[:2] == [host, f"{host} netns {namespace}"]
    assert len(set(names(found))) == len(names(found))
    assert not [name for name in names(found)[2:] if namespace in name]
    _, found = report("--for=200ms", "--netns", "all")
    assert f"{host} netns {namespace}" in names(found)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no such namespace", "no network namespace of that name or process (ip netns list)"),
        ("999999999", "no network namespace of that name or process (ip netns list)"),
        ("/nowhere", "no network namespace of that name or process (ip netns list)"),
        ("/etc/passwd", "network namespace cannot be entered: Invalid argument"),
        ("/proc/self/ns/mnt", "network namespace cannot be entered: Invalid argument"),
    ],
)
def test_a_namespace_that_is_none_is_one_line(name, why):
    done = brimful("diagnose", "--for=200ms", "--netns", name)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == f"brimful: {name}: {why}\n"


def test_a_saved_capture_has_no_namespaces():
    done = brimful("diagnose", "--netns", "all", EXAMPLE)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith("brimful: --netns: what was saved has no network namespaces")


class Time:
    def __init__(self):
        self.now = 50.0
        self.slept = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.now += seconds


def test_beats_do_not_drift_however_long_a_turn_takes(monkeypatch):
    made = Time()
    monkeypatch.setattr(live, "time", made)
    begun = []
    for turn in beats(6, 1.0, "", quiet=True):
        begun.append((turn, round(made.now, 3)))
        made.now += {0: 3.0, 1: 0.25, 2: 2.5}.get(turn, 0.1)
    # the time counts from the end of the first turn
    assert begun == [(0, 50.0), (1, 54.0), (2, 55.0), (3, 57.5), (4, 57.6), (5, 58.0)]


def report_of(folder, name, *arguments):
    path = folder / name
    path.write_bytes(brimful("diagnose", "--json", *arguments).stdout)
    return path


UDP = "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: {0} 0 {1} 0 {1} 0\n"


@pytest.fixture
def captures(tmp_path):
    """Ten seconds before a treatment, after it, and after one that did not help."""
    for name, passed, lost in (("before", 9000, 1000), ("after", 9500, 0), ("again", 9000, 1100)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "proc_net_snmp.0s").write_text(UDP.format(100, 0))
        (folder / "proc_net_snmp.10s").write_text(UDP.format(100 + passed, lost))
    return tmp_path


def test_whether_a_treatment_worked_is_the_first_thing_said(captures):
    before = report_of(captures, "report.json", captures / "before")
    done = brimful("diagnose", "--after", before, captures / "after")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().strip().splitlines()[0].rstrip() == (
        "The treatment worked: socket.receive udp: 100 a second (10.00 %) before, none now at 95.00 % of the"
    )
    status, found = report("--after", before, captures / "after")
    (effect,) = found["after"]
    assert (status, effect["result"], effect["root"], effect["owner"]) == (0, "worked", "after", "application")
    assert (effect["before_per_second"], effect["now_per_second"]) == (100.0, 0.0)
    assert (effect["before_share"], effect["now_share"]) == (0.1, 0.0)


def test_a_treatment_that_changed_nothing_leaves_the_verdict(captures):
    before = report_of(captures, "report.json", captures / "before")
    status, found = report("--after", "-", captures / "again", stdin=before.read_bytes())
    assert (status, [one["result"] for one in found["after"]]) == (1, ["unchanged"])
    text = brimful("diagnose", "--after", before, captures / "again").stdout.decode()
    assert text.strip().startswith("The treatment changed nothing: socket.receive udp: 100 a second (10.00 %) before")
    assert "Applications do not read their UDP sockets" in text


def test_after_a_healthy_report_there_is_nothing_to_compare(captures):
    before = report_of(captures, "report.json", captures / "after")
    _, found = report("--after", before, captures / "before")
    assert found["after"] == []


def test_machines_are_compared_with_themselves(captures):
    for name in ("web1", "web2"):
        for when in ("before", "after"):
            folder = captures / f"{when}-all" / name
            folder.mkdir(parents=True)
            (folder / "hostname").write_text(f"{name}\n")
            lost = 1000 if (name, when) != ("web1", "after") else 0
            (folder / "proc_net_snmp.0s").write_text(UDP.format(100, 0))
            (folder / "proc_net_snmp.10s").write_text(UDP.format(9100, lost))
    folders = {when: [captures / f"{when}-all" / name for name in ("web1", "web2")] for when in ("before", "after")}
    before = report_of(captures, "report.json", *folders["before"])
    machines = {one["root"] for one in json.loads(before.read_bytes())["verdicts"]}
    assert len(machines) == 2
    _, found = report("--after", before, *folders["after"])
    assert sorted((one["root"], one["result"]) for one in found["after"]) == [
        ("web1", "worked"),
        ("web2", "unchanged"),
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        (b"", "no report of brimful diagnose --json"),
        (b"not JSON", "no report of brimful diagnose --json"),
        (b"{}", "no report of brimful diagnose --json"),
        (b'{"brimful": "9", "schema": 2, "outcome": "", "verdicts": [], "losses": []}', "report of schema 2"),
    ],
)
def test_an_earlier_report_that_cannot_be_used_is_one_line(captures, content, why):
    path = captures / "report.json"
    if content is not None:
        path.write_bytes(content)
    done = brimful("diagnose", "--after", path, "--for=1h")  # nobody waits for the watch to end
    assert (done.returncode, done.stdout) == (2, b"")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"brimful: {path}: {why}")


def test_a_folder_is_no_earlier_report(captures):
    done = brimful("diagnose", "--after", captures, Path("/nowhere"))
    assert (done.returncode, done.stderr.decode()) == (2, f"brimful: {captures}: Is a directory\n")
