import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.pcie_capacity import (
    BENCH_KERNEL,
    BENCH_POLL,
    BENCH_SIMPLE,
    LIMITS,
    bandwidth,
    frames,
    frames_sent,
    line_rate,
    received,
    sent,
    useful,
)

SPEEDS = {1: 2.5, 2: 5.0, 3: 8.0, 4: 16.0}
SENT = [
    (1, 1, (1.545, 1.084, 0.127)),
    (1, 4, (5.17, 3.63, 0.427)),
    (2, 4, (12.1, 8.46, 1.06)),
    (2, 8, (24.0, 16.8, 2.10)),
    (3, 8, (48.4, 33.9, 4.25)),
    (3, 16, (95, 66.6, 8.34)),
]
"""Million frames a second of 64, 128 and 1518 bytes that a kernel driver sends, computed with pcie-bench/pcie-model."""

BENCH = [
    (BENCH_SIMPLE, 1, 1, 128, (1.321, 0.593, 0.334, 0.123), (1.384, 0.612, 0.344, 0.126)),
    (BENCH_KERNEL, 1, 1, 128, (1.818, 0.676, 0.359, 0.126), (1.545, 0.641, 0.353, 0.127)),
    (BENCH_POLL, 1, 1, 128, (1.875, 0.684, 0.361, 0.126), (2.339, 0.747, 0.383, 0.131)),
    (BENCH_SIMPLE, 2, 8, 256, (20.367, 9.741, 5.532, 2.048), (21.337, 9.957, 5.636, 2.082)),
    (BENCH_KERNEL, 2, 8, 256, (28.032, 11.206, 5.975, 2.106), (23.977, 10.496, 5.805, 2.104)),
    (BENCH_POLL, 2, 8, 256, (28.908, 11.343, 6.014, 2.111), (36.437, 12.344, 6.329, 2.169)),
    (BENCH_SIMPLE, 3, 8, 256, (41.111, 19.662, 11.166, 4.135), (43.069, 20.099, 11.377, 4.202)),
    (BENCH_KERNEL, 3, 8, 256, (56.583, 22.620, 12.062, 4.252), (48.399, 21.188, 11.718, 4.247)),
    (BENCH_POLL, 3, 8, 256, (58.352, 22.897, 12.140, 4.261), (73.551, 24.918, 12.775, 4.379)),
    (BENCH_KERNEL, 3, 16, 512, (112.046, 44.792, 24.880, 8.791), (96.161, 42.017, 24.000, 8.721)),
    (BENCH_SIMPLE, 4, 16, 256, (161.506, 77.242, 43.866, 16.243), (169.197, 78.958, 44.693, 16.507)),
    (BENCH_POLL, 4, 16, 256, (229.234, 89.953, 47.693, 16.740), (288.946, 97.891, 50.188, 17.203)),
]
"""Million frames a second of 64, 256, 512 and 1518 bytes, received and sent: what pcie-bench/pcie-model prints for its

three NICs (nic_bw.py) with read requests of 512 bytes, addresses of 64 bits, frames without FCS.
"""


@pytest.mark.parametrize(("generation", "lanes", "millions"), SENT)
@pytest.mark.parametrize(("index", "size"), [(0, 64), (1, 128), (2, 1518)])
def test_the_published_model_is_met_within_two_percent(generation, lanes, millions, index, size):
    found = frames_sent(SPEEDS[generation], lanes, size, driver=BENCH_KERNEL) / 1e6
    assert found == pytest.approx(millions[index], rel=0.005)


@pytest.mark.parametrize(("driver", "generation", "lanes", "payload", "up", "down"), BENCH)
def test_the_three_nics_of_pcie_bench_are_met(driver, generation, lanes, payload, up, down):
    speed = SPEEDS[generation]
    for size, expected in zip((64, 256, 512, 1518), up, strict=True):
        assert frames(speed, lanes, size, payload, driver) / 1e6 == pytest.approx(expected, abs=0.0006)
    for size, expected in zip((64, 256, 512, 1518), down, strict=True):
        assert frames_sent(speed, lanes, size, payload, driver=driver) / 1e6 == pytest.approx(expected, abs=0.0006)


def test_what_is_left_for_packets_is_what_pcie_bench_prints():
    assert useful(8.0, 8, 256) / 1e9 == pytest.approx(57.8848, abs=1e-4)
    assert useful(2.5, 1) / 1e9 == pytest.approx(1.8598, abs=1e-4)
    assert useful(8.0, 16) / 1e9 == pytest.approx(113.7001, abs=1e-4)


def test_the_bytes_of_a_frame():
    """24 + 60 data, 16 + 24 write-back, 24 request, 28 / 32 interrupt, 24 / 8 read of the pointer."""
    assert received(64, 256) == 151.875
    assert received(1518, 128) == 12 * 24 + 1514 + 67.875
    up, down = sent(1518, 256, request=512, boundary=64)
    assert up == pytest.approx(3 * 24 + 2 * 24 / 40 + 28 / 32 + 24 + (24 + 128) / 8)
    assert down == 24 * 20 + 1514 + (10 * 20 + 640) / 40 + 28 + 24


def test_a_narrow_slot_carries_gigabit_ethernet_just_so():
    assert line_rate(1000, 64) == pytest.approx(1_488_095, abs=1)
    assert frames(2.5, 1, 64) > line_rate(1000, 64)
    assert frames(2.5, 4, 64) < line_rate(10_000, 64)


def test_the_rate_after_encoding_is_that_of_the_kernel():
    assert bandwidth(2.5, 1) == 2e9
    assert bandwidth(8.0, 4) == pytest.approx(31.508e9, rel=1e-4)
    assert bandwidth(64.0, 1) == 64e9


@pytest.mark.parametrize(("payload", "better"), [(128, False), (512, True)])
def test_a_larger_payload_carries_more_large_frames(payload, better):
    assert (frames(8.0, 4, 1518, payload) > frames(8.0, 4, 1518, 256)) is better


@given(
    st.sampled_from([2.5, 5.0, 8.0, 16.0, 32.0, 64.0, 3.0]),
    st.integers(1, 32),
    st.floats(1, 65536),
    st.sampled_from([0, 64, 128, 256, 512, 1024, 4096]),
)
def test_a_link_never_carries_more_than_its_bits(speed, lanes, size, payload):
    assert 0 < frames(speed, lanes, size, payload) * max(size - 4, 1) * 8 < bandwidth(speed, lanes)


def test_limits_fall_with_more_lanes():
    assert all(table[1] > table[4] > table[16] for table in LIMITS.values())
