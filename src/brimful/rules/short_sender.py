"""A card that sends fewer heartbeats than it should: its own CPU is starved, nothing was lost on the way."""

from collections import defaultdict
from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.evidence import Evidence
from brimful.evidence.matrix import READ_FROM, Cell, matrices
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

WINDOW = "5min"
"""The window that is looked at: the hour also holds the time before a card was started."""

NOMINAL = 1500
"""Heartbeats a card sends to each other card in it: five a second, as every full row of the published tables shows."""

SHORT = 0.01
"""How far below that a sender may be: probes at the edge of a window."""


@rule(*READ_FROM)
def short_sender(evidence: Evidence) -> Iterator[Finding]:
    """Does a card send fewer heartbeats than its nominal rate?"""
    by_source: dict[str, list[Cell]] = defaultdict(list)
    full_to: set[str] = set()
    for cell in matrices(evidence)["control"].cells.values():
        if cell.window == WINDOW and cell.sent is not None:
            by_source[cell.source].append(cell)
            if not _short(cell):
                full_to.add(cell.target)
    for cells in by_source.values():
        # towards a card that was started within the window everybody sends less
        known = [cell for cell in cells if cell.target in full_to]
        if known and all(_short(cell) for cell in cells):
            yield _finding(min(known, key=lambda cell: cell.sent or 0))


def _short(cell: Cell) -> bool:
    return (cell.sent or 0) < (1 - SHORT) * NOMINAL


def _finding(worst: Cell) -> Finding:
    card, sent = worst.source, worst.sent or 0
    missing = 100 * (1 - sent / NOMINAL)
    return Finding(
        stage="dataplane.queue",
        place=card,
        state=State.FULL,
        statement=f"{card.capitalize()} sends {missing:.0f} % fewer heartbeats than it should: it is starved of CPU (inference).",
        subject=f"the short sending of {card}",
        owner=Owner.HOST,
        confidence=Confidence.LOW,
        because=(
            worst.reading.exhibit(f"{card} -> {worst.target}: sent {sent:,} of {NOMINAL:,} heartbeats in {WINDOW}"),
        ),
        doubts=("a card that was started less than five minutes before looks the same",),
        do=(Treatment(f"look for CPU steal and oversubscription on the host of {card}"),),
        collect=(Collect("CPU of the card", "show cpu table"), Collect("CPU of its tasks", "show task resources")),
    )
