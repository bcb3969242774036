"""`brimful monitor run`: what it prints and how it ends."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from brimful.cli.monitor_run import command

CONF = """
monitor.port_group_list = [a]
monitor.a.port_set = lo
monitor.a.stat_type = {stat_type}
monitor.a.trigger_type = timer
monitor.a.timer = 1s
monitor.a.action_list = [{actions}]
monitor.a.snapshot.file = {folder}/s
monitor.a.log.target = {log}
"""


@pytest.fixture
def write(tmp_path):
    def make(text="", *, stat_type="packet", actions="snapshot", log="syslog"):
        path = tmp_path / "monitor.conf"
        path.write_text(text or CONF.format(folder=tmp_path, stat_type=stat_type, actions=actions, log=log))
        return str(path)

    return make


def run(*arguments):
    return CliRunner().invoke(command, arguments)


def kinds(done):
    return [
        (one["kind"], one.get("deed", ""))
        for one in map(json.loads, done.output.splitlines())
        if one["kind"] != "remark"
    ]


def test_once(write, tmp_path):
    done = run("-c", write(), "--once", "--json")
    assert kinds(done) == [("started", ""), ("done", "snapshot"), ("cost", ""), ("stopped", "")]
    assert done.exit_code == 0
    snapshot = json.loads((tmp_path / "s_0").read_bytes())
    assert list(snapshot) == ["timestamp_info", "packet_info"]
    assert list(snapshot["packet_info"]) == ["lo"]


def test_once_that_fails(write, tmp_path):
    (tmp_path / "s_0").mkdir()
    done = run("-c", write(), "--once")
    assert done.exit_code == 2
    assert f"a: snapshot: {tmp_path}/s_0: cannot be written: Is a directory" in done.output


def test_quiet(write):
    assert kinds(run("-c", write(), "--once", "--json", "--quiet")) == [("started", ""), ("cost", ""), ("stopped", "")]


def test_for(write, tmp_path):
    assert run("-c", write(), "--for", "2500ms").exit_code == 0
    assert sorted(path.name for path in tmp_path.glob("s_*")) == ["s_0", "s_1"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", ": port_group_list names no group: there is nothing to do\n"),
        (
            "monitor.port_group_list = [a]\nmonitor.a.port_set = lo\nmonitor.a.stat_type = packet\n",
            ": no port group has a timer: there is nothing to do\n",
        ),
    ],
)
def test_what_asks_for_nothing_ends_without_an_error(write, text, why):
    path = write(text or "# nothing\n")
    done = run("-c", path)
    assert (done.exit_code, done.output) == (0, f"brimful: {path}{why}")


def test_an_action_without_its_settings_is_an_error(write):
    path = write(
        "monitor.port_group_list = [a]\nmonitor.a.port_set = lo\nmonitor.a.stat_type = packet\nmonitor.a.trigger_type = timer\n"
        "monitor.a.timer = 1s\nmonitor.a.action_list = [collect]\n"
    )
    done = run("-c", path)
    assert done.exit_code == 2
    assert done.output.startswith(f"brimful: {path}:6: a.collect.port_group_list: ")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"stat_type": "fabric.link.rate"}, "a: nothing on this host tells fabric.link.rate"),
        ({"stat_type": "histogram_pg"}, "a: histogram_pg cannot be read on this host"),
    ],
)
def test_what_cannot_be_read_here_is_an_error(write, more, why):
    done = run("-c", write(**more))
    assert done.exit_code == 2
    assert done.output.startswith(f"brimful: {why}")


def test_no_file():
    done = run("-c", "/nowhere/monitor.conf")
    assert (done.exit_code, done.output) == (2, "brimful: /nowhere/monitor.conf: No such file or directory\n")


def test_a_reader_that_went_away_ends_it(write):
    arguments = [sys.executable, "-m", "brimful", "monitor", "run", "-c", write(), "--for", "20s"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.wait(10) == 141
        assert process.stderr.read() == b""
