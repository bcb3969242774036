"""Read `/proc/net/udp` and `/proc/net/udp6`: the queue and the drops of each UDP socket, for hosts without `ss`.

Addresses are hexadecimal, each 32-bit word in the machine's own byte order: little-endian is taken. The queue is that
of `ss`; its limit is not shown (net/ipv4/udp.c, udp4_seq_show). Where `ss` was read too, these are the same drops again.
"""

import re
import socket
from collections.abc import Iterator

from brimful.chain.place import numbered, socket_place
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

_HEADING = re.compile(r"\s*sl\s+local_address\s")
_ADDRESS = re.compile(r"(?P<host>[0-9A-Fa-f]{8}|[0-9A-Fa-f]{32}):(?P<port>[0-9A-Fa-f]{4})")
_WORD = 4
_LOCAL, _QUEUES, _INODE, _DROPS = 1, 4, 9, 12
_COLUMNS = _DROPS + 1


@source(
    "/proc/net/udp",
    "/proc/net/udp6",
    looks_like=r"(?m)^[ \t]*sl[ \t]+local_address[ \t].*[ \t]ref[ \t]+pointer[ \t]+drops",
    meanings=("socket.receive.queued", "socket.receive.dropped"),
    unless=("sockets",),
)
def udp_sockets(document: Document) -> Iterator[Item]:
    """Read the queue and the drops of every UDP socket (/proc/net/udp)."""
    samples = Samples(document.origin, document.at, document.boot)
    taken: set[str] = set()
    for number, line in document.numbered():
        columns = line.split()
        if not columns or _HEADING.match(line):
            continue
        local = _local(columns[_LOCAL]) if len(columns) > _INODE else None
        queued = unsigned(columns[_QUEUES].rpartition(":")[2], 16) if local else None
        # 2.6.27 added the drops; other tables of the same form go on in another way
        drops = unsigned(columns[_DROPS]) if len(columns) == _COLUMNS else 0
        if local is None or queued is None or drops is None or unsigned(columns[_INODE]) is None:
            yield unread(document, number, "not a UDP socket")
            continue
        place = numbered(socket_place("udp", local, columns[_INODE]), taken)
        samples.add(_series("socket.receive.queued", place, "udp rx_queue", 0), queued, number)
        if len(columns) == _COLUMNS:
            samples.add(_series("socket.receive.dropped", place, "udp drops", 32), drops, number)
    yield from samples.frames()


def _series(meaning: str, place: str, raw: str, width: int) -> Series:
    return Series(meaning, place, raw, "udp_sockets", width_bits=width)


def _local(text: str) -> str | None:
    """Return `127.0.0.1:53` or `[::1]:53` of the kernel's hexadecimal form."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    packed = bytes.fromhex(match["host"])
    words = (packed[start : start + _WORD][::-1] for start in range(0, len(packed), _WORD))
    family = socket.AF_INET if len(packed) == _WORD else socket.AF_INET6
    host = socket.inet_ntop(family, b"".join(words))
    return f"[{host}]:{int(match['port'], 16)}" if family == socket.AF_INET6 else f"{host}:{int(match['port'], 16)}"
