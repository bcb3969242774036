"""Read `/proc/net/packet`: what each packet socket has queued (net/packet/af_packet.c, packet_seq_show).

Neither its limit nor what it lost is shown: `ss` has both.
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_HEADING = re.compile(r"sk\s+RefCnt\s+Type\s+Proto\s")
_QUEUED, _INODE = 6, 8


@source(
    "/proc/net/packet",
    looks_like=r"(?m)^sk[ \t]+RefCnt[ \t]+Type[ \t]+Proto[ \t]",
    meanings=("capture.ring.queued",),
    every_s=NOW_AND_THEN,
    unless=("local_sockets",),
)
def packet_sockets(document: Document) -> Iterator[Item]:
    """Read the queue of every packet socket (/proc/net/packet)."""
    samples = Samples(document.origin, document.at, document.boot)
    for number, line in document.numbered():
        columns = line.split()
        if not columns or _HEADING.match(line):
            continue
        queued = unsigned(columns[_QUEUED]) if len(columns) > _INODE else None
        inode = unsigned(columns[_INODE]) if len(columns) > _INODE else None
        if queued is None or inode is None:
            yield unread(document, number, "not a packet socket")
            continue
        series = Series("capture.ring.queued", f"packet {inode}", "packet Rmem", "packet_sockets", width_bits=0)
        samples.add(series, queued, number)
    yield from samples.frames()
