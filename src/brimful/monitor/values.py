"""How the values of a configuration are written: lists, times, sizes, levels, rates.

Every function takes the text and returns the value; `ValueError` for anything else, whose sentence the key knows.
"""

import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from brimful.evidence.frame import LARGEST
from brimful.evidence.moment import SECOND
from brimful.evidence.number import unsigned
from brimful.monitor.group import Deed, Level

T = TypeVar("T")
N = TypeVar("N", int, float)

TIMER = {"s": (1, 60), "m": (60, 60), "h": (3600, 24), "d": (86400, 7)}
"""Seconds of a unit of a timer, and how many of it there may be at most."""

MINUTE = 60 * SECOND
TIMES = {
    "ns": 1,
    "us": 1000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": MINUTE,
    "min": MINUTE,
    "h": 60 * MINUTE,
    "d": 1440 * MINUTE,
}
"""Nanoseconds."""

SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}

HIGHEST_CLASS = 65535
"""Of a class of a Linux qdisc; a switch has 16."""

MOST_FILES = 1_000_000
LONGEST_S = 7 * 86400.0

_AMOUNT = re.compile(r"(\d{1,20}(?:\.\d{1,9})?)\s*([A-Za-z%]*)", re.ASCII)


def items(text: str) -> tuple[str, ...]:
    """Read a list: `[a, b]`, also without brackets, with one of them missing or blanks for commas."""
    inner = text.removeprefix("[").removesuffix("]")
    return tuple(part for part in re.split(r"[,\s]+", inner) if part)


def scalar(text: str) -> str:
    """Read one word, which may stand in brackets."""
    (word,) = items(text)
    return word


def names(text: str) -> tuple[str, ...]:
    """Read a list of port groups; it may be empty."""
    found = items(text)
    if not all(re.fullmatch(r"[\w-]+", name, re.ASCII) for name in found):
        raise ValueError(text)
    return tuple(dict.fromkeys(found))


def some_names(text: str) -> tuple[str, ...]:
    """Read a list of port groups that is not empty."""
    return _some(names(text))


def deeds(text: str) -> tuple[Deed, ...]:
    """Read a list of actions."""
    return tuple(dict.fromkeys(Deed(word) for word in items(text)))


def log_only(text: str) -> tuple[Deed, ...]:
    """Read the list that may hold `log` and nothing else."""
    if scalar(text) != Deed.LOG:
        raise ValueError(text)
    return (Deed.LOG,)


def classes(text: str) -> tuple[int, ...]:
    """Read a list of classes of service: `[0]`, `[0,1]`, `[0-15]`."""
    found: list[int] = []
    for part in items(text):
        first, dash, last = part.partition("-")
        low, high = number(first), number(last) if dash else number(first)
        if not low <= high <= HIGHEST_CLASS or len(found) > HIGHEST_CLASS:
            raise ValueError(text)
        found += range(low, high + 1)
    return _some(tuple(dict.fromkeys(found)))


def counters(text: str) -> tuple[str, ...]:
    """Read a list of counters in any of their spellings: `rx_byte`, `rx-packet`, `rx-pkt`."""
    found = tuple(part.replace("_", "-").replace("-packet", "-pkt") for part in items(text))
    if not set(found) <= {"tx-pkt", "rx-pkt", "tx-byte", "rx-byte", "crc", "l1-rx-byte", "l1-tx-byte"}:
        raise ValueError(text)
    return _some(tuple(dict.fromkeys(found)))


def word(*known: str) -> Callable[[str], str]:
    """Return what reads one of several words."""

    def read(text: str) -> str:
        if scalar(text) not in known:
            raise ValueError(text)
        return scalar(text)

    return read


def switch(text: str) -> bool:
    """Read `on` or `off`."""
    return word("on", "off")(text) == "on"


def timer(text: str) -> float:
    """Read the time from one reading to the next, in seconds."""
    match = re.fullmatch(r"(\d{1,9})\s*([smhd])", text.strip("[] "), re.ASCII)
    if match is None or not 1 <= int(match[1]) <= TIMER[match[2]][1]:
        raise ValueError(text)
    return float(int(match[1]) * TIMER[match[2]][0])


def duration(text: str) -> float:
    """Read a time above zero, in seconds."""
    value, unit = _amount(text)
    seconds = value * _factor(TIMES, unit) / SECOND
    if not 0 < seconds <= LONGEST_S:
        raise ValueError(text)
    return seconds


def number(text: str) -> int:
    """Read an unsigned number."""
    value = unsigned(scalar(text))
    if value is None:
        raise ValueError(text)
    return value


def positive(text: str) -> int:
    """Read a number above zero."""
    return _above(number(text))


def sampling(text: str) -> int:
    """Read the time from one sample to the next, in nanoseconds."""
    if number(text) > LONGEST_S * SECOND:
        raise ValueError(text)
    return positive(text)


def files(text: str) -> int:
    """Read how many files there may be."""
    if number(text) > MOST_FILES:
        raise ValueError(text)
    return positive(text)


def size(text: str) -> int:
    """Read bytes: `500`, `64KiB`, `1MB`."""
    value, unit = _amount(text)
    found = value * _factor(SIZES, unit.upper() or "B")
    if found != int(found) or found > LARGEST:
        raise ValueError(text)
    return int(found)


def bound(text: str) -> int:
    """Read bytes above zero."""
    return _above(size(text))


def sizes(text: str) -> tuple[int, ...]:
    """Read one size or a list of them, one for each range."""
    return _some(tuple(size(part) for part in items(text)))


def bounds(text: str) -> tuple[int, ...]:
    """Read one size above zero or a list of them."""
    return tuple(map(_above, sizes(text)))


def level(text: str) -> Level:
    """Read a level: a number, a size, a time (in nanoseconds) or a share of the limit."""
    value, unit = _amount(text)
    if unit == "%":
        if value > 100:  # noqa: PLR2004 - percent
            raise ValueError(text)
        return Level(value / 100, of_limit=True)
    return Level(_measure(value, unit))


def slope(text: str) -> float:
    """Read a rise a second: `500/s`, `1MB/s`, `10/min`."""
    amount, _, per = text.partition("/")
    value, unit = _amount(amount)
    return _above(_measure(value, unit) * SECOND / _factor(TIMES, per.strip()))


def rate(text: str) -> tuple[int, float]:
    """Read how often in how many seconds: `3/60s`."""
    often, _, within = text.partition("/")
    return positive(often), duration(within)


def path(text: str) -> str:
    """Read the prefix of file names."""
    if not text or text.endswith("/") or not text.isprintable():
        raise ValueError(text)
    return text


def address(text: str) -> str:
    """Read where log lines go."""
    if text in {"syslog", "journald"}:
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"udp", "tcp"} or not parts.hostname or parts.port is None or parts.path.strip("/"):
        raise ValueError(text)
    _resolvable(parts.hostname)
    return text


def url(text: str) -> str:
    """Read the address of a web server."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or not text.isprintable():
        raise ValueError(text)
    if not text.isascii() or " " in text:
        raise ValueError(text)
    _resolvable(parts.hostname)
    return text


def _resolvable(host: str) -> None:
    """`ValueError` for a name that no resolver can be asked for: an empty label, or one of more than 63 letters."""
    host.encode("idna")


def _measure(value: float, unit: str) -> float:
    """Return a number in the unit of what is watched: bytes, nanoseconds or a count."""
    if unit in TIMES:
        return value * TIMES[unit]
    return value * _factor(SIZES, unit.upper() or "B")


def _amount(text: str) -> tuple[float, str]:
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    return float(match[1]) if "." in match[1] else int(match[1]), match[2]


def _factor(units: dict[str, int], unit: str) -> int:
    if unit not in units:
        raise ValueError(unit)
    return units[unit]


def _above(found: N) -> N:
    if found <= 0:
        raise ValueError(found)
    return found


def _some(found: tuple[T, ...]) -> tuple[T, ...]:
    if not found:
        raise ValueError("empty")
    return found
