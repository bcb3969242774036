"""Draws a watch as lines of a terminal: the verdict, a row for each buffer, and what watching costs."""

from textwrap import wrap

from rich.cells import cell_len, set_cell_size

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import whole
from brimful.chain.stage import STAGES
from brimful.evidence.moment import spoken
from brimful.judge import Judgement, Outcome, Verdict
from brimful.watch.host import Host
from brimful.watch.lines import Line, Piece, fit
from brimful.watch.numbers import ASCII_BLOCKS, BLOCKS, ahead, bar, per_second, spark
from brimful.watch.view import Pane, Row, View

COLOUR = {Outcome.VERDICT: "bold red", Outcome.UNDECIDED: "bold yellow", Outcome.HEALTHY: "bold green"}
WORST = (Outcome.VERDICT, Outcome.UNDECIDED, Outcome.HEALTHY)
STATEMENT_LINES = 2
OLD_S = 15.0
"""An answer of the judge that is older than this says so."""
FULL = 0.8
CELLS = 20
NARROWEST_PLACE = 14
MACHINE = "(the machine)"
"""How a place is shown that is all of it."""

COLUMNS = (
    ("stage", 16, 0),
    ("place", 0, 0),
    ("level", 14, 50),
    ("lost/s", 7, 0),
    ("near/s", 7, 72),
    ("full in", 20, 110),
    ("who", 34, 130),
    ("last minute", CELLS + 1, 84),
)
"""Name, width (0: what is left) and the width of the terminal below which a column is left out."""
RIGHT = frozenset(("lost/s", "near/s"))

HELP = (
    ("q", "quit"),
    ("s", "sort by loss, level, time to overflow or name"),
    ("f", "show only rows that contain a text: type it, then Enter; Esc shows all again"),
    ("p, space", "freeze the picture; what is lost meanwhile is counted when it goes on"),
    ("up, down, PgUp, PgDn, Home, End", "select a row"),
    ("d, Enter", "all of the selected row: its counters, where they were read, the judge's reasons"),
    ("Ctrl-Z", "leave the terminal for a while; fg comes back"),
    ("?", "these lines"),
    ("", ""),
    (
        "lost/s",
        "packets a second, over the last five seconds; rows of single sockets stand before their protocol's sum",
    ),
    ("near/s", "near misses a second: nothing is lost yet"),
    ("level", "how full it is, of its limit: the most that was seen in five seconds"),
    ("full in", "when it will be full if it goes on rising, with the range in which that is likely (95 %)"),
    ("last minute", "losses, or near misses where nothing is lost: three seconds for each block, the largest is full"),
)


class Page:
    """One picture of a watch. `title` is the host's name, `foot` what watching costs."""

    def __init__(self, hosts: list[Host], view: View, title: str, *, blocks: bool) -> None:
        self._hosts = hosts
        self._view = view
        self._title = title
        self._blocks = BLOCKS if blocks else ASCII_BLOCKS

    def lines(self, width: int, height: int, clock: str, foot: str) -> list[Line]:
        """Return the lines of a screen of this size."""
        view = self._view
        rows = view.rows([host.board for host in self._hosts])
        top = [self._heading(width, clock), *self._verdict(width)]
        bottom = [_line(foot, width, "dim"), self._prompt(width)]
        room = max(1, height - len(top) - len(bottom))
        body = {Pane.ROWS: self._rows, Pane.DETAILS: self._details, Pane.HELP: self._help}[view.pane](rows, width, room)
        body += [()] * (room - len(body))
        return [_clipped(line, width) for line in (top + body + bottom)[:height]]

    def rows(self) -> list[Row]:
        """Return the rows as they are sorted now."""
        return self._view.rows([host.board for host in self._hosts])

    def _heading(self, width: int, clock: str) -> Line:
        state = " FROZEN" if self._view.frozen else ""
        title = f"brimful watch  {self._title}"
        order = f"by {self._view.order}" + (f", with {self._view.filter!r}" if self._view.filter else "")
        right = f"{order}  {clock}"
        space = max(0, width - len(right) - len(state) - 1)
        return (
            Piece(fit(title, space), "bold"),
            Piece(state, "bold yellow"),
            Piece(fit(f" {right}", width - space - len(state))),
        )

    def _verdict(self, width: int) -> list[Line]:
        judgement, name, age_s = self._worst()
        if judgement is None:
            return [_line("", width)] * STATEMENT_LINES
        text = f"{name}: {judgement.statement}" if name else judgement.statement
        more = len(judgement.verdicts) - 1
        text += f" (and {more} more verdict{'s' if more > 1 else ''})" if more > 0 else ""
        text += f" [as of {spoken(age_s)} ago]" if age_s > OLD_S else ""
        parts = wrap(text, max(10, width), max_lines=STATEMENT_LINES, placeholder=" ...")
        parts += [""] * (STATEMENT_LINES - len(parts))
        return [_line(part, width, COLOUR[judgement.outcome]) for part in parts]

    def _worst(self) -> tuple[Judgement | None, str, float]:
        told = [host for host in self._hosts if host.opinion.judgement is not None]
        for outcome in WORST:
            for host in told:
                judgement = host.opinion.judgement
                if judgement is not None and judgement.outcome is outcome:
                    return judgement, host.board.name, host.board.now_s - host.opinion.asked_s
        return None, "", 0.0

    def _rows(self, rows: list[Row], width: int, room: int) -> list[Line]:
        columns = _columns(width)
        heading = tuple(Piece(_cell(name, name, wide), "bold underline") for name, wide in columns)
        page = room - 1
        chosen = self._view.choose(rows, page)
        first = max(0, min(chosen - page + 1, len(rows) - page)) if chosen >= page else 0
        if not rows:
            said = "no row has that in it" if self._view.filter else "no buffer loses anything or fills up"
            return [heading, _line(f"  {said}", width, "dim")]
        return [
            heading,
            *(
                self._row(row, columns, selected=number == chosen)
                for number, row in enumerate(rows[first : first + page], first)
            ),
        ]

    def _row(self, row: Row, columns: list[tuple[str, int]], *, selected: bool) -> Line:
        buffer, now_s = row.buffer, row.board.now_s
        history = buffer.lost if buffer.lost.total else buffer.near
        texts = {
            "stage": (">" if selected else " ") + buffer.stage,
            "place": row.place or MACHINE,
            "level": bar(buffer.level.share if buffer.level else None),
            "lost/s": per_second(buffer.losing) or (f"({per_second(buffer.lost.total)})" if buffer.lost.total else ""),
            "near/s": per_second(buffer.nearing),
            "full in": ahead(buffer.forecast),
            "who": self._who(row),
            "last minute": spark(history.cells(now_s, CELLS), blocks=self._blocks),
        }
        styles = {
            "stage": "bold" if selected else "",
            "level": "red" if buffer.share >= FULL else "green",
            "lost/s": "bold red" if buffer.losing else "dim",
            "near/s": "yellow",
            "full in": "bold yellow",
            "last minute": "red" if buffer.lost.total else "yellow",
        }
        return tuple(Piece(_cell(name, texts[name], wide), styles.get(name, "")) for name, wide in columns)

    def _who(self, row: Row) -> str:
        """Return the driver or process, and whom a verdict blames."""
        judgement = self._of(row).opinion.judgement
        verdicts = judgement.verdicts if judgement else ()
        owners = [v.owner for v in verdicts if (v.stage, whole(v.place)) == row.buffer.key]
        return ": ".join(filter(None, (*owners[:1], row.buffer.who)))

    def _of(self, row: Row) -> Host:
        return next(host for host in self._hosts if host.board is row.board)

    def _details(self, rows: list[Row], width: int, room: int) -> list[Line]:
        if not rows:
            return [_line("  no row is selected", width, "dim")]
        row = rows[self._view.choose(rows, room)]
        return self._scrolled([_line(text, width, style) for text, style in _about(row, self._of(row), width)], room)

    def _help(self, rows: list[Row], width: int, room: int) -> list[Line]:
        del rows
        return self._scrolled([_line(f"  {keys:<32} {text}" if keys else "", width) for keys, text in HELP], room)

    def _scrolled(self, lines: list[Line], room: int) -> list[Line]:
        self._view.scroll = max(0, min(self._view.scroll, len(lines) - room))
        return lines[self._view.scroll : self._view.scroll + room]

    def _prompt(self, width: int) -> Line:
        if self._view.typing:
            return _line(f"filter: {self._view.filter}_", width, "bold")
        return _line("q quit  s sort  f filter  p freeze  d details  ? help", width, "dim")


def _about(row: Row, host: Host, width: int) -> list[tuple[str, str]]:
    """Return everything there is to say of one row."""
    buffer = row.buffer
    stage = STAGES[buffer.stage]
    said = [(f"{buffer.stage}  {row.place or MACHINE}", "bold"), (f"  {stage.sink}; emptied by {stage.drain}", "")]
    if buffer.who:
        said.append((f"  {buffer.who}", ""))
    if buffer.level:
        meaning = MEANINGS[buffer.level.meaning]
        level = f"{buffer.level.value:,} of {buffer.level.limit:,} {meaning.unit} ({meaning.text})"
        said.append((f"  holds {level}", ""))
    if buffer.forecast:
        said.append((f"  full in {ahead(buffer.forecast)} if it goes on", "bold yellow"))
    said.append(("", ""))
    for series, counter in sorted(buffer.counters.items(), key=lambda item: -item[1].counted):
        readings = host.evidence.readings(series.meaning, place=series.place)
        origin = next((f"  ({r.origin.file})" for r in readings if r.series == series), "")
        said.append((f"  {counter.counted:>14,}  {series.raw}  {series.place}  {series.meaning}{origin}", ""))
    judgement = host.opinion.judgement
    for verdict in judgement.verdicts if judgement else ():
        if (verdict.stage, whole(verdict.place)) == buffer.key:
            said += _verdict(verdict, width)
    return said


def _verdict(verdict: Verdict, width: int) -> list[tuple[str, str]]:
    said = [("", ""), (f"owner {verdict.owner}, confidence {verdict.confidence} ({verdict.rule})", "bold red")]
    labelled = [
        ("because", [exhibit.text for exhibit in verdict.because]),
        ("against", [exhibit.text for exhibit in verdict.against]),
        ("doubts", list(verdict.doubts)),
        ("do", [f"{do.text}  {do.command}" + ("  (temporary)" if do.temporary else "") for do in verdict.do]),
    ]
    for label, texts in labelled:
        for number, text in enumerate(texts):
            for part, line in enumerate(wrap(text, max(20, width - 12))):
                said.append((f"  {label if not number and not part else '':<9} {line}", ""))
    return said


def _clipped(line: Line, width: int) -> Line:
    """Leave out what a narrow terminal has no room for."""
    kept: list[Piece] = []
    for piece in line:
        left = width - sum(cell_len(one.text) for one in kept)
        if left > 0:
            kept.append(piece if cell_len(piece.text) <= left else Piece(set_cell_size(piece.text, left), piece.style))
    return tuple(kept)


def _columns(width: int) -> list[tuple[str, int]]:
    kept = [(name, wide) for name, wide, least in COLUMNS if width >= least]
    left = max(NARROWEST_PLACE, width - sum(wide for _, wide in kept))
    return [(name, wide or left) for name, wide in kept]


def _cell(name: str, text: str, width: int) -> str:
    """Return a cell with a blank at its end."""
    return fit(text, width - 1, right=name in RIGHT) + " "


def _line(text: str, width: int, style: str = "") -> Line:
    return (Piece(fit(text, width), style),)
