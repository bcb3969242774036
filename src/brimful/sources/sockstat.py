"""Read `/proc/net/sockstat`: how many pages the sockets of TCP and of UDP hold together.

To be compared with tcp_mem and udp_mem. It is coarse: up to 1 MiB a CPU is charged to no protocol (net/core/sock.c,
SK_MEMORY_PCPU_RESERVE). Sockets of IPv6 are in it; `/proc/net/sockstat6` repeats their number, not their memory.
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

_PLACES = {"TCP": "tcp", "UDP": "udp"}
_LINE = re.compile(r"(?P<group>[A-Za-z]+6?):(?P<pairs>(?:\s+[a-z]+\s+\S+)+)\s*")


@source(
    "/proc/net/sockstat",
    "/proc/net/sockstat6",
    looks_like=r"(?m)^sockets: used [0-9]+$|^TCP6: inuse [0-9]+$",
    meanings=("protocol.memory.used",),
)
def sockstat(document: Document) -> Iterator[Item]:
    """Read the memory held by all sockets of a protocol (/proc/net/sockstat)."""
    samples = Samples(document.origin, document.at, document.boot)
    for number, line in document.numbered():
        match = _LINE.fullmatch(line)
        if not match:
            if line.strip():
                yield unread(document, number, "not a protocol with names and numbers")
            continue
        words = match["pairs"].split()
        text = dict(zip(words[::2], words[1::2], strict=True)).get("mem")
        place = _PLACES.get(match["group"])
        if text is None or place is None:
            continue
        value = unsigned(text)
        if value is None:  # the kernel prints a negative sum where CPUs disagree for a moment
            yield unread(document, number, "mem is not an unsigned number")
        else:
            raw = f"sockstat {match['group']} mem"
            samples.add(Series("protocol.memory.used", place, raw, "sockstat", width_bits=0), value, number)
    yield from samples.frames()
