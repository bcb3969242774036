"""Network namespaces for tests: code runs in a fresh one, with the loopback up, and it is gone afterwards."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

CLONE_NEWNET = 0x40000000
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")


def needs(*programs):
    """Skip where namespaces cannot be made; fail in continuous integration, where they can."""
    missing = [program for program in programs if shutil.which(program) is None]
    why = "network namespaces need root" if os.geteuid() else f"{', '.join(missing)} not found" if missing else ""
    if why and os.environ.get("CI") == "true":
        pytest.fail(f"{why}, and CI has it", pytrace=False)
    if why:
        pytest.skip(why)


def in_namespace(function):
    """Run a function in a network namespace of its own and return what it returns or raise what it raises.

    It runs in a thread: only that thread, and the programs it starts, are in the namespace. `/proc/net` is that of the
    main thread; programs see their own.
    """
    needs("ip")
    done = []

    def run():
        try:
            assert ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0
            ip("link set lo up")
            done.append((function(), None))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            done.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    ((result, error),) = done
    if error is not None:
        raise error
    return result


@contextmanager
def named_namespace(name):
    """A namespace with a name and its loopback up; yields the file that leads into it."""
    needs("ip")
    ip(f"netns add {name}")
    try:
        ip(f"-n {name} link set lo up")
        yield f"/run/netns/{name}"
    finally:
        ip(f"netns del {name}")


def ip(command):
    """Run `ip` with these arguments in the namespace of the calling thread and return what it printed."""
    return subprocess.run(["ip", *command.split()], check=True, capture_output=True, text=True).stdout


def python(code, *before):
    """Run Python code in a process of its own, after the words of `before`, and return the JSON it printed.

    The process is in the namespace of the calling thread; `python(code, *NOBODY)` has no rights.
    """
    command = [*before, sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)
