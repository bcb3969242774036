"""SIOCETHTOOL: the counters, driver and rings of one interface (include/uapi/linux/ethtool.h, net/ethtool/ioctl.c).

None of these commands needs a capability. ETHTOOL_GSTATS and ETHTOOL_GSTRINGS write as many entries as the driver has
*now*: up to Linux 6.6 they ignore how many the caller has room for, so more queues since the last look would overrun
its buffer; later ones write nothing and say 0. Hence a buffer far larger than asked for, the header written anew
before each call, and names and numbers that are believed only when both counts are the one expected.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import socket
import struct
import sys
import weakref
from array import array
from collections.abc import Iterable
from functools import lru_cache

import msgspec

SIOCETHTOOL = 0x8946
GDRVINFO = 0x03
GRINGPARAM = 0x10
GSTRINGS = 0x1B
GSTATS = 0x1D
GSSET_INFO = 0x37
ETH_SS_STATS = 1
ETH_GSTRING_LEN = 32
LONGEST_NAME = 15
"""Bytes of an interface's name: IFNAMSIZ less its NUL."""

RESERVED = 16 << 20
"""Bytes of address space for answers. Only pages that are written to take memory; 250,000 names fit twice."""

MARGIN = 2
"""How many times the space that is needed must be there, since a driver may have grown meanwhile."""

TRIES = 4
"""How often counters are read again whose number keeps changing."""

LASTING = frozenset((errno.EOPNOTSUPP, errno.EPERM, errno.EACCES))
"""Refusals that stay: such an interface is not asked again until the list of interfaces changes."""

MOST_KNOWN = 65536
"""Interfaces whose names are kept; where they come and go all the time the old ones are forgotten at once."""

_WORD = 8
_IFREQ = struct.Struct("16sP16x")
_SSET_INFO = struct.Struct("=IIQI")
_STRINGS = struct.Struct("=III")
_STATS = struct.Struct("=II")
_DRVINFO = struct.Struct("=I32s32s32s32s32s12xIIIII")
_RINGPARAM = struct.Struct("=9I")


class EthtoolError(Exception):
    """The kernel or the driver refused: EOPNOTSUPP (it has none), ENODEV (vanished), EPERM (not allowed) ..."""

    def __init__(self, interface: str, number: int) -> None:
        super().__init__(f"{interface}: {os.strerror(number)}")
        self.interface = interface
        self.errno = number


class Statistics(msgspec.Struct, frozen=True):
    """The counters of an interface in the driver's order. Names may repeat and have blanks around them."""

    names: tuple[str, ...]
    values: tuple[int, ...]


class Block(msgspec.Struct, frozen=True):
    """The counters of all interfaces that count the same things.

    `values` holds a row of `stride` numbers for each interface: one that is no counter, then the counters.
    """

    interfaces: tuple[str, ...]
    names: tuple[str, ...]
    values: "array[int]"
    stride: int


class Sweep(msgspec.Struct, frozen=True):
    """The counters of many interfaces, read one after the other; `errors` names those that refused."""

    blocks: tuple[Block, ...]
    errors: tuple[tuple[str, EthtoolError], ...]


class _Row(msgspec.Struct, frozen=True):
    """One interface of a plan: where its answer goes, and the request that says so."""

    index: int
    interface: str
    offset: int
    request: bytes


class _Plan(msgspec.Struct, frozen=True):
    """Who is asked for how many counters, and where the answers go: made once for a list of interfaces."""

    interfaces: tuple[tuple[int, str], ...]
    blocks: tuple[tuple[tuple[str, ...], tuple[_Row, ...]], ...]
    errors: tuple[tuple[str, EthtoolError], ...]
    buffer: mmap.mmap
    pointer: ctypes.c_char


class DriverInfo(msgspec.Struct, frozen=True):
    """What runs an interface: empty texts where the driver does not say; how many of each thing it offers."""

    driver: str
    version: str
    firmware: str
    bus: str
    expansion_rom: str
    private_flags: int
    statistics: int
    tests: int
    eeprom_bytes: int
    registers_bytes: int


class Rings(msgspec.Struct, frozen=True):
    """Descriptors of the rings: most there may be, and how many there are."""

    rx_maximum: int
    rx_mini_maximum: int
    rx_jumbo_maximum: int
    tx_maximum: int
    rx: int
    rx_mini: int
    rx_jumbo: int
    tx: int


class Ethtool:
    """Asks the drivers of the network namespace it was made in; for one thread at a time."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        weakref.finalize(self, self._socket.close)
        self._buffer = mmap.mmap(-1, RESERVED)
        self._pointer = ctypes.c_char.from_buffer(self._buffer)
        self._known: dict[tuple[int, str], tuple[str, ...]] = {}
        self._plan: _Plan | None = None

    def statistics(self, interface: str, index: int = 0) -> Statistics:
        """Return the driver's own counters (`ethtool -S`); `EthtoolError` where it has none.

        With the index of the interface, its names are kept until their number changes: reading them costs as much as
        the numbers, and another device of the same name has another index. Without it they are read each time.
        """
        key = (index, interface)
        for _ in range(TRIES):
            names = self._known.get(key) or self._names(interface)
            values = self._values(interface, len(names)) if names else None
            if names and values is not None:
                self._keep(key, names)
                return Statistics(names, values)
            self._known.pop(key, None)
        raise EthtoolError(interface, errno.EAGAIN)

    def sweep(self, interfaces: Iterable[tuple[int, str]]) -> Sweep:
        """Return the counters of all these interfaces (index and name), at the cost of one call for each.

        Answers go side by side into one buffer, whose rows begin with the header of struct ethtool_stats.
        """
        wanted = tuple(interfaces)
        if self._plan is None or self._plan.interfaces != wanted:
            self._plan = self._planned(wanted)
        plan = self._plan
        if any(error.errno not in LASTING for _, error in plan.errors):
            self._plan = None
        blocks: list[Block] = []
        errors = list(plan.errors)
        for names, rows in plan.blocks:
            failed = self._fill(plan, rows, len(names))
            start, stride = rows[0].offset, len(names) + 1
            values = array("Q", plan.buffer[start : start + len(rows) * stride * _WORD])
            header = int.from_bytes(_STATS.pack(GSTATS, len(names)), sys.byteorder)
            heads = values[::stride]
            if not failed and heads.count(header) == len(rows):
                blocks.append(Block(tuple(row.interface for row in rows), names, values, stride))
                continue
            good = [at for at, head in enumerate(heads) if head == header and at not in failed]
            self._plan = None  # something grew, shrank or went: look again next time
            kept = array("Q")
            for at in good:
                kept.extend(values[at * stride : (at + 1) * stride])
            if good:
                blocks.append(Block(tuple(rows[at].interface for at in good), names, kept, stride))
            for at in sorted(set(range(len(rows))).difference(good)):
                self._alone(rows[at], blocks, errors)
        return Sweep(tuple(blocks), tuple(errors))

    def _planned(self, wanted: tuple[tuple[int, str], ...]) -> _Plan:
        """Ask each interface what it counts, and give each its place."""
        alike: dict[tuple[str, ...], list[tuple[int, str]]] = {}
        errors: list[tuple[str, EthtoolError]] = []
        for index, interface in wanted:
            try:
                names = self.statistics(interface, index).names
                alike.setdefault(names, []).append((index, interface))
            except EthtoolError as error:
                errors.append((interface, error))
        size = sum(len(members) * (len(names) + 1) * _WORD for names, members in alike.items())
        buffer = mmap.mmap(-1, size + RESERVED)  # a driver that has grown must not write beyond it
        pointer = ctypes.c_char.from_buffer(buffer)
        start = ctypes.addressof(pointer)
        offset = 0
        blocks: list[tuple[tuple[str, ...], tuple[_Row, ...]]] = []
        for names, members in alike.items():
            rows: list[_Row] = []
            for index, interface in members:
                rows.append(_Row(index, interface, offset, _IFREQ.pack(os.fsencode(interface), start + offset)))
                offset += (len(names) + 1) * _WORD
            blocks.append((names, tuple(rows)))
        return _Plan(wanted, tuple(blocks), tuple(errors), buffer, pointer)

    def _fill(self, plan: _Plan, rows: tuple[_Row, ...], count: int) -> set[int]:
        """Have the kernel write each row; return the rows it refused."""
        failed: set[int] = set()
        ioctl, pack, buffer, descriptor = fcntl.ioctl, _STATS.pack_into, plan.buffer, self._socket.fileno()
        for at, row in enumerate(rows):
            pack(buffer, row.offset, GSTATS, count)  # just before: what a row before has overrun is no command
            try:
                ioctl(descriptor, SIOCETHTOOL, row.request)
            except OSError:
                failed.add(at)
        return failed

    def _alone(self, row: _Row, blocks: list[Block], errors: list[tuple[str, EthtoolError]]) -> None:
        """Read one interface that has changed since it was planned."""
        try:
            found = self.statistics(row.interface, row.index)
        except EthtoolError as error:
            errors.append((row.interface, error))
            return
        blocks.append(Block((row.interface,), found.names, array("Q", (0, *found.values)), len(found.names) + 1))

    def _keep(self, key: tuple[int, str], names: tuple[str, ...]) -> None:
        if key[0]:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = names

    def driver(self, interface: str) -> DriverInfo:
        """Return the driver and its versions (`ethtool -i`)."""
        _DRVINFO.pack_into(self._buffer, 0, GDRVINFO, b"", b"", b"", b"", b"", 0, 0, 0, 0, 0)
        self._ask(interface)
        _, driver, version, firmware, bus, rom, *counts = _DRVINFO.unpack_from(self._buffer)
        return DriverInfo(_text(driver), _text(version), _text(firmware), _text(bus), _text(rom), *counts)

    def rings(self, interface: str) -> Rings:
        """Return the sizes of the rings (`ethtool -g`); `EthtoolError` where the driver has none."""
        _RINGPARAM.pack_into(self._buffer, 0, GRINGPARAM, *(0,) * 8)
        self._ask(interface)
        return Rings(*_RINGPARAM.unpack_from(self._buffer)[1:])

    def words(self, interface: str, command: int, count: int) -> tuple[int, ...]:
        """Return the words of 32 bits that follow the command in an answer of `count` of them."""
        layout = f"={count + 1}I"
        struct.pack_into(layout, self._buffer, 0, command, *(0,) * count)
        self._ask(interface)
        return struct.unpack_from(layout, self._buffer)[1:]

    def _count(self, interface: str) -> int:
        """Return how many counters there are now."""
        _SSET_INFO.pack_into(self._buffer, 0, GSSET_INFO, 0, 1 << ETH_SS_STATS, 0)
        self._ask(interface)
        count = _SSET_INFO.unpack_from(self._buffer)[3]  # still 0 where the driver has no such set
        if not count:
            raise EthtoolError(interface, errno.EOPNOTSUPP)
        if MARGIN * (_STRINGS.size + count * ETH_GSTRING_LEN) > RESERVED:
            raise EthtoolError(interface, errno.E2BIG)
        return int(count)

    def _names(self, interface: str) -> tuple[str, ...]:
        """Return the names; none when their number changed while they were read."""
        count = self._count(interface)
        _STRINGS.pack_into(self._buffer, 0, GSTRINGS, ETH_SS_STATS, count)
        self._ask(interface)
        if _STRINGS.unpack_from(self._buffer)[2] != count:
            return ()
        return _split(self._buffer[_STRINGS.size : _STRINGS.size + count * ETH_GSTRING_LEN])

    def _values(self, interface: str, count: int) -> tuple[int, ...] | None:
        """Return the numbers; None when there are not `count` of them any more."""
        _STATS.pack_into(self._buffer, 0, GSTATS, count)
        self._ask(interface)
        if _STATS.unpack_from(self._buffer)[1] != count:
            return None
        return struct.unpack_from(f"={count}Q", self._buffer, _STATS.size)

    def _ask(self, interface: str) -> None:
        """Have the kernel answer what stands in the buffer."""
        name = os.fsencode(interface)
        if not 0 < len(name) <= LONGEST_NAME or b"\0" in name:
            raise EthtoolError(interface, errno.EINVAL)
        try:
            fcntl.ioctl(self._socket, SIOCETHTOOL, _IFREQ.pack(name, ctypes.addressof(self._pointer)))
        except OSError as error:
            raise EthtoolError(interface, error.errno or errno.EIO) from error


@lru_cache(maxsize=1024)
def _split(strings: bytes) -> tuple[str, ...]:
    """Return the names in a string set: one tuple for all interfaces that have the same."""
    return tuple(_text(strings[at : at + ETH_GSTRING_LEN]) for at in range(0, len(strings), ETH_GSTRING_LEN))


def _text(value: bytes) -> str:
    return value.partition(b"\0")[0].decode("utf-8", "replace")
