"""The kernel's softirq threads: how long each ksoftirqd has run."""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import Doors

THREAD = "/proc/{pid}/stat"

FLAGS = 6
"""The field of flags, counted from the state (proc_pid_stat(5))."""
KERNEL_THREAD = 0x00200000
"""PF_KTHREAD (include/linux/sched.h): any process may give itself the name of one."""


@answer(THREAD, everywhere=True)
def ksoftirqd(doors: Doors) -> Iterator[Document]:
    """Yield the times of every ksoftirqd; none where the PID namespace hides them."""
    for pid in _threads(doors.top):
        path = THREAD.format(pid=pid)
        data = doors.read(path)
        if data is not None:
            yield doors.document(path, data, pid=pid)


@lru_cache(maxsize=8)
def _threads(top: str) -> tuple[str, ...]:
    """Return the processes named ksoftirqd: looked for once, since a thread stays as long as its CPU is possible."""
    found = []
    with suppress(OSError):
        for name in sorted(filter(str.isdecimal, os.listdir(f"{top}/proc")), key=int):  # noqa: PTH208 - names only
            with suppress(OSError):  # gone meanwhile
                folder = Path(f"{top}/proc/{name}")
                named = (folder / "comm").read_bytes().startswith(b"ksoftirqd/")
                if named and _of_kernel((folder / "stat").read_bytes()):
                    found.append(name)
    return tuple(found)


def _of_kernel(stat: bytes) -> bool:
    words = stat.rpartition(b")")[2].split()
    return len(words) > FLAGS and words[FLAGS].isdigit() and bool(int(words[FLAGS]) & KERNEL_THREAD)
