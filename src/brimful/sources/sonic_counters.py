"""Read SONiC's COUNTERS_DB: watermarks, drops, marks and pauses of the queues, priority groups and pools of a switch.

Numbers stand under object ids (`COUNTERS:oid:0x15...`); hashes such as `COUNTERS_QUEUE_NAME_MAP` tell which object is what.
orchagent has syncd poll the ASIC in groups, each at its own period; where the tables hold the time of a poll
(`QUEUE_STAT_COUNTER_time_stamp`, nanoseconds of the switch's steady clock: sonic-sairedis syncd/FlexCounter.cpp), that is the
time of the numbers, else a number is taken to be as old as the period may be (sonic-swss orchagent/portsorch.cpp).

A watermark under COUNTERS is cleared by each poll. Its highest values are kept in three more tables, which others clear:
USER_WATERMARKS and PERSISTENT_WATERMARKS people, PERIODIC_WATERMARKS the switch itself.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import pool_place
from brimful.chain.word import Kind
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST, Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind, Unread
from brimful.evidence.redis_dump import Dump, Fields
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import NOW_AND_THEN, source, unread

POLL = "COUNTERS"
WATERMARKS = {
    "USER_WATERMARKS": "the highest since somebody cleared the user watermarks, whenever that was",
    "PERSISTENT_WATERMARKS": "the highest since somebody cleared the persistent watermarks, whenever that was",
    "PERIODIC_WATERMARKS": "the highest of the current telemetry interval only",
}
"""Tables of watermarks that outlive a poll, with what is not known of them."""

STAMP = "_time_stamp"
MILLISECOND = SECOND // 1000
FARTHEST_S = 600
"""How old the stamp of a poll may be to be believed to be of this host's clock."""


class _Group(msgspec.Struct, frozen=True):
    """What is polled together: its name in the configuration, how its stamps begin, and how often it is polled.

    The configuration says when somebody changed that: `FLEX_COUNTER_TABLE|QUEUE`, `POLL_INTERVAL` in milliseconds.
    """

    name: str
    instance: str
    period_ms: int


_QUEUE = _Group("QUEUE", "QUEUE_STAT_COUNTER", 10_000)
_QUEUE_PEAK = _Group("QUEUE_WATERMARK", "QUEUE_WATERMARK_STAT_COUNTER", 60_000)
_WRED = _Group("WRED_ECN_QUEUE", "WRED_ECN_QUEUE_STAT_COUNTER", 10_000)
_STORM = _Group("PFC_WD", "PFC_WD", 1_000)
_PG_DROP = _Group("PG_DROP", "PG_DROP_STAT_COUNTER", 10_000)
_PG_PEAK = _Group("PG_WATERMARK", "PG_WATERMARK_STAT_COUNTER", 60_000)
_POOL = _Group("BUFFER_POOL_WATERMARK", "BUFFER_POOL_WATERMARK_STAT_COUNTER", 60_000)
_PORT = _Group("PORT", "PORT_STAT_COUNTER", 1_000)

LONGEST_MS = 3_600_000
"""The longest period that is believed."""


class _Counter(msgspec.Struct, frozen=True):
    """What one field means; `part` is added to the place."""

    meaning: str
    group: _Group
    doubt: str = ""
    part: str = ""


_AGAIN = "may be counted in SAI_QUEUE_STAT_DROPPED_PACKETS too"

_OF_QUEUE = {
    "SAI_QUEUE_STAT_PACKETS": _Counter("switch.queue.passed", _QUEUE),
    "SAI_QUEUE_STAT_DROPPED_PACKETS": _Counter("switch.queue.dropped", _QUEUE),
    "SAI_QUEUE_STAT_DROPPED_TRIM_PACKETS": _Counter("switch.queue.dropped", _QUEUE, _AGAIN),
    "SAI_QUEUE_STAT_CREDIT_WD_DELETED_PACKETS": _Counter("switch.queue.dropped", _QUEUE, _AGAIN),
    "SAI_QUEUE_STAT_WRED_DROPPED_PACKETS": _Counter("switch.queue.dropped_early", _WRED, _AGAIN),
    "SAI_QUEUE_STAT_WRED_ECN_MARKED_PACKETS": _Counter("switch.queue.marked", _WRED),
    "SAI_QUEUE_STAT_CURR_OCCUPANCY_BYTES": _Counter("switch.queue.depth", _STORM),
    "SAI_QUEUE_STAT_SHARED_WATERMARK_BYTES": _Counter("switch.queue.peak", _QUEUE_PEAK),
    "PFC_WD_QUEUE_STATS_DEADLOCK_DETECTED": _Counter("switch.queue.stormed", _STORM),
    "PFC_WD_QUEUE_STATS_TX_DROPPED_PACKETS": _Counter("switch.queue.dropped_stormed", _STORM),
    "PFC_WD_QUEUE_STATS_RX_DROPPED_PACKETS": _Counter("switch.queue.dropped_stormed", _STORM),
}
_OF_GROUP = {
    "SAI_INGRESS_PRIORITY_GROUP_STAT_DROPPED_PACKETS": _Counter("switch.pool.dropped", _PG_DROP),
    "SAI_INGRESS_PRIORITY_GROUP_STAT_SHARED_WATERMARK_BYTES": _Counter("switch.pool.peak", _PG_PEAK),
    "SAI_INGRESS_PRIORITY_GROUP_STAT_XOFF_ROOM_WATERMARK_BYTES": _Counter("switch.pool.headroom_peak", _PG_PEAK),
}
_OF_POOL = {
    "SAI_BUFFER_POOL_STAT_WATERMARK_BYTES": _Counter("switch.pool.peak", _POOL),
    "SAI_BUFFER_POOL_STAT_XOFF_ROOM_WATERMARK_BYTES": _Counter("switch.pool.headroom_peak", _POOL),
}
_PRIORITIES = range(8)
_OF_PORT = {
    "SAI_PORT_STAT_PAUSE_RX_PKTS": _Counter("switch.queue.pause_received", _PORT),
    "SAI_PORT_STAT_PAUSE_TX_PKTS": _Counter("switch.pool.pause_sent", _PORT),
    **{
        f"SAI_PORT_STAT_PFC_{n}_RX_PKTS": _Counter("switch.queue.pause_received", _PORT, "", f"/priority {n}")
        for n in _PRIORITIES
    },
    **{
        f"SAI_PORT_STAT_PFC_{n}_TX_PKTS": _Counter("switch.pool.pause_sent", _PORT, "", f"/priority {n}")
        for n in _PRIORITIES
    },
}
_OUT_DISCARDS = "SAI_PORT_STAT_IF_OUT_DISCARDS"
_OF_PORT_ALONE = {
    _OUT_DISCARDS: _Counter("switch.queue.dropped", _PORT, "all that the port discarded on its way out, for any reason")
}
"""Read where the queues of the port are not counted themselves."""

_NAMES = {
    "COUNTERS_PORT_NAME_MAP": _OF_PORT,
    "COUNTERS_QUEUE_NAME_MAP": _OF_QUEUE,
    "COUNTERS_VOQ_NAME_MAP": _OF_QUEUE,
    "COUNTERS_PG_NAME_MAP": _OF_GROUP,
    "COUNTERS_BUFFER_POOL_NAME_MAP": _OF_POOL,
}
_PARTS = {"COUNTERS_QUEUE_NAME_MAP": "queue", "COUNTERS_VOQ_NAME_MAP": "voq", "COUNTERS_PG_NAME_MAP": "pg"}
_INDEXED = re.compile(r"(?P<port>[^/\s]+):(?P<index>0|[1-9][0-9]{0,4})")
_NAMED = re.compile(r"[^/\s]+")
_NUMBER = re.compile(r"[0-9]{1,20}")
_ABSENT = frozenset(("", "N/A", "n/a"))

_MEANINGS = {one.meaning for known in (*_NAMES.values(), _OF_PORT_ALONE) for one in known.values()}

REQUEST = "sonic-db-dump -n COUNTERS_DB -y"
CONFIGURED = "sonic-db-dump -n CONFIG_DB -y"


class _Object(msgspec.Struct, frozen=True):
    """A thing that is counted, by its object id."""

    place: str
    known: Mapping[str, _Counter]


@source(
    REQUEST,
    "sonic-netns-exec asic{asic} " + REQUEST,
    looks_like=r'^\s*"COUNTERS(?::oid:0x[0-9a-f]+|_[A-Z_]+_MAP)"\s*:\s*\{',
    meanings=(*sorted(_MEANINGS), "switch.queue.watchdog"),
    every_s=NOW_AND_THEN,
    beside=(CONFIGURED,),
)
def sonic_counters(document: Document) -> Iterator[Item]:
    """Read the queues, priority groups and buffer pools of a SONiC switch (COUNTERS_DB)."""
    try:
        dump = Dump(document.lines())
    except ValueError as error:
        yield unread(document, 1, str(error))
        return
    yield from _Reading(document, dump).items()


class _Reading:
    """One dump on its way into frames: one for each moment at which something was polled."""

    def __init__(self, document: Document, dump: Dump) -> None:
        self._document = document
        self._dump = dump
        self._asic = f"asic{document.of['asic']}" if document.of.get("asic") else ""
        self._stamps = _stamps(dump)
        self._periods = _periods(document.beside)
        self._sheets: dict[str, Sheet] = {}
        self._lost: list[Unread] = []

    def items(self) -> Iterator[Item]:
        """Yield all there is in it."""
        objects, nameless = self._objects(), 0
        for table, oid, fields in self._dump.below(":", POLL, *WATERMARKS):
            found = objects.get(oid)
            if found is not None:
                self._fields(table, f"{table}:{oid}", fields, found)
            elif table == POLL and any(name in known for known in _NAMES.values() for name in fields):
                nameless += 1
        yield from self._lost
        for sheet in self._sheets.values():
            yield sheet.frame()
        yield from self._watchdogs(objects)
        if nameless:
            yield Blind(
                f"COUNTERS_DB: {nameless:,} objects with counters", "no map tells which port or queue they are of"
            )

    def _objects(self) -> dict[str, _Object]:
        """Return what the maps name, by object id."""
        objects = {}
        for names, known in _NAMES.items():
            for name, oid in self._dump.table(names).items():
                place = self._place(names, name)
                if place:
                    objects[oid] = _Object(place, known)
                else:
                    self._lose(names, name, "not the name of a port, a queue or a pool")
        return objects | self._alone(objects)

    def _place(self, names: str, name: str) -> str:
        if names in _PARTS:
            match = _INDEXED.fullmatch(name)
            return f"{match['port']}/{_PARTS[names]} {int(match['index'])}" if match else ""
        if not _NAMED.fullmatch(name):
            return ""
        return name if names == "COUNTERS_PORT_NAME_MAP" else pool_place(name, self._asic)

    def _alone(self, objects: Mapping[str, _Object]) -> dict[str, _Object]:
        """Return the ports again whose queues are not counted, with the counters that then stand for these."""
        counted = {
            one.place.partition("/")[0]
            for oid, one in objects.items()
            if "SAI_QUEUE_STAT_DROPPED_PACKETS" in self._dump.table(f"{POLL}:{oid}")
        }
        return {
            oid: _Object(one.place, {**_OF_PORT, **_OF_PORT_ALONE})
            for oid, one in objects.items()
            if one.known is _OF_PORT and one.place not in counted
        }

    def _fields(self, table: str, key: str, fields: Fields, found: _Object) -> None:
        for name, text in fields.items():
            counter = found.known.get(name)
            if counter is None or text in _ABSENT or (table != POLL and not name.endswith("WATERMARK_BYTES")):
                continue
            if not _NUMBER.fullmatch(text) or int(text) > LARGEST:
                self._lose(key, name, "not an unsigned 64-bit number")
                continue
            stamp = self._stamps.get(counter.group.instance)
            period = self._periods.get(counter.group.name, counter.group.period_ms)
            # a stamp tells two polls apart; one that is read twice proves nothing
            refresh = period * MILLISECOND if stamp is None else 1
            series = _series(counter, table, name, found.place, refresh)
            self._sheet(counter.group, stamp).add(series, int(text), self._dump.line(key, name))

    def _sheet(self, group: _Group, stamp: int | None) -> Sheet:
        name = group.instance if stamp is not None else ""
        if name not in self._sheets:
            at = self._document.at if stamp is None else polled(self._document.at, stamp)
            self._sheets[name] = Sheet(self._document.origin, at, self._document.boot)
        return self._sheets[name]

    def _watchdogs(self, objects: Mapping[str, _Object]) -> Iterator[Fact]:
        """Yield the state of each PFC watchdog."""
        for _, oid, fields in self._dump.below(":", POLL):
            state, found = fields.get("PFC_WD_STATUS", ""), objects.get(oid)
            if found is not None and state not in _ABSENT:
                action = fields.get("PFC_WD_ACTION", "")
                line = self._dump.line(f"{POLL}:{oid}", "PFC_WD_STATUS")
                value = f"{state}, action {action}" if action else state
                yield Fact("switch.queue.watchdog", found.place, value, self._document.origin(line), self._document.at)

    def _lose(self, key: str, field: str, why: str) -> None:
        self._lost.append(unread(self._document, self._dump.line(key, field), f"{key} {field}: {why}"))


@lru_cache(maxsize=65536)
def _series(counter: _Counter, table: str, name: str, place: str, refresh_ns: int) -> Series:
    level = MEANINGS[counter.meaning].kind is Kind.LEVEL
    doubt = WATERMARKS.get(table, counter.doubt)
    if table == POLL and name.endswith("WATERMARK_BYTES"):
        doubt = "the highest since the poll before only"
    raw = name if table == POLL else f"{table} {name}"
    return Series(counter.meaning, place + counter.part, raw, "sonic_counters", 0 if level else 64, refresh_ns, doubt)


@lru_cache(maxsize=4)
def _periods(configuration: str) -> Mapping[str, int]:
    """Return how often each group is polled, in milliseconds, as far as the configuration says."""
    try:
        dump = Dump(configuration.split("\n"))
    except ValueError:
        return {}
    told = {group: fields.get("POLL_INTERVAL", "") for _, group, fields in dump.below("|", "FLEX_COUNTER_TABLE")}
    return {group: int(text) for group, text in told.items() if _NUMBER.fullmatch(text) and 0 < int(text) <= LONGEST_MS}


def _stamps(dump: Dump) -> dict[str, int]:
    """Return when each group was polled last, by its instance, in nanoseconds of the switch's steady clock."""
    found: dict[str, int] = {}
    for _, _, fields in dump.below(":", POLL):
        for name, text in fields.items():
            if name.endswith(STAMP) and _NUMBER.fullmatch(text):
                for instance in _instances(name):
                    found[instance] = max(found.get(instance, 0), int(text))
    return found


@lru_cache(maxsize=1024)
def _instances(name: str) -> tuple[str, ...]:
    """Return the group a stamp is of: `QUEUE_STAT_COUNTER_time_stamp`, `QUEUE_STAT_COUNTER_Queue_Counter_time_stamp`."""
    instances = {counter.group.instance for known in _NAMES.values() for counter in known.values()}
    return tuple(one for one in instances if name.startswith(f"{one}_"))


def polled(at: Moment | None, stamp: int) -> Moment:
    """Return the moment of a poll, told by the switch's steady clock.

    The time of day is known to a second where the reader's clock is the switch's; else it is that of the reading, and for
    differences the steady clock counts.
    """
    if at is None:
        return Moment(stamp, "relative", monotonic_ns=stamp)
    if at.monotonic_ns is not None and 0 <= at.monotonic_ns - stamp <= FARTHEST_S * SECOND:
        began = (at.ns - at.monotonic_ns + SECOND // 2) // SECOND * SECOND
        return Moment(began + stamp, at.clock, SECOND, stamp, at.zone_known)
    return msgspec.structs.replace(at, monotonic_ns=stamp)
