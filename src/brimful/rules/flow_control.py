"""Pause frames sent: an overload that no drop counter shows, because it was pushed back to the sender."""

from collections.abc import Iterator

from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import weigh
from brimful.rules import Finding, State, rule


@rule("nic.fifo.pause_sent", "nic.fifo.high_watermark")
def flow_control(evidence: Evidence) -> Iterator[Finding]:
    """Does the NIC push back to its sender, or reach its own warning mark?"""
    for meaning, text in (
        (
            "nic.fifo.pause_sent",
            "sent {count} pause frame{s}: it cannot take what arrives, the loss (if any) is at the sender",
        ),
        ("nic.fifo.high_watermark", "was over its own warning mark {count} time{s}"),
    ):
        for interface in evidence.places(meaning):
            readings = [r for r in evidence.readings(meaning, place=interface) if r.delta]
            if readings:
                count = weigh(readings).lost
                sentence = f"{interface} {text.format(count=f'{count:,}', s='s' * (count > 1))}"
                yield Finding(
                    stage="nic.fifo",
                    place=interface,
                    state=State.NEAR,
                    statement=f"{sentence}.",
                    because=tuple(r.exhibit(f"{sentence} ({r.series.raw})") for r in readings[:1]),
                )
