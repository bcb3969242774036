"""Read byte queue limits: how many bytes each transmit queue has handed to the NIC, and how many it may.

The kernel moves the limit all the time to what just keeps the NIC busy (lib/dynamic_queue_limits.c), so a queue at its
limit is no fault: packets wait above it, in the queueing discipline.
"""

from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.frame import Sheet
from brimful.evidence.number import unsigned
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_FILES = {"limit": "nic.tx_ring.limit", "inflight": "nic.tx_ring.used"}


@source(
    *(f"/sys/class/net/{{interface}}/queues/{{queue}}/byte_queue_limits/{file}" for file in _FILES),
    meanings=tuple(_FILES.values()),
    every_s=NOW_AND_THEN,
)
def byte_queue_limits(document: Document) -> Iterator[Item]:
    """Read the bytes that transmit queues have in flight (sysfs, byte_queue_limits)."""
    interface, queue = document.of.get("interface", ""), document.of.get("queue", "")
    file = document.name.rpartition("/")[2]
    text = next(iter(document.lines()), "").strip()
    if not interface or not queue or not text or file not in _FILES:
        return
    value = unsigned(text)
    if value is None:
        yield unread(document, 1, "not a number of bytes")
        return
    sheet = Sheet(document.origin, document.at, document.boot)
    place = f"{interface}/{queue}"
    sheet.add(Series(_FILES[file], place, f"BQL {file}", "byte_queue_limits", width_bits=0), value, 1)
    yield sheet.frame()
