"""Read `/proc/net/netlink`: what each netlink socket has queued and what it lost (net/netlink/af_netlink.c).

Drops are messages that found the receive buffer full (netlink_overrun); the limit is not shown. Where `ss` was read too,
these are the same drops again. Port 0 is the kernel's own end.
"""

import re
from collections.abc import Iterator

from brimful.chain.place import numbered
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.evidence.socket_text import netlink_place
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_HEADING = re.compile(r"sk\s+Eth\s+Pid\s+Groups\s")
_PROTOCOL, _PORT, _QUEUED, _DROPS = 1, 2, 4, 8


@source(
    "/proc/net/netlink",
    looks_like=r"(?m)^sk[ \t]+Eth[ \t]+Pid[ \t]+Groups[ \t]",
    meanings=("netlink.socket.queued", "netlink.socket.dropped"),
    every_s=NOW_AND_THEN,
    unless=("local_sockets",),
)
def netlink_sockets(document: Document) -> Iterator[Item]:
    """Read the queue and the drops of every netlink socket (/proc/net/netlink)."""
    samples = Samples(document.origin, document.at, document.boot)
    taken: set[str] = set()
    for number, line in document.numbered():
        if _HEADING.match(line):
            taken = set()
            continue
        columns = line.split()
        if not columns:
            continue
        values = [unsigned(columns[index]) for index in (_PROTOCOL, _QUEUED, _DROPS)] if len(columns) > _DROPS else []
        if not values or None in values:
            yield unread(document, number, "not a netlink socket")
            continue
        place = netlink_place(columns[_PROTOCOL], columns[_PORT])
        if not place:
            continue
        place = numbered(place, taken)
        _, queued, drops = (value or 0 for value in values)
        samples.add(
            Series("netlink.socket.queued", place, "netlink Rmem", "netlink_sockets", width_bits=0), queued, number
        )
        samples.add(
            Series("netlink.socket.dropped", place, "netlink Drops", "netlink_sockets", width_bits=32), drops, number
        )
    yield from samples.frames()
