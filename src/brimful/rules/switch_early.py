"""Packets that a switch dropped before its queue was full (WRED): a setting that tells senders to slow down.

A few such drops are how it works. A larger share means that the setting is too strict for what is sent, or that senders do
not heed it; marks (ECN) tell them the same without a loss.
"""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.evidence import Evidence
from brimful.evidence.switch import Loss, losses, named, views
from brimful.evidence.switch_commands import commands
from brimful.evidence.weight import LIFETIME_SHARE, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule


@rule(
    "switch.queue.dropped_early",
    "switch.queue.marked",
    "switch.queue.passed",
)
def switch_early(evidence: Evidence) -> Iterator[Finding]:
    """Does a switch drop packets before a queue is full, because somebody set it to?"""
    for loss in losses(evidence, "switch.queue.dropped_early", "switch.queue.passed"):
        yield _early(evidence, loss)
    for port in evidence.places("switch.queue.marked"):
        marks = [one for one in views(evidence.readings("switch.queue.marked", place=port)) if one.delta]
        if marks:
            weight = weigh(marks)
            yield Finding(
                stage="switch.queue",
                place=port,
                state=State.NEAR,
                statement=f"Packets to {port} were marked because a queue was long (ECN): {weight}.",
                because=tuple(one.exhibit(f"{one.series.raw} {one.counted:,}") for one in marks),
            )


def _early(evidence: Evidence, loss: Loss) -> Finding:
    text = f"{named(loss.place)} dropped {loss} before it was full (WRED)"
    small = loss.weight.share is not None and loss.weight.share < LIFETIME_SHARE
    marked = weigh(views(evidence.readings("switch.queue.marked", place=loss.port)))
    known = commands(loss.sources)
    show = known.early.format(port=loss.port)
    return Finding(
        stage="switch.queue",
        place=loss.place,
        state=State.NEAR if small else State.LOST if loss.weight.now else State.OVER,
        statement=f"{text[0].upper()}{text[1:]}."
        if small
        else f"WRED {'drops' if loss.weight.now else 'dropped'} packets to {loss.port} before a queue is full: that is what somebody set.",
        subject=f"the early drops of {loss.port}",
        owner=Owner.POLICY,
        confidence=Confidence.MEDIUM,
        because=loss.because,
        doubts=() if marked.lost else ("nothing is marked there (ECN): senders are told to slow down by losses alone",),
        do=()
        if small
        else (
            Treatment("send less, or take a faster link: early drops keep the queue short, and that is wanted"),
            Treatment("mark instead of dropping (ECN), where the senders heed it", show),
            Treatment("or let WRED begin later (higher thresholds)", show),
        ),
        collect=(Collect(f"the thresholds of WRED{known.on}", show),),
        harm=loss.weight.lost,
    )
