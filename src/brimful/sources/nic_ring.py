"""Read `ethtool -g`: how many descriptors the rings of an interface have, and how many they may have."""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.frame import Sheet
from brimful.evidence.number import unsigned
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

_HEADING = re.compile(r"\s*Ring parameters for (\S+?):\s*")
_PARTS = {"Pre-set maximums": "maximum", "Current hardware settings": "current"}
_MEANINGS = {
    ("maximum", "RX"): "nic.ring.size_maximum",
    ("current", "RX"): "nic.ring.size",
    ("current", "TX"): "nic.tx_ring.size",
}


@source(
    "ethtool -g {interface}",
    looks_like=r"(?m)^Ring parameters for ",
    meanings=tuple(_MEANINGS.values()),
    every_s=SELDOM,
)
def nic_ring(document: Document) -> Iterator[Item]:
    """Read the ring sizes of one interface (ethtool -g)."""
    interface = document.of.get("interface", "")
    sheet = Sheet(document.origin, document.at, document.boot)
    taken: set[tuple[str, str]] = set()
    part = ""
    for number, line in document.numbered():
        heading = _HEADING.fullmatch(line)
        if heading:
            interface = heading[1]  # what a file is called may be a guess; several may follow each other
        key, _, text = (piece.strip() for piece in line.partition(":"))
        part = _PARTS.get(key, part)
        meaning = _MEANINGS.get((part, key))
        if not meaning or not interface or text.lower() == "n/a" or (interface, meaning) in taken:
            continue
        value = unsigned(text)
        if value is None:
            yield unread(document, number, "the size of a ring is not a number")
        else:
            taken.add((interface, meaning))
            sheet.add(Series(meaning, interface, f"{part} {key}", "nic_ring", width_bits=0), value, number)
    if len(sheet):
        yield sheet.frame()
