"""Read what a machine says it is: its name, the identity and the age of its run, how many processors it has.

A boot identity is a random UUID that the kernel draws once a run (Documentation/admin-guide/sysctl/kernel.rst).
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact, Value
from brimful.evidence.evidence import Item
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})")
_BOOT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CPUS = re.compile(r"[1-9][0-9]{0,5}")
_UNAME = re.compile(r"Linux (?P<name>\S+) (?P<release>[0-9]\S*) .*")
_SECONDS = re.compile(r"(?P<seconds>[0-9]{1,12})(?:\.[0-9]{1,9})? [0-9.]{1,24}", re.ASCII)
_UP = re.compile(
    r"(?:.* )?up +(?:(?P<days>[0-9]{1,6}) days?, *)?(?:(?P<hours>[0-9]{1,2}):(?P<minutes>[0-9]{2})|(?P<alone>[0-9]{1,2}) min),.*",
    re.ASCII,
)
"""`uptime` of procps: ` 19:23:40 up 1 day, 23:17,  1 user,  load average: ...`."""
_NOT_SET = {"(none)"}


@source(
    "hostname",
    "/proc/sys/kernel/hostname",
    "/etc/hostname",
    "/proc/sys/kernel/random/boot_id",
    "uname -a",
    "nproc",
    "/proc/uptime",
    "uptime",
    meanings=("host.name", "host.boot", "host.cpus", "host.uptime"),
    every_s=SELDOM,
)
def host(document: Document) -> Iterator[Item]:
    """Read the machine's name, boot, age and processors (hostname, boot_id, uptime, uname, nproc)."""
    for number, line in document.numbered():
        text = line.strip()
        if not text or text.startswith("#") or text in _NOT_SET:
            continue
        name, value = _said(document.name.rpartition("/")[2].partition(" ")[0], text)
        if value != "":
            yield Fact(name, "", value, document.origin(number), document.at)
        else:
            yield unread(document, number, f"not what {document.name} says")
        return


def _said(subject: str, text: str) -> tuple[str, Value]:
    """Return the fact in a text, empty where there is none."""
    if subject == "boot_id":
        return "host.boot", text if _BOOT.fullmatch(text) else ""
    if subject == "nproc":
        return "host.cpus", int(text) if _CPUS.fullmatch(text) else ""
    if subject == "uptime":
        return "host.uptime", _uptime(text)
    if subject == "uname":
        found = _UNAME.fullmatch(text)
        text = found["name"] if found else ""
    return "host.name", text if _NAME.fullmatch(text) else ""


def _uptime(text: str) -> Value:
    """Return the seconds since boot in `/proc/uptime` or the output of `uptime`, empty where there are none."""
    exact = _SECONDS.fullmatch(text)
    if exact:
        return int(exact["seconds"])
    found = _UP.fullmatch(text)
    if not found:
        return ""
    minutes = int(found["minutes"] or found["alone"] or 0)
    return 60 * (minutes + 60 * (int(found["hours"] or 0) + 24 * int(found["days"] or 0)))
