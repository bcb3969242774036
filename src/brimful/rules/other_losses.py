"""Losses that name no full buffer by themselves: said, with what would tell more, and blamed on nobody."""

from collections.abc import Iterator

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Finding, State, rule


class Loss(msgspec.Struct, frozen=True):
    """What to say of one meaning. With `collect` it may be a full buffer, so that a host that counts it is not healthy.

    `level`: how full that buffer is, where something tells.
    """

    meaning: str
    text: str
    collect: Collect | None = None
    level: str = ""


LOSSES = (
    Loss("protocol.input.discarded", "IP discarded {count} valid packets {when}: usually for want of memory", Collect("memory", "cat /proc/meminfo")),
    Loss("dataplane.queue.fragment_errors", "the packet process of {place} could not cut or put together {count} fragments {when}", Collect("the drop counters of every card, twice, 60 s apart", "show iftask stats")),
    Loss("protocol.input.no_handler", "{count} packets of {place} were wanted by no protocol, or came in on an inactive link of a bond {when}"),
)  # fmt: skip


@rule(*(loss.meaning for loss in LOSSES), *(loss.level for loss in LOSSES if loss.level))
def other_losses(evidence: Evidence) -> Iterator[Finding]:
    """Is anything lost that no other question asks about?"""
    for loss in LOSSES:
        for place in evidence.places(loss.meaning):
            yield from _of(evidence, loss, place)


def _of(evidence: Evidence, loss: Loss, place: str) -> Iterator[Finding]:
    readings = [r for r in one_view(evidence.readings(loss.meaning, place=place)) if r.counted]
    weight = weigh(readings)
    if not (weight.now or (weight.over and loss.collect)):
        return
    text = loss.text.format(place=place, count=f"{weight.lost:,}", when=weight.when)
    collect = loss.collect
    yield Finding(
        stage=MEANINGS[loss.meaning].stage.name,
        place=place,
        state=State.OPEN if collect else State.NEAR,
        statement=f"{text[0].upper()}{text[1:]}.",
        because=(
            *(reading.exhibit(f"{reading.series.raw} {reading.counted:,}") for reading in readings),
            *_levels(evidence, loss.level, {reading.series.place for reading in readings}),
        ),
        collect=(Collect(collect.text, collect.command.format(place=place)),) if collect else (),
        harm=weight.lost,
    )


def _levels(evidence: Evidence, meaning: str, places: set[str]) -> Iterator[Exhibit]:
    """Yield how much was seen to wait in the very buffers that lost something."""
    for level in evidence.readings(meaning) if meaning else ():
        if level.series.place in places and level.highest:
            unit = MEANINGS[meaning].unit
            yield level.exhibit(
                f"up to {level.highest:,} {unit} were seen waiting in {level.series.place} ({level.series.raw})"
            )
