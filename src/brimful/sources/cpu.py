"""Read `/proc/stat`, and `/proc/PID/stat` of ksoftirqd: how each CPU spent its time, in 1/100 s (proc_stat(5)).

Softirq time is what the kernel spent on packets and timers outside of processes, ksoftirqd included; ksoftirqd's own
time shows how much of it had to be put off to a thread. Guest time is part of user time, so it is not added again.
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

STAT = "/proc/stat"
THREAD = "/proc/{pid}/stat"

_TIMES = {
    "softnet.backlog.softirq_time": ("softirq", slice(6, 7)),
    "softnet.backlog.idle_time": ("idle + iowait", slice(3, 5)),
    "softnet.backlog.stolen_time": ("steal", slice(7, 8)),
    "softnet.backlog.total_time": ("all", slice(0, 8)),
}
"""Which columns are added: user nice system idle iowait irq softirq steal guest guest_nice."""
_FEWEST = 7
"""Columns since Linux 2.6.0; steal came with 2.6.11."""
_CPU = re.compile(r"cpu(?P<cpu>[0-9]{1,5})(?P<times>(?: [0-9]+){4,16})\s*", re.ASCII)
_OTHER = re.compile(
    r"(?:cpu|intr|ctxt|btime|processes|procs_running|procs_blocked|softirq|page|swap|disk_io:)\b.*|", re.ASCII
)
_KSOFTIRQD = re.compile(
    r"[0-9]+ \(ksoftirqd/(?P<cpu>[0-9]{1,5})\) \S(?: -?[0-9]+){10} (?P<times>[0-9]+ [0-9]+) .*", re.ASCII
)


@source(
    STAT,
    THREAD,
    looks_like=r"(?m)^cpu  [0-9]+ [0-9]+ [0-9]+ [0-9]+",
    meanings=(*_TIMES, "softnet.backlog.ksoftirqd_time"),
)
def cpu(document: Document) -> Iterator[Item]:
    """Read how each CPU spent its time, ksoftirqd's among it (/proc/stat)."""
    samples = Samples(document.origin, document.at, document.boot)
    for number, line in document.numbered():
        if found := _CPU.fullmatch(line):
            times = [unsigned(word) for word in found["times"].split()]
            values = [value for value in times if value is not None]
            if len(values) < len(times) or len(values) < _FEWEST or sum(values) > LARGEST:
                yield unread(document, number, "not the times of a CPU")
                continue
            for meaning, (raw, columns) in _TIMES.items():
                if values[columns]:
                    samples.add(Series(meaning, f"cpu {found['cpu']}", raw, "cpu"), sum(values[columns]), number)
        elif found := _KSOFTIRQD.fullmatch(line):
            _thread(samples, found, number)
        elif document.name == STAT and not _OTHER.fullmatch(line):  # any other process is nobody's here
            yield unread(document, number, "not a line of /proc/stat")
    yield from samples.frames()


def _thread(samples: Samples, found: "re.Match[str]", number: int) -> None:
    """Add the time, user and system, of a CPU's ksoftirqd."""
    spent = [unsigned(word) or 0 for word in found["times"].split()]
    place = f"cpu {found['cpu']}"
    samples.add(Series("softnet.backlog.ksoftirqd_time", place, "ksoftirqd", "cpu"), min(sum(spent), LARGEST), number)
