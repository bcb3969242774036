"""Read `ethtool -i`: which driver, version and firmware an interface runs on, and where on the bus it is."""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.roots.base import Document
from brimful.sources import SELDOM, source

_HEADING = re.compile(r"\s*#\s*ethtool\s+-i\s+(\S+)")
_FACTS = {
    "driver": "nic.driver",
    "version": "nic.driver_version",
    "firmware-version": "nic.firmware",
    "bus-info": "nic.bus_address",
}


@source(
    "ethtool -i {interface}",
    looks_like=r"(?m)^driver: .+\n(version|firmware-version):",
    meanings=tuple(_FACTS.values()),
    every_s=SELDOM,
)
def nic_identity(document: Document) -> Iterator[Item]:
    """Read the driver, firmware and bus address of one interface (ethtool -i)."""
    told = interface = document.of.get("interface", "")
    for number, line in document.numbered():
        heading = _HEADING.match(line)
        if heading:
            interface = told or heading[1]  # several may follow each other
        key, _, value = line.partition(":")
        name = _FACTS.get(key.strip())
        # an empty value and N/A say nothing; without an interface a driver is of no use to anyone
        if name and interface and value.strip() not in {"", "N/A", "n/a"}:
            yield Fact(name, interface, value.strip(), document.origin(number), document.at)
