"""Read `/proc/net/stat`: the tables of tracked connections and of neighbours, and what was dropped at them.

The first line names the columns: kernels rename and add some. Then one line a possible CPU, in hexadecimal; `entries` is
the whole table on each of them, all else is counted by the CPU (net/netfilter/nf_conntrack_standalone.c, net/core/neighbour.c).
Connections are of one network namespace, neighbours of the whole machine. `drop` counts packets for which no connection
could be made, as when the table is full; `insert_failed` also counts two packets of one new connection at the same time.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread


class Table(msgspec.Struct, frozen=True):
    """One file: where its table is, what its entries are, how wide its counters, and what those mean."""

    place: str
    used: str
    width: int
    columns: dict[str, str]


_NEIGHBOURS = {
    "unresolved_discards": "kernel.table.neighbour_dropped",
    "res_failed": "kernel.table.neighbour_failed",
    "table_fulls": "kernel.table.neighbour_overflowed",
}
_TABLES = {
    "/proc/net/stat/nf_conntrack": Table(
        "conntrack",
        "kernel.table.conntrack_used",
        32,
        {
            "drop": "kernel.table.conntrack_dropped",
            "early_drop": "kernel.table.conntrack_evicted",
            "insert_failed": "kernel.table.conntrack_failed",
        },
    ),
    "/proc/net/stat/arp_cache": Table("arp", "kernel.table.neighbour_used", 64, _NEIGHBOURS),
    "/proc/net/stat/ndisc_cache": Table("ndisc", "kernel.table.neighbour_used", 64, _NEIGHBOURS),
}
_HEXADECIMAL = re.compile(r"[0-9a-f]{8,16}")


@source(
    *_TABLES,
    looks_like=r"\Aentries +(?:searched|clashres) +found +",
    meanings=tuple(
        sorted({meaning for table in _TABLES.values() for meaning in (table.used, *table.columns.values())})
    ),
)
def kernel_tables(document: Document) -> Iterator[Item]:
    """Read the tables of connections and neighbours (/proc/net/stat/nf_conntrack, arp_cache, ndisc_cache)."""
    table = _TABLES.get(document.name, _TABLES["/proc/net/stat/nf_conntrack"])
    samples = Samples(document.origin, document.at, document.boot)
    names: list[str] = []
    cpu = 0
    for number, line in document.numbered():
        words = line.split()
        if not words:
            continue
        if words[0] == "entries":
            names, cpu = words, 0
            continue
        if len(words) != len(names) or not all(map(_HEXADECIMAL.fullmatch, words)):
            yield unread(document, number, "not the hexadecimal numbers of the columns that are named above")
        else:
            row = dict(zip(names, words, strict=True))
            for series, value in _values(table, row, cpu):
                samples.add(series, value, number)
        cpu += 1  # a line that cannot be read is a CPU all the same
    yield from samples.frames()


def _values(table: Table, row: dict[str, str], cpu: int) -> Iterator[tuple[Series, int]]:
    """Yield what the line of one CPU says; the table as a whole is taken from the first."""
    named = {"entries": (table.used, table.place, 0)} if cpu == 0 else {}
    named |= {raw: (meaning, f"{table.place}/cpu {cpu}", table.width) for raw, meaning in table.columns.items()}
    for raw, (meaning, place, width) in named.items():
        value = unsigned(row.get(raw, ""), 16)
        if value is not None:
            yield Series(meaning, place, f"{table.place} {raw}", "kernel_tables", width_bits=width), value
