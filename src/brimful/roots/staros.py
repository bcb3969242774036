"""A StarOS capture: one text with the output of many commands, or a syslog, or both.

Two framings are understood, also in one file: the banners of `show support details` and of Cisco's articles
(`******** show iftask stats *******`), and the prompts of a terminal (`[local]host_name# show iftask stats`). Below
either stands the date of the section. Prompts name the host: texts of two hosts are never joined.
"""

import re
from collections.abc import Iterator
from datetime import tzinfo

import msgspec

from brimful.evidence import clock
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind
from brimful.evidence.scan import Data, Lines, line_of, literal
from brimful.roots.base import NBSP, Document

LOOKED_AT = 1 << 20
"""Bytes at the start of a text that are searched for what tells StarOS; a few literals are searched for in all of it."""

LONGEST_HEADER = 512
MOST_HOSTS = 64

_HEADERS = (
    *literal(b"******"),
    re.compile(rb"show(?:(?<=[#>] show)|(?<=[#>]\xc2\xa0show))[^\n]{0,4096}"),  # behind a prompt
)
_BANNER = re.compile(r"\*{6,}\s+(\S(?:.*?\S)?)\s+\*{5,}")
_PROMPT = re.compile(r"\[[\w.:+-]+\]\s?(?P<host>[\w.-]+)(?:\([\w.-]*\))?[#>]\s*(?P<command>.*)", re.ASCII)
_TELLING = re.compile(
    "show (?:session recovery|cloud|iftask|support details|snmp trap|logs|crash list|npu|task resources)", re.IGNORECASE
)
"""Commands that tell StarOS from other systems with such prompts."""

_EVENT = re.compile(r"\[[\w-]+ \d+ (?:critical|error|warning|unusual|info|trace|debug)\] \[\d+/\d+/\d+ <?\w", re.ASCII)
(_EVENT_LITERAL,) = literal(b"] [")
_LINE = re.compile(r"Out of memory(?: from Backup pool)?, kni port [^%\s]|Internal trap notification \d+ \(", re.ASCII)
_ANYWHERE = literal(
    b"****** show ",
    b"KNI: Out of memory, kni port ",
    b"Out of memory from Backup pool, kni port ",
    b"Internal trap notification ",
)
_DETAILS = "show support"


class Section(msgspec.Struct, frozen=True):
    """The output of one command: its header begins at `begin`, the output is from `start` up to `end`.

    `host` is empty where none is named.
    """

    command: str
    host: str
    begin: int
    start: int
    end: int


class _Header(msgspec.Struct, frozen=True):
    begin: int
    end: int
    host: str
    command: str


class StarosRoot:
    """One chassis as its capture tells it.

    `sections` are those of this host; without them all of the file is taken, whatever hosts it names. `zone` is the
    chassis's, for times that name none for sure. `blind` is what could not be seen of the archive or folder it is in.
    """

    kind = "staros"

    def __init__(  # noqa: PLR0913, PLR0917 - a text, and what is known of it
        self,
        name: str,
        path: str,
        data: Data,
        zone: tzinfo | None = None,
        sections: list[Section] | None = None,
        blind: list[Blind] | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.data = data
        self._lines = Lines(data)
        self.sections = split_sections(data) if sections is None else sections
        hosts = {section.host for section in self.sections} - {""}
        self.identity = hosts.pop() if len(hosts) == 1 else ""
        self._zone = zone
        self._blind = [] if blind is None else blind
        self._copies: list[Blind] = []

    @classmethod
    def split(
        cls, name: str, path: str, data: Data, zone: tzinfo | None = None, blind: list[Blind] | None = None
    ) -> "list[StarosRoot]":
        """Return one root for each host that the prompts of a text name.

        With one host or none that is the whole text. With several, what follows a prompt is of its host; banners are,
        too, where that prompt asked for `show support details`, else they are of a root without a name.
        """
        sections = split_sections(data)
        hosts = list(dict.fromkeys(section.host for section in sections))
        if len([host for host in hosts if host]) < 2:  # noqa: PLR2004 - only several hosts are kept apart
            return [cls(name, path, data, zone, sections, blind)]
        return [
            cls(f"{name} ({host})" if host else name, path, data, zone, own, blind)
            for host in hosts
            if (own := [section for section in sections if section.host == host])
            and (host or any(_holds_anything(data, section) for section in own))
        ]

    def documents(self, request: str) -> Iterator[Document]:
        """Yield the output of each command that is the request, with or without more options; `log` is the whole text."""
        if request == "log":
            for start, end in _spans(self.sections):
                yield self._document(request, start, end, None)
            return
        for section in self.sections:
            if section.command == request or section.command.startswith(request + " "):
                at, start = self._dated(section)
                yield self._document(section.command, start, section.end, at)

    def blind(self) -> list[Blind]:
        """Return what could not be seen: of the archive or folder, a text itself has no rights."""
        return [*self._blind, *self._copies]

    def add_blind(self, blind: Blind) -> None:
        """Keep in mind something that was not used."""
        self._copies.append(blind)

    def is_copy(self, other: object) -> bool:
        """Whether another root is the same text of the same host, so that it tells nothing new."""
        return isinstance(other, StarosRoot) and self.identity == other.identity and self._text() == other._text()  # noqa: SLF001 - of the same class

    def _text(self) -> bytes:
        return b"".join(self.data[start:end] for start, end in _spans(self.sections)).strip()

    def _dated(self, section: Section) -> tuple[Moment | None, int]:
        """Return the moment on the first line that is not blank, and where the text below it begins."""
        head = self.data[section.start : min(section.end, section.start + LONGEST_HEADER)]
        before = len(head) - len(head.lstrip(b"\r\n\t\f \xc2\xa0"))
        stop = head.find(b"\n", before)
        line = head[before : stop if stop >= 0 else None].decode("utf-8", "replace").replace(NBSP, " ")
        at = clock.date(line, self._zone)
        if at is None:
            return None, section.start
        return at, section.start + stop + 1 if stop >= 0 else section.end

    def _document(self, name: str, start: int, end: int, at: Moment | None) -> Document:
        offset = self._zone.utcoffset(None) if self._zone else None
        of = {} if offset is None else {"zone": str(round(offset.total_seconds()))}
        return Document(name, self.path, self.data, of=of, start=start, end=end, at=at, numbers=self._lines)


def split_sections(data: Data) -> list[Section]:
    """Return the sections of a text in order; the first is what stands before any header, with no command."""
    headers = sorted(_headers(data).values(), key=lambda header: header.begin)
    begins = [*(header.begin for header in headers), len(data)]
    sections = [Section("", "", 0, 0, begins[0])]
    host, details = "", False
    for header, end in zip(headers, begins[1:], strict=True):
        if header.host:
            host, details = header.host, header.command.startswith(_DETAILS)
        owner = host if header.host or details else ""
        sections.append(Section(header.command, owner, header.begin, min(header.end + 1, end), end))
    return sections


def _headers(data: Data) -> dict[int, _Header]:
    """Return the headers by where their lines begin: banners, prompts of `show`, any other prompts of those hosts."""
    found: dict[int, _Header] = {}
    for expression in _HEADERS:
        _search(data, expression, found)
    hosts = list(dict.fromkeys(header.host for header in found.values() if header.host))
    for expression in literal(*(f"]{host}".encode() for host in hosts[:MOST_HOSTS])):
        _search(data, expression, found)
    return found


def _search(data: Data, expression: re.Pattern[bytes], found: dict[int, _Header]) -> None:
    for match in expression.finditer(data):
        if match[0].strip(b"* \r"):
            begin, line = line_of(data, match.start(), match.end())
            if begin not in found and (header := _header(begin, match.end(), line)):
                found[begin] = header


def _header(begin: int, end: int, line: str) -> _Header | None:
    """Return the header on a line; None when it is none."""
    if len(line) > LONGEST_HEADER:
        return None
    banner = _BANNER.fullmatch(line)
    prompt = None if banner else _PROMPT.fullmatch(line)
    if banner:
        return _Header(begin, end, "", _command(banner[1]))
    return _Header(begin, end, prompt["host"], _command(prompt["command"])) if prompt else None


def _command(text: str) -> str:
    """Return a command in lower case with single blanks, without what its output is piped through."""
    return " ".join(text.lower().partition("|")[0].split())


def _spans(sections: list[Section]) -> Iterator[tuple[int, int]]:
    """Yield the regions that sections cover, headers and all; neighbours as one."""
    begin, end = 0, 0
    for section in sections:
        if section.begin > end:
            if end > begin:
                yield begin, end
            begin = section.begin
        end = section.end
    if end > begin:
        yield begin, end


def _holds_anything(data: Data, section: Section) -> bool:
    """Whether a section of no host has a command or any text."""
    return bool(section.command) or bool(data[section.start : min(section.end, section.start + LOOKED_AT)].strip())


def looks_like_staros(data: Data) -> bool:
    """Return whether a text is StarOS's: by its banners, its prompts with commands of its own, or its log lines."""
    head = bytes(data[:LOOKED_AT])
    if any(_tells(header) for header in _headers(head).values()):
        return True
    if any(_EVENT.search(line_of(head, match.start(), match.end())[1]) for match in _EVENT_LITERAL.finditer(head)):
        return True
    lines = (line_of(data, match.start(), match.end()) for one in _ANYWHERE for match in one.finditer(data))
    return any(_LINE.search(line) or ((header := _header(0, 0, line)) and _tells(header)) for _, line in lines)


def _tells(header: _Header) -> bool:
    return header.command.startswith("show ") if not header.host else _TELLING.match(header.command) is not None
