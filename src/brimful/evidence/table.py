"""Printed tables: rows that an author cut out, and the rows of the StarOS probe tables.

Shapes from Cisco, "Troubleshoot KNI: Out of Memory Errors": lost probes from card to card over 15 s, 5 min and 60 min,
as two counts and the percentage that follows from them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from brimful.evidence.frame import Sheet
from brimful.evidence.matrix import WINDOWS
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Blind
from brimful.evidence.series import Series

CUT = "rows were cut out of this table (…)"
ABSENT = frozenset(("N/A", "n/a", "-", "--"))
"""What is printed where there is no number."""

_ELLIPSIS = re.compile(r"\s*\[?(?:…+|\.{3,})\]?\s*")
_CARD = re.compile(r"[0-9]{1,3}")
_ROW = re.compile(r"\s*([0-9]{1,3})\s+([0-9]{1,3})" + 3 * r"\s+(\S+\s+\S+\s+\S+)" + r"\s*")
_PERCENT = re.compile(r"([0-9]{1,3})\.([0-9])%")


def is_cut(line: str) -> bool:
    """Whether a line stands for rows left out: `…` alone."""
    return _ELLIPSIS.fullmatch(line) is not None


def has_cut(lines: Iterable[str]) -> bool:
    """Whether rows were left out of a table."""
    return any(("…" in line or "..." in line) and is_cut(line) for line in lines)


def rows_cut(what: str, remedy: str) -> Blind:
    """Return the blind spot of a table with rows cut out; `remedy` is the command that shows them all."""
    return Blind(what, CUT, remedy)


class ProbeTable:
    """A table of probes lost from card to card, in three windows of two counts and a percentage.

    `source` is who reads it, `first` and `second` the (meaning, column) of the two counts, `percentage` the name of the
    third column, `lost_of` what of the two counts was lost and of how many.
    """

    def __init__(
        self,
        source: str,
        first: tuple[str, str],
        second: tuple[str, str],
        percentage: str,
        lost_of: Callable[[int, int], tuple[int, int]],
    ) -> None:
        self._source = source
        self._columns = (first, second)
        self._wrong = f"the printed {percentage} is not that of {first[1]} and {second[1]}"
        self._lost_of = lost_of
        # most windows of a table are alike (nothing lost), and every sample has the same rows
        self._window = lru_cache(maxsize=4096)(self._read_window)
        self._series = lru_cache(maxsize=16384)(self._name_series)

    def read(self, lines: Iterable[tuple[int, str]], sheet: Sheet) -> Iterator[tuple[int, str]]:
        """Put every row into the sheet; yield the number of each line that cannot be read, and why.

        Headings, rulers and prose are no rows. Windows that print no number are left out of their row.
        """
        taken: set[tuple[int, int]] = set()
        for number, line in lines:
            match = _ROW.fullmatch(line)
            if match is None:
                if _like_a_row(line.split()):
                    yield number, "not two cards and three windows"
                continue
            source, target, *texts = match.groups()
            link = (int(source), int(target))
            windows: list[tuple[int, int] | None] = []
            wrong = f"card {link[0]} -> card {link[1]} is in the table twice" if link in taken else ""
            for window in map(self._window, texts):
                if isinstance(window, str):
                    wrong = window
                else:
                    windows.append(window)
            if wrong:
                yield number, wrong
                continue
            taken.add(link)
            series = self._series(*link, *(window is not None for window in windows))
            sheet.extend(series, tuple(count for window in windows if window for count in window), number)

    def _read_window(self, text: str) -> tuple[int, int] | str | None:
        """Return the two counts of a window; None where it prints none, the reason where it cannot be read."""
        cells = text.split()
        if not ABSENT.isdisjoint(cells):
            return None
        first, second, match = unsigned(cells[0]), unsigned(cells[1]), _PERCENT.fullmatch(cells[2])
        if first is None or second is None or match is None:
            return "not two counts and a percentage in every window"
        lost, total = self._lost_of(first, second)
        tenths = int(match[1] + match[2])
        # the printed percentage is rounded to one decimal
        agrees = 2 * abs(tenths * total - 1000 * lost) <= total if total else not tenths
        return (first, second) if agrees else self._wrong

    def _name_series(self, source: int, target: int, *there: bool) -> tuple[Series, ...]:
        return tuple(
            Series(meaning, f"card {source} -> card {target}/{window}", raw, self._source, width_bits=0)
            for window, present in zip(WINDOWS, there, strict=True)
            if present
            for meaning, raw in self._columns
        )


def _like_a_row(columns: list[str]) -> bool:
    """Two cards first, or figures in percent anywhere, so that a damaged row is not taken for prose."""
    cards = len(columns) > 2 and all(_CARD.fullmatch(card) for card in columns[:2])  # noqa: PLR2004 - something behind
    return cards or sum(text.endswith("%") and any(c.isdigit() for c in text) for text in columns) > 1
