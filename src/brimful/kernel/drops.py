"""What the kernel drops, by reason and place, counted in the kernel: BPF programs at three tracepoints.

- `skb:kfree_skb`: every packet freed as dropped, in all network namespaces, by reason, code address, interface and
  protocol. What a NIC loses in hardware never was a packet here. Reasons are there since Linux 5.17; their numbers
  change from kernel to kernel and are named from the running one.
- `napi:napi_poll`: how often each device was polled, what was taken, how often its budget was used up.
- `sock:sock_rcvqueue_full`: packets that found the receive queue of a socket full, and their truesize: raw, ping and
  the like (net/core/sock.c, __sock_queue_rcv_skb). UDP and TCP have their own ways and do not pass here.

The interface is not among the fields of kfree_skb: it is read through the packet, with offsets from BTF. Where the
packet's device was overwritten, as UDP does (net/ipv4/udp.c, udp_set_dev_scratch), it is the interface of arrival and
the namespace of the socket. The programs call functions that the kernel has for GPL programs only, and say they are.

Needs CAP_BPF and CAP_PERFMON, and the right to read tracefs: root has all three. Counters begin at 0 when attached.
"""

import errno
import os
import time
from contextlib import suppress
from functools import lru_cache, partial

import msgspec

from brimful.kernel import btf, drop_programs
from brimful.kernel.bpf import BpfError, measure
from brimful.kernel.btf import Btf, BtfError
from brimful.kernel.counter import Cost, Counter, Counting, Name, Thing
from brimful.kernel.drop_programs import DROP_KEY, FULL_KEY, POLL_KEY, Offsets, offsets_of
from brimful.kernel.kallsyms import Kallsyms
from brimful.kernel.tracing import Tracepoint, Tracing, TracingError

ENTRIES = 4096
"""Different drops, and devices, that are told apart at a time; what finds no room counts as lost."""
PREFIX = "SKB_DROP_REASON_"
SUBSYSTEM = f"{PREFIX}SUBSYS_"
SUBSYSTEM_BITS = 16

NO_DEVICE = "(no_device)"
"""What napi_poll calls a backlog (include/trace/events/napi.h)."""

_REFUSED = frozenset((errno.EPERM, errno.ENOSYS))
"""Nothing can be loaded, with interfaces or without."""


class Drop(msgspec.Struct, frozen=True):
    """Packets dropped for one reason at one place.

    `reason` is empty where the kernel gives none, `location` where it hides addresses. `interface` is an index in the
    network namespace `netns` (its inode): both 0 where unknown. `protocol` is an EtherType.
    """

    reason: str
    location: str
    interface: int
    netns: int
    protocol: int
    packets: int

    def none(self) -> "Drop":
        """Return the same before any was counted."""
        return msgspec.structs.replace(self, packets=0)


class Poll(msgspec.Struct, frozen=True):
    """Polls of one device; `exhausted` are those that used up their budget.

    Without BTF `interface` and `netns` are 0, and there is one for the backlogs of CPUs, whose `device` is empty.
    """

    device: str
    interface: int
    netns: int
    polls: int
    packets: int
    exhausted: int

    def none(self) -> "Poll":
        """Return the same before any was counted."""
        return msgspec.structs.replace(self, polls=0, packets=0, exhausted=0)


class Full(msgspec.Struct, frozen=True):
    """Packets that found a receive queue full, and the memory they take (truesize, bytes): None until there was one."""

    packets: int
    truesize: int

    def none(self) -> "Full":
        """Return the same before any was counted."""
        return Full(0, 0)


class Traced(msgspec.Struct, frozen=True):
    """All counters since the programs were attached, by what tells things apart. `without`: what is missing, and why.

    A thing that has not changed since it was read before is the same object.
    """

    drops: dict[Name, Drop]
    polls: dict[Name, Poll]
    full: Full | None
    costs: tuple[Cost, ...]
    without: tuple[str, ...]


class Names:
    """What numbers mean in the running kernel: code addresses, and reasons for drops."""

    def __init__(self, point: Tracepoint, types: Btf | None) -> None:
        self.reasons = reasons_of(point, types)
        self.subsystems = subsystems_of(types)
        symbols = Kallsyms()
        self.located = symbols.shown()
        self._place = lru_cache(maxsize=ENTRIES)(partial(_place, symbols))

    def drop(self, address: int, reason: int, *where: int) -> Name:
        """Return reason and location by name; those that only an unknown address tells apart have one name."""
        return self.reason(reason), self._place(address) if address else "", *where

    def reason(self, number: int) -> str:
        """Return the name of a reason, or that of its subsystem and its number there; empty where there is none."""
        if number in self.reasons:
            return self.reasons[number]
        subsystem, own = divmod(number, 1 << SUBSYSTEM_BITS)
        if subsystem in self.subsystems:
            return f"{self.subsystems[subsystem]}:{own}"
        return str(number) if number else ""


class Drops:
    """Counts from now until closed; `BpfError` or `TracingError` where the kernel does not let us.

    `began_ns` is when, on the monotonic clock. `entries` is how many drops, and devices, are told apart at a time.
    `measured`: have the kernel take the time of the programs (of all BPF programs of the machine), which itself costs.
    """

    def __init__(self, *, entries: int = ENTRIES, measured: bool = False) -> None:
        self._without: list[str] = []
        self.began_ns = time.monotonic_ns()
        tracing = Tracing()
        point = tracing.tracepoint("skb", "kfree_skb")
        types = self._types()
        names = Names(point, types)
        self._offsets = self._offsets_of(types)
        drops = drop_programs.drops if names.located else drop_programs.drops_anywhere
        self._drops = self._counter(point, Counting("kfree_skb", DROP_KEY, 1, entries, drops, names.drop, Drop))
        polls = Counting("napi_poll", POLL_KEY, 3, entries, drop_programs.polls, _poll, Poll)
        self._polls = self._optional(tracing, "napi", polls)
        full = Counting("sock_rcvqueue_full", FULL_KEY, 2, 1, drop_programs.full, _full, Full)
        self._full = self._optional(tracing, "sock", full)
        self._clock = measure() if measured else None

    def read(self) -> Traced:
        """Return all counters as they are now."""
        drops = self._drops.read()
        polls = self._polls.read() if self._polls else {}
        full = self._full.read().get(()) if self._full else None
        costs = tuple(part.cost() for part in (self._drops, self._polls, self._full) if part)
        return Traced(drops, polls, full, costs, tuple(self._without))

    def close(self) -> None:
        """Detach and unload all; more than once does nothing."""
        for part in (self._drops, self._polls, self._full, self._clock):
            if part:
                part.close()

    def _types(self) -> Btf | None:
        try:
            return btf.kernel()
        except BtfError as error:
            self._without.append(f"interfaces of drops: {error}")
            return None

    def _offsets_of(self, types: Btf | None) -> Offsets | None:
        try:
            return offsets_of(types) if types else None
        except BtfError as error:
            self._without.append(f"interfaces of drops: {error}")
            return None

    def _counter(self, point: Tracepoint, counting: Counting[Thing]) -> Counter[Thing]:
        try:
            return Counter(point, counting, self._offsets)
        except BpfError as error:
            if self._offsets is None or error.errno in _REFUSED:
                raise
            self._without.append(f"interfaces of {counting.name}: {error}")
        return Counter(point, counting, None)

    def _optional(self, tracing: Tracing, system: str, counting: Counting[Thing]) -> Counter[Thing] | None:
        try:
            return self._counter(tracing.tracepoint(system, counting.name), counting)
        except (BpfError, TracingError) as error:
            self._without.append(str(error))
            return None


def reasons_of(point: Tracepoint, types: Btf | None) -> dict[int, str]:
    """Return the names of drop reasons: those kfree_skb prints, or where it prints none those of BTF."""
    found = dict(point.symbols)
    if not found and types:
        with suppress(BtfError):
            found = _numbered(types.enum("skb_drop_reason"), PREFIX)
    return found


def subsystems_of(types: Btf | None) -> dict[int, str]:
    """Return the names of the subsystems that have reasons of their own (Linux 6.4), without the core."""
    if types:
        with suppress(BtfError):
            found = _numbered(types.enum("skb_drop_reason_subsys"), SUBSYSTEM)
            return {number: name for number, name in found.items() if number and name != "NUM"}
    return {}


def _numbered(names: dict[str, int], prefix: str) -> dict[int, str]:
    return {number: name.removeprefix(prefix) for name, number in names.items() if name.startswith(prefix)}


def _place(symbols: Kallsyms, address: int) -> str:
    return symbols.resolve((address,)).get(address, "")


def _poll(device: bytes, *where: int) -> Name:
    text = os.fsdecode(device.partition(b"\0")[0])
    return "" if text == NO_DEVICE else text, *where


def _full(_: int) -> Name:
    return ()
