import pytest

from brimful.rules.softirq_cpu import mask


@pytest.mark.parametrize(
    ("cpus", "text"),
    [([0], "1"), ([1, 2, 3], "e"), ([31], "80000000"), ([32], "1,00000000"), ([0, 33, 64], "1,00000002,00000001")],
)
def test_a_mask_is_what_the_kernel_reads(cpus, text):
    assert mask(cpus) == text
