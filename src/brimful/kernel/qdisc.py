"""Queueing disciplines and their classes, by rtnetlink (include/uapi/linux/rtnetlink.h, pkt_sched.h, gen_stats.h).

Asked for with TCA_DUMP_INVISIBLE: disciplines that another one made for itself are in the list too, such as the bfifo
inside a tbf, which knows the limit. Handles are `major << 16 | minor`.
"""

import socket
import struct
import sys
from collections.abc import Callable, Mapping

import msgspec

from brimful.kernel.netlink import Netlink, NetlinkError, attributes, text

RTM_NEWQDISC = 36
RTM_GETQDISC = 38
RTM_GETTCLASS = 42

TCA_KIND = 1
TCA_OPTIONS = 2
TCA_XSTATS = 4
TCA_STATS2 = 7
TCA_DUMP_INVISIBLE = 10
TCA_STATS_BASIC = 1
TCA_STATS_QUEUE = 3
TCA_STATS_APP = 4
TCA_STATS_PKT64 = 8

ROOT = 0xFFFFFFFF
"""Parent of the discipline that an interface begins with (TC_H_ROOT)."""

NUMBERS = ("bytes", "packets", "qlen", "backlog", "drops", "requeues", "overlimits")
"""What every discipline counts: struct gnet_stats_basic with TCA_STATS_PKT64, and struct gnet_stats_queue (u32)."""

_TCMSG = struct.Struct("=BxxxiIII")
_ATTRIBUTE = struct.Struct("=HH")
_BASIC = struct.Struct("=QI")
_QUEUE = struct.Struct("=5I")
_U64 = struct.Struct("=Q")
REQUEST = _TCMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + _ATTRIBUTE.pack(4, TCA_DUMP_INVISIBLE)
"""The body of an RTM_GETQDISC request for all disciplines."""

Parameters = dict[str, int]


class Qdisc(msgspec.Struct, frozen=True):
    """One discipline, or one class of one.

    `numbers` are those of `NUMBERS`; empty where the kernel gives none. `options` and `more` (statistics of its kind)
    have the names that iproute2 prints; rates are bytes a second.
    """

    ifindex: int
    handle: int
    parent: int
    info: int
    kind: str
    numbers: tuple[int, ...] = ()
    options: Parameters = {}
    more: Parameters = {}


class Qdiscs(msgspec.Struct, frozen=True):
    """What was listed; `whole` as in `Dump`."""

    qdiscs: tuple[Qdisc, ...]
    whole: bool = True


def qdiscs(route: Netlink) -> Qdiscs:
    """Return the disciplines of all interfaces, one RTM_GETQDISC dump on a `NETLINK_ROUTE` socket."""
    dump = route.dump(RTM_GETQDISC, REQUEST)
    return Qdiscs(tuple(map(qdisc_of, dump.bodies)), dump.whole)


def classes(route: Netlink, ifindex: int) -> Qdiscs:
    """Return the classes of one interface's disciplines (RTM_GETTCLASS). `NetlinkError` when it is gone."""
    dump = route.dump(RTM_GETTCLASS, _TCMSG.pack(socket.AF_UNSPEC, ifindex, 0, 0, 0))
    return Qdiscs(tuple(map(qdisc_of, dump.bodies)), dump.whole)


def qdisc_of(body: bytes) -> Qdisc:
    """Return the discipline of an RTM_NEWQDISC body, or the class of an RTM_NEWTCLASS one.

    `NetlinkError` where it is cut short.
    """
    if len(body) < _TCMSG.size:
        raise NetlinkError("netlink queueing discipline is cut short")
    _, ifindex, handle, parent, info = _TCMSG.unpack_from(body)
    found = attributes(body, _TCMSG.size)
    kind = text(found.get(TCA_KIND, b""))
    stats = attributes(found.get(TCA_STATS2, b""))
    more = stats.get(TCA_STATS_APP, found.get(TCA_XSTATS, b""))
    options = _OPTIONS.get(kind)
    extra = _MORE.get(kind)
    return Qdisc(
        ifindex,
        handle,
        parent,
        info,
        kind,
        _numbers(stats),
        options(found.get(TCA_OPTIONS, b"")) if options else {},
        extra(more) if extra and more else {},
    )


def _numbers(stats: Mapping[int, bytes]) -> tuple[int, ...]:
    basic, queue, wide = (stats.get(kind, b"") for kind in (TCA_STATS_BASIC, TCA_STATS_QUEUE, TCA_STATS_PKT64))
    if len(basic) < _BASIC.size or len(queue) < _QUEUE.size:
        return ()
    size, packets = _BASIC.unpack_from(basic)
    if len(wide) == _U64.size:
        (packets,) = _U64.unpack(wide)
    return (size, packets, *_QUEUE.unpack_from(queue))


def _at(**offsets: int) -> Callable[[bytes], Parameters]:
    """Return a reader of numbers of 32 bits that stand at fixed offsets of a structure, as far as it goes."""

    def read(data: bytes) -> Parameters:
        return {
            name: int.from_bytes(data[offset : offset + 4], sys.byteorder)
            for name, offset in offsets.items()
            if offset + 4 <= len(data)
        }

    return read


def _in(**kinds: int) -> Callable[[bytes], Parameters]:
    """Return a reader of numbers that are attributes of their own, of 32 or 64 bits."""

    def read(data: bytes) -> Parameters:
        found = attributes(data)
        return {name: int.from_bytes(found[kind], sys.byteorder) for name, kind in kinds.items() if kind in found}

    return read


def _wide(**offsets: int) -> Callable[[bytes], Parameters]:
    """Return a reader of numbers of 64 bits at fixed offsets."""

    def read(data: bytes) -> Parameters:
        return {name: _U64.unpack_from(data, offset)[0] for name, offset in offsets.items() if offset + 8 <= len(data)}

    return read


def _tbf(data: bytes) -> Parameters:
    found = attributes(data)
    parts = _at(rate=8, limit=24)(found.get(1, b""))
    return parts | _in(rate=4)(data)  # a rate that 32 bits do not hold


def _htb(data: bytes) -> Parameters:
    glob = _at(default=8, direct_packets_stat=16)(attributes(data).get(2, b""))
    return glob | _in(direct_qlen=5)(data)


def _htb_class(data: bytes) -> Parameters:
    return _at(rate=8, ceil=20)(attributes(data).get(1, b"")) | _in(rate=6, ceil=7)(data)


def _red(data: bytes) -> Parameters:
    return _at(limit=0, min=4, max=8)(attributes(data).get(1, b""))


def _htb_any(data: bytes) -> Parameters:
    return _htb_class(data) if 1 in attributes(data) else _htb(data)


def _hfsc_any(data: bytes) -> Parameters:
    """The second slope of a class's upper limit and fair share; nothing for the discipline itself."""
    if len(data) < _CURVES:
        return {}
    found = attributes(data)
    return {
        name: part[name]
        for name, kind in (("ul", 3), ("ls", 2), ("rt", 1))
        if (part := _at(**{name: 8})(found.get(kind, b"")))
    }


_CURVES = 16
"""Bytes of one curve's attribute; the discipline's own options are a class number of 16 bits."""

_FIFO = _at(limit=0)
_OPTIONS: dict[str, Callable[[bytes], Parameters]] = {
    "pfifo": _FIFO,
    "bfifo": _FIFO,
    "pfifo_head_drop": _FIFO,
    "tbf": _tbf,
    "htb": _htb_any,
    "hfsc": _hfsc_any,
    "fq": _in(limit=1, flow_limit=2),
    "fq_codel": _in(limit=2, flows=5, target=1, interval=3, memory_limit=9),
    "codel": _in(limit=2, target=1, interval=3),
    "fq_pie": _in(limit=1, flows=2, target=3, memory_limit=8),
    "pie": _in(target=1, limit=2),
    "red": _red,
    "sfq": _at(limit=8),
    "netem": _at(delay=0, limit=4),
    "cake": _in(bandwidth=2),
}
"""Options by kind. Kinds that are not here have no limit of their own, or one that is not known here."""

_CODEL = 4
"""struct tc_fq_codel_xstats begins with its type; 0 is that of the discipline."""


def _fq_codel_more(data: bytes) -> Parameters:
    if data[:_CODEL] != bytes(_CODEL):
        return {}
    return _at(maxpacket=4, drop_overlimit=8, ecn_mark=12, new_flow_count=16, ce_mark=28, memory_used=32)(data) | _at(
        drop_overmemory=36
    )(data)


_MORE: dict[str, Callable[[bytes], Parameters]] = {
    "fq_codel": _fq_codel_more,
    "codel": _at(drop_overlimit=20, ecn_mark=24, ce_mark=32),
    "fq": _wide(throttled=24, flows_plimit=32, pkts_too_long=40, alloc_errors=48, ce_mark=80, horizon_drops=88),
    "red": _at(early=0, pdrop=4, other=8, marked=12),
    "cake": _in(memory_limit=3, memory_used=4),
}
