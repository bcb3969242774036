"""Read `rps_cpus`: which CPUs may take packets over from the one that serves a receive queue.

A mask in hexadecimal words, the lowest CPU last (Documentation/networking/scaling.rst in the kernel's source); 0 means
that the CPU which is interrupted does all the work.
"""

import re
from collections.abc import Iterator
from itertools import groupby

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

_MASK = re.compile(r"[0-9a-f]{1,8}(?:,[0-9a-f]{8}){0,255}")


@source(
    "/sys/class/net/{interface}/queues/{queue}/rps_cpus",
    meanings=("nic.rps",),
    every_s=SELDOM,
)
def steering(document: Document) -> Iterator[Item]:
    """Read the CPUs of receive packet steering (sysfs, rps_cpus)."""
    interface, queue = document.of.get("interface", ""), document.of.get("queue", "")
    text = next(iter(document.lines()), "").strip()
    if not interface or not queue or not text:
        return
    if not _MASK.fullmatch(text):
        yield unread(document, 1, "not a mask of CPUs")
        return
    mask = int(text.replace(",", ""), 16)
    value = ",".join(_ranges(mask)) or "off"
    yield Fact("nic.rps", f"{interface}/{queue}", value, document.origin(1), document.at)


def _ranges(mask: int) -> Iterator[str]:
    """Yield the CPUs of a mask as `0-3`, `8`."""
    cpus = [cpu for cpu in range(mask.bit_length()) if mask >> cpu & 1]
    for _, run in groupby(enumerate(cpus), lambda pair: pair[1] - pair[0]):
        found = [cpu for _, cpu in run]
        yield f"{found[0]}-{found[-1]}" if len(found) > 1 else f"{found[0]}"
