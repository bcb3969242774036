"""Read `show cloud monitor dataplane` of StarOS: probes from each card to each other that were missed, and that hit.

Shape: Cisco, "Troubleshoot KNI: Out of Memory Errors" (document 221955). Ten probes a second, one way; columns Miss,
Hit (not sent and received) and Pct, which is Miss / (Miss + Hit) in all 22 rows of it.
"""

from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.frame import Sheet
from brimful.evidence.series import Series
from brimful.evidence.table import is_cut, probe_row, rows_cut
from brimful.roots.base import Document
from brimful.sources import source, unread

REQUEST = "show cloud monitor dataplane"
MISSED, HIT = "fabric.link.data_missed", "fabric.link.data_hit"


@source(REQUEST, looks_like=r"^\s*Src\s+Dst\s+Miss\s+Hit\s+Pct", meanings=(MISSED, HIT))
def dataplane(document: Document) -> Iterator[Item]:
    """Read the data-plane probes between cards (show cloud monitor dataplane)."""
    sheet = Sheet(document.origin, document.at, document.boot)
    taken: set[str] = set()
    cut = False
    for number, line in document.numbered():
        row = probe_row(line)
        cut = cut or is_cut(line)
        if row is None:
            continue
        if isinstance(row, str):
            yield unread(document, number, row)
        elif row.link in taken:
            yield unread(document, number, f"{row.link} is in the table twice")
        elif not all(window.agrees(window.first, window.first + window.second) for window in row.windows):
            yield unread(document, number, "the printed Pct is not that of Miss and Hit")
        else:
            taken.add(row.link)
            for window in row.windows:
                place = f"{row.link}/{window.name}"
                sheet.add(Series(MISSED, place, "Miss", "dataplane", width_bits=0), window.first, number)
                sheet.add(Series(HIT, place, "Hit", "dataplane", width_bits=0), window.second, number)
    if cut:
        yield rows_cut(f"{REQUEST} in {document.file}:{document.first_line}", REQUEST)
    if len(sheet):
        yield sheet.frame()
