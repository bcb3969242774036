"""rtnetlink: the links of a network namespace and their statistics (include/uapi/linux/rtnetlink.h, if_link.h)."""

import errno
import socket
import struct
import sys
import weakref
from array import array

import msgspec

from brimful.kernel.netlink import NETLINK_ROUTE, Netlink, NetlinkError, attributes, text, u32

RTM_NEWLINK = 16
RTM_GETLINK = 18
IFLA_IFNAME = 3
IFLA_MTU = 4
IFLA_OPERSTATE = 16
IFLA_LINKINFO = 18
IFLA_STATS64 = 23
IFLA_CARRIER_CHANGES = 35
IFLA_INFO_KIND = 1

OPERSTATES = ("UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP")
"""RFC 2863 ifOperStatus in the kernel's order, as iproute2 writes them."""

STATS64 = (
    "rx_packets",
    "tx_packets",
    "rx_bytes",
    "tx_bytes",
    "rx_errors",
    "tx_errors",
    "rx_dropped",
    "tx_dropped",
    "multicast",
    "collisions",
    "rx_length_errors",
    "rx_over_errors",
    "rx_crc_errors",
    "rx_frame_errors",
    "rx_fifo_errors",
    "rx_missed_errors",
    "tx_aborted_errors",
    "tx_carrier_errors",
    "tx_fifo_errors",
    "tx_heartbeat_errors",
    "tx_window_errors",
    "rx_compressed",
    "tx_compressed",
    "rx_nohandler",
    "rx_otherhost_dropped",
)
"""The fields of struct rtnl_link_stats64 in order. Kernels append to it; older ones have fewer."""

RTM_NEWSTATS = 92
RTM_GETSTATS = 94
IFLA_STATS_LINK_64 = 1
RTMGRP_LINK = 1
STATISTICS_SKIP = 4
"""Numbers of 64 bits before the statistics of a link: header, family and index, filter and attribute."""
STATISTICS_STRIDE = STATISTICS_SKIP + len(STATS64)

LITTLE = sys.byteorder == "little"
_STATS_REQUEST = struct.pack("=BxHII", socket.AF_UNSPEC, 0, 0, 1 << (IFLA_STATS_LINK_64 - 1))
_EXPECTED = (STATISTICS_STRIDE * 8, RTM_NEWSTATS, 4 + 8 * len(STATS64), IFLA_STATS_LINK_64)
_MESSAGE_HEAD = struct.Struct("=IH")
_ATTRIBUTE_HEAD = struct.Struct("=HH")
_IFINFO = struct.Struct("=BxHiII")


class Link(msgspec.Struct, frozen=True):
    """One interface. `stats` holds the fields of rtnl_link_stats64 that the kernel has; None: carrier not counted."""

    index: int
    name: str
    operstate: str
    mtu: int
    kind: str
    stats: dict[str, int]
    carrier_changes: int | None = None


class Links(msgspec.Struct, frozen=True):
    """All interfaces of a network namespace by index; `whole` as in `Dump`."""

    links: tuple[Link, ...]
    whole: bool = True


def link_stats(route: Netlink) -> Links:
    """Return every interface with its statistics, one RTM_GETLINK dump on a `NETLINK_ROUTE` socket."""
    dump = route.dump(RTM_GETLINK, _IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
    links = {link.index: link for link in map(link_of, dump.bodies)}
    return Links(tuple(links.values()), dump.whole)


class LinkNews:
    """Hears when a link comes, goes or changes, so that the list of links need not be read each second.

    `NetlinkError` where the kernel has no such thing. For one thread at a time.
    """

    def __init__(self) -> None:
        try:
            kinds = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            self._socket = socket.socket(socket.AF_NETLINK, kinds, NETLINK_ROUTE)
            weakref.finalize(self, self._socket.close)
            self._socket.bind((0, RTMGRP_LINK))
        except OSError as error:
            raise NetlinkError("netlink socket", error.errno or errno.EIO) from error

    def arrived(self) -> bool:
        """Whether there was any since the last call; also when so many came that some were lost."""
        news = False
        while True:
            try:
                self._socket.recv(1)  # the rest of the datagram is thrown away
            except BlockingIOError:
                return news
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise NetlinkError("netlink news", error.errno or errno.EIO) from error
            news = True


def statistics(route: Netlink) -> tuple[tuple[int, ...], "array[int]"] | None:
    """Return the statistics of all links: their indexes, and `STATISTICS_STRIDE` numbers for each.

    The numbers of a link begin after `STATISTICS_SKIP` of them, in the order of `STATS64`. One RTM_GETSTATS dump
    (net/core/rtnetlink.c, rtnl_fill_statsinfo), ten times as fast as that of RTM_GETLINK. None where entries do not look as
    expected or changed meanwhile: then `link_stats` tells. `NetlinkError` where the kernel refuses.
    """
    datagrams = route.datagrams(RTM_GETSTATS, _STATS_REQUEST)
    if datagrams is None:
        return None
    numbers = array("Q")
    for datagram in datagrams:
        if len(datagram) % (STATISTICS_STRIDE * numbers.itemsize):
            return None
        numbers.frombytes(datagram)
    heads, attributes_ = numbers[::STATISTICS_STRIDE], numbers[3::STATISTICS_STRIDE]
    if any(set(words) - {words[0]} for words in (heads, attributes_) if words) or (
        heads and _looks(numbers) != _EXPECTED
    ):
        return None
    return tuple(word >> 32 if LITTLE else word & 0xFFFFFFFF for word in numbers[2::STATISTICS_STRIDE]), numbers


def _looks(numbers: "array[int]") -> tuple[int, int, int, int]:
    """Return length and type of the first message, and of its first attribute."""
    words = numbers[:4].tobytes()
    length, kind = _MESSAGE_HEAD.unpack_from(words)
    return length, kind, *_ATTRIBUTE_HEAD.unpack_from(words, 28)


def link_of(body: bytes) -> Link:
    """Return the interface of an RTM_NEWLINK body; `NetlinkError` where it is cut short.

    A name that is no UTF-8 keeps its bytes as `os.fsdecode` does.
    """
    if len(body) < _IFINFO.size:
        raise NetlinkError("netlink link is cut short")
    found = attributes(body, _IFINFO.size)
    state = found.get(IFLA_OPERSTATE, b"\0")[:1]
    changes = found.get(IFLA_CARRIER_CHANGES)
    return Link(
        _IFINFO.unpack_from(body)[2],
        text(found.get(IFLA_IFNAME, b"")),
        OPERSTATES[state[0]] if state and state[0] < len(OPERSTATES) else OPERSTATES[0],
        u32(found.get(IFLA_MTU, b"\0\0\0\0")),
        text(attributes(found.get(IFLA_LINKINFO, b"")).get(IFLA_INFO_KIND, b"")),
        stats64(found.get(IFLA_STATS64, b"")),
        None if changes is None else u32(changes),
    )


def stats64(data: bytes) -> dict[str, int]:
    """Return struct rtnl_link_stats64 by field: as many as there are bytes for, of those known here."""
    count = min(len(data) // 8, len(STATS64))
    return dict(zip(STATS64, struct.unpack_from(f"={count}Q", data), strict=False))
