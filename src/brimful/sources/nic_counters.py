"""Read `ethtool -S`: the counters of one interface, in the words of its driver.

Names repeat, carry blanks and change with the number of queues, so a counter is known by its position. What a name
means is in the map of the driver: `document.of["driver"]` where the root knows it, else the one driver that has such
names (a guess, marked), else the map by name only. A counter that looks like a drop, has moved and is explained by
nothing but its name is a fact of its own (`nic.unmapped`), so that a map can be written.
"""

import re
from array import array
from collections.abc import Iterator
from functools import lru_cache
from itertools import compress
from operator import itemgetter
from pathlib import PurePath

from brimful.drivers.maps import GENERIC, DriverMap, driver_map, guess
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST, Frame
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind, Origin, Unread
from brimful.evidence.series import Layout, Series
from brimful.roots.base import Document
from brimful.roots.base import Table as Numbers
from brimful.roots.columns import frame
from brimful.sources import source, unread

_HEADING = re.compile(r"\s*#\s*ethtool\s+-S\s+(\S+)")
_COUNTER = re.compile(r"(?P<name>.*\S)\s*:\s*(?P<value>[0-9]+)\s*")
_SILENT = re.compile(r"\s*(NIC statistics:|no stats available.*|Cannot get .*)?\s*")

Table = tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]
"""Names with the blanks that tell sections, values, and the line each is on (0 where there is no text)."""


def _meanings(interface: str, driver: str, names: tuple[str, ...]) -> tuple[Series | None, ...]:
    known, guessed = _driver(driver, names)
    return known.series_for(names, interface, guessed=guessed)


def _table(table: Numbers) -> Iterator[Item]:
    """Take the counters of many interfaces at once from a live root."""
    found = frame(table, _meanings)
    if found is not None:
        yield found
    if not table.news:
        return
    drivers = tuple(table.drivers.get(row, "") for row in table.rows)
    unmapped, blind = _unexplained(table.rows, table.names, drivers)
    for row, column in unmapped:
        value = table.values[row * table.stride + table.skip + column]
        if value:
            yield _unmapped(table.rows[row], table.names[column], value, table.origin(table.rows[row]), table.at)
    yield from blind


@lru_cache(maxsize=64)
def _unexplained(
    rows: tuple[str, ...], names: tuple[str, ...], drivers: tuple[str, ...]
) -> tuple[tuple[tuple[int, int], ...], tuple[Blind, ...]]:
    """Return row and column of what no map explains, and what the drivers do not count: the same each second."""
    known = [_driver(driver, names)[0] for driver in drivers]
    unmapped = tuple((row, column) for row, found in enumerate(known) for column in found.unmapped(names))
    told = {row for row, _ in unmapped}
    asked = [index for index, found in enumerate(known) if found.driver != GENERIC or index in told]
    return unmapped, tuple(blind for index in asked for blind in _blind(known[index], rows[index], drivers[index]))


def _unmapped(interface: str, name: str, value: int, origin: Origin, at: Moment | None) -> Fact:
    raw = name.strip()
    return Fact("nic.unmapped", f"{interface}/{raw}", f"{raw} {value}", origin, at)


@source(
    "ethtool -S {interface}",
    looks_like=r"(?m)^[ \t]*NIC statistics:",
    meanings=(
        "driver.memory.alloc_failed",
        "driver.memory.dropped",
        "network.path.allowance_available",
        "network.path.allowance_exceeded",
        "network.path.corrupted",
        "nic.fifo.arrived",
        "nic.fifo.bus_errors",
        "nic.fifo.bus_overflow",
        "nic.fifo.bus_stalled",
        "nic.fifo.bus_stalled_seconds",
        "nic.fifo.high_watermark",
        "nic.fifo.overrun",
        "nic.fifo.pause_sent",
        "nic.ring.drops_mixed",
        "nic.ring.emptied",
        "nic.ring.no_buffer",
        "nic.ring.passed",
        "nic.ring.used",
        "nic.ring.waited",
        "nic.tx_ring.dropped",
        "nic.tx_ring.errors",
        "nic.tx_ring.full",
        "nic.tx_ring.passed",
        "nic.tx_ring.pause_received",
        "nic.tx_ring.timeouts",
        "nic.unmapped",
        "protocol.input.errors",
        "protocol.input.filtered",
        "qdisc.queue.marked",
        "switch.queue.depth",
        "switch.queue.dropped",
    ),
    tabulate=_table,
    hurry=("nic.ring.no_buffer", "nic.fifo.overrun", "nic.tx_ring.errors"),
)
def nic_counters(document: Document) -> Iterator[Item]:
    """Read the counters of one interface (ethtool -S)."""
    lost: list[Unread] = []
    if document.counters is not None:
        names, values = document.counters.names, document.counters.values
        lines = (0,) * len(names)
    else:
        names, values, lines = _read(document, lost)
    yield from lost
    if not names:
        return
    interface = _interface(document)
    known, guessed = _driver(document.of.get("driver", ""), names)
    layout, chosen, unmapped = _columns(known, names, interface, guessed)
    if chosen:
        yield Frame(layout, _pick(chosen, values), document.at, _pick(chosen, lines), document.origin, document.boot)
    for column in unmapped:
        if values[column]:
            yield _unmapped(interface, names[column], values[column], document.origin(lines[column]), document.at)
    if chosen or known.driver != GENERIC:
        yield from _blind(known, interface, document.of.get("driver", ""))


def _read(document: Document, lost: list[Unread]) -> Table:
    """Read the text; lines that cannot be read go to `lost`."""
    rows: list[tuple[str, int, int]] = []
    for number, line in document.numbered():
        match = _COUNTER.fullmatch(line)
        if match and len(match["value"]) <= len(str(LARGEST)) and int(match["value"]) <= LARGEST:
            rows.append((match["name"], int(match["value"]), number))
        elif not _SILENT.fullmatch(line) and not _HEADING.match(line):
            lost.append(unread(document, number, "not a name and an unsigned 64-bit number"))
    margin = min((len(name) - len(name.lstrip()) for name, _, _ in rows), default=0)
    return tuple(name[margin:] for name, _, _ in rows), tuple(row[1] for row in rows), tuple(row[2] for row in rows)


def _interface(document: Document) -> str:
    """Return the interface: from the request, from a `# ethtool -S eth0` line, or a name that says it is not known."""
    told = document.of.get("interface")
    if told:
        return told
    heading = _HEADING.match(next(iter(document.lines()), ""))
    return heading[1] if heading else f"interface of {PurePath(document.file).name}"


def _driver(name: str, names: tuple[str, ...]) -> tuple[DriverMap, bool]:
    """Return the map to read by and whether it was guessed."""
    if name:
        return driver_map(name), False
    guessed = guess(names)
    return (guessed, True) if guessed else (driver_map(GENERIC), False)


@lru_cache(maxsize=16384)
def _columns(
    known: DriverMap,
    names: tuple[str, ...],
    interface: str,
    guessed: bool,  # noqa: FBT001 - a key of the cache
) -> tuple[Layout, tuple[int, ...], tuple[int, ...]]:
    """Return the layout of one interface, the columns of its answer that fill it, and those that no map explains.

    The same each second, hence computed once.
    """
    series = known.series_for(names, interface, guessed=guessed)
    chosen = tuple(compress(range(len(series)), series))
    return Layout.of(filter(None, series)), chosen, known.unmapped(names)


def _pick(chosen: tuple[int, ...], values: tuple[int, ...]) -> "array[int]":
    if len(chosen) == 1:  # itemgetter of one index returns no tuple
        return array("Q", [values[chosen[0]]])
    return array("Q", itemgetter(*chosen)(values))


@lru_cache(maxsize=16384)
def _blind(known: DriverMap, interface: str, driver: str) -> tuple[Blind, ...]:
    generic = known.driver == GENERIC
    why = f"no map of driver {driver or 'unknown'}" if generic else f"driver {known.driver} does not count it"
    return tuple(Blind(f"{interface}: {unseen.what}", why, unseen.remedy) for unseen in known.blind)
