"""Dumps of sockets of which most are idle: those are counted without being looked at one by one.

The messages of one dump are alike: those of one length, family and state have their numbers at the same places. A column
of a row of such messages is taken at once, as one long number: it is 0 when all of them are idle.
"""

import struct
import sys
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from brimful.kernel.netlink import FIRST_KIND, NetlinkError

HEADER = 16
WORD = 4
FEW = 6
"""Messages in a row for which columns are not worth it."""
MOST = 1000
"""So many sockets of one kind are looked at one by one: of more, those that are idle are counted only."""
LARGEST = 20_000
"""So many sockets of one kind are kept, busy or not: 20 MB."""

_U32 = struct.Struct("=I")
_ATTRIBUTE = struct.Struct("=HH")
_BOTH = (0, 1)
_WHOLE = 0xFFFFFFFF
_QUEUED = (0, 2, 5, 7, 8)
"""Words of SK_MEMINFO that are 0 in an idle socket: r, t, w, bl and d (include/uapi/linux/sock_diag.h)."""
_KIND = int.from_bytes(b"\xff\xff\0\0", sys.byteorder)


class Shape(msgspec.Struct, frozen=True):
    """Where a family keeps its numbers. Bytes from the beginning of the message's body.

    `size` is where attributes begin, `memory` the attribute that is SK_MEMINFO. Both queues stand at `queue`, or in the
    attribute `queues`. `kind` and `cookie` are where the family with the state, and the cookie, stand.
    """

    size: int
    memory: int
    cookie: int
    kind: int = 0
    queue: int = 0
    queues: int = -1


class Row(msgspec.Struct, frozen=True):
    """Messages of one length in one datagram, one after the other: `first` and `stride` in words."""

    words: memoryview
    first: int
    stride: int
    count: int

    def column(self, word: int) -> memoryview:
        """Return one word of each message."""
        return self.words[self.first + word : self.first + self.count * self.stride : self.stride]

    def body(self, index: int) -> bytes:
        """Return what follows the header of one message."""
        start = self.first + index * self.stride
        return self.words[start + HEADER // WORD : start + self.stride].tobytes()[: self.words[start] - HEADER]


class Layout(msgspec.Struct, frozen=True):
    """Words that are 0 in an idle socket, and words that tell that a message has this layout, with their value."""

    quiet: tuple[int, ...]
    fixed: tuple[tuple[int, int, int], ...]


def busy(datagrams: Iterable[bytes], shape: Shape, also: frozenset[int] = frozenset()) -> tuple[list[bytes], int, int]:
    """Return the messages of all sockets that are not idle, or of all where there are few, and how many are left out.

    The first number counts those left out because they are idle, the second those beyond `LARGEST`.
    `also`: the lower halves of cookies whose sockets are wanted whatever they do. More than what is asked for may come.
    `NetlinkError` where a message is cut short.
    """
    rows = [row for data in datagrams for row in _rows(data, HEADER + shape.size)]
    seen = sum(row.count for row in rows)
    if seen <= MOST:
        return [row.body(index) for row in rows for index in range(row.count)], 0, 0
    layouts: dict[tuple[int, int], Layout] = {}
    wanted = ((row, index) for row in rows for index in _wanted(row, shape, also, layouts))
    found = [row.body(index) for row, index in islice(wanted, LARGEST)]
    left = sum(1 for _ in wanted)
    return found, seen - len(found) - left, left


def _rows(data: bytes, least: int) -> Iterator[Row]:
    """Yield the rows of one datagram up to the message that ends the dump."""
    words = memoryview(data + bytes(-len(data) % WORD)).cast("I")
    first = 0
    while first < len(words):
        if len(words) - first < HEADER // WORD:
            raise NetlinkError("netlink message is cut short in its header")
        length = words[first]
        stride = (length + WORD - 1) // WORD
        if length < HEADER or stride > len(words) - first:
            raise NetlinkError(f"netlink message of {length} bytes in {WORD * (len(words) - first)}")
        if memoryview(data)[WORD * first + WORD : WORD * first + 6].cast("H")[0] < FIRST_KIND:
            return
        if length < least:
            raise NetlinkError("socket is cut short")
        count = _alike(words[first::stride], (len(words) - first) // stride, length)
        yield Row(words, first, stride, count)
        first += count * stride


def _alike(lengths: memoryview, most: int, length: int) -> int:
    """Return how many messages follow each other that are as long as the first."""
    if lengths[:most].tobytes() == _U32.pack(length) * most:
        return most
    return next(index for index, found in enumerate(lengths) if found != length)


def _wanted(row: Row, shape: Shape, also: frozenset[int], layouts: dict[tuple[int, int], Layout]) -> Iterable[int]:
    """Return which messages of a row are of sockets that are not idle, or asked for."""
    some = range(row.count) if row.count < FEW else _together(row, _layout_of(row, 0, shape, layouts))
    found = {index for index in some if not _is_idle(row, index, _layout_of(row, index, shape, layouts))}
    if also:
        cookies = row.column((HEADER + shape.cookie) // WORD).tolist()
        if not also.isdisjoint(cookies):
            found |= {index for index, cookie in enumerate(cookies) if cookie in also}
    return sorted(found)


def _layout_of(row: Row, index: int, shape: Shape, layouts: dict[tuple[int, int], Layout]) -> Layout:
    """Return the layout of a message: one for each length, family and state."""
    start = row.first + index * row.stride
    kind = row.words[start + (HEADER + shape.kind) // WORD] & _KIND
    layout = layouts.get((row.words[start], kind))
    if layout is None:
        layout = layouts[row.words[start], kind] = _layout(row.body(index), shape, kind)
    return layout


def _is_idle(row: Row, index: int, layout: Layout) -> bool:
    words, start = row.words, row.first + index * row.stride
    if any(words[start + word] for word in layout.quiet):
        return False
    return all(words[start + word] & mask == value for word, mask, value in layout.fixed)


def _together(row: Row, layout: Layout) -> Iterable[int]:
    """Return the messages that are not idle, or not of this layout, all columns at once."""
    told = 0
    for word in layout.quiet:
        told |= _number(row.column(word))
    for word, mask, value in layout.fixed:
        told |= (_number(row.column(word)) & _number(_U32.pack(mask) * row.count)) ^ _number(
            _U32.pack(value) * row.count
        )
    if not told:
        return ()
    marks = memoryview(told.to_bytes(WORD * row.count, "little")).cast("I")
    return [index for index, mark in enumerate(marks) if mark]


def _number(column: memoryview | bytes) -> int:
    return int.from_bytes(bytes(column), "little")


def _layout(body: bytes, shape: Shape, kind: int) -> Layout:
    """Return where the numbers of a message stand, and of all that have the same length, family, state, attributes."""
    fixed = [((HEADER + shape.kind) // WORD, _KIND, kind)]
    quiet = [(HEADER + shape.queue) // WORD + word for word in _BOTH] if shape.queue else []
    offset = shape.size
    while offset + WORD <= len(body):
        length, number = _ATTRIBUTE.unpack_from(body, offset)
        if not WORD <= length <= len(body) - offset:
            raise NetlinkError(f"netlink attribute of {length} bytes in {len(body) - offset}")
        header = (HEADER + offset) // WORD
        fixed.append((header, _WHOLE, _U32.unpack_from(body, offset)[0]))
        words = _QUEUED if number == shape.memory else _BOTH if number == shape.queues else ()
        quiet += [header + 1 + word for word in words if WORD * (word + 2) <= length]
        offset += (length + WORD - 1) & -WORD
    return Layout(tuple(quiet), tuple(fixed))
