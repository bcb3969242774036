"""A folder of saved files: people's own, a sosreport, or one inside an archive.

Which files belong to one machine is decided so:

1. `proc`, `sys`, `etc`, `var`, `sos_commands` and their like (`NAMED`) belong to the folder they stand in; in them a
   file answers by its path or its command's name only. Elsewhere its content may tell.
2. A folder with `sos_commands`, or with `proc` beside `sos.txt` or `version.txt`, is a sosreport: a machine of its own.
3. Of any other folder, the files of its own and each sub-folder are parts. When no two parts answer the same request
   for the same thing, they are one machine. When any two do, or a part is itself several machines or a sosreport, every
   part is a machine (or a sample) of its own: they are never joined here.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import msgspec

from brimful.evidence.clock import stamp
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind
from brimful.roots.base import Document, Unusable, pattern
from brimful.roots.catalog import HEAD, Answer, Catalog
from brimful.roots.compressed import BOUNDS
from brimful.roots.tree import Tree

SYSTEM = ("proc", "sys", "etc", "var", "run", "usr", "lib", "boot", "root")
COMMANDS = ("sos_commands", "sos_logs", "sos_strings", "insights_commands")
NAMED = frozenset((*SYSTEM, *COMMANDS))
TAKES_NS = 60 * SECOND
"""How far from the time in `date` a capture's other files may have been read."""

_DATE = re.compile(r"\A(?:\w{3} )?(\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d)(?: ([AP]M))? (?:(\S+) )?(\d{4})\Z", re.ASCII)
_COUNTED = re.compile(r"(\d\d)/(\d\d)/(\d{4}) (\d\d:\d\d:\d\d):(\d{6})\Z", re.ASCII)
"""The time in `date.counter_1`, of the first sample that SONiC's `show techsupport` took: `date +%d/%m/%Y\\ %H:%M:%S:%6N`."""
_ID = re.compile(r"(Machine|Boot) ID:\s*([0-9a-f]{32})", re.ASCII)
_NOBODY = frozenset(("", "localhost", "localhost.localdomain", "(none)"))
"""Host names that say nothing about which machine it is."""


class Part(msgspec.Struct):
    """The files that belong to one machine: where it stands in the tree, and what each file answers."""

    base: str
    answers: dict[str, Answer]
    tops: list[str]
    sosreport: bool = False

    def names(self) -> set[str]:
        """Return the requests answered, braces filled."""
        return {answer.name for answer in self.answers.values()}


class Parts:
    """Divides a tree into machines. `other` are the files to leave alone: they are not of a Linux machine."""

    def __init__(
        self, tree: Tree, catalog: Catalog, other: frozenset[str] = frozenset(), most: int = BOUNDS.looked_at
    ) -> None:
        self._tree = tree
        self._catalog = catalog
        self._other = other
        self._looked_at = 0
        self._most = most

    def of(self, folder: str = "") -> list[Part]:
        """Return the machines below a folder, by the rule above."""
        own = Part(folder, {}, [])
        parts: list[Part] = []
        for name in self._tree.children(folder):
            path = f"{folder}/{name}" if folder else name
            if name in NAMED and (self._tree.is_folder(path) or path in self._tree.links):
                own.tops = [folder]
                self._below(path, own)
            elif self._tree.is_folder(path):
                parts += self.of(path)
            else:
                self._put(path, own, named=False)
        own.sosreport = self._is_sosreport(folder)
        if own.answers or own.tops:
            self._aliases(own)
        parts = [own, *parts] if own.answers else parts
        return parts if own.sosreport else _joined(folder, parts)

    def _is_sosreport(self, folder: str) -> bool:
        names = set(self._tree.children(folder))
        return "sos_commands" in names or ("proc" in names and bool(names & {"sos.txt", "version.txt"}))

    def _below(self, folder: str, part: Part) -> None:
        if not self._tree.is_folder(folder):
            return
        for name in self._tree.children(folder):
            path = f"{folder}/{name}"
            if self._tree.is_folder(path):
                self._below(path, part)
            else:
                self._put(path, part, named=True)

    def _put(self, path: str, part: Part, *, named: bool) -> None:
        if path in self._other or path not in self._tree.files:
            return
        if named:
            folders, _, base = path.rpartition("/")
            in_commands = any(part in COMMANDS for part in folders.split("/"))
            answer = self._catalog.by_name(base) if in_commands else self._catalog.by_path(path)
        else:
            answer = self._catalog.answer(path, lambda: self._head(path))
        if answer is not None:
            part.answers[path] = answer

    def _head(self, path: str) -> bytes:
        self._looked_at += 1
        if self._looked_at > self._most:
            self._tree.note("", f"of more than {self._most} files with no telling name, the rest was not looked into")
            return b""
        # a file that says it is empty may be one of /proc that waits for events
        return self._tree.head(path, HEAD) if self._tree.files[path].size else b""

    def _aliases(self, part: Part) -> None:
        """Add the paths that lead through links, such as sosreport's `proc/net` to `self/net` to `96008/net`."""
        real = {self._tree.resolve(path) for path in part.answers}
        for top in part.tops:
            for request in self._catalog.requests:
                if not request.startswith("/"):
                    continue
                for path in sorted(set(_find(self._tree, top, request.strip("/").split("/")))):
                    there = self._tree.resolve(path)
                    name = path[len(top) :] if top else "/" + path
                    match = pattern(request).match(name)
                    if there in self._tree.files and there not in real | self._other and match:
                        real.add(there)
                        part.answers[path] = Answer(request, name, match.groupdict())


def _find(tree: Tree, folder: str, parts: list[str], *, deeper: bool = False) -> Iterator[str]:
    """Yield the paths below a folder that a path request fits, as they are reached through links.

    A brace may span several folders (`deeper`); those are entered only if they are real, so that links cannot make a
    loop, and a file among them is not read to see whether it stands for a link.
    """
    part, rest = parts[0], parts[1:]
    real = tree.resolve(f"{folder}/.")
    if real is None or not tree.is_folder(real):
        return
    names = [part] if "{" not in part else [name for name in tree.children(real) if pattern(part).match(name)]
    for name in names:
        path = f"{folder}/{name}" if folder else name
        if rest and not (deeper and path in tree.files):
            yield from _find(tree, path, rest)
        elif not rest and tree.resolve(path) in tree.files:
            yield path
        if "{" in part and tree.is_folder(path):
            yield from _find(tree, path, parts, deeper=True)


def _joined(folder: str, parts: list[Part]) -> list[Part]:
    """Return the parts as one machine if nothing speaks against it."""
    names = [name for part in parts for name in part.names()]
    if len(parts) < 2 or len(names) != len(set(names)) or any(part.sosreport for part in parts):  # noqa: PLR2004 - one stands alone
        return parts
    answers = {path: answer for part in parts for path, answer in part.answers.items()}
    return [Part(folder, answers, [top for part in parts for top in part.tops])]


class FolderRoot:
    """One machine as its saved files tell it; `of_file` when that is a single one."""

    def __init__(self, tree: Tree, part: Part, name: str, zone: int | None = None, *, of_file: str = "") -> None:
        self.name = name
        self.kind = "sosreport" if part.sosreport else "file" if of_file else "folder"
        self.path = of_file or (tree.shown(part.base) if part.base else tree.path)
        self._tree = tree
        self._bases = [f"{base}/" if base else "" for base in dict.fromkeys([part.base, *part.tops])]
        self._blind: list[Blind] = []
        self._zone = zone
        self._at = self._date(zone)
        ids = self._ids()
        self.boot = ids.get("Boot", "")
        self.identity = self._identity(ids)
        self._index: dict[str, list[tuple[str, Answer]]] = {}
        by_name: dict[str, list[tuple[str, Answer]]] = {}
        for path, answer in sorted(part.answers.items()):
            by_name.setdefault(answer.name, []).append((path, answer))
        for name_, found in by_name.items():
            self._index.setdefault(found[0][1].request, []).extend(self._in_order(name_, found))

    def documents(self, request: str) -> Iterator[Document]:
        """Yield what the files hold for a request; those that cannot be read are named in `blind`."""
        for path, answer in self._index.get(request, ()):
            real = self._tree.resolve(path) or path
            try:
                data = self._tree.read(real)
            except Unusable as error:
                self.add_blind(Blind(answer.name, str(error), "the right to read this file"))
                continue
            at = answer.at or (self._at if answer.sequence is None else self._counted(real, answer.sequence))
            yield Document(answer.name, self._tree.shown(path), data, of=dict(answer.of), at=at, boot=self.boot)

    def blind(self) -> list[Blind]:
        """Return what could not be seen, of these files and of the archive they came from."""
        return [*self._tree.blind, *self._blind]

    def is_copy(self, other: object) -> bool:
        """Whether another root is of the same machine at the same second, so that it tells nothing new."""
        return (
            isinstance(other, FolderRoot)
            and self._at is not None
            and (self.identity, self._at) == (other.identity, other._at)  # noqa: SLF001 - of the same class
        )

    def add_blind(self, blind: Blind) -> None:
        """Keep in mind something that could not be seen."""
        if blind not in self._blind:
            self._blind.append(blind)

    def _in_order(self, name: str, found: list[tuple[str, Answer]]) -> list[tuple[str, Answer]]:
        """Return the samples of one thing in order; of files without an order, the first one only."""
        if len(found) == 1:
            return found
        moments = {answer.at.ns: (path, answer) for path, answer in found if answer.at}
        numbers = {answer.sequence: (path, answer) for path, answer in found if answer.sequence is not None}
        if len({answer.at.clock for _, answer in found if answer.at}) == 1 and len(moments) > 1:
            used = [moments[ns] for ns in sorted(moments)]
        elif len(numbers) > 1:
            used = [numbers[n] for n in sorted(numbers)]
        else:
            # a name that is sure before one that is not, a short path before a long one
            used = [min(found, key=lambda pair: (not pair[1].sure, pair[0].count("/"), pair[0]))]
        for path, answer in found:
            if (path, answer) not in used and not self._same(used[0][0], path):
                why = f"two files answer {name}: used {used[0][0]}"
                self.add_blind(Blind(self._tree.shown(path), why, "samples in order: NAME.0s, NAME.60s"))
        return used

    def _same(self, one: str, other: str) -> bool:
        try:
            return self._text(one) == self._text(other)
        except Unusable:
            return False

    def _text(self, path: str) -> bytes:
        real = self._tree.resolve(path)
        return bytes(self._tree.read(real)[:]) if real in self._tree.files and real else b""

    def _first(self, *paths: str) -> str:
        """Return the text of the first of these files that is there, without blanks around it."""
        for path in (base + path for path in paths for base in self._bases):
            real = self._tree.resolve(path)
            if real and real in self._tree.files:
                text = self._tree.head(real, HEAD).decode("utf-8", "replace").strip()
                if text:
                    return text
        return ""

    def _date(self, zone: int | None) -> Moment | None:
        names = ("sos_commands/date/date", "sos_commands/general/date", "date", "date.txt")
        moment = date(self._first(*names).partition("\n")[0].strip(), zone)
        return msgspec.structs.replace(moment, uncertainty_ns=TAKES_NS) if moment else None

    def _counted(self, path: str, sample: int) -> Moment | None:
        """Return the time of a numbered sample, where a file beside it tells."""
        folder = path.rpartition("/")[0]
        beside = self._tree.resolve(f"{folder}/date.counter_{sample}")
        if beside is None or beside not in self._tree.files:
            return None
        match = _COUNTED.match(self._tree.head(beside, HEAD).decode("utf-8", "replace").strip())
        if match is None:
            return None
        day, month, year, clock, micros = match.groups()
        when = stamp(f"{year}-{month}-{day}T{clock}.{micros}")
        if when is None:
            return None
        return msgspec.structs.replace(when, ns=when.ns - (self._zone or 0) * SECOND, zone_known=self._zone is not None)

    def _ids(self) -> dict[str, str]:
        found = dict(_ID.findall(self._first("sos_commands/host/hostnamectl_status", "sos_commands/host/hostnamectl")))
        machine, boot = self._first("etc/machine-id"), self._first("proc/sys/kernel/random/boot_id").replace("-", "")
        return found | {key: text for key, text in (("Machine", machine), ("Boot", boot)) if text}

    def _identity(self, ids: dict[str, str]) -> str:
        """Return the host name with the machine's number, or with that of its boot; empty when it does not say."""
        host = self._first("sos_commands/host/hostname", "proc/sys/kernel/hostname", "etc/hostname", "hostname")
        number = ids.get("Machine") or ids.get("Boot", "")
        host = host.partition("\n")[0]
        return f"{host} {number}".strip() if host not in _NOBODY or number else ""


def date(text: str, zone: int | None = None) -> Moment | None:
    """Return the moment that `date` printed, in the C locale or ISO 8601; None for anything else.

    An abbreviation other than UTC names no zone for sure: `zone`, in seconds east of UTC, is used for it, else UTC with
    `zone_known` false.
    """
    match = _DATE.match(text)
    if match is None:
        return stamp(text)
    month, day, clock, half, name, year = match.groups()
    try:
        form = "%b %d %Y " + ("%I:%M:%S %p" if half else "%H:%M:%S")
        when = datetime.strptime(f"{month} {day} {year} {clock} {half or ''}".strip(), form)  # noqa: DTZ007 - the zone is added below
    except ValueError:
        return None
    known = name in ("UTC", "GMT") or zone is not None
    place = UTC if name in ("UTC", "GMT") else timezone(timedelta(seconds=zone or 0))
    moment = stamp(when.replace(tzinfo=place).isoformat())
    return msgspec.structs.replace(moment, zone_known=known) if moment else None
