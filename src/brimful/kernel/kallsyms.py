"""/proc/kallsyms: which function of the kernel or of a module an address is in.

Without CAP_SYSLOG, or with kernel.kptr_restrict, every address there is 0: then nothing is known, and nothing is said.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

SYMBOLS = "/proc/kallsyms"
MODULES = "/proc/modules"
FUNCTIONS = frozenset(b"tTwW")
LONGEST_FUNCTION = 1 << 16
"""Bytes from a function's begin beyond which an address is in no function that is listed: a module without symbols."""

HOLLOW = 1 << 48
"""No code of a kernel is at lower addresses: those of per-CPU data are shown as small numbers."""


class Kallsyms:
    """The functions of the running kernel, read when first asked for, and again when other modules are loaded."""

    def __init__(self, symbols: str = SYMBOLS, modules: str = MODULES) -> None:
        self._paths = symbols, modules
        self._modules: bytes | None = None
        self._begins: array[int] = array("Q")
        self._starts: array[int] = array("I")
        self._ends: array[int] = array("I")
        self._names = b""

    def shown(self) -> bool:
        """Whether addresses are shown at all."""
        return any(_address(line) >= HOLLOW for line in _lines(self._paths[0]))

    def resolve(self, addresses: Iterable[int]) -> dict[int, str]:
        """Return `function+0x1f`, or `function+0x1f [module]`, for each address that is in a known function."""
        wanted = sorted(set(addresses))
        if wanted:
            self._read()
        return {address: name for address in wanted if (name := self._name(address))}

    def _read(self) -> None:
        modules = _contents(self._paths[1])
        if modules == self._modules:
            return
        self._modules = modules
        begins, starts, names = array("Q"), array("I", [0]), bytearray()
        for line in _lines(self._paths[0]):  # one after the other: all of them at once would take 40 MB
            begin = _address(line)
            if begin >= HOLLOW:
                begins.append(begin)
                names += _named(line)
                starts.append(len(names))
        order = sorted(range(len(begins)), key=begins.__getitem__)  # those of modules come last, at lower addresses
        self._begins = array("Q", (begins[index] for index in order))
        self._starts = array("I", (starts[index] for index in order))
        self._ends = array("I", (starts[index + 1] for index in order))
        self._names = bytes(names)

    def _name(self, address: int) -> str:
        """Return the function of the last symbol at or before an address, none when that is no function."""
        at = bisect_right(self._begins, address) - 1
        if at < 0 or address - self._begins[at] >= LONGEST_FUNCTION:
            return ""
        name, _, module = self._names[self._starts[at] : self._ends[at]].decode("utf-8", "replace").partition("\t")
        return f"{name}+{address - self._begins[at]:#x}{module and f' {module}'}" if name else ""


def _contents(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _lines(path: str) -> Iterator[bytes]:
    with suppress(OSError), Path(path).open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


def _address(line: bytes) -> int:
    try:
        return int(line[: line.find(b" ")], 16)
    except ValueError:
        return 0


def _named(line: bytes) -> bytes:
    """Return `name` or `name<TAB>[module]` of a line `address type name[<TAB>[module]]`; nothing for data."""
    words = line.split(b" ", 2)
    return words[2] if len(words) > 2 and words[1][:1] and words[1][0] in FUNCTIONS else b""  # noqa: PLR2004 - all three
