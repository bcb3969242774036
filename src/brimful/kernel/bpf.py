"""BPF without a compiler or libbpf: maps, programs from named instructions, attached to tracepoints.

Sources: include/uapi/linux/bpf.h, perf_event.h; Documentation/bpf/standardization/instruction-set.rst. Only for 64-bit
little-endian processors whose system call numbers are known here. What is loaded is gone when its object is: the kernel
drops a program with its last descriptor.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import resource
import struct
import weakref
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from brimful.kernel.syscall import syscall

NUMBERS = {"x86_64": (321, 298), "aarch64": (280, 241)}
"""The numbers of bpf() and perf_event_open() by machine."""

MAP_CREATE = 0
MAP_LOOKUP = 1
MAP_UPDATE = 2
MAP_DELETE = 3
MAP_NEXT_KEY = 4
MAP_TAKE_BATCH = 25
PROG_LOAD = 5
OBJ_INFO = 15
MAP_TAKE = 21
MAP_LOOKUP_BATCH = 24
ENABLE_STATS = 32

HASH = 1
ARRAY = 2
QUEUE = 22
MAPPABLE = 1 << 10
"""A map of an array whose memory a process may have in its own (Linux 5.5)."""

PERCPU_HASH = 5
PERCPU_ARRAY = 6
PROG_TRACEPOINT = 5

CALL_LOOKUP = 1
CALL_UPDATE = 2
CALL_DELETE = 3
CALL_NOW = 5
CALL_PUSH = 87
CALL_POP = 88
CALL_READ_KERNEL = 113
CALL_READ_KERNEL_STR = 115

PERF_TRACEPOINT = 2
PERF_CLOEXEC = 8
SET_BPF = 0x40042408

LOG_BYTES = 1 << 16
MOST_CPUS = 8192
"""Room for one value of each CPU: more than any kernel is built for (NR_CPUS), so that it never writes past it."""
UNWRITTEN = b"\xff"

FIRST_BATCH = 256
"""Entries that are asked for at once, to begin with."""

_ENOTSUPP = 524
"""What the kernel says where a kind of map has no such command (include/linux/errno.h)."""
_UNKNOWN = frozenset((errno.EINVAL, errno.EOPNOTSUPP, _ENOTSUPP))

_NAME = 15
_MAP = struct.Struct("=7I16s")
_ELEMENT = struct.Struct("=I4xQQQ")
_BATCH = struct.Struct("=QQQQIIQQ")
_BATCH_COUNT = 4
_BATCH_MARK = 4
_PROGRAM = struct.Struct("=IIQQIIQII16s")
_PERF = struct.Struct("=IIQQQQQIIQ")
_INFO = struct.Struct("=IIQ")
_INFO_BYTES = 256
_RUN_AT = 192
_RUN = struct.Struct("=QQQ")


class BpfError(Exception):
    """The kernel refused: one line. `errno` is why, `log` the verifier's words where it was the one that refused."""

    def __init__(self, text: str, number: int = 0, log: str = "") -> None:
        words = [text] + ([os.strerror(number)] if number else []) + log.strip().splitlines()[-2:-1]
        super().__init__(": ".join(words))
        self.errno = number
        self.log = log


class Run(msgspec.Struct, frozen=True):
    """What a program has cost: runs and their nanoseconds (0 where statistics are off), and events it was kept from.

    The kernel runs one such program at a time on a CPU: an event that interrupts another's program is missed.
    """

    count: int
    nanoseconds: int
    missed: int


class Handle:
    """A descriptor that is closed with its object."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._close = weakref.finalize(self, os.close, descriptor)

    def close(self) -> None:
        """Close it now; more than once does nothing."""
        self._close()


@lru_cache(maxsize=1)
def _own_numbers() -> tuple[int, int]:
    return numbers(os.uname().machine, struct.calcsize("P"))


def numbers(machine: str, pointer_bytes: int) -> tuple[int, int]:
    """Return the numbers of bpf() and perf_event_open(); `BpfError` for a processor that is not known here."""
    if machine not in NUMBERS or pointer_bytes != 8:  # noqa: PLR2004 - bytes of a 64-bit pointer
        raise BpfError(f"BPF on {machine} with {pointer_bytes * 8}-bit programs is not supported")
    return NUMBERS[machine]


def bpf(command: int, attributes: "bytes | ctypes.Array[ctypes.c_char]", what: str) -> int:
    """Have the kernel do one BPF command; `BpfError` that begins with `what` when it refuses.

    What the kernel answers in the attributes is written into an array, not into bytes.
    """
    number, _ = _own_numbers()
    size = len(attributes)
    array = ctypes.create_string_buffer(attributes, size) if isinstance(attributes, bytes) else attributes
    try:
        return syscall(number, command, ctypes.addressof(array), size)
    except OSError as error:
        code = error.errno or errno.EIO
        raise BpfError("this kernel has no BPF" if code == errno.ENOSYS else what, code) from error


class PerCpu(Handle):
    """A map whose values are `words` 64-bit counters for each CPU: no CPU waits for another to count."""

    def __init__(self, kind: int, key_bytes: int, words: int, entries: int, name: str = "") -> None:
        self.entries = entries
        self._words = words
        self._value = struct.Struct(f"={possible_cpus() * words}Q")
        self._one = _Room(1, key_bytes, self._value.size)
        self._batch = _Room(min(entries, FIRST_BATCH), key_bytes, self._value.size)
        self._batches = self._takes = True
        attributes = _MAP.pack(kind, key_bytes, 8 * words, entries, 0, 0, 0, _named(name))
        super().__init__(_create(attributes))

    def counters(self) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        """Yield each key with its counters, summed over all CPUs."""
        return ((key, self.summed(value)) for key, value in self.elements())

    def summed(self, value: bytes) -> tuple[int, ...]:
        """Return the counters of a value, summed over all CPUs."""
        values = self._value.unpack(value)
        return tuple(sum(values[word :: self._words]) for word in range(self._words))

    def elements(self) -> Iterable[tuple[bytes, bytes]]:
        """Return each key with its value as the kernel holds it, one CPU after the other.

        Many at once from Linux 5.6 on. Equal values are equal counters, so that nothing need be summed to see a change.
        """
        if self._batches:
            try:
                return self._at_once()
            except BpfError as error:
                if error.errno not in _UNKNOWN:
                    raise
                self._batches = False
        return self._one_by_one()

    def _at_once(self) -> list[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        mark = ctypes.create_string_buffer(max(_BATCH_MARK, self._one.key_bytes))
        begin = 0
        while True:
            room = self._batch
            asked = _BATCH.pack(begin, ctypes.addressof(mark), *room.addresses, room.count, self.descriptor, 0, 0)
            attributes = ctypes.create_string_buffer(asked, len(asked))
            more = self._some(attributes)
            found += room.elements(_BATCH.unpack_from(attributes)[_BATCH_COUNT])
            if not more:
                return found
            begin = ctypes.addressof(mark)
            self._batch = _Room(min(2 * room.count, self.entries), room.key_bytes, self._value.size)

    @staticmethod
    def _some(attributes: "ctypes.Array[ctypes.c_char]") -> bool:
        """Read some elements; whether there may be more: room was short of all of them, or of those of one bucket."""
        try:
            bpf(MAP_LOOKUP_BATCH, attributes, "reading a BPF map")
        except BpfError as error:
            if error.errno not in {errno.ENOENT, errno.ENOSPC}:
                raise
            return error.errno == errno.ENOSPC
        return True

    def _one_by_one(self) -> Iterator[tuple[bytes, bytes]]:
        following = ctypes.create_string_buffer(self._one.key_bytes)
        begin = 0
        for _ in range(self.entries):
            if not self._found(MAP_NEXT_KEY, begin, ctypes.addressof(following)):
                return
            key = following.raw
            value = self._element(MAP_LOOKUP, key)
            if value is not None:
                yield key, value
            self._one.keys[:] = key
            begin = self._one.addresses[0]

    def value(self, key: bytes) -> tuple[int, ...] | None:
        """Return the counters of a key, summed over all CPUs; None when there is none."""
        value = self._element(MAP_LOOKUP, key)
        return None if value is None else self.summed(value)

    def take(self, key: bytes) -> bytes | None:
        """Remove a key and return its value, one CPU after the other; None when there is none.

        Both at once from Linux 5.14 on; before, what is counted between the two is lost. So is, on any kernel, what a
        program adds that had found the key just before.
        """
        if self._takes:
            try:
                return self._element(MAP_TAKE, key)
            except BpfError as error:
                if error.errno not in _UNKNOWN:
                    raise
                self._takes = False
        value = self._element(MAP_LOOKUP, key)
        self._found(MAP_DELETE, self._one.addresses[0], 0)
        return value

    def _element(self, command: int, key: bytes) -> bytes | None:
        self._one.keys[:] = key
        return self._one.values[:] if self._found(command, *self._one.addresses) else None

    def _found(self, command: int, key: int, target: int) -> bool:
        return _there(command, _ELEMENT.pack(self.descriptor, key, target, 0))


class _Room:
    """Memory that the kernel writes keys and values to."""

    def __init__(self, count: int, key_bytes: int, value_bytes: int) -> None:
        self.count = count
        self.key_bytes = key_bytes
        self._value_bytes = value_bytes
        self.keys = mmap.mmap(-1, max(count, 1) * key_bytes)
        self.values = mmap.mmap(-1, max(count, 1) * value_bytes)
        self.addresses = _address(self.keys), _address(self.values)

    def elements(self, count: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield the first keys with their values."""
        keys, values = self.keys[: count * self.key_bytes], self.values[: count * self._value_bytes]
        ends = range(self._value_bytes, len(values) + 1, self._value_bytes)
        for (key,), end in zip(struct.iter_unpack(f"{self.key_bytes}s", keys), ends, strict=True):
            yield key, values[end - self._value_bytes : end]


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


@lru_cache(maxsize=1)
def possible_cpus() -> int:
    """Return how many CPUs the kernel keeps counters for: those that may ever come, not those online.

    It is seen from what the kernel writes, for it writes as much whatever files say.
    """
    memory = mmap.mmap(-1, 8 * MOST_CPUS + 1)
    memory[:] = UNWRITTEN * len(memory)
    zero = bytes(4)
    key = ctypes.create_string_buffer(zero, len(zero))
    counters = Handle(_create(_MAP.pack(PERCPU_ARRAY, len(zero), 8, 1, 0, 0, 0, b"")))
    attributes = _ELEMENT.pack(counters.descriptor, ctypes.addressof(key), _address(memory), 0)
    bpf(MAP_LOOKUP, attributes, "reading a BPF map")
    counters.close()
    return memory.find(UNWRITTEN) // 8


class Map(Handle):
    """A map with one value for all CPUs, in bytes."""

    def __init__(  # noqa: PLR0913, PLR0917 - the shape of a map
        self, kind: int, key_bytes: int, value_bytes: int, entries: int, flags: int = 0, name: str = ""
    ) -> None:
        self._sizes = key_bytes, value_bytes
        self._entries = entries
        super().__init__(_create(_MAP.pack(kind, key_bytes, value_bytes, entries, flags, 0, 0, _named(name))))

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key; in a queue, which has no keys, add it at the end."""
        held, given = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(value, len(value))
        where = ctypes.addressof(held) if key else 0
        bpf(MAP_UPDATE, _ELEMENT.pack(self.descriptor, where, ctypes.addressof(given), 0), "writing a BPF map")

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, None when there is none."""
        held, given = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(self._sizes[1])
        asked = _ELEMENT.pack(self.descriptor, ctypes.addressof(held), ctypes.addressof(given), 0)
        return given.raw if _there(MAP_LOOKUP, asked) else None

    def delete(self, key: bytes) -> bool:
        """Remove a key; whether it was there."""
        held = ctypes.create_string_buffer(key, len(key))
        return _there(MAP_DELETE, _ELEMENT.pack(self.descriptor, ctypes.addressof(held), 0, 0))

    def clear(self) -> None:
        """Remove all there is (Linux 5.6)."""
        keys, values = (ctypes.create_string_buffer(self._entries * size) for size in self._sizes)
        mark = ctypes.create_string_buffer(_BATCH_MARK)
        asked = _BATCH.pack(0, *map(ctypes.addressof, (mark, keys, values)), self._entries, self.descriptor, 0, 0)
        _there(MAP_TAKE_BATCH, asked)


def _there(command: int, element: bytes) -> bool:
    try:
        bpf(command, element, "reading a BPF map")
    except BpfError as error:
        if error.errno == errno.ENOENT:
            return False
        raise
    return True


def _create(attributes: bytes) -> int:
    what = "creating a BPF map"
    try:
        return bpf(MAP_CREATE, attributes, what)
    except BpfError as error:
        # before Linux 5.11 maps count as locked memory, of which a process may have 64 KiB
        if error.errno != errno.EPERM or not _unlock_memory():
            raise
    return bpf(MAP_CREATE, attributes, what)


def _unlock_memory() -> bool:
    """Lift this process's own limit of locked memory; whether it was allowed and did any good."""
    everything = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    if resource.getrlimit(resource.RLIMIT_MEMLOCK) == everything:
        return False
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, everything)
    except (OSError, ValueError):
        return False
    return True


class Program(Handle):
    """A loaded tracepoint program; `BpfError` with the verifier's words when it does not load."""

    def __init__(self, instructions: bytes, licence: str, name: str = "") -> None:
        self._code = ctypes.create_string_buffer(instructions, len(instructions))
        self._licence = ctypes.create_string_buffer(licence.encode())
        self._name = _named(name)
        try:
            descriptor = self._load(None)
        except BpfError as error:
            if error.errno == errno.EPERM:  # refused before it was looked at
                raise
            descriptor = self._load_with_log()
        super().__init__(descriptor)

    def _load(self, log: "ctypes.Array[ctypes.c_char] | None") -> int:
        code, licence = ctypes.addressof(self._code), ctypes.addressof(self._licence)
        words = (1, len(log), ctypes.addressof(log)) if log is not None else (0, 0, 0)
        attributes = _PROGRAM.pack(PROG_TRACEPOINT, len(self._code) // 8, code, licence, *words, 0, 0, self._name)
        return bpf(PROG_LOAD, attributes, "loading a BPF program")

    def _load_with_log(self) -> int:
        log = ctypes.create_string_buffer(LOG_BYTES)
        try:
            return self._load(log)
        except BpfError as error:
            raise BpfError("loading a BPF program", error.errno, log.value.decode("utf-8", "replace")) from error

    def run(self) -> Run | None:
        """Return what it has cost, None where the kernel does not say (before Linux 5.12)."""
        info = ctypes.create_string_buffer(_INFO_BYTES)
        asked = _INFO.pack(self.descriptor, _INFO_BYTES, ctypes.addressof(info))
        attributes = ctypes.create_string_buffer(asked, len(asked))
        bpf(OBJ_INFO, attributes, "what a BPF program has cost")
        if _INFO.unpack_from(attributes)[1] < _RUN_AT + _RUN.size:
            return None
        nanoseconds, count, missed = _RUN.unpack_from(info, _RUN_AT)
        return Run(count, nanoseconds, missed)


def measure() -> Handle:
    """Have the kernel take the time of all BPF programs until the handle is closed (Linux 5.8): that itself costs."""
    return Handle(bpf(ENABLE_STATS, struct.pack("=I", 0), "timing BPF programs"))


def attach(program: Program, tracepoint: int) -> Handle:
    """Run a program at a tracepoint, on all CPUs, until the handle is closed.

    The perf event is opened on one CPU, but programs hang on the tracepoint itself (kernel/trace/bpf_trace.c).
    """
    _, number = _own_numbers()
    attributes = _PERF.pack(PERF_TRACEPOINT, _PERF.size, tracepoint, 1, 0, 0, 0, 0, 0, 0)
    try:
        event = Handle(syscall(number, attributes, -1, _online_cpu(), -1, PERF_CLOEXEC))
        fcntl.ioctl(event.descriptor, SET_BPF, program.descriptor)
    except OSError as error:
        raise BpfError("attaching to a tracepoint", error.errno or errno.EIO) from error
    return event


def _online_cpu() -> int:
    return min(os.sched_getaffinity(0))


def _named(name: str) -> bytes:
    return name.encode("ascii")[:_NAME]
