"""Read how many errors a PCIe device or bridge has reported, from sysfs (advanced error reporting, AER).

One line for each kind of error and one for their sum, since boot or since the device was found. An error on a link is
reported by whichever end saw it, so those of the bridges above a NIC are its business too
(Documentation/ABI/testing/sysfs-bus-pci-devices-aer_stats in the kernel's source).
"""

import re
from collections.abc import Iterator

from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_LINE = re.compile(r"(?P<name>TOTAL_ERR_(?:COR|NONFATAL|FATAL)) (?P<value>\S+)")


@source(
    "/sys/devices/{bridge}/aer_dev_correctable",
    "/sys/devices/{bridge}/aer_dev_nonfatal",
    "/sys/devices/{bridge}/aer_dev_fatal",
    meanings=("nic.fifo.bus_errors",),
    every_s=NOW_AND_THEN,
    hurry=("nic.fifo.overrun", "nic.fifo.bus_overflow"),
)
def pcie_errors(document: Document) -> Iterator[Item]:
    """Read the errors of PCIe links (sysfs, AER)."""
    device = document.of.get("bridge", "").rpartition("/")[2]
    if not _ADDRESS.fullmatch(device):
        return
    samples = Samples(document.origin, document.at, document.boot)
    for number, line in document.numbered():
        found = _LINE.fullmatch(line.strip())
        value = unsigned(found["value"]) if found else None
        if found and value is None:
            yield unread(document, number, "the number of PCIe errors is not a number")
        elif found and value is not None:
            samples.add(Series("nic.fifo.bus_errors", device, found["name"], "pcie_errors"), value, number)
    yield from samples.frames()
