"""Compressed bytes, unpacked as a stream within bounds: gzip (RFC 1952), xz and bzip2, told by their first bytes.

Nothing here raises on damaged input: the stream ends, and `Unpacked.cut` says why it ended early.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

import msgspec

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

GZIP, XZ, BZIP2 = b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh"
CHUNK = 64 * KIB
TAIL = 1024
"""Bytes of the two zero blocks that end a tar archive."""
XZ_MEMORY = 256 * MIB
"""What an xz dictionary may take; `xz -9` needs 65 MiB."""


class Bounds(msgspec.Struct, frozen=True):
    """How much of an archive is read.

    `total_bytes` unpacked altogether, `kept_bytes` held in memory, `member_bytes` for one file. `ratio`: how many times
    its packed size an archive may unpack to, once it has unpacked to `ratio_from_bytes`. `looked_at`: into so many files
    of a folder, whose names do not tell what they are, is looked.
    """

    total_bytes: int = 8 * GIB
    kept_bytes: int = GIB
    member_bytes: int = GIB
    members: int = 500_000
    path_chars: int = 1024
    ratio: int = 500
    ratio_from_bytes: int = 64 * MIB
    looked_at: int = 4096


BOUNDS = Bounds()


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class _Gzip:
    """zlib with the interface that lzma and bz2 have: input that was not used up is kept inside."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


_MAKERS: dict[bytes, Callable[[], _Decompressor]] = {
    GZIP: _Gzip,
    XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY),
    BZIP2: bz2.BZ2Decompressor,
}
# bz2 reports damage as OSError; ValueError and EOFError are what lzma and bz2 raise when fed past an error
_DAMAGE = (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError)


def method(head: bytes) -> bytes | None:
    """Return the magic of the compression that a file's first bytes show, or None."""
    return next((magic for magic in _MAKERS if head.startswith(magic)), None)


class Unpacked:
    """A readable stream of what a file holds, uncompressed; a plain file passes through.

    `position` is how many bytes were given out, `cut` why the stream ended before its end (empty when it did not).
    `stop_at` is a position that must not be passed: the reader moves it along with what it expects. `tail` is the last
    block given out.
    """

    def __init__(self, file: BinaryIO, bounds: Bounds = BOUNDS) -> None:
        self._file = file
        self._bounds = bounds
        self._packed = 0
        self._ended = False
        self.cut = ""
        self._pending = self._fetch()
        self._magic = method(self._pending)
        self._decompressor = _MAKERS[self._magic]() if self._magic else None
        self._ready = bytearray()
        self.position = 0
        self.stop_at = bounds.total_bytes
        self.tail = b""

    @property
    def compressed(self) -> bool:
        """Whether there was anything to unpack."""
        return self._magic is not None

    def peek(self, size: int) -> bytes:
        """Return the next bytes, fewer at the end, without giving them out."""
        while len(self._ready) < size and not self._ended:
            self._more()
        return bytes(self._ready[:size])

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end."""
        room = max(0, min(self.stop_at, self._bounds.total_bytes) - self.position)
        out = self.peek(min(size, room))
        if size > room and len(self.peek(room + 1)) > room:
            self._end(f"unpacks to more than expected: stopped after {self.position + len(out)} bytes")
        del self._ready[: len(out)]
        self.position += len(out)
        self.tail = out[-TAIL:] or self.tail
        return out

    def read_all(self, limit: int) -> bytes:
        """Return up to `limit` bytes, read in pieces: a single large read would hold each byte three times."""
        parts: list[bytes] = []
        while limit and (part := self.read(min(limit, MIB))):
            parts.append(part)
            limit -= len(part)
        return b"".join(parts)

    def _end(self, why: str = "") -> None:
        self._ended = True
        self.cut = self.cut or why

    def _fetch(self) -> bytes:
        try:
            packed = self._file.read(CHUNK) or b""  # None where there would be a wait
        except OSError as error:
            self._end(f"cannot be read further: {error.strerror or error}")
            return b""
        self._packed += len(packed)
        return packed

    def _more(self) -> None:
        """Make some more bytes ready, or end the stream."""
        packed, self._pending = self._pending, b""
        if self._decompressor is not None:
            self._decompress(self._decompressor, packed)
            return
        packed = packed or self._fetch()
        self._ready += packed
        if not packed:
            self._end()

    def _decompress(self, decompressor: _Decompressor, packed: bytes) -> None:
        hungry = decompressor.needs_input and not packed
        packed = packed or (self._fetch() if hungry else b"")
        try:
            out = decompressor.decompress(packed, CHUNK)
        except _DAMAGE as error:
            self._end(f"damaged: {error}")
            return
        self._ready += out
        if decompressor.eof:
            self._next_stream(decompressor.unused_data)
        elif hungry and not packed and not out:
            self._end("cut off")
        made = self.position + len(self._ready)
        if made > self._bounds.ratio_from_bytes and made > self._bounds.ratio * self._packed:
            self._end(f"unpacks to more than {self._bounds.ratio} times its size")

    def _next_stream(self, rest: bytes) -> None:
        """Go on with the next of several compressed streams in one file; what else follows is padding."""
        rest = rest or self._fetch()
        if self._magic and rest.startswith(self._magic):
            self._decompressor = _MAKERS[self._magic]()
            self._pending = rest
        else:
            self._end()
