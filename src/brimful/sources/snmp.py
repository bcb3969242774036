"""Read `/proc/net/snmp`, `netstat`, `snmp6` and `sctp/snmp`: the protocols' own counters, of all sockets together.

The first two come in pairs of lines, names and then values, each after the name of its group; the others have one name
and one value a line (net/ipv4/proc.c, net/ipv6/proc.c, net/sctp/proc.c). They are of one network namespace.
"""

import re
from collections.abc import Iterator

from brimful.drivers.mib import MIB_MEANINGS, mib_series
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Unread
from brimful.evidence.samples import Samples
from brimful.roots.base import Document
from brimful.sources import source, unread

Row = tuple[str, str, int]
"""Name, value as printed, line."""

_NAME_AND_VALUE = 2
_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


@source(
    "/proc/net/snmp",
    "/proc/net/netstat",
    "/proc/net/snmp6",
    "/proc/net/sctp/snmp",
    looks_like=r"(?m)^(?:Ip|Udp|Tcp|TcpExt|IpExt): [A-Z][A-Za-z0-9]+ [A-Z]|\A(?:Ip6InReceives|SctpCurrEstab)[ \t]+[0-9]+$",
    meanings=MIB_MEANINGS,
)
def snmp(document: Document) -> Iterator[Item]:
    """Read the counters of IP, UDP, TCP and SCTP (/proc/net/snmp, /proc/net/netstat, /proc/net/snmp6, /proc/net/sctp/snmp)."""
    rows: list[Row] = []
    for found in _rows(document):
        if isinstance(found, Unread):
            yield found
        else:
            rows.append(found)
    series = mib_series((name for name, _, _ in rows), "snmp")
    samples = Samples(document.origin, document.at, document.boot)
    for name, text, number in rows:
        value = unsigned(text)
        if name not in series:
            continue
        if value is None:
            yield unread(document, number, f"{name} is not an unsigned 64-bit number")
        else:
            samples.add(series[name], value, number)
    yield from samples.frames()


def _rows(document: Document) -> Iterator[Row | Unread]:
    heads: dict[str, list[str]] = {}
    for number, line in document.numbered():
        group, colon, rest = line.partition(":")
        words = rest.split() if colon else line.split()
        if not words:
            continue
        if not colon and len(words) == _NAME_AND_VALUE:
            yield words[0], words[1], number
        elif colon and all(map(_NAME.fullmatch, words)):
            heads[group] = words
        elif colon and group in heads and len(heads[group]) == len(words):
            for name, text in zip(heads.pop(group), words, strict=True):
                yield group + name, text, number
        else:
            heads.pop(group, None)
            yield unread(document, number, "not the values of the names before it")
