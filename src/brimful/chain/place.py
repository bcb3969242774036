"""Places: where on a machine a series or a finding is, `eth0/rx-3` or `card 6/kni`.

A place is a path of names from the whole to the part. The empty place is the whole machine.
"""

import re

CGROUP = "cgroup "
"""How the place of a cgroup begins: its path, slashes and all, is one name."""

ALL_CARDS = "all cards"
"""Where a chassis counts the sum over its cards: not a card, and never added to them."""


ALIKE = "several sockets have this address, and nothing saved tells them apart"
"""The doubt about a place that had to be numbered."""


MODULAR = "Eth"
"""How the name of a port begins that may have slashes: of a switch of several modules, `Ethernet1/36`."""
_MODULAR = re.compile(r"Eth(?:ernet)?[0-9]+(?:/[0-9]+)*(?=/|\Z)", re.ASCII)


def whole(place: str) -> str:
    """Return the interface, card, socket or cgroup a place belongs to: `eth0` of `eth0/rx-3`."""
    if place.startswith(CGROUP):
        return place
    match = _MODULAR.match(place) if place.startswith(MODULAR) else None
    return match[0] if match else place.partition("/")[0]


def part(place: str) -> str:
    """Return which part of its interface, card or socket a place is: `rx-3` of `eth0/rx-3`; nothing for the whole."""
    return place[len(whole(place)) + 1 :]


def outward(place: str) -> tuple[str, str, str]:
    """Return where the limit of a place may be told, nearest first: there, at what it is part of, at the machine."""
    return place, whole(place), ""


def meet(one: str, other: str) -> bool:
    """Tell whether two places can speak of the same packets: one is part of the other, or of the whole machine."""
    return not one or not other or whole(one) == whole(other)


def protocol(place: str) -> str:
    """Return the protocol of a socket or of all its sockets: `udp` of `udp 0.0.0.0:53/4242`, of `udp` and of `udp6`."""
    return place.partition(" ")[0].removesuffix("6")


def socket_place(protocol: str, local: str, inode: str = "") -> str:
    """Return the place of a socket as `ss` writes it: `udp 0.0.0.0:53/4242`, `tcp [::]:22`.

    The inode, where known, tells sockets of one address apart (SO_REUSEPORT). IPv6 addresses come with or without
    brackets (`:::22` of netstat) and leave with them.
    """
    host, _, port = local.rpartition(":")
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{protocol} {host}:{port}" + (f"/{inode}" if inode.strip("0") else "")


def association_place(local: str, peer: str, inode: str = "") -> str:
    """Return the place of an SCTP association: `sctp 127.0.0.1:6000 from 127.0.0.1:6001/4242`.

    Addresses are the first local one and the peer's primary one: one socket may have many associations.
    """
    return f"{socket_place('sctp', local)} from {socket_place('', peer, inode).lstrip()}"


def numbered(place: str, taken: set[str]) -> str:
    """Return the place, or `place/2`, `place/3` and so on where it is taken, and take it."""
    number, free = 1, place
    while free in taken:
        number += 1
        free = f"{place}/{number}"
    taken.add(free)
    return free


def pool_place(pool: str, asic: str = "") -> str:
    """Return the place of a switch's buffer pool: `pool egress_lossy_pool`, with the ASIC where there are several."""
    return f"pool {pool} of {asic}" if asic else f"pool {pool}"
