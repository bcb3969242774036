"""Read `show cloud monitor controlplane` of StarOS: heartbeats that each card sent to each other, and got back.

Shape: Cisco, "Troubleshoot KNI: Out of Memory Errors" (document 221955). Five heartbeats a second; columns Xmit, Recv
and Miss%, which is (Xmit - Recv) / Xmit in all 22 rows of it.
"""

from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.frame import Sheet
from brimful.evidence.series import Series
from brimful.evidence.table import is_cut, probe_row, rows_cut
from brimful.roots.base import Document
from brimful.sources import source, unread

REQUEST = "show cloud monitor controlplane"
SENT, RECEIVED = "fabric.link.control_sent", "fabric.link.control_received"


@source(REQUEST, looks_like=r"^\s*Src\s+Dst\s+Xmit\s+Recv\s+Miss%", meanings=(SENT, RECEIVED))
def controlplane(document: Document) -> Iterator[Item]:
    """Read the control-plane heartbeats between cards (show cloud monitor controlplane)."""
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
        elif not all(window.agrees(max(0, window.first - window.second), window.first) for window in row.windows):
            yield unread(document, number, "the printed Miss% is not that of Xmit and Recv")
        else:
            taken.add(row.link)
            for window in row.windows:
                place = f"{row.link}/{window.name}"
                sheet.add(Series(SENT, place, "Xmit", "controlplane", width_bits=0), window.first, number)
                sheet.add(Series(RECEIVED, place, "Recv", "controlplane", width_bits=0), window.second, number)
    if cut:
        yield rows_cut(f"{REQUEST} in {document.file}:{document.first_line}", REQUEST)
    if len(sheet):
        yield sheet.frame()
