"""Read `/proc/zoneinfo`: free pages that wait on per-CPU lists, which MemFree and MemAvailable leave out.

Each zone has a list for each CPU (`pagesets`, mm/vmstat.c `zoneinfo_show_print`); `count:` is its pages. The file does
not say how large a page is: 4 KiB are taken.
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

PAGE = 4096

_ZONE = re.compile(r"Node [0-9]+, zone +\S+\s*", re.ASCII)
_COUNT = re.compile(r"\s+count:\s*(?P<count>.*?)\s*", re.ASCII)
_LISTS = Series(
    "host.memory.cpu_lists", "", "pagesets count", "zoneinfo", width_bits=0, doubt="pages of 4 KiB are assumed"
)


@source(
    "/proc/zoneinfo",
    looks_like=r"(?m)^Node [0-9]+, zone +\w+$",
    meanings=(_LISTS.meaning,),
    every_s=NOW_AND_THEN,
)
def zoneinfo(document: Document) -> Iterator[Item]:
    """Read how much free memory waits on per-CPU lists (/proc/zoneinfo)."""
    samples = Samples(document.origin, document.at, document.boot)
    zones: set[str] = set()
    pages, first = 0, 0
    for number, line in document.numbered():
        if _ZONE.fullmatch(line):
            if line in zones and first:  # the same zone again: a later sample
                samples.add(_LISTS, pages * PAGE, first)
                zones, pages, first = set(), 0, 0
            zones.add(line)
        elif found := _COUNT.fullmatch(line):
            count = unsigned(found["count"])
            if count is None or count >= 1 << 40:
                yield unread(document, number, "count is not a number of pages")
            else:
                pages, first = pages + count, first or number
    if first:
        samples.add(_LISTS, pages * PAGE, first)
    yield from samples.frames()
