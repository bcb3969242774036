import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.evidence.number import unsigned


@pytest.mark.parametrize(
    ("text", "base", "value"),
    [("0", 10, 0), ("18446744073709551615", 10, (1 << 64) - 1), ("00034000", 16, 212992), ("ff", 16, 255)],
)
def test_what_a_kernel_prints_is_read(text, base, value):
    assert unsigned(text, base) == value


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", " 1", "1_0", "²", "\N{ARABIC-INDIC DIGIT ONE}", "1.5", "x", "18446744073709551616", "9" * 5000],
)
def test_anything_else_is_no_number(text):
    assert unsigned(text) is None


def test_numbers_are_decimal_unless_told_otherwise():
    assert unsigned("10") == 10


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=25), st.sampled_from([10, 16]))
def test_any_text_is_a_64_bit_number_or_nothing(text, base):
    value = unsigned(text, base)
    assert value is None or 0 <= value < 1 << 64
