"""What the kernel said in its log: losses that it names itself, and what can be behind others.

A line has a time and no count: most are left out when there are many. Beside counters that were read more than once it
is only told, since it may be long ago and the counters say what is lost now.
"""

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from brimful.chain.owner import Owner
from brimful.evidence.event import Event
from brimful.evidence.evidence import Evidence
from brimful.evidence.moment import SECOND, span, spoken
from brimful.evidence.origin import Exhibit
from brimful.rules import Collect, Finding, State, Treatment, rule

UNCOUNTED = "how much was lost is not shown: the kernel leaves most of these lines out"
BY_HAND = -1
"""The order of an out-of-memory kill that was asked for with the magic key (mm/oom_kill.c, is_sysrq_oom)."""
PAGE = 4
"""KiB of a page on most machines."""
WATCHED = ("nic.ring.passed", "nic.tx_ring.passed", "softnet.backlog.passed", "protocol.input.passed")
"""Counters that every host has: read more than once, they tell that the host was watched."""
MEMORY = Collect("memory, and how it is split up", "cat /proc/meminfo /proc/buddyinfo")


class Said(msgspec.Struct, frozen=True):
    """What follows from lines of one kind. `text` is about a {place}; without an owner nobody is blamed."""

    kind: str
    stage: str
    text: str
    state: State = State.OVER
    owner: Owner | None = None
    doubts: tuple[str, ...] = ()
    do: tuple[Treatment, ...] = ()
    collect: tuple[Collect, ...] = ()


SAID = (
    Said(
        "transmit.hung",
        "nic.tx_ring",
        "A transmit queue of {place} hung: what is in it is lost when it is reset",
        owner=Owner.DRIVER,
        doubts=("firmware or hardware that stops looks the same",),
        do=(Treatment("try newer driver and firmware; segmentation offload off cures some cards", "ethtool -K {place} tso off gso off"),),
        collect=(Collect("driver and firmware", "ethtool -i {place}"), Collect("the counters of the NIC", "ethtool -S {place}")),
    ),
    Said(
        "mtu.exceeded",
        "protocol.input",
        "Packets longer than {place} takes were dropped: two ends disagree on the MTU",
        owner=Owner.POLICY,
        do=(Treatment("make the MTU the same at both ends", "ip link show {place}"),),
        collect=(Collect("the MTU of every interface", "ip -d link"),),
    ),
    Said(
        "tcp.out_of_memory",
        "protocol.memory",
        "TCP had used up its memory and dropped connections",
        owner=Owner.HOST,
        doubts=("which sockets held it is not shown", "too many orphans are told in the same way by old kernels"),
        do=(Treatment("find the sockets that hold most of it", "ss -tanmp"), Treatment("see the limit beside what is used", "sysctl net.ipv4.tcp_mem; cat /proc/net/sockstat")),
        collect=(Collect("the memory of every TCP socket", "ss -tanmpe"),),
    ),
    Said("listen.flooded", "socket.listen", "The queue of half-open connections of {place} was full", state=State.NEAR),
    Said("udp.checksum", "protocol.input", "Datagrams with a bad checksum were dropped", state=State.NEAR),
)  # fmt: skip


@rule(*(said.kind for said in SAID), "memory.alloc_failed", "memory.killed", *WATCHED)
def kernel_said(evidence: Evidence) -> Iterator[Finding]:
    """Did the kernel itself say that something was lost, or that memory ran out?"""
    watched = any(reading.samples > 1 for reading in evidence.readings(*WATCHED))
    for said in SAID:
        at: dict[str, list[Event]] = defaultdict(list)
        for event in evidence.events(said.kind):
            at[event.place].append(event)
        for place, events in at.items():
            yield _told(said, place, events, watched=watched)
    yield from _failed(evidence.events("memory.alloc_failed"), watched=watched)
    yield from _killed(evidence.events("memory.killed"), watched=watched)


def _told(said: Said, place: str, events: list[Event], *, watched: bool) -> Finding:
    lost = said.state is State.OVER
    return Finding(
        stage=said.stage,
        place=place,
        state=State.NEAR if watched else said.state,
        statement=f"{said.text.format(place=place)}, the kernel said{_when(events)}.",
        owner=said.owner,
        because=_lines(events),
        doubts=(*said.doubts, *((UNCOUNTED,) if lost else ())),
        do=tuple(Treatment(one.text, one.command.format(place=place)) for one in said.do),
        collect=tuple(Collect(one.text, one.command.format(place=place)) for one in said.collect),
        span=span(event.at for event in events),
    )


def _failed(events: list[Event], *, watched: bool) -> Iterator[Finding]:
    """A driver that wants its buffers in large pieces is told apart from a machine that has no page left."""
    large = [event for event in events if _order(event) > 0 and "receives" in event.fields]
    if large:
        size = PAGE << min(max(map(_order, large)), 20)
        yield Finding(
            stage="driver.memory",
            place="",
            state=State.NEAR if watched else State.OVER,
            statement=f"A driver did not get memory for packets to be received: it asks for {size:,} KiB in one piece, the kernel said{_when(large)}.",
            owner=Owner.DRIVER,
            because=(*_lines(large), Exhibit(f"it was for a packet to be received: {large[-1].fields['receives']}()", large[-1].origin)),
            doubts=(
                "memory in pieces, or too little kept free, is the machine's part in it",
                "whether a packet was lost is not shown: drivers may try again",
            ),
            do=(
                Treatment("make the driver ask for less: smaller MTU, no jumbo frames, large receive offload off"),
                Treatment("keep more memory free", "sysctl -w vm.min_free_kbytes=<KiB>", temporary=True),
            ),
            collect=(MEMORY,),
            span=span(event.at for event in large),
        )  # fmt: skip
    others = [event for event in events if event not in large]
    if others:
        yield Finding(
            stage="host.memory",
            place="",
            state=State.NEAR if watched else State.OPEN,
            statement=f"The kernel found no memory for a request{_when(others)}; what it was for, and whether a packet was lost, is not shown.",
            because=_lines(others),
            collect=(MEMORY, Collect("the whole trace", "dmesg")),
            span=span(event.at for event in others),
        )


def _order(event: Event) -> int:
    order = event.fields.get("order", 0)
    return order if isinstance(order, int) else 0


def _killed(events: list[Event], *, watched: bool) -> Iterator[Finding]:
    """What was asked for by hand, or by the limit of a cgroup, does not say that the machine had no memory."""
    if not events:
        return
    asked = [event for event in events if "asker" in event.fields]
    killed = [event for event in events if "killed" in event.fields]
    told = killed or asked or events
    by_hand = bool(asked) and all(_order(event) == BY_HAND for event in asked)
    groups = bool(killed) and all("cgroup" in event.fields for event in killed)
    text = "Processes were killed for want of memory, the kernel said"
    if by_hand:
        text = "A process was killed because somebody asked for it (the magic key), not for want of memory, the kernel said"
    elif groups:
        text = "Processes were killed because their cgroup was at its memory limit, the kernel said"
    yield Finding(
        stage="host.memory",
        place="",
        state=State.NEAR if watched or by_hand or groups else State.OPEN,
        statement=f"{text}{_when(told)}.",
        because=_lines(told),
        collect=() if by_hand else (MEMORY, Collect("the kernel's caches, largest first", "slabtop -o -s c")),
        span=span(event.at for event in events),
    )


def _lines(events: list[Event]) -> tuple[Exhibit, ...]:
    last = events[-1]
    times = f"{len(events):,} times" if len(events) > 1 else "once"
    return (Exhibit(f"the kernel said so {times}", last.origin, at=str(last.at) if last.at else None),)


def _when(events: list[Event]) -> str:
    """Return when it was said last, where that is known."""
    last = events[-1].at
    if last is None:
        return ""
    at = f"{spoken(last.ns / SECOND)} after boot" if last.clock == "relative" else str(last)
    return f" ({'last ' if len(events) > 1 else ''}{at})"
