"""Only what differs is written, and what stands on the screen is what was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.watch.pseudo import Emulator

from brimful.watch.lines import Painter, Piece, clean, fit

WIDTHS = (6, 10, 4)
STYLES = ("", "bold red", "dim")


@st.composite
def pictures(draw):
    """Lines of columns as rows have them, or of one piece."""

    def piece(width):
        text = draw(st.text("abc #▁█", max_size=width + 2))
        return Piece(fit(text, width), draw(st.sampled_from(STYLES)))

    def line():
        shape = draw(st.sampled_from([WIDTHS, (20,), ()]))
        return tuple(piece(width) for width in shape)

    return [[line() for _ in range(4)] for _ in range(draw(st.integers(1, 4)))]


@given(pictures(), st.booleans())
def test_the_screen_shows_the_last_picture(series, colour):
    painter, screen = Painter(colour=colour, width=20, height=4), Emulator(20, 4)
    for lines in series:
        screen.feed(painter.draw(list(lines)).encode())
        assert screen.lines == ["".join(piece.text for piece in line).rstrip() for line in lines]
        assert painter.draw(list(lines)) == ""


def test_of_a_piece_only_the_part_that_differs_is_written():
    painter = Painter(colour=False, width=20, height=2)
    painter.draw([(Piece("a 100"), Piece(" b  ")), (Piece("c"),)])
    assert painter.draw([(Piece("a 120"), Piece(" b  ")), (Piece("c"),)]) == "\x1b[1;4H2"
    assert painter.draw([(Piece("a 120"), Piece(" d  ")), ()]) == "\x1b[1;7Hd\x1b[2H\x1b[K"


def test_more_lines_than_rows_are_left_out():
    screen = Emulator(3, 2)
    screen.feed(
        Painter(colour=False, width=3, height=2).draw([(Piece(text),) for text in ("one", "two", "six")]).encode()
    )
    assert screen.lines == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "width", "right", "shown"),
    [
        ("eth0", 6, False, "eth0  "),
        ("12", 4, True, "  12"),
        ("interface", 6, False, "inter~"),
        ("事件", 6, False, "事件  "),
        ("事件表", 4, False, "事 ~"),
        ("a", 0, False, ""),
    ],
)
def test_a_cell_has_its_width(text, width, right, shown):
    assert fit(text, width, right=right) == shown


def test_names_cannot_give_orders_to_the_terminal():
    assert clean("evil\x1b[2J\x07\u009bname") == "evil?[2J??name"
