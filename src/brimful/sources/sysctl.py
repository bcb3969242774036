"""Read kernel settings: `sysctl -a`, parts of it, or the files of `/proc/sys` behind them.

Kept are the settings of the network stack as a whole, not those of single interfaces. Vectors come with tabs between
their values (Documentation/networking/ip-sysctl.rst, tcp_mem: min, pressure, max).
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

_FILES = (
    "net/core/netdev_budget",
    "net/core/netdev_budget_usecs",
    "net/core/netdev_max_backlog",
    "net/core/rmem_default",
    "net/core/rmem_max",
    "net/core/somaxconn",
    "net/ipv4/tcp_max_orphans",
    "net/ipv4/tcp_mem",
    "net/ipv4/tcp_rmem",
    "net/ipv4/udp_mem",
    "net/ipv4/ipfrag_high_thresh",
    "net/ipv4/neigh/default/gc_thresh3",
    "net/ipv6/ip6frag_high_thresh",
    "net/ipv6/neigh/default/gc_thresh3",
    "net/netfilter/nf_conntrack_count",
    "net/netfilter/nf_conntrack_max",
    "net/unix/max_dgram_qlen",
)
_LIMITS = {
    "net.core.netdev_max_backlog": ("softnet.backlog.limit", "", 0),
    "net.ipv4.tcp_max_orphans": ("protocol.memory.orphan_limit", "tcp", 0),
    "net.ipv4.tcp_mem": ("protocol.memory.limit", "tcp", 2),
    "net.ipv4.udp_mem": ("protocol.memory.limit", "udp", 2),
    "net.ipv4.ipfrag_high_thresh": ("kernel.table.fragments_limit", "ip", 0),
    "net.ipv6.ip6frag_high_thresh": ("kernel.table.fragments_limit", "ip6", 0),
    "net.ipv4.neigh.default.gc_thresh3": ("kernel.table.neighbour_limit", "arp", 0),
    "net.ipv6.neigh.default.gc_thresh3": ("kernel.table.neighbour_limit", "ndisc", 0),
    "net.netfilter.nf_conntrack_count": ("kernel.table.conntrack_used", "conntrack", 0),
    "net.netfilter.nf_conntrack_max": ("kernel.table.conntrack_limit", "conntrack", 0),
}
"""Settings that limit a buffer, and one that says how full it is: meaning, place, and which value of the vector."""

_TREE = "/proc/sys/"
_SETTING = re.compile(r"(?P<key>[^\s=]+)\s*=\s*(?P<value>.*)")
_KEPT = re.compile(
    r"net\.(?:core|sctp|unix|netfilter)\.[\w-]+"
    r"|net\.ipv4\.(?:(?:tcp|udp|ipfrag)_\w+|neigh\.default\.gc_\w+)"
    r"|net\.ipv6\.(?:ip6frag_\w+|neigh\.default\.gc_\w+)|net\.nf_conntrack_max|vm\.min_free_kbytes",
    re.ASCII,
)
_SAID = re.compile(r"\s*(?:#|;|sysctl: |error: )")
_INTEGER = re.compile(r"-?[0-9]{1,19}")


@source(
    "sysctl -a",
    "sysctl {options}",
    "sysctl net.{arguments}",
    *(_TREE + file for file in _FILES),
    looks_like=r"(?m)^net\.[a-z0-9]+\.\w+ = ",
    meanings=("sysctl", *sorted({meaning for meaning, _, _ in _LIMITS.values()})),
    every_s=SELDOM,
)
def sysctl(document: Document) -> Iterator[Item]:
    """Read the settings of the network stack (sysctl -a)."""
    samples = Samples(document.origin, document.at, document.boot)
    for key, text, number in _settings(document):
        if not key:
            yield unread(document, number, "not a setting and its value")
        elif _KEPT.fullmatch(key) and text:
            value = int(text) if _INTEGER.fullmatch(text) else text
            yield Fact("sysctl", key, value, document.origin(number), document.at)
            if key in _LIMITS:
                meaning, place, index = _LIMITS[key]
                limit = _part(text, index)
                if limit is None:
                    yield unread(document, number, f"{key} has no number that is a limit")
                else:
                    samples.add(Series(meaning, place, key, "sysctl", width_bits=0), limit, number)
    yield from samples.frames()


def _part(text: str, index: int) -> int | None:
    """Return one number of a vector."""
    words = text.split()
    return unsigned(words[index]) if index < len(words) else None


def _settings(document: Document) -> Iterator[tuple[str, str, int]]:
    """Yield key, value with single blanks, and line; the key is empty where a line is no setting."""
    if document.name.startswith(_TREE):
        key = document.name.removeprefix(_TREE).replace("/", ".")
        yield from ((key, " ".join(line.split()), number) for number, line in document.numbered() if line.strip())
        return
    for number, line in document.numbered():
        found = _SETTING.fullmatch(line.strip())
        if found:
            yield found["key"], " ".join(found["value"].split()), number
        elif line.strip() and not _SAID.match(line):
            yield "", "", number
