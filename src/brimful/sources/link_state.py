"""Read what each link is and how it is: `ip -s link` beside its statistics.

States are those of RFC 2863 as iproute2 writes them. A veth tells its driver here where `ethtool -i` was not saved.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.roots.objects import is_list, objects
from brimful.sources import SELDOM, source

_LINK = re.compile(r"[0-9]+:\s+(?P<name>[^\s@]+?)(?:@\S+)?:\s+<[^>]*>(?:.*\bstate (?P<state>[A-Z]+))?")
_PAIR = re.compile(r"\s+veth\b")


class _Info(msgspec.Struct, frozen=True):
    info_kind: str = ""


class _Link(msgspec.Struct, frozen=True):
    ifname: str = ""
    operstate: str = ""
    linkinfo: _Info = _Info()


@source(
    "ip -j -s -s link",
    "ip {options} link",
    "ip {options} link show",
    meanings=("nic.state", "nic.kind", "nic.driver"),
    one_of=True,
    every_s=SELDOM,
)
def link_state(document: Document) -> Iterator[Item]:
    """Read the state and kind of every link (ip link)."""
    yield from _json(document) if is_list(document) else _text(document)


def _json(document: Document) -> Iterator[Item]:
    for found in objects(document, _Link, "a link"):
        if isinstance(found, Unread):
            yield found
        elif found.ifname:
            yield from _facts(document, 1, found.ifname, found.operstate, found.linkinfo.info_kind)


def _text(document: Document) -> Iterator[Item]:
    """Read `ip link`: the head of each link, and the line that tells a veth (`ip -d`)."""
    interface = ""
    for number, line in document.numbered():
        head = _LINK.match(line)
        if head:
            interface = head["name"]
            yield from _facts(document, number, interface, head["state"] or "", "")
        elif interface and _PAIR.match(line):
            yield from _facts(document, number, interface, "", "veth")


def _facts(document: Document, line: int, interface: str, state: str, kind: str) -> Iterator[Fact]:
    told = {"nic.state": state, "nic.kind": kind, "nic.driver": kind if kind == "veth" else ""}
    for name, value in told.items():
        if value:
            yield Fact(name, interface, value, document.origin(line), document.at)
