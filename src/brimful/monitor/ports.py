"""Sets of ports: names, globs and ranges, as `swp1-swp4,swp8,swp10-swp50`.

All ports are `all`, `all_ports` or `allports` (the releases of Cumulus Linux differ). Blanks separate as commas do, but
not where places are named that hold blanks themselves (`cpu 3`, `udp 127.0.0.1:53`).
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from brimful.chain.place import whole
from brimful.evidence.number import unsigned

ALL = frozenset({"all", "all_ports", "allports"})

LONGEST = 255
"""Characters of one name or range."""

_RANGE = re.compile(r"(?P<stem>.*?)(?P<first>\d{1,9})-(?P<again>.*?)(?P<last>\d{1,9})", re.ASCII)


def patterns(text: str, *, blanks: bool = True) -> tuple[str, ...]:
    """Return the names, globs and ranges that a set is made of; empty for all ports.

    `ValueError` when it names none, or a range ends below its begin.
    """
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    parts = re.split(r"[,\s]+", inner) if blanks else map(str.strip, inner.split(","))
    found = tuple(dict.fromkeys(part for part in parts if part))
    if not found:
        raise ValueError("no port is named")
    if ALL.intersection(found):
        return ()
    for one in found:
        if len(one) > LONGEST:
            raise ValueError("a name is too long")
        limits = _limits(one)
        if limits is not None and limits[2] < limits[1]:
            raise ValueError(f"{one} ends below its begin")
    return found


def expanded(wanted: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are in a set, in their own order; all of them when the set is empty."""
    known = tuple(wanted)
    return tuple(name for name in names if not known or any(_holds(one, name) for one in known))


def holds(wanted: Iterable[str], place: str) -> bool:
    """Tell whether a place is in a set, itself or as a part of what is: `eth0/rx-3` is in `eth*`."""
    return bool(expanded(wanted, (place,)) or expanded(wanted, (whole(place),)))


def count(wanted: Iterable[str]) -> int | None:
    """Return how many ports a set names; None where that depends on the machine (all ports, globs)."""
    named: set[str] = set()
    total = 0
    for one in wanted:
        limits = _limits(one)
        if limits is not None:
            total += limits[2] - limits[1] + 1
        elif any(mark in one for mark in "*?["):
            return None
        else:
            named.add(one)
    return total + len(named) or None


def _holds(pattern: str, name: str) -> bool:
    if pattern == name or fnmatchcase(name, pattern):
        return True
    limits = _limits(pattern)
    if limits is None or not name.startswith(limits[0]):
        return False
    number = unsigned(name[len(limits[0]) :])
    return number is not None and limits[1] <= number <= limits[2]


def _limits(pattern: str) -> tuple[str, int, int] | None:
    """Return the stem and the numbers of a range: `swp1-swp50`, `swp1-50`, `swp1s0-swp1s3`; None for anything else."""
    match = _RANGE.fullmatch(pattern)
    if match is None or match["stem"][-1:].isdigit() or match["again"] not in {"", match["stem"]}:
        return None
    return match["stem"], int(match["first"]), int(match["last"])
