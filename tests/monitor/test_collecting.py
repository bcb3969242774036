"""The chain of groups that collect each other."""

from hypothesis import given
from hypothesis import strategies as st

from brimful.monitor.collecting import collected, cycles, missing, periods
from brimful.monitor.group import Action, Config, Deed, Group


def config(edges, timers=None, listed=None):
    """Groups that collect others, with timers by name; those with a timer are listed unless said."""
    timers = timers or {}
    groups = {
        name: Group(
            name,
            "buffer",
            timer_s=timers.get(name),
            actions=(Action(Deed.COLLECT, groups=tuple(targets)),) if targets else (),
        )
        for name, targets in edges.items()
    }
    return Config(tuple(timers if listed is None else listed), groups)


def test_a_chain():
    chain = config({"a": "bc", "b": "d", "c": "d", "d": ""}, {"a": 2.0})
    assert collected(chain) == {"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ()}
    assert periods(chain) == {"a": 2.0, "c": 2.0, "d": 2.0, "b": 2.0}
    assert cycles(chain) == []
    assert missing(chain) == {}


def test_the_fastest_who_reads_it():
    assert periods(config({"a": "c", "b": "c", "c": ""}, {"a": 9.0, "b": 1.0})) == {"a": 9.0, "b": 1.0, "c": 1.0}
    assert periods(config({"a": "b", "b": ""}, {"a": 9.0, "b": 1.0})) == {"a": 9.0, "b": 1.0}


def test_who_is_never_read():
    assert periods(config({"a": "", "b": "c", "c": ""}, {"a": 1.0, "b": 1.0}, listed=["a"])) == {"a": 1.0}
    assert periods(config({"a": ""}, listed=["a", "gone"])) == {}


def test_circles_are_told_once():
    assert cycles(config({"a": "b", "b": "c", "c": "b"})) == [("b", "c")]
    assert cycles(config({"c": "a", "a": "b", "b": "c"})) == [("c", "a", "b")]
    assert cycles(config({"a": "a"})) == [("a",)]
    assert cycles(config({"a": "b", "b": "a", "c": "d", "d": "c"})) == [("a", "b"), ("c", "d")]


def test_a_circle_is_read():
    assert periods(config({"a": "b", "b": "a"}, {"a": 3.0})) == {"a": 3.0, "b": 3.0}


def test_what_is_missing():
    assert missing(config({"a": "xb", "b": "x"}, listed=["a", "y"])) == {"y": [], "x": ["a", "b"]}


GRAPHS = st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefx"), unique=True), min_size=1)


@given(GRAPHS, st.sets(st.sampled_from("abcdef")))
def test_any_graph(edges, timers):
    chain = config(edges, dict.fromkeys(timers, 1.0))
    reach = {name for name in timers if name in edges}
    while grown := {one for name in reach for one in edges[name] if one in edges} - reach:
        reach |= grown
    assert set(periods(chain)) == reach
    for circle in cycles(chain):
        assert all(after in edges[before] for before, after in zip(circle, (*circle[1:], circle[0]), strict=True))
    assert bool(cycles(chain)) is any(name in _beyond(name, edges) for name in edges)


def _beyond(name, edges):
    reach = set()
    fresh = set(edges[name])
    while fresh:
        reach |= fresh
        fresh = {one for known in fresh for one in edges.get(known, ())} - reach
    return reach
