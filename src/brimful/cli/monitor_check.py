"""`brimful monitor check`: what is wrong or doubtful in a configuration."""

import sys

import click
import msgspec

from brimful.cli.options import refuse
from brimful.monitor.asic import CHIPS, QUEUE_KINDS, lows
from brimful.monitor.conf import Faulty, Written, written
from brimful.monitor.cost import Cost
from brimful.monitor.finding import Severity
from brimful.monitor.group import Group
from brimful.monitor.lint import Report, lint


class Ranges(msgspec.Struct, frozen=True):
    """The lower bounds of one histogram of a group; in cells of `cell` bytes where these matter."""

    group: str
    cell: int | None
    lows: tuple[int, ...]


@click.command(name="check")
@click.argument("file", metavar="FILE")
@click.option(
    "--cell",
    type=click.Choice([str(cell) for cell in CHIPS]),
    help="Bytes of a cell of the switch: 96 is Spectrum-1, 144 Spectrum-2 and 3, 192 Spectrum-4. Default: all.",
)
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object and nothing else.")
def command(file: str, cell: str | None, as_object: bool) -> None:
    """Say what is wrong or doubtful in a configuration, and what it costs.

    A problem does not do what is written; a remark does it otherwise than one may think.
    """
    try:
        found = written(file)
    except Faulty as why:
        refuse(str(why).replace("\n", "\nbrimful: "))
    cells = (int(cell),) if cell else tuple(CHIPS)
    report = lint(found, cells)
    ranges = [one for group in found.config.groups.values() for one in _ranges(group, cells)]
    click.echo(_object(found, report, ranges) if as_object else _text(found, report, ranges))
    sys.exit(1 if report.findings else 0)


def _ranges(group: Group, cells: tuple[int, ...]) -> list[Ranges]:
    if not group.stat_type.startswith("histogram"):
        return []
    if group.stat_type not in QUEUE_KINDS:
        return [Ranges(group.name, None, one) for one in lows(group, 1)]
    return [Ranges(group.name, cell, one) for cell in cells for one in lows(group, cell)]


def _object(found: Written, report: Report, ranges: list[Ranges]) -> str:
    known = {
        "file": found.file,
        "problems": report.count(Severity.PROBLEM),
        "remarks": report.count(Severity.REMARK),
        "findings": report.findings,
        "groups": report.costs,
        "ranges": ranges,
    }
    return msgspec.json.format(msgspec.json.encode(known), indent=2).decode()


def _text(found: Written, report: Report, ranges: list[Ranges]) -> str:
    problems, remarks = report.count(Severity.PROBLEM), report.count(Severity.REMARK)
    lines = [f"{found.file}: {_number(problems, 'problem')}, {_number(remarks, 'remark')}"]
    for one in report.findings:
        where = f"{found.file}:{one.line}" if one.line else found.file
        lines.append(f"{where}: {one.severity}: {one.key}: {one.what}")
    for cost in report.costs:
        lines += ["", f"{cost.group}: {_cost(cost)}"]
        lines += [f"  {_told(one)}" for one in ranges if one.group == cost.group]
    return "\n".join(lines)


def _told(ranges: Ranges) -> str:
    ends = [
        *(f"{low}:{high - 1}" for low, high in zip(ranges.lows, ranges.lows[1:], strict=False)),
        f"{ranges.lows[-1]}:*",
    ]
    return f"{f'{CHIPS[ranges.cell]}: ' if ranges.cell else ''}{' '.join(ends)}"


def _cost(cost: Cost) -> str:
    """Return what a group costs as one sentence; what hangs on the ports only where they are known."""
    said = ["never read" if cost.every_s is None else f"read every {cost.every_s:g} s at most"]
    if cost.queues is not None:
        said.append(f"{_number(cost.queues, 'histogram')} of {_number(cost.ports or 0, 'port')}")
    if cost.numbers is not None:
        said.append(f"{_number(cost.numbers, 'number')} a reading")
    if cost.ports is None:
        said.append("how many ports these are, only the machine knows")
    if cost.file_bytes is not None:
        size = f"a snapshot takes {_bytes(cost.file_bytes)}{'' if cost.measured else ' (estimated)'}"
        said.append(f"{size}, the ring {_bytes(cost.ring_bytes or 0)}")
    if cost.ring_s is not None:
        said.append(f"the ring holds the last {cost.ring_s:g} s")
    if cost.day_bytes is not None:
        said.append(f"{_bytes(cost.day_bytes)} are written a day at most")
    return "; ".join(said)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _bytes(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.2g} {unit}" if count < 10 * size else f"{count / size:,.0f} {unit}"
    return f"{count} bytes"
