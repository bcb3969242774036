"""Read `/proc/slabinfo`, version 2.1: how much kernel memory each slab cache holds (mm/slab_common.c, slabinfo(5)).

Bytes are those of whole slabs (num_slabs x pagesperslab x page size), free objects and all: that is what is missing
elsewhere. Kept are the caches that packets, sockets and routes are made of, and others from 1 MiB on. SLUB merges
caches of one size, so the name of a row may be that of another cache (`slab_alias`). The 16 copies of a kmalloc cache
(`kmalloc-rnd-05-64`, CONFIG_RANDOM_KMALLOC_CACHES) are added up.
"""

import re
from collections.abc import Iterator

from brimful.chain.slab import of_packets
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

LARGE = 1 << 20
"""Bytes from which any cache is kept."""
PAGES = (4096, 16384, 65536)
"""Page sizes there are; the file does not name its own."""

_COPY = re.compile(r"kmalloc-rnd-[0-9]{2}-")
_ROW = re.compile(
    r"(?P<name>[^\s#]\S*)\s+[0-9]+\s+[0-9]+\s+(?P<size>[0-9]+)\s+(?P<objects>[0-9]+)\s+(?P<pages>[0-9]+)"
    r" : tunables(?:\s+[0-9]+){3} : slabdata\s+[0-9]+\s+(?P<slabs>[0-9]+)\s+[0-9]+\s*",
    re.ASCII,
)
_SAID = ("slabinfo - version: 2.", "# name")


@source(
    "/proc/slabinfo",
    looks_like=r"(?m)^slabinfo - version: 2\.|^\S+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ : tunables ",
    meanings=("driver.memory.slab",),
    needs="root",
    every_s=NOW_AND_THEN,
)
def slabinfo(document: Document) -> Iterator[Item]:
    """Read the memory of the kernel's slab caches (/proc/slabinfo)."""
    samples = Samples(document.origin, document.at, document.boot)
    tables: list[dict[str, tuple[int, int]]] = [{}]
    seen: set[str] = set()
    fill = 0
    for number, line in document.numbered():
        found = _ROW.fullmatch(line)
        numbers = [unsigned(found[part]) for part in ("size", "objects", "pages", "slabs")] if found else []
        if found is None or None in numbers:
            if line.strip() and not line.startswith(_SAID):
                yield unread(document, number, "not the thirteen numbers of a slab cache")
            continue
        size, objects, pages, slabs = (value or 0 for value in numbers)
        if found["name"] in seen:  # the same cache again: a later sample
            tables.append({})
            seen.clear()
        seen.add(found["name"])
        fill = max(fill, size * objects // pages if pages else 0)
        name = _COPY.sub("kmalloc-rnd-", found["name"])
        held, first = tables[-1].get(name, (0, number))
        tables[-1][name] = (held + pages * slabs, first)
    page = next((page for page in PAGES if fill <= page), PAGES[0])
    for table in tables:
        for name, (held, line_number) in table.items():
            if held * page > LARGEST:
                yield unread(document, line_number, "more memory than a number of 64 bits holds")
            elif of_packets(name) or held * page >= LARGE:
                series = Series("driver.memory.slab", f"slab {name}", name, "slabinfo", width_bits=0)
                samples.add(series, held * page, line_number)
    yield from samples.frames()
