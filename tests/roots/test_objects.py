"""Lists of objects as `ip -j` prints them: what cannot be read costs itself and nothing else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.roots.objects import is_list, objects


class Link(msgspec.Struct, frozen=True):
    ifname: str = ""


def read(data):
    found = list(objects(Document("ip -j link", "links.json", data), Link, "a link"))
    assert all(one.origin.file == "links.json" for one in found if isinstance(one, Unread))
    return [one.why if isinstance(one, Unread) else one.ifname for one in found]


def test_each_object_is_read_and_a_bad_one_costs_itself():
    assert read(b'\n[{"ifname": "eth0", "mtu": 1500},\n {"ifname": 7}, 8, {}]\n') == [
        "eth0",
        "not a link: Expected `str`, got `int` - at `$.ifname`",
        "not a link: Expected `object`, got `int`",
        "",
    ]


@pytest.mark.parametrize(
    "data", [b'[{"ifname": "eth0", "id": 1}, {}]', b"[{'ifname': 'eth0', 'id': 1},\n {}]", b" [ {'ifname':'eth0'},{} ]"]
)
def test_the_form_of_python_says_the_same(data):
    assert read(data) == ["eth0", ""]


@pytest.mark.parametrize("data", [b"", b"[", b"{}", b"null", b"[{'a': None}", b"[" * 100_000, b'[{"ifname": "eth0"}'])
def test_what_is_no_list_is_told_once(data):
    (why,) = read(data)
    assert why.startswith("not JSON: ")


@pytest.mark.parametrize(
    ("depth", "said"),
    [
        (10, ("",)),
        *((depth, ("", "not JSON", "not a link")) for depth in range(900, 1100, 7)),
        (100_000, ("not JSON",)),
    ],
)
def test_what_is_too_deep_is_told(depth, said):
    first, *_ = read(b'[{"x": ' + b"[" * depth + b"]" * depth + b'}, {"ifname": "eth0"}]')
    assert first.partition(":")[0] in said


@pytest.mark.parametrize(
    ("data", "listed"), [(b"[]", True), (b"\n  [{", True), (b"1: lo: <UP>\n[", False), (b"", False), (b"\n", False)]
)
def test_lists_are_told_from_text(data, listed):
    assert is_list(Document("ip link", "links", data)) is listed


@given(st.binary())
def test_any_bytes(data):
    for text in (data, b"[" + data, b"[" + data + b"]", b"[{'" + data):
        assert all(isinstance(one, str) for one in read(text))
