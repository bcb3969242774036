"""Read `nstat`: the counters of `/proc/net/snmp`, `netstat` and `snmp6`, each name one word, zeros left out or not.

Without `-a` it shows what was added since the same user called it last, over a time that it does not say (iproute2,
misc/nstat.c). Its series are its own, so that they are never compared with those of `/proc`.
"""

import re
from collections.abc import Iterator

from brimful.drivers.mib import MIB_MEANINGS, mib_series
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.roots.base import Document
from brimful.sources import source, unread

INCREMENTS = "nstat shows increments since its last call, of unknown length"
_COUNTER = re.compile(r"(?P<name>[A-Z]\w*)\s+(?P<value>\S+)\s+\S+", re.ASCII)
_PAIR = re.compile(r'"(?P<name>[A-Z]\w*)"\s*:\s*(?P<value>[^\s,}]+)', re.ASCII)
_ABSOLUTE = re.compile(r"(?:\A|\s)(?:-\w*a|--ignore\b)", re.ASCII)


@source(
    "nstat {options}",
    looks_like=r'(?m)^#kernel[ \t]*$|\A\{"kernel":\{"',
    meanings=MIB_MEANINGS,
    unless=("snmp",),
)
def nstat(document: Document) -> Iterator[Item]:
    """Read the counters of IP, UDP and TCP as nstat shows them."""
    absolute = _ABSOLUTE.search(document.of.get("options", ""))
    rows: list[tuple[str, str, int]] = []
    for number, line in document.numbered():
        text = line.strip()
        found = [counter] if (counter := _COUNTER.fullmatch(text)) else list(_PAIR.finditer(text))
        rows += [(match["name"], match["value"], number) for match in found]
        if text and not found and text[0] not in "#{}":
            yield unread(document, number, "not a name, a number and a rate")
    series = mib_series((row[0] for row in rows), "nstat", "nstat {}{}", "" if absolute else INCREMENTS)
    samples = Samples(document.origin, document.at, document.boot)
    for name, text, number in rows:
        value = unsigned(text)
        if value is None:
            yield unread(document, number, f"{name} is not an unsigned 64-bit number")
        elif name in series:
            samples.add(series[name], value, number)
    yield from samples.frames()
