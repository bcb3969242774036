"""Packet sockets that lost packets: a capturing program misses some, traffic itself is not harmed.

Counted is what passed the socket's filter and found its buffer full (net/packet/af_packet.c, packet_rcv). What is sent
into a tun or tap device is the program's only copy: where its ring is full, the kernel tells so as it drops
(drivers/net/tun.c, tun_net_xmit: FULL_RING).
"""

from collections.abc import Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.fill import most_held
from brimful.evidence.weight import one_view
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

MOST_SOCKETS = 3
"""Sockets that get a verdict of their own: the worst ones."""

HARMLESS = "only the program's own copy of these packets is lost: the traffic itself went on"
ELSEWHERE = "netns "
"""How a place in another network namespace begins: what is lost there is not lost here."""

HIDDEN = "which process holds the socket is not shown"
COLLECT = (Collect("packet sockets with buffer, drops and process, twice, 10 s apart", "ss -0anmpe"),)


@rule(
    "capture.ring.traced",
    "capture.ring.dropped",
    "capture.ring.queued",
    "capture.ring.limit",
    "socket.owner",
    "socket.name",
)
def capture_ring(evidence: Evidence) -> Iterator[Finding]:
    """Does a capturing program miss packets because it does not take them out in time?"""
    for reading in evidence.readings("capture.ring.traced"):
        if reading.delta and not reading.series.place.startswith(ELSEWHERE):
            yield _device(reading)
    dropped = one_view(evidence.readings("capture.ring.dropped"))
    moved = sorted((r for r in dropped if r.delta), key=lambda r: -r.counted)
    for reading in moved[:MOST_SOCKETS]:
        yield _lost(evidence, reading)
    once = [r for r in dropped if r.delta is None and r.last]
    if once and not moved:
        yield Finding(
            stage="capture.ring",
            place="",
            state=State.OPEN,
            statement="A capturing program has missed packets; one sample does not say when.",
            because=tuple(r.exhibit(f"{_who(evidence, r)}: {r.series.raw} {r.last:,}, one sample") for r in once),
            collect=COLLECT,
        )


def _device(reading: Reading) -> Finding:
    place = reading.series.place
    seconds = f" in {reading.seconds:.1f} s" if reading.seconds else ""
    return Finding(
        stage="capture.ring",
        place=place,
        state=State.LOST,
        statement=f"The program behind {place} does not take the packets out as fast as they are sent to it: its ring overflows.",
        confidence=Confidence.HIGH,
        because=(
            reading.exhibit(
                f"{reading.counted:,} packets were seen to find the ring full{seconds} ({reading.series.raw})"
            ),
        ),
        doubts=("which program it is is not shown",),
        do=(
            Treatment("find the program and what it waits for", "grep -l iff: /proc/[0-9]*/fdinfo/*"),
            Treatment("let the ring hold a longer burst", f"ip link set {place} txqueuelen <packets>", temporary=True),
        ),
        collect=(Collect("what the device dropped, twice, 10 s apart", f"ip -s link show {place}"),),
        proven=True,
        harm=reading.counted,
    )


def _who(evidence: Evidence, reading: Reading) -> str:
    owner = evidence.fact("socket.owner", reading.series.place)
    return str(owner.value) if owner else "A capturing program"


def _lost(evidence: Evidence, reading: Reading) -> Finding:
    place = reading.series.place
    owner = evidence.fact("socket.owner", place)
    interface = evidence.fact("socket.name", place)
    where = f" of {interface.value}" if interface and interface.value != "*" else ""
    seconds = f" in {reading.seconds:.1f} s" if reading.seconds else ""
    return Finding(
        stage="capture.ring",
        place=place,
        state=State.LOST,
        statement=f"{_who(evidence, reading)} does not take the packets{where} out as fast as they are captured: it misses some.",
        confidence=Confidence.HIGH if owner else Confidence.MEDIUM,
        because=(
            reading.exhibit(f"the packet socket dropped {reading.counted:,}{seconds} ({reading.series.raw})"),
            *most_held(evidence, "capture.ring.queued", place),
        ),
        doubts=(HARMLESS, *(() if owner else (HIDDEN,))),
        do=(
            Treatment("capture less: a narrower filter, a shorter snap length (tcpdump -s 96), no name look-ups (-n)"),
            Treatment("give it a larger buffer or a ring: tcpdump -B <KiB>"),
        ),
        collect=COLLECT,
        proven=True,
        harm=reading.counted,
    )
