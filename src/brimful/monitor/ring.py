"""Numbered files `prefix_0`, `prefix_1` ... that are overwritten in turn, each written whole or not at all.

After a restart, or an end at any moment, the numbering goes on after the newest file. Which that is, the times inside the
files tell, and before them a sequence number that no step of the clock disturbs: neither names nor times of files do.
"""

import os
import re
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from brimful.evidence.moment import Moment

HEADS = ("timestamp_info", "brimful_recording")
"""The parts of a file, of either kind, that tell when it was written."""
PART = ".part"


class Stamp(msgspec.Struct, frozen=True):
    """When what a file holds began and ended, as `2017-04-26 20:14:41.559967` in UTC, and its place in the order."""

    start_datetime: str = ""
    end_datetime: str = ""
    sequence: int = 0

    def order(self) -> tuple[int, str]:
        """Return what newer files have more of."""
        return self.sequence, self.end_datetime or self.start_datetime


class Unwritten(Exception):
    """A file could not be written: one line that names it and why. What stood there before still does."""


class Ring:
    """The files of one prefix. `count` is how many there are at most, `most_bytes` what all may take together (0: any)."""

    def __init__(self, prefix: str, count: int, most_bytes: int = 0) -> None:
        path = Path(prefix)
        self._folder = path.parent
        self._name = path.name
        self._count = count
        self._most_bytes = most_bytes
        self._next: int | None = None
        self._sequence = 0

    def write(self, head: str, begin: Moment, end: Moment, parts: dict[str, msgspec.Raw], **more: int) -> Path:
        """Write the next file and return its path; `Unwritten` when it could not be: the number is then not used up.

        The part `head` tells when, with `more` in it.
        """
        if self._next is None:
            self._next = self._resume()
        stamp = Stamp(spoken(begin), spoken(end), self._sequence + 1)
        data = msgspec.json.encode({head: {**msgspec.to_builtins(stamp), **more}, **parts}) + b"\n"
        path = self._folder / f"{self._name}_{self._next}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room(path, len(data))
            _whole(path, data)
        except OSError as error:
            raise Unwritten(f"{path}: cannot be written: {error.strerror or error}") from error
        self._sequence += 1
        self._next = (self._next + 1) % self._count
        return path

    def _resume(self) -> int:
        """Return the number after that of the newest file; what an end in the midst of writing left behind is removed."""
        newest: tuple[tuple[int, str], int] | None = None
        for number, path in self._numbered():
            stamp = _stamp(path)
            if stamp is None:
                continue
            self._sequence = max(self._sequence, stamp.sequence)  # also of files beyond: there were more once
            if number < self._count and (newest is None or stamp.order() > newest[0]):
                newest = stamp.order(), number
        with suppress(OSError):
            for left in self._folder.glob(f".{_literal(self._name)}_*{PART}"):
                left.unlink()
        if newest is None:
            return 0
        return (newest[1] + 1) % self._count

    def _files(self) -> list[tuple[int, Path]]:
        """Return the files of the ring that there are, by number."""
        return [(number, path) for number, path in self._numbered() if number < self._count]

    def _numbered(self) -> list[tuple[int, Path]]:
        """Return all files of this prefix, by number: also those from when it had more."""
        name = re.compile(rf"{re.escape(self._name)}_(0|[1-9][0-9]{{0,8}})", re.ASCII)
        try:
            found = [(match, path) for path in self._folder.iterdir() if (match := name.fullmatch(path.name))]
        except OSError:
            return []
        return sorted((int(match[1]), path) for match, path in found)

    def _make_room(self, path: Path, size: int) -> None:
        """Remove the oldest files until this one fits into what all may take together."""
        if not self._most_bytes:
            return
        if size > self._most_bytes:
            raise OSError(f"it is {size:,} bytes long, and all of them may take {self._most_bytes:,}")
        others = [one for _, one in self._files() if one != path]
        sizes = {one: one.stat().st_size for one in others}
        taken = sum(sizes.values()) + size
        # the numbers after this one are the oldest
        number = {one: (found - (self._next or 0)) % self._count for found, one in self._files()}
        for one in sorted(others, key=number.__getitem__):
            if taken <= self._most_bytes:
                return
            one.unlink()
            taken -= sizes[one]


def spoken(at: Moment) -> str:
    """Return a time as the files and log lines of asic-monitor have it: `2017-04-26 20:14:41.559967`, in UTC."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at.ns // 1000)
    return when.strftime("%Y-%m-%d %H:%M:%S.%f")


def _whole(path: Path, data: bytes) -> None:
    """Write a file beside the one it replaces, and give it its name when all of it is on the disk."""
    file, beside = tempfile.mkstemp(PART, f".{path.name}_", path.parent)
    try:
        with os.fdopen(file, "wb") as part:
            part.write(data)
            part.flush()
            os.fchmod(file, 0o640)
            os.fsync(file)
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _stamp(path: Path) -> Stamp | None:
    """Return what a file says of its time; None when it is no whole file of this kind."""
    try:
        parts = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
        head = next((parts[name] for name in HEADS if name in parts), None)
        return None if head is None else msgspec.json.decode(head, type=Stamp)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _literal(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)
