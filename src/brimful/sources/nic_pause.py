"""Read `ethtool -a`: whether an interface pauses its peer, and lets itself be paused; with `-I` how often it was so.

`tx_pause_frames` and `rx_pause_frames` are MAC control frames of IEEE 802.3 Annex 31B, by the kernel's definition
(include/linux/ethtool.h, struct ethtool_pause_stats). The driver's own counters may show the same frames again.
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_HEADING = re.compile(r"\s*Pause parameters for (\S+?):\s*")
_SWITCH = re.compile(r"\s*(?P<side>RX|TX)(?P<negotiated> negotiated)?:\s*(?P<value>on|off)\s*")
_COUNTER = re.compile(r"\s*(?P<name>[rt]x_pause_frames):\s*(?P<value>\S*)\s*")
_MEANINGS = {"tx_pause_frames": "nic.fifo.pause_sent", "rx_pause_frames": "nic.tx_ring.pause_received"}


@source(
    "ethtool -I -a {interface}",
    "ethtool -a {interface}",
    looks_like=r"(?m)^Pause parameters for ",
    meanings=("nic.pause", *_MEANINGS.values()),
    every_s=NOW_AND_THEN,
    one_of=True,
)
def nic_pause(document: Document) -> Iterator[Item]:
    """Read the flow control of one interface and its pause frames (ethtool -a, ethtool -I -a)."""
    interface = document.of.get("interface", "")
    switches: dict[str, str] = {}
    start = 0
    samples = Samples(document.origin, document.at, document.boot)
    for number, line in document.numbered():
        heading, switch, counter = _HEADING.fullmatch(line), _SWITCH.fullmatch(line), _COUNTER.fullmatch(line)
        if heading:
            yield from _fact(document, interface, switches, start)
            interface, switches, start = heading[1], {}, number
        elif switch:  # what was negotiated comes later, and is what counts
            switches[switch["side"].lower()] = switch["value"]
        elif counter and interface:
            value = unsigned(counter["value"])
            if value is None:
                yield unread(document, number, "a count of pause frames is not a number")
            else:
                series = Series(_MEANINGS[counter["name"]], interface, counter["name"], "nic_pause")
                samples.add(series, value, number)
    yield from _fact(document, interface, switches, start)
    yield from samples.frames()


def _fact(document: Document, interface: str, switches: dict[str, str], line: int) -> Iterator[Fact]:
    if interface and switches:
        value = " ".join(f"{side} {switches[side]}" for side in ("rx", "tx") if side in switches)
        yield Fact("nic.pause", interface, value, document.origin(line), document.at)
