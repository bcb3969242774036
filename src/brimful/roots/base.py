"""What a root answers, and what a source may ask of it.

A request is one string. With a leading slash it is a path (`/proc/net/snmp`), else a command (`ethtool -S {interface}`).
Parts in braces match anything and come back in `Document.of`. A live root answers from the kernel, a saved one from the
files that hold the same text; a source cannot tell the two apart.
"""

import re
from array import array
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from mmap import mmap
from typing import Protocol

from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind, Origin
from brimful.evidence.scan import LONGEST_LINE, Lines, without_endless

NBSP = "\N{NO-BREAK SPACE}"


class Unusable(Exception):
    """The input cannot be used at all: one line that names the file and why."""


class Counters:
    """Numbers a live root has already got as numbers: names and values in the driver's order, names may repeat."""

    __slots__ = ("names", "values")

    def __init__(self, names: tuple[str, ...], values: tuple[int, ...]) -> None:
        self.names = names
        self.values = values


class Table:
    """Numbers of many things of one kind, as a live root has them each second: the counters of all NICs of one driver.

    `rows` are the things (interfaces), `names` the columns in the kernel's order (names may repeat). The numbers of a
    row stand together: `values[row * stride + skip + column]`. `drivers` as in `Document`.
    `news`: rows or columns are not those of the table before, or that was long ago: whatever is to be said of them beside
    their numbers is due.
    """

    __slots__ = ("at", "boot", "drivers", "name", "names", "news", "rows", "skip", "stride", "values")

    def __init__(  # noqa: PLR0913, PLR0917 - the shape of numbers at a moment
        self,
        name: str,
        rows: tuple[str, ...],
        names: tuple[str, ...],
        values: "array[int]",
        stride: int,
        skip: int,
        at: Moment,
        boot: str,
    ) -> None:
        self.name = name
        self.rows = rows
        self.names = names
        self.values = values
        self.stride = stride
        self.skip = skip
        self.at = at
        self.boot = boot
        self.drivers: Mapping[str, str] = {}
        self.news = True

    def column(self, index: int) -> "array[int]":
        """Return one column, a number for each row."""
        return self.values[self.skip + index :: self.stride]

    def origin(self, row: str) -> Origin:
        """Return where the numbers of a row came from: the kernel, so there is no line."""
        return Origin(self.name.replace("{interface}", row))


class Document:
    """One answer: a text, or a region of one, with the place and the moment it came from.

    `name` is the request it answers with its braces filled in, `of` what filled them. `file` is what a person would
    open. `data` may be a memory map of a large file; `start` and `end` bound the region. `numbers` counts the lines of
    `data`, once for all its regions. `drivers` names the driver of each interface, where the root tells: whoever reads
    the document sets it, one mapping for all documents. `beside` is the text its source wants with it, set likewise.
    """

    def __init__(  # noqa: PLR0913 - a region of a named file at a moment
        self,
        name: str,
        file: str,
        data: "bytes | mmap",
        *,
        of: dict[str, str] | None = None,
        start: int = 0,
        end: int | None = None,
        at: Moment | None = None,
        boot: str = "",
        counters: Counters | None = None,
        numbers: Lines | None = None,
    ) -> None:
        self.name = name
        self.file = file
        self.data = data
        self.of = of or {}
        self.start = start
        self.end = len(data) if end is None else end
        self.at = at
        self.boot = boot
        self.counters = counters
        self.drivers: Mapping[str, str] = {}
        self.beside = ""
        self._numbers = numbers or Lines(data)
        self._lines: list[str] | None = None
        self._origins: dict[int, Origin] = {}

    @property
    def first_line(self) -> int:
        """The 1-based number, in the file, of the region's first line. Counted when asked for."""
        return self._numbers.at(self.start)

    def lines(self) -> list[str]:
        """Return the region's lines: UTF-8 with anything else replaced, no-break spaces and form feeds as blanks."""
        if self._lines is None:
            text = without_endless(self.data, self.start, self.end).decode("utf-8", "replace")
            text = text.replace(NBSP, " ").replace("\f", " ").replace("\r\n", "\n")
            self._lines = text.split("\n")
            if self._lines[-1] == "":
                self._lines.pop()
        return self._lines

    @property
    def lines_read(self) -> int:
        """How many lines a parser has looked at: 0 where the text was only scanned, or never was text."""
        return len(self._lines) if self._lines is not None else 0

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Yield each line with its number within the region, from 1; `origin` takes that number."""
        return enumerate(self.lines(), 1)

    def origin(self, line: int) -> Origin:
        """Return where line `line` of the region (from 1; 0 for the whole) is."""
        found = self._origins.get(line)
        if found is None:
            known = 1 <= line <= len(self.lines())
            raw = self.lines()[line - 1][:LONGEST_LINE].strip() if known else ""
            found = self._origins[line] = Origin(self.file, self.first_line + line - 1 if known else 0, raw)
        return found

    def origin_of(self, offset: int, raw: str) -> Origin:
        """Return where a line that begins at a byte offset of `data` is: for scans that never split the text."""
        return Origin(self.file, partial(self._numbers.at, offset), raw)


class Root(Protocol):
    """One machine at one time.

    `identity` is what the machine says it is, empty when it does not say: only roots of one identity are samples of one
    machine. `blind` holds what was asked for and could not be had.
    """

    name: str
    kind: str
    path: str
    identity: str

    def documents(self, request: str) -> Iterator[Document]:
        """Yield every answer to a request, earliest first; none when there is no such thing."""
        ...

    def blind(self) -> list[Blind]:
        """Return what could not be seen so far, and which right would show it."""
        ...


@lru_cache(maxsize=512)
def pattern(request: str) -> "re.Pattern[str]":
    """Return the regular expression of a request: `{name}` becomes a group that matches anything but a line end."""
    parts = re.split(r"\{(\w+)\}", request)
    text = "".join(f"(?P<{part}>.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    return re.compile(rf"\A{text}\Z")
