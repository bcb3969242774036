import os
import socket
import struct
from decimal import Decimal, getcontext
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.simulate import laws

GAP = 672e-9
"""Seconds from one frame of 64 bytes to the next at 1 Gb/s."""
SO_MEMINFO = 55


def exact_loss(load, places):
    """M/D/1/K in 60 digits by the textbook's recursion, which subtracts: nothing of it is shared with the code."""
    getcontext().prec = 60
    rho = Decimal(load)
    arrive = [(-rho).exp()]
    for k in range(1, places + 1):
        arrive.append(arrive[-1] * rho / k)
    state = [Decimal(1)]
    for k in range(places - 1):
        rest = state[k] - state[0] * arrive[k] - sum(state[j] * arrive[k - j + 1] for j in range(1, k + 1))
        state.append(rest / arrive[0])
    return 1 - 1 / (state[0] / sum(state) + rho)


@pytest.mark.parametrize(
    ("load", "places", "loss"),
    [
        (0.8, 8, 0.00878951),
        (0.95, 16, 0.0131312),
        (0.9, 32, 0.000151976),
        (0.9, 2, 0.234637),
        (0.9, 8, 0.027264),
        (1.2, 16, 0.167100),
    ],
)
def test_random_arrivals(load, places, loss):
    found = next(islice(laws.random_losses(load), places - 1, None))
    assert found == pytest.approx(loss, rel=2e-5)
    assert found == pytest.approx(float(exact_loss(load, places)), rel=1e-9)


@pytest.mark.parametrize("load", [0.05, 0.5, 0.95, 0.999, 1.0, 3.0])
def test_random_arrivals_as_in_sixty_digits(load):
    for places, found in enumerate(islice(laws.random_losses(load), 60), 1):
        assert found == pytest.approx(float(exact_loss(load, places)), rel=1e-6, abs=1e-13)


def test_one_place_is_the_formula_of_erlang():
    """M/G/1/1: load / (1 + load) is lost, whatever the service."""
    assert next(laws.random_losses(0.7)) == pytest.approx(0.7 / 1.7, rel=1e-12)


@pytest.mark.parametrize(
    ("load", "target", "ring"),
    [(0.7, 1e-9, 29), (0.95, 1e-9, 174), (0.95, 1e-6, 107), (1.2, 0.17, 10), (1.2, 0.1, None), (0.01, 0.5, 1)],
)
def test_smallest_ring(load, target, ring):
    assert laws.smallest_ring(load, target) == ring


@given(st.floats(0.01, 2), st.floats(1e-9, 0.5))
@settings(max_examples=50, deadline=None)
def test_one_descriptor_less_loses_more(load, target):
    ring = laws.smallest_ring(load, target)
    if ring is None:
        assert load > 0.999
    elif ring > 1:
        losses = list(islice(laws.random_losses(load), ring + 1))
        assert losses[ring] <= target < losses[ring - 1]


def test_an_overload_ends_at_what_no_ring_can_hold():
    *_, last = laws.random_losses(3.0)
    assert last == pytest.approx(2 / 3, rel=1e-12)


def test_no_ring_keeps_up_with_a_load_of_one():
    assert laws.smallest_ring(1.0, 1e-9) is None


@pytest.mark.parametrize(
    ("ring", "microseconds"), [(256, 430.1), (512, 602.1), (1024, 946.2), (2048, 1634.3), (4096, 3010.6)]
)
def test_stall_law(ring, microseconds):
    held = laws.fifo_frames(24_576, 64)
    assert held == 384
    longest = laws.stall(ring, held, 1 / GAP)
    assert longest * 1e6 == pytest.approx(microseconds, abs=0.06)
    assert laws.ring_for_stall(longest, held, 1 / GAP) == ring
    assert laws.ring_for_stall(longest + GAP / 2, held, 1 / GAP) == ring + 1


def test_a_ring_has_a_descriptor_at_least():
    assert laws.ring_for_stall(1e-6, 384, 1 / GAP) == 1


def test_what_may_be_lost_needs_no_descriptor():
    assert laws.ring_for_stall(1e-3, 0, 1e6) == 1000
    assert laws.ring_for_stall(1e-3, 100, 1e6, allowed=50) == 850


@pytest.mark.parametrize(("load", "fits"), [(0.5, True), (0.9, True), (0.91, False)])
def test_what_piled_up_is_worked_off(load, fits):
    assert laws.catches_up(load, 1e-3, 10e-3) is fits


@pytest.mark.parametrize(("load", "fits"), [(0.99, True), (1.0, False)])
def test_after_one_stall_any_time_will_do(load, fits):
    assert laws.catches_up(load, 1e-3, None) is fits


@pytest.mark.parametrize(("read", "count"), [(0.0, 1000), (8e-6, 1250), (4e-6, 1112)])
def test_messages_of_a_pause(read, count):
    assert laws.messages(10e-3, 100_000, read) == count


@pytest.mark.parametrize(
    ("length", "charged"),
    [(1, 832), (197, 832), (198, 1280), (645, 1280), (646, 2304), (1670, 4352), (3718, 8448), (7814, 16640)],
)
def test_truesize_as_measured(length, charged):
    assert laws.truesize(length) == charged


@pytest.mark.parametrize("length", [1, 197, 198, 645, 646, 1472, 1669, 1670, 3717, 3718, 8000])
def test_truesize_is_what_this_kernel_charges(length):
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver, sender:
        receiver.bind(("127.0.0.1", 0))
        sender.sendto(bytes(length), receiver.getsockname())
        (charged,) = struct.unpack_from("I", receiver.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))
    small = 768 if charged == 768 else 832  # kernels before 6.3 have no heads of 576 bytes
    assert charged == (small if laws.truesize(length) == 832 else laws.truesize(length)), os.uname().release
