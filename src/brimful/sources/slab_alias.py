"""Read `ls -l /sys/kernel/slab`: which slab caches SLUB has merged into one (mm/slub.c, `sysfs_slab_alias`).

Caches of one size and the same flags share their slabs unless the kernel was started with `slab_nomerge`. All names of
a merged cache are links to one folder, `:0000512`; `/proc/slabinfo` shows it under the name that came first.
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

_LINK = re.compile(r"l\S+\s.*?(?P<name>\S+) -> (?:\S*/)?(?P<cache>:\S+)\s*", re.ASCII)
_OTHER = re.compile(r"[d-][rwx-]{9}\S?\s.*|total [0-9]+|/sys/kernel/slab/?:|", re.ASCII)


@source(
    "ls -l /sys/kernel/slab",
    "ls -lt /sys/kernel/slab",
    "ls -la /sys/kernel/slab",
    looks_like=r"(?m)^l.* -> (?:\S*/)?:[A-Za-z]*-?[0-9]{7}$",
    meanings=("slab.alias",),
    one_of=True,
    every_s=SELDOM,
)
def slab_alias(document: Document) -> Iterator[Item]:
    """Read which slab caches share their memory (ls -l /sys/kernel/slab)."""
    merged: dict[str, dict[str, int]] = {}
    for number, line in document.numbered():
        found = _LINK.fullmatch(line)
        if found:
            merged.setdefault(found["cache"], {}).setdefault(found["name"], number)
        elif not _OTHER.fullmatch(line):
            yield unread(document, number, "not a line of ls -l")
    for names in (names for names in merged.values() if len(names) > 1):
        together = ", ".join(sorted(names))
        for name, number in names.items():
            yield Fact("slab.alias", f"slab {name}", together, document.origin(number), document.at)
