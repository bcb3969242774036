"""Read the statistics of all links: `ip -s link`, `/proc/net/dev`, `ifconfig`, whichever was saved.

All of them show rtnl_link_stats64 (include/uapi/linux/if_link.h). What a driver puts into its missed, fifo and over
errors differs, so these three are read only where the driver is known (`document.drivers["eth0"]`). `/proc/net/dev`
and `ifconfig` print rx_dropped and rx_missed_errors as one sum (net/core/net-procfs.c).
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from brimful.drivers.maps import driver_map
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Unread
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document, Table
from brimful.roots.columns import frame
from brimful.roots.objects import is_list, objects
from brimful.sources import source, unread

SUMMED = "rx_dropped + rx_missed_errors"
_MEANINGS = {
    "rx_packets": "nic.ring.passed",
    "rx_bytes": "nic.ring.bytes",
    "rx_errors": "protocol.input.errors",
    "rx_dropped": "protocol.input.rx_dropped",
    SUMMED: "protocol.input.rx_dropped",
    "rx_crc_errors": "network.path.corrupted",
    "rx_nohandler": "protocol.input.no_handler",
    "tx_packets": "nic.tx_ring.passed",
    "tx_errors": "nic.tx_ring.errors",
    "tx_dropped": "nic.tx_ring.dropped",
}
_BY_DRIVER = {"rx_missed_errors", "rx_fifo_errors", "rx_over_errors"}
_DOUBTS = {SUMMED: "rx_dropped and rx_missed_errors printed as one number"}
_IP_WORDS = {"missed": "missed_errors", "overrun": "over_errors", "crc": "crc_errors", "fifo": "fifo_errors"}
_IFCONFIG_WORDS = {"rx_dropped": SUMMED, "rx_overruns": "rx_fifo_errors"}
_PROC_FIELDS = {
    0: "rx_bytes",
    1: "rx_packets",
    2: "rx_errors",
    3: SUMMED,
    4: "rx_fifo_errors",
    9: "tx_packets",
    10: "tx_errors",
    11: "tx_dropped",
}
_PROC_COLUMNS = 16

_LINK = re.compile(r"[0-9]+:\s+(?P<name>[^\s@]+?)(?:@\S+)?:\s+<[^>]*>")
_VIRTUAL_FUNCTION = re.compile(r"\s+vf [0-9]+\b")
_HEADS = re.compile(r"\s*(?P<side>RX|TX)(?: errors)?:\s+(?P<words>[a-z]+(?:\s+[a-z]+)*)\s*")
_PROC = re.compile(r"\s*(?P<name>[^\s|]+):\s*(?P<numbers>\S+(?:\s+\S+)*)\s*")
_IFCONFIG = re.compile(r"(?P<name>\S+?):?\s+(?:flags=|Link encap:)")
_IFCONFIG_COUNTERS = re.compile(r"\s*(?P<side>RX|TX)\s+(?P<words>(?:packets|errors)\b.*)")
_IFCONFIG_WORD = re.compile(r"([a-z]+)[ :]+([^\s(]+)")


class Row(msgspec.Struct, frozen=True):
    """One number of one link, by the kernel's name of its field."""

    interface: str
    field: str
    text: str
    line: int


class _Statistics(msgspec.Struct, frozen=True):
    rx: dict[str, object] = {}
    tx: dict[str, object] = {}


class _Link(msgspec.Struct, frozen=True):
    ifname: str = ""
    stats64: _Statistics = _Statistics()


def _meanings(interface: str, driver: str, fields: tuple[str, ...]) -> tuple[Series | None, ...]:
    # not through the cache: a table's columns are remembered as a whole
    return tuple(_series.__wrapped__(interface, field, driver) for field in fields)


def _table(table: Table) -> Iterator[Item]:
    """Take the same numbers from a live root."""
    found = frame(table, _meanings)
    if found is not None:
        yield found


@source(
    "ip -j -s -s link",
    "ip {options} link",
    "ip {options} link show",
    "/proc/net/dev",
    "ifconfig",
    "ifconfig {interface}",
    looks_like=(
        r'(?ms)\A\s*\[\{"ifindex".*"stats64"'
        r"|^[0-9]+: \S+ <.{0,2000}?^[ \t]+RX:[ \t]+bytes"
        r"|^Inter-\|[ \t]+Receive"
        r"|^[ \t]+RX packets[ :]"
    ),
    meanings=(
        *sorted(set(_MEANINGS.values())),
        "nic.fifo.overrun",
        "nic.ring.no_buffer",
    ),
    one_of=True,
    tabulate=_table,
)
def link(document: Document) -> Iterator[Item]:
    """Read the statistics of every link (ip -s link, /proc/net/dev, ifconfig)."""
    samples = Samples(document.origin, document.at, document.boot)
    for row in _rows(document):
        if not isinstance(row, Row):
            yield row
            continue
        series = _series(row.interface, row.field, _driver(document, row.interface))
        if series is None:
            continue
        value = unsigned(row.text)
        if value is None:
            yield unread(document, row.line, f"{row.field} is not an unsigned 64-bit number")
        else:
            samples.add(series, value, row.line)
    yield from samples.frames()


def _driver(document: Document, interface: str) -> str:
    """Return the driver of a link where the root knows it."""
    named = document.of.get("driver", "") if document.of.get("interface") == interface else ""
    return document.drivers.get(interface, named)


@lru_cache(maxsize=4096)
def _series(interface: str, field: str, driver: str) -> Series | None:
    """Return the series of a field, or None where its meaning is not known."""
    if field in _MEANINGS:
        return Series(_MEANINGS[field], interface, f"rtnl {field}", "link", doubt=_DOUBTS.get(field, ""))
    if field in _BY_DRIVER and driver:
        return driver_map(driver).rtnl_series(field, interface, "link")
    return None


def _rows(document: Document) -> Iterator[Row | Item]:
    """Yield what is in the text, whichever of the formats it is."""
    if is_list(document):
        return _json(document)
    head = next((line for line in document.lines() if line.strip()), "")
    return _proc(document) if head.startswith("Inter-|") else _text(document)


def _json(document: Document) -> Iterator[Row | Item]:
    """Read `ip -j`: the statistics of each link, as the kernel names them."""
    for found in objects(document, _Link, "a link"):
        if isinstance(found, Unread):
            yield found
        elif found.ifname:
            for side, fields in (("rx", found.stats64.rx), ("tx", found.stats64.tx)):
                for field, value in fields.items():
                    yield Row(found.ifname, f"{side}_{field}", str(value), 1)


def _proc(document: Document) -> Iterator[Row | Item]:
    """Read `/proc/net/dev`: sixteen columns after the name; the name may touch the first."""
    for number, line in document.numbered():
        match = _PROC.fullmatch(line)
        columns = match["numbers"].split() if match else []
        if match and len(columns) == _PROC_COLUMNS:
            for index, field in _PROC_FIELDS.items():
                yield Row(match["name"], field, columns[index], number)
        elif line.strip() and "|" not in line:
            yield unread(document, number, f"not a name and {_PROC_COLUMNS} numbers")


def _text(document: Document) -> Iterator[Row | Item]:
    """Read `ip -s link` and `ifconfig`: the head of a link, then its numbers."""
    interface = document.of.get("interface", "")
    fields: list[str] = []
    for number, line in document.numbered():
        head = _LINK.match(line) or _IFCONFIG.match(line)
        if head:
            interface, fields = head["name"], []
        elif _VIRTUAL_FUNCTION.match(line):
            interface, fields = "", []  # what follows is of a virtual function, not of the link
        elif fields:
            yield from _values(document, number, interface, fields, line.split())
            fields = []
        else:
            words = _HEADS.fullmatch(line)
            if words:
                fields = [f"{words['side'].lower()}_{_IP_WORDS.get(word, word)}" for word in words["words"].split()]
            else:
                yield from _ifconfig(interface, number, line)


def _values(
    document: Document, number: int, interface: str, fields: list[str], values: list[str]
) -> Iterator[Row | Item]:
    if len(values) != len(fields):
        yield unread(document, number, f"not {len(fields)} numbers")
    elif interface:
        for field, text in zip(fields, values, strict=True):
            yield Row(interface, field, text, number)


def _ifconfig(interface: str, number: int, line: str) -> Iterator[Row]:
    found = _IFCONFIG_COUNTERS.fullmatch(line)
    if found and interface:
        for word, text in _IFCONFIG_WORD.findall(found["words"]):
            field = f"{found['side'].lower()}_{word}"
            yield Row(interface, _IFCONFIG_WORDS.get(field, field), text, number)
