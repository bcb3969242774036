"""BTF: the types of the running kernel (Documentation/bpf/btf.rst), from /sys/kernel/btf.

Sizes of structs, offsets of their members and values of enums differ between kernels and builds: here they are those of
the kernel that runs. A module's BTF goes on where the kernel's ends, in type numbers and in strings.
"""

import struct
from array import array
from collections.abc import Iterator
from pathlib import Path

KERNEL = "vmlinux"
FOLDER = "/sys/kernel/btf"

MAGIC = 0xEB9F
STRUCT, UNION, ENUM, TYPEDEF, VOLATILE, CONST, RESTRICT, ENUM64, TYPE_TAG = 4, 5, 6, 8, 9, 10, 11, 19, 18
_RECORDS = frozenset((STRUCT, UNION))
_ENUMS = frozenset((ENUM, ENUM64))
_NAMELESS = frozenset((TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG))
"""Kinds that stand before a type without changing its layout."""

# bytes after the head of a type: so many, and so many for each of its members
_FIXED = {1: 4, 3: 12, 14: 4, 17: 4}
_EACH = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
_KINDS = 32
_MOST_DEPTH = 8

_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")
_MEMBER = struct.Struct("<III")
_ENUMERATOR = struct.Struct("<Ii")
_ENUMERATOR64 = struct.Struct("<III")


class BtfError(Exception):
    """There is no BTF, it cannot be read, or has no such type or member: one line."""


class Btf:
    """The types of the kernel, or of one module (`base` is then the kernel's)."""

    def __init__(self, data: bytes, base: "Btf | None" = None) -> None:
        try:
            magic, _, _, head, types, types_bytes, strings, strings_bytes = _HEADER.unpack_from(data)
            if magic != MAGIC:
                raise BtfError("this is no BTF of a little-endian machine")
            self._base = base
            self._data = data
            self._strings = data[head + strings : head + strings + strings_bytes]
            self._first_string = base.end_of_strings if base else 0
            self._first_type = base.end_of_types if base else 1
            self._at = _offsets(data, head + types, head + types + types_bytes)
        except struct.error as error:
            raise BtfError("BTF is cut short") from error

    @property
    def end_of_strings(self) -> int:
        """Offset at which a module's strings begin."""
        return self._first_string + len(self._strings)

    @property
    def end_of_types(self) -> int:
        """Number of a module's first type."""
        return self._first_type + len(self._at)

    def size(self, name: str) -> int:
        """Return the bytes of a struct."""
        return self._record(name)[1]

    def offset(self, name: str, *path: str) -> int:
        """Return at which byte of a struct a member is; of a member of that member, and so on. Bit fields have none."""
        number, total = self._numbered(name), 0
        for member in path:
            found = self._member(number, member)
            if found is None:
                raise BtfError(f"struct {name} of this kernel has no member {'.'.join(path)}")
            bits, number = found
            if bits % 8:
                raise BtfError(f"member {'.'.join(path)} of struct {name} is a bit field")
            total += bits // 8
        return total

    def enum(self, name: str) -> dict[str, int]:
        """Return the values of an enum by their names."""
        for at, kind, count, _ in self._named(name):
            if kind in _ENUMS:
                return dict(self._enumerators(at, kind, count))
        raise BtfError(f"this kernel has no enum {name}")

    def _enumerators(self, at: int, kind: int, count: int) -> Iterator[tuple[str, int]]:
        for index in range(count):
            if kind == ENUM:
                text, value = _ENUMERATOR.unpack_from(self._data, at + 12 + index * 8)
            else:
                text, low, high = _ENUMERATOR64.unpack_from(self._data, at + 12 + index * 12)
                value = high << 32 | low
            yield self._text(text), value

    def _record(self, name: str) -> tuple[int, int]:
        for at, kind, _, size in self._named(name):
            if kind in _RECORDS:
                return at, size
        raise BtfError(f"this kernel has no struct {name}")

    def _numbered(self, name: str) -> int:
        at, _ = self._record(name)
        return self._first_type + self._at.index(at)

    def _named(self, name: str) -> Iterator[tuple[int, int, int, int]]:
        """Yield offset, kind, number of members and size of the types that have a name."""
        wanted = self._offset_of(name)
        if wanted is None:
            return
        word = struct.pack("<I", wanted)
        for at in self._at:
            if self._data[at : at + 4] == word:
                yield at, *self._head(at)

    def _offset_of(self, text: str) -> int | None:
        """Return the offset that stands for a string, None when no type can have that name."""
        found = self._strings.find(b"\0" + text.encode() + b"\0")
        if found >= 0:
            return self._first_string + found + 1
        return self._base._offset_of(text) if self._base else None  # noqa: SLF001 - the same class

    def _head(self, at: int) -> tuple[int, int, int]:
        _, info, size = _TYPE.unpack_from(self._data, at)
        return info >> 24 & 0x1F, info & 0xFFFF, size

    def _member(self, number: int, name: str, depth: int = 0) -> tuple[int, int] | None:
        """Return the bit offset and type of a member of a type, also of nameless structs and unions inside."""
        if number < self._first_type:
            return self._base._member(number, name, depth) if self._base else None  # noqa: SLF001 - the same class
        if number >= self.end_of_types:
            raise BtfError("BTF names a type that it does not have")
        at = self._at[number - self._first_type]
        kind, count, target = self._head(at)
        if kind in _NAMELESS and depth < _MOST_DEPTH:
            return self._member(target, name, depth + 1)
        return self._inside(at, count, name, depth) if kind in _RECORDS else None

    def _inside(self, at: int, count: int, name: str, depth: int) -> tuple[int, int] | None:
        bit_fields = _TYPE.unpack_from(self._data, at)[1] >> 31
        for index in range(count):
            text, target, offset = _MEMBER.unpack_from(self._data, at + 12 + index * 12)
            bits = offset & 0xFFFFFF if bit_fields else offset
            label = self._text(text)
            if label == name:
                return bits, target
            if not label and depth < _MOST_DEPTH and (inner := self._member(target, name, depth + 1)):
                return bits + inner[0], inner[1]
        return None

    def _text(self, offset: int) -> str:
        if offset < self._first_string and self._base:
            return self._base._text(offset)  # noqa: SLF001 - the same class
        start = offset - self._first_string
        end = self._strings.find(b"\0", start)
        if end < 0:
            raise BtfError("BTF names a string that it does not have")
        return self._strings[start:end].decode("utf-8", "replace")


def _offsets(data: bytes, start: int, end: int) -> "array[int]":
    """Return where each type begins."""
    found = array("I")
    each = [_EACH.get(kind, 0) for kind in range(_KINDS)]
    fixed = [12 + _FIXED.get(kind, 0) for kind in range(_KINDS)]
    unpack = struct.Struct("<I").unpack_from
    at = start
    if end > len(data):
        raise BtfError("BTF is cut short")
    while at < end:
        found.append(at)
        (info,) = unpack(data, at + 4)
        kind = info >> 24 & 0x1F
        at += fixed[kind] + each[kind] * (info & 0xFFFF)
    if at > len(data):
        raise BtfError("BTF is cut short")
    return found


def kernel(folder: str = FOLDER) -> Btf:
    """Return the types of the running kernel; `BtfError` where it has none (CONFIG_DEBUG_INFO_BTF)."""
    return Btf(_read(folder, KERNEL))


def module(name: str, base: Btf, folder: str = FOLDER) -> Btf:
    """Return the types of a loaded module; `BtfError` where there is none of that name."""
    return Btf(_read(folder, name), base)


def modules(folder: str = FOLDER) -> list[str]:
    """Return the modules that have types of their own."""
    try:
        return sorted(entry.name for entry in Path(folder).iterdir() if entry.name != KERNEL)
    except OSError:
        return []


def _read(folder: str, name: str) -> bytes:
    path = Path(folder, name)
    try:
        return path.read_bytes()
    except OSError as error:
        raise BtfError(f"{path}: {error.strerror}") from error
