"""The shared buffers of switch ASICs, as `devlink -j sb` of iproute2 prints them.

Ports are called by their interface, those without one (the CPU's) by device and number, as devlink does. Before use is
told, the drivers are asked to read it from the ASIC; where that is not allowed nothing is told, for what they remember may
be of any age. Devices belong to one network namespace: that in which their ports are.
"""

import errno
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar
from weakref import WeakSet

import msgspec

from brimful.kernel.devlink import Pool, Share, buffers, pools, port_pools, snapshot, traffic_classes
from brimful.kernel.genetlink import ABSENT
from brimful.kernel.netlink import NetlinkError
from brimful.roots import commands
from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import AS_ROOT, REFUSED, Doors

POOLS = "devlink -j sb pool show"
BINDINGS = "devlink -j sb tc bind show"
OCCUPANCY = "devlink -j sb occupancy show {device}"

T = TypeVar("T")

_WITHOUT: WeakSet[Doors] = WeakSet()
"""Where the kernel has no devlink: it is asked once, for it would have it from the start."""

_WAYS = {"ingress": "itc", "egress": "etc"}


@answer(POOLS)
def pool_show(doors: Doors) -> Iterator[Document]:
    """Yield the pools of all devices."""
    found = _asked(doors, POOLS, lambda: list(pools(doors.generic)))
    if found:
        by_device: dict[str, list[dict[str, object]]] = {}
        for one in found:
            by_device.setdefault(one.device, []).append(_pool(one))
        yield doors.document(POOLS, _json({"pool": by_device}))


@answer(BINDINGS)
def tc_bind_show(doors: Doors) -> Iterator[Document]:
    """Yield which pool each traffic class is bound to, and its threshold."""
    found = _asked(doors, BINDINGS, lambda: list(traffic_classes(doors.generic)))
    if found:
        by_port: dict[str, list[dict[str, object]]] = {}
        for one in found:
            entry: dict[str, object] = {
                "sb": one.sb,
                "tc": one.tc,
                "type": one.type,
                "pool": one.pool,
                "threshold": one.threshold,
            }
            by_port.setdefault(_label(one), []).append(entry)
        yield doors.document(BINDINGS, _json({"tc_bind": by_port}))


@answer(OCCUPANCY)
def occupancy_show(doors: Doors) -> Iterator[Document]:
    """Yield what is used of the buffer of each device."""
    there = _asked(doors, OCCUPANCY, lambda: buffers(doors.generic))
    for device, sb in there:
        if sb:  # devlink too means the first where none is named
            continue
        command = OCCUPANCY.format(device=commands.shown(device))
        if not _taken(doors, command, device, sb):
            continue
        shares = _asked(doors, command, partial(_shares, doors, device, sb))
        if shares:
            yield doors.document(command, _json({"occupancy": _occupancy(shares)}), device=commands.shown(device))


def _taken(doors: Doors, command: str, device: str, sb: int) -> bool:
    """Have what is used read anew, and tell whether that was done."""
    try:
        snapshot(doors.generic, device, sb)
    except NetlinkError as error:
        if error.errno not in ABSENT:
            doors.see_not(command, str(error), AS_ROOT if error.errno in REFUSED else "")
        return False
    return True


def _shares(doors: Doors, device: str, sb: int) -> list[Share]:
    found = [*port_pools(doors.generic), *traffic_classes(doors.generic)]
    return [one for one in found if (one.device, one.sb) == (device, sb) and one.current is not None]


def _occupancy(shares: Iterable[Share]) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """Return use by port: of pools, of traffic classes on their way in and on their way out."""
    ports: dict[str, dict[str, dict[str, dict[str, int]]]] = {}
    for one in shares:
        port = ports.setdefault(_label(one), {"pool": {}, "itc": {}, "etc": {}})
        used = {"current": one.current or 0, "max": one.maximum or 0}
        if one.tc is None:
            port["pool"][str(one.pool)] = used
        else:
            port[_WAYS[one.type]][str(one.tc)] = {"bound_pool": one.pool, **used}
    return ports


def _pool(one: Pool) -> dict[str, object]:
    cell = {} if one.cell_size is None else {"cell_size": one.cell_size}
    return {"sb": one.sb, "pool": one.pool, "type": one.type, "size": one.size, "thtype": one.thtype, **cell}


def _label(one: Share) -> str:
    return commands.shown(one.netdev or f"{one.device}/{one.port}")


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=4) + b"\n"


def _asked(doors: Doors, command: str, ask: Callable[[], list[T]]) -> list[T]:
    """Return what the kernel answers; nothing where it has no such family, and what it refused is told."""
    if doors in _WITHOUT:
        return []
    try:
        return ask()
    except NetlinkError as error:
        if error.errno == errno.ENOENT:
            _WITHOUT.add(doors)
        elif error.errno not in ABSENT:
            doors.see_not(command, str(error))
        return []
