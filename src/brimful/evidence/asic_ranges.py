"""What a monitor.conf of asic-monitor says of the histograms that its snapshots hold.

NVIDIA Cumulus Linux documentation, "ASIC Monitoring" and "Buffer Monitoring": `monitor.<group>.<key> = value`. A snapshot
file is named for `snapshot.file` of its group, with a number behind it.
"""

import re

import msgspec

from brimful.evidence.histogram import BINS, asic_lows
from brimful.evidence.number import unsigned

SAMPLE_NS = 1024
"""The documented time from one sample to the next, where nothing else is configured."""

FINEST_CELL = 96
"""Bytes of a cell of Spectrum-1, the only one when snapshots named their ranges by number."""

MINIMUM, SIZE = "histogram.minimum_bytes_boundary", "histogram.histogram_size_bytes"
SAMPLE = "histogram.sample_time_ns"
_OLD_SIZE = "histogram.bin_size_bytes"

_CELLS = f"the ranges are those of monitor.conf in cells of {FINEST_CELL} bytes: the file names them by number only"
_RANGE = re.compile(r"(?P<low>[0-9]{1,20}):(?P<high>[0-9]{1,20}|\*)")
_KEY = re.compile(r"\s*monitor\.(?P<group>[\w-]{1,200})\.(?P<key>[\w.]{1,80})\s*=\s*(?P<value>[^#]*)", re.ASCII)


class Ranges(msgspec.Struct, frozen=True):
    """How a group samples its queues: None where its configuration does not say."""

    sample_ns: int | None = None
    minimum: int | None = None
    size: int | None = None


def ranges(conf: str, file: str, kinds: tuple[str, ...]) -> Ranges:
    """Return what a configuration says of a snapshot file, whose histograms are of these `stat_type`s.

    The group that names the file is taken, else those of its kind where they say the same.
    """
    groups = _groups(conf)
    name = re.sub(r"_[0-9]+\Z", "", file.rpartition("/")[2])
    named = [keys for keys in groups.values() if keys.get("snapshot.file", "").rpartition("/")[2] == name]
    alike = named or [keys for keys in groups.values() if keys.get("stat_type") in kinds]
    found = {_of(keys) for keys in alike}
    return found.pop() if len(found) == 1 else Ranges()


def _groups(conf: str) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    for line in conf.splitlines():
        match = _KEY.match(line)
        if match:
            groups.setdefault(match["group"], {})[match["key"]] = match["value"].strip()
    return groups


def _of(keys: dict[str, str]) -> Ranges:
    size = keys.get(SIZE) or keys.get(_OLD_SIZE, "")
    sample_ns = unsigned(keys.get(SAMPLE, ""))
    return Ranges(sample_ns or None, unsigned(keys.get(MINIMUM, "")), unsigned(size))


def in_order(data: dict[str, int], known: Ranges) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    """Return lower bounds, counts and the doubt about them; `ValueError` where the ranges are none."""
    if data and all(label.isdecimal() and len(label) == 1 for label in data):
        return _by_number(data, known)
    found = []
    for label, count in data.items():
        match = _RANGE.fullmatch(label)
        if match is None:
            raise ValueError(f"{label[:40]!r} is no range")
        found.append((int(match["low"]), match["high"], count))
    found.sort(key=lambda one: one[0])
    highs = [str(low - 1) for low, _, _ in found[1:]] + ["*"]
    if len(found) < 2 or found[0][0] != 0 or [high for _, high, _ in found] != highs:  # noqa: PLR2004 - two ranges at least
        raise ValueError("the ranges do not follow one another from 0 to *")
    return tuple(low for low, _, _ in found), tuple(count for _, _, count in found), ""


def _by_number(data: dict[str, int], known: Ranges) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    if known.minimum is None or known.size is None:
        raise ValueError("the file names its ranges by number only, and no monitor.conf tells what they are")
    lows = asic_lows(known.minimum, known.size, FINEST_CELL)
    return lows, tuple(data.get(str(number), 0) for number in range(BINS)), _CELLS
