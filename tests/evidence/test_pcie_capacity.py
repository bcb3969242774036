import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.pcie_capacity import LIMITS, bandwidth, frames, line_rate

SPEEDS = {1: 2.5, 2: 5.0, 3: 8.0}
PUBLISHED = [
    (1, 1, (1.545, 1.084, 0.127)),
    (1, 4, (5.17, 3.63, 0.427)),
    (2, 4, (12.1, 8.46, 1.06)),
    (2, 8, (24.0, 16.8, 2.10)),
    (3, 8, (48.4, 33.9, 4.25)),
    (3, 16, (95, 66.6, 8.34)),
]
"""Million frames a second of 64, 128 and 1518 bytes by generation and lanes, computed with pcie-bench/pcie-model."""


@pytest.mark.parametrize(("generation", "lanes", "millions"), PUBLISHED)
@pytest.mark.parametrize(("index", "size"), [(0, 64), (1, 128), (2, 1518)])
def test_the_published_model_is_met_within_two_percent(generation, lanes, millions, index, size):
    assert frames(SPEEDS[generation], lanes, size) / 1e6 == pytest.approx(millions[index], rel=0.02)


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
