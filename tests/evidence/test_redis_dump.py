import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.evidence.redis_dump import Dump

DUMPED = """{
  "COUNTERS:oid:0x15000000000357": {
    "expireat": 1550863898.649604,
    "ttl": -0.001,
    "type": "hash",
    "value": {
      "SAI_QUEUE_STAT_PACKETS": "7",
      "SAI_QUEUE_STAT_BYTES": "448"
    }
  },
  "PORT_LIST": {
    "type": "set",
    "value": ["a"]
  }
}"""


def dump(text):
    return Dump(text.split("\n"))


def test_the_form_of_sonic_db_dump():
    found = dump(DUMPED)
    assert found.table("COUNTERS:oid:0x15000000000357") == {
        "SAI_QUEUE_STAT_PACKETS": "7",
        "SAI_QUEUE_STAT_BYTES": "448",
    }
    assert found.line("COUNTERS:oid:0x15000000000357", "SAI_QUEUE_STAT_BYTES") == 8
    assert found.table("COUNTERS:oid:0x1") == {}


def test_the_short_form():
    found = dump('{\n "A:1": {\n  "x": "1"\n },\n "B|2": {"x": "2"}\n}')
    assert found.tables == {"A:1": {"x": "1"}, "B|2": {"x": "2"}}
    assert found.line("A:1", "x") == 3
    assert found.line("B|2", "x") == 0


def test_the_configuration_on_disk_has_tables_of_names():
    found = dump('{\n"BUFFER_POOL": {\n"ingress": {\n"size": "1"\n},\n"egress": {\n"size": "2"\n}\n}\n}')
    assert found.tables == {"BUFFER_POOL|ingress": {"size": "1"}, "BUFFER_POOL|egress": {"size": "2"}}
    assert found.line("BUFFER_POOL|egress", "size") == 7


def test_keys_below_a_table_are_told_by_their_separator():
    found = dump('{"A:1": {"x": "1"}, "A|2": {"x": "2"}, "A": {"x": "3"}, "B:1:2": {"x": "4"}}')
    assert list(found.below(":", "A", "B")) == [("A", "1", {"x": "1"}), ("B", "1:2", {"x": "4"})]
    assert list(found.below("|", "A")) == [("A", "2", {"x": "2"})]


@pytest.mark.parametrize("text", ["", "[]", "{", "nothing", '{"a": 1}{', "[" * 100_000])
def test_what_is_no_dump(text):
    with pytest.raises(ValueError, match="not JSON"):
        dump(text)


@given(st.dictionaries(st.text(max_size=8), st.dictionaries(st.text(max_size=8), st.text(max_size=8), min_size=1)))
def test_any_tables_come_back(tables):
    wrapped = {key: {"type": "hash", "value": fields} for key, fields in tables.items()}
    assert dump(json.dumps(wrapped, indent=2)).tables == tables


@given(
    st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.sampled_from("xyz"), st.text("0123456789"), min_size=1))
)
def test_the_line_of_each_field_holds_it(tables):
    text = json.dumps({key: {"type": "hash", "value": fields} for key, fields in tables.items()}, indent=2).split("\n")
    found = Dump(text)
    for key, fields in tables.items():
        for name, value in fields.items():
            assert text[found.line(key, name) - 1].strip().rstrip(",") == f'"{name}": "{value}"'
