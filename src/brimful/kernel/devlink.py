"""The family `devlink` of generic netlink: the shared buffer of a switch ASIC (include/uapi/linux/devlink.h, net/devlink/sb.c).

A shared buffer is divided into pools; ports take from them, and on a port the traffic classes that are bound to them. What
is used is what the driver read from the ASIC at the last snapshot, with the highest use since the maxima were cleared. A
snapshot is therefore taken before it is asked for: it changes nothing but what the driver remembers. Maxima are shared by
all who read them: they are never cleared here.
"""

import sys
from collections.abc import Iterator

import msgspec

from brimful.kernel.genetlink import Generic, attribute, uint
from brimful.kernel.netlink import NetlinkError, text

FAMILY = "devlink"

CMD_PORT_GET = 5
CMD_SB_GET = 11
CMD_SB_POOL_GET = 15
CMD_SB_PORT_POOL_GET = 19
CMD_SB_TC_POOL_BIND_GET = 23
CMD_SB_OCC_SNAPSHOT = 27

ATTR_BUS_NAME = 1
ATTR_DEV_NAME = 2
ATTR_PORT_INDEX = 3
ATTR_PORT_NETDEV_NAME = 7
ATTR_SB_INDEX = 11
ATTR_SB_POOL_INDEX = 17
ATTR_SB_POOL_TYPE = 18
ATTR_SB_POOL_SIZE = 19
ATTR_SB_POOL_THRESHOLD_TYPE = 20
ATTR_SB_THRESHOLD = 21
ATTR_SB_TC_INDEX = 22
ATTR_SB_OCC_CUR = 23
ATTR_SB_OCC_MAX = 24
ATTR_SB_POOL_CELL_SIZE = 105

TYPES = ("ingress", "egress")
THRESHOLDS = ("static", "dynamic")

Attributes = dict[int, bytes]


class Pool(msgspec.Struct, frozen=True):
    """A pool of a shared buffer: bytes, and whether its thresholds are bytes (static) or exponents (dynamic)."""

    device: str
    sb: int
    pool: int
    type: str
    size: int
    thtype: str
    cell_size: int | None = None


class Share(msgspec.Struct, frozen=True):
    """What a port takes of a pool or, where `tc` is given, what a traffic class of it takes; bytes.

    `current` and `maximum` are None where the driver does not tell. `netdev` is the port's interface, if it has one.
    """

    device: str
    port: int
    netdev: str
    sb: int
    pool: int
    threshold: int
    tc: int | None = None
    type: str = ""
    current: int | None = None
    maximum: int | None = None


def buffers(generic: Generic) -> list[tuple[str, int]]:
    """Return the shared buffers there are, each by its device and number; `NetlinkError` where the kernel refuses."""
    found = (one for one in generic.dump(FAMILY, CMD_SB_GET) if ATTR_DEV_NAME in one)
    return [(_device(one), _number(one, ATTR_SB_INDEX)) for one in found]


def snapshot(generic: Generic, device: str, sb: int) -> None:
    """Have the driver read what is used of a shared buffer; `NetlinkError`, EPERM without CAP_NET_ADMIN."""
    bus, _, name = device.partition("/")
    body = (
        attribute(ATTR_BUS_NAME, bus.encode() + b"\0")
        + attribute(ATTR_DEV_NAME, name.encode() + b"\0")
        + attribute(ATTR_SB_INDEX, sb.to_bytes(4, sys.byteorder))
    )
    generic.order(FAMILY, CMD_SB_OCC_SNAPSHOT, body)


def pools(generic: Generic) -> Iterator[Pool]:
    """Yield the pools of all devices."""
    for one in generic.dump(FAMILY, CMD_SB_POOL_GET):
        yield Pool(
            _device(one),
            _number(one, ATTR_SB_INDEX),
            _number(one, ATTR_SB_POOL_INDEX),
            _named(TYPES, one, ATTR_SB_POOL_TYPE),
            _number(one, ATTR_SB_POOL_SIZE),
            _named(THRESHOLDS, one, ATTR_SB_POOL_THRESHOLD_TYPE),
            _maybe(one, ATTR_SB_POOL_CELL_SIZE),
        )


def port_pools(generic: Generic) -> Iterator[Share]:
    """Yield what each port takes of each pool."""
    yield from _shares(generic, CMD_SB_PORT_POOL_GET)


def traffic_classes(generic: Generic) -> Iterator[Share]:
    """Yield what each traffic class of each port takes of the pool it is bound to."""
    yield from _shares(generic, CMD_SB_TC_POOL_BIND_GET)


def _shares(generic: Generic, command: int) -> Iterator[Share]:
    found = generic.dump(FAMILY, command)
    names = {
        (_device(one), _number(one, ATTR_PORT_INDEX)): text(one.get(ATTR_PORT_NETDEV_NAME, b""))
        for one in (generic.dump(FAMILY, CMD_PORT_GET) if found else ())
    }
    for one in found:
        device, port = _device(one), _number(one, ATTR_PORT_INDEX)
        yield Share(
            device,
            port,
            names.get((device, port), ""),
            _number(one, ATTR_SB_INDEX),
            _number(one, ATTR_SB_POOL_INDEX),
            _number(one, ATTR_SB_THRESHOLD),
            _maybe(one, ATTR_SB_TC_INDEX),
            _named(TYPES, one, ATTR_SB_POOL_TYPE) if ATTR_SB_POOL_TYPE in one else "",
            _maybe(one, ATTR_SB_OCC_CUR),
            _maybe(one, ATTR_SB_OCC_MAX),
        )


def _device(found: Attributes) -> str:
    return f"{text(found.get(ATTR_BUS_NAME, b''))}/{text(found.get(ATTR_DEV_NAME, b''))}"


def _number(found: Attributes, kind: int) -> int:
    return uint(found.get(kind, b""))


def _maybe(found: Attributes, kind: int) -> int | None:
    return uint(found[kind]) if kind in found else None


def _named(names: tuple[str, ...], found: Attributes, kind: int) -> str:
    value = _number(found, kind)
    if value >= len(names):
        raise NetlinkError(f"devlink: {value} is neither {' nor '.join(names)}")
    return names[value]
