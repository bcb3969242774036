"""Read `show cloud monitor controlplane` of StarOS: heartbeats that each card sent to each other, and got back.

Shape: Cisco, "Troubleshoot KNI: Out of Memory Errors" (document 221955). Five heartbeats a second; columns Xmit, Recv
and Miss%, which is (Xmit - Recv) / Xmit in all 22 rows of it.
"""

from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.frame import Sheet
from brimful.evidence.table import ProbeTable, has_cut, rows_cut
from brimful.roots.base import Document
from brimful.sources import source, unread

REQUEST = "show cloud monitor controlplane"
SENT, RECEIVED = "fabric.link.control_sent", "fabric.link.control_received"

_TABLE = ProbeTable(
    "controlplane", (SENT, "Xmit"), (RECEIVED, "Recv"), "Miss%", lambda sent, received: (max(0, sent - received), sent)
)


@source(REQUEST, looks_like=r"^\s*Src\s+Dst\s+Xmit\s+Recv\s+Miss%", meanings=(SENT, RECEIVED))
def controlplane(document: Document) -> Iterator[Item]:
    """Read the control-plane heartbeats between cards (show cloud monitor controlplane)."""
    sheet = Sheet(document.origin, document.at, document.boot)
    for number, why in _TABLE.read(document.numbered(), sheet):
        yield unread(document, number, why)
    if has_cut(document.lines()):
        yield rows_cut(f"{REQUEST} in {document.file}:{document.first_line}", REQUEST)
    if len(sheet):
        yield sheet.frame()
