"""Lines of a terminal: pieces of text with a style, cut to a width, and the bytes that turn one line into another."""

from collections.abc import Iterator
from functools import lru_cache

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.style import Style

Line = tuple["Piece", ...]


class Piece(msgspec.Struct, frozen=True):
    """A text of a fixed number of columns, and how it looks (a style of rich)."""

    text: str
    style: str = ""


def clean(text: str) -> str:
    """Return a text without what a terminal would obey: names of processes and interfaces come from anybody."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return a text of exactly so many columns: cut with `~`, or filled with blanks."""
    text = clean(text)
    if width <= 0:
        return ""
    length = cell_len(text)
    if length > width:
        return f"{set_cell_size(text, width - 1)}~"
    return " " * (width - length) + text if right else text + " " * (width - length)


class Painter:
    """Turns lines into bytes, and remembers what stands on the screen: only what differs is written."""

    def __init__(self, *, colour: bool, width: int, height: int) -> None:
        self._system = ColorSystem.STANDARD if colour else None
        self._shown: list[Line] = []
        self.width = width
        self.height = height

    def forget(self, width: int, height: int) -> None:
        """Take the screen for empty: it was cleared, or has another size."""
        self._shown = []
        self.width = width
        self.height = height

    def draw(self, lines: list[Line]) -> str:
        """Return what to write so that these lines stand on the screen."""
        lines = lines[: self.height]
        lines += [()] * (self.height - len(lines))
        if self._shown:
            out = "".join(
                self._change(row, old, new)
                for row, (old, new) in enumerate(zip(self._shown, lines, strict=True), 1)
                if old != new
            )
        else:
            out = "\x1b[H\x1b[2J" + "".join(self._change(row, (), new) for row, new in enumerate(lines, 1) if new)
        self._shown = lines
        return out

    def _change(self, row: int, old: Line, new: Line) -> str:
        if [len(piece.text) for piece in old] == [len(piece.text) for piece in new] and old:
            return "".join(self._patches(row, old, new))
        return f"\x1b[{row}H{''.join(map(self._paint, new))}\x1b[K"

    def _patches(self, row: int, old: Line, new: Line) -> Iterator[str]:
        """Yield the pieces that differ, each with its place: of a piece, from the first character that differs."""
        column, at = 1, 0
        for before, after in zip(old, new, strict=True):
            if before != after:
                first, last = _differ(before, after)
                start = column + cell_len(after.text[:first])
                place = f"\x1b[{row};{start}H" if at != start else ""
                yield place + self._paint(Piece(after.text[first:last], after.style))
                at = column + cell_len(after.text[:last])
            column += cell_len(after.text)

    def _paint(self, piece: Piece) -> str:
        return _painted(piece, self._system)


def _differ(before: Piece, after: Piece) -> tuple[int, int]:
    """Return from where to where two texts of one length differ; the whole where the style does, or cells are wide."""
    wide = cell_len(before.text) != len(before.text) or cell_len(after.text) != len(after.text)
    if before.style != after.style or wide:
        return 0, len(after.text)
    same = [a == b for a, b in zip(before.text, after.text, strict=True)]
    return same.index(False), len(same) - same[::-1].index(False)


@lru_cache(maxsize=4096)
def _painted(piece: Piece, system: ColorSystem | None) -> str:
    if system is None or not piece.style:
        return piece.text
    return Style.parse(piece.style).render(piece.text, color_system=system)
