"""Queues of a listener that are full.

Of connections that wait for accept(): the application does not call it fast enough, or its backlog is too short. Of
requests that wait for the peer's last word (the SYN queue): peers ask and do not go on. A full accept queue fills that
one too, so it is looked at only where no accept queue is full (net/ipv4/tcp_input.c, tcp_conn_request).
"""

from collections.abc import Iterator

import msgspec

from brimful.chain.owner import Owner
from brimful.chain.place import whole
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

SHOWN = 2
"""Listeners whose drops are told."""

COLLECT = (
    Collect("every listener with its queue and limit", "ss -ltnpe"),
    Collect("the listen counters, twice, 10 s apart", "nstat -az TcpExtListenOverflows TcpExtListenDrops"),
)


@rule(
    "socket.listen.overflowed",
    "socket.listen.request_queue_dropped",
    "socket.listen.passed",
    "socket.listen.queued",
    "socket.listen.limit",
    "socket.listen.dropped",
    "socket.owner",
    "sysctl",
)
def accept_queue(evidence: Evidence) -> Iterator[Finding]:
    """Is an accept queue full because the application does not accept?"""
    overflowed = one_view(evidence.readings("socket.listen.overflowed"))
    weight = weigh(overflowed, one_view(evidence.readings("socket.listen.passed")))
    full = _full(evidence)
    because = tuple(r.exhibit(f"{r.series.raw}: {weight}") for r in overflowed if r.counted)
    if full:
        # how the connections lost are shared among several full listeners is not counted anywhere
        harm = weight.lost if weight.now and len(full) == 1 else 0
        for queued, limit in full:
            finding = _listener(evidence, queued, limit, State.LOST if weight.now else State.FULL)
            yield msgspec.structs.replace(finding, harm=harm, because=finding.because + because)
    elif weight.now or weight.over:
        because += tuple(_own_drops(evidence)) if weight.now else ()
        yield _somewhere(State.LOST if weight.now else State.OVER, weight.lost, because)
    elif weight.lost and not weight.sampled:
        yield Finding(
            stage="socket.listen",
            place="tcp",
            state=State.OPEN,
            statement=f"Connections were dropped at full accept queues, {weight}; one sample does not say when.",
            because=tuple(r.exhibit(f"{r.series.raw} {r.last:,}, one sample") for r in overflowed if r.last),
            collect=COLLECT,
        )
    if not full and not weight.lost:
        yield from _requests(evidence)


def _requests(evidence: Evidence) -> Iterator[Finding]:
    dropped = one_view(evidence.readings("socket.listen.request_queue_dropped"))
    weight = weigh(dropped, one_view(evidence.readings("socket.listen.passed")))
    if weight.now or weight.over:
        drops, do, are = ("drops", "do", "are") if weight.now else ("has dropped", "did", "were")
        yield Finding(
            stage="socket.listen",
            place="tcp",
            state=State.LOST if weight.now else State.OVER,
            statement=f"A listener {drops} requests to connect: more peers {are} asking than its queue holds, and they {do} not finish what they began.",
            owner=Owner.NETWORK,
            because=(
                *(r.exhibit(f"{r.series.raw}: {weight}") for r in dropped if r.counted),
                *(r.exhibit("no accept queue overflowed") for r in evidence.readings("socket.listen.overflowed")[:1]),
            ),
            doubts=(
                "which listener it is is not shown",
                "very many honest clients at once, or answers to them that are lost, look the same",
            ),
            do=(
                Treatment("answer with cookies when the queue is full", "sysctl -w net.ipv4.tcp_syncookies=1"),
                Treatment("see who asks and does not go on", "ss -tn state syn-recv"),
            ),
            collect=COLLECT,
            proven=True,
            harm=weight.lost,
        )


def _full(evidence: Evidence) -> list[tuple[Reading, int]]:
    """Listeners whose queue was over its limit in any sample: net/sock.h, sk_acceptq_is_full() is `queued > limit`."""
    limits = {r.series.place: r.last for r in evidence.readings("socket.listen.limit")}
    return [
        (queued, limits[queued.series.place])
        for queued in one_view(evidence.readings("socket.listen.queued"))
        if queued.series.place in limits and queued.highest > limits[queued.series.place]
    ]


def _listener(evidence: Evidence, queued: Reading, limit: int, state: State) -> Finding:
    place = queued.series.place
    owner = evidence.fact("socket.owner", place)
    who = str(owner.value) if owner else "The application"
    somaxconn = evidence.fact("sysctl", "net.core.somaxconn")
    cap = f" (net.core.somaxconn, now {somaxconn.value}, caps it)" if somaxconn else " (net.core.somaxconn caps it)"
    return Finding(
        stage="socket.listen",
        place=whole(place),
        state=state,
        statement=f"{who} does not accept connections on {whole(place)} as fast as they arrive: its accept queue is full.",
        confidence=Confidence.HIGH if state is State.LOST else Confidence.MEDIUM,
        because=(
            queued.exhibit(f"{queued.highest:,} connections wait for accept(), the limit is {limit:,}"),
            *_own_drops(evidence, place),
        ),
        doubts=() if owner else ("which process listens is not shown",),
        do=(
            Treatment("find out what keeps it from accept(): a blocked thread, too few workers"),
            Treatment(
                f"raise the backlog it passes to listen(){cap}",
                "sysctl -w net.core.somaxconn=<connections>",
                temporary=True,
            ),
        ),
        collect=COLLECT,
        level=1.0,
    )


def _own_drops(evidence: Evidence, place: str | None = None) -> Iterator[Exhibit]:
    """Yield what listeners have dropped themselves, for whatever reason: one, or the worst of all."""
    here = [r for r in evidence.readings("socket.listen.dropped", place=place) if " " in r.series.place and r.delta]
    for reading in sorted(here, key=lambda r: -r.counted)[:SHOWN]:
        if place in {None, reading.series.place}:
            who = whole(reading.series.place)
            yield reading.exhibit(
                f"{who} dropped {reading.counted:,} connections, for any reason ({reading.series.raw})"
            )


def _somewhere(state: State, lost: int, because: tuple[Exhibit, ...]) -> Finding:
    verb, full = ("does not accept", "overflows") if state is State.LOST else ("has not accepted", "overflowed")
    return Finding(
        stage="socket.listen",
        place="tcp",
        state=state,
        statement=f"An application {verb} connections as fast as they arrive: its accept queue {full}.",
        because=because,
        doubts=("which listener it is is not shown",),
        do=(Treatment("find the listener whose Recv-Q is over its Send-Q", "ss -ltnp"),),
        collect=COLLECT,
        harm=lost,
    )
