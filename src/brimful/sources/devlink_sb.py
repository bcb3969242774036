"""Read `devlink sb`: how a switch ASIC divides its buffer, and what ports and traffic classes use of it.

Use is `current/max` in bytes: of pools by port, of traffic classes on their way in (`itc`) and out (`etc`), with the pool
that each is bound to. The threshold of a class is bytes where its pool is static. Where it is dynamic it is an exponent:
with alpha = 2^(threshold - 10) a class may hold alpha / (1 + alpha) of what the others leave free (devlink-sb(8)), so that
its limit moves; it is computed from the use in the same text. Pools and thresholds are in texts of their own, JSON or not.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import msgspec

from brimful.chain.place import pool_place
from brimful.evidence.evidence import Item
from brimful.evidence.frame import LARGEST
from brimful.evidence.samples import Samples
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sources import source, unread

POOLS = "sb pool show"
BINDINGS = "sb tc bind show"
OCCUPANCY = "sb occupancy show {device}"

SINCE = "the highest since somebody cleared the maxima of the whole device, whenever that was"
MOVES = "the limit moves with what others hold: this is what it was when it was read"
SUMMED = "the sum of what each port that is told of uses"

ZERO = 10
"""The exponent at which alpha is 1."""
STEEPEST = 20

_HEAD = re.compile(r"(?P<label>\S+):(?:\s+(?P<rest>\S.*))?")
_POOL = re.compile(
    r"sb (?P<sb>[0-9]{1,9}) pool (?P<pool>[0-9]{1,9}) type (?P<type>ingress|egress) size (?P<size>[0-9]{1,20})"
    r" thtype (?P<thtype>static|dynamic)\b"
)
_BINDING = re.compile(
    r"sb (?P<sb>[0-9]{1,9}) tc (?P<tc>[0-9]{1,9}) type (?P<type>ingress|egress) pool (?P<pool>[0-9]{1,9})"
    r" threshold (?P<threshold>[0-9]{1,20})\b"
)
_SECTION = re.compile(r"\s+(?P<section>pool|itc|etc):\s*")
_USED = re.compile(
    r"(?P<index>[0-9]{1,9})(?:\((?P<pool>[0-9]{1,9})\))?:\s*(?P<current>[0-9]{1,20})/(?P<max>[0-9]{1,20})"
)
_DEVICE = re.compile(r"\w+/[^/\s]+")

_DIRECTIONS = {"itc": "ingress", "etc": "egress"}


class _Pool(msgspec.Struct, frozen=True):
    """A pool of a device."""

    device: str
    sb: int
    pool: int
    type: str
    size: int
    thtype: str
    line: int = 0


class _Binding(msgspec.Struct, frozen=True):
    """The threshold of a traffic class."""

    port: str
    sb: int
    tc: int
    type: str
    pool: int
    threshold: int


class _Use(msgspec.Struct, frozen=True):
    """What a port uses of a pool, or one of its traffic classes of the pool that it is bound to."""

    port: str
    section: str
    index: int
    pool: int
    current: int
    max: int
    line: int = 0


class _Told:
    """All that some texts of `devlink sb` tell, in the order of the texts; the first buffer of each device only."""

    def __init__(self) -> None:
        self.pools: list[_Pool] = []
        self.bindings: list[_Binding] = []
        self.uses: list[_Use] = []
        self.lost: list[tuple[int, str]] = []

    def read(self, lines: list[str]) -> None:
        """Take in texts, one after the other: JSON from a line that begins with a brace to its end."""
        number, label, section = 0, "", ""
        while number < len(lines):
            if lines[number].startswith("{"):
                number = self._json(lines, number)
                continue
            line = lines[number]
            number += 1
            head = _HEAD.fullmatch(line.rstrip()) if line[:1].strip() else None
            if head:
                label, section = head["label"], ""
            section = self._line(number, label, section, (head["rest"] or "") if head else line)

    def _line(self, number: int, label: str, section: str, text: str) -> str:
        """Take in one line and return the section that the next one is of."""
        pool, binding = _POOL.search(text), _BINDING.search(text)
        begins = _SECTION.match(text)
        section = begins["section"] if begins else section
        if pool:
            self._pool(label, pool.groupdict(), number)
        elif binding:
            self._binding(label, binding.groupdict())
        elif section:
            for used in _USED.finditer(text, begins.end() if begins else 0):
                self._use(label, section, used["index"], used.groupdict(), number)
        elif text.strip():
            self.lost.append((number, "not a line of devlink sb"))
        return section

    def _json(self, lines: list[str], start: int) -> int:
        """Take in one JSON object and return the line after it."""
        text = "\n".join(lines[start:])
        try:
            found, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError) as error:
            self.lost.append((start + 1, f"not JSON: {error}"))
            return len(lines)
        for device, entry in _entries(found, "pool"):
            self._pool(device, entry, 0)
        for port, entry in _entries(found, "tc_bind"):
            self._binding(port, entry)
        for port, sections in _members(found.get("occupancy")):
            for section in ("pool", "itc", "etc"):
                for index, entry in _members(sections.get(section)):
                    self._use(port, section, index, {"pool": entry.get("bound_pool"), **entry}, 0)
        return start + text[:end].count("\n") + 1

    def _pool(self, device: str, of: Mapping[str, object], line: int) -> None:
        sb, pool, size = (_number(of.get(name)) for name in ("sb", "pool", "size"))
        if not sb and pool is not None and size is not None and _DEVICE.fullmatch(device):
            self.pools.append(_Pool(device, 0, pool, str(of.get("type")), size, str(of.get("thtype")), line))

    def _binding(self, port: str, of: Mapping[str, object]) -> None:
        sb, tc, pool, threshold = (_number(of.get(name)) for name in ("sb", "tc", "pool", "threshold"))
        if not sb and tc is not None and pool is not None and threshold is not None:
            self.bindings.append(_Binding(port, 0, tc, str(of.get("type")), pool, threshold))

    def _use(self, port: str, section: str, index: object, of: Mapping[str, object], line: int) -> None:
        number, current, highest = _number(index), _number(of.get("current")), _number(of.get("max"))
        pool = number if section == "pool" else _number(of.get("pool"))
        if number is None or current is None or highest is None or not port:
            self.lost.append((line, f"not what {port or 'a port'} uses"))
        else:
            self.uses.append(_Use(port, section, number, -1 if pool is None else pool, current, highest, line))


@source(
    f"devlink -j {OCCUPANCY}",
    f"devlink {OCCUPANCY}",
    f"devlink -j {POOLS}",
    f"devlink {POOLS}",
    f"devlink -j {BINDINGS}",
    f"devlink {BINDINGS}",
    looks_like=r"^\s+(?:pool|itc|etc):\s+[0-9]+(?:\([0-9]+\))?:\s*[0-9]+/[0-9]"
    r'|\bsb [0-9]+ (?:pool|tc) [0-9]+ type (?:in|e)gress\b|^\{\s*"(?:occupancy|tc_bind)"\s*:'
    r'|^\{\s*"pool"\s*:\s*\{\s*"\w+/[^"]*"\s*:\s*\[\s*\{\s*"sb"',
    meanings=(
        "switch.pool.level",
        "switch.pool.limit",
        "switch.pool.peak",
        "switch.queue.depth",
        "switch.queue.limit",
        "switch.queue.peak",
    ),
    needs="CAP_NET_ADMIN to have the ASIC read",
    beside=(f"devlink -j {POOLS}", f"devlink {POOLS}", f"devlink -j {BINDINGS}", f"devlink {BINDINGS}"),
)
def devlink_sb(document: Document) -> Iterator[Item]:
    """Read the shared buffer of a switch ASIC (devlink sb)."""
    told = _Told()
    told.read(document.lines())
    for line, why in told.lost:
        yield unread(document, line, why)
    around = _Told()
    around.read(document.beside.split("\n"))
    samples = Samples(document.origin, document.at, document.boot)
    for meaning, place, raw, value, line, doubt in _numbers(told, around):
        if value <= LARGEST:
            samples.add(Series(meaning, place, raw, "devlink_sb", width_bits=0, doubt=doubt), value, line)
    yield from samples.frames()


Number = tuple[str, str, str, int, int, str]


def _numbers(told: _Told, around: _Told) -> Iterator[Number]:
    """Yield meaning, place, name, value, line and doubt of each number."""
    for pool in told.pools:
        yield "switch.pool.limit", _pool_place(pool), f"pool {pool.pool} size", pool.size, pool.line, ""
    known = (*around.pools, *told.pools)
    # a port does not say which device it is of: with several it is not known whose pools it takes from
    pools = {one.pool: one for one in known} if len({one.device for one in known}) == 1 else {}
    thresholds = {(one.port, one.type, one.tc): one for one in around.bindings}
    for use in told.uses:
        place, raw = _place(use), f"{use.section} {use.index}"
        level, peak = (
            ("switch.queue.depth", "switch.queue.peak")
            if use.section == "etc"
            else ("switch.pool.level", "switch.pool.peak")
        )
        yield level, place, f"{raw} current", use.current, use.line, ""
        yield peak, place, f"{raw} max", use.max, use.line, SINCE
        binding = thresholds.get((use.port, _DIRECTIONS.get(use.section, ""), use.index))
        if binding and binding.pool in pools:
            yield from _limit(use, binding.threshold, pools[binding.pool], _held(told.uses, binding.pool))
    yield from _levels(told.uses, pools.values())


def _levels(uses: Iterable[_Use], pools: Iterable[_Pool]) -> Iterator[Number]:
    """Yield how full the pools are."""
    for pool in pools:
        held = [use for use in uses if use.section == "pool" and use.index == pool.pool]
        if held:
            total = sum(use.current for use in held)
            yield "switch.pool.level", _pool_place(pool), f"pool {pool.pool} current", total, held[0].line, SUMMED


def _held(uses: Iterable[_Use], pool: int) -> int:
    return sum(use.current for use in uses if use.section == "pool" and use.index == pool)


def _limit(use: _Use, threshold: int, pool: _Pool, held: int) -> Iterator[Number]:
    """Yield what a traffic class may hold: of a dynamic pool, its share of what the others leave free."""
    meaning = "switch.queue.limit" if use.section == "etc" else "switch.pool.limit"
    raw = f"{use.section} {use.index} threshold"
    if pool.thtype == "static":
        yield meaning, _place(use), raw, threshold, use.line, ""
    elif threshold <= STEEPEST:
        alpha = Fraction(2) ** (threshold - ZERO)
        others = max(held - use.current, 0)
        yield meaning, _place(use), raw, int(max(pool.size - others, 0) * alpha / (1 + alpha)), use.line, MOVES


def _place(use: _Use) -> str:
    """Return `swp1/tc 0` of a queue, `swp1/pg 0` of what comes in, `swp1/pool 4` of a port's part of a pool."""
    parts = use.port.split("/")
    port = use.port if len(parts) == 1 else f"{' '.join(parts[:-1])} port {parts[-1]}"
    return f"{port}/{ {'etc': 'tc', 'itc': 'pg'}.get(use.section, 'pool') } {use.index}"


def _pool_place(pool: _Pool) -> str:
    return pool_place(str(pool.pool), pool.device.partition("/")[2])


def _entries(found: object, name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield each entry of the lists below a name, with what it is of."""
    lists = found.get(name) if isinstance(found, dict) else None
    if isinstance(lists, dict):
        for label, entries in lists.items():
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, dict):
                    yield label, entry


def _members(found: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    if isinstance(found, dict):
        for name, value in found.items():
            if isinstance(value, dict):
                yield name, value


def _number(value: object) -> int | None:
    """Return an unsigned 64-bit number, given as one or as its digits."""
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"[0-9]{1,20}", value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST else None
