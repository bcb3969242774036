import mmap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.evidence import scan
from brimful.evidence.scan import CHUNK, LONGEST_LINE, Lines, line_of, lines_with, without_endless

TEXT = b"one\nNEEDLE two NEEDLE\r\n\nthree \xc2\xa0NEEDLE\xff\nNEEDLE"


def mapped(tmp_path, data):
    path = tmp_path / "data"
    path.write_bytes(data)
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


@pytest.mark.parametrize("how", ["bytes", "map"])
def test_each_line_with_the_literal_comes_once_with_its_number(how, tmp_path):
    data = TEXT if how == "bytes" else mapped(tmp_path, TEXT)
    found = [(Lines(data).at(begin), line) for begin, line in lines_with(data, b"NEEDLE")]
    assert found == [(2, "NEEDLE two NEEDLE"), (4, "three  NEEDLE\ufffd"), (5, "NEEDLE")]


def test_only_the_region_is_looked_at():
    start = TEXT.index(b"\n\n") + 1
    assert list(lines_with(TEXT, b"NEEDLE", start, len(TEXT) - 7)) == [(start + 1, "three  NEEDLE\ufffd")]


def test_a_line_is_not_read_beyond_the_region():
    assert list(lines_with(b"abc NEEDLE def\n", b"NEEDLE", 2, 12)) == [(2, "c NEEDLE d")]


def test_of_an_endless_line_what_is_near_the_literal_is_kept():
    data = b"x" * 100_000 + b"NEEDLE" + b"y" * 100_000
    ((_, line),) = lines_with(data, b"NEEDLE")
    assert line == "x" * LONGEST_LINE + "NEEDLE" + "y" * LONGEST_LINE


@pytest.mark.parametrize("between", [10, LONGEST_LINE + 100, 5 * LONGEST_LINE])
def test_a_needle_again_in_an_endless_line_is_the_same_line(between):
    data = b"NEEDLE" + b"x" * between + b"NEEDLE\nNEEDLE\n"
    assert [Lines(data).at(begin) for begin, _ in lines_with(data, b"NEEDLE")] == [1, 2]


def test_a_line_of_needles_is_one_line():
    assert len(list(lines_with(b"NEEDLE" * 500 + b"\n", b"NEEDLE"))) == 1


def test_lines_are_counted_over_more_than_one_chunk_and_back(tmp_path):
    data = b"0123456\n" * (CHUNK // 4)
    lines = Lines(mapped(tmp_path, data))
    assert lines.at(len(data) - 1) == CHUNK // 4
    assert lines.at(0) == 1
    assert lines.at(8) == 2
    assert lines.at(7) == 1
    assert lines.at(len(data)) == CHUNK // 4 + 1


def test_where_a_line_begins():
    assert line_of(TEXT, TEXT.index(b"two"), TEXT.index(b"\r")) == (4, "NEEDLE two NEEDLE")


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from([b"NEEDLE", b"\n", b"x", b"\r", b"\xc2\xa0"])).map(b"".join))
def test_the_numbers_are_those_of_the_lines(data):
    expected = [number for number, line in enumerate(data.split(b"\n"), 1) if b"NEEDLE" in line]
    assert [Lines(data).at(begin) for begin, _ in lines_with(data, b"NEEDLE")] == expected


@pytest.mark.parametrize("how", ["bytes", "map"])
def test_the_middle_of_an_endless_line_is_left_out(how, tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "ENDLESS", 8)
    text = b"one\n" + b"x" * 40 + b"end\ntwo\n"
    data = mapped(tmp_path, text) if how == "map" else text
    first, second, third = without_endless(data, 0, len(data)).split(b"\n")[:3]

    assert (first, third) == (b"one", b"two")
    assert second == b"xxxx" + scan.GAP + b"xxxxend"


@pytest.mark.parametrize("text", [b"", b"x" * 8, b"1234567\n" * 9, b"abc\nabcdefg\nabcdefgh\nxy", b"x" * 15])
@pytest.mark.parametrize("start", [0, 1])
def test_lines_that_end_are_kept(text, start, monkeypatch):
    monkeypatch.setattr(scan, "ENDLESS", 8)
    assert without_endless(text, start, len(text)) == text[start:]
