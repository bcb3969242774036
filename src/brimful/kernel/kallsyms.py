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


class _Symbols:
    """Addresses with the names of functions, as small as can be: a kernel has more than 100,000."""

    def __init__(self) -> None:
        self._begins: array[int] = array("Q")
        self._ends: array[int] = array("I")
        self._names = bytearray()

    def add(self, begin: int, name: bytes) -> None:
        """Take in one symbol; what is no function has no name, and bounds the one before."""
        self._begins.append(begin)
        self._names += name
        self._ends.append(len(self._names))

    def ordered(self) -> "_Symbols":
        """Return the same by address."""
        found = _Symbols()
        for at in sorted(range(len(self._begins)), key=self._begins.__getitem__):
            found.add(self._begins[at], self._at(at))
        return found

    def name(self, address: int) -> str:
        """Return the function of the last symbol at or before an address, none when that is no function."""
        at = bisect_right(self._begins, address) - 1
        if at < 0 or address - self._begins[at] >= LONGEST_FUNCTION:
            return ""
        name, _, module = self._at(at).decode("utf-8", "replace").partition("\t")
        return f"{name}+{address - self._begins[at]:#x}{module and f' {module}'}" if name else ""

    def _at(self, index: int) -> bytes:
        return bytes(self._names[self._ends[index - 1] if index else 0 : self._ends[index]])


class Kallsyms:
    """The functions of the running kernel, read when first asked for, and again when other modules are loaded."""

    def __init__(self, symbols: str = SYMBOLS, modules: str = MODULES) -> None:
        self._paths = symbols, modules
        self._modules: bytes | None = None
        self._symbols: tuple[_Symbols, ...] = ()

    def shown(self) -> bool:
        """Whether addresses are shown at all."""
        return any(_address(line) >= HOLLOW for line in _lines(self._paths[0]))

    def resolve(self, addresses: Iterable[int]) -> dict[int, str]:
        """Return `function+0x1f`, or `function+0x1f [module]`, for each address that is in a known function."""
        wanted = sorted(set(addresses))
        if wanted:
            self._read()
        return {at: name for at in wanted for symbols in self._symbols if (name := symbols.name(at))}

    def _read(self) -> None:
        """Read those of the kernel, which come by address, and those of modules, which do not."""
        modules = _contents(self._paths[1])
        if modules == self._modules:
            return
        self._modules = modules
        own, others = _Symbols(), _Symbols()
        for line in _lines(self._paths[0]):  # one after the other: all of them at once would take 40 MB
            begin = _address(line)
            if begin >= HOLLOW:
                (others if line.endswith(b"]") else own).add(begin, _named(line))
        self._symbols = own, others.ordered()


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
