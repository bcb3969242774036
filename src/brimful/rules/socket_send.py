"""Datagrams that a program could not send: its send buffer was full, or a queue on the way out dropped them.

What waits in a queueing discipline stays charged to the send buffer it came from (net/core/sock.c, sock_wfree), so that a
shaper that holds packets back fills send buffers, though it drops nothing itself.

A datagram that a queueing discipline drops counts in Udp.SndbufErrors too (net/ipv4/udp.c, udp_send_skb: ENOBUFS), so
that only what the queues did not drop can have met a full send buffer.
"""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.chain.place import whole
from brimful.drivers.rates import spoken
from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import LIFETIME_SHARE, one_view, weigh
from brimful.rules import Collect, Finding, State, Treatment, rule

COLLECT = (
    Collect("the queues of the way out, twice, 10 s apart", "tc -s qdisc show"),
    Collect("the sockets and their send queues", "ss -uanmp"),
)


@rule(
    "socket.send.full",
    "socket.send.unsent",
    "qdisc.queue.dropped",
    "qdisc.queue.overlimits",
    "qdisc.queue.backlog",
    "qdisc.rate",
    "socket.owner",
)
def socket_send(evidence: Evidence) -> Iterator[Finding]:
    """Do programs fail to send because a send buffer is full?"""
    for place in evidence.places("socket.send.full"):
        readings = [r for r in one_view(evidence.readings("socket.send.full", place=place)) if r.counted]
        weight = weigh(readings)
        queues = evidence.readings("qdisc.queue.dropped")
        rest = weight.lost - weigh(queues).lost
        if not (weight.now or weight.over) or rest <= LIFETIME_SHARE * weight.lost:
            continue
        why = "full send buffers" if queues else "full send buffers, or queues on the way out,"
        shaper = _shaper(evidence)
        if weight.now and shaper is not None:
            yield _shaped(place, rest, readings, *shaper)
            continue
        text = f"{why} refused {rest:,} datagrams of {place} {weight.when}"
        yield Finding(
            stage="socket.send",
            place=place,
            state=State.OPEN,
            statement=f"{text[0].upper()}{text[1:]}.",
            because=(
                *(r.exhibit(f"{r.series.raw} {r.counted:,}") for r in readings),
                *(_unsent(evidence, place) if weight.now else ()),
            ),
            collect=COLLECT,
            harm=rest,
        )


def _unsent(evidence: Evidence, protocol: str) -> Iterator[Exhibit]:
    """Yield the socket in which most was seen to wait, where something tells."""
    waiting = [r for r in evidence.readings("socket.send.unsent") if r.series.place.startswith(f"{protocol} ")]
    most = max(waiting, key=lambda r: r.highest, default=None)
    if most is not None:
        owner = evidence.fact("socket.owner", most.series.place)
        who = f" of {owner.value}" if owner else ""
        yield most.exhibit(f"most was seen to wait in {whole(most.series.place)}{who}: up to {most.highest:,} bytes")


def _shaper(evidence: Evidence) -> tuple[Reading, int] | None:
    """Return the one queue in which packets wait for a rate that somebody set; None where there is none, or several."""
    waiting = {whole(r.series.place) for r in evidence.readings("qdisc.queue.backlog") if r.highest}
    found = [
        (reading, int(rate.value))
        for reading in evidence.readings("qdisc.queue.overlimits")
        if reading.delta
        and whole(reading.series.place) in waiting
        and (rate := evidence.fact("qdisc.rate", reading.series.place))
    ]
    return found[0] if len(found) == 1 else None


def _shaped(place: str, refused: int, readings: list[Reading], shaper: Reading, rate: int) -> Finding:
    """The shaper dropped nothing: it holds up the send buffers in front of it."""
    return Finding(
        stage="qdisc.queue",
        place=shaper.series.place,
        state=State.LOST,
        statement=f"Full send buffers refused {refused:,} datagrams of {place}: what is in them waits for the {spoken(rate)} that somebody set on {whole(shaper.series.place)}.",
        owner=Owner.POLICY,
        because=(
            *(r.exhibit(f"{r.series.raw} {r.counted:,}") for r in readings),
            shaper.exhibit(
                f"the shaper held packets back {shaper.counted:,} times, and dropped fewer than were refused"
            ),
        ),
        doubts=("which socket it is is not shown",),
        do=(
            Treatment("raise the rate if the link and the contract allow more", "tc -s -d qdisc show"),
            Treatment("or send less: a larger send buffer only delays the same loss"),
        ),
        collect=COLLECT,
        proven=True,
        harm=refused,
    )
