"""What the kernel was seen to drop, by reason and place: one JSON object a line, counted since the first was asked for.

`traced` tells what a line is: `since` (how long ago the answer before this one was given, or counting began), `cost`
(what the programs in the kernel use, and what escaped them), `without` (what is missing, and why), `drop` (packets of one
reason, code location, interface and protocol), `poll` (a device's polls, packets taken, polls that used up their budget),
`receive_queue_full` (packets and their truesize).

The first answer has all there is, each further one what changed within the last minute. What was not in the answer before
is told twice: as it was then, marked `earlier`, and as it is now. What is new was 0.

`netns` stands where the interface is in another network namespace than the one that is read, `index` where its name is
not known. The programs are the machine's: one set serves the roots of all its namespaces, for as long as one of them lives.
"""

import os
import time
from collections.abc import Iterator, Mapping
from weakref import WeakKeyDictionary, WeakValueDictionary

import msgspec

from brimful.evidence.moment import SECOND
from brimful.kernel.bpf import BpfError
from brimful.kernel.counter import Name
from brimful.kernel.drops import Drop, Drops, Full, Poll, Traced
from brimful.kernel.tracing import TracingError
from brimful.roots import commands
from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import AS_ROOT, OWN_NAMESPACE, REFUSED, Doors

COMMAND = "brimful drops"
RIGHTS = f"{AS_ROOT}, or with CAP_BPF and CAP_PERFMON and with tracefs readable"

PROTOCOLS = {0x0800: "ip", 0x86DD: "ipv6", 0x0806: "arp", 0x8100: "vlan", 0x8847: "mpls", 0x8863: "pppoe"}
"""EtherTypes by the names that `tc` and `ip` give them; others are shown in hexadecimal."""

QUIET_S = 60
"""Seconds after its last change for which a thing is told: one that changes now and then stays in the answer."""

Line = dict[str, str | int]
One = Drop | Poll | Full
Things = Mapping[Name, One]


class Reader:
    """The programs as one root sees them, with what it was told in the answer before.

    What was counted before this root was there is none of its losses: inodes of namespaces are used again.
    """

    def __init__(self, counted: Drops, before: Things, before_ns: int) -> None:
        self.counted = counted
        self._before = before
        self._before_ns = before_ns
        self._changed = dict.fromkeys(before, before_ns)
        self._names: dict[int, str] = {}
        self._names_of: list[tuple[int, str]] = []

    def fresh(self, things: Things, now_ns: int) -> Iterator[tuple[One, bool]]:
        """Yield what changed of late, and before it what it was in the answer before, with True, if that told it not."""
        before, told = self._before, self._changed
        quiet_ns = now_ns - QUIET_S * SECOND
        changed = {name: at for name, at in told.items() if at >= quiet_ns and name in things}
        changed |= {name: now_ns for name, thing in things.items() if before.get(name) is not thing}
        self._before, self._before_ns, self._changed = things, now_ns, changed
        for name in changed:
            if name not in told:
                yield before.get(name) or things[name].none(), True
            yield things[name], False

    def age_ns(self, now_ns: int) -> int:
        """Return how long ago the answer before was given."""
        return now_ns - self._before_ns

    def names(self, interfaces: list[tuple[int, str]]) -> dict[int, str]:
        """Return interfaces by their index, as they are shown; made anew when the list is another one."""
        if interfaces is not self._names_of:
            self._names_of = interfaces
            self._names = {index: commands.shown(name) for index, name in interfaces}
        return self._names


Refused = BpfError | TracingError

_READERS: "WeakKeyDictionary[Doors, Reader | Refused]" = WeakKeyDictionary()
_SHARED: "WeakValueDictionary[str, Drops]" = WeakValueDictionary()


@answer(COMMAND)
def drops(doors: Doors) -> Iterator[Document]:
    """Yield what changed of late; what a namespace of its own cannot have seen is left out of its answer."""
    own = _namespace(doors)
    try:
        reader = _READERS.get(doors) or _READERS.setdefault(doors, _reader(doors, own))
        if not isinstance(reader, Reader):
            doors.see_not("drops by reason", str(reader), RIGHTS if reader.errno in REFUSED else "")
            return
        traced = reader.counted.read()
    except BpfError as error:
        doors.see_not(COMMAND, str(error))
        return
    now_ns = time.monotonic_ns()
    names = reader.names(doors.interfaces())
    since: Line = {"traced": "since", "age_ns": reader.age_ns(now_ns)}
    fresh = reader.fresh(seen(traced, own, alone=bool(doors.namespace)), now_ns)
    lines = (since, *(told(one, own, names, earlier=earlier) for one, earlier in fresh), *costs(traced))
    yield doors.document(COMMAND, msgspec.json.Encoder().encode_lines(lines))


def _reader(doors: Doors, own: int) -> Reader | Refused:
    """Attach the programs, or take those that are; where that is refused, it is told each time and not tried again."""
    shared = _SHARED.get(COMMAND)
    if shared:
        return Reader(shared, seen(shared.read(), own, alone=bool(doors.namespace)), time.monotonic_ns())
    try:
        counted = _SHARED.setdefault(COMMAND, Drops())
    except (BpfError, TracingError) as error:
        return error.with_traceback(None)  # which would keep the doors open
    return Reader(counted, {}, counted.began_ns)


def _namespace(doors: Doors) -> int:
    """Return the inode of the network namespace that is read."""
    try:
        return os.stat(doors.namespace or OWN_NAMESPACE).st_ino  # noqa: PTH116 - each second
    except OSError:
        return 0


def seen(traced: Traced, own: int, *, alone: bool = False) -> Things:
    """Return all that is counted, with `alone` only what belongs to the network namespace `own`."""
    placed: dict[Name, Drop | Poll] = {**traced.drops, **traced.polls}
    if alone:
        return {name: thing for name, thing in placed.items() if thing.netns == own}
    return {**placed, (): traced.full} if traced.full else placed


def told(one: One, own: int, names: dict[int, str], *, earlier: bool = False) -> Line:
    """Return the line of one thing; `names` are the interfaces of namespace `own`."""
    match one:
        case Drop():
            line = _drop(one, own, names)
        case Poll():
            line = _poll(one, own)
        case Full():
            line = {"traced": "receive_queue_full", "packets": one.packets, "truesize": one.truesize}
    return {**line, "earlier": True} if earlier else line


def _drop(one: Drop, own: int, names: dict[int, str]) -> Line:
    name = names.get(one.interface, "") if one.netns == own else ""
    return {
        "traced": "drop",
        "reason": one.reason,
        "location": one.location,
        "interface": name,
        **({"index": one.interface} if one.interface and not name else {}),
        **_namespace_of(one, own),
        "protocol": PROTOCOLS.get(one.protocol, f"{one.protocol:#06x}" if one.protocol else ""),
        "packets": one.packets,
    }


def _poll(one: Poll, own: int) -> Line:
    counters: Line = {"polls": one.polls, "packets": one.packets, "exhausted": one.exhausted}
    return {"traced": "poll", "interface": commands.shown(one.device), **_namespace_of(one, own), **counters}


def _namespace_of(one: Drop | Poll, own: int) -> Line:
    return {"netns": one.netns} if one.netns and one.netns != own else {}


def costs(traced: Traced) -> Iterator[Line]:
    """Yield what the programs use and what they could not do."""
    for cost in traced.costs:
        fields = msgspec.structs.asdict(cost)
        yield {"traced": "cost", **{name: value for name, value in fields.items() if value is not None}}
    for why in traced.without:
        yield {"traced": "without", "why": why}
