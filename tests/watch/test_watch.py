"""`brimful watch` on a pseudo-terminal, while a reader in a namespace of its own is too slow."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.namespaces import needs
from tests.watch.pseudo import Session

WORKLOAD = Path(__file__).parent.parent / "faults" / "workload.py"
NUMBERS = itertools.count()
SOCKET = "socket.receive udp 127.0.0.1:5201"

pytestmark = pytest.mark.kernel


@pytest.fixture
def namespace():
    needs("ip")
    name = f"watch-{os.getpid()}-{next(NUMBERS)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield name
    subprocess.run(["ip", "netns", "del", name], check=True)


@contextmanager
def fault(namespace, seconds=40, name="slow_udp_reader"):
    command = ["ip", "netns", "exec", namespace, sys.executable, str(WORKLOAD), name, str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def watch(namespace, *arguments, columns=150, rows=24, **environment):
    command = ["ip", "netns", "exec", namespace, sys.executable, "-m", "brimful", "watch", *arguments]
    return Session(command, columns, rows, **environment)


def rows(screen):
    """The rows below the headings, without the marks of selection and without what tracepoints tell of other namespaces."""
    lines = screen.lines
    first = next((number for number, line in enumerate(lines) if line.startswith("stage ")), len(lines)) + 1
    return [line[1:] for line in lines[first:-2] if line.strip() and " netns " not in line]


def losing(screen):
    return any(line.startswith(SOCKET) and re.search(r" [\d.]+k( |$)", line) for line in rows(screen))


def test_the_worst_row_is_the_socket_whose_reader_is_slow(namespace):
    with fault(namespace) as process, watch(namespace) as session:
        session.until(losing)
        session.until("does not read udp 127.0.0.1:5201 as fast as packets arrive")
        worst = rows(session.screen)[0]
        assert worst.startswith(SOCKET)
        assert f"application: python (pid {process.pid})" in worst
        assert re.search(r"####\S*  ?\d+%", worst)
        assert worst.rstrip()[-1] in "▁▂▃▄▅▆▇█"
        assert rows(session.screen)[1].startswith("socket.receive udp  ")
        assert "watching takes" in session.screen.text
        busy = session.read(6) / 6
        assert busy < 1500  # measured: 60 to 240; others may make the machine busy
        session.type("q")
        assert session.ended() == 0
        assert session.screen.modes == {25, 7}
        assert session.mode == session.before


def test_keys(namespace):
    with fault(namespace), watch(namespace) as session:
        session.until(losing)
        session.type("s")
        session.until("by level")
        session.type("f")
        session.until("filter: _")
        session.type("softnet\r")
        session.until("no row has that in it")
        session.type("\x1b")
        session.until(losing)
        session.type("?")
        session.until("Ctrl-Z")
        session.type("?")
        session.until(losing)
        session.type("d")
        session.until("socket.receive.dropped")
        session.until("owner application")
        session.type("d")
        session.until(losing)
        session.type("\x1b[B")
        session.until(lambda screen: any(line.startswith(">socket.receive udp  ") for line in screen.lines))
        session.type("\x1b[A")
        session.until(lambda screen: any(line.startswith(f">{SOCKET}") for line in screen.lines))
        assert sum(line.startswith(">") for line in session.screen.lines) == 1
        session.type("q")
        assert session.ended() == 0


def test_frozen_nothing_changes_and_afterwards_nothing_is_missing(namespace):
    with fault(namespace), watch(namespace) as session:
        session.until(losing)
        session.type("p")
        session.until("FROZEN")
        before = [line for line in session.screen.lines if "watching takes" not in line]
        session.read(3)
        assert [line for line in session.screen.lines if "watching takes" not in line] == before
        session.type(" ")
        session.until(lambda screen: "FROZEN" not in screen.text)
        session.until(losing)


def test_another_size(namespace):
    with fault(namespace), watch(namespace) as session:
        session.until(losing)
        session.resize(60, 10)
        session.until(losing)
        assert session.screen.lines[-1].startswith("q quit")
        session.resize(200, 50)
        session.until(losing)
        assert session.screen.lines[49].startswith("q quit")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGQUIT, 131)]
)
def test_a_signal_leaves_the_terminal_as_it_was(namespace, number, status):
    with watch(namespace) as session:
        session.until("watching takes")
        assert session.mode != session.before
        session.process.send_signal(number)
        assert session.ended() == status
        assert session.screen.modes == {25, 7}
        assert session.mode == session.before


def test_stopped_and_continued(namespace):
    with watch(namespace) as session:
        session.until("watching takes")
        session.type("\x1a")
        session.until(lambda screen: 1049 not in screen.modes)
        assert os.waitpid(session.process.pid, os.WUNTRACED)[1] >> 8 == signal.SIGSTOP
        assert session.mode == session.before
        session.screen.feed(b"\x1b[H\x1b[2J")
        session.process.send_signal(signal.SIGCONT)
        session.until(lambda screen: 1049 in screen.modes and "watching takes" in screen.text)
        assert session.mode != session.before
        session.type("q")
        assert session.ended() == 0


def test_little_is_written_while_nothing_happens(namespace):
    with watch(namespace) as session:
        session.until("No buffer overflowed")
        assert session.read(5) / 5 < 300  # measured: 17; others may make the machine busy


def test_it_ends_by_itself(namespace):
    with watch(namespace, "--for", "2s") as session:
        assert session.ended(15) == 0
        assert session.screen.modes == {25, 7}


def test_without_colour(namespace):
    with fault(namespace), watch(namespace, NO_COLOR="1") as session:
        session.until(losing)
        assert session.screen.attributes <= {"0"}


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_dumb_terminal_gets_plain_lines(namespace, environment):
    with watch(namespace, "--for", "1s", **environment) as session:
        assert session.ended(15) == 0
        assert b"\x1b" not in session.raw


def printed(namespace, *arguments):
    command = ["ip", "netns", "exec", namespace, sys.executable, "-m", "brimful", "watch", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_pipe_gets_a_line_for_each_thing_that_happens(namespace):
    with fault(namespace, 4) as process:
        lines = printed(namespace, "--for", "12s")
    said = [line.partition(" ")[2] for line in lines]
    reader = f"python (pid {process.pid})"
    assert any(line.startswith(f"{SOCKET} loses ") and reader in line for line in said)
    assert any(line.startswith(f"{SOCKET} loses nothing any more: ") for line in said)
    assert not any(line.startswith("socket.receive udp loses ") for line in said)
    assert (
        f"verdict: {reader} does not read udp 127.0.0.1:5201 as fast as packets arrive: its receive buffer overflows."
        in said
    )
    assert len(said) < 12
    time.strptime(lines[0].partition(" ")[0], "%Y-%m-%dT%H:%M:%SZ")


def test_interrupted_it_says_nothing_more(namespace):
    command = ["ip", "netns", "exec", namespace, sys.executable, "-m", "brimful", "watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == ""


def test_nothing_is_printed_while_nothing_happens(namespace):
    assert printed(namespace, "--for", "3s") == []


def test_sweeps_as_json(namespace):
    with fault(namespace):
        sweeps = [json.loads(line) for line in printed(namespace, "--for", "4s", "--json")]
    assert 4 <= len(sweeps) <= 6
    last = sweeps[-1]
    assert last["outcome"] == "verdict"
    (socket,) = [buffer for buffer in last["buffers"] if buffer["place"] == "udp 127.0.0.1:5201"]
    assert socket["stage"] == "socket.receive"
    assert socket["lost_per_second"] > 500
    assert socket["limit"] == 65536


def test_another_namespace_is_watched_from_here(namespace):
    with fault(namespace):
        command = [sys.executable, "-m", "brimful", "watch", "--json", "--for", "3s", "--netns", namespace]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    sweeps = [json.loads(line) for line in done.stdout.splitlines()]
    last = [sweep for sweep in sweeps if namespace in sweep["root"]][-1]
    assert {buffer["place"] for buffer in last["buffers"] if buffer["lost"]} >= {"udp 127.0.0.1:5201"}


def test_too_often_is_refused():
    command = [sys.executable, "-m", "brimful", "watch", "--every", "50ms"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "not below 100ms" in done.stderr
