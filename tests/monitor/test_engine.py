"""Beats, rounds and reloads: made-up readers and a made-up clock."""

import pytest
from tests.monitor.fakes import Clock, Hands, Reader, action, collect, config, group, histogram, state

from brimful.monitor import engine
from brimful.monitor.engine import Engine
from brimful.monitor.group import Deed
from brimful.monitor.happening import Kind

SNAPSHOT = action(Deed.SNAPSHOT, file="/none/x")
LOG = action(Deed.LOG, "queue_bytes", 960)
LONG = state(histogram([0, 1]))


class Bench:
    """An engine among fakes. `states` and `takes` are those of the readers, by group."""

    def __init__(self, *groups, listed=None, states=None, takes=None, cannot=()):
        self.clock = Clock()
        self.hands = Hands()
        self.told = []
        self.readers = {}
        self.made = []
        self.states = states or {}
        self.takes = takes or {}
        self.cannot = set(cannot)
        self.engine = Engine(
            config(*groups, listed=listed),
            self.reader,
            self.hands,
            self.told.append,
            clock=self.clock,
            now=self.clock.ns,
        )

    def reader(self, one):
        if one.name in self.cannot:
            raise ValueError("cannot be read here")
        made = Reader(one.name, self.clock, self.states.get(one.name, ()), self.takes.get(one.name, 0.0))
        self.readers[one.name] = made
        self.made.append(made)
        return made

    def run(self, seconds):
        """Sleep to each beat and do what is due."""
        until = self.clock.now_s + seconds
        while (due := self.engine.next_due()) <= until:
            self.clock.now_s = max(self.clock.now_s, due)
            self.engine.turn()
        self.clock.now_s = max(self.clock.now_s, until)

    def read_at(self, name):
        return [round(at - 1000, 6) for at in self.readers[name].read_at]

    def said(self, kind):
        return [(one.group, one.text) for one in self.told if one.kind is kind]


def test_groups_are_read_by_their_timers():
    bench = Bench(group("a"), group("b", timer_s=3.0))
    bench.run(9.5)
    assert bench.read_at("a") == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert bench.read_at("b") == [3, 6, 9]
    assert bench.hands.pulses == 9


def test_timers_do_not_drift():
    bench = Bench(group("a"), takes={"a": 0.3})
    bench.run(1000.5)
    assert bench.read_at("a")[-1] == 1000
    assert bench.engine.costs[0].skipped == 0


def test_a_reading_slower_than_its_timer_skips_beats_and_counts_them():
    bench = Bench(group("a"), takes={"a": 2.5})
    bench.run(10)
    assert bench.read_at("a") == [1, 4, 7, 10]
    assert bench.engine.costs[0].skipped == 8
    assert bench.said(Kind.SKIPPED) == [("a", "2 beats of its timer have passed unread: the last reading took 2.5 s")]


def test_a_collected_group_is_read_only_when_it_is_collected():
    bench = Bench(
        group("a", collect("b", statistic="queue_bytes", rise=960)),
        group("b", SNAPSHOT, timer_s=None),
        listed=("a",),
        states={"a": [state(), LONG, state()]},
    )
    bench.run(3)
    assert bench.read_at("b") == [2]
    assert [(name, deed) for name, deed, _ in bench.hands.done] == [("b", "snapshot")]
    assert bench.said(Kind.DONE) == [("a", "collects b")]


def test_a_collected_group_is_read_once_a_round_even_when_two_collect_it():
    bench = Bench(
        group("a", collect("c", "b")),
        group("b", collect("c"), timer_s=1.0),
        group("c", SNAPSHOT, timer_s=None),
        listed=("a", "b"),
    )
    bench.run(2)
    assert (bench.read_at("a"), bench.read_at("b"), bench.read_at("c")) == ([1, 2], [1, 2], [1, 2])


def test_groups_that_collect_each_other_are_read_once_a_round_and_told():
    bench = Bench(group("a", collect("b")), group("b", collect("a"), timer_s=None), listed=("a",))
    assert bench.said(Kind.REMARK) == [("", "groups collect each other (a -> b -> a): each is read once a round")]
    bench.run(2)
    assert (bench.read_at("a"), bench.read_at("b")) == ([1, 2], [1, 2])


def test_what_is_listed_or_collected_without_settings_is_told_and_the_rest_goes_on():
    bench = Bench(group("a", collect("buffers_pg")), listed=("discards_pg", "a"))
    assert bench.said(Kind.REMARK) == [
        ("discards_pg", "has no settings: it is not read"),
        ("buffers_pg", "has no settings: a cannot collect it"),
    ]
    bench.run(1)
    assert bench.read_at("a") == [1]


def test_a_group_that_nobody_reads_has_no_reader():
    bench = Bench(group("a"), group("b", timer_s=None), group("c"), listed=("a", "b"))
    assert set(bench.readers) == {"a"}


def test_actions_are_taken_where_their_condition_holds():
    bench = Bench(group("a", SNAPSHOT, LOG), states={"a": [state(), LONG]})
    bench.run(2)
    assert [(deed, len(trigger.crossings)) for _, deed, trigger in bench.hands.done] == [
        ("snapshot", 0),
        ("snapshot", 0),
        ("log", 1),
    ]


def test_one_snapshot_though_two_of_its_conditions_hold():
    two = [action(Deed.SNAPSHOT, "queue_bytes", level, file="/none/x") for level in (960, 100)]
    bench = Bench(group("a", *two), states={"a": [LONG]})
    bench.run(1)
    assert len(bench.hands.done) == 1


def test_a_coarse_threshold_is_told_once():
    bench = Bench(group("a", action(Deed.LOG, "queue_bytes", 500)), states={"a": [LONG]})
    bench.run(5)
    assert bench.said(Kind.REMARK) == [("a", "log: 500 lies inside a range: counted from 960 on")]


def test_a_reader_that_fails_is_told_once_and_the_others_go_on():
    bench = Bench(group("a"), group("b"), states={"a": [OSError(5, "Input/output error")]})
    bench.run(3)
    assert bench.read_at("b") == [1, 2, 3]
    assert bench.said(Kind.FAILED) == [("a", "cannot be read: [Errno 5] Input/output error")]
    assert [cost.failures for cost in bench.engine.costs] == [3, 0]


def test_a_reader_that_comes_back_is_told_and_so_is_its_next_failure():
    broken = OSError(5, "Input/output error")
    bench = Bench(group("a"), states={"a": [broken, broken, LONG, broken]})
    bench.run(5)
    assert [(str(one.kind), one.text) for one in bench.told if one.kind in {Kind.FAILED, Kind.RECOVERED}] == [
        ("failed", "cannot be read: [Errno 5] Input/output error"),
        ("recovered", "can be read again; 2 times it was not"),
        ("failed", "cannot be read: [Errno 5] Input/output error"),
    ]


def test_what_is_blind_is_told_once():
    bench = Bench(group("a"), states={"a": [state(blind=("swp9: no such port",))]})
    bench.run(3)
    assert bench.said(Kind.REMARK) == [("a", "swp9: no such port")]


def test_its_own_cost_is_published():
    bench = Bench(group("a", timer_s=2.0), takes={"a": 0.5})
    bench.run(4)
    bench.engine.say_cost()
    (cost,) = bench.told[-1].cost
    assert bench.told[-1].text == "CPU of reading: a 2 x 2 ms"
    assert cost == {
        "group": "a",
        "reads": 2,
        "skipped": 0,
        "failures": 0,
        "cpu_s": 0.004,
        "last_cpu_s": 0.002,
        "last_s": 0.5,
        "longest_s": 0.5,
    }


def test_a_reload_loses_no_beat():
    bench = Bench(group("a"), group("b", timer_s=2.0))
    bench.run(2.5)
    first = bench.readers["a"]
    bench.engine.replace(config(group("a", SNAPSHOT), group("b", timer_s=2.0, cos=(1,))))
    bench.run(2)
    assert bench.readers["a"] is first
    assert first.closed == 0
    assert bench.read_at("a") == [1, 2, 3, 4]
    # b reads something else: another reader, on the same beat
    assert [[at - 1000 for at in made.read_at] for made in bench.made if made.name == "b"] == [[2], [4]]
    assert [made.closed for made in bench.made if made.name == "b"] == [1, 0]
    assert {deed for _, deed, _ in bench.hands.done} == {"snapshot"}


def test_a_reload_keeps_what_conditions_remember():
    cool = action(Deed.LOG, "queue_bytes", 960, cool_down_s=100.0)
    bench = Bench(group("a", cool), states={"a": [LONG]})
    bench.run(2)
    bench.engine.replace(config(group("a", SNAPSHOT, cool)))
    bench.run(2)
    assert [deed for _, deed, _ in bench.hands.done] == ["log", "snapshot", "snapshot"]


def test_another_timer_begins_anew():
    bench = Bench(group("a"))
    bench.run(2.5)
    bench.engine.replace(config(group("a", timer_s=3.0)))
    bench.run(4)
    assert bench.read_at("a") == [1, 2, 5.5]


@pytest.mark.parametrize("by", ["reader", "hands"])
def test_a_reload_that_cannot_be_changes_nothing(by):
    bench = Bench(group("a"))
    bench.run(1.5)
    bench.cannot = {"c"} if by == "reader" else set()
    bench.hands.refuses = "c: log: no target" if by == "hands" else ""
    others = [] if by == "reader" else [group("a", cos=(7,))]
    with pytest.raises(ValueError, match=r"\Ac: (?:cannot be read here|log: no target)\Z"):
        bench.engine.replace(config(*others, group("c")))
    bench.run(2)
    assert bench.made[0].closed == 0
    assert [at - 1000 for at in bench.made[0].read_at] == [1, 2, 3]
    assert all(made.closed for made in bench.made[1:])


def test_what_cannot_be_read_after_a_reload_is_left_out_as_at_the_start():
    bench = Bench(group("a"))
    bench.run(1.5)
    bench.cannot = {"c"}
    bench.engine.replace(config(group("a"), group("c")))
    bench.run(2)
    assert bench.said(Kind.FAILED) == [("c", "cannot be read here; it is left out")]
    assert bench.read_at("a") == [1, 2, 3]
    assert [cost.group for cost in bench.engine.costs] == ["a"]


def test_removed_groups_are_closed_and_so_are_all_at_the_end():
    bench = Bench(group("a"), group("b"))
    bench.engine.replace(config(group("a")))
    assert (bench.readers["a"].closed, bench.readers["b"].closed) == (0, 1)
    bench.engine.close()
    assert bench.readers["a"].closed == 1


def test_the_time_of_day_may_step_without_moving_a_beat():
    bench = Bench(group("a"))
    bench.run(2)
    bench.clock.offset_s -= 3600
    bench.run(2)
    bench.clock.offset_s += 7200
    bench.run(2)
    assert bench.read_at("a") == [1, 2, 3, 4, 5, 6]


def test_what_a_group_can_miss_is_told_when_it_begins():
    bench = Bench(group("a"), group("b", stat_type="packet"))
    ((name, text),) = bench.said(Kind.RESOLUTION)
    assert (name, text.partition(";")[0]) == ("a", "every change was seen")
    bench.engine.replace(config(group("a", SNAPSHOT)))
    assert len(bench.said(Kind.RESOLUTION)) == 1


def test_what_cannot_be_read_here_is_left_out_and_told_when_it_begins():
    bench = Bench(group("a"), group("b"), cannot=["a"])
    assert bench.said(Kind.FAILED) == [("a", "cannot be read here; it is left out")]
    bench.run(2)
    assert bench.read_at("b") == [1, 2]
    with pytest.raises(ValueError, match=r"\Aa: cannot be read here\nb: cannot be read here\Z"):
        Bench(group("a"), group("b"), cannot=["a", "b"])


def test_what_was_told_is_not_remembered_for_ever(monkeypatch):
    monkeypatch.setattr(engine, "MOST_TOLD", 2)
    readings = [state(blind=(f"{text} events were missed",)) for text in (1, 2, 2, 3, 1)]
    bench = Bench(group("a"), states={"a": readings})
    bench.run(5)
    assert [text[:1] for _, text in bench.said(Kind.REMARK)] == ["1", "2", "3", "1"]
