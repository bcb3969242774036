"""What every workload stands on: its chances, its end, its helpers, its network namespaces.

Whatever a workload starts dies with it: helper processes by PR_SET_PDEATHSIG, namespaces with their last process. Only
what belongs to these namespaces is ever set, so that nothing has to be restored.
"""

import contextlib
import ctypes
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

LOOPBACK = "127.0.0.1"
HERE = "10.80.0.1"
THERE = "10.80.0.2"

PR_SET_PDEATHSIG = 1
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_PRIVATE = 0x00040000
MS_REC = 0x00004000
LIBC = ctypes.CDLL(None, use_errno=True)


class Scene:
    """One run: `seed` 0 takes the first of every choice, any other seed its own. `healthy` asks for the twin."""

    def __init__(self, name, seed, seconds, *, healthy):
        self.seed = seed
        self.healthy = healthy
        self.until = time.monotonic() + seconds
        self.dice = random.Random(f"{name} {seed}")  # noqa: S311 - repeatable, not secret
        self.helpers = []
        self.apart = False

    def vary(self, first, *others):
        """Choose one of some values."""
        return self.dice.choice((first, *others)) if self.seed else first

    def between(self, first, low, high):
        """Choose a whole number."""
        return self.dice.randint(low, high) if self.seed else first

    def port(self):
        return self.between(5201, 5202, 9999)

    def goes_on(self):
        return time.monotonic() < self.until

    def helper(self, function, *arguments):
        """Run a function in a process of its own, until the scene is over; return its number."""
        number = os.fork()
        if number == 0:
            die_with_parent()
            self.helpers, self.apart = [], True
            status = 1
            try:
                function(*arguments)
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        self.helpers.append(number)
        return number

    def ready(self, settle_s=0.3):
        """Say that the fault goes on, unless a helper brings it about beside another."""
        time.sleep(settle_s)
        if not self.apart:
            print("ready", flush=True)

    def wait(self):
        """Sleep until it is over."""
        time.sleep(max(0.0, self.until - time.monotonic()))

    def end(self):
        for number in self.helpers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        for number in self.helpers:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(number, 0)

    def neighbour(self, inside=None):
        """Put a second host at the other end of a veth pair, and return the number of its process.

        Here is `left`, HERE; there is `right`, THERE. `inside` runs there in a helper once the pair is up.
        """
        up, told = os.pipe()
        born, bear = os.pipe()

        def there():
            os.close(told)
            enter_new_namespace()
            os.write(bear, b"1")
            os.read(up, 1)
            run(f"ip addr add {THERE}/24 dev right")
            run("ip link set right up")
            os.write(bear, b"2")
            if inside is not None:
                inside()
            self.wait()

        number = self.helper(there)
        os.read(born, 1)
        run(f"ip link add left type veth peer name right netns {number}")
        run(f"ip addr add {HERE}/24 dev left")
        run("ip link set left up")
        os.close(told)
        os.read(born, 1)
        return number


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def enter_new_namespace():
    """Move this process into a network namespace of its own, with its own /sys and the loopback up."""
    if LIBC.unshare(CLONE_NEWNET | CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "a network namespace needs root")
    LIBC.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
    LIBC.mount(b"sysfs", b"/sys", b"sysfs", 0, None)
    run("ip link set lo up")


def run(command, text=None):
    """Run one command to its end."""
    subprocess.run(command.split(), check=True, input=text, text=True, stdout=subprocess.DEVNULL)


def rules(text):
    """Set filter rules in this namespace, in the words of nft."""
    run("nft -f -", text)


def set_here(key, value):
    """Set a value of this namespace; those of the whole machine are not there to be set."""
    Path("/proc/sys", key.replace(".", "/")).write_text(str(value))
