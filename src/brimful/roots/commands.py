"""What the kernel said, in the words of the commands that people run: so that live and saved texts are read alike.

Forms: ethtool 6.1, iproute2 6.1 (`ip -j -s -s link`).
"""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from brimful.evidence.moment import Moment
from brimful.kernel.ethtool import DriverInfo, Rings
from brimful.kernel.rtnetlink import Link
from brimful.roots.base import Counters, Document

_RX = (
    *("bytes", "packets", "errors", "dropped", "over_errors", "multicast", "compressed", "length_errors"),
    *("crc_errors", "frame_errors", "fifo_errors", "missed_errors", "nohandler", "otherhost_dropped"),
)
_TX = (
    *("bytes", "packets", "errors", "dropped", "carrier_errors", "collisions", "compressed", "aborted_errors"),
    *("fifo_errors", "window_errors", "heartbeat_errors"),
)
_ONE_SIDED = frozenset(("multicast", "collisions"))
"""Fields of rtnl_link_stats64 that have no `rx_` or `tx_` in front."""


class CountersDocument(Document):
    """An answer of `ethtool -S`: numbers at once, the text when somebody asks for it."""

    def __init__(self, interface: str, counters: Counters, at: Moment, boot: str) -> None:
        command = f"ethtool -S {interface}"
        super().__init__(command, command, b"", of={"interface": interface}, at=at, boot=boot, counters=counters)
        del self.data, self.end

    def __getattr__(self, name: str) -> object:
        """Return `data` or `end`, which are not there before they are asked for."""
        if name not in {"data", "end"} or self.counters is None:
            raise AttributeError(name)
        self.data = ethtool_statistics(self.counters).encode("utf-8", "replace")
        self.end = len(self.data)
        return self.__dict__[name]


def shown(name: str) -> str:
    """Return the name of an interface as text: bytes that are no UTF-8 are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@lru_cache(maxsize=64)
def all_shown(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of interfaces as text: one and the same tuple for the same interfaces, each second."""
    return tuple(map(shown, names))


def ethtool_statistics(counters: Counters) -> str:
    """Return `ethtool -S`."""
    rows = (f"     {name}: {value}\n" for name, value in zip(counters.names, counters.values, strict=True))
    return "NIC statistics:\n" + "".join(rows)


def ethtool_driver(info: DriverInfo) -> str:
    """Return `ethtool -i`."""
    fields = {
        "driver": info.driver,
        "version": info.version,
        "firmware-version": info.firmware,
        "expansion-rom-version": info.expansion_rom,
        "bus-info": info.bus,
        "supports-statistics": _yes(info.statistics),
        "supports-test": _yes(info.tests),
        "supports-eeprom-access": _yes(info.eeprom_bytes),
        "supports-register-dump": _yes(info.registers_bytes),
        "supports-priv-flags": _yes(info.private_flags),
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _yes(number: int) -> str:
    return "yes" if number else "no"


def ethtool_rings(interface: str, rings: Rings) -> str:
    """Return `ethtool -g`, with n/a for rings that the hardware has not."""
    maximum = (rings.rx_maximum, rings.rx_mini_maximum, rings.rx_jumbo_maximum, rings.tx_maximum)
    current = (rings.rx, rings.rx_mini, rings.rx_jumbo, rings.tx)
    lines = [f"Ring parameters for {interface}:", "Pre-set maximums:", *_rings(maximum, maximum)]
    return "\n".join([*lines, "Current hardware settings:", *_rings(current, maximum), ""])


def _rings(sizes: tuple[int, ...], maximum: tuple[int, ...]) -> Iterable[str]:
    names = ("RX:\t\t", "RX Mini:\t", "RX Jumbo:\t", "TX:\t\t")
    for name, size, most in zip(names, sizes, maximum, strict=True):
        yield f"{name}{size if most else 'n/a'}"


def ip_links(links: Iterable[Link]) -> bytes:
    """Return `ip -j -s -s link`: one JSON list; all counters that the kernel has, zero or not."""
    return msgspec.json.encode([_link(link) for link in links]) + b"\n"


def _link(link: Link) -> dict[str, object]:
    changes = {} if link.carrier_changes is None else {"carrier_changes": link.carrier_changes}
    stats = {"rx": _side(link.stats, "rx_", _RX), "tx": _side(link.stats, "tx_", _TX) | changes}
    return {
        "ifindex": link.index,
        "ifname": shown(link.name),
        "mtu": link.mtu,
        "operstate": link.operstate,
        **({"linkinfo": {"info_kind": shown(link.kind)}} if link.kind else {}),
        "stats64": stats,
    }


def _side(stats: dict[str, int], prefix: str, fields: tuple[str, ...]) -> dict[str, int]:
    names = {field: field if field in _ONE_SIDED else prefix + field for field in fields}
    return {field: stats[name] for field, name in names.items() if name in stats}
