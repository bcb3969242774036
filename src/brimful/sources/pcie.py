"""Read how fast and wide the PCIe link of each device and bridge is, from sysfs or from `lspci -vvv`.

The bus of a NIC is as narrow as the narrowest link up to the root port, so every bridge is read. `/sys` gives one word
a file: `8.0 GT/s PCIe`, `4`, `Unknown` (drivers/pci/pci-sysfs.c); a width of 0 or 255 means that it is not known.
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

NOWHERE = "unknown device"
"""The place of a fragment of `lspci` without the line that names the device."""
_FILES = {
    "current_link_speed": "pci.speed",
    "current_link_width": "pci.width",
    "max_link_speed": "pci.speed_maximum",
    "max_link_width": "pci.width_maximum",
}
_LINES = {"LnkSta": ("pci.speed", "pci.width"), "LnkCap": ("pci.speed_maximum", "pci.width_maximum")}
_UNKNOWN_WIDTHS = {0, 255}
_PAYLOAD = re.compile(r"\s*MaxPayload (?P<value>[0-9]{3,4}) bytes, MaxReadReq\b")
_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_DEVICE = re.compile(r"(?P<domain>[0-9a-f]{4,8}:)?(?P<address>[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s")
_LINK = re.compile(r"\s*(?P<name>LnkSta|LnkCap):\s(?P<rest>.*)")
_SPEED = re.compile(r"\bSpeed (?P<value>[0-9]{1,3}(?:\.[0-9]{1,3})?)\s?GT/s")
_WIDTH = re.compile(r"\bWidth x(?P<value>[0-9]{1,3})\b")
_SYSFS_SPEED = re.compile(r"(?P<value>[0-9]{1,3}(?:\.[0-9]{1,3})?) GT/s(?: PCIe)?")
_SYSFS_WIDTH = re.compile(r"[0-9]{1,3}")


@source(
    "lspci -vvv",
    "lspci {options}",
    *(f"/sys/devices/{{bridge}}/{name}" for name in _FILES),
    looks_like=r"(?m)^[ \t]*Lnk(Sta|Cap):[ \t].*Width x",
    meanings=(*_FILES.values(), "pci.path", "pci.payload"),
    every_s=SELDOM,
)
def pcie(document: Document) -> Iterator[Item]:
    """Read the speed and width of PCIe links (sysfs, lspci -vvv)."""
    kind = _FILES.get(document.name.rpartition("/")[2])
    if kind and document.of.get("bridge"):
        yield from _sysfs(document, kind, document.of["bridge"])
    else:
        yield from _lspci(document)


def _sysfs(document: Document, kind: str, path: str) -> Iterator[Item]:
    """Read one file; the path of its folder names the bridges above the device."""
    bridges = [part for part in path.split("/") if _ADDRESS.fullmatch(part)]
    if not bridges:
        return
    if kind == "pci.speed":  # once for the four files
        yield Fact("pci.path", bridges[-1], "/".join(bridges), document.origin(0), document.at)
    text = next(iter(document.lines()), "").strip()
    if text and not text.startswith("Unknown"):
        value = _speed(text) if kind.startswith("pci.speed") else _width(text)
        if value is None:
            yield unread(document, 1, "neither a speed nor a width of a PCIe link")
        elif value not in _UNKNOWN_WIDTHS:
            yield Fact(kind, bridges[-1], value, document.origin(1), document.at)


def _speed(text: str) -> float | None:
    match = _SYSFS_SPEED.fullmatch(text)
    return float(match["value"]) if match else None


def _width(text: str) -> int | None:
    return int(text) if _SYSFS_WIDTH.fullmatch(text) else None


def _lspci(document: Document) -> Iterator[Item]:
    """Read the link capability and link status of each device; what else lspci prints is not looked at."""
    place = NOWHERE
    for number, line in document.numbered():
        device = _DEVICE.match(line)
        if device:
            place = (device["domain"] or "0000:") + device["address"]
        payload, found = _PAYLOAD.match(line), _LINK.fullmatch(line)
        if payload:  # that of DevCtl, which is in force: DevCap has no read request beside it
            yield Fact("pci.payload", place, int(payload["value"]), document.origin(number), document.at)
        if not found:
            continue
        speed_name, width_name = _LINES[found["name"]]
        speed, width = _SPEED.search(found["rest"]), _WIDTH.search(found["rest"])
        if speed:
            yield Fact(speed_name, place, float(speed["value"]), document.origin(number), document.at)
        if width and int(width["value"]) not in _UNKNOWN_WIDTHS:
            yield Fact(width_name, place, int(width["value"]), document.origin(number), document.at)
