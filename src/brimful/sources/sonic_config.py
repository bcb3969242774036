"""Read how SONiC divides the buffer of a switch: its pools, and what each queue and priority group may take of them.

A profile names a pool and a threshold. A static one (`static_th`) is bytes. A dynamic one (`dynamic_th` n) is a share of
what is free: a queue may hold up to 2^n times that (SAI inc/saibuffer.h), so that the limit moves with what others hold.
The most it can be, with nobody else in the pool, is 2^n / (1 + 2^n) of the pool: that is the limit here, with a doubt.

CONFIG_DB holds what people set; APPL_DB what is in force, where sizes are computed (`BUFFER_POOL_TABLE:NAME`).
"""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

import msgspec

from brimful.chain.place import pool_place
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.origin import Blind
from brimful.evidence.redis_dump import Dump, Fields
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import SELDOM, source, unread

CONFIGURED = "sonic-db-dump -n CONFIG_DB -y"
IN_FORCE = "sonic-db-dump -n APPL_DB -y"
IN_NAMESPACE = "sonic-netns-exec asic{asic} "

POLLS = ("QUEUE", "QUEUE_WATERMARK", "PG_WATERMARK", "PG_DROP", "BUFFER_POOL_WATERMARK", "PORT")
"""Groups of counters that buffers are seen by; `counterpoll` calls them in small letters with a hyphen."""
COUNTERPOLL = {"QUEUE_WATERMARK": "watermark", "PG_WATERMARK": "watermark", "BUFFER_POOL_WATERMARK": "watermark"}

MOVES = "the limit moves with what others hold: this is the most it can be, with nobody else in the pool"
STEEPEST = 30
"""Of the exponents of dynamic thresholds: the hardware takes -8 to 8."""

_NUMBER = re.compile(r"[0-9]{1,20}")
_EXPONENT = re.compile(r"-?[0-9]{1,2}")
_RANGE = re.compile(r"(?P<first>[0-9]{1,4})(?:-(?P<last>[0-9]{1,4}))?")
_PORT = re.compile(r"[^/\s]+")
_NAME = re.compile(r"\[?(?:\w+[|:])?(?P<name>[^\[\]|:\s]+)\]?")


class _Bound(msgspec.Struct, frozen=True):
    """What the queues (or the priority groups) of a port are limited by: the meanings of the two limits, and the part."""

    part: str
    limit: str
    headroom: str = ""


_BOUND = {
    "BUFFER_QUEUE": _Bound("queue", "switch.queue.limit"),
    "BUFFER_PG": _Bound("pg", "switch.pool.limit", "switch.pool.headroom_limit"),
}


class _Limit(msgspec.Struct, frozen=True):
    """Bytes, the field they come from, and what is not known of them."""

    value: int
    field: str
    doubt: str = ""


@source(
    CONFIGURED,
    IN_FORCE,
    IN_NAMESPACE + CONFIGURED,
    IN_NAMESPACE + IN_FORCE,
    "/etc/sonic/config_db.json",
    looks_like=r'^\s*"(?:BUFFER_(?:POOL|PROFILE|QUEUE|PG)|FLEX_COUNTER_TABLE|DEVICE_METADATA)(?:(?:_TABLE)?[|:][^"]*)?"\s*:\s*\{',
    meanings=("switch.pool.headroom_limit", "switch.pool.limit", "switch.queue.limit"),
    every_s=SELDOM,
)
def sonic_config(document: Document) -> Iterator[Item]:
    """Read the buffer pools and profiles of a SONiC switch (CONFIG_DB, APPL_DB)."""
    try:
        dump = Dump(document.lines())
    except ValueError as error:
        yield unread(document, 1, str(error))
        return
    asic = f"asic{document.of['asic']}" if document.of.get("asic") else ""
    for separator, suffix in (("|", ""), (":", "_TABLE")):
        yield from _Buffers(document, dump, separator, suffix, asic).items()
    yield from _switched_off(dump)


class _Buffers:
    """The buffer tables of one database: `BUFFER_POOL|NAME` of the configuration, `BUFFER_POOL_TABLE:NAME` in force."""

    def __init__(self, document: Document, dump: Dump, separator: str, suffix: str, asic: str) -> None:
        self._document = document
        self._dump = dump
        self._separator = separator
        self._suffix = suffix
        self._asic = asic
        self._samples = Samples(document.origin, document.at, document.boot)
        self._taken: set[Series] = set()
        self._pools = self._table("BUFFER_POOL")
        self._profiles = self._table("BUFFER_PROFILE")

    def _table(self, name: str) -> dict[str, Fields]:
        return {rest: fields for _, rest, fields in self._dump.below(self._separator, name + self._suffix)}

    def items(self) -> Iterator[Item]:
        """Yield the limits, and what could not be read."""
        for name, fields in self._pools.items():
            if not _PORT.fullmatch(name):
                continue
            place = pool_place(name, self._asic)
            self._add("switch.pool.limit", place, f"BUFFER_POOL{self._suffix}", name, _bytes(fields, "size"))
            self._add("switch.pool.headroom_limit", place, f"BUFFER_POOL{self._suffix}", name, _bytes(fields, "xoff"))
        for table, bound in _BOUND.items():
            for rest, fields in self._table(table).items():
                yield from self._bind(table + self._suffix, bound, rest, fields)
        yield from self._samples.frames()

    def _bind(self, table: str, bound: _Bound, rest: str, fields: Fields) -> Iterator[Item]:
        """Give the queues of `Ethernet0,Ethernet4|3-4` the limits of their profile."""
        ports, _, indexes = rest.rpartition(self._separator)
        match = _RANGE.fullmatch(indexes)
        named = _NAME.fullmatch(fields.get("profile", ""))
        profile = self._profiles.get(named["name"]) if named else None
        if match is None or not ports:
            line = self._dump.line(f"{table}{self._separator}{rest}", "profile")
            yield unread(self._document, line, f"{table} {rest}: not ports and queues")
            return
        if named is None or profile is None:
            return
        last = min(int(match["last"] or match["first"]), int(match["first"]) + 63)
        for port in ports.split(","):
            for index in range(int(match["first"]), last + 1):
                if _PORT.fullmatch(port):
                    place = f"{port}/{bound.part} {index}"
                    self._profile(bound, place, named["name"], profile)

    def _profile(self, bound: _Bound, place: str, name: str, profile: Fields) -> None:
        table = f"BUFFER_PROFILE{self._suffix}"
        pool = _NAME.fullmatch(profile.get("pool", ""))
        size = _bytes(self._pools.get(pool["name"], {}), "size") if pool else None
        self._add(bound.limit, place, table, name, _bytes(profile, "static_th") or _dynamic(profile, size))
        if bound.headroom:
            self._add(bound.headroom, place, table, name, _bytes(profile, "xoff"))

    def _add(self, meaning: str, place: str, table: str, name: str, limit: _Limit | None) -> None:
        if limit is None:
            return
        series = Series(meaning, place, f"{table} {limit.field}", "sonic_config", width_bits=0, doubt=limit.doubt)
        if series not in self._taken:
            self._taken.add(series)
            line = self._dump.line(f"{table}{self._separator}{name}", limit.field)
            self._samples.add(series, limit.value, line)


def _bytes(fields: Mapping[str, str], name: str) -> _Limit | None:
    """Return a size above zero."""
    text = fields.get(name, "")
    value = int(text) if _NUMBER.fullmatch(text) else 0
    return _Limit(value, name) if 0 < value <= LARGEST else None


def _dynamic(profile: Fields, size: _Limit | None) -> _Limit | None:
    """Return the most that a dynamic threshold can be."""
    text = profile.get("dynamic_th", "")
    if size is None or not _EXPONENT.fullmatch(text) or abs(int(text)) > STEEPEST:
        return None
    alpha = Fraction(2) ** int(text)
    return _Limit(int(size.value * alpha / (1 + alpha)), "dynamic_th", MOVES)


def _switched_off(dump: Dump) -> Iterator[Blind]:
    """Yield the counters that are not polled: they cannot move."""
    for _, group, fields in dump.below("|", "FLEX_COUNTER_TABLE"):
        if group in POLLS and fields.get("FLEX_COUNTER_STATUS") == "disable":
            command = COUNTERPOLL.get(group, group.lower().replace("_", "-"))
            yield Blind(f"SONiC counters of {group}", "polling them is switched off", f"counterpoll {command} enable")
