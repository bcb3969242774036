"""What a group costs: how much is read, how much is written, how long a ring of snapshots lasts."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from brimful.evidence.histogram import BINS
from brimful.monitor import ports
from brimful.monitor.asic import QUEUE_KINDS, lows
from brimful.monitor.group import Deed, Group
from brimful.monitor.keys import HISTOGRAMS

DAY_S = 86400
HEAD = 130
"""Bytes of a snapshot before its numbers: the times and the braces."""

PORT = 12
"""Bytes that name a port."""

NUMBERS = {"packet": 14, "packet_extended": 20, "packet_all": 34, "buffer": 48}
"""Numbers of a port: those the switch shows for each kind; of a buffer two for each of eight queues, groups and pools."""

NUMBER = 32
"""Bytes that one of them takes with its name."""

FEW = 3
"""Digits of a count in a range above the lowest, where a queue seldom is."""


class Cost(msgspec.Struct, frozen=True):
    """What one group costs. All that hangs on the ports is None where their number is not known from the file.

    `every_s` is how often it is read at most, None for never; `queues` are its histograms, `numbers` what one reading
    reads. `file_bytes` is the size of a snapshot (`measured`: of those that are there), `ring_bytes` what the ring takes,
    `ring_s` the time that is in it, `day_bytes` what is written in a day when every reading is.
    """

    group: str
    every_s: float | None = None
    ports: int | None = None
    queues: int | None = None
    numbers: int | None = None
    file_bytes: int | None = None
    measured: bool = False
    ring_bytes: int | None = None
    ring_s: float | None = None
    day_bytes: int | None = None


def cost(group: Group, every_s: float | None) -> Cost:
    """Return what a group costs that is read so often."""
    named = ports.count(group.ports)
    known = Cost(group.name, every_s, named, queues(group), _numbers(group, named))
    action = group.action(Deed.SNAPSHOT)
    if action is None:
        return known
    there = _sizes(action.file, action.file_count)
    size = round(sum(there) / len(there)) if there else _size(group, every_s, named, known.numbers)
    ring = None if size is None else size * action.file_count
    return msgspec.structs.replace(
        known,
        file_bytes=size,
        measured=bool(there),
        ring_bytes=min(ring, action.file_bytes) if ring and action.file_bytes else ring,
        ring_s=every_s and every_s * action.file_count,
        day_bytes=round(size * DAY_S / every_s) if size and every_s else None,
    )


def queues(group: Group) -> int | None:
    """Return how many histograms a group has; None where that depends on the machine."""
    named = ports.count(group.ports)
    return None if named is None or group.stat_type not in HISTOGRAMS else named * _each(group)


def free_bytes(prefix: str) -> int | None:
    """Return how much may still be written where a file is to be; None where its folder is not there."""
    try:
        found = os.statvfs(Path(prefix).parent)
    except (OSError, ValueError):
        return None
    return found.f_bavail * found.f_frsize


def _each(group: Group) -> int:
    """Return how many histograms a port has."""
    each = len(group.counter_types) if group.stat_type == "histogram_counter" else len(group.cos)
    return each * len(group.ranges)


def _numbers(group: Group, named: int | None) -> int | None:
    histograms = queues(group)
    if histograms is not None:
        return histograms * BINS
    each = NUMBERS.get(group.stat_type)
    return None if named is None or each is None else named * each


def _size(group: Group, every_s: float | None, named: int | None, numbers: int | None) -> int | None:
    """Return about how long a snapshot is, written without blanks."""
    if named is None or numbers is None:
        return None
    if group.stat_type not in HISTOGRAMS:
        return HEAD + named * PORT + numbers * NUMBER
    samples = (every_s or 1) * 1e9 / group.sample_ns
    found = lows(group, 96 if group.stat_type in QUEUE_KINDS else 1) or [tuple(range(BINS))]
    each = sum(_text(one, samples) for one in found) / len(found)
    return HEAD + named * PORT + round(numbers / BINS * each)


def _text(bounds: tuple[int, ...], samples: float) -> int:
    """Return the length of one histogram: `"0":{"data":{"0:959":976562,...}}`."""
    names = sum(2 * len(str(bound)) + 1 for bound in bounds)
    return 16 + names + len(bounds) * (4 + FEW) + len(str(int(samples))) - FEW


def _sizes(prefix: str, count: int) -> list[int]:
    return [size for size in _stats(prefix, count) if size]


def _stats(prefix: str, count: int) -> Iterator[int]:
    """Yield the sizes of the files of a ring that are there."""
    path = Path(prefix)
    try:
        with os.scandir(path.parent) as found:
            for entry in found:
                stem, _, number = entry.name.rpartition("_")
                if stem == path.name and number.isascii() and number.isdigit() and int(number[:9]) < count:
                    yield entry.stat().st_size
    except (OSError, ValueError):
        return
