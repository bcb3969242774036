"""Losses on the card-to-card network of a virtual chassis: which card they have in common, and which way."""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.evidence import Evidence
from brimful.evidence.matrix import DEGRADED_PERCENT, READ_FROM, Cell, Matrix, matrices
from brimful.evidence.moment import Moment, span
from brimful.evidence.origin import Exhibit
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

FEWEST_SENDERS = 3
"""Cards that must lose towards one card before that card is called the common factor with confidence."""

TWO = 2
"""Cards that may be at fault at once before the fabric itself is suspected."""

NOW = "5min"
"""The window that speaks of now: the 15-second one holds too few probes."""

ALIKE_POINTS = 0.5
ALIKE_SHARE = 0.25
"""Two senders lose alike if each loss differs by no more than these (percentage points plus a share of the larger)."""

DO = (
    Treatment("compare the versions of the physical and virtual function drivers on the host under {card}"),
    Treatment("look for drops and failed allocations on the physical function", "ethtool -S <physical function>"),
    Treatment(
        "offload the node and reload the host under {card}: it clears the buffers, the loss comes back", temporary=True
    ),
)
BELOW = "the host is not seen from inside: driver, NIC and port under {card} look alike here"
CONTROL_ONLY = (
    "only heartbeats are shown to be lost: what the kernel queue (KNI) of {card} refuses is counted inside the guest"
)
COLLECT = (
    Collect("the drop counters of every card, twice, 60 s apart", "show iftask stats"),
    Collect("the transmit drops of the KNI interfaces inside the guest", "ip -s link show cpbond0"),
    Collect("driver and firmware of the port on the host", "ethtool -i <physical function>"),
)


@rule(
    *READ_FROM,
    "fabric.health",
    "staros.demux_card",
    "kni.queue.dropped",
    "dataplane.queue.dropped",
)
def fabric_loss(evidence: Evidence) -> Iterator[Finding]:
    """Which card do the lossy links between cards have in common, and do they lose one way or both?"""
    tables = matrices(evidence)
    bad = [cell for table in tables.values() for cell in table.degraded()]
    if not any(tables.values()):
        return
    if not bad:
        yield Finding(stage="fabric.link", place="", state=State.ROOM, because=(_none_degraded(tables),))
        return
    cards = _common(bad)
    if not cards:
        yield _scattered(evidence, bad)
    for card in cards:
        own = [cell for cell in bad if card in {cell.source, cell.target}]
        into = any(cell.target == card for cell in own)
        yield _into(evidence, tables, card, own) if into else _out_of(tables, card, own)


def _common(bad: list[Cell]) -> list[str]:
    """Return the card that every degraded link touches, or two cards that share all of them and have several each.

    None where there is no such thing, or where one single link cannot tell which of its ends it is.
    """
    ends = [{cell.source, cell.target} for cell in bad]
    shared = set.intersection(*ends)
    if shared:
        return list(shared) if len(shared) == 1 else []
    links = {frozenset(pair) for pair in ends}
    several = [
        card for card in sorted(set().union(*ends), key=_order) if sum(card in p for p in links) >= FEWEST_SENDERS
    ]
    return several if len(several) == TWO and all(pair & set(several) for pair in links) else []


def _into(evidence: Evidence, tables: dict[str, Matrix], card: str, bad: list[Cell]) -> Finding:
    window = _latest(bad)
    exhibits = [*_planes(tables, card, window), *_fingerprints(tables, card), *_beyond_control(tables, card)]
    exhibits += [Exhibit(f"{card} is the demux card", f.origin) for f in evidence.facts("staros.demux_card", card)[-1:]]
    one_way = _one_way(tables["data"], card)
    senders = {cell.source for cell in bad if cell.target == card}
    loses, sees = ("loses", "sees") if window == NOW else ("has lost", "saw")
    statement = f"The hardware driver under {card} {loses} packets before the application {sees} them."
    control_only = not any(cell in tables["data"].degraded() for cell in bad)
    lossy = {(cell.source, cell.target) for cell in bad}
    shown = lossy & tables["data"].pairs()
    if control_only and shown:
        far = "" if shown == lossy else f" on {len(shown)} of these {len(lossy)} links, the table shows no more"
        statement = f"Heartbeats to and from {card} are lost, data-plane probes hardly or not at all{far}: whether its kernel queue (KNI) or the path to it loses them is not shown."
    confidence = Confidence.HIGH if one_way and len(senders) >= FEWEST_SENDERS else Confidence.MEDIUM
    return Finding(
        stage="fabric.link",
        place=card,
        state=State.OPEN if control_only and shown else State.LOST,
        statement=statement,
        subject=f"the losses into {card}",
        confidence=Confidence.LOW if control_only else confidence,
        because=tuple(exhibits),
        doubts=(
            BELOW.format(card=card),
            *((CONTROL_ONLY.format(card=card),) if control_only else ()),
            *_past(window),
            *_disagreements(evidence, tables),
            *_apart(tables),
        ),
        do=tuple(Treatment(do.text.format(card=card), do.command, do.temporary) for do in DO),
        collect=COLLECT,
        level=max(cell.percent for cell in bad) / 100,
        harm=_harm(bad, window),
        span=_span(bad),
    )


def _out_of(tables: dict[str, Matrix], card: str, bad: list[Cell]) -> Finding:
    window = _latest(bad)
    receivers = {cell.target for cell in bad}
    known = {cell.target for table in tables.values() for cell in table.cells.values() if cell.source == card}
    verb = "is lost" if window == NOW else "was lost"
    return Finding(
        stage="fabric.link",
        place=card,
        state=State.LOST,
        statement=f"What {card} sends {verb} on the way to {len(receivers)} of {len(known)} cards: the fault is on its sending side.",
        subject=f"the losses out of {card}",
        owner=Owner.HOST,
        confidence=Confidence.MEDIUM if len(receivers) >= FEWEST_SENDERS else Confidence.LOW,
        because=(*_planes(tables, card, window),),
        doubts=(
            *_past(window),
            "whether the card's own CPU, its transmit ring or the host's port loses them is not shown",
        ),
        collect=COLLECT,
        level=max(cell.percent for cell in bad) / 100,
        harm=_harm(bad, window),
        span=_span(bad),
    )


def _latest(bad: list[Cell]) -> str:
    """Return the shorter of the lasting windows that shows a loss: the hour alone speaks of what is over."""
    return NOW if any(cell.window == NOW for cell in bad) else "60min"


def _past(window: str) -> Iterator[str]:
    if window != NOW:
        yield "only the 60-minute columns show it: the last 5 minutes are clean"


def _harm(bad: list[Cell], window: str) -> int:
    return sum(cell.lost or 0 for cell in bad if cell.window == window)


def _scattered(evidence: Evidence, bad: list[Cell]) -> Finding:
    """Blame the fabric for losses with no card in common, where no card drops anything itself; leave the rest open."""
    links = sorted({f"{cell.source} -> {cell.target}" for cell in bad})
    worst = max(bad, key=lambda cell: cell.percent)
    single = len({frozenset((cell.source, cell.target)) for cell in bad}) == 1
    idle = not single and _drops_nothing(evidence, {cell.target for cell in bad})
    first, _, last = links[0].partition(" -> ")
    if single:
        statement = f"Packets are lost between {first} and {last}; which of the two ends loses them is not shown."
        text = f"only the link {' and '.join(links)} loses"
    else:
        text = f"{len(links)} links lose and no card is part of all of them"
        statement = (
            "The fabric between the cards loses packets: no single card explains it."
            if idle
            else "Packets are lost between several cards and no single card explains it; whether those cards drop them is not shown."
        )
    return Finding(
        stage="fabric.link",
        place=links[0] if single else "",
        state=State.LOST if idle else State.OPEN,
        statement=statement,
        subject="the losses between cards",
        owner=Owner.NETWORK,
        confidence=Confidence.MEDIUM,
        because=(
            Exhibit(text, worst.reading.origin),
            worst.reading.exhibit(f"worst: {worst.source} -> {worst.target} {worst.percent:.1f} % in {worst.window}"),
        ),
        collect=COLLECT,
        proven=idle,
        level=max(cell.percent for cell in bad) / 100,
        harm=_harm(bad, _latest(bad)),
        span=_span(bad),
    )


def _drops_nothing(evidence: Evidence, cards: set[str]) -> bool:
    """Tell whether every one of these cards is shown to drop nothing itself."""
    return all(
        (counters := evidence.readings("kni.queue.dropped", "dataplane.queue.dropped", place=card))
        and all(counter.rising is False for counter in counters)
        for card in cards
    )


def _planes(tables: dict[str, Matrix], card: str, window: str) -> Iterator[Exhibit]:
    """Say, per plane, how many cards lose how much into the card, and how many out of it."""
    names = {"data": "data-plane probes", "control": "control-plane heartbeats", "heartbeat": "heartbeats"}
    for plane, name in names.items():
        known, leaving = _towards(tables[plane], card, window), _from(tables[plane], card, window)
        into = [cell for cell in known if cell.percent > DEGRADED_PERCENT]
        out = [cell for cell in leaving if cell.percent > DEGRADED_PERCENT]
        if plane == "heartbeat" and (tables["data"] or tables["control"]):
            continue  # the control plane's heartbeats again
        if known and leaving and not (into or out):
            text = f"no card loses {_little(known + leaving)}{name} into {card} or out of it ({_spoken(window)})"
            yield known[0].reading.exhibit(text)
            continue
        if into:
            text = f"{len(into)} of {len(known)} cards lose {_range(into)}{name} into {card} ({_spoken(window)})"
            yield max(into, key=lambda cell: cell.percent).reading.exhibit(text)
        elif known:
            yield known[0].reading.exhibit(f"no card loses {_little(known)}{name} into {card} ({_spoken(window)})")
        if out:
            both = ": both ways, as a request and its reply would" if into else ""
            text = (
                f"{len(out)} of {len(leaving)} lose {_range(out)}{name} coming out of {card} ({_spoken(window)}){both}"
            )
            yield out[0].reading.exhibit(text)
        elif leaving:
            way = ": one way" if into else ""
            yield leaving[0].reading.exhibit(f"no card loses {_little(leaving)}{name} coming out of {card}{way}")


def _spoken(window: str) -> str:
    return window.replace("min", " min")


def _range(cells: list[Cell]) -> str:
    low, high = min(cell.percent for cell in cells), max(cell.percent for cell in cells)
    return f"{low:.1f} % of " if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f} to {high:.1f} % of "


def _little(cells: list[Cell]) -> str:
    worst = max(cell.percent for cell in cells)
    return f"more than {worst:.2f} % of " if worst else "any "


def _towards(table: Matrix, card: str, window: str) -> list[Cell]:
    return [cell for cell in table.cells.values() if cell.target == card and cell.window == window]


def _from(table: Matrix, card: str, window: str) -> list[Cell]:
    return [cell for cell in table.cells.values() if cell.source == card and cell.window == window]


def _one_way(data: Matrix, card: str) -> bool:
    into = any(cell.target == card for cell in data.degraded())
    return into and bool(_from(data, card, NOW)) and not any(cell.source == card for cell in data.degraded())


def _fingerprints(tables: dict[str, Matrix], card: str) -> Iterator[Exhibit]:
    """Group the senders whose losses into the card are alike in every plane and window (inference)."""
    vectors: dict[str, tuple[float | None, ...]] = {}
    for sender in dict.fromkeys(
        source for table in tables.values() for source, target in sorted(table.pairs()) if target == card
    ):
        vectors[sender] = tuple(
            tables[plane].percent(sender, card, window)
            for plane, window in (
                ("control", "5min"),
                ("control", "60min"),
                ("data", "15s"),
                ("data", "5min"),
                ("data", "60min"),
            )
        )
    groups: list[list[str]] = []
    for sender, vector in vectors.items():
        home = next((group for group in groups if all(_alike(vector, vectors[other]) for other in group)), None)
        if home is None:
            groups.append([sender])
        else:
            home.append(sender)
    losing = [group for group in groups if any((value or 0) > DEGRADED_PERCENT for value in vectors[group[0]])]
    if any(len(group) > 1 for group in losing):
        text = " · ".join(", ".join(_number(sender) for sender in sorted(group, key=_order)) for group in losing)
        cell = _towards(tables["data"], card, NOW) or _towards(tables["control"], card, NOW)
        yield Exhibit(
            f"senders that lose alike: cards {text}; equal losses suggest a shared queue, link or host in front of {card} (inference)",
            cell[0].reading.origin if cell else None,
        )


def _alike(one: tuple[float | None, ...], other: tuple[float | None, ...]) -> bool:
    for a, b in zip(one, other, strict=True):
        if (a is None) != (b is None):
            return False
        if a is not None and b is not None and abs(a - b) > ALIKE_POINTS + ALIKE_SHARE * max(a, b):
            return False
    return True


def _number(card: str) -> str:
    return card.removeprefix("card ")


def _order(card: str) -> tuple[int, str]:
    number = _number(card)
    return (int(number) if number.isdecimal() else 0, card)


def _beyond_control(tables: dict[str, Matrix], card: str) -> Iterator[Exhibit]:
    """Find senders that lose data probes but no heartbeat: the loss is not confined to KNI, the control path."""
    beyond = [
        cell
        for cell in _towards(tables["data"], card, NOW)
        if cell.percent > DEGRADED_PERCENT
        and all(tables["control"].percent(cell.source, card, window) == 0 for window in ("5min", "60min"))
    ]
    if beyond:
        *others, last = (_number(cell.source) for cell in beyond)
        cards = f"{', '.join(others)} and {last}" if others else last
        text = f"{'cards' if len(beyond) > 1 else 'card'} {cards} {'lose' if len(beyond) > 1 else 'loses'} data-plane probes but not one heartbeat: the loss is not confined to the KNI path (inference)"
        yield beyond[0].reading.exhibit(text)


def _disagreements(evidence: Evidence, tables: dict[str, Matrix]) -> Iterator[str]:
    """Put the chassis's own word on each link beside our threshold."""
    table, differ = tables["heartbeat"], []
    for fact in evidence.facts("fabric.health"):
        source, _, target = fact.place.partition(" -> ")
        losses = [table.percent(source, target, window) or 0 for window in ("5min", "60min")]
        if (max(losses) > DEGRADED_PERCENT) != (str(fact.value).lower() == "bad"):
            differ.append(f"{fact.place} ({fact.value}, {max(losses):.2f} %; {fact.origin.short})")
    if differ:
        yield f"the chassis's health word and the {DEGRADED_PERCENT:g} % threshold disagree on {'; '.join(differ)}"


def _apart(tables: dict[str, Matrix]) -> Iterator[str]:
    """Tables taken minutes apart show different moments: a burst may have ended in between."""
    times = {plane: when for plane, table in tables.items() if (when := _span(list(table.cells.values())))}
    if "data" in times and "control" in times:
        seconds = abs(times["data"][0].ns - times["control"][0].ns) / 1e9
        if seconds > 15:  # noqa: PLR2004 - the shortest window of the tables
            yield f"the data-plane and control-plane tables were taken {seconds:.0f} s apart: their 15-second columns are different moments"


def _span(cells: list[Cell]) -> tuple[Moment, Moment] | None:
    return span(cell.reading.frames[-1][0].at for cell in cells)


def _none_degraded(tables: dict[str, Matrix]) -> Exhibit:
    cells = [cell for table in tables.values() for cell in table.cells.values()]
    worst = max(cells, key=lambda cell: cell.percent)
    return worst.reading.exhibit(
        f"no link between cards loses more than {DEGRADED_PERCENT:g} % (worst: {worst.source} -> {worst.target} {worst.percent:.2f} % in {_spoken(worst.window)})"
    )
