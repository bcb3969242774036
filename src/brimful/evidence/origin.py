"""Where a number or a line came from."""

from collections.abc import Callable

import msgspec


class Origin:
    """A line of a file (or of a command's output, or of a live read): 1-based, 0 when a line means nothing.

    `line` may be given as a function that counts it: of the thousands of lines found in a large log, few are printed.
    """

    __slots__ = ("_line", "file", "raw")

    def __init__(self, file: str, line: int | Callable[[], int] = 0, raw: str = "") -> None:
        self.file = file
        self._line = line
        self.raw = raw

    @property
    def line(self) -> int:
        """The number of the line."""
        if not isinstance(self._line, int):
            self._line = self._line()
        return self._line

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Origin):
            return NotImplemented
        return (self.raw, self.file) == (other.raw, other.file) and self.line == other.line

    def __hash__(self) -> int:
        return hash((self.file, self.raw))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def __repr__(self) -> str:
        return f"Origin({self.file!r}, {self.line}, {self.raw!r})"

    @property
    def short(self) -> str:
        """The file's own name and the line, enough for a person who has the capture before him; a live path whole."""
        live = self.file.startswith(("/proc/", "/sys/"))
        name = self.file if live else self.file.rstrip("/").rpartition("/")[2] or self.file
        return f"{name}:{self.line}" if self.line else name


class Unread(msgspec.Struct, frozen=True):
    """A line that could not be read: it cost itself and nothing else."""

    origin: Origin
    why: str


class Blind(msgspec.Struct, frozen=True):
    """Something that could not be seen, why, and which right or command would show it."""

    what: str
    why: str
    remedy: str = ""

    def __str__(self) -> str:
        """`ethtool -S eth0: permission denied (run as root)`."""
        return f"{self.what}: {self.why}" + (f" ({self.remedy})" if self.remedy else "")


class Exhibit(msgspec.Struct, frozen=True):
    """One piece of evidence in a verdict: a sentence and the origin behind it.

    `doubt` is what makes it uncertain; the judge prints it with whatever is concluded from it.
    """

    text: str
    origin: Origin | None = None
    value: int | float | str | None = None
    at: str | None = None
    doubt: str = ""
