"""The memory files of cgroups, of the outer groups first, so many and no more."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial

from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import Doors

MOST = 256
"""Groups whose files are read: a host full of containers has thousands, and each read costs the kernel a sum."""

WALKED_S = 5.0
"""Seconds for which the groups that were found serve all their files."""

UNIFIED = "/sys/fs/cgroup"
UNIFIED_FILES = ("memory.stat", "memory.events", "memory.current", "memory.max")
LEGACY = "/sys/fs/cgroup/memory"
LEGACY_FILES = ("memory.kmem.tcp.usage_in_bytes", "memory.kmem.tcp.limit_in_bytes", "memory.kmem.tcp.failcnt")


def _files(doors: Doors, top: str, file: str) -> Iterator[Document]:
    """Yield one file of every group; of the tree that is there, v1 or v2."""
    if (top == UNIFIED) != os.path.exists(f"{doors.top}{UNIFIED}/cgroup.controllers"):  # noqa: PTH110 - may not be a path
        return
    groups = _groups(f"{doors.top}{top}", int(time.monotonic() / WALKED_S))
    if len(groups) > MOST:
        # without their number: it changes all the time, and each would be one more thing that is not seen
        doors.see_not(f"{top} {file}", f"there are more than {MOST} cgroups: the inner ones were left out")
    for group in groups[:MOST]:
        path = f"{top}/{group}/{file}"
        data = doors.read(path)
        if data is not None:
            yield doors.document(path, data, group=group)


for _top, _names in ((UNIFIED, UNIFIED_FILES), (LEGACY, LEGACY_FILES)):
    for _name in _names:
        answer(f"{_top}/{{group}}/{_name}", everywhere=True)(partial(_files, top=_top, file=_name))


@lru_cache(maxsize=2)
def _groups(top: str, _: int) -> list[str]:
    """Return the groups below a folder by their paths, outer ones first, in order of their names."""
    groups: list[str] = []
    level = [""]
    while level and len(groups) <= MOST:
        inner: list[str] = []
        for group in level:
            with suppress(OSError), os.scandir(f"{top}/{group}") as entries:
                inner += sorted(f"{group}/{e.name}".lstrip("/") for e in entries if e.is_dir(follow_symlinks=False))
        groups += inner
        level = inner
    return groups
