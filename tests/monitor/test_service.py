"""A service for real: a process of its own, its signals, its words to systemd."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.monitor.test_delivery import wait_for

from brimful.cli.monitor_run import command
from brimful.monitor import service
from brimful.monitor.group import Config
from brimful.monitor.service import idle, notify, watchdog_s

CONF = """
monitor.port_group_list = [a]
monitor.a.port_set = lo
monitor.a.stat_type = packet
monitor.a.trigger_type = timer
monitor.a.timer = 1s
monitor.a.action_list = [snapshot]
monitor.a.snapshot.file = {folder}/s
monitor.a.snapshot.file_count = 8
"""


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "monitor.conf"
    path.write_text(CONF.format(folder=tmp_path))
    return path


class Systemd:
    """The socket that a service talks to."""

    def __init__(self, path):
        self.path = str(path)
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.door.bind(self.path)
        self.door.settimeout(0.01)
        self.heard = []

    def listen(self):
        with contextlib.suppress(TimeoutError):
            while True:
                self.heard.append(self.door.recv(4096).decode())
        return self.heard

    def has(self, text):
        return any(text in one for one in self.listen())


@contextlib.contextmanager
def running(conf, *more, **environment):
    command = [sys.executable, "-m", "brimful", "monitor", "run", "--json", "-c", str(conf), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def told(process):
    out, _ = process.communicate(timeout=10)
    return [json.loads(line) for line in out.splitlines()]


def test_ready_watchdog_and_the_end(conf, tmp_path):
    systemd = Systemd(tmp_path / "notify")
    with running(conf, NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="400000") as process:
        wait_for(lambda: systemd.has("READY=1"))
        assert systemd.heard == ["READY=1\nSTATUS=1 port groups, 0 readings, 0 beats skipped"]
        wait_for(lambda: systemd.listen().count("WATCHDOG=1") >= 4)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        found = told(process)
        assert time.monotonic() - began < 1
        assert process.returncode == 0
    assert systemd.listen()[-1] == "STOPPING=1"
    assert next(one["kind"] for one in found if one["kind"] != "remark") == "started"
    assert [one["kind"] for one in found][-2:] == ["cost", "stopped"]
    systemd.door.close()


def test_sighup_loses_no_beat_and_a_bad_file_is_refused(conf, tmp_path):
    systemd = Systemd(tmp_path / "notify")
    with running(conf, NOTIFY_SOCKET=systemd.path) as process:
        wait_for(lambda: systemd.has("READY=1"))
        good = conf.read_text()
        conf.write_text(good + "monitor.a.nonsense = 1\nmonitor.a.timer = soon\n")
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: len([one for one in systemd.listen() if "READY=1" in one]) == 2)
        conf.write_text(good.replace("/s\n", "/t\n"))
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: len([one for one in systemd.listen() if "READY=1" in one]) == 3)
        wait_for((tmp_path / "t_1").exists)
        process.send_signal(signal.SIGTERM)
        found = told(process)
    assert re.search(r"\ARELOADING=1\nMONOTONIC_USEC=\d+\Z", systemd.heard[1])
    refused = [one["text"] for one in found if one["kind"] == "refused"]
    assert len(refused) >= 2
    assert all(text.startswith(f"{conf}:") and text.endswith("the configuration before goes on") for text in refused)
    assert [one["text"][:24] for one in found if one["kind"] == "reloaded"] == ["configuration read again"]
    # one snapshot a second, whatever its name
    files = [json.loads(path.read_bytes())["timestamp_info"] for path in (*tmp_path.glob("s_*"), *tmp_path.glob("t_*"))]
    ends = sorted(one["end_datetime"] for one in files)
    seconds = [int(end[11:13]) * 3600 + int(end[14:16]) * 60 + float(end[17:]) for end in ends]
    (cost,) = next(one["cost"] for one in found if one["kind"] == "cost")
    assert cost["reads"] == len(files)
    # a stalled machine may skip a beat: then it is counted
    assert abs(seconds[-1] - seconds[0] - (cost["reads"] + cost["skipped"] - 1)) < 0.9
    systemd.door.close()


def test_a_restart_goes_on_with_the_numbers(conf, tmp_path):
    for _ in range(2):
        with running(conf, "--for", "2500ms") as process:
            assert process.wait(15) == 0
    found = {path.name: json.loads(path.read_bytes())["timestamp_info"]["sequence"] for path in tmp_path.glob("s_*")}
    assert found == {"s_0": 1, "s_1": 2, "s_2": 3, "s_3": 4}


def test_without_systemd_nothing_is_said(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert notify(READY=1) is None
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert notify(READY=1) is None  # and nothing is raised


def test_an_abstract_socket(monkeypatch):
    name = f"brimful-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify(READY=1, STATUS="well")
        assert door.recv(100) == b"READY=1\nSTATUS=well"


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [("60000000", "", 30.0), ("60000000", "1", None), ("0", "", None), ("x", "", None), ("", "", None)],
)
def test_the_watchdog_is_that_of_this_process(monkeypatch, usec, pid, seconds):
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid or "0")
    assert watchdog_s() == seconds


def test_a_configuration_that_asks_for_nothing():
    assert idle(Config()) == service.NOTHING_LISTED
    assert idle(Config(("a",))) == service.NO_TIMER


UNIT = Path(__file__).parents[2] / "examples" / "systemd" / "brimful-monitor.service"


def test_the_unit_is_understood_by_systemd(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze not found")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/bin/brimful monitor", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_of_the_unit_is_one_of_ours():
    (line,) = [line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart=")]
    words = line.partition("brimful monitor run ")[2].split()
    known = {option for one in command.params for option in one.opts}
    assert {word for word in words if word.startswith("-")} <= known
