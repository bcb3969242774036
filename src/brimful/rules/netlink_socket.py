"""Netlink sockets that lost messages: their program missed what the kernel told it, routes for instance.

The kernel tells the program of the loss once, with ENOBUFS (net/netlink/af_netlink.c, netlink_overrun); programs that do
not then read everything anew have a wrong picture from there on.
"""

from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.fill import most_held
from brimful.evidence.weight import one_view
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

MOST_SOCKETS = 3
"""Sockets that get a verdict of their own: the worst ones."""

ROUTES = "netlink rtnl"
HIDDEN = "which process holds the socket is not shown"
COLLECT = (
    Collect("netlink sockets with their drops, twice, 10 s apart", "cat /proc/net/netlink"),
    Collect("their buffers", "ss -anmpe -f netlink"),
)


@rule("netlink.socket.dropped", "netlink.socket.queued", "netlink.socket.limit", "socket.owner")
def netlink_socket(evidence: Evidence) -> Iterator[Finding]:
    """Has a program missed messages of the kernel because it did not read its netlink socket?"""
    dropped = one_view(evidence.readings("netlink.socket.dropped"))
    moved = sorted((r for r in dropped if r.delta), key=lambda r: -r.counted)
    for reading in moved[:MOST_SOCKETS]:
        yield _lost(evidence, reading)
    once = [r for r in dropped if r.delta is None and r.last]
    if once and not moved:
        yield Finding(
            stage="netlink.socket",
            place="",
            state=State.OPEN,
            statement=f"{_sockets(once)} lost messages of the kernel; one sample does not say when.",
            because=tuple(
                r.exhibit(f"{r.series.place}: {_who(evidence, r)}{r.series.raw} {r.last:,}, one sample") for r in once
            ),
            collect=COLLECT,
        )


def _sockets(once: list[Reading]) -> str:
    return f"{len(once)} netlink sockets have" if len(once) > 1 else "A netlink socket has"


def _who(evidence: Evidence, reading: Reading) -> str:
    owner = evidence.fact("socket.owner", reading.series.place)
    return f"{owner.value}, " if owner else ""


def _lost(evidence: Evidence, reading: Reading) -> Finding:
    place = reading.series.place
    owner = evidence.fact("socket.owner", place)
    who = str(owner.value) if owner else "A program"
    seconds = f" in {reading.seconds:.1f} s" if reading.seconds else ""
    routes = place.startswith(ROUTES)
    again = (
        "make it read everything anew: restart it or tell it to; it has missed changes of links, addresses or routes"
    )
    return Finding(
        stage="netlink.socket",
        place=place,
        state=State.LOST,
        statement=f"{who} does not read its netlink socket as fast as the kernel sends: it misses messages.",
        confidence=Confidence.HIGH if owner else Confidence.MEDIUM,
        because=(
            reading.exhibit(f"the socket lost {reading.counted:,} messages{seconds} ({reading.series.raw})"),
            *most_held(evidence, "netlink.socket.queued", place),
        ),
        doubts=() if owner else (HIDDEN,),
        do=(
            *((Treatment(again, "ip route show table all"),) if routes else ()),
            Treatment(
                "give the socket a larger buffer: SO_RCVBUFFORCE, or an option of the program (FRR: zebra -s <bytes>)",
                "sysctl -w net.core.rmem_max=<bytes>",
                temporary=True,
            ),
        ),
        collect=COLLECT,
        proven=True,
        harm=reading.counted,
    )
