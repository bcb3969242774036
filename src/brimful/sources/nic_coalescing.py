"""Read `ethtool -c`: how long an interface waits, in time and frames, before it interrupts.

Names are those that `ethtool -C` takes. Settings that a driver does not have are `n/a` (or 0, from an older ethtool);
the Linux kernel describes them in Documentation/networking/ethtool-netlink.rst, COALESCE_GET.
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

_HEADING = re.compile(r"\s*Coalesce parameters for (\S+?):\s*")
_ADAPTIVE = re.compile(r"\s*Adaptive RX: (?P<rx>on|off|n/a)\s+TX: (?P<tx>on|off|n/a)\s*")
_SETTING = re.compile(r"\s*(?P<name>(?:rx|tx)-(?:usecs|frames)):\s*(?P<value>\S*)\s*")
_ABSENT = "n/a"


@source(
    "ethtool -c {interface}", looks_like=r"(?m)^Coalesce parameters for ", meanings=("nic.coalescing",), every_s=SELDOM
)
def nic_coalescing(document: Document) -> Iterator[Item]:
    """Read the interrupt moderation of one interface (ethtool -c)."""
    interface = document.of.get("interface", "")
    words: dict[str, str] = {}
    start = 0
    for number, line in document.numbered():
        heading, adaptive, setting = _HEADING.fullmatch(line), _ADAPTIVE.fullmatch(line), _SETTING.fullmatch(line)
        if heading:
            yield from _fact(document, interface, words, start)
            interface, words, start = heading[1], {}, number
        elif adaptive:
            words |= {f"adaptive-{side}": value for side, value in adaptive.groupdict().items() if value != _ABSENT}
        elif setting and setting["value"] != _ABSENT:
            if unsigned(setting["value"]) is None:
                yield unread(document, number, "a setting of interrupt moderation is not a number")
            else:
                words.setdefault(setting["name"], setting["value"])
    yield from _fact(document, interface, words, start)


def _fact(document: Document, interface: str, words: dict[str, str], line: int) -> Iterator[Fact]:
    """Yield what is known of an interface; switches stand behind the numbers they overrule."""
    if interface and words:
        ordered = sorted(words, key=lambda word: word.startswith("adaptive"))
        value = " ".join(f"{word} {words[word]}" for word in ordered)
        yield Fact("nic.coalescing", interface, value, document.origin(line), document.at)
