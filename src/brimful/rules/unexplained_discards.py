"""Discards of a card's packet process that no published text explains, where one card has nearly all of them."""

from collections.abc import Iterator

from brimful.chain.place import ALL_CARDS
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import percent
from brimful.rules import Finding, State, rule

MOST = 0.9
"""One card's share of the chassis's discards from which it is worth a line."""


@rule("dataplane.queue.discards", "dataplane.queue.discard_rate")
def unexplained_discards(evidence: Evidence) -> Iterator[Finding]:
    """Does one card have nearly all of the chassis's unexplained discards?"""
    totals = {r.series.raw: r for r in evidence.readings("dataplane.queue.discards", place=ALL_CARDS)}
    rates = {r.series.place: r.last for r in evidence.readings("dataplane.queue.discard_rate")}
    for reading in evidence.readings("dataplane.queue.discards"):
        card, _, _ = reading.series.place.partition("/")
        total = totals.get(reading.series.raw)
        if card == ALL_CARDS or total is None or not total.counted or reading.counted < MOST * total.counted:
            continue
        rate = rates.get(reading.series.place)
        share = percent(reading.counted / total.counted)
        now = f", {rate:,} a second" if rate else ""
        yield Finding(
            stage="fabric.link",
            place=card,
            state=State.NOTE,
            subject=f"{reading.series.raw} of {card}",
            doubts=(
                f"{card} has {share} of the chassis's {reading.series.raw} ({reading.counted:,}{now}): what it counts is not published, so these stay unexplained ({reading.origin.short})",
            ),
        )
