"""A network namespace of the benchmark's own, with as many interfaces as it needs, gone afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def namespace(interfaces: int = 0) -> Iterator[list[str]]:
    """Yield the words that run a command in it; interfaces are veth, up, each with a pfifo of its own."""
    name = f"brimful-bench-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    inside = ["ip", "netns", "exec", name]
    try:
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        pairs = range(interfaces // 2)
        made = "".join(f"link add v{n}a up type veth peer name v{n}b\nlink set v{n}b up\n" for n in pairs)
        subprocess.run([*inside, "ip", "-batch", "-"], input=made, text=True, check=True)
        queued = "".join(f"qdisc add dev v{n}{side} root pfifo limit 1000\n" for n in pairs for side in "ab")
        subprocess.run([*inside, "tc", "-batch", "-"], input=queued, text=True, check=True)
        yield inside
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def python(inside: list[str], module: str, *arguments: str) -> str:
    """Run a module in the namespace and return what it printed."""
    command = [*inside, sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
