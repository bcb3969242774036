"""Read the kernel's log for what it says of buffers: full tables, memory it did not find, queues that hung.

The kernel leaves most of such lines out when there are many (net_ratelimit, printk_once), so their number says nothing of
the packets. Words: mm/page_alloc.c (warn_alloc), mm/oom_kill.c, net/sched/sch_generic.c (dev_watchdog), net/core/dev.c
and net/bridge (over-mtu), net/ipv4/tcp.c, tcp_input.c, udp.c, net/core/neighbour.c, nf_conntrack_core.c, and drivers of
Intel (Unit Hang). `dmesg` stamps seconds since boot, `dmesg -T` local time without a zone, syslog local time without a
year. The lines of a trace below a failed allocation tell whether it was for a packet that was to be received.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.evidence.clock import ANY_ZONE_NS, date, embedded, relayed
from brimful.evidence.event import Event, Value
from brimful.evidence.evidence import Item
from brimful.evidence.moment import SECOND, Moment
from brimful.roots.base import Document
from brimful.sources import SELDOM, source

TRACE = 40
"""So many lines below a failed allocation its trace is looked for."""

_STAMP = re.compile(r"(?:[^\[]{0,120}?kernel: )?\[ *(?P<seconds>[0-9]{1,10})\.(?P<fraction>[0-9]{1,9})\]")
_DATE = re.compile(r"\[(?P<time>\w{3} \w{3} [ 0-9][0-9] [0-9:]{8} [0-9]{4})\] ", re.ASCII)
_SYSLOG = re.compile(r"[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}(?= )")
_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T\S{1,40}")
_RECEIVES = re.compile(
    r"\b\w*(?:napi_alloc_skb|netdev_alloc_skb|netdev_alloc_frag|rx_submit|alloc_rx|rx_alloc|rx_refill|refill_rx"
    r"|page_pool_alloc|napi_get_frags)\w*",
    re.ASCII,
)
"""Functions that take memory for packets to be received: by their names in the drivers of the kernel (inference)."""


class Saying(msgspec.Struct, frozen=True):
    """What the kernel says and what it is called. A group `place` is where; other groups are fields of the event."""

    kind: str
    pattern: re.Pattern[str]
    place: str = "{place}"
    default: str = ""


_SAYINGS = (
    Saying(
        "conntrack.full",
        re.compile(r"\b(?:nf|ip)_conntrack: table full(?: in netns [0-9]+)?, dropping packet"),
        place="conntrack",
    ),
    # kernels before 4.16 do not say which table
    Saying(
        "neighbour.full",
        re.compile(r"(?:\b(?P<place>arp|ndisc)_cache: neighbor|\bNeighbour) table overflow"),
        default="arp",
    ),
    Saying("memory.alloc_failed", re.compile(r"\S+: page allocation failure[:.] order:(?P<order>[0-9]{1,3})\b")),
    Saying(
        "memory.killed",
        re.compile(r"\b(?P<asker>\S{1,40}) invoked oom-killer: .{0,300}\border=(?P<order>-?[0-9]{1,3})\b"),
    ),
    Saying(
        "memory.killed",
        re.compile(
            r"\b(?P<cgroup>Memory cgroup )?[Oo]ut of memory(?: \([^)]{0,60}\))?: Kill(?:ed)? process [0-9]{1,10} "
            r"\((?P<killed>[^)]{0,60})\)"
        ),
    ),
    Saying(
        "transmit.hung",
        re.compile(
            r"\bNETDEV WATCHDOG: (?P<place>[^\s:]{1,15}) \((?P<driver>[^)\s]{1,40})\): transmit queue "
            r"(?P<queue>[0-9]{1,5}) timed out"
        ),
    ),
    Saying(
        "transmit.hung",
        re.compile(
            r"\b(?P<driver>[a-z0-9_]{1,40}) \S{1,40} (?P<place>[^\s:]{1,15}): (?:NETDEV WATCHDOG: CPU: [0-9]{1,5}: "
            r"transmit queue (?P<queue>[0-9]{1,5}) timed out|Detected (?:Hardware|Tx) Unit Hang)"
        ),
    ),
    Saying(
        "mtu.exceeded",
        re.compile(r"(?P<place>[^\s:]{1,15}): dropped over-mtu packet: (?P<length>[0-9]{1,10}) > (?P<mtu>[0-9]{1,10})"),
    ),
    Saying("udp.checksum", re.compile(r"\bUDP(?:v6)?: bad checksum\. "), place="udp"),
    Saying("tcp.out_of_memory", re.compile(r"\bTCP: out of memory -- consider tuning tcp_mem"), place="tcp"),
    Saying(
        "listen.flooded",
        re.compile(
            r"\bPossible SYN flooding on port (?P<place>\S{1,60}?)\. (?P<answer>Sending cookies|Dropping request)"
        ),
        place="tcp {place}",
    ),
)
_ANY = (
    r"\b(?:nf|ip)_conntrack: table full|\b(?:neighbor|Neighbour) table overflow|: page allocation failure[:.] order:"
    r"| invoked oom-killer: |ut of memory(?: \([^)\n]{0,60}\))?: Kill(?:ed)? process |\bNETDEV WATCHDOG: "
    r"|: Detected (?:Hardware|Tx) Unit Hang|: dropped over-mtu packet: |\bUDP(?:v6)?: bad checksum\. "
    r"|\bTCP: out of memory -- consider|\bPossible SYN flooding on port "
)
"""What one of them has in it."""
_WORDS = (
    *(
        "table full",
        "table overflow",
        "allocation failure",
        "oom-killer",
        "ut of memory",
        "NETDEV WATCHDOG",
        "Unit Hang",
    ),
    *("over-mtu", "bad checksum", "SYN flooding"),
)
"""One of them is in each: logs are long, and most have none."""
_BYTES = tuple(word.encode() for word in _WORDS)


@source(
    "dmesg",
    "dmesg {options}",
    "journalctl {options}",
    "/var/log/dmesg",
    "/var/log/kern.log",
    "/var/log/messages",
    looks_like=_ANY,
    meanings=tuple(sorted({saying.kind for saying in _SAYINGS})),
    every_s=SELDOM,
)
def kernel_log(document: Document) -> Iterator[Item]:
    """Read what the kernel said of tables, memory and queues (dmesg, /var/log/kern.log)."""
    if all(document.data.find(word, document.start, document.end) < 0 for word in _BYTES):  # may be a memory map
        return
    failed: Event | None = None
    left = 0
    for number, line in document.numbered():
        if failed is not None:
            receives = _RECEIVES.search(line)
            left -= 1
            if receives:
                fields: dict[str, Value] = {**failed.fields, "receives": receives[0]}
                failed = msgspec.structs.replace(failed, fields=fields)
            if receives or not left:
                yield failed
                failed = None
        event = _event(document, number, line) if any(word in line for word in _WORDS) else None
        if event is not None and event.kind == "memory.alloc_failed":
            if failed is not None:
                yield failed
            failed, left = event, TRACE
        elif event is not None:
            yield event
    if failed is not None:
        yield failed


def _event(document: Document, number: int, line: str) -> Event | None:
    for saying in _SAYINGS:
        found = saying.pattern.search(line)
        if found:
            groups = found.groupdict()
            where = groups.pop("place", None) or saying.default
            fields: dict[str, Value] = {name: _value(text) for name, text in groups.items() if text}
            place = saying.place.format(place=f"*:{where}" if where.isdecimal() else where)
            return Event(saying.kind, place, _at(line, document.at), document.origin(number), fields)
    return None


def _value(text: str) -> Value:
    return int(text) if re.fullmatch(r"-?[0-9]{1,10}", text, re.ASCII) else text.strip()


def _at(line: str, near: Moment | None) -> Moment | None:
    """Return when a line was written, by the best of its stamps: with a date, a day without a year, since boot."""
    rfc3339, dated, day = _RFC3339.match(line), _DATE.match(line), _SYSLOG.match(line)
    if rfc3339:
        return relayed(rfc3339[0])
    if dated:
        return date(dated["time"])
    when = embedded(day[0], near) if day else None
    if when is not None:  # local time of a zone that is not told
        return msgspec.structs.replace(when, uncertainty_ns=ANY_ZONE_NS, zone_known=False)
    stamp = _STAMP.match(line)
    if stamp is None:
        return None
    return Moment(int(stamp["seconds"]) * SECOND + int(stamp["fraction"].ljust(9, "0")), clock="relative")
