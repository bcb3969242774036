import struct

import pytest

from brimful.kernel.assembler import STACK, Assembler


def assembled(*steps):
    code = Assembler()
    for name, *arguments in steps:
        getattr(code, name)(*arguments)
    return [struct.unpack_from("<BBhi", code.assembled(), at) for at in range(0, len(code.assembled()), 8)]


@pytest.mark.parametrize(
    ("step", "instruction"),
    [
        (("load", 1, 8, 6, 24), (0x79, 0x61, 24, 0)),
        (("load", 1, 4, 6, -4), (0x61, 0x61, -4, 0)),
        (("load", 1, 2, 6, 0), (0x69, 0x61, 0, 0)),
        (("load", 1, 1, 6, 0), (0x71, 0x61, 0, 0)),
        (("store", STACK, -8, 8, 7), (0x7B, 0x7A, -8, 0)),
        (("store", STACK, -8, 2, 7), (0x6B, 0x7A, -8, 0)),
        (("store_number", STACK, -8, 4, 5), (0x62, 0x0A, -8, 5)),
        (("move", 6, 1), (0xBF, 0x16, 0, 0)),
        (("number", 0, -1), (0xB7, 0x00, 0, -1)),
        (("add", 3, 6), (0x0F, 0x63, 0, 0)),
        (("add_number", 2, -24), (0x07, 0x02, 0, -24)),
        (("subtract", 3, 6), (0x1F, 0x63, 0, 0)),
        (("mask", 3, 0xFFFF), (0x57, 0x03, 0, 0xFFFF)),
        (("shift_left", 2, 3), (0x67, 0x02, 0, 3)),
        (("shift_right", 3, 63), (0x77, 0x03, 0, 63)),
        (("atomic_add", 7, 16, 1), (0xDB, 0x17, 16, 0)),
        (("fetch_add", 7, 16, 1), (0xDB, 0x17, 16, 1)),
        (("exchange", 7, 16, 1), (0xDB, 0x17, 16, 0xE1)),
        (("call", 113), (0x85, 0x00, 0, 113)),
        (("leave",), (0x95, 0x00, 0, 0)),
    ],
)
def test_an_instruction_is_encoded(step, instruction):
    assert assembled(step) == [instruction]


def test_a_map_takes_two_places():
    assert assembled(("map", 1, 9)) == [(0x18, 0x11, 0, 9), (0, 0, 0, 0)]


def test_a_wide_number_takes_two_places():
    assert assembled(("wide", 3, 0x1_8000_0001)) == [(0x18, 0x03, 0, -0x7FFFFFFF), (0, 0, 0, 1)]


def test_registers_are_compared():
    assert assembled(("jump_equal", 1, 2, "end"), ("jump_at_most", 3, 4, "end"), ("label", "end")) == [
        (0x1D, 0x21, 1, 0),
        (0xBD, 0x43, 0, 0),
    ]


def test_jumps_count_from_the_next_instruction():
    code = [
        ("label", "top"),
        ("jump_zero", 1, "end"),
        ("jump_not_equal", 2, 3, "end"),
        ("jump_not_negative", 4, "top"),
        ("jump", "end"),
        ("map", 1, 9),
        ("label", "end"),
        ("leave",),
    ]
    assert assembled(*code) == [
        (0x15, 0x01, 5, 0),
        (0x5D, 0x32, 4, 0),
        (0x75, 0x04, -3, 0),
        (0x05, 0x00, 2, 0),
        (0x18, 0x11, 0, 9),
        (0, 0, 0, 0),
        (0x95, 0, 0, 0),
    ]


def test_a_label_is_placed_once_and_for_all():
    with pytest.raises(KeyError):
        assembled(("jump", "nowhere"))
    with pytest.raises(ValueError, match=r"^label a is placed twice$"):
        assembled(("label", "a"), ("label", "a"))
