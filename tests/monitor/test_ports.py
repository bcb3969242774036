"""Sets of ports: globs, ranges, lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.monitor.ports import count, expanded, holds, patterns

NAMES = ("eth0", "eth1", "eth10", "swp1", "swp2", "swp50", "swp51", "swp1s0", "swp1s1", "swp1s3", "eth0-1", "lo")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("swp1-swp50", ("swp1-swp50",)),
        ("swp1-swp4,swp8,swp10-swp50", ("swp1-swp4", "swp8", "swp10-swp50")),
        ("swp1 swp4,swp8", ("swp1", "swp4", "swp8")),
        (" swp4 ,, swp8 , swp4,", ("swp4", "swp8")),
        ("[swp1,swp2]", ("swp1", "swp2")),
        ("all", ()),
        ("all_ports", ()),
        ("allports", ()),
        ("swp1, all", ()),
    ],
)
def test_how_sets_are_written(text, expected):
    assert patterns(text) == expected


def test_places_hold_blanks():
    assert patterns("udp 127.0.0.1:53, cpu 3", blanks=False) == ("udp 127.0.0.1:53", "cpu 3")


@pytest.mark.parametrize("text", ["", " , ", "[]", "swp9-swp1", "swp3-2", "x" * 256])
def test_no_set(text):
    with pytest.raises(ValueError, match=r"no port is named|ends below its begin|too long"):
        patterns(text)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((), NAMES),
        (("swp1-swp50",), ("swp1", "swp2", "swp50")),
        (("swp1-2",), ("swp1", "swp2")),
        (("swp1s0-swp1s1",), ("swp1s0", "swp1s1")),
        (("swp1s1-3",), ("swp1s1", "swp1s3")),
        (("eth*",), ("eth0", "eth1", "eth10", "eth0-1")),
        (("eth?",), ("eth0", "eth1")),
        (("eth[1-9]",), ("eth1",)),
        (("eth0-1",), ("eth0", "eth1", "eth0-1")),
        (("lo", "eth1", "eth1"), ("eth1", "lo")),
        (("swp",), ()),
        (("swp5-eth9",), ()),
    ],
)
def test_which_names_are_in_it(wanted, expected):
    assert expanded(wanted, NAMES) == expected


def test_a_part_of_a_port_is_in_its_set():
    assert holds(("eth0",), "eth0/rx-3")
    assert holds(("swp1-swp4",), "swp3/tc 0")
    assert not holds(("eth0",), "eth1/rx-3")
    assert holds((), "anything")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (("swp1-swp50",), 50),
        (("swp1-swp4", "swp8", "swp10-50"), 46),
        (("swp1", "swp1"), 1),
        (("p1234567890-p1234567899",), 1),
        (("eth*",), None),
        (("swp1-swp4", "eth[0-3]"), None),
        ((), None),
    ],
)
def test_how_many_are_named(wanted, expected):
    assert count(wanted) == expected


@given(st.text(), st.text(), st.booleans())
def test_any_text(text, name, blanks):
    try:
        wanted = patterns(text, blanks=blanks)
    except ValueError:
        return
    assert set(expanded(wanted, (name, "swp1"))) <= {name, "swp1"}
    count(wanted)


@given(st.integers(0, 400), st.integers(0, 400), st.lists(st.integers(0, 500), unique=True))
def test_a_range_holds_just_its_numbers(first, last, numbers):
    first, last = sorted((first, last))
    wanted = patterns(f"p{first}-p{last}")
    names = [f"p{number}" for number in numbers]
    assert expanded(wanted, names) == tuple(f"p{number}" for number in numbers if first <= number <= last)
    assert count(wanted) == last - first + 1
