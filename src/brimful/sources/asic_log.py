"""Find what asic-monitor said in a log: that queues, or counters, were above the level of a port group.

NVIDIA Cumulus Linux, "ASIC Monitoring" and "Buffer Monitoring":

    2018-02-26T20:14:41.560840+00:00 cumulus asic-monitor-module INFO:  2018-02-26 20:14:41.559967: Egress queue(s) greater
    than 500 bytes in monitor port group histogram_pg.

(one line). The second time is that of the reading, in the switch's local time: the first tells which zone that is. No port is
named. What is said of other kinds of data is not documented: any line of this form is taken.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.evidence.clock import ANY_ZONE_NS, relayed, stamp, zone_offset
from brimful.evidence.event import Event, Value
from brimful.evidence.evidence import Item
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Unread
from brimful.evidence.scan import lines_with
from brimful.roots.base import Document
from brimful.sources import SELDOM, source

GROUP = b" in monitor port group "
EXCEEDED = "switch.queue.exceeded"

_LINE = re.compile(
    r"asic-monitor\S{0,40}?:? .{0,80}?INFO:\s+(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,9})?): "
    r"(?P<what>.{1,200}?) greater than (?P<level>\d{1,20})(?: (?P<unit>\S{1,40}(?: \S{1,40}){0,3}))?"
    r" in monitor port group (?P<group>[\w.-]{1,200}?)\.?",
    re.ASCII,
)
_DIRECTION = re.compile(r"(?i)\b(?:egress|ingress)\b")


@source(
    "/var/log/syslog",
    "/var/log/messages",
    "journalctl {options}",
    looks_like=r"asic-monitor\S{0,40} .{0,400} in monitor port group ",
    meanings=(EXCEEDED,),
    every_s=SELDOM,
)
def asic_log(document: Document) -> Iterator[Item]:
    """Find the lines that asic-monitor wrote to the log when queues were long."""
    for begin, line in lines_with(document.data, GROUP, document.start, document.end):
        if "asic-monitor" not in line:
            continue
        origin = document.origin_of(begin, line)
        start = line.index("asic-monitor")
        found = _LINE.fullmatch(line, start)
        level = unsigned(found["level"]) if found else None
        if found is None or level is None:
            yield Unread(origin, "not a level that was exceeded in a port group")
            continue
        direction = _DIRECTION.search(found["what"])
        fields: dict[str, Value] = {
            "group": found["group"],
            "what": found["what"],
            "level": level,
            "unit": found["unit"] or "",
            "direction": direction[0].lower() if direction else "",
        }
        yield Event(EXCEEDED, "", _at(found["time"], line[:start]), origin, fields)


def _at(text: str, header: str) -> Moment | None:
    """Return when it was read; the header, where it has a zone, tells the zone of the other time."""
    local, sent = stamp(text), relayed(header)
    if local is None:
        return sent
    ahead = None if sent is None else zone_offset(local, sent)
    if ahead is None:
        return msgspec.structs.replace(local, uncertainty_ns=ANY_ZONE_NS)
    return Moment(local.ns - ahead * SECOND)
