"""Read `/proc/net/softnet_stat`: what the softirq of each CPU took from NICs and backlogs, and what it dropped.

One line a CPU that is online, of 32-bit hexadecimal columns (net/core/net-procfs.c). Kernels add columns at the end, so
a line is read by its length: 9 columns, 10 with received_rps, 11 with flow_limit_count, 13 with the backlog's length and
the CPU's number, 15 with the two parts of that length.
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

_WIDTH = 32
_COLUMNS = {
    0: ("processed", "softnet.backlog.passed", _WIDTH),
    1: ("dropped", "softnet.backlog.dropped", _WIDTH),
    2: ("time_squeeze", "softnet.backlog.squeezed", _WIDTH),
    9: ("received_rps", "softnet.backlog.received_rps", _WIDTH),
    10: ("flow_limit_count", "softnet.backlog.flow_limited", _WIDTH),
    11: ("backlog_len", "softnet.backlog.length", 0),
}
_CPU = 12
_NO_CPU = "CPUs are numbered by their lines: wrong from the first CPU on that is offline"
_LINE = re.compile(r"[0-9a-fA-F]{8}(?:\s+[0-9a-fA-F]{8}){8,15}")


@source(
    "/proc/net/softnet_stat",
    looks_like=r"(?m)^(?:[0-9a-f]{8} ){8,15}[0-9a-f]{8}[ \t]*$",
    meanings=tuple(meaning for _, meaning, _ in _COLUMNS.values()),
)
def softnet(document: Document) -> Iterator[Item]:
    """Read the backlog counters of every CPU (/proc/net/softnet_stat)."""
    samples = Samples(document.origin, document.at, document.boot)
    rows: list[tuple[int, int, list[int]]] = []
    cpus = 0
    for number, line in document.numbered():
        text = line.strip()
        if not text:
            continue
        if _LINE.fullmatch(text):
            words = [int(word, 16) for word in text.split()]
            rows.append((number, words[_CPU] if len(words) > _CPU else cpus, words))
        else:
            yield unread(document, number, "not 9 or more hexadecimal numbers of 32 bits")
        cpus += 1  # a line that cannot be read is a CPU all the same
    again = _again([cpu for _, cpu, _ in rows])
    for row, (number, cpu, words) in enumerate(rows):
        if row in again:
            yield unread(document, number, f"cpu {cpu} is there twice in one sample")
            continue
        for series, value in _values(words, cpu, "" if len(words) > _CPU else _NO_CPU):
            samples.add(series, value, number)
    yield from samples.frames()


def _again(cpus: list[int]) -> set[int]:
    """Return the rows that name a CPU a second time, unless all of them come again in order: whole later samples."""
    first: dict[int, int] = {}
    again = {row for row, cpu in enumerate(cpus) if first.setdefault(cpu, row) != row}
    period = len(first)
    whole = len(cpus) % period == 0 and all(cpus[row] == cpus[row % period] for row in again) if cpus else True
    return set() if whole else again


def _values(words: list[int], cpu: int, doubt: str) -> Iterator[tuple[Series, int]]:
    """Yield what the columns of one CPU say."""
    for column, (raw, meaning, width) in _COLUMNS.items():
        if column < len(words):
            yield Series(meaning, f"cpu {cpu}", raw, "softnet", width_bits=width, doubt=doubt), words[column]
