"""Read `/proc/net/sctp/assocs`: what each SCTP association has queued, and its buffers (net/sctp/proc.c).

TX_QUEUE is what the association has in the send buffer (sndbuf_used), RX_QUEUE what it holds for the reader
(rmem_alloc); old kernels have no columns for the limits. What is charged for received messages is less than what they
take up, the more so the smaller they are (net/sctp/ulpevent.c, sctp_ulpevent_make_rcvmsg). A socket may have many
associations: unless net.sctp.rcvbuf_policy is set, the limit is of all of them together.
"""

import re
import socket
from collections.abc import Iterator

from brimful.chain.place import association_place, numbered
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_HEADING = re.compile(r"\s*ASSOC\s+SOCK\s+STY\s")
_ROW = re.compile(
    r"\s*[0-9A-Fa-f]+\s+[0-9A-Fa-f]+\s+[0-9]+\s+[0-9]+\s+[0-9]+\s+[0-9]+\s+[0-9]+\s+(?P<sent>\S+)\s+(?P<received>\S+)"
    r"\s+[0-9]+\s+(?P<inode>[0-9]+)\s+(?P<port>[0-9]+)\s+(?P<peer_port>[0-9]+)\s+(?P<local>\S+)[^<>]*<->"
    r"\s+(?P<rest>\S.*)",
    re.ASCII,
)
_AFTER_ADDRESSES = 11
"""Numbers behind the addresses where the last two are the limits: HBINT to rcvbuf."""


@source(
    "/proc/net/sctp/assocs",
    looks_like=r"(?m)^[ \t]*ASSOC[ \t]+SOCK[ \t]+STY[ \t]",
    meanings=("socket.receive.queued", "socket.receive.limit", "socket.send.queued", "socket.send.limit"),
    every_s=NOW_AND_THEN,
)
def sctp_associations(document: Document) -> Iterator[Item]:
    """Read the queues and buffers of every SCTP association (/proc/net/sctp/assocs)."""
    samples = Samples(document.origin, document.at, document.boot)
    taken: set[str] = set()
    for number, line in document.numbered():
        if not line.strip() or _HEADING.match(line):
            continue
        row = _ROW.fullmatch(line)
        sent, received = (unsigned(row["sent"]), unsigned(row["received"])) if row else (None, None)
        if row is None or sent is None or received is None:
            yield unread(document, number, "not an association")
            continue
        numbers = [("socket.send.queued", "sctp TX_QUEUE", sent), ("socket.receive.queued", "sctp RX_QUEUE", received)]
        last = [unsigned(word) for word in row["rest"].split()[-_AFTER_ADDRESSES:]]
        if len(last) == _AFTER_ADDRESSES and None not in last:
            numbers.append(("socket.send.limit", "sctp sndbuf", last[-2] or 0))
            numbers.append(("socket.receive.limit", "sctp rcvbuf", last[-1] or 0))
        place = numbered(_place(row), taken)
        for meaning, raw, value in numbers:
            samples.add(Series(meaning, place, raw, "sctp_associations", width_bits=0), value, number)
    yield from samples.frames()


def _place(row: re.Match[str]) -> str:
    """Return the place as `ss` would name it: the first local address and the peer's primary one, which has an asterisk."""
    peers = row["rest"].split()
    peer = next((word for word in peers if word.startswith("*")), peers[0])
    local = f"{_address(row['local'])}:{row['port']}"
    return association_place(local, f"{_address(peer)}:{row['peer_port']}", row["inode"])


def _address(text: str) -> str:
    """Return an address in its short form; the kernel writes all eight groups of IPv6 in full."""
    host = text.lstrip("*")
    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host))
    except (OSError, ValueError):
        return host
