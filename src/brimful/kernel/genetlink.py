"""Generic netlink: families that are found by name (include/uapi/linux/genetlink.h, net/netlink/genetlink.c).

A message has a header of its own after that of netlink, `command u8, version u8, reserved u16`, then attributes. Dumps
of the families `ethtool` and `netdev` need no capability.
"""

import errno
import struct
import sys

import msgspec

from brimful.kernel.netlink import FIRST_KIND, Dump, Netlink, NetlinkError, attributes, text

NETLINK_GENERIC = 16
CTRL_CMD_GETFAMILY = 3
CTRL_ATTR_FAMILY_ID = 1
CTRL_ATTR_FAMILY_NAME = 2
CTRL_ATTR_VERSION = 3

NLA_F_NESTED = 0x8000

ABSENT = frozenset((errno.ENOENT, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT))
"""The kernel has no such family, no such command, or no generic netlink at all."""

_HEADER = struct.Struct("=BBxx")
_ATTRIBUTE = struct.Struct("=HH")
_SIZES = frozenset((1, 2, 4, 8))


class Family(msgspec.Struct, frozen=True):
    """A family as this boot of the kernel numbers it."""

    number: int
    version: int


class Generic:
    """Asks the families of generic netlink over one socket; for one thread at a time."""

    def __init__(self, netlink: Netlink) -> None:
        self._netlink = netlink
        self._families: dict[str, Family] = {}

    def dump(self, family: str, command: int, body: bytes = b"") -> tuple[dict[int, bytes], ...]:
        """Return the attributes of each answer to a command; `NetlinkError` ENOENT where there is no such family."""
        found = self._family(family)
        dump = self._netlink.dump(found.number, _HEADER.pack(command, found.version) + body)
        return answers(dump)

    def order(self, family: str, command: int, body: bytes = b"") -> None:
        """Have something done; `NetlinkError` when the kernel refuses, ENOENT where there is no such family."""
        found = self._family(family)
        self._netlink.order(found.number, _HEADER.pack(command, found.version) + body)

    def _family(self, name: str) -> Family:
        """Return a family, asked for once: those read here are built into the kernel and keep their numbers."""
        if name not in self._families:
            dump = self._netlink.dump(FIRST_KIND, _HEADER.pack(CTRL_CMD_GETFAMILY, 1))
            self._families.update(map(_named, answers(dump)))
        if name not in self._families:
            raise NetlinkError(f"generic netlink family {name}", errno.ENOENT)
        return self._families[name]


def answers(dump: Dump) -> tuple[dict[int, bytes], ...]:
    """Return the attributes of each message of a dump; `NetlinkError` where one is cut short."""
    return tuple(attributes(body, _HEADER.size) for body in dump.bodies)


def _named(found: dict[int, bytes]) -> tuple[str, Family]:
    number, version = found.get(CTRL_ATTR_FAMILY_ID, b""), found.get(CTRL_ATTR_VERSION, b"")
    return text(found.get(CTRL_ATTR_FAMILY_NAME, b"")), Family(uint(number), uint(version))


def uint(value: bytes) -> int:
    """Return an unsigned number of 8 to 64 bits: the kernel sends a `uint` as 32 bits where it fits.

    `NetlinkError` where it has another size.
    """
    if len(value) not in _SIZES:
        raise NetlinkError(f"netlink number of {len(value)} bytes")
    return int.from_bytes(value, sys.byteorder)


def attribute(kind: int, value: bytes) -> bytes:
    """Return one attribute with its padding."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + b"\0" * (-len(value) % 4)


def nested(kind: int, *inner: bytes) -> bytes:
    """Return an attribute that holds attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(inner))
