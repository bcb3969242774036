"""Settings of NICs: interrupt coalescing, channels and flow control.

One dump of generic netlink (family `ethtool`, Documentation/networking/ethtool-netlink.rst) shows all interfaces of the
namespace, and leaves out what a driver does not have. Kernels without the family (before 5.6) are asked interface by
interface with SIOCETHTOOL, whose structures have the same fields in the same order, and 0 for what there is not.
Ring sizes stay with the ioctl: what RINGS_GET adds (rx-buf-len, cqe-size, tcp-data-split) decides nothing here.
"""

import sys
from collections.abc import Iterable, Iterator

import msgspec

from brimful.kernel.ethtool import Ethtool, EthtoolError
from brimful.kernel.genetlink import Generic, attribute, nested, uint
from brimful.kernel.netlink import attributes, text

FAMILY = "ethtool"
HEADER = 1
HEADER_DEV_NAME = 2
HEADER_FLAGS = 3
FLAG_STATS = 1 << 2
FIRST_FIELD = 2


class Group(msgspec.Struct, frozen=True):
    """Settings that are asked for together.

    `fields` are attributes from 2 on, and the 32-bit words of the ioctl's structure after its first; those after the
    first `words` came later and are known to netlink alone. `statistics`: attributes nested in the one after `fields`.
    """

    message: int
    ioctl: int
    fields: tuple[str, ...]
    words: int
    statistics: dict[int, str] = {}


COALESCING = Group(
    19,
    0x0E,
    (
        *("rx-usecs", "rx-frames", "rx-usecs-irq", "rx-frames-irq", "tx-usecs", "tx-frames", "tx-usecs-irq"),
        *("tx-frames-irq", "stats-block-usecs", "adaptive-rx", "adaptive-tx", "pkt-rate-low", "rx-usecs-low"),
        *("rx-frames-low", "tx-usecs-low", "tx-frames-low", "pkt-rate-high", "rx-usecs-high", "rx-frames-high"),
        *("tx-usecs-high", "tx-frames-high", "sample-interval", "cqe-mode-tx", "cqe-mode-rx"),
    ),
    22,
)
CHANNELS = Group(
    17,
    0x3C,
    ("rx-max", "tx-max", "other-max", "combined-max", "rx", "tx", "other", "combined"),
    8,
)
PAUSE = Group(21, 0x12, ("autoneg", "rx", "tx"), 3, {2: "tx_pause_frames", 3: "rx_pause_frames"})


class Settings(msgspec.Struct, frozen=True):
    """Those of one interface by name; what the driver does not have is missing."""

    interface: str
    values: dict[str, int]
    statistics: dict[str, int] = {}


def settings(generic: Generic, group: Group) -> Iterator[Settings]:
    """Yield the settings of all interfaces that have such; `NetlinkError` ENOENT where the kernel lacks the family."""
    flags = [attribute(HEADER_FLAGS, FLAG_STATS.to_bytes(4, sys.byteorder))] if group.statistics else []
    for found in generic.dump(FAMILY, group.message, nested(HEADER, *flags)):
        name = text(attributes(found.get(HEADER, b"")).get(HEADER_DEV_NAME, b""))
        numbers = enumerate(group.fields, FIRST_FIELD)
        values = {field: uint(found[number]) for number, field in numbers if number in found}
        counted = attributes(found.get(FIRST_FIELD + len(group.fields), b"")) if group.statistics else {}
        statistics = {field: uint(counted[kind]) for kind, field in group.statistics.items() if kind in counted}
        yield Settings(name, values, statistics)


def by_ioctl(ethtool: Ethtool, group: Group, interfaces: Iterable[str]) -> Iterator[Settings | EthtoolError]:
    """Yield the settings of each interface, or why it has none."""
    for interface in interfaces:
        try:
            words = ethtool.words(interface, group.ioctl, group.words)
        except EthtoolError as error:
            yield error
        else:
            yield Settings(interface, dict(zip(group.fields, words, strict=False)))
