"""Draws a report for a person: the answer first, then the reasons, the doubts, what to do, the chain and the ledger."""

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from brimful.chain.place import whole
from brimful.cli.report import Machine, span, unmapped
from brimful.compare import Effect, Result
from brimful.evidence.accounts import accounts
from brimful.evidence.ledger import Loss, losses, unexplained
from brimful.evidence.moment import spoken
from brimful.evidence.origin import Exhibit, Origin
from brimful.judge import Judgement, Outcome, Sink, Verdict
from brimful.rules import Collect, Treatment

COLOUR = {Outcome.VERDICT: "bold red", Outcome.UNDECIDED: "bold yellow", Outcome.HEALTHY: "bold green"}
EFFECT = {
    Result.WORKED: ("The treatment worked", "bold green"),
    Result.HELPED: ("The treatment helped", "bold yellow"),
    Result.UNCHANGED: ("The treatment changed nothing", "bold red"),
    Result.WORSE: ("It has become worse", "bold red"),
    Result.NOT_SHOWN: ("Whether the treatment worked is not shown", "bold yellow"),
}
BAR = 8
LEDGER_ROWS = 12
BLIND_ROWS = 6
LABEL = 9
ORIGIN = 28
NARROW = 72
"""Columns below which the origins get no column of their own."""
NUMBERS = ("lost", "near", "passed", "window")
"""Columns of the ledger that stand at the right."""


def draw(console: Console, machines: list[Machine], *, show_unread: bool) -> None:
    """Print the report of every machine."""
    for number, machine in enumerate(machines):
        if number:
            console.rule(style="dim")
        body = _machine(machine, named=len(machines) > 1, narrow=console.width < NARROW, show_unread=show_unread)
        console.print(body, soft_wrap=False)


def _machine(machine: Machine, *, named: bool, narrow: bool, show_unread: bool) -> Group:
    judgement = machine.judgement
    parts: list[RenderableType] = [Text("")]
    if named:
        parts.append(
            Text(f"{machine.name} ({', '.join(root.path or root.kind for root in machine.roots)})", style="bold")
        )
    parts += _effects(machine.effects)
    if judgement.verdicts:
        for verdict in judgement.verdicts:
            parts += [_verdict(verdict, machine, narrow=narrow), Text("")]
    else:
        parts += [Text(judgement.statement, style=COLOUR[judgement.outcome]), Text("")]
        if judgement.outcome is Outcome.UNDECIDED and judgement.opens:
            parts += [_undecided(judgement, narrow=narrow), Text("")]
    parts += [
        *_notes(judgement),
        _chain(judgement.chain),
        Text(""),
        *_ledger(machine),
        *_accounts(machine),
        *_foot(machine, show_unread=show_unread),
    ]
    return Group(*parts)


def _effects(effects: tuple[Effect, ...]) -> list[RenderableType]:
    """Say what became of the verdicts of an earlier report."""
    lines: list[RenderableType] = []
    for effect in effects:
        where = f"{effect.stage} {effect.place}".strip()
        head = Text(EFFECT[effect.result][0], style=EFFECT[effect.result][1])
        lines.append(Text.assemble(head, f": {where}: {effect.text}."))
    return [*lines, Text("")] if lines else []


def _verdict(verdict: Verdict, machine: Machine, *, narrow: bool) -> RenderableType:
    head = Table.grid(expand=True, padding=(0, 2))
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_row(
        Text(verdict.statement, style=COLOUR[Outcome.VERDICT]), Text(f"confidence: {verdict.confidence}", style="bold")
    )
    times = span(machine.evidence)
    window = (
        f"   {times[0]} to {times[1]}" if times and times[0].ns != times[1].ns else f"   at {times[0]}" if times else ""
    )
    place = f"   place {verdict.place}" if verdict.place else ""
    identity = Text(f"owner {verdict.owner}   stage {verdict.stage}{place}{window}", style="dim")
    body = _grid(narrow=narrow)
    _exhibits(body, "because", verdict.because)
    if verdict.against:
        _exhibits(body, "against", verdict.against)
    else:
        body.add_row(_label("against"), Text("nothing"))
    _lines(body, "doubts", [Text(doubt) for doubt in verdict.doubts])
    _lines(body, "do", [_do(do) for do in verdict.do])
    _lines(body, "collect", [_collect(collect) for collect in verdict.collect])
    return Group(head, identity, Text(""), body)


def _undecided(judgement: Judgement, *, narrow: bool) -> RenderableType:
    body = _grid(narrow=narrow)
    for finding in judgement.opens:
        if finding.statement != judgement.statement:
            body.add_row(_label("also"), Text(finding.statement))
        _exhibits(body, "because", finding.because)
        _lines(body, "doubts", [Text(doubt) for doubt in finding.doubts])
    collects = dict.fromkeys(collect for finding in judgement.opens for collect in finding.collect)
    _lines(body, "collect", [_collect(collect) for collect in collects])
    return body


def _grid(*, narrow: bool = True) -> Table:
    """Return a table of labels and texts; unless `narrow`, with a third column for where a text comes from."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=LABEL, no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    if not narrow:
        table.add_column(style="dim", overflow="ellipsis", no_wrap=True, max_width=ORIGIN, justify="right")
    return table


def _label(text: str) -> Text:
    return Text(text, style="bold")


def _exhibits(table: Table, label: str, exhibits: Iterable[Exhibit]) -> None:
    """Add exhibits; where the table has no column for it, the origin stands in brackets behind the text."""
    for number, exhibit in enumerate(exhibits):
        cells = [_label("" if number else label), Text(exhibit.text)]
        if len(table.columns) > len(cells):
            cells.append(_where(exhibit.origin))
        elif exhibit.origin is not None:
            cells[1].append(f" ({exhibit.origin.short})", style="dim")
        table.add_row(*cells)


def _where(origin: Origin | None) -> Text:
    """The file's own name and the line; JSON has the whole path. A long name gives way, never the line."""
    if origin is None:
        return Text("")
    short = origin.short
    if len(short) > ORIGIN:
        line = f":{origin.line}" if origin.line else ""
        short = f"{short[: ORIGIN - len(line) - 3]}...{line}"
    return Text(short)


def _lines(table: Table, label: str, lines: list[Text]) -> None:
    for number, line in enumerate(lines):
        table.add_row(_label("" if number else label), line)


def _do(do: Treatment) -> Text:
    text = Text(do.text)
    if do.command:
        text.append(f"  {do.command}", style="cyan")
    if do.temporary:
        text.append("  (temporary)", style="yellow")
    return text


def _collect(collect: Collect) -> Text:
    return Text(f"{collect.text}: ").append(collect.command, style="cyan") if collect.command else Text(collect.text)


def _notes(judgement: Judgement) -> list[RenderableType]:
    if not judgement.notes:
        return []
    table = _grid()
    _lines(table, "note", [Text(note) for note in judgement.notes])
    return [table, Text("")]


def _chain(chain: tuple[Sink, ...]) -> Text:
    """Draw a row of sinks, each with how full it was and what it lost; `?` where nothing is known."""
    row = Text()
    for number, sink in enumerate(chain):
        if number:
            row.append(" -> ", style="dim")
        row.append(f"{sink.stage} ")
        if not sink.known:
            row.append("?", style="dim")
            continue
        filled = (
            0
            if not (sink.lost or sink.level)
            else BAR
            if sink.level is None
            else max(1, min(BAR, round(BAR * sink.level)))
        )
        row.append("#" * filled, style="red").append("." * (BAR - filled), style="green")
        row.append(f" {sink.lost:,} lost" if sink.lost else " 0", style="red" if sink.lost else "")
    return row


def _ledger(machine: Machine) -> list[RenderableType]:
    rows = losses(machine.evidence)
    rest = unexplained(machine.evidence)
    if not rows and not rest:
        return []
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for name in ("stage", "place", "lost", "near", "passed", "window", "counter"):
        table.add_column(name, justify="right" if name in NUMBERS else "left", overflow="fold")
    for loss in rows[:LEDGER_ROWS]:
        table.add_row(*_ledger_row(loss))
    for line in rest:
        seconds = f"{line.seconds:.1f} s" if line.seconds else ""
        table.add_row(
            "unexplained",
            line.place,
            f"{line.packets:,}",
            "",
            "",
            seconds,
            f"between {line.between[0]} and {line.between[1]}",
        )
    parts: list[RenderableType] = [table]
    if len(rows) > LEDGER_ROWS:
        parts.append(Text(f"... and {len(rows) - LEDGER_ROWS} more counters (--json has them all)", style="dim"))
    return [*parts, Text("")]


def _accounts(machine: Machine) -> list[RenderableType]:
    """Print the accounts in which something is lost, or more than a handful left over; `--json` has them all."""
    lines: list[RenderableType] = []
    for account in accounts(machine.evidence):
        if account.losses or not account.even:
            lost = "".join(f" + {entry.packets:,} {entry.counter}" for entry in account.losses)
            text = f"{account.place}: {account.arrived:,} arrived = {account.delivered:,} delivered{lost}"
            sign = "-" if account.unexplained < 0 else "+"
            lines.append(Text(f"{text} {sign} {abs(account.unexplained):,} unexplained"))
    return [*lines, Text("")] if lines else []


def _ledger_row(loss: Loss) -> tuple[str, ...]:
    if loss.lifetime:
        window = "since cleared" if loss.age_seconds is None else f"up to {spoken(loss.age_seconds)}"
    else:
        window = f"{loss.seconds:.1f} s" if loss.seconds else "between samples"
    return (
        loss.stage,
        loss.place,
        f"{loss.lost:,}" if loss.lost else "",
        f"{loss.near_missed:,}" if loss.near_missed else "",
        f"{loss.passed:,}" if loss.passed is not None else "",
        window,
        loss.counter,
    )


def _foot(machine: Machine, *, show_unread: bool) -> list[RenderableType]:
    evidence = machine.evidence
    parts: list[RenderableType] = []
    table = _grid()
    for number, blind in enumerate(evidence.blind[:BLIND_ROWS]):
        table.add_row(_label("" if number else "not seen"), Text(str(blind)))
    if len(evidence.blind) > BLIND_ROWS:
        table.add_row(
            "", Text(f"... and {len(evidence.blind) - BLIND_ROWS} more (--json has them all)", style="dim"), ""
        )
    unknown = unmapped(evidence)
    if unknown:
        named = ", ".join(f"{whole(fact.place)} {fact.value}" for fact in unknown[:BLIND_ROWS])
        more = " ..." if len(unknown) > BLIND_ROWS else ""
        table.add_row(_label("no map"), Text(f"counters that no map explains: {named}{more}"))
    if evidence.unread:
        hint = "" if show_unread else " (--unread shows them)"
        table.add_row(_label("unread"), Text(f"{len(evidence.unread):,} of {evidence.lines:,} lines{hint}"))
    parts.append(table)
    if show_unread:
        parts += [
            Padding(Text(f"{line.origin}: {line.why}: {line.origin.raw}"), (0, 0, 0, LABEL + 2))
            for line in evidence.unread
        ]
    return parts
