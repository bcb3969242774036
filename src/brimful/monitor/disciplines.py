"""Which queues of a Linux host a group watches: ports and classes of a configuration, found among its disciplines.

A class of service is, on an interface with several transmit queues (mq, mqprio), the transmit queue of that number; under
a discipline with classes (htb, hfsc, prio and others) 0 is the whole and N the class of that minor number; else there is
only 0. They are called `eth0/tc 0`.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from brimful.kernel.netlink import Netlink, NetlinkError
from brimful.kernel.qdisc import NUMBERS, ROOT, Qdisc, classes, qdiscs
from brimful.kernel.rtnetlink import link_stats
from brimful.monitor.group import Group
from brimful.monitor.ports import expanded
from brimful.roots.commands import shown

SUMS = frozenset(("mq", "mqprio"))
NOTHING = frozenset(("noqueue", "noop", "ingress", "clsact"))
"""Kinds that never hold a packet."""

IN_BYTES = frozenset(("tbf", "bfifo", "red"))
"""Kinds whose limit is in bytes."""

_LENGTH, _BACKLOG = NUMBERS.index("qlen"), NUMBERS.index("backlog")
_MINOR = 0xFFFF

Key = tuple[int, int, int]
"""Index of the interface, handle, parent: what tells disciplines and classes apart."""


class Line(msgspec.Struct, frozen=True):
    """One queue that is watched, and how deep it is now. `limit` is in bytes, None where there is none in bytes."""

    place: str
    key: Key
    packets: int
    size: int
    limit: int | None = None


class Lines(msgspec.Struct, frozen=True):
    """The queues of a group: `queues` are disciplines of a transmit queue, `classes` are below one.

    `interfaces` are the indexes of all ports that there are. `blind` says what was asked for and is not there.
    """

    queues: tuple[Line, ...]
    classes: tuple[Line, ...]
    interfaces: tuple[int, ...]
    blind: tuple[str, ...]


def lines(route: Netlink, group: Group) -> Lines:
    """Return the queues of a group as they are now; `NetlinkError` where the kernel refuses."""
    names = {link.index: shown(link.name) for link in link_stats(route).links}
    wanted = frozenset(expanded(group.ports, names.values()))
    ports = {index: name for index, name in names.items() if name in wanted}
    found = _Found(route, group)
    listed: dict[int, list[Qdisc]] = {}
    for one in qdiscs(route).qdiscs:
        listed.setdefault(one.ifindex, []).append(one)
    for index, name in ports.items():
        found.add(name, listed.get(index, ()))
    missing = [f"{port}: no such interface" for port in group.ports if not _there(port, names)]
    return Lines(tuple(found.queues), tuple(found.classes), tuple(ports), (*missing, *found.blind))


def _there(port: str, names: Mapping[int, str]) -> bool:
    return bool(expanded((port,), names.values()))


class _Found:
    """What has been found so far."""

    def __init__(self, route: Netlink, group: Group) -> None:
        self._route = route
        self._group = group
        self.queues: list[Line] = []
        self.classes: list[Line] = []
        self.blind: list[str] = []

    def add(self, name: str, disciplines: Sequence[Qdisc]) -> None:
        """Add the queues of one interface."""
        root = next((one for one in disciplines if one.parent == ROOT), None)
        if root is None or root.kind in NOTHING:
            if name in self._group.ports:
                self.blind.append(f"{name}: it has no queue ({root.kind if root else 'no discipline'})")
            return
        below = dict(self._below(root, disciplines))
        for cos in self._group.cos:
            if cos not in below:
                self.blind.append(f"{name}: it has no queue for class {cos}")
                continue
            one, is_class = below[cos]
            (self.classes if is_class else self.queues).append(_line(f"{name}/tc {cos}", one))
        left_out = below.keys() - set(self._group.cos)
        if root.kind in SUMS and left_out:
            self.blind.append(f"{name}: {len(left_out)} of its {len(below)} transmit queues are in no cos_list")

    def _below(self, root: Qdisc, disciplines: Sequence[Qdisc]) -> Iterator[tuple[int, tuple[Qdisc, bool]]]:
        """Yield queues by class of service, and whether it is a class."""
        if root.kind in SUMS:
            for one in disciplines:
                if one.parent >> 16 == root.handle >> 16 and one.parent & _MINOR:
                    yield (one.parent & _MINOR) - 1, (one, False)
            return
        yield 0, (root, False)
        if any(self._group.cos):
            for one in _classes(self._route, root.ifindex):
                if one.handle & _MINOR and one.numbers:
                    yield one.handle & _MINOR, (one, True)


def _classes(route: Netlink, index: int) -> Sequence[Qdisc]:
    try:
        return classes(route, index).qdiscs
    except NetlinkError:  # it has gone
        return ()


def _line(place: str, one: Qdisc) -> Line:
    limit = one.options.get("limit") if one.kind in IN_BYTES else None
    packets, size = (one.numbers[_LENGTH], one.numbers[_BACKLOG]) if one.numbers else (0, 0)
    return Line(place, (one.ifindex, one.handle, one.parent), packets, size, limit)
