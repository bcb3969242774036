"""Lines for a pipe: each thing once when it begins, now and then while it lasts, and when it ends."""

from types import SimpleNamespace

from tests.watch.machine import DROPS, FULL, Machine, rising

from brimful.evidence.series import Series
from brimful.watch.board import Board, Buffer, Level
from brimful.watch.teller import Teller

OTHER = Series("socket.receive.dropped", "udp 10.0.0.1:54/8", "skmem d", "sockets", width_bits=32)
NOON = 1_800_000_000


def told(name=""):
    board = Board(Machine().evidence, name)
    host = SimpleNamespace(board=board, opinion=SimpleNamespace(judgement=None))
    return board, host, Teller([host])


def row(board, losing=0.0, total=0, share=0.0, who="", seconds=None):
    buffer = board.buffers.setdefault(("socket.receive", "udp"), Buffer("socket.receive", "udp"))
    buffer.losing, buffer.lost.total, buffer.who = losing, total, who
    buffer.level = Level("socket.receive.queued", round(100 * share), 100) if share else None
    buffer.forecast = rising(seconds) if seconds else None


def said(teller, at):
    return [line.partition(" ")[2] for line in teller.lines(NOON + at)]


def test_a_loss_begins_goes_on_and_ends():
    board, _, teller = told()
    assert said(teller, 0) == []
    row(board, 50.0, 100, who="dns\x1b (pid 4)")
    assert said(teller, 1) == ["socket.receive udp loses 50 a second (dns? (pid 4)): receive queue of a socket"]
    row(board, 60.0, 1000)
    assert said(teller, 30) == []
    assert said(teller, 61) == ["socket.receive udp still loses 60 a second: 1,000 so far"]
    row(board, 0.0, 1234)
    assert said(teller, 70) == ["socket.receive udp loses nothing any more: 1,234 lost in 69 s"]
    assert said(teller, 71) == []
    row(board, 1.0, 1240)
    said(teller, 72)
    row(board, 0.0, 1244)
    assert said(teller, 75) == ["socket.receive udp loses nothing any more: 10 lost in 3 s"]


def sockets(machine, board, second, total, *, one, other=0):
    """A sweep: what UDP as a whole lost, and two of its sockets."""
    machine.read(second, {FULL: total}, {DROPS: one, OTHER: other})
    board.update(float(second), machine.read_s)


def test_what_single_sockets_lost_is_not_told_again_of_their_protocol():
    """The sum is read a little before, and seen to lose for a second longer."""
    machine = Machine()
    board = Board(machine.evidence)
    teller = Teller([SimpleNamespace(board=board, opinion=SimpleNamespace(judgement=None))])
    lines = []
    for second in range(100, 200):
        now = min(second, 130)
        total = 100 * (min(second, 131) - 100)
        sockets(machine, board, second, total, one=70 * (now - 100), other=20 * (now - 100))
        lines += said(teller, second)
    assert [line.partition(":")[0] for line in lines if "lose" in line] == [
        "socket.receive udp 10.0.0.1",
        "socket.receive udp 10.0.0.1",
        "socket.receive udp 10.0.0.1",
        "socket.receive udp 10.0.0.1",
    ]


def test_of_a_protocol_is_told_what_no_single_socket_accounts_for():
    machine = Machine()
    board = Board(machine.evidence)
    teller = Teller([SimpleNamespace(board=board, opinion=SimpleNamespace(judgement=None))])
    lines = []
    for second in range(100, 130):
        lost = 100 * (min(second, 110) - 100)
        sockets(machine, board, second, lost, one=lost // 10)
        lines += said(teller, second)
    assert [line.partition(" loses ")[0] for line in lines] == [
        "socket.receive udp",
        "socket.receive udp 10.0.0.1:53",
    ] * 2
    assert lines[-2].partition(": ")[2] == "1,000 lost in 13 s"


def test_a_sum_that_was_told_before_its_socket_was_found_is_told_to_its_end_and_not_in_between():
    machine = Machine()
    board = Board(machine.evidence)
    teller = Teller([SimpleNamespace(board=board, opinion=SimpleNamespace(judgement=None))])
    lines = []
    for second in range(100, 250):
        lost = 100 * (min(second, 230) - 100)
        sockets(machine, board, second, lost, one=max(0, lost - 500))
        lines += said(teller, second)
    of_sum = [line for line in lines if line.startswith(("socket.receive udp l", "socket.receive udp s"))]
    assert [line.partition(" a second")[0].partition(":")[0] for line in of_sum] == [
        "socket.receive udp loses 100",
        "socket.receive udp loses nothing any more",
    ]
    assert sum("10.0.0.1:53 still loses" in line for line in lines) == 2


def test_full_and_room_again():
    board, _, teller = told()
    row(board, share=0.79)
    assert said(teller, 0) == []
    row(board, share=0.85)
    assert said(teller, 1) == ["socket.receive udp is 85 % full (85 of 100 bytes)"]
    row(board, share=0.7)
    assert said(teller, 2) == []
    row(board, share=0.85)
    assert said(teller, 3) == []
    row(board, share=0.5)
    assert said(teller, 4) == ["socket.receive udp has room again"]


def test_what_fills_up_is_told_once():
    board, _, teller = told("blue")
    row(board, seconds=4000.0)
    assert said(teller, 0) == []
    row(board, seconds=10.0)
    assert said(teller, 1) == ["socket.receive blue: udp fills up: full in 10 s (8 to 12 s) if it goes on"]
    row(board, seconds=9.0)
    assert said(teller, 2) == []


def test_a_line_a_minute_while_nothing_happens():
    _, _, teller = told()
    assert said(teller, 0) == []
    assert said(teller, 59) == []
    (line,) = said(teller, 60)
    assert line.startswith("watching: nothing is lost; 3 sweeps; ")
    assert said(teller, 61) == []


def test_verdicts_are_told_when_they_change():
    _, host, teller = told()

    bus = SimpleNamespace(rule="pcie_link", stage="nic.fifo", place="eth0")

    def judgement(statement, verdicts=(bus,)):
        return SimpleNamespace(outcome="verdict", statement=statement, verdicts=verdicts, opens=())

    host.opinion.judgement = judgement("It is the bus.")
    assert said(teller, 0) == ["verdict: It is the bus."]
    host.opinion.judgement = judgement("It is the bus, by 7 %.")
    assert said(teller, 1) == []
    host.opinion.judgement = judgement("Nothing was lost.", ())
    assert said(teller, 2) == []
    host.opinion.judgement = judgement("It is the bus.")
    assert said(teller, 3) == ["verdict: It is the bus."]
    ring = SimpleNamespace(rule="nic_ring", stage="nic.ring", place="eth0")
    host.opinion.judgement = judgement("It is the ring.", (ring,))
    assert said(teller, 4) == ["verdict: It is the ring."]


def test_times_are_utc():
    board, _, teller = told()
    row(board, 50.0, 100)
    assert teller.lines(NOON)[0].startswith("2027-01-15T08:00:00Z ")
