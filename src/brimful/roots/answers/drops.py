"""What the kernel was seen to drop, by reason and place: one JSON object a line, counted since the first was asked for.

`traced` tells what a line is: `since` (how long ago the answer before this one was given, or counting began), `cost`
(what the programs in the kernel use, and what escaped them), `without` (what is missing, and why), `drop` (packets of one
reason, code location, interface and protocol), `poll` (a device's polls, packets taken, polls that used up their budget),
`receive_queue_full` (packets and their truesize). `new` marks what was not in the answer before: it was 0 then.

`netns` stands where the interface is in another network namespace than the one that is read, `index` where its name is
not known. The programs are the machine's: one set serves the roots of all its namespaces, for as long as one of them lives.
"""

import os
import time
from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary, WeakValueDictionary

import msgspec

from brimful.kernel.bpf import BpfError
from brimful.kernel.drops import Drop, Drops, Poll, Traced
from brimful.kernel.tracing import TracingError
from brimful.roots import commands
from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import AS_ROOT, OWN_NAMESPACE, REFUSED, Doors

COMMAND = "brimful drops"
RIGHTS = f"{AS_ROOT}, or with CAP_BPF and CAP_PERFMON and with tracefs readable"

PROTOCOLS = {0x0800: "ip", 0x86DD: "ipv6", 0x0806: "arp", 0x8100: "vlan", 0x8847: "mpls", 0x8863: "pppoe"}
"""EtherTypes by the names that `tc` and `ip` give them; others are shown in hexadecimal."""

Line = dict[str, str | int]
Thing = tuple[str | int, ...]
"""What is counted, whatever it is called now: an interface may be renamed, or gone."""


class Reader:
    """The programs as one root sees them, with what it was told already; nothing where they are refused.

    What was counted before this root was there is none of its losses: inodes of namespaces are used again.
    """

    def __init__(self, counted: Drops | None, known: Iterable[Thing] = (), read_ns: int = 0) -> None:
        self.counted = counted
        self._read_ns = read_ns
        self._told = set(known)

    def fresh(self, lines: Iterable[tuple[Thing, Line]]) -> Iterator[Line]:
        """Yield lines, those of things that were not told before as new, after the time since then."""
        now = time.monotonic_ns()
        yield {"traced": "since", "age_ns": now - self._read_ns}
        self._read_ns = now
        for thing, line in lines:
            yield line if thing in self._told else {**line, "new": True}
            self._told.add(thing)


_READERS: "WeakKeyDictionary[Doors, Reader]" = WeakKeyDictionary()
_SHARED: "WeakValueDictionary[str, Drops]" = WeakValueDictionary()


@answer(COMMAND)
def drops(doors: Doors) -> Iterator[Document]:
    """Yield all counters; what a namespace of its own cannot have seen is left out of its answer."""
    try:
        reader = _READERS.get(doors) or _READERS.setdefault(doors, _reader(doors))
        traced = reader.counted.read() if reader.counted else None
    except BpfError as error:
        doors.see_not(COMMAND, str(error))
        return
    if traced is None:
        return
    names = {index: commands.shown(name) for index, name in doors.interfaces()}
    counters = told(traced, _namespace(doors), names, alone=bool(doors.namespace))
    lines = (*reader.fresh(counters), *costs(traced))
    yield doors.document(COMMAND, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def _reader(doors: Doors) -> Reader:
    """Attach the programs, or take those that are; where that is refused, it is not tried again."""
    shared = _SHARED.get(COMMAND)
    if shared:
        return Reader(shared, (thing for thing, _ in told(shared.read(), 0, {})), time.monotonic_ns())
    try:
        counted = _SHARED.setdefault(COMMAND, Drops())
    except (BpfError, TracingError) as error:
        doors.see_not("drops by reason", str(error), RIGHTS if error.errno in REFUSED else "")
        return Reader(None)
    return Reader(counted, (), counted.began_ns)


def _namespace(doors: Doors) -> int:
    """Return the inode of the network namespace that is read."""
    try:
        return os.stat(doors.namespace or OWN_NAMESPACE).st_ino  # noqa: PTH116 - each second
    except OSError:
        return 0


def told(traced: Traced, own: int, names: dict[int, str], *, alone: bool = False) -> Iterator[tuple[Thing, Line]]:
    """Yield what is counted; `names` are the interfaces of namespace `own`, with `alone` only what is its own."""
    for drop in traced.drops:
        if drop.netns == own or not alone:
            thing = drop.reason, drop.location, drop.interface, drop.netns, drop.protocol
            yield thing, _drop(drop, own, names)
    for poll in traced.polls:
        if poll.netns == own or not alone:
            yield (poll.device, poll.interface, poll.netns), _poll(poll, own)
    if traced.full and not alone:
        full = traced.full
        yield (), {"traced": "receive_queue_full", "packets": full.packets, "truesize": full.truesize}


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
