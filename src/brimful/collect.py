"""Runs every source over the roots of one machine and gathers what they read."""

from collections.abc import Iterable

from brimful.evidence.evidence import Evidence
from brimful.roots.base import Root
from brimful.sources import IDENTITY, SOURCES, Source, drivers_of


def gather(roots: Iterable[Root]) -> Evidence:
    """Read everything the roots of one machine hold.

    What a counter means depends on the driver, so the drivers are read first and handed to every document: `drivers`
    for all interfaces, and `driver` among what its request names for its own.
    """
    evidence = Evidence()
    for root in roots:
        _read(root, SOURCES[IDENTITY], evidence, {})
        drivers = drivers_of(evidence)
        for source in SOURCES:
            if source.name != IDENTITY:
                _read(root, source, evidence, drivers)
        for blind in root.blind():
            evidence.add(blind)
    return evidence


def _read(root: Root, source: Source, evidence: Evidence, drivers: dict[str, str]) -> None:
    for document in source.documents(root, drivers):
        for item in source(document):
            evidence.add(item)
        evidence.lines += document.lines_read
