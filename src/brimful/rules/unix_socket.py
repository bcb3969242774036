"""Unix sockets that nobody reads: nothing is lost, but whoever sends into them is held up, or told to come again.

What waits is charged to the sender (net/core/sock.c, sock_alloc_send_pskb), so a stream is full when the sender's bytes
reach its send buffer. Of datagrams a few messages are the limit (net.unix.max_dgram_qlen), which only a sender that is
seen asleep shows; of a listener the connections that wait.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator

from brimful.evidence.delta import Reading
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Exhibit
from brimful.rules import Collect, Confidence, Finding, State, Treatment, rule

NAMED = 3
"""Senders that one verdict names."""

UNHARMED = "the kernel loses nothing here: senders wait, or are refused and may try again"
STREAM = "a program that sends a lot at a time fills its buffer for a moment"
COLLECT = (Collect("unix sockets with queues and processes, twice, 10 s apart", "ss -xanmpe"),)

Full = tuple[Reading, str, bool]
"""What shows that a sender is held up, in words, and whether it was so in every sample."""


@rule(
    "socket.send.queued",
    "socket.send.limit",
    "socket.receive.sender_blocked",
    "socket.receive.messages",
    "socket.receive.messages_limit",
    "socket.receive.unread",
    "socket.owner",
    "socket.name",
    "socket.peer",
    "sysctl",
)
def unix_socket(evidence: Evidence) -> Iterator[Finding]:
    """Does a program hold up others because it does not read its unix socket?"""
    held: dict[str, list[Full]] = defaultdict(list)
    for full in (*_streams(evidence), *_datagrams(evidence)):
        peer = evidence.fact("socket.peer", full[0].series.place)
        if peer:
            held[str(peer.value)].append(full)
    for place, found in held.items():
        yield _finding(evidence, place, found)
    for full in _listeners(evidence):
        yield _finding(evidence, full[0].series.place, [full])


def _streams(evidence: Evidence) -> Iterator[Full]:
    """Senders that may send no more: the kernel lets them while the bytes are below the limit."""
    limits = {r.series.place: r.last for r in evidence.readings("socket.send.limit")}
    for reading in evidence.readings("socket.send.queued"):
        limit = limits.get(reading.series.place)
        if reading.series.place.startswith("unix ") and limit and reading.highest >= limit:
            text = f"{_name(evidence, reading)} has {reading.highest:,} of {limit:,} bytes in it"
            yield reading, text, _always(reading, lambda value, limit=limit: value >= limit)  # type: ignore[misc]


def _datagrams(evidence: Evidence) -> Iterator[Full]:
    most = evidence.fact("sysctl", "net.unix.max_dgram_qlen")
    limit = f", more than {most.value} messages wait" if most else ""
    for reading in evidence.readings("socket.receive.sender_blocked"):
        if reading.highest:
            text = f"{_name(evidence, reading)} sleeps in sending to it ({reading.series.raw}){limit}"
            yield reading, text, _always(reading, bool)


def _listeners(evidence: Evidence) -> Iterator[Full]:
    limits = {r.series.place: r.last for r in evidence.readings("socket.receive.messages_limit")}
    for reading in evidence.readings("socket.receive.messages"):
        limit = limits.get(reading.series.place)
        if limit is not None and reading.highest > limit:
            text = f"{reading.highest:,} connections wait for accept(), the limit is {limit:,}"
            yield reading, text, _always(reading, lambda value, limit=limit: value > limit)  # type: ignore[misc]


def _always(reading: Reading, full: Callable[[int], bool]) -> bool:
    """Whether it was full in each of several samples."""
    return reading.samples > 1 and all(full(frame.values[index]) for frame, index in reading.frames)


def _name(evidence: Evidence, reading: Reading) -> str:
    owner = evidence.fact("socket.owner", reading.series.place)
    return str(owner.value) if owner else "a sender"


def _finding(evidence: Evidence, place: str, found: list[Full]) -> Finding:
    stuck = [full for full in found if full[2]]
    owner = evidence.fact("socket.owner", place)
    name = evidence.fact("socket.name", place)
    who = str(owner.value) if owner else "A program"
    what = f"its unix socket {name.value}" if name else f"its {place} socket"
    seen = {reading.series.meaning for reading, _, _ in found}
    accepts = "socket.receive.messages" in seen
    does = "does not accept connections on" if accepts else "does not read"
    now = "whoever sends to it waits" if not accepts else "whoever connects to it waits"
    moment = f"{who} was behind with {what} for a moment: its senders were held up, nothing is lost."
    return Finding(
        stage="socket.receive",
        place=place,
        state=State.FULL if stuck else State.NEAR,
        statement=f"{who} {does} {what} in time: {now}." if stuck else moment,
        confidence=Confidence.MEDIUM if owner else Confidence.LOW,
        because=(*(reading.exhibit(text) for reading, text, _ in (stuck or found)[:NAMED]), *_unread(evidence, place)),
        doubts=(UNHARMED, *((STREAM,) if "socket.send.queued" in seen else ())),
        do=(Treatment(f"see what {who} waits for", f"cat /proc/{_pid(who)}/stack" if owner else ""),),
        collect=COLLECT,
        proven=True,
    )


def _pid(who: str) -> str:
    return who.rpartition("pid ")[2].rstrip(")")


def _unread(evidence: Evidence, place: str) -> Iterator[Exhibit]:
    for reading in evidence.readings("socket.receive.unread", place=place):
        if reading.last:
            still = reading.samples > 1 and reading.first == reading.last == reading.highest
            same = ", the same in each sample" if still else ""
            yield reading.exhibit(f"{reading.last:,} bytes wait for its reader{same} ({reading.series.raw})")
