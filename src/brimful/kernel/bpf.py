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
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from brimful.kernel.syscall import syscall

NUMBERS = {"x86_64": (321, 298), "aarch64": (280, 241)}
"""The numbers of bpf() and perf_event_open() by machine."""

MAP_CREATE = 0
MAP_LOOKUP = 1
MAP_NEXT_KEY = 4
PROG_LOAD = 5
OBJ_INFO = 15
ENABLE_STATS = 32

PERCPU_HASH = 5
PERCPU_ARRAY = 6
PROG_TRACEPOINT = 5

CALL_LOOKUP = 1
CALL_UPDATE = 2
CALL_READ_KERNEL = 113
CALL_READ_KERNEL_STR = 115

PERF_TRACEPOINT = 2
PERF_CLOEXEC = 8
SET_BPF = 0x40042408

LOG_BYTES = 1 << 16
MOST_CPUS = 8192
"""Room for one value of each CPU: more than any kernel is built for (NR_CPUS), so that it never writes past it."""

CPUS = "/sys/devices/system/cpu/possible"

_NAME = 15
_MAP = struct.Struct("=7I16s")
_ELEMENT = struct.Struct("=I4xQQQ")
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
        self._filled = possible_cpus() * words
        self._key = ctypes.create_string_buffer(key_bytes)
        self._next = ctypes.create_string_buffer(key_bytes)
        self._memory = mmap.mmap(-1, 8 * words * MOST_CPUS)
        self._values = ctypes.c_char.from_buffer(self._memory)
        attributes = _MAP.pack(kind, key_bytes, 8 * words, entries, 0, 0, 0, _named(name))
        super().__init__(_create(attributes))
        key, following = ctypes.addressof(self._key), ctypes.addressof(self._next)
        self._first = self._element(0, following)
        self._after = self._element(key, following)
        self._value = self._element(key, ctypes.addressof(self._values))

    def _element(self, key: int, target: int) -> "ctypes.Array[ctypes.c_char]":
        return ctypes.create_string_buffer(_ELEMENT.pack(self.descriptor, key, target, 0), _ELEMENT.size)

    def counters(self) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        """Yield each key with its counters, summed over all CPUs."""
        step = self._first
        for _ in range(self.entries):
            if not self._found(MAP_NEXT_KEY, step):
                return
            step = self._after
            key = self._next.raw
            values = self.value(key)
            if values is not None:
                yield key, values

    def value(self, key: bytes) -> tuple[int, ...] | None:
        """Return the counters of a key, summed over all CPUs; None when there is none."""
        self._key.raw = key
        if not self._found(MAP_LOOKUP, self._value):
            return None
        values = struct.unpack_from(f"={self._filled}Q", self._memory)
        return tuple(sum(values[word :: self._words]) for word in range(self._words))

    @staticmethod
    def _found(command: int, element: "ctypes.Array[ctypes.c_char]") -> bool:
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


def possible_cpus(path: str = CPUS) -> int:
    """Return how many CPUs the kernel keeps counters for: those that may ever come, not those online."""
    try:
        return cpus_of(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise BpfError(f"{path} does not say how many CPUs there may be") from error


def cpus_of(text: str) -> int:
    """Return how many CPUs a list such as `0-3,8` names."""
    ranges = [part.partition("-") for part in text.strip().split(",")]
    return sum(int(last or first) - int(first) + 1 for first, _, last in ranges)


def _named(name: str) -> bytes:
    return name.encode("ascii")[:_NAME]
