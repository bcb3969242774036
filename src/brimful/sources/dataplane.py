"""Read `show cloud monitor dataplane` of StarOS: probes from each card to each other that were missed, and that hit.

Shape: Cisco, "Troubleshoot KNI: Out of Memory Errors" (document 221955). Ten probes a second, one way; columns Miss,
Hit (not sent and received) and Pct, which is Miss / (Miss + Hit) in all 22 rows of it.
"""

from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.frame import Sheet
from brimful.evidence.table import ProbeTable, has_cut, rows_cut
from brimful.roots.base import Document
from brimful.sources import source, unread

REQUEST = "show cloud monitor dataplane"
MISSED, HIT = "fabric.link.data_missed", "fabric.link.data_hit"

_TABLE = ProbeTable("dataplane", (MISSED, "Miss"), (HIT, "Hit"), "Pct", lambda missed, hit: (missed, missed + hit))


@source(REQUEST, looks_like=r"^\s*Src\s+Dst\s+Miss\s+Hit\s+Pct", meanings=(MISSED, HIT))
def dataplane(document: Document) -> Iterator[Item]:
    """Read the data-plane probes between cards (show cloud monitor dataplane)."""
    sheet = Sheet(document.origin, document.at, document.boot)
    for number, why in _TABLE.read(document.numbered(), sheet):
        yield unread(document, number, why)
    if has_cut(document.lines()):
        yield rows_cut(f"{REQUEST} in {document.file}:{document.first_line}", REQUEST)
    if len(sheet):
        yield sheet.frame()
