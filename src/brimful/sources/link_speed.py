"""Read how fast an interface's link runs: `/sys/class/net/<interface>/speed`, or the plain `ethtool <interface>`."""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

_SPEED = re.compile(r"\s*(?:Speed:\s*)?(?P<speed>-?[0-9]{1,10})(?:Mb/s)?\s*", re.ASCII)
_HEADING = re.compile(r"\s*Settings for (\S+?):\s*")
_UNKNOWN = 4_294_967_295
"""SPEED_UNKNOWN, -1 as an unsigned number (include/uapi/linux/ethtool.h): the link is down, or nobody knows."""


@source(
    "/sys/class/net/{interface}/speed",
    "ethtool {interface}",
    looks_like=r"^Settings for ",
    meanings=("nic.link_speed",),
    every_s=SELDOM,
)
def link_speed(document: Document) -> Iterator[Item]:
    """Read the speed of one link in Mb/s (sysfs, ethtool)."""
    interface = document.of.get("interface", "")
    plain = document.name.startswith("/")
    for number, line in document.numbered():
        heading = _HEADING.fullmatch(line)
        if heading:
            interface = heading[1]
        if not (plain and line.strip()) and not line.strip().startswith("Speed:"):
            continue
        match = _SPEED.fullmatch(line)
        if match is None:
            if "Unknown" not in line:
                yield unread(document, number, "the speed of a link is not a number of Mb/s")
        elif interface and 0 < int(match["speed"]) < _UNKNOWN:
            yield Fact("nic.link_speed", interface, int(match["speed"]), document.origin(number), document.at)
