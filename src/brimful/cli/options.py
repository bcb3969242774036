"""What the commands share: durations, the sources' catalogue and one line for unusable input."""

import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import click

from brimful.roots.catalog import Catalog
from brimful.sources import SOURCES

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST = 40
"""Columns to draw for at least."""
LONGEST_S = 7 * 24 * 3600.0
"""What is watched stays in memory."""


class Duration(click.ParamType[float]):
    """Seconds, as `10s`, `500ms`, `2min` or a bare number."""

    name = "duration"
    units = {"ms": 0.001, "s": 1.0, "": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
    least = "1ms"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds; a usage error for anything else."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", str(value).strip(), re.ASCII)
        if match is None or match[2] not in self.units:
            self.fail(f"{value!r} is not a duration such as 10s, 500ms or 2min", param, ctx)
        seconds = float(match[1]) * self.units[match[2]]
        if not 0 < seconds <= LONGEST_S:
            self.fail(f"{value!r} is not between {self.least} and 168h", param, ctx)
        return seconds


class Offset(click.ParamType[int]):
    """Seconds east of UTC, as `+02:00`, `-5` or `-0500`."""

    name = "offset"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return seconds; a usage error for anything else."""
        match = re.fullmatch(r"([+-]?)(\d{1,2}):?(\d\d)?", str(value).strip(), re.ASCII)
        if match is None or int(match[2]) > 14 or int(match[3] or 0) > 59:  # noqa: PLR2004 - hours and minutes
            self.fail(f"{value!r} is not an offset from UTC such as -05:00", param, ctx)
        return (-1 if match[1] == "-" else 1) * (int(match[2]) * 3600 + int(match[3] or 0) * 60)


def catalog() -> Catalog:
    """Return what the sources ask for and how their texts look."""
    return Catalog([((*source.requests, *source.beside), source.looks_like) for source in SOURCES])


def requests(answers: Callable[[str], bool]) -> tuple[str, ...]:
    """Return every request that a root answers, once: of those that are forms of one thing, the first."""
    known = [
        [request for request in source.requests if answers(request)][: 1 if source.one_of else None]
        for source in SOURCES
    ]
    return tuple(dict.fromkeys(request for part in known for request in part))


def screen() -> "Console":
    """Return what to draw on, as wide as the terminal but never without any width, as `COLUMNS=0` asks."""
    from rich.console import Console

    console = Console(highlight=False)
    console.width = max(console.width, NARROWEST)
    return console


def refuse(why: object) -> NoReturn:
    """End with one line on standard error and status 2."""
    click.echo(f"brimful: {why}", err=True)
    sys.exit(2)
