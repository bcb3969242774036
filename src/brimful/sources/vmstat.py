"""Read `/proc/vmstat`: allocations that had to wait, blocks that could not be made, processes that were killed.

`allocstall` counts direct reclaim of the whole machine, split by zone since Linux 4.10 (mm/vmscan.c); reclaim of a
cgroup is not in it. `oom_kill` (since 4.13) counts kills in cgroups too (mm/oom_kill.c).
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_KEPT = {
    "oom_kill": "host.memory.killed",
    "compact_fail": "host.memory.compact_failed",
}
_STALL = re.compile(r"allocstall(?:_[a-z0-9]+)?", re.ASCII)
_LINE = re.compile(r"(?P<name>[A-Za-z_][\w-]*) (?P<value>\S+)\s*", re.ASCII)


@source(
    "/proc/vmstat",
    looks_like=r"(?m)^nr_free_pages [0-9]+$",
    meanings=("host.memory.alloc_stalled", *_KEPT.values()),
    every_s=NOW_AND_THEN,
)
def vmstat(document: Document) -> Iterator[Item]:
    """Read how often memory could not be had at once (/proc/vmstat)."""
    samples = Samples(document.origin, document.at, document.boot)
    for number, line in document.numbered():
        found = _LINE.fullmatch(line)
        if found is None:
            if line.strip():
                yield unread(document, number, "not a name and a number")
            continue
        name = found["name"]
        meaning = "host.memory.alloc_stalled" if _STALL.fullmatch(name) else _KEPT.get(name, "")
        if not meaning:
            continue
        value = unsigned(found["value"])
        if value is None:
            yield unread(document, number, f"{name} is not an unsigned number")
        else:
            samples.add(Series(meaning, "", name, "vmstat"), value, number)
    yield from samples.frames()
