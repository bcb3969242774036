import pytest

from brimful.roots.encoding import HEAD, plain

TEXT = "card 6 \N{HORIZONTAL ELLIPSIS}\nkni_drops 0\n"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_that_says_so_is_text(codec):
    mark = b"" if codec == "utf-16" else "\N{ZERO WIDTH NO-BREAK SPACE}".encode(codec)

    assert plain(mark + TEXT.encode(codec)) == TEXT.encode()


def test_carriage_returns_alone_end_lines():
    assert plain(b"one\rtwo\r") == b"one\ntwo\n"
    assert plain("one\rtwo\r".encode("utf-16")) == b"one\ntwo\n"


@pytest.mark.parametrize("data", [b"", b"one\r\ntwo\r\n", b"one\rtwo\n", b"one", b"\xff", b"x" * HEAD + b"\r\r"])
def test_anything_else_stays_as_it_is(data):
    assert plain(data) is data


def test_half_a_character_costs_itself():
    assert plain(b"\xff\xfea\x00b") == "a\N{REPLACEMENT CHARACTER}".encode()
    assert plain(b"\xff\xfe\x00\xd8") == "\N{REPLACEMENT CHARACTER}".encode()
