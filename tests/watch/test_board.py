"""Rows: what is counted, what counts again, what goes."""

from tests.watch.machine import AGAIN, DROPS, FULL, LIMIT, QUEUED, RING, WAITED, Machine, rising

from brimful.evidence.event import Fact
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series
from brimful.watch.board import Board

SOCKET = ("socket.receive", "udp 10.0.0.1:53")
UDP = ("socket.receive", "udp")
ETH0 = ("nic.ring", "eth0")


def board():
    machine = Machine()
    return machine, Board(machine.evidence)


def test_what_was_lost_before_the_watch_is_not_counted():
    machine, here = board()
    machine.read(100, {FULL: 5000})
    assert here.update(100.5, machine.read_s) is False
    assert here.buffers == {}
    machine.read(101, {FULL: 5100})
    assert here.update(101.5, machine.read_s) is True
    assert here.buffers[UDP].lost.total == 100
    assert here.buffers[UDP].losing == 200.0  # half a second is what is known of


def test_a_second_view_of_the_same_packets_is_left_out():
    machine, here = board()
    for second in range(3):
        machine.read(100 + second, {FULL: 10 * second}, {AGAIN: 10 * second})
        here.update(100.5 + second, machine.read_s)
    assert here.buffers[UDP].lost.total == 20
    assert list(here.buffers[UDP].counters) == [FULL]


def test_a_counter_that_wraps_goes_on():
    machine, here = board()
    machine.read(100, {RING: (1 << 32) - 10, WAITED: 0})
    here.update(100.5, machine.read_s)
    machine.read(101, {RING: 20, WAITED: 7})
    here.update(101.5, machine.read_s)
    assert here.buffers[ETH0].lost.total == 30
    assert here.buffers[ETH0].near.total == 7


def test_levels_are_the_highest_of_five_seconds():
    machine, here = board()
    machine.read(100, {QUEUED: 80, LIMIT: 100})
    assert here.update(100.5, machine.read_s) is False
    level = here.buffers[SOCKET].level
    assert (level.value, level.limit, level.share) == (80, 100, 0.8)
    machine.read(101, {QUEUED: 60, LIMIT: 100})
    here.update(101.5, machine.read_s)
    assert here.buffers[SOCKET].level.value == 80
    machine.read(105, silent=["sockets"])
    here.update(105.5, machine.read_s)
    assert here.buffers[SOCKET].level.value == 60
    machine.read(107, silent=["sockets"])
    assert here.update(107.5, machine.read_s) is False
    assert here.buffers == {}


def test_a_part_has_the_limit_of_its_whole():
    machine, here = board()
    queue, ring = (
        Series(meaning, place, "RX", "nic_ring", width_bits=0)
        for meaning, place in (("nic.ring.used", "eth0/rx-1"), ("nic.ring.size", "eth0"))
    )
    machine.read(100, {queue: 300, ring: 400})
    here.update(100.5, machine.read_s)
    assert here.buffers[ETH0].level.share == 0.75


def test_a_level_below_half_gets_no_row_of_its_own():
    machine, here = board()
    machine.read(100, {QUEUED: 49, LIMIT: 100, DROPS: 0})
    here.update(100.5, machine.read_s)
    assert here.buffers == {}
    machine.read(101, {QUEUED: 49, LIMIT: 100, DROPS: 3})
    here.update(101.5, machine.read_s)
    assert here.buffers[SOCKET].share == 0.49


def test_a_loss_ends_when_its_source_has_nothing_to_say():
    machine, here = board()
    machine.read(100, {QUEUED: 49, LIMIT: 100, DROPS: 0})
    here.update(100.5, machine.read_s)
    machine.read(101, {QUEUED: 49, LIMIT: 100, DROPS: 30})
    here.update(101.5, machine.read_s)
    assert here.buffers[SOCKET].losing
    machine.read(110, silent=["sockets"])
    here.update(110.5, machine.read_s)
    assert here.buffers[SOCKET].losing == 0
    machine.read(170, silent=["sockets"])
    here.update(170.5, machine.read_s)
    assert here.buffers == {}


def test_who():
    machine, here = board()
    machine.evidence.add(Fact("socket.owner", "udp 10.0.0.1:53/7", "named (pid 5)", Origin("ss")))
    machine.evidence.add(Fact("nic.driver", "eth0", "ixgbe", Origin("ethtool")))
    machine.read(100, {DROPS: 0}, {RING: 0})
    here.update(100.5, machine.read_s)
    machine.read(101, {DROPS: 1}, {RING: 1})
    here.update(101.5, machine.read_s)
    assert here.buffers[SOCKET].who == "named (pid 5)"
    assert here.buffers[ETH0].who == "ixgbe"


def test_what_will_overflow_has_a_row_until_it_will_not():
    machine, here = board()
    machine.read(100, {QUEUED: 10, LIMIT: 100})
    here.update(100.5, machine.read_s)
    here.foresee([rising(10.0), rising(5.0)])
    assert here.buffers[SOCKET].forecast.seconds == 5.0
    here.foresee([])
    here.update(106.5, {**machine.read_s, "sockets": 106.0})
    assert here.buffers == {}


def test_bytes_are_not_added_to_events():
    machine, here = board()
    events = Series("socket.receive.overflows", "", "full", "drops")
    sizes = Series("socket.receive.overflow_bytes", "", "truesize", "drops")
    machine.read(100, {events: 0, sizes: 0})
    here.update(100.5, machine.read_s)
    machine.read(101, {events: 3, sizes: 4000})
    here.update(101.5, machine.read_s)
    assert here.buffers["socket.receive", ""].near.total == 3
