"""Queueing disciplines and the classes of shapers, as `tc` of iproute2 6.1 prints them.

Disciplines that another one made for itself are shown too (`invisible`): the bfifo inside a tbf has the limit. Classes
are asked for only where a shaper has them: those of mq are its queues, and fq_codel would show one for each flow.
"""

import errno
from collections.abc import Iterator
from weakref import WeakKeyDictionary

import msgspec

from brimful.kernel.netlink import NetlinkError
from brimful.kernel.qdisc import NUMBERS, ROOT, Qdisc, classes, qdiscs
from brimful.kernel.qdisc_sweep import QdiscSweep
from brimful.kernel.rtnetlink import LinkNews
from brimful.roots import commands
from brimful.roots.answers import answer, table
from brimful.roots.base import Document, Table
from brimful.roots.doors import Doors, now

COMMAND = "tc -s -j qdisc show invisible"
CLASSES = "tc -s class show dev {interface}"
CLASSFUL = frozenset(("htb", "hfsc"))
"""Kinds whose classes have rates."""

_UNITS = ("", "K", "M", "G", "T")
_KILO = 1000


@answer(COMMAND)
def disciplines(doors: Doors) -> Iterator[Document]:
    """Yield one answer for all interfaces."""
    try:
        found = qdiscs(doors.route)
    except NetlinkError as error:
        doors.see_not(COMMAND, str(error))
        return
    if not found.whole:
        doors.see_not(COMMAND, "disciplines came and went while they were listed: some may be missing")
    names = _names(doors)
    listed = [_json(one, names[one.ifindex]) for one in found.qdiscs if one.ifindex in names]
    yield doors.document(COMMAND, msgspec.json.encode(listed) + b"\n")


@table(COMMAND)
def numbers(doors: Doors) -> Iterator[Table]:
    """Yield what all disciplines count; each row is called as the first line of `tc -s qdisc show` calls it."""
    try:
        sweep = _SWEEPS.get(doors) or _SWEEPS.setdefault(doors, _Sweep(doors))
        values = sweep.qdiscs.read(doors.route)
        rows = sweep.rows(doors)
    except NetlinkError as error:
        doors.see_not(COMMAND, str(error))
        return
    if values is not None:
        yield Table(COMMAND, rows, NUMBERS, values, len(NUMBERS), 0, now(), doors.boot)


class _Sweep:
    """What is kept from one second to the next: where the numbers are, and what their rows are called."""

    def __init__(self, doors: Doors) -> None:
        self.qdiscs = QdiscSweep()
        with doors.inside():
            self._news = LinkNews()
        self._named: tuple[Qdisc, ...] | None = None
        self._rows: tuple[str, ...] = ()

    def rows(self, doors: Doors) -> tuple[str, ...]:
        """Return the names of the rows: anew when a discipline or a link came, went or was renamed."""
        if self._news.arrived() or self._named is not self.qdiscs.identities:
            names = _names(doors)
            self._named = self.qdiscs.identities
            self._rows = tuple(_row(one, names.get(one.ifindex, f"if{one.ifindex}")) for one in self._named)
        return self._rows


_SWEEPS: WeakKeyDictionary[Doors, _Sweep] = WeakKeyDictionary()


@answer(CLASSES)
def classes_of_shapers(doors: Doors) -> Iterator[Document]:
    """Yield an answer for each interface that has a shaper with classes."""
    try:
        shaped = dict.fromkeys(one.ifindex for one in qdiscs(doors.route).qdiscs if one.kind in CLASSFUL)
    except NetlinkError as error:
        doors.see_not(CLASSES, str(error))
        return
    names = _names(doors) if shaped else {}
    for ifindex in shaped:
        try:
            found = classes(doors.route, ifindex)
        except NetlinkError as error:
            if error.errno != errno.ENODEV:
                doors.see_not(CLASSES, str(error))
            continue
        if ifindex in names:
            text = "".join(_class(one) for one in found.qdiscs if one.kind in CLASSFUL)
            name = names[ifindex]
            yield doors.document(CLASSES.format(interface=name), text.encode(), interface=name)


def _names(doors: Doors) -> dict[int, str]:
    return {index: commands.shown(name) for index, name in doors.interfaces()}


def _id(number: int) -> str:
    """Return a handle or a class as tc writes it: `8001:`, `1:10`, and `:1` of a discipline that has no number."""
    major, minor = number >> 16, number & 0xFFFF
    return f"{major:x}:{minor:x}" if major and minor else f":{minor:x}" if minor else f"{major:x}:"


def _json(one: Qdisc, interface: str) -> dict[str, object]:
    place: dict[str, object] = {"root": True} if one.parent == ROOT else {"parent": _id(one.parent)}
    counted = dict(zip(NUMBERS, one.numbers, strict=False))
    return {
        "kind": commands.shown(one.kind),
        "handle": _id(one.handle),
        "dev": interface,
        **place,
        "options": one.options | ({"default": f"{one.options['default']:#x}"} if "default" in one.options else {}),
        **counted,
        **one.more,
    }


def _head(what: str, one: Qdisc, interface: str) -> str:
    above = "root" if one.parent == ROOT else f"parent {_id(one.parent)}"
    device = f"dev {interface} " if interface else ""
    return f"{what} {commands.shown(one.kind)} {_id(one.handle)} {device}{above}"


def _row(one: Qdisc, interface: str) -> str:
    """Return the first line of a discipline: with its rate and its limit, the options that say when it drops."""
    rates = "".join(f" {name} {_rate(one.options[name])}" for name in ("rate", "bandwidth") if name in one.options)
    limit = f" limit {one.options['limit']}" if "limit" in one.options else ""
    return f"{_head('qdisc', one, interface)}{rates}{limit}"


def _class(one: Qdisc) -> str:
    leaf = f" leaf {_id(one.info)}" if one.info else ""
    rates = "".join(f" {name} {_rate(value)}" for name, value in one.options.items())
    if one.kind == "hfsc":
        rates = "".join(f" {name} m1 0bit d 0us m2 {_rate(value)}" for name, value in one.options.items())
    size, packets, qlen, backlog, drops, requeues, overlimits = one.numbers or (0,) * len(NUMBERS)
    return (
        f"{_head('class', one, '')}{leaf}{rates} \n"
        f" Sent {size} bytes {packets} pkt (dropped {drops}, overlimits {overlimits} requeues {requeues}) \n"
        f" backlog {backlog}b {qlen}p requeues {requeues}\n\n"
    )


def _rate(bytes_a_second: int) -> str:
    """Return a rate as tc prints it: in the largest unit in which no digit is lost."""
    rate = bytes_a_second * 8
    unit = 0
    while rate >= _KILO and rate % _KILO == 0 and unit < len(_UNITS) - 1:
        rate //= _KILO
        unit += 1
    return f"{rate}{_UNITS[unit]}bit"
