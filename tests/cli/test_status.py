"""Status 1 means a verdict and nothing else: whatever ends a command early has a status of its own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "staros-one-sample.txt")
PRINTING = (["diagnose", EXAMPLE], ["diagnose", "--json", EXAMPLE], ["explain", "nic.fifo"], ["sources"])


def start(*arguments, stdout=subprocess.PIPE):
    return subprocess.Popen([sys.executable, "-m", "brimful", *arguments], stdout=stdout, stderr=subprocess.PIPE)


@pytest.mark.parametrize("arguments", PRINTING, ids=lambda arguments: " ".join(arguments[:2]))
def test_a_reader_that_went_away(arguments):
    with start(*arguments) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


@pytest.mark.parametrize("arguments", PRINTING, ids=lambda arguments: " ".join(arguments[:2]))
def test_a_full_disk_is_one_line(arguments):
    with Path("/dev/full").open("wb") as full, start(*arguments, stdout=full) as process:
        assert process.stderr.read() == b"brimful: standard output: No space left on device\n"
        assert process.wait() == 2


def test_ctrl_c():
    code = "import os, signal; import brimful.roots.live as live; from brimful.cli import main;"
    code += "live.LiveRoot = lambda: os.kill(os.getpid(), signal.SIGINT); main()"
    with subprocess.Popen([sys.executable, "-c", code, "diagnose"], stderr=subprocess.PIPE) as process:
        assert process.stderr.read() == b"\nbrimful: interrupted: nothing is concluded\n"
        assert process.wait() == 128 + signal.SIGINT


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["diagnose", "--fo"], ["capture"], ["capture", "x", "--samples=1"]]
)
def test_wrong_arguments(arguments):
    with start(*arguments) as process:
        assert b"Error" in process.stderr.read()
        assert process.wait() == 2


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["diagnose", "-h"]])
def test_help_is_no_error(arguments):
    with start(*arguments) as process:
        assert b"brimful" in process.stdout.read()
        assert process.wait() == 0


def test_a_closed_output_is_no_verdict():
    command = f"{sys.executable} -m brimful diagnose {EXAMPLE} >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (2, b"brimful: standard output: is closed\n")


def test_a_mistake_of_our_own_is_no_verdict():
    code = "import brimful.roots.live as live; from brimful.cli import main; live.LiveRoot = lambda: 1 / 0; main()"
    done = subprocess.run([sys.executable, "-c", code, "diagnose"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (70, b"")
    assert b"ZeroDivisionError" in done.stderr
