"""The PCIe links from the root ports to the NICs with their errors, and the speed of each interface, from sysfs."""

import re
from collections.abc import Iterator
from functools import partial

from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import Doors

BRIDGE = "/sys/devices/{bridge}/"
LINK_FILES = ("current_link_speed", "current_link_width", "max_link_speed", "max_link_width")
ERROR_FILES = ("aer_dev_correctable", "aer_dev_nonfatal", "aer_dev_fatal")
SPEED = "/sys/class/net/{interface}/speed"

_PCI = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


@answer(SPEED, everywhere=True)
def speeds(doors: Doors) -> Iterator[Document]:
    """Yield the speed of every link with hardware behind it."""
    for target in doors.devices():
        interface = target.rpartition("/")[2]
        path = SPEED.format(interface=interface)
        data = doors.read(path)
        if data is not None:
            yield doors.document(path, data, interface=interface)


def _bridges(doors: Doors, file: str) -> Iterator[Document]:
    """Yield one file of every PCI device on the way from a root port to a NIC."""
    for folder in _folders(doors):
        path = f"/sys/devices/{folder}/{file}"
        data = doors.read(path)
        if data is not None:
            yield doors.document(path, data, bridge=folder)


for _file in (*LINK_FILES, *ERROR_FILES):
    answer(BRIDGE + _file, everywhere=True)(partial(_bridges, file=_file))


def _folders(doors: Doors) -> list[str]:
    """Return the folders below /sys/devices of all NICs and of the bridges above them."""
    folders: set[str] = set()
    for target in doors.devices():
        parts = target.partition("/devices/")[2].split("/")
        folders.update("/".join(parts[:end]) for end in range(1, len(parts) + 1) if _PCI.fullmatch(parts[end - 1]))
    return sorted(folders)
