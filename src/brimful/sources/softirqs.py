"""Read `/proc/softirqs`: how often each CPU has run the receive softirq, NET_RX (fs/proc/softirqs.c).

A column for each CPU that is possible, named in the first line. Counters of 32 bits.
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

_WIDTH = 32
_HEAD = re.compile(r"\s*CPU[0-9]{1,6}(?:\s+CPU[0-9]{1,6})*\s*")
_ROW = re.compile(r"\s*(?P<name>[A-Z_]+):(?P<counts>.*)", re.ASCII)


@source(
    "/proc/softirqs",
    looks_like=r"(?m)^ *NET_RX: +[0-9]",
    meanings=("softnet.backlog.receive_softirqs",),
)
def softirqs(document: Document) -> Iterator[Item]:
    """Read how often each CPU ran the receive softirq (/proc/softirqs)."""
    samples = Samples(document.origin, document.at, document.boot)
    cpus: list[str] = []
    for number, line in document.numbered():
        if not line.strip():
            continue
        if _HEAD.fullmatch(line):
            cpus = [f"cpu {int(word.removeprefix('CPU'))}" for word in line.split()]
            continue
        found = _ROW.fullmatch(line)
        if found is None:
            yield unread(document, number, "not a softirq with its counts")
            continue
        if found["name"] != "NET_RX":
            continue
        counts = [unsigned(word) for word in found["counts"].split()]
        if not cpus or len(counts) != len(cpus) or len(set(cpus)) != len(cpus) or None in counts:
            yield unread(document, number, "not a number for each CPU of the first line")
            continue
        for place, count in zip(cpus, counts, strict=True):
            series = Series("softnet.backlog.receive_softirqs", place, "NET_RX", "softirqs", width_bits=_WIDTH)
            samples.add(series, count or 0, number)
    yield from samples.frames()
