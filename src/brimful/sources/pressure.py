"""Read pressure stall information: how long tasks waited for memory and for a CPU (Documentation/accounting/psi.rst).

`some` is the time in which at least one task waited. `total` is in microseconds since boot; the averages are left out,
as they can be had from it.
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

_FOLDER = "/proc/pressure/"
_MEANINGS = {"memory": "host.memory.stalled", "cpu": "socket.receive.cpu_waited"}
_LINE = re.compile(
    r"(?P<who>some|full) avg10=[0-9.]+ avg60=[0-9.]+ avg300=[0-9.]+ total=(?P<total>[0-9]+)\s*", re.ASCII
)


@source(*(_FOLDER + resource for resource in _MEANINGS), meanings=tuple(_MEANINGS.values()))
def pressure(document: Document) -> Iterator[Item]:
    """Read how long tasks waited for memory and CPUs (/proc/pressure)."""
    samples = Samples(document.origin, document.at, document.boot)
    resource = document.name.removeprefix(_FOLDER)
    for number, line in document.numbered():
        found = _LINE.fullmatch(line)
        total = unsigned(found["total"]) if found else None
        if found is None or total is None:
            if line.strip():
                yield unread(document, number, "not a line of pressure stall information")
        elif found["who"] == "some":
            samples.add(Series(_MEANINGS[resource], "", f"{resource} some total", "pressure"), total, number)
    yield from samples.frames()
