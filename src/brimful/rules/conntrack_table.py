"""The table of tracked connections: a limit that somebody set, and packets dropped because it was reached."""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.evidence.delta import Reading
from brimful.evidence.event import Event
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

PLACE = "conntrack"
CLOSE = 0.9
"""Share of the limit from which drops are the limit's: the level is not read at the moment of the drop."""

COLLECT = (
    Collect(
        "the table's counters, level and limit, twice, 10 s apart",
        "cat /proc/net/stat/nf_conntrack; sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max",
    ),
    Collect("what is in it", "conntrack -L | head -1000"),
)


@rule(
    "kernel.table.conntrack_used",
    "kernel.table.conntrack_limit",
    "kernel.table.conntrack_dropped",
    "kernel.table.conntrack_evicted",
    "kernel.table.conntrack_failed",
    "conntrack.full",
)
def conntrack_table(evidence: Evidence) -> Iterator[Finding]:
    """Is the table of tracked connections full, and are packets dropped because of it?"""
    drops = evidence.readings("kernel.table.conntrack_dropped", place=PLACE)
    evicted = [r for r in evidence.readings("kernel.table.conntrack_evicted", place=PLACE) if r.delta]
    weight = weigh(drops)
    level, share, limit = _level(evidence)
    said = evidence.events("conntrack.full")
    if said and not weight.now and not weight.flat:
        yield _said(said, limit)
    elif weight.now or weight.over:
        failed = [r for r in evidence.readings("kernel.table.conntrack_failed", place=PLACE) if r.delta]
        yield _lost([r for r in drops if r.counted], (*_forgotten(evicted), *_clashed(failed)), level, share, limit)
    elif level is not None and share is not None and share >= 1:
        yield _full(level, limit)
    elif evicted:
        shown = next(iter(_forgotten(evicted)))
        yield Finding(
            stage="kernel.table",
            place=PLACE,
            state=State.NEAR,
            statement=f"The table of tracked connections is full at times, and nothing is lost yet: {shown.text}.",
            because=(shown, *((level,) if level else ())),
            level=share,
        )


def _level(evidence: Evidence) -> tuple[Exhibit | None, float | None, int]:
    """Return how full the table was seen to be, and its limit; 0 means that it has none."""
    used = max(evidence.readings("kernel.table.conntrack_used", place=PLACE), key=lambda r: r.highest, default=None)
    limit = next((r.last for r in evidence.readings("kernel.table.conntrack_limit", place=PLACE)), 0)
    if used is None or not limit:
        return None, None, limit
    text = f"{used.highest:,} of {limit:,} connections (net.netfilter.nf_conntrack_max)"
    return used.exhibit(text), used.highest / limit, limit


def _forgotten(evicted: list[Reading]) -> Iterator[Exhibit]:
    if evicted:
        yield evicted[0].exhibit(f"{weigh(evicted).lost:,} connections were forgotten early to make room")


def _clashed(failed: list[Reading]) -> Iterator[Exhibit]:
    if failed:
        text = f"{weigh(failed).lost:,} connections could not be entered (insert_failed)"
        yield failed[0].exhibit(f"{text}: another packet entered the same one, or there was no room")


def _lost(
    drops: list[Reading], beside: tuple[Exhibit, ...], level: Exhibit | None, share: float | None, limit: int
) -> Finding:
    weight = weigh(drops)
    full = share is not None and share >= CLOSE
    first = drops[0].exhibit(f"packets dropped at the table of tracked connections: {weight}")
    shown = (level,) if level else ()
    return Finding(
        stage="kernel.table",
        place=PLACE,
        state=State.OPEN if shown and not full else State.LOST if weight.now else State.OVER,
        statement=_statement(past=not weight.now, full=full, shown=bool(shown)),
        subject="the drops at the table of connections",
        owner=Owner.POLICY,
        confidence=Confidence.HIGH if full and weight.now else Confidence.MEDIUM if full else Confidence.LOW,
        because=(first, *(shown if full else ()), *beside),
        against=() if full else shown,
        doubts=() if full else ("memory that could not be had is counted in the same way",),
        do=_treatments(limit),
        collect=COLLECT,
        harm=weight.lost,
        level=min(share, 1.0) if share is not None else None,
    )


def _statement(*, past: bool, full: bool, shown: bool) -> str:
    if full or not shown:
        drops, reached = ("has dropped", "was reached") if past else ("drops", "is reached")
        return (
            f"The table of tracked connections {drops} packets: its limit {reached}{'' if full else ', most likely'}."
        )
    return f"Packets {'have been' if past else 'are'} dropped because no connection could be tracked, and the table was not seen to be full."


def _said(events: list[Event], limit: int) -> Finding:
    """The kernel names the cause itself; it leaves most of such lines out (net_ratelimit), so that they count nothing."""
    lines = f"{len(events):,} time{'s' * (len(events) > 1)}"
    return Finding(
        stage="kernel.table",
        place=PLACE,
        state=State.OVER,
        statement=_statement(past=True, full=True, shown=False),
        owner=Owner.POLICY,
        confidence=Confidence.HIGH,
        because=(Exhibit(f"the kernel said so {lines}: table full, dropping packet", events[-1].origin),),
        doubts=("how many packets it was is not shown: the kernel leaves most of these lines out",),
        do=_treatments(limit),
        collect=COLLECT,
    )


def _full(level: Exhibit, limit: int) -> Finding:
    return Finding(
        stage="kernel.table",
        place=PLACE,
        state=State.FULL,
        statement="The table of tracked connections is full: packets of new connections are dropped.",
        owner=Owner.POLICY,
        because=(level,),
        do=_treatments(limit),
        collect=COLLECT,
        level=1.0,
    )


def _treatments(limit: int) -> tuple[Treatment, ...]:
    return (
        Treatment("find what opens so many connections, or leaves them open", "conntrack -L | head -1000"),
        Treatment(
            f"raise the limit{f' of {limit:,}' if limit else ''} if the machine has memory, and the buckets with it",
            f"sysctl -w net.netfilter.nf_conntrack_max={2 * limit}"
            if limit
            else "sysctl net.netfilter.nf_conntrack_max",
            temporary=True,
        ),
        Treatment("let connections that are idle be forgotten sooner", "sysctl -a -r nf_conntrack_.*_timeout"),
    )
