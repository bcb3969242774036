"""SCTP associations whose receive buffer is full: what arrives then is thrown away and has to be sent again.

The counter alone does not say it: it counts duplicates and bad streams too (net/sctp/sm_statefuns.c). Together with a
socket that holds as much as it may, it does. The window closes earlier, when the payload is half of the buffer
(net/sctp/associola.c, sctp_association_init): then a sender waits, and what probes the window is counted as well.
"""

from collections.abc import Iterator

from brimful.chain.place import whole
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.weight import one_view, weigh
from brimful.rules import Collect, Finding, State, Treatment, rule

MOST = 3
"""Associations that get a verdict of their own: the fullest ones."""
CLOSES = 2
"""A window may be closed from this part of the buffer on."""
ASSOCIATION = "sctp "
"""How the place of one begins."""
SMALL = "for small messages the kernel charges less than they take up: the queue is longer than the buffer says"
COLLECT = (
    Collect("queue, buffer and process of every association", "ss -Sanmpe"),
    Collect("the queues and the SCTP counters, twice, 10 s apart", "cat /proc/net/sctp/assocs /proc/net/sctp/snmp"),
)


@rule(
    "socket.receive.chunks_discarded",
    "socket.receive.passed",
    "socket.receive.queued",
    "socket.receive.limit",
    "socket.owner",
)
def sctp_receive(evidence: Evidence) -> Iterator[Finding]:
    """Does SCTP throw data away because a receive buffer is full?"""
    discarded = one_view(evidence.readings("socket.receive.chunks_discarded"))
    weight = weigh(discarded, one_view(evidence.readings("socket.receive.passed", place="sctp")))
    queues = _queues(evidence)
    full = [(queued, limit) for queued, limit in queues if queued.last >= limit]
    if weight.now and full:
        yield from (_reader(evidence, queued, limit, discarded) for queued, limit in full[:MOST])
    elif weight.now or weight.over or (weight.lost and full):
        yield _undecided(evidence, discarded, queues, full=bool(full))


def _queues(evidence: Evidence) -> list[tuple[Reading, int]]:
    """Return the queue and the limit of each association whose window may be closed in the latest sample, fullest first."""
    limits = {r.series.place: r.last for r in evidence.readings("socket.receive.limit")}
    queues = one_view([r for r in evidence.readings("socket.receive.queued") if r.series.place.startswith(ASSOCIATION)])
    pairs = ((queued, limits.get(queued.series.place, 0)) for queued in queues)
    closed = [(queued, limit) for queued, limit in pairs if limit and queued.last >= limit / CLOSES]
    return sorted(closed, key=lambda pair: -pair[0].last)


def _reader(evidence: Evidence, queued: Reading, limit: int, discarded: list[Reading]) -> Finding:
    owner = evidence.fact("socket.owner", queued.series.place)
    place = whole(queued.series.place)
    return Finding(
        stage="socket.receive",
        place=place,
        state=State.LOST,
        statement=f"{owner.value if owner else 'An application'} does not read {place} as fast as data arrives: its receive buffer is full and SCTP throws data away.",
        because=(
            queued.exhibit(f"its queue holds {queued.last:,} of {limit:,} bytes ({100 * queued.last / limit:.0f} %)"),
            *(r.exhibit(f"{r.series.raw}: {weigh([r])}") for r in discarded if r.counted),
        ),
        doubts=(
            "the counter is of all associations together, and counts duplicates and bad streams too",
            SMALL,
            *(() if owner else ("which process holds the socket is not shown",)),
        ),
        do=(
            Treatment(f"make {owner.value if owner else 'the reader'} faster, or see what it waits for"),
            Treatment(
                "give it a larger buffer for bursts (SO_RCVBUF, up to net.core.rmem_max); it does not help a reader that is always slower",
                "sysctl -w net.core.rmem_max=<bytes>",
                temporary=True,
            ),
        ),
        collect=COLLECT,
        harm=sum(r.counted for r in discarded),
        level=min(1.0, queued.last / limit),
    )


def _undecided(
    evidence: Evidence, discarded: list[Reading], queues: list[tuple[Reading, int]], *, full: bool
) -> Finding:
    weight = weigh(discarded)
    why = "no full buffer is shown, and duplicates count too"
    if full:
        why = "one sample does not say when"
    elif queues:
        owner = evidence.fact("socket.owner", queues[0][0].series.place)
        why = f"no buffer is full, but {owner.value if owner else 'a reader'} has let half of one fill up, where SCTP may tell the sender to wait"
    return Finding(
        stage="socket.receive",
        place="sctp",
        state=State.OPEN,
        statement=f"SCTP has thrown data away, {weight.lost:,} chunks {weight.when}; {why}.",
        because=(
            *(r.exhibit(f"{r.series.raw} {r.counted:,}") for r in discarded if r.counted),
            *(
                queued.exhibit(
                    f"{whole(queued.series.place)} holds {queued.last:,} of {limit:,} bytes ({100 * queued.last / limit:.0f} %)"
                )
                for queued, limit in queues[:MOST]
            ),
        ),
        collect=COLLECT,
    )
