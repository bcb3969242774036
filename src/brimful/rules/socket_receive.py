"""Sockets whose receive buffer is full: the reader is slower than what arrives.

The kernel keeps the two cases apart: a full socket counts in RcvbufErrors (-ENOMEM), a protocol out of its shared
memory in MemErrors (-ENOBUFS); net/ipv4/udp.c, __udp_queue_rcv_skb().
"""

from collections.abc import Iterator

from brimful.chain.owner import Owner
from brimful.chain.place import whole
from brimful.evidence.delta import Reading
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND
from brimful.evidence.origin import Exhibit
from brimful.evidence.weight import Weight, one_view, weigh
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

MOST_SOCKETS = 3
"""Sockets that get a verdict of their own: the worst ones."""

DATAGRAMS = ("udp", "raw")
"""Protocols whose sockets drop what finds them full: a TCP peer is told to wait."""

WAITED = 0.5
"""Share of the window in which a reader waited for a CPU, from which its slowness is not its own."""

MICROSECOND = 1000
"""In nanoseconds."""

STARVED = "a reader that is not given a CPU looks like one that is slow"
ONCE = "one sample: a queue that is full for a moment looks the same"

COLLECT = (
    Collect("queue, buffer and drops of every UDP socket, with its process", "ss -uanmpe"),
    Collect("the UDP counters, twice, 10 s apart", "cat /proc/net/snmp"),
)

READS = (
    "socket.receive.full",
    "socket.receive.passed",
    "socket.receive.dropped",
    "socket.receive.queued",
    "socket.receive.limit",
    "socket.receive.overflows",
    "socket.receive.overflow_bytes",
    "socket.receive.reader_waited",
    "protocol.memory.refused",
    "socket.owner",
    "sysctl",
)


@rule(*READS)
def socket_receive(evidence: Evidence) -> Iterator[Finding]:
    """Is a receive buffer full because its reader is too slow?"""
    full = one_view(evidence.readings("socket.receive.full"))
    passed = one_view([r for r in evidence.readings("socket.receive.passed") if r.series.place.startswith("udp")])
    weight = weigh(full, passed)
    sockets = _dropping(evidence)
    sure = [r for r in sockets if not r.series.place.startswith("udp") or _agree(weight, full)]
    blamed = [_socket(evidence, reading, full) for reading in sure[:MOST_SOCKETS]]
    yield from blamed
    of_udp = any(finding.place.startswith("udp") for finding in blamed)
    if weight.now and not of_udp:
        yield _all(full, passed, State.LOST, evidence)
    elif weight.over and not of_udp:
        yield _all(full, passed, State.OVER, evidence)
    elif weight.lost and not weight.sampled:
        yield _once(full, weight)
    yield from _overnow(evidence, {finding.place for finding in blamed})


def _agree(weight: Weight, full: list[Reading]) -> bool:
    """A socket's drops count for its buffer only where the protocol's own counter moved too, or is not there."""
    return not full or weight.now


def _dropping(evidence: Evidence) -> list[Reading]:
    """Sockets that dropped something between samples, worst first."""
    moved = [r for r in one_view(evidence.readings("socket.receive.dropped")) if r.delta]
    return sorted(moved, key=lambda r: -r.counted)


def _socket(evidence: Evidence, reading: Reading, full: list[Reading]) -> Finding:
    place = reading.series.place
    owner = evidence.fact("socket.owner", place)
    seconds = f" in {reading.seconds:.1f} s" if reading.seconds else ""
    exhibits = [
        reading.exhibit(f"the socket dropped {reading.counted:,}{seconds} ({reading.series.raw})"),
        *_queue(evidence, place),
    ]
    if place.startswith("udp"):
        exhibits += _of_udp(evidence, full)
    waited, share = _waited(evidence, place)
    if waited is not None and owner and share >= WAITED:
        return _starved(reading, str(owner.value), waited, share, tuple(exhibits))
    # that it was given one whenever it wanted settles it
    doubts = () if waited is not None else (STARVED,)
    return Finding(
        stage="socket.receive",
        place=whole(place),
        state=State.LOST,
        statement=f"{_reader(owner, place, 'does not read')} as fast as packets arrive: its receive buffer overflows.",
        confidence=Confidence.HIGH,
        because=(*exhibits, *((waited,) if waited else ())),
        doubts=(*(() if owner else ("which process holds the socket is not shown",)), *doubts),
        proven=True,
        do=_treatments(evidence, owner, place, reading),
        collect=COLLECT,
        harm=reading.counted,
        level=_level(evidence, place),
    )


def _waited(evidence: Evidence, place: str) -> tuple[Exhibit | None, float]:
    """Return for how much of the window the reader of a socket could have run and was given no CPU."""
    for reading in evidence.readings("socket.receive.reader_waited", place=place):
        if reading.series.place == place and reading.delta is not None and reading.seconds:
            share = min(1.0, reading.delta * MICROSECOND / (reading.seconds * SECOND))
            return reading.exhibit(
                f"its process waited for a CPU for {100 * share:.0f} % of {reading.seconds:.1f} s"
            ), share
    return None, 0.0


def _starved(reading: Reading, who: str, waited: Exhibit, share: float, exhibits: tuple[Exhibit, ...]) -> Finding:
    place = whole(reading.series.place)
    return Finding(
        stage="socket.receive",
        place=place,
        state=State.LOST,
        statement=f"{who} is not given a CPU to read {place}: it waited for one for {100 * share:.0f} % of the time, and its receive buffer overflows.",
        owner=Owner.HOST,
        confidence=Confidence.HIGH,
        because=(*exhibits, waited),
        proven=True,
        do=(
            Treatment("see what else runs on its CPU, and move it away", "ps -eLo pid,psr,ni,pcpu,comm --sort -pcpu"),
            Treatment(
                f"give {who} a CPU of its own, or a better place in the queue for one", "renice / taskset / cpuset"
            ),
        ),
        collect=(Collect("how long the reader waits to run", "cat /proc/<pid>/schedstat"),),
        harm=reading.counted,
    )


def _of_udp(evidence: Evidence, full: list[Reading]) -> list[Exhibit]:
    """Return what the protocol's own counters say of it; raw sockets have none."""
    refused = one_view(evidence.readings("protocol.memory.refused", place="udp"))
    flat = [r.exhibit(f"not the protocol's memory: {r.series.raw} did not rise") for r in refused if r.rising is False]
    rose = [r.exhibit(f"UDP as a whole: {r.series.raw} rose by {r.counted:,}") for r in full if r.delta]
    return [*rose, *flat[:1], *_memory_of_each(evidence)]


def _memory_of_each(evidence: Evidence) -> Iterator[Exhibit]:
    """Yield what one packet takes of a buffer (truesize): much more than what it carries."""
    found = [r for r in evidence.readings("socket.receive.overflows") if r.delta]
    each = weigh(evidence.readings("socket.receive.overflow_bytes")).lost / (weigh(found).lost or 1)
    if found and each:
        text = f"packets seen to find a queue full took {each:,.0f} bytes of a buffer each"
        yield found[0].exhibit(f"{text} (truesize; of all sockets)")


def _level(evidence: Evidence, place: str) -> float | None:
    limit = next((r.last for r in evidence.readings("socket.receive.limit") if r.series.place == place), 0)
    queued = next((r.highest for r in evidence.readings("socket.receive.queued") if r.series.place == place), None)
    return min(1.0, queued / limit) if limit and queued is not None else None


def _all(full: list[Reading], passed: list[Reading], state: State, evidence: Evidence) -> Finding:
    weight = weigh(full, passed)
    moved = [r for r in full if r.counted]
    verb, over = ("do not read", "overflow") if state is State.LOST else ("have not read", "overflowed")
    return Finding(
        stage="socket.receive",
        place="udp",
        state=state,
        statement=f"Applications {verb} their UDP sockets as fast as packets arrive: receive buffers {over}.",
        because=(
            *(r.exhibit(f"{r.series.raw}: {weigh([r], passed)}") for r in moved),
            *_memory_of_each(evidence),
        ),
        proven=True,
        doubts=("which socket it is is not shown", STARVED),
        do=_treatments(evidence, None, ""),
        collect=COLLECT,
        harm=weight.lost,
    )


def _once(full: list[Reading], weight: Weight) -> Finding:
    return Finding(
        stage="socket.receive",
        place="udp",
        state=State.OPEN,
        statement=f"Full UDP sockets have dropped datagrams, {weight}; one sample does not say when.",
        because=tuple(r.exhibit(f"{r.series.raw} {r.last:,}, one sample") for r in full if r.last),
        collect=COLLECT,
    )


def _overnow(evidence: Evidence, blamed: set[str]) -> Iterator[Finding]:
    """Sockets whose queue is at its limit in the latest sample: the next packet is lost."""
    limits = {r.series.place: r.last for r in evidence.readings("socket.receive.limit")}
    default = evidence.fact("sysctl", "net.core.rmem_default")
    for reading in one_view(evidence.readings("socket.receive.queued")):
        place = reading.series.place
        limit = limits.get(place) or (int(default.value) if default and str(default.value).isdecimal() else 0)
        if not limit or reading.last < limit or whole(place) in blamed or not place.startswith(DATAGRAMS):
            continue
        owner = evidence.fact("socket.owner", place)
        assumed = (
            ()
            if place in limits
            else (f"the socket's own buffer is not shown: net.core.rmem_default ({limit:,} bytes) was taken",)
        )
        yield Finding(
            stage="socket.receive",
            place=whole(place),
            state=State.FULL,
            statement=f"{_reader(owner, place, 'is behind in reading')}: its receive buffer is full.",
            confidence=Confidence.MEDIUM if reading.samples > 1 and reading.first >= limit else Confidence.LOW,
            because=(reading.exhibit(f"{reading.last:,} bytes queued of {limit:,}"),),
            doubts=(*assumed, *((ONCE,) if reading.samples == 1 else ())),
            proven=True,
            do=_treatments(evidence, owner, place),
            collect=COLLECT,
        )


def _queue(evidence: Evidence, place: str) -> Iterator[Exhibit]:
    limits = {r.series.place: r.last for r in evidence.readings("socket.receive.limit")}
    for reading in one_view(evidence.readings("socket.receive.queued")):
        limit = limits.get(reading.series.place)
        if reading.series.place == place and limit:
            yield reading.exhibit(
                f"its queue held {'up to ' if reading.samples > 1 else ''}{reading.highest:,} of {limit:,} bytes ({100 * reading.highest / limit:.0f} %)"
            )


def _reader(owner: Fact | None, place: str, does: str) -> str:
    """Begin a sentence about whoever reads a socket: a process keeps the name it has."""
    return f"{owner.value} {does} {whole(place)}" if owner else f"An application {does} {whole(place)}"


def _treatments(
    evidence: Evidence, owner: Fact | None, place: str, lost: Reading | None = None
) -> tuple[Treatment, ...]:
    """Say what the reader would have to do, and what a larger buffer would hold; `lost` is the socket's own counter."""
    who = str(owner.value) if owner else "the reader"
    more = (
        f", by {lost.delta / lost.seconds:,.0f} packets a second at least"
        if lost and lost.delta and lost.seconds
        else ""
    )
    limit = next((r.last for r in evidence.readings("socket.receive.limit", place=place) if r.series.place == place), 0)
    return (
        Treatment(f"make {who} faster{more}: more threads, recvmmsg(), less work per packet, a CPU of its own"),
        _larger(evidence, who, limit),
    )


def _larger(evidence: Evidence, who: str, limit: int) -> Treatment:
    """Return the treatment for bursts: four times the buffer. SO_RCVBUF is doubled when it is set (socket(7))."""
    fact = evidence.fact("sysctl", "net.core.rmem_max")
    maximum = int(fact.value) if fact and str(fact.value).isdecimal() else 0
    now = f" (now {maximum:,} bytes)" if maximum else ""
    wanted = 2 * limit
    does = "it does not help a reader that is always slower"
    if not limit:
        text = f"give it a larger buffer for bursts: SO_RCVBUF, up to net.core.rmem_max{now}; {does}"
        return Treatment(text, "sysctl -w net.core.rmem_max=<bytes>", temporary=True)
    size = f"for bursts, have {who} set SO_RCVBUF to {wanted:,}: a queue of {2 * wanted:,} bytes instead of {limit:,} takes a burst four times as long"
    if maximum >= wanted:
        return Treatment(f"{size}; {does}")
    text = f"{size}, once net.core.rmem_max{now} allows it; {does}"
    return Treatment(text, f"sysctl -w net.core.rmem_max={wanted}", temporary=True)
