"""Find `KNI: Out of memory` lines in a log of any size: the packet process had no buffer for its door to the kernel.

DPDK, lib/kni/rte_kni.c kni_allocate_mbufs() (v22.11) logs the bare text. StarOS adds the port, how often it happened and
how many buffers were got before (`iter`), and it has a backup pool; four forms of it (Cisco, "Troubleshoot KNI: Out of
Memory Errors", document 221955): A in the event log, B the same sent to a syslog server, C in iftask's own log, D when
the backup pool is empty too. `total` is a signed 32-bit counter that wraps (inference).
"""

import re
from collections.abc import Iterator
from datetime import tzinfo
from functools import lru_cache

from brimful.evidence import clock
from brimful.evidence.event import Event, Value
from brimful.evidence.evidence import Item
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Origin, Unread
from brimful.evidence.scan import lines_with
from brimful.roots.base import Document
from brimful.sources import source

TEXT = "Out of memory"
"""What all forms share; the sentences of the article write `Memory`."""

_FIELDS = re.compile(
    r", kni port (?P<port>[^\s,%]+), socket_id=-?\d+, total=(?P<total>-?\d{1,10}), iter=(?P<iter>\d{1,10})\b", re.ASCII
)
_EMBEDDED = re.compile(r"CPU\[(?P<card>\d{1,3})/\d+\]: (?P<stamp>\w{3} +\d+ [\d:]+) \S+?\[(?P<pid>\d+)\]: ", re.ASCII)
_ORIGIN = re.compile(r" \[(?P<card>\d{1,3})/\d+/(?P<pid>\d+) <?(?!evlogd)\w", re.ASCII)
_STAMP = re.compile(r"\d{4}-[A-Za-z]{3}-\d{1,2}\+\d{1,2}:\d\d:\d\d", re.ASCII)
_PID = re.compile(r"PID:(?P<pid>\d+)", re.ASCII)
_NAME = "KNI: "
_BACKUP = " from Backup pool"
_LOGGED = re.compile(r"(?:\A|[\d\]:])\s*\Z")
"""What stands before a message in a log; not so in a heading that quotes it."""


@source(
    "log",
    looks_like=r"KNI: Out of memory(?:, kni port [^%]|\s*$)",
    meanings=("kni.out_of_memory", "kni.backup_pool_exhausted"),
)
def kni_log(document: Document) -> Iterator[Item]:
    """Find the KNI out-of-memory lines of a log, and those of its backup pool."""
    zone = clock.fixed(document.of.get("zone", ""))
    for begin, line in lines_with(document.data, TEXT.encode(), document.start, document.end):
        before, _, rest = line.partition(TEXT)
        backup = rest.startswith(_BACKUP)
        rest = rest.removeprefix(_BACKUP)
        origin = document.origin_of(begin, line)
        fields = _FIELDS.match(rest)
        if fields and not -(1 << 31) <= int(fields["total"]) < 1 << 32:
            yield Unread(origin, "total is not a 32-bit number")
        elif fields:
            yield _event(before, fields, origin, zone, backup=backup)
        elif rest.startswith(", kni port") and "%s" not in rest:  # not the statement that prints such lines
            yield Unread(origin, "not the fields of a KNI out-of-memory line")
        elif before.endswith(_NAME) and not rest and not backup and _LOGGED.search(before.removesuffix(_NAME)):
            yield _event(before, None, origin, zone, backup=False)


def _event(before: str, fields: re.Match[str] | None, origin: Origin, zone: tzinfo | None, *, backup: bool) -> Event:
    """Return the event of a line; `before` is what stands before the message."""
    card = _EMBEDDED.search(before)
    writer = card or _ORIGIN.search(before)
    process = writer or _PID.search(before)
    stamp = _STAMP.search(before)
    local, at, offset = _times(stamp[0] if stamp else "", card["stamp"] if card else "")
    if at is None:
        outer = clock.logged(before, zone)
        at = (clock.embedded(card["stamp"], outer) if card else None) or outer
    values: dict[str, Value] = {}
    if fields:
        total = int(fields["total"])
        values = {"total_signed": total, "total": total % (1 << 32), "iter": int(fields["iter"])}
    if process:
        values["pid"] = process["pid"]
    values["variant"] = "D" if backup else _variant(before, known=fields is not None, local=local)
    if offset is not None:
        values["zone_offset_s"] = offset
    where = f"card {int(writer['card'])}" if writer else "unknown card"
    kind = "kni.backup_pool_exhausted" if backup else "kni.out_of_memory"
    return Event(kind, f"{where}/{fields['port']}" if fields else where, at, origin, values)


@lru_cache(maxsize=4096)
def _times(stamp: str, embedded: str) -> tuple[bool, Moment | None, int | None]:
    """Return whether an event-log stamp, to the second, is a time; the embedded time; the zone they reveal together.

    Cached: lines come many to the second, and reading two dates costs more than finding the line.
    """
    local = clock.evlogd(stamp)
    utc = clock.embedded(embedded, local)
    return local is not None, utc, clock.zone_offset(local, utc) if local and utc else None


def _variant(before: str, *, known: bool, local: bool) -> str:
    if not known:
        return "upstream"
    if local:
        return "A"
    return "B" if clock.relayed(before) else "C"
