"""Read what SONiC's command line prints of a switch's buffers: watermarks, drops of queues and priority groups, watchdogs.

The tables are right-aligned columns under a line of dashes; a title, where there is one, tells what the numbers are. Columns
of queues are `UC0` to `UC7`, `MC8` and on, `ALL20` and on: the number is the queue's. Counters are shown less what they were
when the same user cleared them (`sonic-clear`), so that they may go back.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import pool_place
from brimful.chain.word import Kind
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

SINCE = "the highest since somebody cleared it, whenever that was"
AGAIN = "may be counted in Drop/pkts too"
LESS = "shown less what it was when the same user cleared it"

_TITLES = {
    "Egress shared pool occupancy per unicast queue": "switch.queue.peak",
    "Egress shared pool occupancy per multicast queue": "switch.queue.peak",
    "Egress shared pool occupancy per all queues": "switch.queue.peak",
    "Ingress shared pool occupancy per PG": "switch.pool.peak",
    "Ingress headroom per PG": "switch.pool.headroom_peak",
    "Ingress PG dropped packets": "switch.pool.dropped",
    "Shared pool maximum occupancy": "switch.pool.peak",
    "Headroom pool maximum occupancy": "switch.pool.headroom_peak",
}
_TITLE = re.compile(rf"(?P<title>{'|'.join(_TITLES)}):(?:\s+\(Namespace (?P<asic>asic[0-9]+)\))?\s*")
_RULE = re.compile(r"\s*-{2,}(?:  +-{2,})*\s*")
_COLUMNS = re.compile(r"\s{2,}")
_PART = re.compile(r"(?P<kind>UC|MC|ALL|PG|VOQ)(?P<index>0|[1-9][0-9]{0,4})")
_QUEUE = re.compile(r"(?P<port>[^/\s]+):(?P<index>0|[1-9][0-9]{0,4})")
_PORT = re.compile(r"[^/\s]+")
_NUMBER = re.compile(r"[0-9]{1,20}")
_PAIR = re.compile(r"(?P<first>[0-9]{1,20})/(?P<second>[0-9]{1,20})")
_ABSENT = frozenset(("", "N/A", "n/a"))
_PARTS = {"PG": "pg", "VOQ": "voq"}

_COUNTERS = {
    "Counter/pkts": ("switch.queue.passed", ""),
    "Drop/pkts": ("switch.queue.dropped", ""),
    "TrimDrop/pkts": ("switch.queue.dropped", AGAIN),
    "Credit-WD-Del/pkts": ("switch.queue.dropped", AGAIN),
    "WredDrp/pkts": ("switch.queue.dropped_early", AGAIN),
    "EcnMarked/pkts": ("switch.queue.marked", ""),
}
_WATCHDOG = {
    "STORM DETECTED/RESTORED": ("switch.queue.stormed", "first"),
    "TX OK/DROP": ("switch.queue.dropped_stormed", "second"),
    "RX OK/DROP": ("switch.queue.dropped_stormed", "second"),
}


class _Value(msgspec.Struct, frozen=True):
    """One cell that says something."""

    meaning: str
    place: str
    raw: str
    text: str
    doubt: str = ""


Row = dict[str, str]


@source(
    "show queue watermark unicast",
    "show queue watermark multicast",
    "show queue watermark all",
    "show queue persistent-watermark unicast",
    "show queue persistent-watermark multicast",
    "show queue persistent-watermark all",
    "show priority-group watermark shared",
    "show priority-group watermark headroom",
    "show priority-group persistent-watermark shared",
    "show priority-group persistent-watermark headroom",
    "show priority-group drop counters",
    "show buffer_pool watermark",
    "show buffer_pool persistent-watermark",
    "show headroom-pool watermark",
    "show headroom-pool persistent-watermark",
    "show queue counters",
    "show queue wredcounters",
    "show pfcwd stats",
    looks_like=rf"^(?:{'|'.join(_TITLES)}):|^\s*Port\s{{2,}}(?:TxQ|Voq)\s{{2,}}\S+/pkts|^\s*QUEUE\s+STATUS\s+STORM DETECTED/RESTORED",
    meanings=(
        "switch.pool.dropped",
        "switch.pool.headroom_peak",
        "switch.pool.peak",
        "switch.queue.dropped",
        "switch.queue.dropped_early",
        "switch.queue.dropped_stormed",
        "switch.queue.marked",
        "switch.queue.passed",
        "switch.queue.peak",
        "switch.queue.stormed",
        "switch.queue.watchdog",
    ),
)
def sonic_show(document: Document) -> Iterator[Item]:
    """Read the queues, priority groups and pools of a SONiC switch as its command line prints them."""
    samples = Samples(document.origin, document.at, document.boot)
    table = "persistent " if "persistent" in document.name else ""
    title, asic, before, found = "", "", "", False
    heads: tuple[str, ...] = ()
    for number, line in document.numbered():
        named = _TITLE.fullmatch(line)
        if named:
            title, asic, heads = named["title"], named["asic"] or "", ()
        elif _RULE.fullmatch(line):
            heads = tuple(_COLUMNS.split(before.strip()))
            found = True
        elif not line.strip():
            heads = ()
        elif heads:
            cells = _COLUMNS.split(line.strip())
            if len(cells) == len(heads):
                row = dict(zip(heads, cells, strict=True))
                yield from _take(document, samples, number, _values(title, row, asic), table)
                yield from _state(document, number, row)
            else:
                yield unread(document, number, f"{len(cells)} cells under {len(heads)} heads")
        before = line
    if not found:
        yield unread(document, 1, "no table of SONiC's command line")
    yield from samples.frames()


def _values(title: str, row: Row, asic: str) -> Iterator[_Value]:
    """Yield what a row of a table says; the heads tell which table it is."""
    if "QUEUE" in row:
        yield from _watchdog(row)
    elif "TxQ" in row or "Voq" in row:
        yield from _queue(row)
    elif "Pool" in row and title:
        place = pool_place(row["Pool"], asic)
        yield _Value(
            _TITLES[title], place if _PORT.fullmatch(row["Pool"]) else "", "Bytes", row.get("Bytes", ""), SINCE
        )
    elif "Port" in row and title:
        for head, text in row.items():
            if head != "Port":
                doubt = LESS if MEANINGS[_TITLES[title]].kind is Kind.LOST else SINCE
                yield _Value(_TITLES[title], _place(row["Port"], head), head, text, doubt)


def _queue(row: Row) -> Iterator[_Value]:
    place = _place(row.get("Port", ""), row.get("TxQ", row.get("Voq", "")))
    for head, (meaning, doubt) in _COUNTERS.items():
        if head in row:
            yield _Value(meaning, place, head, row[head], f"{doubt}; {LESS}" if doubt else LESS)


def _watchdog(row: Row) -> Iterator[_Value]:
    match = _QUEUE.fullmatch(row["QUEUE"])
    place = f"{match['port']}/queue {match['index']}" if match else ""
    for head, (meaning, part) in _WATCHDOG.items():
        text = row.get(head, "")
        pair = _PAIR.fullmatch(text)
        yield _Value(meaning, place, head, pair[part] if pair else text, LESS)


def _place(port: str, part: str) -> str:
    """Return `Ethernet0/queue 3`; nothing for what names no queue."""
    match = _PART.fullmatch(part)
    if match is None or not _PORT.fullmatch(port):
        return ""
    return f"{port}/{_PARTS.get(match['kind'], 'queue')} {match['index']}"


def _take(document: Document, samples: Samples, line: int, values: Iterator[_Value], table: str) -> Iterator[Item]:
    for value in values:
        if value.text in _ABSENT:
            continue
        if not value.place or not _NUMBER.fullmatch(value.text) or int(value.text) > LARGEST:
            yield unread(document, line, f"{value.raw}: not an unsigned 64-bit number of a queue or a pool")
            continue
        width = 0 if MEANINGS[value.meaning].kind is Kind.LEVEL else 64
        series = Series(value.meaning, value.place, table + value.raw, "sonic_show", width, doubt=value.doubt)
        samples.add(series, int(value.text), line)


def _state(document: Document, line: int, row: Row) -> Iterator[Fact]:
    """Yield the state of a watchdog."""
    match = _QUEUE.fullmatch(row.get("QUEUE", ""))
    if match and row.get("STATUS", "") not in _ABSENT:
        place = f"{match['port']}/queue {match['index']}"
        yield Fact("switch.queue.watchdog", place, row["STATUS"], document.origin(line), document.at)
