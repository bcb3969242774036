"""Read `ethtool -l`: how many queues of each kind an interface has, and how many it may have.

A combined channel is a receive and a transmit queue with one interrupt (include/uapi/linux/ethtool.h, struct
ethtool_channels).
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

_HEADING = re.compile(r"\s*Channel parameters for (\S+?):\s*")
_PARTS = ("Pre-set maximums", "Current hardware settings")
_KINDS = ("RX", "TX", "Combined")

Counts = dict[tuple[str, str], int]


@source(
    "ethtool -l {interface}", looks_like=r"(?m)^Channel parameters for ", meanings=("nic.channels",), every_s=SELDOM
)
def nic_channels(document: Document) -> Iterator[Item]:
    """Read the number of queues of one interface (ethtool -l)."""
    interface = document.of.get("interface", "")
    part, start = "", 0
    counts: Counts = {}
    for number, line in document.numbered():
        heading = _HEADING.fullmatch(line)
        if heading:
            yield from _fact(document, interface, counts, start)
            interface, counts, part, start = heading[1], {}, "", number
        key, _, text = (piece.strip() for piece in line.partition(":"))
        if key in _PARTS:
            part = key
        elif part and key in _KINDS and text != "n/a":
            count = unsigned(text)
            if count is None:
                yield unread(document, number, "the number of channels is not a number")
            else:
                counts.setdefault((part, key), count)
    yield from _fact(document, interface, counts, start)


def _fact(document: Document, interface: str, counts: Counts, line: int) -> Iterator[Fact]:
    """Yield `combined 4 of 8`, without the kinds that the hardware does not have."""
    maximum, current = _PARTS
    words = [
        f"{kind.lower()} {counts[current, kind]:d} of {counts[maximum, kind]:d}"
        for kind in _KINDS
        if counts.get((maximum, kind)) and (current, kind) in counts
    ]
    if interface and words:
        yield Fact("nic.channels", interface, ", ".join(words), document.origin(line), document.at)
