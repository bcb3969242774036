"""tracefs: the kernel's tracepoints, their numbers, fields and names (Documentation/trace/events.rst).

Where tracefs is mounted it is read there. Where it is not, nothing is mounted on the machine: fsopen() and fsmount()
(Linux 5.2) give a mount that no mount table shows, reached by its descriptor only and gone with it. The path below
debugfs is used only where it is mounted already: merely looking at it would mount it (debugfs automount).
"""

import errno
import os
import re
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from brimful.kernel.syscall import syscall

# the same on every architecture but alpha (include/uapi/asm-generic/unistd.h)
FSOPEN = 430
FSCONFIG = 431
FSMOUNT = 432
FSOPEN_CLOEXEC = 1
FSCONFIG_CMD_CREATE = 6
FSMOUNT_CLOEXEC = 1

MOUNTS = "/proc/self/mountinfo"
FILE_SYSTEM = "tracefs"
_POINT = 4
"""The field of a line of mountinfo that is the mount point."""

_FIELD = re.compile(
    r"\tfield:(?P<type>[^;]*?)(?P<name>\w+)(?:\[[^\]]*\])?;\toffset:(?P<offset>\d+);\tsize:(?P<size>\d+);"
)
_SYMBOL = re.compile(r'\{\s*(0x[0-9a-fA-F]+|\d+)U?L*,\s*"([^"]*)"\s*\}')
_ESCAPE = re.compile(r"\\([0-7]{3})")


class TracingError(Exception):
    """tracefs cannot be read, or has no such tracepoint: one line. `errno` is why, where the kernel said."""

    def __init__(self, text: str, number: int = 0) -> None:
        super().__init__(f"{text}: {os.strerror(number)}" if number else text)
        self.errno = number


class Field(msgspec.Struct, frozen=True):
    """One field of a tracepoint's record: where it is in the record and how long, in bytes."""

    offset: int
    size: int


class Tracepoint(msgspec.Struct, frozen=True):
    """One tracepoint of the running kernel.

    `number` is what perf_event_open() takes. `fields` are those of the record, by name; their offsets differ between
    kernels. `symbols` are the names that its print format gives to numbers: of kfree_skb the reasons.
    """

    number: int
    fields: dict[str, Field]
    symbols: dict[int, str]

    def offset(self, name: str) -> int:
        """Return where a field is in the record; `TracingError` where this kernel has none of that name."""
        if name not in self.fields:
            raise TracingError(f"a tracepoint of this kernel has no field {name}")
        return self.fields[name].offset


class Tracing:
    """The tracepoints of this kernel; `TracingError` where tracefs cannot be had. Closed when no longer used."""

    def __init__(self) -> None:
        self._folder = _mounted()
        if self._folder is None:
            self._folder = _private()
        weakref.finalize(self, os.close, self._folder)

    def tracepoint(self, system: str, name: str) -> Tracepoint:
        """Return a tracepoint, such as `kfree_skb` of `skb`."""
        try:
            file = os.open(f"events/{system}/{name}/format", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder)
            with os.fdopen(file, "rb") as text:
                return tracepoint_of(text.read().decode("utf-8", "replace"))
        except OSError as error:
            if error.errno == errno.ENOENT:
                raise TracingError(f"this kernel has no tracepoint {system}:{name}") from error
            raise TracingError(f"tracepoint {system}:{name}", error.errno or errno.EIO) from error


def tracepoint_of(text: str) -> Tracepoint:
    """Return the tracepoint that a `format` file describes; `TracingError` where it gives no number."""
    number = re.search(r"^ID: (\d+)$", text, re.MULTILINE)
    if number is None:
        raise TracingError("the format of a tracepoint gives no ID")
    fields = {m["name"]: Field(int(m["offset"]), int(m["size"])) for m in _FIELD.finditer(text)}
    printed = text.partition("print fmt:")[2]
    return Tracepoint(int(number[1]), fields, {int(value, 0): name for value, name in _SYMBOL.findall(printed)})


def _mounted() -> int | None:
    """Return a descriptor of the folder where tracefs is mounted, None where it is not or cannot be entered."""
    for point in mount_points(_mountinfo()):
        with suppress(OSError), _opened(point) as folder:
            os.stat("events", dir_fd=folder)
            return os.dup(folder)
    return None


@contextmanager
def _opened(path: str) -> Iterator[int]:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


def _mountinfo() -> str:
    try:
        return Path(MOUNTS).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def mount_points(mountinfo: str) -> list[str]:
    """Return where tracefs is mounted, from the text of `/proc/self/mountinfo`."""
    points = []
    for line in mountinfo.splitlines():
        words, _, kind = line.partition(" - ")
        if kind.partition(" ")[0] == FILE_SYSTEM:
            points.append(_ESCAPE.sub(lambda match: chr(int(match[1], 8)), words.split(" ")[_POINT]))
    return points


def _private() -> int:
    """Return a descriptor of tracefs in a mount of our own that is attached nowhere."""
    context = None
    try:
        context = syscall(FSOPEN, FILE_SYSTEM.encode(), FSOPEN_CLOEXEC)
        syscall(FSCONFIG, context, FSCONFIG_CMD_CREATE, None, None, 0)
        return syscall(FSMOUNT, context, FSMOUNT_CLOEXEC, 0)
    except OSError as error:
        why = "this kernel has no tracefs" if error.errno == errno.ENODEV else "tracefs cannot be had"
        raise TracingError(why, error.errno or errno.EIO) from error
    finally:
        if context is not None:
            os.close(context)
