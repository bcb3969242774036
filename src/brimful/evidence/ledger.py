"""The ledger: what passed, what was lost at each stage, what stays unexplained."""

from collections.abc import Iterator

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import ALL_CARDS, whole
from brimful.chain.word import Kind
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.matrix import matrices
from brimful.evidence.weight import one_view, weigh

FIVE_MINUTES = "5min"

NAMED = ("nic.ring.no_buffer", "driver.memory.dropped", "protocol.input.no_handler")
"""Drops of one link that `rx_dropped` may count and another counter names."""

MISSED = "rx_missed"
"""Part of the name of a sum that `/proc/net/dev` prints: rx_dropped with the NIC's own misses."""

TRACED = ("softnet.backlog.traced", "protocol.input.traced")
"""Drops that the stack counts in `rx_dropped` and that tracing tells apart by interface."""
UNWANTED = "UNHANDLED_PROTO"
"""The reason the kernel gives for a packet that no protocol wants."""

READ_FROM = ("protocol.input.rx_dropped", "softnet.backlog.dropped", "nic.fifo.overrun", *NAMED, *TRACED)
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
    dev_get_stats(). Where the kernel's drops were traced, both are known to the packet; else the backlog's cannot be told
    apart by interface, so all of them are allowed for.
    """
    backlog = weigh(evidence.readings("softnet.backlog.dropped")).lost
    traced = [reading for reading in evidence.readings(*TRACED) if reading.delta is not None]
    rest = []
    for total in evidence.readings("protocol.input.rx_dropped"):
        if not total.delta:
            continue
        meanings = (*NAMED, "nic.fifo.overrun") if MISSED in total.series.raw else NAMED
        known = [
            reading
            for meaning in meanings
            for reading in one_view(evidence.readings(meaning, place=total.series.place))
        ]
        if any(reading.repeats for reading in known):  # the sum repeats it too
            continue
        named = weigh(reading for reading in known if reading.delta).lost
        packets = total.delta - named - (_stack(traced, total.series.place) if traced else backlog)
        if packets > 0:
            rest.append(Unexplained(("nic.ring", "protocol.input"), total.series.place, packets, total.seconds))
    return rest


def _stack(traced: list[Reading], interface: str) -> int:
    """Return how many of an interface's packets the stack itself counted as dropped, as it was traced."""
    return sum(
        reading.delta or 0
        for reading in traced
        if reading.series.place == interface
        and (reading.series.meaning == TRACED[0] or reading.series.raw.startswith(UNWANTED))
    )


class Reason(msgspec.Struct, frozen=True):
    """One reason that the kernel gave for dropping packets, over a watch."""

    stage: str
    place: str
    reason: str
    packets: int
    seconds: float | None


def reasons(evidence: Evidence) -> list[Reason]:
    """Return the reasons the kernel gave for its drops, most frequent first: another view of losses counted elsewhere."""
    names = [meaning.name for meaning in MEANINGS.values() if meaning.kind is Kind.TRACED]
    found = [
        Reason(MEANINGS[r.series.meaning].stage.name, r.series.place, r.series.raw, r.delta, r.seconds)
        for r in evidence.readings(*names)
        if r.delta
    ]
    return sorted(found, key=lambda reason: -reason.packets)
