"""Read `tc -s class show`: the rate at which each class of a shaper may send, and how often it was held back.

What is said of a class is said of the queue at its end: `eth0/qdisc 10:`, or `eth0/qdisc 1:10` where that has no number
of its own. What a class drops, its queue counts too.
"""

import re
from collections.abc import Iterator

from brimful.drivers.rates import bits
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.number import unsigned
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

_HEAD = re.compile(
    r"class (?P<kind>\S+) (?P<id>[0-9a-f]*:[0-9a-f]+) (?:root|parent [0-9a-f]*:[0-9a-f]*)"
    r"(?: leaf (?P<leaf>[0-9a-f]+:))?(?P<rest>.*)"
)
_CEILING = re.compile(r"\b(?:ceil|ul m1 \S+ d \S+ m2) (\S+)")
_SENT = re.compile(r"Sent [0-9]+ bytes [0-9]+ pkts? \(dropped [0-9]+, overlimits (?P<overlimits>\S+?)[ )]")


@source(
    "tc -s class show dev {interface}",
    "tc {options} class show dev {interface}",
    looks_like=r"(?m)^class (?:htb|hfsc|cbq|drr|qfq|mq|mqprio|tbf) [0-9a-f]*:[0-9a-f]+ ",
    meanings=("qdisc.queue.overlimits", "qdisc.rate"),
    one_of=True,
    every_s=NOW_AND_THEN,
    hurry=("qdisc.queue.dropped",),
)
def qdisc_class(document: Document) -> Iterator[Item]:
    """Read the rates of a shaper's classes (tc -s class show)."""
    interface = document.of.get("interface", "")
    samples = Samples(document.origin, document.at, document.boot)
    place, kind = "", ""
    for number, line in document.numbered():
        text = line.strip()
        head = _HEAD.fullmatch(text)
        if head and interface:
            place, kind = f"{interface}/qdisc {head['leaf'] or head['id']}", head["kind"]
            ceiling = _CEILING.search(head["rest"])
            rate = bits(ceiling[1]) if ceiling else None
            if rate is not None:
                yield Fact("qdisc.rate", place, rate, document.origin(number), document.at)
        elif text.startswith("class "):
            place = ""
            yield unread(document, number, "not the head of a class of a known interface")
        elif place and text.startswith("Sent ") and kind in {"htb", "hfsc", "cbq"}:
            sent = _SENT.match(text)
            value = unsigned(sent["overlimits"]) if sent else None
            if value is None:
                yield unread(document, number, "not what a class sent, and how often it was held back")
            else:
                series = Series("qdisc.queue.overlimits", place, f"{kind} class overlimits", "qdisc_class", 32)
                samples.add(series, value, number)
    yield from samples.frames()
