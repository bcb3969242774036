"""One program that counts things at one tracepoint, with the map it counts in.

When three quarters of the map are in use, the keys that have not changed for longest are given back, until half of it is
free. What they have counted is remembered for as long as no more than that many things are known, and goes on when they
come again.
"""

import struct
from collections.abc import Callable
from itertools import islice
from operator import add, sub
from typing import Generic, TypeVar

import msgspec

from brimful.kernel.bpf import PERCPU_ARRAY, PERCPU_HASH, PerCpu, Program, attach
from brimful.kernel.drop_programs import Offsets
from brimful.kernel.tracing import Tracepoint

LICENCE = "GPL"

Body = Callable[[Tracepoint, Offsets | None, int, int], bytes]
Name = tuple[str | int, ...]
Thing = TypeVar("Thing")


class Cost(msgspec.Struct, frozen=True):
    """What a program uses, and what escaped it.

    `entries` of `capacity` are in use, `given_back` were; `lost` events found no room, `missed` ones came while another
    such program ran on that CPU (None: the kernel does not say). `runs` took `nanoseconds`, where that is measured.
    """

    tracepoint: str
    entries: int
    capacity: int
    given_back: int
    lost: int
    missed: int | None
    runs: int
    nanoseconds: int


class Counting(msgspec.Struct, Generic[Thing]):
    """What is counted: by keys of the form `key`, `words` counters each, of at most `entries` keys.

    `named` makes a name of a key's parts; keys of one name are one thing. `thing` takes the parts of a name, then the
    counters.
    """

    name: str
    key: str
    words: int
    entries: int
    body: Body
    named: Callable[..., Name]
    thing: Callable[..., Thing]


class Counter(Generic[Thing]):
    """A program and its maps: all are gone when it is closed or no longer used."""

    def __init__(self, point: Tracepoint, counting: Counting[Thing], offsets: Offsets | None) -> None:
        self.name = counting.name
        self._counting = counting
        self._key = struct.Struct(counting.key)
        self._map = PerCpu(PERCPU_HASH, self._key.size, counting.words, counting.entries, self.name)
        self._lost = PerCpu(PERCPU_ARRAY, 4, 1, 1, "lost")
        code = counting.body(point, offsets, self._map.descriptor, self._lost.descriptor)
        self._program = Program(code, LICENCE, self.name)
        self._event = attach(self._program, point.number)
        self._full, self._kept = 3 * counting.entries // 4, (counting.entries + 1) // 2
        self._given_back = 0
        self._values: dict[bytes, bytes] = {}  # of each key in the map, that which changed last at the end
        self._names: dict[bytes, Name] = {}
        self._totals: dict[Name, tuple[int, ...]] = {}  # of each thing, in the same order
        self._things: dict[Name, Thing] = {}

    def read(self) -> dict[Name, Thing]:
        """Return all things as they are now: the same object as before for each that has not changed."""
        for key, value in self._map.elements():
            before = self._values.get(key)
            if before != value:
                self._advance(key, before, value)
        self._make_room()
        return self._things.copy()

    def _advance(self, key: bytes, before: bytes | None, value: bytes) -> None:
        """Add what a key has counted since it was read before to what was counted under its name."""
        if before is None:
            self._names[key] = self._counting.named(*self._key.unpack(key))
        else:
            del self._values[key]
        self._values[key] = value
        counts = self._map.summed(value)
        if before is not None:
            counts = tuple(map(sub, counts, self._map.summed(before)))
        name = self._names[key]
        if name in self._totals:
            counts = tuple(map(add, counts, self._totals.pop(name)))
        self._totals[name] = counts
        self._things[name] = self._counting.thing(*name, *counts)

    def _make_room(self) -> None:
        in_use = len(self._values)
        if in_use <= self._full:
            return
        for key in list(islice(self._values, in_use - self._kept)):
            before = self._values[key]
            last = self._map.take(key)
            if last is not None and last != before:
                self._advance(key, before, last)
            del self._values[key], self._names[key]
            self._given_back += 1
        self._forget()

    def _forget(self) -> None:
        """Forget things without a key that have not changed for longest, until no more are known than keys may be."""
        alive = set(self._names.values())
        gone = [name for name in self._totals if name not in alive]
        for name in gone[: max(len(self._totals) - self._full, 0)]:
            del self._totals[name], self._things[name]

    def cost(self) -> Cost:
        """Return what counting has cost so far."""
        run = self._program.run()
        (lost,) = self._lost.value(bytes(4)) or (0,)
        missed, runs, nanoseconds = (run.missed, run.count, run.nanoseconds) if run else (None, 0, 0)
        in_use, given_back = len(self._values), self._given_back
        return Cost(self.name, in_use, self._counting.entries, given_back, lost, missed, runs, nanoseconds)

    def close(self) -> None:
        """Detach and unload."""
        for handle in (self._event, self._program, self._map, self._lost):
            handle.close()
