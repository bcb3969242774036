"""Archives, read in one pass and within bounds: tar, plain or compressed, and zip. Nothing is written to disk.

Members that lead out of the archive, devices and members that are too large are skipped and named in `Tree.blind`.
"""

import lzma
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from brimful.roots.base import Unusable
from brimful.roots.compressed import BOUNDS, MIB, Bounds, Unpacked
from brimful.roots.tree import Stored, Tree

Keep = Callable[[str, int, Callable[[], bytes]], bool]
"""Told a member's path, its size and how to get its first 64 KiB: whether the member is to be kept."""

BLOCK = 512
HEADERS = 4 * MIB
"""What the headers between two members may take: long names and extended attributes."""
HEAD = 64 * 1024
ZIP = b"PK\x03\x04"

# what tarfile and zipfile let through on damaged headers, besides their own errors
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
)


def is_tar(block: bytes) -> bool:
    """Whether 512 bytes are the header of a tar member: its checksum holds."""
    if len(block) < BLOCK or not block.strip(b"\0"):
        return False
    try:
        tarfile.TarInfo.frombuf(block[:BLOCK], "utf-8", "surrogateescape")
    except _DAMAGE:
        return False
    return True


def is_zip(head: bytes) -> bool:
    """Whether a file is a zip archive."""
    return head.startswith(ZIP)


def safe(path: str, bounds: Bounds = BOUNDS) -> str | None:
    """Return a member's path without `./`, or None when it is absolute, leads out or is too long."""
    clean = posixpath.normpath(path)
    if not path or path.startswith("/") or ".." in path.split("/") or len(path) > bounds.path_chars or "\0" in path:
        return None
    return clean


def read_tar(name: str, stream: Unpacked, keep: Keep, bounds: Bounds = BOUNDS) -> Tree:
    """Return the tree of a tar archive; what was read before any damage counts."""
    tree = Tree(name, separator=":", bounds=bounds)
    reader = _Reader(tree, stream, keep, bounds)
    try:
        with tarfile.open(fileobj=stream, mode="r|", ignore_zeros=False, errorlevel=0) as tar:  # type: ignore[call-overload]
            reader.members(tar)
    except _DAMAGE as error:
        if reader.to_the_end:
            tree.note("", stream.cut or f"archive is damaged after {stream.position} bytes: {error}")
    else:
        if stream.cut or (reader.to_the_end and stream.tail.strip(b"\0")):
            tree.note("", f"archive is {stream.cut or 'cut off'} at {reader.last or 'its start'}")
    return tree


class _Reader:
    """One pass over a tar archive."""

    def __init__(self, tree: Tree, stream: Unpacked, keep: Keep, bounds: Bounds) -> None:
        self._tree = tree
        self._stream = stream
        self._keep = keep
        self._bounds = bounds
        self._kept = 0
        self.last = ""
        self.to_the_end = True

    def members(self, tar: tarfile.TarFile) -> None:
        """Take in each member, moving along how far the stream may be read."""
        count = 0
        self._stream.stop_at = HEADERS
        while (member := tar.next()) is not None:
            count += 1
            if count > self._bounds.members:
                self._stop(f"holds more than {self._bounds.members} members: the rest was not read")
                return
            tar.members.clear()  # type: ignore[attr-defined]  # a stream is never looked back into
            self._stream.stop_at = self._stream.position + max(0, member.size) + HEADERS
            self.last = member.name
            self._take(tar, member)

    def _stop(self, why: str) -> None:
        self.to_the_end = False
        self._tree.note("", why)

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = safe(member.name, self._bounds)
        if path is None:
            self._tree.note(member.name[:80], "leads out of the archive, or its name is too long: skipped")
        elif member.issym():
            self._tree.link(path, member.linkname)
        elif member.islnk():
            self._hard_link(path, member.linkname)
        elif member.isfile():
            self._file(path, member, tar)
        elif not member.isdir():
            self._tree.note(path, "is a device or a pipe: skipped")

    def _hard_link(self, path: str, target: str) -> None:
        inside = safe(target, self._bounds)
        if inside is None:
            self._tree.note(path, "is a hard link out of the archive: skipped")
        else:
            self._tree.link(path, posixpath.relpath(inside, posixpath.dirname(path) or "."))

    def _file(self, path: str, member: tarfile.TarInfo, tar: tarfile.TarFile) -> None:
        # extractfile gives nothing of a member that is cut off, the stream gives what there is
        file = tar.extractfile(member) if member.issparse() else tar.fileobj
        if file is None:
            return
        head = _Head(file, member.size)
        if not self._keep(path, member.size, head):
            return
        if member.size > self._bounds.member_bytes or self._kept + member.size > self._bounds.kept_bytes:
            self._tree.note(path, "is too large to be read from an archive: skipped")
            return
        # a sparse member says a size that the archive does not hold: only as much as was said is ever asked for
        data, whole = head.rest()
        self._kept += len(data)
        self._tree.add(path, Stored(data))
        if not whole:
            self._tree.note("", f"archive is {self._stream.cut or 'cut off'} at {path}")
            self.to_the_end = False


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Head:
    """The first bytes of a member that can be read only once."""

    def __init__(self, file: _Readable, size: int) -> None:
        self._file = file
        self._size = size
        self._seen: bytes | None = None
        self._whole = True

    def _read(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size > 0:
            try:
                part = self._file.read(min(size, MIB))
            except _DAMAGE:
                self._whole = False
                break
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def __call__(self) -> bytes:
        if self._seen is None:
            self._seen = self._read(min(HEAD, self._size))
        return self._seen

    def rest(self) -> tuple[bytes, bool]:
        """Return all of the member, as far as it goes, and whether that is the whole."""
        data = self()
        if self._whole:
            data += self._read(self._size - len(data))
        return data, self._whole and len(data) == self._size


def read_zip(name: str, file: BinaryIO, keep: Keep, bounds: Bounds = BOUNDS) -> Tree:
    """Return the tree of a zip archive; `Unusable` when its directory cannot be read."""
    tree = Tree(name, separator=":", bounds=bounds)
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise Unusable(f"{name}: not a whole zip archive: {error}") from error
    kept = 0
    for member in archive.infolist()[: bounds.members]:
        path = safe(member.filename, bounds)
        size = member.file_size
        if path is None:
            tree.note(member.filename[:80], "leads out of the archive, or its name is too long: skipped")
        elif member.is_dir():
            continue
        elif size > bounds.member_bytes or size > bounds.ratio * max(member.compress_size, MIB):
            tree.note(path, "is too large to be read from an archive: skipped")
        elif kept < bounds.kept_bytes:
            kept += _zipped(tree, archive, member, path, keep)
    return tree


def _zipped(tree: Tree, archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str, keep: Keep) -> int:
    """Take in one member of a zip archive; return its bytes."""
    try:
        with archive.open(member) as file:
            head = _Head(file, member.file_size)
            if not keep(path, member.file_size, head):
                return 0
            data, whole = head.rest()
    except _DAMAGE as error:
        tree.note(path, f"cannot be unpacked: {error}")
        return 0
    if not whole:
        tree.note(path, "cannot be unpacked to its end")
    tree.add(path, Stored(data))
    return len(data)
