"""What a path holds, told by its content: a capture, a sosreport, StarOS text, a folder, an archive, a single output."""

import io
import os
import stat
import sys
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import BinaryIO

from brimful.evidence.origin import Blind
from brimful.roots.archive import BLOCK, is_tar, is_zip, read_tar, read_zip
from brimful.roots.base import Root, Unusable
from brimful.roots.capture import MANIFEST, CaptureRoot, read_manifest
from brimful.roots.catalog import HEAD, Catalog
from brimful.roots.compressed import BOUNDS, MIB, Bounds, Unpacked, method
from brimful.roots.encoding import plain
from brimful.roots.folder import NAMED, FolderRoot, Parts
from brimful.roots.staros import StarosRoot, looks_like_staros
from brimful.roots.tree import Data, OnDisk, Tree, from_folder, of_one

STDIN = "-"
PIPES = ("/dev/fd/", "/proc/self/fd/")
"""Where a shell shows the output of a command as a file."""
NESTED = 64
"""Archives inside a folder that are opened."""
SMALL = MIB
TELLING = ("hostname", "hostnamectl_status", "hostnamectl", "machine-id", "boot_id", "date", "sos.txt", "version.txt")
TIMES = "date.counter_"
"""Files that answer no request but say which machine it is, and when."""


class _Keeper:
    """Decides which members of an archive are held in memory."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.everything = False
        self._sosreport = False

    def __call__(self, path: str, size: int, head: Callable[[], bytes]) -> bool:
        base = path.rpartition("/")[2]
        # a capture's manifest comes first, and what follows is all ours
        self.everything = self.everything or base == MANIFEST
        self._sosreport = self._sosreport or "/sos_commands/" in f"/{path}"
        if self.everything or base in TELLING or base.startswith(TIMES) or self._catalog.wants(path):
            return True
        if self._sosreport or not size or any(part in NAMED for part in path.split("/")[:-1]):
            return False
        start = bytes(plain(head()))
        if looks_like_staros(start):
            return True
        if size > SMALL:
            return False
        return method(start) is not None or self._catalog.by_content(base, lambda: start) is not None


class _Opener:
    """Opens one path a person gave."""

    def __init__(self, path: str, catalog: Catalog, zone: int | None, bounds: Bounds) -> None:
        self._path = path
        self._name = Path(path).absolute().name or path
        self._catalog = catalog
        self._zone = zone
        self._bounds = bounds
        self._archives = 0

    def open(self) -> list[Root]:
        """Return what the path holds; `Unusable` when that is nothing."""
        if self._path == STDIN:
            self._path = self._name = "standard input"
            return self._piped(sys.stdin.buffer)
        try:
            mode = Path(self._path).stat().st_mode
            if stat.S_ISDIR(mode):
                return self._tree(from_folder(self._path))
            if stat.S_ISFIFO(mode) and self._path.startswith(PIPES):
                with Path(self._path).open("rb") as pipe:
                    return self._piped(pipe)
            if not stat.S_ISREG(mode):
                raise Unusable(f"{self._path}: is neither a file nor a folder")
            return self._stream(lambda: _opened(self._path))
        except (OSError, ValueError) as error:
            raise Unusable(f"{self._path}: {getattr(error, 'strerror', None) or error}") from error

    def _piped(self, pipe: BinaryIO) -> list[Root]:
        data = pipe.read(self._bounds.kept_bytes + 1)
        if len(data) > self._bounds.kept_bytes:
            raise Unusable(f"{self._path}: more than {self._bounds.kept_bytes} bytes: save it to a file first")
        return self._stream(lambda: io.BytesIO(data))

    def _stream(self, source: Callable[[], BinaryIO]) -> list[Root]:
        """Return what a file holds; `source` opens it, more than once if need be."""
        with source() as file:
            stream = Unpacked(file, self._bounds)
            block = stream.peek(BLOCK)
            if not block:
                raise Unusable(f"{self._path}: {stream.cut or 'is empty'}")
            if is_tar(block) or is_zip(block):
                return self._tree(self._archive(source, zipped=is_zip(block)))
            if stream.compressed:
                return self._single(stream.read_all(self._bounds.member_bytes), stream.cut)
            if isinstance(file, io.BytesIO):
                return self._single(file.getvalue())
        return self._single(OnDisk(self._path, 0).raw(self._bounds.member_bytes))

    def _archive(self, source: Callable[[], BinaryIO], *, zipped: bool) -> Tree:
        """Return an archive's tree; read again for a capture whose manifest came late, as another tool packs it."""
        keeper = _Keeper(self._catalog)
        tree = self._unpack(source, keeper, zipped=zipped)
        if keeper.everything and next(iter(tree.files)).rpartition("/")[2] != MANIFEST:
            tree = self._unpack(source, keeper, zipped=zipped)
        return tree

    def _unpack(self, source: Callable[[], BinaryIO], keeper: _Keeper, *, zipped: bool) -> Tree:
        with source() as file:
            if zipped:
                return read_zip(self._path, file, keeper, self._bounds)
            return read_tar(self._path, Unpacked(file, self._bounds), keeper, self._bounds)

    def _single(self, data: Data, cut: str = "") -> list[Root]:
        """Return the root of a file that is one text: StarOS's, or one output that is known."""
        if not len(data):
            raise Unusable(f"{self._path}: {cut or 'is empty'}")
        data = plain(data)
        head = bytes(data[:HEAD])
        blind = [Blind(self._path, f"archive is {cut} after {len(data)} bytes")] if cut else []
        tree = of_one(self._path, data)
        tree.blind += blind
        if looks_like_staros(data):
            return self._staros(tree, next(iter(tree.files)), self._name)
        parts = Parts(tree, self._catalog).of()
        if not parts:
            again = "is compressed more than once" if method(head) else ""
            what = again or ("is binary" if b"\0" in head else "nothing in it that brimful knows")
            raise Unusable(f"{self._path}: {what}{f' ({cut})' if cut else ''}")
        return [FolderRoot(tree, parts[0], self._name, self._zone, of_file=self._path)]

    def _staros(self, tree: Tree, path: str, name: str) -> list[Root]:
        zone = None if self._zone is None else timezone(timedelta(seconds=self._zone))
        return list(StarosRoot.split(name, tree.shown(path), tree.read(path), zone, tree.blind))

    def _tree(self, tree: Tree) -> list[Root]:
        """Return the roots of a folder or an archive: captures, StarOS texts, archives inside, machines by folder."""
        roots, taken = self._captures(tree)
        for path in self._lookable(tree, taken):
            head = tree.head(path, HEAD)
            file = tree.files[path]
            if looks_like_staros(head):
                taken.add(path)
                roots += self._staros(tree, path, f"{self._name}/{path}")
            elif isinstance(file, OnDisk) and (is_tar(head) or is_zip(head)):
                taken.add(path)
                roots += self._nested(tree, path)
        parts = Parts(tree, self._catalog, frozenset(taken), self._bounds.looked_at).of()
        several = len(parts) + len(roots) > 1
        for part in parts:
            name = f"{self._name}/{part.base}" if several and part.base else self._name
            roots.append(FolderRoot(tree, part, name, self._zone))
        if not roots:
            why = "; ".join(f"{blind.what}: {blind.why}" for blind in tree.blind[:1])
            many = f"in {len(tree.files)} files" if tree.files else "in it"
            raise Unusable(f"{self._path}: nothing {many} that brimful knows{f' ({why})' if why else ''}")
        return roots

    def _captures(self, tree: Tree) -> tuple[list[Root], set[str]]:
        """Return brimful's own captures in a tree and the files they consist of."""
        roots: list[Root] = []
        taken: set[str] = set()
        for path in [path for path in tree.files if path.rpartition("/")[2] == MANIFEST]:
            base = path[: -len(MANIFEST)]
            taken.add(path)
            try:
                roots.append(CaptureRoot(tree, base, read_manifest(tree, path)))
            except Unusable as error:
                tree.note(path, f"{error}: its files are read as a folder")
            else:
                taken |= {file for file in tree.files if file.startswith(base)}
        return roots, taken

    def _lookable(self, tree: Tree, taken: set[str]) -> list[str]:
        """Return the files whose content may be looked at: not those of /proc and the like, which may wait."""
        free = (path for path, file in tree.files.items() if file.size and path not in taken)
        return [path for path in free if not any(part in NAMED for part in path.split("/")[:-1])][
            : self._bounds.looked_at
        ]

    def _nested(self, tree: Tree, path: str) -> list[Root]:
        """Return the roots of an archive that lies in a folder; one that is no use is named in `Tree.blind`."""
        self._archives += 1
        if self._archives > NESTED:
            tree.note(path, f"is one of more than {NESTED} archives in a folder: not opened")
            return []
        try:
            return open_roots(tree.shown(path), self._catalog, self._zone, self._bounds)
        except Unusable as error:
            tree.note(path, str(error))
            return []


def _opened(path: str) -> BinaryIO:
    """Open a file without ever waiting for one: /proc/kmsg says it is regular, and waits for the kernel to speak."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


def open_roots(path: str, catalog: Catalog, zone: int | None = None, bounds: Bounds = BOUNDS) -> list[Root]:
    """Return what a file, a folder, an archive or `-` (standard input) holds, told by content, never by suffix.

    `zone`, in seconds east of UTC, is taken for times that name none for sure. `Unusable` when it cannot be read or holds nothing known.
    """
    return _Opener(path, catalog, zone, bounds).open()


def group(roots: list[Root], *, same_machine: bool = False) -> list[list[Root]]:
    """Return the roots that are samples of one machine together: those of one identity, if any; or all (`same_machine`).

    The same capture given twice, say as an archive beside the folder unpacked from it, is one sample: two copies would
    show counters that do not move.
    """
    groups: dict[str, list[Root]] = {}
    for index, root in enumerate(roots):
        known = groups.setdefault("" if same_machine else root.identity or f"\0{index}", [])
        first = next((one for one in known if isinstance(one, FolderRoot | StarosRoot) and one.is_copy(root)), None)
        if first is None:
            known.append(root)
        else:
            first.add_blind(Blind(root.path, f"tells the same as {first.path}, of the same machine: used once"))
    return list(groups.values())
