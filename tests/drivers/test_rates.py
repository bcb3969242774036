import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.drivers.rates import bits, size, spoken


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0b", 0),
        ("5p", 5),
        ("1514000b", 1514000),
        ("12Kb", 12288),
        ("32Mb", 32 << 20),
        ("1.5Gb", 3 << 29),
        ("1.41936e+06b", 1419360),
        ("10240", 10240),
        ("5ms", None),
        ("-5b", None),
        ("b", None),
        ("1e+99b", None),
        ("", None),
    ],
)
def test_sizes_are_in_units_of_1024(text, value):
    assert size(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8bit", 8),
        ("8Kbit", 8000),
        ("12345Kbit", 12_345_000),
        ("1.5Gbit", 1_500_000_000),
        ("2Tbit", 2_000_000_000_000),
        ("1Kibit", 1024),
        ("0bit", None),
        ("5", None),
        ("5bps", None),
        ("1e+30bit", None),
    ],
)
def test_rates_are_in_units_of_1000_and_none_is_no_rate(text, value):
    assert bits(text) == value


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (8, "8 bit/s"),
        (999, "999 bit/s"),
        (1000, "1 kbit/s"),
        (1_500_000, "1.5 Mbit/s"),
        (10_000_000_000, "10 Gbit/s"),
        (10**16, "1e+04 Tbit/s"),
    ],
)
def test_rates_are_said_as_people_say_them(rate, text):
    assert spoken(rate) == text


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_none(text):
    assert size(text) is None or size(text) >= 0
    assert bits(text) is None or bits(text) > 0
