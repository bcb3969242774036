"""Read `show iftask stats` of StarOS: what the packet process of each card passed, dropped and discarded.

Shape: Cisco, "Troubleshoot KNI: Out of Memory Errors" (document 221955): a block for each card and one for all, rows of a
name, a count and a rate. No definitions are published: what a counter means here is by its name (inference). Counts of
its capture exceed 32 bits.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from brimful.chain.place import ALL_CARDS
from brimful.evidence.evidence import Item
from brimful.evidence.frame import Sheet
from brimful.evidence.number import unsigned
from brimful.evidence.series import Series
from brimful.evidence.table import is_cut, rows_cut
from brimful.roots.base import Document
from brimful.sources import source, unread

REQUEST = "show iftask stats"

_DROPPED = ("dataplane.queue.dropped", "dataplane.queue.drop_rate")
_GROUPS = {
    ("fabric.link.passed", "fabric.link.rate"): "svc_rx svc_tx di_rx di_tx",
    ("kni.queue.dropped", "kni.queue.drop_rate"): "kni_thread_drops kni_drops cpeth0_drops",
    _DROPPED: "svc_tx_drops di_rx_drops di_tx_drops sw_rss_enq_drops mcdma_drops mux_deliver_hop_drops"
    " mux_deliver_drops mux_xmit_failure_drops mc_dma_thread_enq_drops sw_tx_egress_enq_drops mcdma_summary_drops",
    ("dataplane.queue.drops_total", _DROPPED[1]): "__ALL_DROPS__",
    ("dataplane.queue.discards", "dataplane.queue.discard_rate"): "__DISCARDS__ __BOND_DISCARDS__",
    ("dataplane.queue.fragment_errors", _DROPPED[1]): "fragmentation_err reassembly_err reassembly_ring_enq_err",
}
_MEANINGS = {name: meanings for meanings, names in _GROUPS.items() for name in names.split()}

_HEADING = re.compile(r"\s*(?:CARD\s+(?P<card>[0-9]{1,3})|TOTAL)\s+STATS\s*")
_ANY_HEADING = re.compile(r"\s*CARD\b.*\bSTATS\s*")
_COLUMNS = re.compile(r"\s*Counters\s", re.IGNORECASE)
_ROW = re.compile(r"\s*(?P<name>\S*[^\W\d]\S*)\s+(?P<columns>\S+(?:\s+\S+)?)\s*")


@source(
    REQUEST,
    looks_like=r"^\s*(?:CARD\s+\d+|TOTAL)\s+STATS\s*$",
    meanings=tuple(dict.fromkeys(meaning for meanings in _GROUPS for meaning in meanings)),
)
def iftask(document: Document) -> Iterator[Item]:
    """Read what each card's packet process passed and dropped (show iftask stats)."""
    sheet = Sheet(document.origin, document.at, document.boot)
    card, cut = "", False
    taken: set[tuple[str, str]] = set()
    for number, line in document.numbered():
        heading = _HEADING.fullmatch(line)
        cut = cut or is_cut(line)
        if heading or _ANY_HEADING.fullmatch(line):
            card = _place(heading)
            if not card:
                yield unread(document, number, "the card whose counters follow is not named")
        elif row := _row(line):
            name, columns = row
            why = "the same counter of the same card again" if (card, name) in taken else _why(card, name, columns)
            if why:
                yield unread(document, number, why)
            else:
                taken.add((card, name))
                for meaning, text in zip(_MEANINGS[name], columns, strict=False):
                    sheet.add(_series(meaning, card, name), int(text), number)
    if cut:
        yield rows_cut(f"{REQUEST} in {document.file}:{document.first_line}", REQUEST)
    if len(sheet):
        yield sheet.frame()


def _place(heading: re.Match[str] | None) -> str:
    if heading is None:
        return ""
    return f"card {int(heading['card'])}" if heading["card"] else ALL_CARDS


def _row(line: str) -> tuple[str, list[str]] | None:
    """Return the name and the columns of a row, damaged ones too; None for headings, rulers and prose.

    A row is one of the known names, or any name with an underscore or two figures behind it.
    """
    if _COLUMNS.match(line):
        return None
    match = _ROW.fullmatch(line)
    name, columns = (match["name"], match["columns"].split()) if match else ("", [])
    if name in _MEANINGS:
        return name, columns
    words = line.split()
    if words and words[0] in _MEANINGS:
        return words[0], words[1:]
    figures = len(columns) > 1 and all(any(c.isdigit() for c in text) for text in columns)
    return (name, columns) if figures or ("_" in name and any(c.isdigit() for c in "".join(columns))) else None


def _why(card: str, name: str, columns: list[str]) -> str:
    """Return why a row cannot be used; empty when it can."""
    if name not in _MEANINGS:
        return "unknown counter"
    if not card:
        return "no card is named above this row"
    # the rate may be missing, the count may not
    if not 1 <= len(columns) <= 2 or any(unsigned(text) is None for text in columns):  # noqa: PLR2004 - two columns
        return "not a count and a rate"
    return ""


@lru_cache(maxsize=4096)
def _series(meaning: str, card: str, name: str) -> Series:
    return Series(meaning, f"{card}/{name}", name, "iftask", width_bits=0 if meaning.endswith("rate") else 64)
