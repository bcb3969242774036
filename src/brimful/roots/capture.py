"""brimful's own capture: what a root answered, several times, kept in memory or in a `.tar.gz` with a manifest.

Diagnosing what was just watched and diagnosing the file made of it go through the same `Recording`, so that both come
to the same verdict. The archive holds `brimful.json` and below `1/`, `2/` ... the texts of each sample, named so that
people find them: `1/proc/net/snmp`, `1/commands/ethtool_-S_eth0`.
"""

import io
import os
import re
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from brimful import __version__
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind
from brimful.roots.base import Counters, Document, Root, Unusable
from brimful.roots.tree import Data, Tree

MANIFEST = "brimful.json"
FORMAT = 1
LONGEST_NAME = 180

_UNSAFE = re.compile(r"[^\w\-.:@+=,]", re.ASCII)


class Saved(msgspec.Struct, frozen=True, omit_defaults=True):
    """One document of a sample: `path` is its text in the archive, `start` and `end` its region there."""

    request: str
    name: str
    file: str
    path: str
    start: int
    end: int
    of: dict[str, str] = {}
    at: Moment | None = None
    boot: str = ""
    counters: tuple[tuple[str, ...], tuple[int, ...]] | None = None


class Sample(msgspec.Struct, frozen=True):
    """What a root answered at one time."""

    at: Moment
    documents: tuple[Saved, ...]


class Manifest(msgspec.Struct, frozen=True):
    """All that an archive says of itself. `kind` and `path` are those of the root that was recorded."""

    format: int
    brimful: str
    name: str
    kind: str
    path: str
    identity: str
    samples: tuple[Sample, ...]
    blind: tuple[Blind, ...] = ()


class Recording:
    """A root that answers what another root answered when it was recorded."""

    def __init__(self, name: str, kind: str, path: str, identity: str) -> None:
        self.name = name
        self.kind = kind
        self.path = path
        self.identity = identity
        self.samples: list[tuple[Moment, list[tuple[str, Document]]]] = []
        self._index: dict[str, list[Document]] = {}
        self._blind: list[Blind] = []

    def add(self, at: Moment, documents: list[tuple[str, Document]]) -> None:
        """Take in one more sample: requests and their answers."""
        self.samples.append((at, documents))
        for request, document in documents:
            self._index.setdefault(request, []).append(document)

    def add_blind(self, blind: Iterable[Blind]) -> None:
        """Take in what could not be seen."""
        self._blind += [one for one in blind if one not in self._blind]

    def documents(self, request: str) -> Iterator[Document]:
        """Yield every sample's answers to a request, earliest first."""
        yield from self._index.get(request, ())

    def blind(self) -> list[Blind]:
        """Return what could not be seen when the samples were taken."""
        return list(self._blind)


class CaptureRoot(Recording):
    """A recording read back from its archive."""

    def __init__(self, tree: Tree, base: str, manifest: Manifest) -> None:
        super().__init__(manifest.name, "capture", tree.path, manifest.identity)
        self.add_blind(tree.blind)
        self.add_blind(manifest.blind)
        for sample in manifest.samples:
            self.add(sample.at, [pair for saved in sample.documents for pair in self._restore(tree, base, saved)])

    def _restore(self, tree: Tree, base: str, saved: Saved) -> Iterator[tuple[str, Document]]:
        path = base + saved.path
        data: Data = b""
        if saved.path:
            if path not in tree.files:
                self.add_blind([Blind(saved.name, f"{tree.shown(path)} is missing from the capture")])
                return
            try:
                data = tree.read(path)
            except Unusable as error:
                self.add_blind([Blind(saved.name, str(error))])
                return
        counters = Counters(*saved.counters) if saved.counters else None
        if not 0 <= saved.start <= saved.end <= len(data):
            self.add_blind([Blind(saved.name, f"{tree.shown(path)} is not as long as it was recorded")])
            return
        yield (
            saved.request,
            Document(
                saved.name,
                saved.file,
                data,
                of=saved.of,
                start=saved.start,
                end=saved.end,
                at=saved.at,
                boot=saved.boot,
                counters=counters,
            ),
        )


def collect(root: Root, requests: Iterable[str], turns: Iterable[int]) -> Recording:
    """Ask a root for all requests, once each turn, and keep the answers in memory."""
    wanted = tuple(requests)
    recording = Recording(root.name, root.kind, root.path, root.identity)
    for _ in turns:
        at = Moment(time.time_ns(), "realtime", monotonic_ns=time.monotonic_ns())
        recording.add(at, [(request, document) for request in wanted for document in root.documents(request)])
        recording.add_blind(root.blind())  # what cannot be seen now may be seen in the next turn
    recording.add_blind(_not_throughout(recording))
    return recording


def _not_throughout(recording: Recording) -> Iterator[Blind]:
    """Yield the interfaces that came, went or were renamed: what they counted meanwhile is not known."""
    seen = [
        {document.of["interface"] for _, document in documents if "interface" in document.of}
        for _, documents in recording.samples
    ]
    for interface in sorted(set().union(*seen)):
        there = sum(interface in names for names in seen)
        if there < len(seen):
            why = f"was there in {there} of {len(seen)} samples: what it counted in the others is not known"
            yield Blind(interface, why)


def save(take: Callable[[], Recording], out_path: str) -> Recording:
    """Take a recording and write it as an archive, whole or not at all; `Unusable` when it cannot be written.

    That is found out before it is taken: nobody waits an hour to learn of a full disk.
    """
    with _whole(out_path) as file:
        recording = take()
        _write(recording, file)
    return recording


class _whole:  # noqa: N801 - used as a statement
    """A file under a temporary name, mode 0600, that gets its own name when all of it is on the disk."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._beside = f"{path}.part-{os.getpid()}"

    def __enter__(self) -> IO[bytes]:
        try:
            if Path(self._path).is_dir():
                raise IsADirectoryError(21, "is a folder")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.fdopen(os.open(self._beside, flags, 0o600), "wb")
        except (OSError, ValueError) as error:
            raise Unusable(f"{self._path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
        return self._file

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        problem = error
        try:
            if error is None:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                Path(self._beside).replace(self._path)
                return
        except OSError as raised:
            problem = raised
        # closing may fail again on a full disk: what counts is that nothing stays behind
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            Path(self._beside).unlink()
        if isinstance(problem, OSError):
            raise Unusable(f"{self._path}: cannot be written: {problem.strerror or problem}") from problem


def _write(recording: Recording, file: IO[bytes]) -> None:
    texts: dict[str, Data] = {}
    places: dict[int, str] = {}
    samples = tuple(
        Sample(at, tuple(_saved(number, request, document, texts, places) for request, document in documents))
        for number, (at, documents) in enumerate(recording.samples, 1)
    )
    manifest = Manifest(
        FORMAT,
        __version__,
        recording.name,
        recording.kind,
        recording.path,
        recording.identity,
        samples,
        tuple(recording.blind()),
    )
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
        _member(tar, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        for path, data in texts.items():
            _member(tar, path, data)


def _saved(number: int, request: str, document: Document, texts: dict[str, Data], places: dict[int, str]) -> Saved:
    """Return the manifest's line for a document; its data goes into `texts`, once for all regions of it."""
    path = places.get(id(document.data), "")
    if not path and len(document.data):
        path = _free(f"{number}/{file_name(document.name)}", texts)
        places[id(document.data)] = path
        texts[path] = document.data
    counters = (document.counters.names, document.counters.values) if document.counters else None
    return Saved(
        request,
        document.name,
        document.file,
        path,
        document.start,
        document.end,
        document.of,
        document.at,
        document.boot,
        counters,
    )


def file_name(name: str) -> str:
    """Return the path, below a sample's folder, of the text that answers a request.

    `/proc/net/snmp` is `proc/net/snmp`, `ethtool -S eth0` is `commands/ethtool_-S_eth0`. A slash within a command, such
    as that of an address, becomes `.`; any other character that a file name had better not hold `%` and its number.
    """
    if name.startswith("/"):
        parts = [part for part in name.split("/") if part] or ["_"]
    else:
        parts = ["commands", name.replace(" ", "_").replace("/", ".")]
    return "/".join(_safe(part) for part in parts)


def _safe(part: str) -> str:
    text = _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace")), part)
    return (text.replace(".", "%2E") if text.strip(".") == "" else text[:LONGEST_NAME]) or "_"


def _free(path: str, taken: dict[str, Data]) -> str:
    """Return the path, with a number when another text has it already."""
    number, free = 1, path
    while free in taken:
        number += 1
        free = f"{path}~{number}"
    return free


def _member(tar: tarfile.TarFile, path: str, data: Data) -> None:
    info = tarfile.TarInfo(path)
    info.size = len(data)
    info.mode = 0o600
    info.mtime = int(time.time())
    tar.addfile(info, io.BytesIO(data))


def read_manifest(tree: Tree, path: str) -> Manifest:
    """Return a capture's manifest; `Unusable` when it is damaged or of a later format."""
    try:
        manifest = msgspec.json.decode(bytes(tree.read(path)[:]), type=Manifest)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unusable(f"{tree.shown(path)}: damaged manifest: {error}") from error
    if manifest.format != FORMAT:
        raise Unusable(f"{tree.shown(path)}: capture format {manifest.format} is not known, only {FORMAT} is")
    return manifest
