"""Reads what `sonic-db-dump` prints: the keys of a Redis database of SONiC, each a table of names and texts.

The dump is JSON: `{KEY: {"type": "hash", "value": {FIELD: TEXT}}}`. Two other forms hold the same: `{KEY: {FIELD: TEXT}}`,
and the configuration as SONiC keeps it on disk, `{TABLE: {NAME: {FIELD: TEXT}}}`, whose keys are `TABLE|NAME`.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

Fields = dict[str, str]

_LINE = re.compile(r'\s*"(?P<name>(?:[^"\\]|\\.)*)"\s*:\s*(?P<rest>.*)')
_WRAPPED = "value"


class Dump:
    """The tables of one dump; `line` tells where a field stands, 0 where lines mean nothing."""

    def __init__(self, lines: list[str]) -> None:
        """Read it; `ValueError` when it is not such a dump."""
        try:
            found = msgspec.json.decode("\n".join(lines), type=dict[str, object])
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(f"not JSON: {error}") from error
        self.tables = dict(_tables(found))
        self._text = lines
        self._lines: dict[tuple[str, str], int] | None = None

    def table(self, key: str) -> Fields:
        """Return the fields of a key; none when it is not there."""
        return self.tables.get(key, {})

    def below(self, separator: str, *tables: str) -> Iterator[tuple[str, str, Fields]]:
        """Yield table, rest of the key and fields of each key `TABLE:REST` (`|` in databases of configuration)."""
        for key, fields in self.tables.items():
            table, _, rest = key.partition(separator)
            if rest and table in tables:
                yield table, rest, fields

    def line(self, key: str, field: str) -> int:
        """Return the number of the line that holds a field, from 1."""
        if self._lines is None:
            self._lines = dict(_numbered(self._text))
        return self._lines.get((key, field), 0)


def _tables(found: dict[str, object]) -> Iterator[tuple[str, Fields]]:
    for key, value in found.items():
        if not isinstance(value, dict):
            continue
        inner = value.get(_WRAPPED)
        if isinstance(inner, dict):
            yield key, _texts(inner)
        elif value and all(isinstance(one, dict) for one in value.values()):
            for name, fields in value.items():
                yield f"{key}|{name}", _texts(fields)
        else:
            yield key, _texts(value)


def _texts(fields: dict[str, object]) -> Fields:
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _numbered(lines: Iterable[str]) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield key and field of each line that holds one field, as indented JSON has them."""
    inside: list[str] = []
    for number, line in enumerate(lines, 1):
        match = _LINE.match(line)
        if match is None:
            if line.lstrip().startswith("}") and inside:
                inside.pop()
        elif match["rest"].rstrip() in {"{", ""}:
            inside.append(match["name"])
        elif not match["rest"].startswith("{"):
            yield ("|".join(name for name in inside if name != _WRAPPED), match["name"]), number
