"""Read the socket memory of cgroups, their limits, and how often they were refused memory.

cgroup v2 (Documentation/admin-guide/cgroup-v2.rst): `sock` of memory.stat is part of memory.current, and the limit
memory.max is one for all memory of the group, so that `max` of memory.events counts refusals of any kind;
`sock_throttled` counts those of sockets. v1 has a limit for the memory of TCP of its own, memory.kmem.tcp.*. A group
without a limit has none here.
"""

import re
from collections.abc import Iterator

from brimful.chain.place import CGROUP
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_V2 = "/sys/fs/cgroup/{group}/"
_V1 = "/sys/fs/cgroup/memory/{group}/"

USED, ALL, LIMIT, REFUSED = (
    "protocol.memory.cgroup_used",
    "protocol.memory.cgroup_total",
    "protocol.memory.cgroup_limit",
    "protocol.memory.cgroup_refused",
)
_SINGLE = {
    "memory.current": ALL,
    "memory.max": LIMIT,
    "memory.kmem.tcp.usage_in_bytes": USED,
    "memory.kmem.tcp.limit_in_bytes": LIMIT,
    "memory.kmem.tcp.failcnt": REFUSED,
}
"""Files of one number."""
_KEYED = {
    "memory.stat": {"sock": USED},
    "memory.events": {"max": REFUSED, "sock_throttled": REFUSED},
}
"""Files of names and numbers, with the names that are kept."""
_UNLIMITED = 1 << 62
"""From here on v1 means no limit: it prints the largest number of pages, in bytes."""
_PAIR = re.compile(r"(?P<name>[\w.]+) (?P<value>\S+)\s*", re.ASCII)


@source(
    *(_V2 + file for file in (*_KEYED, "memory.current", "memory.max")),
    *(_V1 + file for file in _SINGLE if ".tcp." in file),
    meanings=(USED, ALL, LIMIT, REFUSED),
    every_s=NOW_AND_THEN,
)
def cgroup(document: Document) -> Iterator[Item]:
    """Read the socket memory of cgroups and what limits it (/sys/fs/cgroup)."""
    samples = Samples(document.origin, document.at, document.boot)
    file = document.name.rpartition("/")[2]
    place = f"{CGROUP}/{document.of.get('group', '')}"
    for number, line in document.numbered():
        name, text = _said(file, line)
        if not text:
            if line.strip():
                yield unread(document, number, f"not a line of {file}")
            continue
        meaning = _KEYED.get(file, _SINGLE).get(name)
        if meaning is None or (meaning == LIMIT and text == "max"):
            continue
        value = unsigned(text)
        if value is None:
            yield unread(document, number, f"{name} is not an unsigned number")
        elif meaning != LIMIT or value < _UNLIMITED:
            width = 64 if meaning == REFUSED else 0
            samples.add(
                Series(meaning, place, f"{file} {name}" if file in _KEYED else file, "cgroup", width), value, number
            )
    yield from samples.frames()


def _said(file: str, line: str) -> tuple[str, str]:
    """Return the name and the number of a line, both empty where there are none."""
    if file in _SINGLE:
        words = line.split()
        return (file, words[0]) if len(words) == 1 else ("", "")
    found = _PAIR.fullmatch(line)
    return (found["name"], found["value"]) if found else ("", "")
