"""What a sampler reads, how often and at what cost: a made-up root, made-up sources and made-up clocks."""

import itertools
from array import array

import pytest
from tests.sampling import ETH0, ETH1, Clocks, Root, costing, frame, run, sampler_of, series, since

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Blind, Origin, Unread
from brimful.evidence.series import Layout
from brimful.roots.base import Table
from brimful.sources import EACH_SECOND, NOW_AND_THEN, SELDOM, Source

LOST = "nic.ring.no_buffer"


@pytest.fixture
def clocks():
    return Clocks()


def test_each_source_is_read_as_often_as_it_says(clocks):
    seen = {every: [] for every in (EACH_SECOND, NOW_AND_THEN, SELDOM)}
    sources = [
        Source(str(every), ("/x",), costing(clocks, 0.0001, at), "", every_s=every) for every, at in seen.items()
    ]
    run(sampler_of(clocks, *sources), clocks, 121)
    assert since(seen[EACH_SECOND]) == list(range(121))
    assert since(seen[NOW_AND_THEN]) == list(range(0, 121, 10))
    assert since(seen[SELDOM]) == [0, 60, 120]


def test_a_beat_that_comes_a_little_early_is_not_skipped(clocks):
    at = []
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, 0.0001, at), ""))
    for beat in (0.0, 1.002, 2.0, 3.001, 4.0):
        clocks.now = 1000.0 + beat
        sampler.sweep()
    assert len(at) == 5
    clocks.now += 0.5
    sampler.sweep()
    assert len(at) == 5


def test_everything_reads_what_is_not_due(clocks):
    at = []
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, 0.0, at), "", every_s=SELDOM))
    run(sampler, clocks, 3)
    assert len(at) == 1
    run(sampler, clocks, 3, everything=True)
    assert len(at) == 4


def test_a_source_that_costs_too_much_is_read_less_often_and_no_other_is(clocks):
    """1 % of a CPU: cheap ones need 0.1 % each; what is left, 0.8 %, is shared by the two that want more."""
    seen = {name: [] for name in ("cheap", "small", "dear", "dearer")}
    costs = {"cheap": 0.001, "small": 0.001, "dear": 0.016, "dearer": 0.04}
    sources = [Source(name, ("/x",), costing(clocks, costs[name], at), "") for name, at in seen.items()]
    sampler = sampler_of(clocks, *sources)
    run(sampler, clocks, 1000)
    assert len(seen["cheap"]) == len(seen["small"]) == 1000
    periods = {cost.source: cost.period_s for cost in sampler.costs}
    assert periods == pytest.approx({"cheap": 1.0, "small": 1.0, "dear": 4.0, "dearer": 10.0})
    assert since(seen["dear"])[:4] == [0, 1, 5, 9]  # the first reading is no measure
    assert len(seen["dear"]) == 251
    assert len(seen["dearer"]) == 101
    assert clocks.cpu / 1000 == pytest.approx(0.01, rel=0.01)


def test_a_source_that_has_become_cheap_is_read_often_again(clocks):
    at, price = [], [0.1]
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, lambda: price[0], at), ""))
    run(sampler, clocks, 12)
    assert since(at) == [0, 1, 11]
    price[0] = 0.001
    run(sampler, clocks, 20)
    assert since(at)[3:6] == [21, 22, 23]


def test_one_reading_that_was_disturbed_changes_nothing(clocks):
    at, prices = [], [0.5, 0.001, 0.001, 0.9, *[0.001] * 10]
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, lambda: prices.pop(0), at), ""))
    run(sampler, clocks, 10)
    assert since(at) == list(range(10))
    assert sampler.costs[0].cpu_s == pytest.approx(1.408)


def test_costs_are_told(clocks):
    def parse(document):
        clocks.cpu += 0.002
        clocks.now += 0.25
        yield frame(document, {series(LOST): 1, series("nic.ring.passed"): 2})

    sampler = sampler_of(clocks, Source("one", ("/x",), parse, ""))
    run(sampler, clocks, 3)
    (cost,) = sampler.costs
    assert (cost.source, cost.every_s, cost.reads, cost.samples) == ("one", 1.0, 3, 6)
    assert (cost.cpu_s, cost.last_cpu_s, cost.last_s) == pytest.approx((0.006, 0.002, 0.25))
    assert (cost.late, cost.failures) == (0, 0)
    assert sampler.sweeps == 3


def test_reads_that_come_a_whole_period_late_are_counted(clocks):
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, 0.0001), ""))
    for pause in (1.0, 1.9, 2.0, 5.0):
        sampler.sweep()
        clocks.now += pause
    sampler.sweep()
    assert sampler.costs[0].late == 2


def test_a_source_that_fails_is_told_and_the_others_are_read(clocks):
    def fail(_):
        raise OSError(5, "Input/output error")
        yield

    at = []
    sampler = sampler_of(
        clocks, Source("bad", ("/x",), fail, "Read a thing."), Source("good", ("/x",), costing(clocks, 0, at), "")
    )
    run(sampler, clocks, 3)
    assert [(cost.source, cost.failures, cost.reads) for cost in sampler.costs] == [("bad", 3, 3), ("good", 0, 3)]
    assert len(at) == 3
    assert sampler.evidence.blind == [Blind("Read a thing.", "Input/output error")]


def test_only_sources_that_are_answered_here_are_read(clocks):
    sampler = sampler_of(
        clocks, Source("saved", ("show x",), costing(clocks, 0), ""), Source("live", ("show x", "/x"), lambda _: (), "")
    )
    assert [cost.source for cost in sampler.costs] == ["live"]


def test_lines_and_unread_lines_are_counted(clocks):
    def parse(document):
        document.lines()
        yield Unread(document.origin(1), "no number")

    sampler = sampler_of(clocks, Source("one", ("/x",), parse, ""))
    run(sampler, clocks, 4)
    assert (sampler.unread, len(sampler.evidence.unread), sampler.evidence.lines) == (4, 4, 8)


def losing(values):
    """A source that counts a loss: one of these values at each read."""
    left = list(values)

    def parse(document):
        yield frame(document, {series(LOST): left.pop(0)})

    return Source("losses", ("/losses",), parse, "")


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([0, 0, 0, 0, 0, 5, 5, 5, 5, 5], [0, 1, 5]),
        ([0] * 10, [0, 1]),
        (range(10), [0, 1, 3, 5, 7, 9]),  # five times its share: each second second
        ([7] * 10, [0, 1]),  # what was lost before is no reason
    ],
)
def test_what_can_explain_a_loss_is_read_at_once_but_not_at_any_price(clocks, values, read):
    at = []
    explain = Source("explain", ("/x",), costing(clocks, 0.09, at), "", hurry=(LOST,))
    run(sampler_of(clocks, explain, losing(values)), clocks, 10)
    assert since(at) == read


def test_a_source_is_not_read_more_often_than_it_says_however_much_is_lost(clocks):
    at = []
    explain = Source("explain", ("/x",), costing(clocks, 0.0001, at), "", every_s=NOW_AND_THEN, hurry=(LOST,))
    run(sampler_of(clocks, explain, losing(range(30))), clocks, 30)
    assert since(at) == [0, 10, 20]


def test_what_the_root_cannot_see_is_told(clocks):
    root = Root(clocks)
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, 0), ""), root=root)
    root.unseen = [Blind("a file", "may not be read")]
    run(sampler, clocks, 2)
    assert sampler.evidence.blind == root.unseen


def identity(clocks, drivers):
    def parse(document):
        yield Fact("nic.driver", document.of["interface"], drivers[document.of["interface"]], Origin("i"), document.at)

    return Source("nic_identity", ("ethtool -i {interface}",), parse, "", every_s=SELDOM)


def table(root):
    rows = tuple(name for _, name in root.listed)
    values = array("Q", range(len(rows)))
    return Table("numbers", rows, ("a",), values, 1, 0, root.clocks.moment(), "")


def test_documents_and_tables_know_the_drivers_from_the_first_sweep_on(clocks):
    told = []

    def parse(document):
        told.append((document.of.get("driver"), dict(document.drivers)))
        return iter(())

    def tabulate(found):
        told.append((found.rows, dict(found.drivers)))
        return iter(())

    root = Root(clocks, {"numbers": [table]})
    drivers = {"eth0": "igb", "eth1": "veth"}
    sampler = sampler_of(
        clocks,
        Source("a_text", ("ethtool -S {interface}",), parse, ""),
        Source("a_table", ("numbers",), parse, "", tabulate=tabulate),
        identity(clocks, drivers),
        root=root,
    )
    run(sampler, clocks, 1)
    assert told == [("igb", {"eth0": "igb"}), (("eth0",), {"eth0": "igb"})]
    told.clear()
    root.listed = (ETH0, ETH1)
    run(sampler, clocks, 1)
    assert told == [("igb", drivers), ("veth", drivers), (("eth0", "eth1"), drivers)]


def test_tables_are_news_when_they_look_different_and_now_and_then(clocks):
    told = []

    def tabulate(found):
        if found.news:
            told.append(clocks.now)
        return iter(())

    root = Root(clocks, {"numbers": [table]})
    sampler = sampler_of(clocks, Source("a", ("numbers",), costing(clocks, 0), "", tabulate=tabulate), root=root)
    run(sampler, clocks, 5)
    root.listed = (ETH0, ETH1)
    run(sampler, clocks, 100)
    assert since(told) == [0, 5, 65]


def test_a_source_with_a_table_falls_back_on_text_where_the_root_has_none(clocks):
    at = []
    source = Source("a", ("/x",), costing(clocks, 0, at), "", tabulate=lambda _: pytest.fail("there is no table"))
    run(sampler_of(clocks, source), clocks, 2)
    assert len(at) == 2


def test_of_several_forms_the_first_that_is_answered_is_read(clocks):
    asked = []

    def parse(document):
        asked.append(document.name)
        return iter(())

    run(sampler_of(clocks, Source("forms", ("show x", "/better", "/worse"), parse, "", one_of=True)), clocks, 1)
    run(sampler_of(clocks, Source("all", ("show x", "/one", "/two"), parse, "")), clocks, 1)
    assert asked == ["/better", "/one", "/two"]


@pytest.mark.parametrize("better", ["/better", "numbers"])
def test_what_another_source_tells_better_is_read_only_where_that_is_not_answered(clocks, better):
    at = {name: [] for name in ("a_worse", "b_better", "c_worse")}
    tabulate = (lambda _: iter(())) if better == "numbers" else None
    sources = [
        Source("a_worse", ("/x",), costing(clocks, 0, at["a_worse"]), "", unless=("other", "b_better")),
        Source("b_better", (better,), costing(clocks, 0, at["b_better"]), "", tabulate=tabulate),
        Source("c_worse", ("/x",), costing(clocks, 0, at["c_worse"]), "", unless=("silent",)),
        Source("silent", ("show nothing",), costing(clocks, 0), ""),
    ]
    run(sampler_of(clocks, *sources, root=Root(clocks, {"numbers": [table]})), clocks, 3, everything=True)
    assert {name: len(times) for name, times in at.items()} == {
        "a_worse": 0,
        "b_better": 3 if better == "/better" else 0,
        "c_worse": 3,
    }


def test_a_window_forgets_what_is_older(clocks):
    values = iter(range(0, 10_000, 10))

    def parse(document):
        yield frame(document, {series("nic.ring.passed"): next(values)})

    sampler = sampler_of(clocks, Source("one", ("/x",), parse, ""), window_s=10.0)
    run(sampler, clocks, 100)
    (reading,) = sampler.evidence.readings("nic.ring.passed")
    assert 10.0 <= reading.seconds < 13.0  # it is tidied up now and then
    assert (reading.samples, reading.delta) == (reading.seconds + 1, 10 * reading.seconds)
    whole = sampler_of(clocks, Source("one", ("/x",), parse, ""))
    run(whole, clocks, 100)
    assert whole.evidence.readings("nic.ring.passed")[0].samples == 100


def test_memory_stays_bounded_while_sockets_and_interfaces_come_and_go(clocks):
    """10,000 sweeps, each with another socket, another interface, a fact, and a line that cannot be read."""

    def parse(document):
        number = int(clocks.now)
        layout = Layout.of((series("socket.receive.queued", f"udp 127.0.0.1:53/{number}"),))
        yield Frame(layout, array("Q", [1]), document.at, None, document.origin)
        yield Fact("nic.driver", f"veth{number}", "veth", document.origin(1), document.at)
        yield Unread(document.origin(1), "no number")

    root = Root(clocks)
    sampler = sampler_of(clocks, Source("one", ("/x",), parse, ""), root=root, window_s=10.0)
    sizes = []
    for number in range(10_000):
        root.listed = (ETH0, (number + 3, f"veth{number}"))
        run(sampler, clocks, 1)
        if number in {2_000, 9_998}:
            evidence = sampler.evidence
            sizes.append(
                (
                    len(list(evidence.all_readings())),
                    len(list(evidence.frames())),
                    len(evidence.facts("nic.driver")),
                    len(evidence.unread),
                    len(evidence.blind),
                )
            )
    assert sizes[0] == sizes[1]
    assert max(sizes[1]) <= 1003  # unread lines, tidied up each third sweep
    assert sampler.unread == 10_000


def test_a_price_that_varies_is_counted_by_its_average(clocks):
    prices = itertools.cycle([0.01, 0.03])
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, lambda: next(prices)), ""))
    run(sampler, clocks, 1000)
    assert 0.0075 < clocks.cpu / 1000 <= 0.0101  # it can only be read at whole seconds


def test_what_the_sampler_itself_needs_is_taken_from_what_reading_may(clocks):
    root = Root(clocks)
    listed = root.interfaces

    def looked():
        clocks.cpu += 0.004
        return listed()

    root.interfaces = looked
    at = []
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, 0.012, at), ""), root=root)
    run(sampler, clocks, 1000)
    assert clocks.cpu / 1000 == pytest.approx(0.01, rel=0.05)
    assert sampler.costs[0].period_s == pytest.approx(2.0, rel=0.05)
    assert len(at) == pytest.approx(500, rel=0.05)
