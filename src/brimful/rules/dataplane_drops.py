"""Drops that a card's own packet process counts: on the way to its kernel (KNI), or between its threads and sessions."""

from collections.abc import Iterator

from brimful.chain.place import ALL_CARDS, whole
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.matrix import READ_FROM, degraded
from brimful.evidence.moment import span
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import percent, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

READERS = {
    "mcdma": "its session managers read too slowly",
    "mc_dma": "its session managers read too slowly",
    "sw_rss": "its receive cores are too slow for the packets that hash to them",
    "mux": "its internal multiplexer does not keep up",
    "sw_tx": "its egress ring is not emptied fast enough",
    "svc_tx": "its service port takes no more",
    "di_tx": "its port to the other cards takes no more",
    "di_rx": "it does not take what arrives from the other cards",
}
"""What the name of a counter says about the reader behind it. By name only: Cisco publishes no definitions. [inference]"""

TOO_FEW = 0.001
"""Share of what came in from which a card's drops can explain that over 1 % of the probes to it are lost."""

BY_NAME = "what each counter means is taken from its name: no definition is published (inference)"
ANOTHER = "the losses between cards may have another cause too: look again when these drops have stopped"

NEEDED = {
    "kni.queue": {"kni_drops", "cpeth0_drops"},
    "dataplane.queue": {"di_rx_drops", "mux_deliver_drops"},
}
"""Counters that must have been read before a card is said to drop nothing: a damaged or shortened table is no proof."""

NAMED = ("dataplane.queue.dropped", "dataplane.queue.fragment_errors", "kni.queue.dropped")
"""What the sum of all drops may be made of."""

AGAIN = (Collect("the drop counters of every card, twice, 60 s apart", "show iftask stats"),)


@rule(
    *READ_FROM,
    "kni.queue.dropped",
    "kni.queue.drop_rate",
    "dataplane.queue.dropped",
    "dataplane.queue.drop_rate",
    "dataplane.queue.drops_total",
    "dataplane.queue.fragment_errors",
    "fabric.link.passed",
    "fabric.link.rate",
)
def dataplane_drops(evidence: Evidence) -> Iterator[Finding]:
    """Do a card's own drop counters rise: on its way to the kernel (KNI), or towards its sessions?"""
    for stage in ("kni.queue", "dataplane.queue"):
        for card in evidence.places(f"{stage}.dropped"):
            if card != ALL_CARDS:
                yield from _weigh(evidence, stage, card)


def _weigh(evidence: Evidence, stage: str, card: str) -> Iterator[Finding]:
    counters = evidence.readings(f"{stage}.dropped", place=card)
    rates = {r.series.place: r for r in evidence.readings(f"{stage}.drop_rate", place=card)}
    rising = [counter for counter in counters if _rises(counter, rates.get(counter.series.place))]
    lossy = bool(degraded(evidence))
    if rising and lossy and (share := _share(evidence, stage, card, rising, rates)) is not None and share < TOO_FEW:
        yield _few(stage, card, rising, rates, share)
    elif rising:
        yield _lost(stage, card, rising, lossy=lossy)
    elif all(counter.rising is False for counter in counters):
        rest = _rest(evidence, stage, card)
        if rest is not None:
            yield rest
        elif {counter.series.raw for counter in counters} >= NEEDED[stage]:
            yield _room(stage, card, counters)
    else:
        unknown = [counter for counter in counters if counter.rising is None]
        yield Finding(
            stage=stage,
            place=card,
            state=State.OPEN,
            statement=f"The packet process of {card} has dropped packets at some time; one sample does not say when.",
            because=tuple(
                c.exhibit(
                    f"{c.series.raw} {c.last:,} since it was cleared{_rate(rates.get(c.series.place))}, one sample"
                )
                for c in unknown
            ),
            collect=AGAIN,
        )


def _rises(counter: Reading, rate: Reading | None) -> bool:
    """A counter rises between two samples; with one sample, by the rate the chassis itself prints."""
    if counter.delta is not None:
        return counter.delta > 0
    return rate is not None and rate.last > 0 and counter.last > 0


def _rate(rate: Reading | None) -> str:
    return f", {rate.last:,} a second by the chassis's own rate column" if rate else ""


def _rest(evidence: Evidence, stage: str, card: str) -> Finding | None:
    """Return what the sum of all drops has beyond those that have a name: a card that counts it has dropped something."""
    if stage != "dataplane.queue":
        return None
    named = weigh(evidence.readings(*NAMED, place=card)).lost
    for total in evidence.readings("dataplane.queue.drops_total", place=card):
        weight = weigh([total])
        if weight.lost > named:
            text = f"The packet process of {card} counts {weight.lost - named:,} drops {weight.when} that none of its counters names"
            return Finding(
                stage=stage,
                place=card,
                state=State.OPEN,
                statement=f"{text}.",
                because=(total.exhibit(f"{total.series.raw} {weight.lost:,}, all that have a name {named:,}"),),
                collect=AGAIN,
            )
    return None


def _share(evidence: Evidence, stage: str, card: str, rising: list[Reading], rates: dict[str, Reading]) -> float | None:
    """Return the share of what came in from other cards that a card dropped on the way to its sessions.

    With one sample by the rates that the chassis itself prints. None where it is not known: for KNI, of whose packets
    nothing is counted, or where there is no rate.
    """
    if stage != "dataplane.queue":
        return None
    if all(counter.delta is None for counter in rising):
        coming, lost = "fabric.link.rate", [rates[c.series.place].last for c in rising]
    else:
        coming, lost = "fabric.link.passed", [counter.delta or 0 for counter in rising]
    arrived = next((r for r in evidence.readings(coming, place=card) if r.series.raw == "di_rx"), None)
    number = arrived.last if arrived and coming == "fabric.link.rate" else arrived.delta if arrived else 0
    return max(lost) / number if number else None


def _few(stage: str, card: str, rising: list[Reading], rates: dict[str, Reading], share: float) -> Finding:
    if all(counter.delta is None for counter in rising):
        worst = max(rising, key=lambda counter: rates[counter.series.place].last)
        drops = f"{worst.series.raw} rises by {rates[worst.series.place].last:,} a second (one sample)"
    else:
        worst = max(rising, key=lambda counter: counter.counted)
        drops = f"{worst.series.raw} rose by {worst.counted:,}"
    text = f"{card} itself dropped too little to explain it: {drops}, {percent(share)} of what came in"
    return Finding(stage=stage, place=card, state=State.ROOM, because=(worst.exhibit(text),))


def _lost(stage: str, card: str, rising: list[Reading], *, lossy: bool) -> Finding:
    worst = max(rising, key=lambda counter: counter.counted)
    sampled = worst.delta is not None
    if stage == "kni.queue":
        statement = f"The application on {card} (its packet process, towards its own kernel: KNI) drops packets itself."
        do: tuple[Treatment, ...] = (
            Treatment("stop SFTP, SCP and other large transfers between the cards, then look again"),
            Treatment("ask the vendor to compare the KNI pool's size with the traffic to the card's kernel"),
        )
    else:
        reader = next(
            (text for name, text in READERS.items() if worst.series.raw.startswith(name)),
            "a ring inside it is not emptied",
        )
        statement = f"The application on {card} drops packets itself ({worst.series.raw}): {reader}."
        do = (Treatment(f"look at the CPU of the threads and session managers of {card}", "show task resources"),)
    return Finding(
        stage=stage,
        place=card,
        state=State.LOST,
        statement=statement,
        subject=f"the drops of {card}'s own packet process",
        confidence=Confidence.HIGH if sampled and stage == "kni.queue" else Confidence.MEDIUM,
        because=tuple(
            c.exhibit(f"{c.series.raw} rose by {c.delta:,}" + (f" in {c.seconds:.0f} s" if c.seconds else ""))
            if c.delta is not None
            else c.exhibit(f"{c.series.raw} rises now by the chassis's own rate column (one sample)")
            for c in sorted(rising, key=lambda c: -c.counted)
        ),
        doubts=(*(() if stage == "kni.queue" else (BY_NAME,)), *((ANOTHER,) if lossy else ())),
        do=do,
        collect=() if sampled else AGAIN,
        harm=worst.counted,  # the others may be parts of it
        span=span(frame.at for counter in rising for frame, _ in counter.frames),
    )


def _room(stage: str, card: str, counters: list[Reading]) -> Finding:
    names = ", ".join(sorted(c.series.raw for c in counters)) if stage == "kni.queue" else "all other drops"
    once = all(c.delta is None for c in counters)
    how = "0 (ever: one sample)" if once else "not rising between samples"
    what = "towards its kernel" if stage == "kni.queue" else "between its threads and sessions"
    exhibit = Exhibit(f"{whole(card)} itself dropped nothing {what}: {names} {how}", counters[0].origin, 0)
    return Finding(stage=stage, place=card, state=State.ROOM, because=(exhibit,))
