"""Pictures: they fit any terminal, and say what there is."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.watch.machine import DROPS, FULL, LIMIT, QUEUED, RING, Machine, rising

from brimful.judge import judge
from brimful.watch.board import Board
from brimful.watch.page import Page
from brimful.watch.view import View


def host():
    machine = Machine()
    board = Board(machine.evidence)
    for second in range(8):
        counts = {DROPS: 1200 * second, QUEUED: 90, LIMIT: 100}
        machine.read(100 + second, counts, {FULL: 1200 * second}, {RING: 3 * (second > 5)})
        board.update(100.9 + second, machine.read_s)
    board.foresee([rising(12.0)])
    opinion = SimpleNamespace(judgement=judge(machine.evidence), asked_s=107.0)
    return SimpleNamespace(board=board, evidence=machine.evidence, opinion=opinion)


def picture(view, width, height, **options):
    page = Page([host()], view, "router", **{"blocks": True, **options})
    return ["".join(piece.text for piece in line) for line in page.lines(width, height, "12:00:00 UTC", "cost")]


@given(st.integers(1, 220), st.integers(1, 60), st.sampled_from(["", "d", "?", "f", "fx", "p"]))
def test_it_fits_any_terminal(width, height, keys):
    view = View()
    for key in keys:
        view.press(key, [])
    lines = picture(view, width, height)
    assert len(lines) == height
    assert all(cell_len(line) <= width for line in lines)


def test_rows():
    lines = picture(View(), 150, 12)
    assert lines[0].startswith("brimful watch  router ")
    assert lines[0].endswith("by loss  12:00:00 UTC")
    assert "does not read udp 10.0.0.1:53 as fast as packets arrive" in lines[1]
    assert lines[3].split() == ["stage", "place", "level", "lost/s", "near/s", "full", "in", "who", "last", "minute"]
    words = lines[4].split()
    assert words[:6] == [">socket.receive", "udp", "10.0.0.1:53", "#######.", "90%", "1.2k"]
    assert " ".join(words[6:12]) == "12 s (8 to 12 s)"
    assert lines[5].split()[:4] == ["nic.ring", "eth0", "0.8", "kernel"]
    assert lines[6].split()[:3] == ["socket.receive", "udp", "1.2k"]


def test_a_narrow_terminal_keeps_what_is_lost():
    lines = picture(View(), 60, 10)
    assert lines[3].split() == ["stage", "place", "level", "lost/s"]
    assert lines[4].split()[-1] == "1.2k"


def test_without_blocks_it_is_ascii():
    assert all(line.isascii() for line in picture(View(), 150, 12, blocks=False))


def test_details():
    view = View()
    view.press("d", [])
    text = "\n".join(picture(view, 100, 40))
    assert "holds 90 of 100 bytes (memory charged to the receive queue)" in text
    assert "8,400  skmem d  udp 10.0.0.1:53/7  socket.receive.dropped  (by hand)" in text
    assert "owner application, confidence high (socket_receive)" in text
    assert "  because   the socket dropped" in text


@pytest.mark.parametrize(("keys", "shown"), [("p", " FROZEN"), ("s", "by level"), ("fnic", "filter: nic_")])
def test_states(keys, shown):
    view = View()
    for key in keys:
        view.press(key, [])
    assert shown in "\n".join(picture(view, 100, 10))
