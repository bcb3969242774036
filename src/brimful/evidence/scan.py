"""Finds a few lines in a large text, in memory or mapped, without splitting it into lines.

An expression that begins with a literal runs over a map at memory speed; numbers of lines are counted once, from one
hit to the next.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from mmap import mmap

Data = bytes | mmap

LONGEST_LINE = 4096
"""Bytes of a line that are looked at before and after a literal."""

ENDLESS = 8 << 20
"""Bytes without a line end after which a line is no line: the output of `ip -j` for 5,000 interfaces is one of this size."""

GAP = "\N{REPLACEMENT CHARACTER}".encode()

CHUNK = 1 << 18
"""Bytes of a map that are copied at a time to be counted: they stay in the processor's cache."""


class Lines:
    """Numbers of lines, from 1 at `start`: what lies between two places that were asked for is counted once."""

    def __init__(self, data: Data, start: int = 0) -> None:
        self._data = data
        self._offsets = [start]
        self._numbers = [1]

    def at(self, offset: int) -> int:
        """Return the number of the line that a byte, not before `start`, is in."""
        known = bisect_right(self._offsets, offset) - 1
        begin, number = self._offsets[known], self._numbers[known]
        for piece in range(begin, offset, CHUNK):
            number += self._data[piece : min(piece + CHUNK, offset)].count(b"\n")
        if offset > begin:
            self._offsets.insert(known + 1, offset)
            self._numbers.insert(known + 1, number)
        return number


def without_endless(data: Data, start: int, end: int) -> bytes:
    """Return a region whose lines fit into memory: of one that is endless the middle is left out, with U+FFFD for it."""
    if end - start <= ENDLESS:
        return data[start:end]
    pieces: list[bytes] = []
    for begin in range(start, end, ENDLESS):
        stop = begin + ENDLESS
        if start < begin and stop <= end and data.find(b"\n", begin, stop) < 0:
            pieces += [GAP] if pieces[-1] != GAP else []
        else:
            pieces.append(data[begin : min(stop, end)])
    return b"".join(pieces)


def literal(*texts: bytes) -> list[re.Pattern[bytes]]:
    """Return, for each literal, the expression of it and the rest of its line."""
    return [re.compile(re.escape(text) + rb"[^\n]{0,%d}" % LONGEST_LINE) for text in texts]


def line_of(data: Data, offset: int, end: int, start: int = 0) -> tuple[int, str]:
    """Return where the line of a byte begins and its text up to `end`: no-break spaces as blanks, nothing at its ends."""
    floor = max(start, offset - LONGEST_LINE)
    begin = max(floor, data.rfind(b"\n", floor, offset) + 1)
    return begin, data[begin:end].decode("utf-8", "replace").replace("\N{NO-BREAK SPACE}", " ").strip()


def lines_with(data: Data, text: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, str]]:
    """Yield each line that holds a literal, once, with the offset it begins at."""
    stop = len(data) if end is None else end
    (expression,) = literal(text)
    line_end = start
    for match in expression.finditer(data, start, stop):
        if match.start() >= line_end:
            yield line_of(data, match.start(), match.end(), start)
            newline = data.find(b"\n", match.end(), stop)
            line_end = newline if newline >= 0 else stop
