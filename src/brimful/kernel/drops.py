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
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from brimful.kernel import btf, drop_programs
from brimful.kernel.bpf import PERCPU_ARRAY, PERCPU_HASH, BpfError, PerCpu, Program, attach, measure
from brimful.kernel.btf import Btf, BtfError
from brimful.kernel.drop_programs import DROP_KEY, FULL_KEY, POLL_KEY, Offsets, offsets_of
from brimful.kernel.kallsyms import Kallsyms
from brimful.kernel.tracing import Tracepoint, Tracing, TracingError

ENTRIES = 4096
"""Different drops, and devices, that are told apart; what comes after them counts as lost."""

LICENCE = "GPL"
PREFIX = "SKB_DROP_REASON_"
SUBSYSTEM = f"{PREFIX}SUBSYS_"
SUBSYSTEM_BITS = 16

NO_DEVICE = "(no_device)"
"""What napi_poll calls a backlog (include/trace/events/napi.h)."""

Body = Callable[[Tracepoint, Offsets | None, int, int], bytes]
Rows = list[tuple[tuple[Any, ...], tuple[int, ...]]]
"""Keys in their parts, with the counters of each."""

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


class Full(msgspec.Struct, frozen=True):
    """Packets that found a receive queue full, and the memory they take (truesize, bytes)."""

    packets: int
    truesize: int


class Cost(msgspec.Struct, frozen=True):
    """What a program uses, and what escaped it.

    `entries` of `capacity` are in use; `lost` events found no room, `missed` ones came while another such program ran
    on that CPU (None: the kernel does not say). `runs` took `nanoseconds`, where that is measured.
    """

    tracepoint: str
    entries: int
    capacity: int
    lost: int
    missed: int | None
    runs: int
    nanoseconds: int


class Traced(msgspec.Struct, frozen=True):
    """All counters since the programs were attached. `without` says what is missing, and why."""

    drops: tuple[Drop, ...]
    polls: tuple[Poll, ...]
    full: Full | None
    costs: tuple[Cost, ...]
    without: tuple[str, ...]


class Counter:
    """One program that counts at one tracepoint, with its maps; all are gone when it is closed or no longer used."""

    def __init__(self, point: Tracepoint, name: str, key: str, words: int, body: Body, offsets: Offsets | None) -> None:  # noqa: PLR0913, PLR0917 - a program and the shape of its map
        self.name = name
        self._key = struct.Struct(key)
        self._map = PerCpu(PERCPU_HASH, self._key.size, words, ENTRIES, name)
        self._lost = PerCpu(PERCPU_ARRAY, 4, 1, 1, "lost")
        code = body(point, offsets, self._map.descriptor, self._lost.descriptor)
        self._program = Program(code, LICENCE, name)
        self._event = attach(self._program, point.number)

    def read(self) -> tuple[Rows, Cost]:
        """Return keys with their counters, and the cost so far."""
        rows = [(self._key.unpack(key), values) for key, values in self._map.counters()]
        run = self._program.run()
        (lost,) = self._lost.value(bytes(4)) or (0,)
        missed, runs, nanoseconds = (run.missed, run.count, run.nanoseconds) if run else (None, 0, 0)
        return rows, Cost(self.name, len(rows), ENTRIES, lost, missed, runs, nanoseconds)

    def close(self) -> None:
        """Detach and unload."""
        for handle in (self._event, self._program, self._map, self._lost):
            handle.close()


class Drops:
    """Counts from now until closed; `BpfError` or `TracingError` where the kernel does not let us.

    `began_ns` is when, on the monotonic clock. `measured`: have the kernel take the time of the programs (of all BPF programs of the machine), which itself costs.
    """

    def __init__(self, *, measured: bool = False) -> None:
        self._without: list[str] = []
        self._places: dict[int, str] = {}
        self._symbols = Kallsyms()
        self.began_ns = time.monotonic_ns()
        tracing = Tracing()
        point = tracing.tracepoint("skb", "kfree_skb")
        types = self._types()
        self._reasons = reasons_of(point, types)
        self._subsystems = subsystems_of(types)
        self._offsets = self._offsets_of(types)
        self._drops = self._counter(point, "kfree_skb", DROP_KEY, 1, drop_programs.drops)
        self._polls = self._optional(tracing, "napi", "napi_poll", POLL_KEY, 3, drop_programs.polls)
        self._full = self._optional(tracing, "sock", "sock_rcvqueue_full", FULL_KEY, 2, drop_programs.full)
        self._clock = measure() if measured else None

    def read(self) -> Traced:
        """Return all counters as they are now."""
        rows, cost = self._drops.read()
        polls, full = (counter.read() if counter else None for counter in (self._polls, self._full))
        return Traced(
            self._named(rows),
            tuple(Poll(_device(device), index, netns, *counts) for (device, index, netns), counts in polls[0])
            if polls
            else (),
            Full(*(full[0][0][1] if full[0] else (0, 0))) if full else None,
            (cost, *(part[1] for part in (polls, full) if part)),
            tuple(self._without),
        )

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

    def _counter(self, point: Tracepoint, name: str, key: str, words: int, body: Body) -> Counter:
        try:
            return Counter(point, name, key, words, body, self._offsets)
        except BpfError as error:
            if self._offsets is None or error.errno in _REFUSED:
                raise
            self._without.append(f"interfaces of {name}: {error}")
        return Counter(point, name, key, words, body, None)

    def _optional(self, tracing: Tracing, system: str, name: str, key: str, words: int, body: Body) -> Counter | None:  # noqa: PLR0913, PLR0917 - as of Counter
        try:
            return self._counter(tracing.tracepoint(system, name), name, key, words, body)
        except (BpfError, TracingError) as error:
            self._without.append(str(error))
            return None

    def _named(self, rows: Rows) -> tuple[Drop, ...]:
        """Return drops with their names; those that only a hidden address told apart are one."""
        unknown = {address for (address, *_), _ in rows} - self._places.keys()
        self._places |= dict.fromkeys(unknown, "") | self._symbols.resolve(unknown)
        total: dict[tuple[str, str, int, int, int], int] = {}
        for (address, reason, index, netns, protocol), (packets,) in rows:
            key = self._reason(reason), self._places[address], index, netns, protocol
            total[key] = total.get(key, 0) + packets
        return tuple(Drop(*key, packets) for key, packets in total.items())

    def _reason(self, number: int) -> str:
        if number in self._reasons:
            return self._reasons[number]
        subsystem, own = divmod(number, 1 << SUBSYSTEM_BITS)
        if subsystem in self._subsystems:
            return f"{self._subsystems[subsystem]}:{own}"
        return str(number) if number else ""


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


def _device(name: bytes) -> str:
    text = os.fsdecode(name.partition(b"\0")[0])
    return "" if text == NO_DEVICE else text
