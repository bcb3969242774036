"""Read `netstat -an` and its like: the receive queue of each UDP socket and the accept queue of each listener.

Older than `ss` and poorer: no limits, no drops; of listeners Send-Q is always 0. The heading above the table comes in
the user's language, the row `Proto Recv-Q Send-Q` does not (net-tools, netstat.c).
"""

import re
from collections.abc import Iterator

from brimful.chain.place import ALIKE, numbered, socket_place
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

_ROW = re.compile(r"(?P<protocol>tcp|udp)6?\s+(?P<rest>\S.*)", re.ASCII)
_COLUMNS = re.compile(
    r"(?P<received>\S+)\s+[0-9]+\s+(?P<local>\S+)\s+\S+(?:\s+(?P<state>[A-Z][A-Z_0-9]+))?(?P<rest>.*)"
)
_INODE = re.compile(r"\s*\S+\s+(?P<inode>[0-9]+)(?=\s|\Z)")
# the timer may follow a long name after a single blank
_OWNER = re.compile(r"\s(?P<pid>[0-9]+|-)/(?P<name>\S.{0,63}?)(?=\s{2}|\s[a-z]+ \([0-9]|\s*\Z)")


@source(
    "netstat {options}",
    looks_like=r"(?m)^Proto[ \t]+Recv-Q[ \t]+Send-Q[ \t]",
    meanings=("socket.receive.queued", "socket.listen.queued", "socket.owner"),
    needs="root, to see which process holds a socket",
    unless=("sockets",),
)
def netstat_sockets(document: Document) -> Iterator[Item]:
    """Read the queues and owners of sockets (netstat -an)."""
    samples = Samples(document.origin, document.at, document.boot)
    taken: set[str] = set()
    extended = False
    for number, line in document.numbered():
        extended = extended or (line.startswith("Proto") and "Inode" in line)
        row = _ROW.match(line)
        columns = _COLUMNS.match(row["rest"]) if row else None
        queued = unsigned(columns["received"]) if columns and ":" in columns["local"] else None
        if row and (columns is None or queued is None):
            yield unread(document, number, "not two queues and two addresses")
        if row is None or columns is None or queued is None:
            continue
        meaning = _meaning(row["protocol"], columns["state"])
        if not meaning:
            continue
        inode = _INODE.match(columns["rest"]) if extended else None
        once = socket_place(row["protocol"], columns["local"], inode["inode"] if inode else "")
        place = numbered(once, taken)
        doubt = ALIKE if place != once else ""
        samples.add(Series(meaning, place, "Recv-Q", "netstat_sockets", width_bits=0, doubt=doubt), queued, number)
        yield from _owner(document, number, place, columns["rest"])
    yield from samples.frames()


def _meaning(protocol: str, state: str | None) -> str:
    """Return what Recv-Q is: bytes charged of a UDP socket, connections of a listener, nothing of other TCP sockets."""
    if protocol == "udp":
        return "socket.receive.queued"
    return "socket.listen.queued" if state == "LISTEN" else ""


def _owner(document: Document, number: int, place: str, rest: str) -> Iterator[Fact]:
    owner = _OWNER.search(rest)
    if owner:
        name = owner["name"] if owner["pid"] == "-" else f"{owner['name']} (pid {owner['pid']})"
        yield Fact("socket.owner", place, name, document.origin(number), document.at)
