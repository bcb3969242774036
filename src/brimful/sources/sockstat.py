"""Read `/proc/net/sockstat`: how many sockets there are, what TCP and UDP hold together, what fragments.

To be compared with tcp_mem and udp_mem. It is coarse: up to 1 MiB a CPU is charged to no protocol (net/core/sock.c,
SK_MEMORY_PCPU_RESERVE). The memory of IPv6 sockets is in it, their number in `/proc/net/sockstat6`. Orphans are TCP
sockets that no process holds any more (net.ipv4.tcp_max_orphans). The memory
of fragments is in bytes, that of each IP apart, and to be compared with ipfrag_high_thresh and ip6frag_high_thresh.
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

_READ = {
    "TCP": (
        ("mem", "protocol.memory.used", "tcp"),
        ("inuse", "protocol.memory.sockets", "tcp"),
        ("orphan", "protocol.memory.orphans", "tcp"),
    ),
    "UDP": (("mem", "protocol.memory.used", "udp"), ("inuse", "protocol.memory.sockets", "udp")),
    "TCP6": (("inuse", "protocol.memory.sockets", "tcp6"),),
    "UDP6": (("inuse", "protocol.memory.sockets", "udp6"),),
    "FRAG": (("memory", "kernel.table.fragments_used", "ip"),),
    "FRAG6": (("memory", "kernel.table.fragments_used", "ip6"),),
}
"""What is read of each group: its name there, what it means, and its place."""
_LINE = re.compile(r"(?P<group>[A-Za-z]+6?):(?P<pairs>(?:\s+[a-z]+\s+\S+)+)\s*")


@source(
    "/proc/net/sockstat",
    "/proc/net/sockstat6",
    looks_like=r"(?m)^sockets: used [0-9]+$|^TCP6: inuse [0-9]+$",
    meanings=tuple(sorted({meaning for read in _READ.values() for _, meaning, _ in read})),
)
def sockstat(document: Document) -> Iterator[Item]:
    """Read how many sockets a protocol has and the memory all of them hold (/proc/net/sockstat)."""
    samples = Samples(document.origin, document.at, document.boot)
    for number, line in document.numbered():
        match = _LINE.fullmatch(line)
        if not match:
            if line.strip():
                yield unread(document, number, "not a protocol with names and numbers")
            continue
        words = match["pairs"].split()
        texts = dict(zip(words[::2], words[1::2], strict=True))
        for name, meaning, place in _READ.get(match["group"], ()):
            value = unsigned(texts[name]) if name in texts else None
            if value is not None:
                raw = f"sockstat {match['group']} {name}"
                samples.add(Series(meaning, place, raw, "sockstat", width_bits=0), value, number)
            elif name in texts:  # the kernel prints a negative sum where CPUs disagree for a moment
                yield unread(document, number, f"{name} is not an unsigned number")
    yield from samples.frames()
