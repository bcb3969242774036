from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.ynl import rows


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": 1, "type": "rx"}, {"id": 2}]',
        "[{'id': 1, 'type': 'rx'},\n {'id': 2}]",
        " [ {'id':1,'type':'rx'},{'id':2} ]\n",
    ],
)
def test_both_forms_say_the_same(text):
    assert [msgspec.json.decode(row) for row in rows(text)] == [{"id": 1, "type": "rx"}, {"id": 2}]


@pytest.mark.parametrize("text", ["", "{}", "[", "null", "[{'a': None}", "[" * 100_000])
def test_anything_else_is_one_kind_of_error(text):
    with pytest.raises(msgspec.DecodeError):
        rows(text)


@given(st.text())
def test_no_text_raises_another(text):
    with suppress(msgspec.DecodeError):
        rows(text)
