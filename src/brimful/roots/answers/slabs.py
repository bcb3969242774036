"""Which slab caches share their memory: the links of /sys/kernel/slab as `ls -l` prints them."""

import os
from collections.abc import Iterator
from contextlib import suppress

from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import Doors

COMMAND = "ls -l /sys/kernel/slab"


@answer(COMMAND, everywhere=True)
def slabs(doors: Doors) -> Iterator[Document]:
    """Yield the links; nothing where the kernel has no SLUB."""
    lines = []
    with suppress(OSError), os.scandir(f"{doors.top}/sys/kernel/slab") as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            with suppress(OSError):  # no link: a cache of its own
                lines.append(f"lrwxrwxrwx 1 root root 0 Jan  1 00:00 {entry.name} -> {os.readlink(entry.path)}\n")  # noqa: PTH115 - of hundreds
    if lines:
        yield doors.document(COMMAND, "".join(lines).encode())
