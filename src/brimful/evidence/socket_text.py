"""What texts about sockets have in common: `skmem:(...)`, `users:((...))` and netlink protocols."""

import re

from brimful.evidence.number import unsigned

_U32 = 1 << 32
_MEMORY = re.compile(r"\b(?:sk)?mem:\(([^)]*)\)")
_FIELD = re.compile(r"([a-z]+)([^,]*)")
_OWNER = re.compile(r'users:\(\("(?P<name>.{1,64}?)",(?:pid=)?(?P<pid>[0-9]+),')
_DELAY = re.compile(r"\brundelay:([0-9]{1,20})(?=\s|\Z)")
_IDLE = re.compile(r"\bidle:([0-9]{1,9}\.[0-9]{1,9})(?=\s|\Z)")

NETLINK = {
    "0": "rtnl",
    "2": "usersock",
    "4": "tcpdiag",
    "5": "nflog",
    "6": "xfrm",
    "7": "selinux",
    "8": "iscsi",
    "9": "audit",
    "10": "fiblookup",
    "11": "connector",
    "12": "nft",
    "15": "uevent",
    "16": "genl",
    "18": "scsi-trans",
    "20": "rdma",
    "21": "crypto",
}
"""Netlink protocols as ss names them (iproute2, nl_protos)."""


def memory(text: str) -> dict[str, int] | None:
    """Return the fields of skmem, none where it is not shown, None where one is no 32-bit number."""
    shown = _MEMORY.search(text)
    fields: dict[str, int] = {}
    for name, number in _FIELD.findall(shown[1]) if shown else ():
        value = unsigned(number)
        if value is None or value >= _U32:
            return None
        fields[name] = value
    return fields


def owner(text: str) -> str:
    """Return who holds a socket, as `python3 (pid 12)`; empty where that is not shown."""
    found = _OWNER.search(text)
    return f"{found['name']} (pid {found['pid']})" if found else ""


def idle_for(text: str) -> float | None:
    """Return how many seconds before a socket was idle, or was not there; None where that is not told."""
    found = _IDLE.search(text)
    return float(found[1]) if found else None


def run_delay(text: str) -> int | None:
    """Return how many microseconds the process of a socket has waited for a CPU; None where that is not told."""
    found = _DELAY.search(text)
    return unsigned(found[1]) if found else None


def netlink_place(protocol: str, port: str) -> str:
    """Return the place of a netlink socket, `netlink rtnl 512`; empty for the kernel's own end.

    The port is a number, signed or not, or `name/number` of a process (misc/ss.c, netlink_show_one).
    """
    number = port.rpartition("/")[2]
    if re.fullmatch(r"-?[0-9]{1,10}", number, re.ASCII):
        number = str(int(number) % _U32)
    return "" if number in {"0", "kernel"} else f"netlink {NETLINK.get(protocol, protocol)} {number}"
