"""Rates and sizes in the words of tc (iproute2, lib/utils_math.c and tc/tc_util.c): `8Kbit`, `1514000b`, `32Mb`."""

import re

from brimful.evidence.frame import LARGEST

_NUMBER = r"(?P<number>[0-9]+(?:\.[0-9]+)?(?:e\+[0-9]+)?)"
_SIZE = re.compile(_NUMBER + r"(?P<unit>[KMG]?)[bp]?")
_RATE = re.compile(_NUMBER + r"(?P<unit>[KMGT]?)(?P<binary>i?)bit")
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_LONGEST = 32
"""Characters of a number that are looked at: tc prints far fewer."""


def size(text: str) -> int | None:
    """Return a size in bytes or packets; units are of 1,024, and large sizes are rounded. None for anything else."""
    match = _SIZE.fullmatch(text[:_LONGEST])
    return _scaled(match["number"], 1024 ** _POWERS[match["unit"]]) if match else None


def bits(text: str) -> int | None:
    """Return a rate in bits a second; None for anything else, and for a rate of 0, which means no limit."""
    match = _RATE.fullmatch(text[:_LONGEST])
    if match is None:
        return None
    return _scaled(match["number"], (1024 if match["binary"] else 1000) ** _POWERS[match["unit"]]) or None


def _scaled(number: str, scale: int) -> int | None:
    value = float(number) * scale
    return round(value) if value < LARGEST // 2 else None


def spoken(rate: int) -> str:
    """Return a rate as people say it: `8 kbit/s`, `1.5 Mbit/s`, `10 Gbit/s`."""
    value, unit = float(rate), ""
    for larger in ("k", "M", "G", "T"):
        if value < 1000:  # noqa: PLR2004 - the next unit
            break
        value, unit = value / 1000, larger
    return f"{value:.4g} {unit}bit/s"
