"""Runs every source over the roots of one machine and gathers what they read."""

from collections.abc import Iterable

from brimful.evidence.evidence import Evidence
from brimful.roots.base import Document, Root
from brimful.sources import SOURCES, Source

IDENTITY = "nic_identity"
"""The source that names each interface's driver: others read their counters by it."""


def gather(roots: Iterable[Root]) -> Evidence:
    """Read everything the roots of one machine hold.

    What a counter means depends on the driver, so the drivers are read first and handed to every document: `drivers`
    for all interfaces, and `driver` among what its request names for its own.
    """
    evidence = Evidence()
    for root in roots:
        _read(root, SOURCES[IDENTITY], evidence, {})
        drivers = {fact.place: str(fact.value) for fact in evidence.facts("nic.driver")}
        for source in SOURCES:
            if source.name != IDENTITY:
                _read(root, source, evidence, drivers)
        for blind in root.blind():
            evidence.add(blind)
    return evidence


def _read(root: Root, source: Source, evidence: Evidence, drivers: dict[str, str]) -> None:
    for request in source.requests:
        answered = False
        for document in root.documents(request):
            answered = True
            _introduce(document, drivers)
            for item in source(document):
                evidence.add(item)
            evidence.lines += document.lines_read
        if answered and source.one_of:
            return


def _introduce(document: Document, drivers: dict[str, str]) -> None:
    """Tell the document which driver its interfaces have."""
    document.drivers = drivers
    driver = drivers.get(document.of.get("interface", ""))
    if driver is not None:
        document.of.setdefault("driver", driver)
