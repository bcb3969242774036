"""The numbers of all queueing disciplines, read each second: `brimful.kernel.qdisc` without what does not change."""

import struct
from array import array

import msgspec

from brimful.kernel.netlink import TYPE_MASK, Netlink, attributes
from brimful.kernel.qdisc import (
    REQUEST,
    RTM_GETQDISC,
    RTM_NEWQDISC,
    TCA_KIND,
    TCA_OPTIONS,
    TCA_STATS2,
    TCA_STATS_BASIC,
    TCA_STATS_PKT64,
    TCA_STATS_QUEUE,
    Qdisc,
    qdisc_of,
)

COUNTING = frozenset(("htb",))
"""Kinds with a counter among their options."""

_MESSAGE = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_TCMSG_BYTES = 20
_LENGTH_AND_TYPE = 6
"""Bytes of a message's header that are the same each time; its sequence number is not."""


class _Plan(msgspec.Struct, frozen=True):
    """Where things stand in one datagram: what must be as it was, and the numbers."""

    size: int
    fixed: struct.Struct
    values: tuple[bytes, ...]
    numbers: struct.Struct
    identities: tuple[Qdisc, ...]


class QdiscSweep:
    """Reads the numbers of all disciplines, again and again, as fast as one process can.

    A datagram of the kernel looks each time as it looked before, but for its numbers. So it is taken apart once; then
    all that is fixed in it is compared in one step and all numbers are taken in another. For one thread at a time.
    """

    def __init__(self) -> None:
        self._plans: dict[int, _Plan] = {}
        self.identities: tuple[Qdisc, ...] = ()
        """The disciplines, as they were when they were last taken apart; the same object as long as nothing changed."""

    def read(self, route: Netlink) -> "array[int] | None":
        """Return `len(NUMBERS)` numbers for each of `identities`, which this brings up to date.

        None where the list changed while it was read, or does not look as expected: then `qdiscs` tells.
        """
        datagrams = route.datagrams(RTM_GETQDISC, REQUEST)
        if datagrams is None:
            return None
        numbers = array("Q")
        plans: dict[int, _Plan] = {}
        changed = len(datagrams) != len(self._plans)
        for index, data in enumerate(datagrams):
            plan = self._plans.get(index)
            if plan is None or plan.size != len(data) or plan.fixed.unpack(data) != plan.values:
                plan = _plan(data)
                if plan is None:
                    return None
                changed = True
            plans[index] = plan
            numbers.extend(plan.numbers.unpack(data))
        if changed:  # only now: plans that are kept belong to the identities
            self._plans = plans
            self.identities = tuple(one for plan in self._plans.values() for one in plan.identities)
        return numbers


def _plan(data: bytes) -> _Plan | None:
    """Take one datagram apart; None where an entry does not have the numbers of `NUMBERS` in their usual order."""
    fixed, numbers = _Format(), _Format()
    identities: list[Qdisc] = []
    offset = 0
    while offset + _MESSAGE.size <= len(data):
        length, kind, _, _, _ = _MESSAGE.unpack_from(data, offset)
        if kind != RTM_NEWQDISC or not _MESSAGE.size <= length <= len(data) - offset:
            return None
        body = offset + _MESSAGE.size
        identities.append(qdisc_of(data[body : offset + length]))
        fixed.take(offset, _LENGTH_AND_TYPE)
        fixed.take(body, _TCMSG_BYTES)
        settled = TCA_KIND, *(() if identities[-1].kind in COUNTING else (TCA_OPTIONS,))
        if not _entry(data[: offset + length], body + _TCMSG_BYTES, fixed, numbers, settled):
            return None
        offset += (length + 3) & ~3
    steady = fixed.struct(len(data))
    return _Plan(len(data), steady, steady.unpack(data), numbers.struct(len(data)), tuple(identities))


def _entry(data: bytes, offset: int, fixed: "_Format", numbers: "_Format", settled: tuple[int, ...]) -> bool:
    """Note where the parts of an entry are that ends with the data; whether it has all numbers.

    Attributes of `settled` must be as they were.
    """
    end = len(data)
    whole = False
    while offset + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        kind &= TYPE_MASK
        fixed.take(offset, length if kind in settled else _ATTRIBUTE.size)
        if kind == TCA_STATS2:
            whole = _statistics(data, offset + _ATTRIBUTE.size, offset + length, fixed, numbers)
        offset += max((length + 3) & ~3, _ATTRIBUTE.size)
    return whole


def _statistics(data: bytes, offset: int, end: int, fixed: "_Format", numbers: "_Format") -> bool:
    wide = TCA_STATS_PKT64 in attributes(data[offset:end])
    seen = []
    while offset + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        fixed.take(offset, _ATTRIBUTE.size)
        wanted = {TCA_STATS_BASIC: "Q" if wide else "QI", TCA_STATS_PKT64: "Q", TCA_STATS_QUEUE: "5I"}.get(kind)
        if wanted:
            numbers.add(offset + _ATTRIBUTE.size, wanted)
            seen.append(kind)
        offset += max((length + 3) & ~3, _ATTRIBUTE.size)
    return seen == [TCA_STATS_BASIC, *([TCA_STATS_PKT64] if wide else []), TCA_STATS_QUEUE]


class _Format:
    """The format of a structure in the making: parts in rising order, and what lies between them is passed over."""

    def __init__(self) -> None:
        self._parts = ["="]
        self._end = 0
        self._open = 0

    def take(self, offset: int, size: int) -> None:
        """Add bytes; those that follow on the bytes before become one part with them."""
        if self._open and offset == self._end:
            self._open += size
            self._parts[-1] = f"{self._open}s"
        else:
            self._parts += [f"{offset - self._end}x", f"{size}s"]
            self._open = size
        self._end = offset + size

    def add(self, offset: int, form: str) -> None:
        """Add numbers."""
        self._parts += [f"{offset - self._end}x", form]
        self._end = offset + struct.calcsize(f"={form}")

    def struct(self, size: int) -> struct.Struct:
        """Close it."""
        return struct.Struct("".join([*self._parts, f"{size - self._end}x"]))
