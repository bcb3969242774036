"""Read `/proc/meminfo`: what is left of the machine's memory, and what no line of it names.

`MemFree` and `MemAvailable` leave out the free pages on per-CPU lists (`zoneinfo`). Receive buffers are pages, not slab:
they are in none of the lines. What remains after all lines that name an owner is drivers' pages, those lists, and leaks
(Documentation/filesystems/proc.rst). Stacks and per-CPU memory may be counted twice, as part of VmallocUsed too: the
remainder is a lower bound.
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

KIB = 1024

_KEPT = {
    "MemTotal": "host.memory.total",
    "MemFree": "host.memory.free",
    "MemAvailable": "host.memory.available",
    "SUnreclaim": "host.memory.slab_unreclaimable",
}
_NEEDED = ("MemTotal", "MemFree", "Buffers", "Cached", "AnonPages", "Slab")
"""Without these the remainder would be no remainder."""
_NAMED = (
    *_NEEDED[1:],
    "SwapCached",
    "KernelStack",
    "PageTables",
    "SecPageTables",
    "Percpu",
    "VmallocUsed",
    "Hugetlb",
    "Bounce",
    "Zswap",
)
"""Lines that name an owner and do not overlap, but for what VmallocUsed repeats."""
_MAPS_ALL = 1 << 30
"""KiB. Old kernels print the size of the address space as VmallocUsed: more than 1 TiB is no memory in use."""
_LINE = re.compile(r"(?P<name>[A-Z][\w()]*):\s+(?P<value>[0-9]+)(?: kB)?\s*", re.ASCII)


@source(
    "/proc/meminfo",
    looks_like=r"(?m)^MemTotal: +[0-9]+ kB$",
    meanings=(*_KEPT.values(), "host.memory.unaccounted"),
    every_s=NOW_AND_THEN,
)
def meminfo(document: Document) -> Iterator[Item]:
    """Read the memory of the machine (/proc/meminfo)."""
    samples = Samples(document.origin, document.at, document.boot)
    lines: dict[str, tuple[int, int]] = {}
    for number, line in document.numbered():
        found = _LINE.fullmatch(line)
        value = unsigned(found["value"]) if found else None
        if found is None or value is None or value >= 1 << 54:
            if line.strip():
                yield unread(document, number, "not a name with its size in kB")
            continue
        if found["name"] in lines:  # the same line again: a later sample
            _close(samples, lines)
            lines = {}
        lines[found["name"]] = (value, number)
        if found["name"] in _KEPT:
            series = Series(_KEPT[found["name"]], "", found["name"], "meminfo", width_bits=0)
            samples.add(series, value * KIB, number)
    _close(samples, lines)
    yield from samples.frames()


def _close(samples: Samples, lines: dict[str, tuple[int, int]]) -> None:
    """Add what no line names to the sample that has been read."""
    if not all(name in lines for name in _NEEDED):
        return
    total, number = lines["MemTotal"]
    named = sum(lines[name][0] for name in _NAMED if name in lines and lines[name][0] < _MAPS_ALL)
    if "Hugetlb" not in lines and "HugePages_Total" in lines and "Hugepagesize" in lines:  # before Linux 4.20
        named += lines["HugePages_Total"][0] * lines["Hugepagesize"][0]
    series = Series("host.memory.unaccounted", "", "MemTotal - all named", "meminfo", width_bits=0)
    samples.add(series, max(0, total - named) * KIB, number)
