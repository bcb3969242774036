"""Probe losses between the cards of a virtual chassis, card by card and direction.

Three tables of StarOS say the same thing in three ways (Cisco, "Troubleshoot KNI: Out of Memory Errors"): control-plane
heartbeats (sent, received), data-plane probes (missed, hit) and the heartbeat loss in percent. All are counts over a
window that the chassis keeps itself, so one sample speaks of the last minutes.
"""

import msgspec

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence

DEGRADED_PERCENT = 1.0
"""A link counts as degraded above this loss in the 5- or 60-minute window.

Cisco publishes no threshold for the word `Bad`. All 22 links in its one published capture agree with this one; for the
60-minute window any value between 0.93 and 1.07 would. [inference]
"""

WINDOWS = ("15s", "5min", "60min")
LASTING = ("5min", "60min")
"""The windows that the threshold is held against: 15 s hold too few probes."""

READ_FROM = (
    "fabric.link.control_sent",
    "fabric.link.control_received",
    "fabric.link.data_missed",
    "fabric.link.data_hit",
    "fabric.link.heartbeat_loss",
)
"""The meanings that the matrices are made of."""


class Cell(msgspec.Struct, frozen=True):
    """The loss from one card to another in one window. `lost` and `sent` are None where only a percentage is known."""

    source: str
    target: str
    window: str
    percent: float
    lost: int | None
    sent: int | None
    reading: Reading


class Matrix:
    """All cells of one plane."""

    def __init__(self, cells: list[Cell]) -> None:
        self.cells = {(cell.source, cell.target, cell.window): cell for cell in cells}

    def __bool__(self) -> bool:
        return bool(self.cells)

    def percent(self, source: str, target: str, window: str) -> float | None:
        """Return the loss in percent, or None where the table has no such row."""
        cell = self.cells.get((source, target, window))
        return cell.percent if cell else None

    def degraded(self) -> list[Cell]:
        """Return the cells above the threshold in a lasting window."""
        return [cell for cell in self.cells.values() if cell.window in LASTING and cell.percent > DEGRADED_PERCENT]

    def pairs(self) -> set[tuple[str, str]]:
        """Return all (source, target) links that the table has a row for."""
        return {(source, target) for source, target, _ in self.cells}


def matrices(evidence: Evidence) -> dict[str, Matrix]:
    """Return the matrix of each plane, latest sample; empty where the table was not there."""
    return {
        "data": Matrix(_counted(evidence, "fabric.link.data_missed", "fabric.link.data_hit", lost_first=True)),
        "control": Matrix(
            _counted(evidence, "fabric.link.control_sent", "fabric.link.control_received", lost_first=False)
        ),
        "heartbeat": Matrix(_printed(evidence)),
    }


def _counted(evidence: Evidence, first: str, second: str, *, lost_first: bool) -> list[Cell]:
    """Build cells from (missed, hit) or from (sent, received) pairs of readings."""
    others = {reading.series.place: reading.last for reading in evidence.readings(second)}
    cells = []
    for reading in evidence.readings(first):
        other = others.get(reading.series.place)
        if other is None:
            continue
        lost = reading.last if lost_first else max(0, reading.last - other)
        sent = reading.last + other if lost_first else reading.last
        if sent:
            cells.append(_cell(reading, 100 * lost / sent, lost, sent))
    return cells


def _printed(evidence: Evidence) -> list[Cell]:
    return [
        _cell(reading, reading.last / 100, None, None) for reading in evidence.readings("fabric.link.heartbeat_loss")
    ]


def _cell(reading: Reading, percent: float, lost: int | None, sent: int | None) -> Cell:
    link, _, window = reading.series.place.partition("/")
    source, _, target = link.partition(" -> ")
    return Cell(source, target, window, percent, lost, sent, reading)


def degraded(evidence: Evidence) -> bool | None:
    """Tell whether any link is degraded; None when no table says."""
    known = [matrix for matrix in matrices(evidence).values() if matrix]
    return any(matrix.degraded() for matrix in known) if known else None
