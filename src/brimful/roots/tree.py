"""A read-only tree of files, from a folder or an archive; links are followed inside the tree and nowhere else."""

import io
import mmap
import os
import posixpath
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from brimful.evidence.origin import Blind
from brimful.roots.base import Unusable
from brimful.roots.compressed import BOUNDS, GIB, MIB, Bounds, Unpacked, method
from brimful.roots.encoding import plain

HOPS = 40
"""Links followed for one path, as the kernel's MAXSYMLINKS."""
DEEPEST = 64
MOST_FILES = 400_000
MAP_FROM = MIB
LONGEST_LINK = 255

Data = bytes | mmap.mmap


class Stored:
    """A file whose bytes are in memory."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self.size = len(data)

    def raw(self, limit: int) -> Data:
        """Return the bytes; at least the first `limit`."""
        return self._data if len(self._data) <= limit else self._data[:limit]


class OnDisk:
    """A file of the file system: opened when read, never followed if it has become a link."""

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self.size = size

    def raw(self, limit: int) -> Data:
        """Return the first `limit` bytes, mapped when there are many; `OSError` when it cannot be read."""
        # O_NONBLOCK: a file of /proc or a FIFO that took the place of a file must not make us wait
        handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb", buffering=0) as file:
            size = min(os.fstat(handle).st_size, limit)
            if size > MAP_FROM:
                return mmap.mmap(handle, size, access=mmap.ACCESS_READ)
            return _read(file, limit)


def _read(file: BinaryIO | io.FileIO, limit: int) -> bytes:
    """Read until the end or the limit: the size that /proc reports is 0."""
    parts: list[bytes] = []
    left = limit
    while left and (part := file.read(min(left, MIB))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


File = Stored | OnDisk


class Tree:
    """Files by their path from the top, with `/` between the parts; links beside them.

    `path` is what a person gave to reach it, `separator` what stands between that and a file's path.
    """

    def __init__(self, path: str, separator: str = "/", bounds: Bounds = BOUNDS) -> None:
        self.path = path
        self.separator = separator
        self.files: dict[str, File] = {}
        self.links: dict[str, str] = {}
        self.blind: list[Blind] = []
        self._children: dict[str, dict[str, None]] = {"": {}}
        self._bounds = bounds
        self._unpacked: dict[str, Data] = {}

    def add(self, path: str, file: File) -> None:
        """Put in a file; one that is put in again replaces the first, as in an archive."""
        self.files[path] = file
        self._enter(path)

    def link(self, path: str, target: str) -> None:
        """Put in a symbolic link."""
        self.links[path] = target
        self._enter(path)

    def _enter(self, path: str) -> None:
        while path:
            folder, _, base = path.rpartition("/")
            known = folder in self._children
            self._children.setdefault(folder, {})[base] = None
            if known:
                return
            path = folder

    def children(self, folder: str) -> Iterator[str]:
        """Yield the names of what a folder holds, in order."""
        yield from sorted(self._children.get(folder, ()))

    def is_folder(self, path: str) -> bool:
        """Whether this is a folder (not a link to one)."""
        return path in self._children

    def shown(self, path: str) -> str:
        """Return a file's name as a person would write it to open it."""
        return f"{self.path}{self.separator}{path}" if path else self.path

    def head(self, path: str, size: int) -> bytes:
        """Return a file's first bytes, unpacked; none when it cannot be read."""
        try:
            raw = bytes(self.files[path].raw(size)[:size])
            if method(raw) is None:
                return bytes(plain(raw))
            packed = bytes(self.files[path].raw(4 * size)[: 4 * size])
            return bytes(plain(Unpacked(io.BytesIO(packed), self._bounds).read(size)))
        except OSError as error:
            self.note(path, error.strerror or str(error), "the right to read this file")
            return b""

    def read(self, path: str) -> Data:
        """Return a file's bytes, unpacked one level; `Unusable` when it cannot be read."""
        if path not in self._unpacked:
            try:
                raw = self.files[path].raw(GIB)
            except (OSError, ValueError) as error:
                raise Unusable(f"{self.shown(path)}: {getattr(error, 'strerror', None) or error}") from error
            if self.files[path].size > GIB:
                self.note(path, "is larger than 1 GiB: only its beginning was read")
            if method(raw[:8]) is None:
                text = plain(raw)
                if text is raw:
                    return raw
                self._unpacked[path] = text
            else:
                self._unpacked[path] = plain(self._unpack(path, raw))
        return self._unpacked[path]

    def _unpack(self, path: str, raw: Data) -> bytes:
        stream = Unpacked(io.BytesIO(raw), self._bounds)
        data = stream.read_all(self._bounds.member_bytes)
        if stream.cut or stream.peek(1):
            self.note(path, stream.cut or "unpacks to too much: only its beginning was read")
        return data

    def note(self, path: str, why: str, remedy: str = "") -> None:
        """Keep in mind what of this tree could not be seen."""
        blind = Blind(self.shown(path), why, remedy)
        if blind not in self.blind:
            self.blind.append(blind)

    def resolve(self, path: str) -> str | None:
        """Return the real path of a file or folder, following links inside the tree; None when there is none."""
        out: list[str] = []
        todo = path.split("/")[::-1]
        hops = 0
        while todo:
            part = todo.pop()
            if part == "..":
                if not out:
                    return None
                out.pop()
            elif part not in ("", "."):
                out.append(part)
                target = self._target("/".join(out), last=not todo)
                if target is not None:
                    hops += 1
                    if hops > HOPS or target.startswith("/"):
                        return None
                    out.pop()
                    todo += target.split("/")[::-1]
        real = "/".join(out)
        return real if real in self.files or real in self._children else None

    def _target(self, path: str, *, last: bool) -> str | None:
        """Return where a link leads: a real one, or one that a copy turned into a small file holding its target.

        Git with `core.symlinks=false` and some unpackers write those; such a file is believed to be a link where a
        folder is needed, or where its text is the path of something in the tree.
        """
        if path in self.links:
            return self.links[path]
        file = self.files.get(path)
        if file is None or not 0 < file.size <= LONGEST_LINK:
            return None
        text = self.head(path, LONGEST_LINK).decode("utf-8", "replace")
        if any(c.isspace() or c == "\0" for c in text) or (last and "/" not in text):
            return None
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
        return text if there in self.files or there in self._children or (not last and there != path) else None


def from_folder(path: str) -> Tree:
    """Return the tree of a folder, without reading any file; `Unusable` when it cannot be listed."""
    tree = Tree(path.rstrip("/") or "/", separator="" if path.rstrip("/") == "" else "/")
    try:
        os.scandir(path).close()
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror or error}") from error
    for folder, folders, names in os.walk(path, onerror=lambda error: _unlisted(tree, error)):
        inside = os.path.relpath(folder, path)
        prefix = "" if inside == "." else inside + "/"
        if prefix.count("/") >= DEEPEST:
            tree.note(inside, f"is more than {DEEPEST} folders deep: not read")
            folders.clear()
        for name in [*folders, *names]:
            _enter(tree, f"{folder}/{name}", prefix + name)
        if len(tree.files) > MOST_FILES:
            tree.note("", f"holds more than {MOST_FILES} files: the rest was not read")
            break
    return tree


def _unlisted(tree: Tree, error: OSError) -> None:
    tree.blind.append(Blind(str(error.filename), error.strerror or str(error), "the right to read this folder"))


def _enter(tree: Tree, real: str, path: str) -> None:
    """Put one entry of a folder in: a file, or a link; devices, sockets and pipes are nothing to read."""
    try:
        status = os.lstat(real)
        if stat.S_ISLNK(status.st_mode):
            tree.link(path, str(Path(real).readlink()))
        elif stat.S_ISREG(status.st_mode):
            tree.add(path, OnDisk(real, status.st_size))
    except OSError as error:
        tree.note(path, error.strerror or str(error))


def of_one(path: str, data: Data) -> Tree:
    """Return the tree of a single file: it holds that file under its base name."""
    folder, separator, base = path.rpartition("/")
    tree = Tree(folder, separator)
    tree.add(base, Stored(data))
    return tree
