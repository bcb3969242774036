"""Read `show cloud monitor di-network detail` of StarOS: heartbeats lost from each card to each other, and its word on it.

Shape: Cisco, "Troubleshoot KNI: Out of Memory Errors" (document 221955): a block for each card, in it one row for each
other card. What makes a link `Bad` is not published.
"""

import re
from collections.abc import Iterator

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Item
from brimful.evidence.frame import Sheet
from brimful.evidence.series import Series
from brimful.evidence.table import ABSENT, is_cut, rows_cut
from brimful.roots.base import Document
from brimful.sources import source, unread

REQUEST = "show cloud monitor di-network detail"
LOSS = "fabric.link.heartbeat_loss"
_HEADING = re.compile(r"\s*Card\s+([0-9]{1,3})\s+Heartbeat\s+Results\s*:?\s*", re.IGNORECASE)
_ANY_HEADING = re.compile(r"\s*Card\b.*\bHeartbeat\s+Results", re.IGNORECASE)
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?%")
_COLUMNS = (("5Min-Loss", "5min"), ("60Min-Loss", "60min"))
_WHOLE = 100_00


@source(REQUEST, looks_like=r"^\s*Card\s+\d+\s+Heartbeat\s+Results", meanings=(LOSS, "fabric.health"))
def di_network(document: Document) -> Iterator[Item]:
    """Read the heartbeat losses between cards (show cloud monitor di-network detail)."""
    sheet = Sheet(document.origin, document.at, document.boot)
    card, cut = "", False
    taken: set[str] = set()
    for number, line in document.numbered():
        heading = _HEADING.fullmatch(line)
        cut = cut or is_cut(line)
        if heading or _ANY_HEADING.match(line):
            card = f"card {int(heading[1])}" if heading else ""
            if not card:
                yield unread(document, number, "the card whose heartbeats follow is not named")
        elif _like_a_row(line):
            row = _row(line)
            link = f"{card} -> {row[0]}" if row else ""
            if row is None or not card or link in taken:
                yield unread(document, number, _why(card, row is None, link))
                continue
            taken.add(link)
            yield Fact("fabric.health", link, row[1], document.origin(number), document.at)
            for (raw, window), loss in zip(_COLUMNS, row[2], strict=True):
                if loss is not None:
                    sheet.add(Series(LOSS, f"{link}/{window}", raw, "di_network", width_bits=0), loss, number)
    if cut:
        yield rows_cut(f"{REQUEST} in {document.file}:{document.first_line}", REQUEST)
    if len(sheet):
        yield sheet.frame()


def _why(card: str, damaged: bool, link: str) -> str:  # noqa: FBT001 - one of three reasons
    if damaged:
        return "not a card, a word and two percentages"
    return f"{link} is in the table twice" if card else "no card is named above this row"


def _like_a_row(line: str) -> bool:
    """Figures in percent, or a card's number before a word of health: a damaged row is not taken for prose."""
    columns = line.split()
    figures = [text for text in columns if text.endswith("%") and any(c.isdigit() for c in text)]
    return len(figures) > 1 or (len(columns) > 1 and columns[0].isdigit() and columns[1].lower() in {"good", "bad"})


def _row(line: str) -> tuple[str, str, tuple[int | None, ...]] | None:
    """Return the other card, the word and the losses in 1/100 %; None for a loss that is printed as N/A."""
    columns = line.split()
    if len(columns) != 2 + len(_COLUMNS) or not re.fullmatch(r"[0-9]{1,3}", columns[0]) or not columns[1].isalpha():
        return None
    losses = tuple(None if text in ABSENT else _hundredths(text) for text in columns[2:])
    return None if -1 in losses else (f"card {int(columns[0])}", columns[1], losses)


def _hundredths(text: str) -> int:
    """Return a percentage in 1/100 %, or -1 when it is none."""
    match = _PERCENT.fullmatch(text)
    value = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else _WHOLE + 1
    return value if value <= _WHOLE else -1
