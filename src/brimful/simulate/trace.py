"""Packets as they were captured: a pcap file, or a CSV of times (ns) and lengths (bytes)."""

import struct
from array import array
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Protocol

from brimful.simulate.arrivals import blocks
from brimful.simulate.stage import Block

CHECK_BYTES = 4
"""Frame check sequence, which most captures leave out."""
SMALLEST = 64
"""Bytes of the smallest frame on the wire: what is sent shorter is padded after it was captured."""
CHECK_GIVEN = 0x0400_0000
"""Bit of the link type that says that its four highest bits are the length of the check sequence in the file, in 2 bytes."""
ETHERNET = 1
"""LINKTYPE_ETHERNET of the pcap format."""
MAGIC = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000)} | {
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""First bytes of a pcap file: the order of its bytes, and ns of the unit of its fractions (draft-ietf-opsawg-pcap)."""
PCAPNG = b"\x0a\x0d\x0d\x0a"
LONGEST = (1 << 32) - 1
HEADER, RECORD = 24, 16


class Reader(Protocol):
    """The bytes of a file, one part after the other."""

    def read(self, count: int, /) -> bytes:
        """Return the next bytes, fewer at the end."""
        ...


class Unusable(Exception):
    """A file that holds no packets to simulate with; the text says why, and in which line."""


def trace(path: str) -> Iterator[Block]:
    """Yield the packets of a file, the first at 0 ns. A packet with an earlier time than the one before comes with that one.

    `Unusable` says what is wrong with it, and OSError that it cannot be read.
    """
    times, sizes = array("d"), array("q")
    with Path(path).open("rb") as file:
        magic = file.read(4)
        if magic == PCAPNG:
            raise Unusable(f"{path}: is pcapng: convert it with editcap -F pcap")
        file.seek(0)
        packets = _pcap(path, file, *MAGIC[magic]) if magic in MAGIC else _csv(path, file.read())
        first = last = None
        for time, size in packets:
            first = time if first is None else first
            last = time - first if last is None else max(last, time - first)
            times.append(last)
            sizes.append(size)
    if not times:
        raise Unusable(f"{path}: holds no packets")
    yield from blocks(times, sizes)


def _pcap(path: str, file: Reader, order: str, unit_ns: int) -> Iterator[tuple[int, int]]:
    header = file.read(HEADER)
    if len(header) < HEADER:
        raise Unusable(f"{path}: ends within the header of a pcap file")
    (link,) = struct.unpack_from(f"{order}I", header, 20)
    if link & 0xFFFF != ETHERNET:
        raise Unusable(f"{path}: is of link type {link & 0xFFFF}, not of Ethernet frames")
    missing = max(0, CHECK_BYTES - 2 * (link >> 28)) if link & CHECK_GIVEN else CHECK_BYTES
    record = struct.Struct(f"{order}IIII")
    # a capture that was cut short ends within a record: what is whole before it counts
    while len(head := file.read(RECORD)) == RECORD:
        seconds, fraction, kept, length = record.unpack(head)
        if len(file.read(kept)) < kept:
            return
        yield seconds * 10**9 + fraction * unit_ns, max(length + missing, SMALLEST)


def _csv(path: str, text: bytes) -> Iterator[tuple[float, int]]:
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        time, _, size = line.partition(",")
        try:
            at, length = float(time), int(size)
        except ValueError:
            if number == 1:  # names of the columns
                continue
            raise Unusable(f"{path}: line {number}: is not a time in ns, a comma and a length in bytes") from None
        if not 0 <= at < inf or not 0 < length <= LONGEST:
            raise Unusable(f"{path}: line {number}: {at:g} ns and {length} bytes are no packet")
        yield at, length
