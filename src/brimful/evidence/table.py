"""Printed tables: rows that an author cut out, and the rows of the StarOS probe tables.

Shapes from Cisco, "Troubleshoot KNI: Out of Memory Errors": lost probes from card to card over 15 s, 5 min and 60 min,
as two counts and the percentage that follows from them.
"""

import re

import msgspec

from brimful.evidence.matrix import WINDOWS
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Blind

CUT = "rows were cut out of this table (…)"
ABSENT = frozenset(("N/A", "n/a", "-", "--"))
"""What is printed where there is no number."""

_ELLIPSIS = re.compile(r"\s*\[?(?:…+|\.{3,})\]?\s*")
_CARD = re.compile(r"[0-9]{1,3}")
_PERCENT = re.compile(r"([0-9]{1,3})\.([0-9])%")
_COLUMNS = 11


def is_cut(line: str) -> bool:
    """Whether a line stands for rows left out: `…` alone."""
    return _ELLIPSIS.fullmatch(line) is not None


def rows_cut(what: str, remedy: str) -> Blind:
    """Return the blind spot of a table with rows cut out; `remedy` is the command that shows them all."""
    return Blind(what, CUT, remedy)


class Window(msgspec.Struct, frozen=True):
    """One window of a probe row: its name, its two counts and the percentage in tenths."""

    name: str
    first: int
    second: int
    tenths: int

    def agrees(self, lost: int, total: int) -> bool:
        """Whether the printed percentage is that of the counts, but for rounding to one decimal."""
        return 2 * abs(self.tenths * total - 1000 * lost) <= total if total else not self.tenths


class ProbeRow(msgspec.Struct, frozen=True):
    """One row of a probe table: `link` is `card 2 -> card 6`; windows that print no number are left out."""

    link: str
    windows: tuple[Window, ...]


def probe_row(line: str) -> ProbeRow | str | None:
    """Return the row on a line, or why it cannot be read; None when the line is no row: a heading, a ruler, prose."""
    columns = line.split()
    if not _like_a_row(columns):
        return None
    if len(columns) != _COLUMNS or not all(_CARD.fullmatch(card) for card in columns[:2]):
        return "not two cards and three windows"
    windows = []
    for index, name in enumerate(WINDOWS):
        cells = columns[2 + 3 * index : 5 + 3 * index]
        if ABSENT.isdisjoint(cells):
            window = _window(name, *cells)
            if window is None:
                return f"not two counts and a percentage in the {name} window"
            windows.append(window)
    return ProbeRow(f"card {int(columns[0])} -> card {int(columns[1])}", tuple(windows))


def _like_a_row(columns: list[str]) -> bool:
    """Two cards first, or figures in percent anywhere, so that a damaged row is not taken for prose."""
    cards = len(columns) > 2 and all(_CARD.fullmatch(card) for card in columns[:2])  # noqa: PLR2004 - something behind
    return cards or sum(text.endswith("%") and any(c.isdigit() for c in text) for text in columns) > 1


def _window(name: str, first: str, second: str, percent: str) -> Window | None:
    one, other, match = unsigned(first), unsigned(second), _PERCENT.fullmatch(percent)
    if one is None or other is None or match is None:
        return None
    return Window(name, one, other, int(match[1] + match[2]))
