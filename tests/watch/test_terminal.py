"""Keys as terminals send them, whole or in parts, and a terminal that is given back however a program ends."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.watch.pseudo import Session

from brimful.watch.terminal import keys

FAILS = """
import sys
from brimful.watch.terminal import Terminal
with Terminal(0, 1) as terminal:
    terminal.write("here")
    raise ValueError("a mistake")
"""


@pytest.mark.parametrize(
    ("data", "pressed", "rest"),
    [
        (b"q", ["q"], b""),
        (b"\x1b[A\x1bOBs", ["up", "down", "s"], b""),
        (b"\x1b[5~\x1b[6~", ["page up", "page down"], b""),
        (b"\x1b", [], b"\x1b"),
        (b"\x1b[", [], b"\x1b["),
        (b"\x1b[1;5Cx", ["x"], b""),
        (b"\x1bx", ["x"], b""),
        ("ü事".encode(), ["ü", "事"], b""),
        (b"\r\x7f \x01", ["enter", "backspace", " "], b""),
        (b"\xff\xfe", ["\ufffd", "\ufffd"], b""),
    ],
)
def test_keys(data, pressed, rest):
    assert keys(data) == (pressed, rest)


@given(st.binary(max_size=40))
def test_any_bytes(data):
    pressed, rest = keys(data)
    assert data.endswith(rest)
    assert len(pressed) <= len(data)


@given(st.lists(st.sampled_from([b"\x1b[A", b"\x1b[6~", b"q", b"\x1bOF"])), st.data())
def test_sequences_in_parts(sent, data):
    whole = b"".join(sent)
    cut = data.draw(st.integers(0, len(whole)))
    first, rest = keys(whole[:cut])
    assert first + keys(rest + whole[cut:])[0] == keys(whole)[0]


def test_a_mistake_leaves_the_terminal_as_it_was():
    with Session([sys.executable, "-c", FAILS], 80, 24) as session:
        assert session.ended() == 1
        assert b"ValueError: a mistake" in session.raw.partition(b"\x1b[?1049l")[2]
        assert session.mode == session.before
        assert session.screen.modes == {25, 7}
