"""The ledger: what passed, what was lost at each stage, what stays unexplained."""

from collections.abc import Iterator

import msgspec

from brimful.chain.meaning import MEANINGS, Kind
from brimful.chain.place import ALL_CARDS, whole
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.matrix import matrices
from brimful.evidence.weight import one_view, weigh

FIVE_MINUTES = "5min"

NAMED = ("nic.ring.no_buffer", "driver.memory.dropped", "protocol.input.no_handler")
"""Drops of one link that `rx_dropped` may count and another counter names."""

READ_FROM = ("protocol.input.rx_dropped", "softnet.backlog.dropped", *NAMED)
"""The meanings by which drops are found to be unexplained."""


class Loss(msgspec.Struct, frozen=True):
    """One line of the ledger: a counter that moved, or (`lifetime`) that has moved since it was cleared.

    `age_seconds`: how long ago that was at the most, where the machine says how long it has been up.
    """

    stage: str
    place: str
    meaning: str
    lost: int
    near_missed: int
    passed: int | None
    seconds: float | None
    source: str
    counter: str
    lifetime: bool
    age_seconds: int | None = None


class Unexplained(msgspec.Struct, frozen=True):
    """Packets that a sum of several causes counts and no single counter names."""

    between: tuple[str, str]
    place: str
    packets: int
    seconds: float | None


def losses(evidence: Evidence) -> list[Loss]:
    """Return every loss and near miss that was counted, each packet in one view, largest loss first."""
    found = [*_between_cards(evidence)]
    found += [
        _line(evidence, reading)
        for meaning in MEANINGS.values()
        if meaning.kind in {Kind.LOST, Kind.NEAR_MISS}
        for reading in one_view(evidence.readings(meaning.name))
        if reading.counted and whole(reading.series.place) != ALL_CARDS
    ]
    return sorted(found, key=lambda loss: (loss.lifetime, -loss.lost, -loss.near_missed, loss.place))


def _between_cards(evidence: Evidence) -> Iterator[Loss]:
    """Yield the probes lost between cards, in the five-minute window that the chassis keeps."""
    for plane in ("data", "control"):
        for cell in matrices(evidence)[plane].cells.values():
            if cell.window == FIVE_MINUTES and cell.lost and cell.sent is not None:
                yield Loss(
                    stage="fabric.link",
                    place=f"{cell.source} -> {cell.target}",
                    meaning=cell.reading.series.meaning,
                    lost=cell.lost,
                    near_missed=0,
                    passed=cell.sent - cell.lost,
                    seconds=300.0,
                    source=str(cell.reading.origin),
                    counter=f"{plane}-plane probes",
                    lifetime=False,
                )


def _line(evidence: Evidence, reading: Reading) -> Loss:
    meaning = MEANINGS[reading.series.meaning]
    is_loss = meaning.kind is Kind.LOST
    passed = evidence.readings(f"{meaning.stage.name}.passed", place=reading.series.place)
    return Loss(
        stage=meaning.stage.name,
        place=reading.series.place,
        meaning=meaning.name,
        lost=reading.counted if is_loss else 0,
        near_missed=0 if is_loss else reading.counted,
        passed=weigh([reading], one_view(passed)).passed,
        seconds=reading.seconds,
        source=str(reading.origin),
        counter=reading.series.raw,
        lifetime=reading.delta is None,
        age_seconds=age(evidence) if reading.delta is None else None,
    )


def age(evidence: Evidence) -> int | None:
    """Return how many seconds a counter can have counted at the most: since boot, where that is known."""
    uptime = evidence.fact("host.uptime")
    return int(uptime.value) if uptime else None


def unexplained(evidence: Evidence) -> list[Unexplained]:
    """Return, per interface, what `rx_dropped` counted beyond the drops that have a name.

    `rx_dropped` of a link is the driver's own drops plus the stack's (backlog, unwanted protocols): net/core/dev.c,
    dev_get_stats(). The backlog's drops cannot be told apart by interface, so all of them are allowed for.
    """
    backlog = weigh(evidence.readings("softnet.backlog.dropped")).lost
    rest = []
    for total in evidence.readings("protocol.input.rx_dropped"):
        if not total.delta:
            continue
        named = weigh(
            reading
            for meaning in NAMED
            for reading in one_view(evidence.readings(meaning, place=total.series.place))
            if reading.delta
        ).lost
        packets = total.delta - named - backlog
        if packets > 0:
            rest.append(Unexplained(("nic.ring", "protocol.input"), total.series.place, packets, total.seconds))
    return rest
