"""Read page pools: how many pages each has handed out and not got back, and whether its driver still wants them.

`ynl --dump page-pool-get` lists the pools (Documentation/netlink/specs/netdev.yaml in the kernel's source). Pages in
flight may be in a receive ring, in sockets, in the pool's own caches. A pool that was detached by its driver hands out
no more and waits for the rest: `detach-time` is in seconds since boot. The kernel complains of such a pool in its log
once a minute (net/core/page_pool.c, page_pool_release_retry). ynl prints interfaces by index; a live host adds names.
"""

import re
from collections.abc import Iterator

import msgspec

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.moment import SECOND
from brimful.evidence.number import unsigned
from brimful.evidence.origin import Unread
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.roots.objects import objects
from brimful.sources import NOW_AND_THEN, source, unread

YNL = "ynl --family netdev"
POOLS = "--dump page-pool-get"
STATISTICS = "--dump page-pool-stats-get"

_STALLED = re.compile(
    r"page_pool_release_retry\(\) stalled pool shutdown:? (?:id (?P<id>[0-9]{1,10}), )?"
    r"(?P<pages>[0-9]{1,20}) inflight (?P<seconds>[0-9]{1,10}) sec"
)
_GONE = "an interface that is gone"
"""The kernel says 0 for a pool whose interface is no more."""
_UNKNOWN = "unknown interface"
"""The log names no interface."""


class _Info(msgspec.Struct):
    """What `page-pool-stats-get` nests."""

    id: int
    ifindex: int = 0


class _Pool(msgspec.Struct, rename="kebab"):
    """One pool, or its statistics: of these, pages that came back and could not be used again, since others hold them."""

    info: _Info | None = None
    id: int | None = None
    ifindex: int = 0
    ifname: str = ""
    inflight: int | None = None
    inflight_mem: int | None = None
    detach_time: int | None = None
    recycle_released_refcnt: int | None = None

    @property
    def place(self) -> str:
        """Where it is, or nothing where that is not said."""
        number, index = (self.info.id, self.info.ifindex) if self.info else (self.id, self.ifindex)
        interface = self.ifname or (f"interface {index}" if index else _GONE)
        return f"{interface}/pool-{number}" if number is not None else ""


@source(
    f"{YNL} --output-json {POOLS}",
    f"{YNL} --output-json {STATISTICS}",
    f"{YNL} {POOLS}",
    f"{YNL} {STATISTICS}",
    "dmesg {options}",
    "dmesg",
    looks_like=r'\A\s*\[\s*\{[^\]]{0,300}["\'](?:inflight|recycle-ring)["\']\s*:|page_pool_release_retry\(\) stalled pool',
    meanings=(
        "driver.memory.pages",
        "driver.memory.bytes",
        "driver.memory.orphaned",
        "driver.memory.recycle_failed",
        "driver.memory.detached",
    ),
    every_s=NOW_AND_THEN,
)
def page_pool(document: Document) -> Iterator[Item]:
    """Read the page pools of drivers (ynl, page-pool-get; the kernel's log)."""
    head = next((line for line in document.lines() if line.strip()), "")
    return _json(document) if head.lstrip().startswith("[{") else _log(document)


def _json(document: Document) -> Iterator[Item]:
    samples = Samples(document.origin, document.at, document.boot)
    for pool in objects(document, _Pool, "a page pool"):
        if isinstance(pool, Unread):
            yield pool
            continue
        if not pool.place:
            yield unread(document, 1, "a page pool without a number")
            continue
        for meaning, name, value, width in _numbers(pool):
            if 0 <= value <= LARGEST:
                samples.add(Series(meaning, pool.place, name, "page_pool", width_bits=width), value, 1)
            else:
                yield unread(document, 1, f"{name} is not an unsigned 64-bit number")
        yield from _detached(document, pool)
    yield from samples.frames()


def _numbers(pool: _Pool) -> Iterator[tuple[str, str, int, int]]:
    """Yield meaning, raw name, value and width of what is known of a pool."""
    held = "driver.memory.pages" if pool.detach_time is None else "driver.memory.orphaned"
    for meaning, name, value, width in (
        (held, "inflight", pool.inflight, 0),
        ("driver.memory.bytes", "inflight-mem", pool.inflight_mem, 0),
        ("driver.memory.recycle_failed", "recycle-released-refcnt", pool.recycle_released_refcnt, 64),
    ):
        if value is not None:
            yield meaning, name, value, width


def _detached(document: Document, pool: _Pool) -> Iterator[Fact]:
    """Yield for how long a pool has waited for its pages: at least, where the machine was suspended meanwhile."""
    if pool.detach_time is not None and document.at and document.at.monotonic_ns is not None:
        seconds = max(0, document.at.monotonic_ns // SECOND - pool.detach_time)
        yield Fact("driver.memory.detached", pool.place, seconds, document.origin(1), document.at)


def _log(document: Document) -> Iterator[Item]:
    """Read what the kernel complained of; lines about anything else are not looked at."""
    samples = Samples(document.origin, None, document.boot)
    for number, line in document.numbered():
        found = _STALLED.search(line)
        pages = unsigned(found["pages"]) if found else None
        if found and pages is not None:
            place = f"{_UNKNOWN}/pool-{found['id'] or '?'}"
            series = Series("driver.memory.orphaned", place, "inflight", "page_pool", width_bits=0)
            samples.add(series, pages, number)
            yield Fact("driver.memory.detached", place, int(found["seconds"]), document.origin(number))
        elif found:
            yield unread(document, number, "inflight is not an unsigned 64-bit number")
    yield from samples.frames()
