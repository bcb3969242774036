"""Print the keys of a scenario from their types: `python -m docs.scenario`."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from docs.generate import table
from msgspec import inspect

from brimful.simulate.scenario import Scenario, Section

NUMBERS = (inspect.IntType, inspect.FloatType)
PLAIN: dict[Any, str] = {inspect.BoolType: "`true` or `false`", inspect.StrType: "text", inspect.DictType: "a table"}


def main() -> None:
    """Print a table for each section, in the order of the file."""
    lines = list(section("", Scenario))
    print("\n".join(lines))  # noqa: T201 - what it is for


def section(name: str, of: type[Section]) -> Iterator[str]:
    """Yield the lines of a section, and those of the sections in it."""
    fields: Any = inspect.type_info(of).fields  # type: ignore[attr-defined]
    keys = [field for field in fields if isinstance(field.type, inspect.Metadata)]
    inner = [(field.name, found) for field in fields if (found := _section(of, field.name)) is not None]
    about = (of.__doc__ or "").split("\n")[0]
    if name:
        yield from (f"## [{name}]", "", about, "")
    yield from table(
        ("key", "what it may be", "default", "what it is"),
        ((f"`{key.name}`", " or ".join(_what(key.type)), _default(key), _about(key.type)) for key in keys),
    )
    yield ""
    for key, found in inner:
        yield from section(f"{name}.{key}".lstrip("."), found)


def _section(of: type[Section], name: str) -> type[Section] | None:
    """Return the section that a key stands for; None for a plain key."""
    hint = get_type_hints(of)[name]
    for found in (hint, *get_args(hint)):
        if isinstance(found, type) and get_origin(found) is None and issubclass(found, Section):
            return found
    return None


def _what(kind: Any) -> Iterator[str]:
    if isinstance(kind, inspect.Metadata):
        yield from _what(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _what(one)
    elif isinstance(kind, inspect.LiteralType):
        yield from (f"`{msgspec.json.encode(value).decode()}`" for value in kind.values)
    elif isinstance(kind, NUMBERS):
        yield _number(kind)
    elif not isinstance(kind, inspect.NoneType):
        yield PLAIN[type(kind)]


def _number(kind: Any) -> str:
    bounds = (("from", kind.ge), ("above", kind.gt), ("up to", kind.le), ("below", kind.lt))
    words = [f"{word} {bound:,.15g}" for word, bound in bounds if bound is not None]
    return " ".join(("a whole number" if isinstance(kind, inspect.IntType) else "a number", *words))


def _default(key: Any) -> str:
    value = key.default
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"`{value:_.15g}`" if isinstance(value, float) else f"`{value:_}`"
    return "" if value is None or value == "" else f"`{msgspec.json.encode(value).decode()}`"


def _about(kind: Any) -> str:
    return str((kind.extra_json_schema or {}).get("description", ""))


if __name__ == "__main__":
    main()
