"""Read `brimful drops`: what the kernel was seen to drop, by reason, place in its code and interface.

One JSON object a line, counters since the programs were attached. A line marked as earlier tells what a thing was when
the programs were read before, that was not shown then: it belongs to a frame of that time. A reason is a name of the running kernel's
`enum skb_drop_reason` (include/net/dropreason-core.h). Most drops also move a counter somewhere: they are told as traced,
another view of the same loss. Filters move none. Reasons that are not in the table are protocol matters: no socket,
duplicates, checksums, sequence numbers.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

REQUEST = "brimful drops"

LINES = 4096
"""Different drops, and devices, whose series are kept at hand: a watch reads them again each second."""

_OTHER = "protocol.input.traced"
_UNNAMED = "protocol.input.unnamed"
_FILTERED = "protocol.input.filtered"
_QDISC = "qdisc.queue.traced"
_TABLE = "kernel.table.traced"
_SOCKET = "socket.receive.traced"

_QDISC_TOO = "an ingress or clsact qdisc counts it as dropped too"
_SOCKET_TOO = "UDP counts it in InErrors and in the drops of the socket too"
_TWO_BUFFERS = "TCP gives PROTO_MEM for a full receive buffer as well as for tcp_mem"

REASONS: dict[str, tuple[str, str]] = {
    "CPU_BACKLOG": ("softnet.backlog.traced", ""),
    **dict.fromkeys(
        (
            *("QDISC_DROP", "QDISC_OVERLIMIT", "QDISC_CONGESTED", "CAKE_FLOOD", "DUALPI2_STEP_DROP"),
            *("FQ_BAND_LIMIT", "FQ_HORIZON_LIMIT", "FQ_FLOW_LIMIT"),
        ),
        (_QDISC, ""),
    ),
    **dict.fromkeys(("NEIGH_QUEUEFULL", "NEIGH_FAILED", "NEIGH_CREATEFAIL", "NEIGH_DEAD"), (_TABLE, "")),
    **dict.fromkeys(("FRAG_REASM_TIMEOUT", "FRAG_TOO_FAR"), (_TABLE, "")),
    **dict.fromkeys(("SOCKET_RCVBUFF", "SOCKET_BACKLOG", "TCP_OFO_QUEUE_PRUNE", "TCP_ZEROWINDOW"), (_SOCKET, "")),
    "TCP_LISTEN_OVERFLOW": ("socket.listen.traced", ""),
    "PROTO_MEM": ("protocol.memory.traced", _TWO_BUFFERS),
    "PFMEMALLOC": ("protocol.memory.traced", ""),
    "NOMEM": ("host.memory.refused", ""),
    "FULL_RING": ("capture.ring.traced", ""),
    **dict.fromkeys(("NETFILTER_DROP", "XDP", "BPF_CGROUP_EGRESS", "XFRM_POLICY", "SECURITY_HOOK"), (_FILTERED, "")),
    **dict.fromkeys(("TAP_FILTER", "TAP_TXFILTER"), (_FILTERED, "")),
    **dict.fromkeys(("TC_INGRESS", "TC_EGRESS"), (_FILTERED, _QDISC_TOO)),
    "SOCKET_FILTER": (_FILTERED, _SOCKET_TOO),
    "NOT_SPECIFIED": (_UNNAMED, ""),
    "": (_UNNAMED, ""),
}
"""Meaning and doubt of each reason that is more than a protocol's own business.

Not there, since they are no overflow: TCP_OFO_DROP (a duplicate leaves the out-of-order queue), QUEUE_PURGE (a queue is
thrown away), IP_RPFILTER and UNHANDLED_PROTO (counted in IPReversePathFilter and rx_dropped).
"""

_NUMBER = re.compile(r"\d+", re.ASCII)
_WORD = re.compile(r"[\w:]{0,64}", re.ASCII)
_LOCATION = re.compile(r"[\w.+$\[\] -]{0,256}", re.ASCII)
_NAME = re.compile(r"[^\s/\x00-\x1f]{0,64}")


class _Line(msgspec.Struct, tag_field="traced"):
    """One line."""


class _Since(_Line, tag="since"):
    age_ns: int


class _Counters(_Line):
    packets: int
    earlier: bool = False


class _Placed(_Counters, kw_only=True):
    interface: str
    netns: int = 0
    index: int = 0


class _Drop(_Placed, tag="drop", kw_only=True):
    reason: str
    location: str = ""
    protocol: str = ""


class _Poll(_Placed, tag="poll", kw_only=True):
    polls: int
    exhausted: int


class _Full(_Counters, tag="receive_queue_full", kw_only=True):
    truesize: int


class _Cost(_Line, tag="cost"):
    tracepoint: str
    lost: int = 0
    missed: int = 0


class _Without(_Line, tag="without"):
    why: str


_DECODER = msgspec.json.Decoder(_Since | _Drop | _Poll | _Full | _Cost | _Without)


@source(
    REQUEST,
    looks_like=r'(?m)^\{"traced":"(?:since|drop|poll|receive_queue_full|cost|without)",',
    meanings=(
        *dict.fromkeys((_OTHER, *(meaning for meaning, _ in REASONS.values()))),
        "nic.ring.polls",
        "nic.ring.polled",
        "nic.ring.polls_exhausted",
        "socket.receive.overflows",
        "socket.receive.overflow_bytes",
    ),
    needs="root, or CAP_BPF and CAP_PERFMON, to load programs into the kernel",
)
def drops(document: Document) -> Iterator[Item]:
    """Read what the kernel was seen to drop, by reason and place (tracepoints)."""
    earlier: Samples | None = None
    now = Samples(document.origin, document.at, document.boot)
    answers = [now]
    for number, text in document.numbered():
        line = _decoded(text)
        values = _values(line) if line else None
        samples = earlier if isinstance(line, _Counters) and line.earlier else now
        if values is None or samples is None:
            if text.strip():
                yield unread(document, number, "not a line of what the kernel was seen to drop")
            continue
        if isinstance(line, _Since):
            earlier = Samples(document.origin, _ago(document.at, line.age_ns), document.boot)
            now = Samples(document.origin, document.at, document.boot)
            answers += [earlier, now]
        for series, value in values:
            samples.add(series, value, number)
        yield from _missing(line)
    for answer in answers:
        yield from answer.frames()


def _ago(at: Moment | None, age_ns: int) -> Moment | None:
    """Return an earlier moment on the same clocks."""
    if at is None:
        return None
    monotonic_ns = None if at.monotonic_ns is None else max(at.monotonic_ns - age_ns, 0)
    return msgspec.structs.replace(at, ns=max(at.ns - age_ns, 0), monotonic_ns=monotonic_ns)


def _decoded(text: str) -> _Line | None:
    try:
        line: _Line = _DECODER.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    return line


def _missing(line: _Line | None) -> Iterator[Blind]:
    match line:
        case _Without(why=why):
            yield Blind("drops by reason", why)
        case _Cost(tracepoint=name, lost=lost) if lost > 0:
            yield Blind(f"some of {name}", "the map of the tracing program was full: not all is counted")
    match line:
        case _Cost(tracepoint=name, missed=missed) if missed > 0:
            yield Blind(f"some of {name}", "another tracing program was running: not all is counted")


def _values(line: _Line) -> list[tuple[Series, int]] | None:
    """Return the series of a line with their values; None where a name or a number is none."""
    match line:
        case _Drop():
            found = _of_drop(line)
        case _Poll():
            found = _of_poll(line)
        case _Full():
            found = [
                (_series("socket.receive.overflows", "", "sock_rcvqueue_full"), line.packets),
                (_series("socket.receive.overflow_bytes", "", "sock_rcvqueue_full truesize"), line.truesize),
            ]
        case _Since(age_ns=age_ns) if age_ns < 0:
            found = None
        case _:
            found = []
    return found if found is not None and all(0 <= value <= LARGEST for _, value in found) else None


def _of_drop(drop: _Drop) -> list[tuple[Series, int]] | None:
    series = _dropped(drop.reason, drop.location, drop.protocol, drop.interface, drop.netns, drop.index)
    return [(series, drop.packets)] if series else None


@lru_cache(maxsize=LINES)
def _dropped(reason: str, location: str, protocol: str, interface: str, netns: int, index: int) -> Series | None:  # noqa: PLR0913, PLR0917 - all that tells drops apart
    words = _WORD.fullmatch(reason) and _WORD.fullmatch(protocol) and _LOCATION.fullmatch(location)
    place = _place(interface, netns, index)
    if not words or place is None:
        return None
    unnamed = (_UNNAMED, "") if _NUMBER.fullmatch(reason) else (_OTHER, "")
    meaning, doubt = REASONS.get(reason, unnamed)
    if netns and meaning == _FILTERED:  # policy of another namespace: no loss of this one
        meaning = _OTHER
    where = f" at {location}" if location else ""
    unknown = f"interface {index}" if index and not netns else ""
    more = ", ".join(filter(None, (protocol, unknown)))
    return _series(meaning, place, f"{reason or 'kfree_skb'}{where}{more and f' ({more})'}", doubt)


def _of_poll(poll: _Poll) -> list[tuple[Series, int]] | None:
    """Return the polls of a device here; what has none is a CPU's backlog, which softnet_stat tells of."""
    place = _place(poll.interface, poll.netns, poll.index)
    if place is None:
        return None
    if not poll.interface or poll.netns:
        return []
    return list(zip(_polled(place), (poll.polls, poll.packets, poll.exhausted), strict=True))


@lru_cache(maxsize=LINES)
def _polled(place: str) -> tuple[Series, ...]:
    return (
        _series("nic.ring.polls", place, "napi_poll"),
        _series("nic.ring.polled", place, "napi_poll work"),
        _series("nic.ring.polls_exhausted", place, "napi_poll work == budget"),
    )


def _place(interface: str, netns: int, index: int) -> str | None:
    """Return where an interface is; None where a name or a number is none."""
    if not (_NAME.fullmatch(interface) and 0 <= netns <= LARGEST and 0 <= index <= LARGEST):
        return None
    return f"netns {netns}/{interface or index}" if netns else interface


def _series(meaning: str, place: str, raw: str, doubt: str = "") -> Series:
    return Series(meaning, place, raw, "drops", doubt=doubt)
