"""What is to be seen of a watch and how keys change that: order, filter, the selected row, freezing."""

from enum import StrEnum
from math import inf, log2

from brimful.watch.board import Board, Buffer

LONGEST_FILTER = 60


class Order(StrEnum):
    """What rows are sorted by."""

    LOSS = "loss"
    LEVEL = "level"
    TIME = "time to overflow"
    NAME = "name"


class Pane(StrEnum):
    """What stands below the verdict."""

    ROWS = "rows"
    DETAILS = "details"
    HELP = "help"


class Row:
    """One buffer of one host."""

    __slots__ = ("board", "buffer")

    def __init__(self, board: Board, buffer: Buffer) -> None:
        self.board = board
        self.buffer = buffer

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others."""
        return self.board.name, *self.buffer.key

    @property
    def place(self) -> str:
        """Where it is, with the namespace where there are several."""
        return f"{self.board.name}: {self.buffer.place}" if self.board.name else self.buffer.place


class View:
    """The state of the screen."""

    def __init__(self) -> None:
        self.order = Order.LOSS
        self.filter = ""
        self.typing = False
        self.frozen = False
        self.pane = Pane.ROWS
        self.quits = False
        self.selected: tuple[str, str, str] | None = None
        self.scroll = 0
        self._place = 0
        self._page = 1

    def rows(self, boards: list[Board]) -> list[Row]:
        """Return the rows that pass the filter, worst first, sums of single sockets behind these."""
        found = [Row(board, buffer) for board in boards for buffer in board.buffers.values()]
        words = self.filter.lower().split()
        if words:
            found = [row for row in found if all(word in _text(row) for word in words)]
        parts = {
            (row.board.name, row.buffer.stage, row.buffer.place.partition(" ")[0])
            for row in found
            if " " in row.buffer.place and row.buffer.losing
        }
        return sorted(found, key=lambda row: (row.key in parts, *_rank(row, self.order), row.buffer.key))

    def choose(self, rows: list[Row], page: int) -> int:
        """Return which row is selected, where `page` of them fit; the selection stays with its row, else with its place."""
        self._page = max(1, page)
        places = {row.key: number for number, row in enumerate(rows)}
        if self.selected is None or self.selected not in places:
            self._place = max(0, min(self._place, len(rows) - 1))
            return self._place
        self._place = places[self.selected]
        return self._place

    def press(self, key: str, rows: list[Row]) -> None:
        """Obey one key."""
        if self.typing:
            self._type(key)
        elif key in MOVES:
            self._move(key, rows)
        elif key in ACTIONS:
            ACTIONS[key](self)

    def _type(self, key: str) -> None:
        if key in {"enter", "escape"}:
            self.typing = False
            self.filter = "" if key == "escape" else self.filter
        elif key == "backspace":
            self.filter = self.filter[:-1]
        elif len(key) == 1 and len(self.filter) < LONGEST_FILTER:
            self.filter += key

    def _move(self, key: str, rows: list[Row]) -> None:
        step = {"up": -1, "down": 1, "page up": -self._page, "page down": self._page}.get(key)
        if self.pane is not Pane.ROWS:
            self.scroll = 0 if step is None else max(0, self.scroll + step)
            return
        place = 0 if key == "home" else len(rows) - 1 if step is None else self._place + step
        self._place = max(0, min(place, len(rows) - 1))
        self.selected = rows[self._place].key if rows and self._place else None

    def sort(self) -> None:
        """Sort by the next thing."""
        orders = list(Order)
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]

    def freeze(self) -> None:
        """Stop the picture, or let it go on."""
        self.frozen = not self.frozen

    def search(self) -> None:
        """Begin to type a filter."""
        self.typing, self.filter, self.pane = True, "", Pane.ROWS

    def details(self) -> None:
        """Show all of the selected row, or the rows again."""
        self.scroll = 0
        self.pane = Pane.ROWS if self.pane is Pane.DETAILS else Pane.DETAILS

    def help(self) -> None:
        """Show the keys, or the rows again."""
        self.scroll = 0
        self.pane = Pane.ROWS if self.pane is Pane.HELP else Pane.HELP

    def back(self) -> None:
        """Show the rows again, then all of them."""
        if self.pane is Pane.ROWS:
            self.filter = ""
        self.pane = Pane.ROWS

    def quit(self) -> None:
        """End."""
        self.quits = True


MOVES = frozenset(("up", "down", "page up", "page down", "home", "end"))

ACTIONS = {
    "q": View.quit,
    "s": View.sort,
    "f": View.search,
    "/": View.search,
    "p": View.freeze,
    " ": View.freeze,
    "d": View.details,
    "enter": View.details,
    "?": View.help,
    "h": View.help,
    "escape": View.back,
}


def _text(row: Row) -> str:
    return f"{row.buffer.stage} {row.place} {row.buffer.who}".lower()


def _rank(row: Row, order: Order) -> tuple[float, ...]:
    """Return numbers to sort by, rounded: rows that are nearly alike do not change places each second."""
    buffer = row.buffer
    loss, level = -_rounded(buffer.losing), -round(10 * buffer.share)
    ahead = _rounded(buffer.forecast.seconds) if buffer.forecast else inf
    if order is Order.LEVEL:
        return level, loss
    if order is Order.TIME:
        return ahead, loss, level
    if order is Order.NAME:
        return ()
    return loss, ahead, level, -_rounded(buffer.nearing), -_rounded(buffer.lost.total)


def _rounded(number: float) -> float:
    return round(2 * log2(1 + number))
