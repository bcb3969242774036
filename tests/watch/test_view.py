"""Keys, order and selection."""

import pytest
from tests.watch.machine import Machine, rising

from brimful.watch.board import Board, Buffer, Level
from brimful.watch.view import Order, Pane, View


def buffer(stage, place, losing=0.0, share=0.0, seconds=None, who=""):
    made = Buffer(stage, place)
    made.losing, made.who = losing, who
    made.level = Level("socket.receive.queued", round(100 * share), 100) if share else None
    made.forecast = rising(seconds) if seconds else None
    return made


@pytest.fixture
def boards():
    board = Board(Machine().evidence)
    for one in (
        buffer("socket.receive", "udp", losing=1000.0),
        buffer("nic.ring", "eth0", losing=10.0, who="ixgbe"),
        buffer("socket.receive", "udp 10.0.0.1:53", losing=990.0, share=0.9),
        buffer("qdisc.queue", "eth1", share=0.95),
        buffer("kernel.table", "conntrack", seconds=30.0),
    ):
        board.buffers[one.key] = one
    return [board]


def places(view, boards):
    return [row.place for row in view.rows(boards)]


def press(view, boards, *keys):
    for key in keys:
        view.press(key, view.rows(boards))


@pytest.mark.parametrize(
    ("presses", "order"),
    [
        (0, ["udp 10.0.0.1:53", "eth0", "conntrack", "eth1", "udp"]),
        (1, ["eth1", "udp 10.0.0.1:53", "eth0", "conntrack", "udp"]),
        (2, ["conntrack", "udp 10.0.0.1:53", "eth0", "eth1", "udp"]),
        (3, ["conntrack", "eth0", "eth1", "udp 10.0.0.1:53", "udp"]),
        (4, ["udp 10.0.0.1:53", "eth0", "conntrack", "eth1", "udp"]),
    ],
)
def test_order(boards, presses, order):
    view = View()
    press(view, boards, *["s"] * presses)
    assert places(view, boards) == order
    assert view.order is list(Order)[presses % 4]


def test_rows_that_are_nearly_alike_do_not_change_places(boards):
    view = View()
    before = places(view, boards)
    boards[0].buffers["nic.ring", "eth0"].losing = 10.4
    assert places(view, boards) == before


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("eth", ["eth0", "eth1"]), ("IXGBE", ["eth0"]), ("udp 53", ["udp 10.0.0.1:53"]), ("nobody", [])],
)
def test_filter(boards, typed, shown):
    view = View()
    press(view, boards, "f", *typed, "x", "backspace", "enter")
    assert places(view, boards) == shown
    press(view, boards, "escape")
    assert len(places(view, boards)) == 5


def test_letters_of_a_filter_are_no_commands(boards):
    view = View()
    press(view, boards, "f", "q", "p")
    assert (view.quits, view.frozen, view.filter) == (False, False, "qp")
    press(view, boards, "escape")
    assert view.filter == ""
    press(view, boards, "q")
    assert view.quits


def test_the_selection_stays_with_its_row(boards):
    view = View()
    view.choose(view.rows(boards), 3)
    press(view, boards, "down")
    assert view.selected == ("", "nic.ring", "eth0")
    boards[0].buffers["nic.ring", "eth0"].losing = 1e6
    rows = view.rows(boards)
    assert view.choose(rows, 3) == 0
    del boards[0].buffers["nic.ring", "eth0"]
    assert view.choose(view.rows(boards), 3) == 0


def test_scrolling_ends_at_the_ends(boards):
    view = View()
    view.choose(view.rows(boards), 2)
    press(view, boards, "page down", "page down", "page down")
    assert view.choose(view.rows(boards), 2) == 4
    press(view, boards, "up")
    assert view.choose(view.rows(boards), 2) == 3
    press(view, boards, "home")
    assert view.choose(view.rows(boards), 2) == 0
    press(view, boards, "end")
    assert view.choose(view.rows(boards), 2) == 4
    assert view.choose([], 2) == 0


@pytest.mark.parametrize(("key", "pane"), [("d", Pane.DETAILS), ("enter", Pane.DETAILS), ("?", Pane.HELP)])
def test_panes(boards, key, pane):
    view = View()
    press(view, boards, key)
    assert view.pane is pane
    press(view, boards, "down")
    assert (view.scroll, view.selected) == (1, None)
    press(view, boards, "escape")
    assert view.pane is Pane.ROWS


def test_freezing():
    view = View()
    for key, frozen in (("p", True), (" ", False)):
        view.press(key, [])
        assert view.frozen is frozen
