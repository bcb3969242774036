"""Read `show session recovery status verbose` of StarOS: the state of each card, and which one is the demux card.

Shape: Cisco, "Troubleshoot KNI: Out of Memory Errors" (document 221955): `cpu` is card/cpu, both cards of one and of two
digits; five counts of managers; a status in words. The demux card runs demux managers, or says `(Demux)`.
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.table import is_cut, rows_cut
from brimful.roots.base import Document
from brimful.sources import source, unread

REQUEST = "show session recovery status verbose"
_CPU = re.compile(r"\s*([0-9]{1,3})/([0-9]{1,2})(?=\s)")
_REST = re.compile(r"\s+([A-Za-z][\w-]*)" + r"\s+([0-9]{1,20})" * 5 + r"\s+(\S.*?)\s*", re.ASCII)
_GOOD = re.compile(r"Good(?:\s+\(Demux\))?", re.IGNORECASE)
_DEMUX = 6


@source(
    REQUEST,
    looks_like=r"^\s*cpu\s+state\s+active\s+standby\s+active\s+standby",
    meanings=("staros.card_state", "staros.demux_card"),
)
def session_recovery(document: Document) -> Iterator[Item]:
    """Read the state of each card and which is the demux card (show session recovery status verbose)."""
    cut = False
    for number, line in document.numbered():
        cut = cut or is_cut(line)
        cpu = _CPU.match(line)
        if cpu is None:
            continue
        rest = _REST.fullmatch(line, cpu.end())
        if rest is None:
            yield unread(document, number, "not a state, five counts and a status")
        else:
            yield from _facts(document, number, f"card {int(cpu[1])}", int(cpu[2]), rest)
    if cut:
        yield rows_cut(f"{REQUEST} in {document.file}:{document.first_line}", REQUEST)


def _facts(document: Document, number: int, card: str, cpu: int, rest: re.Match[str]) -> Iterator[Fact]:
    """Yield the facts of one row; a card's first processor stands for the card, others are places of their own."""
    state, status = rest[1], rest[7]
    place = f"{card}/cpu {cpu}" if cpu else card
    value = state if _GOOD.fullmatch(status) else f"{state}: {status}"
    origin = document.origin(number)
    yield Fact("staros.card_state", place, value, origin, document.at)
    if int(rest[_DEMUX]) or "(demux)" in status.lower():
        yield Fact("staros.demux_card", card, status, origin, document.at)
