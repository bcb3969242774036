"""The screen, of machines made by hand: at a width of 100, without colour unless asked for."""

import io

import pytest
from msgspec.structs import replace
from rich.console import Console
from tests.cli.machines import DROPS, OPEN, PASSED, VERDICT, Fake, frame, machine, sampled

from brimful.cli.render import BLIND_ROWS, LEDGER_ROWS, draw
from brimful.compare import Effect, Result
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Blind, Exhibit, Origin, Unread
from brimful.evidence.series import Series
from brimful.judge import Outcome, Sink


def screen(*machines, show_unread=False, colour=False, width=100):
    console = Console(
        file=io.StringIO(),
        width=width,
        highlight=False,
        force_terminal=colour,
        color_system="standard" if colour else None,
    )
    draw(console, list(machines), show_unread=show_unread)
    return console.file.getvalue()


def lines(*machines, **options):
    return [" ".join(line.split()) for line in screen(*machines, **options).splitlines()]


HURT = machine(verdicts=(VERDICT,), notes=("a note", "another"))


WHOLE = """
The ring ran dry.                                               confidence: high
owner kernel   stage nic.ring   place eth0   1970-01-01T00:00:00Z to
1970-01-01T00:00:10Z

because    5 frames dropped                                           counters:3
           squeezed too                                                  softnet
against    the CPU was idle
doubts     one NIC of two
           a guess
do         enlarge the ring  ethtool -G eth0 rx 4096  (temporary)
           spread the queues
collect    the counters: ethtool -S eth0
           a trace

note       a note
           another

nic.fifo ? -> nic.ring ####.... 1,234 lost -> softnet.backlog ........ 0

stage        place  lost  near  passed  window  counter
nic.ring     eth0      5            95  10.0 s  rx_missed
unexplained  eth0      3                10.0 s  between nic.ring and
                                                protocol.input

not seen   ss: permission denied (run as root)
unread     1 of 0 lines
           /saved/host.txt:7: not a row: scrambled
"""


def test_the_columns_stand_where_they_are_looked_for():
    drawn = screen(HURT, show_unread=True, width=80)
    assert "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n" == WHOLE


def test_a_verdict_is_drawn_from_its_answer_to_what_to_do():
    assert lines(HURT)[1:17] == [
        "The ring ran dry. confidence: high",
        "owner kernel stage nic.ring place eth0 1970-01-01T00:00:00Z to 1970-01-01T00:00:10Z",
        "",
        "because 5 frames dropped counters:3",
        "squeezed too softnet",
        "against the CPU was idle",
        "doubts one NIC of two",
        "a guess",
        "do enlarge the ring ethtool -G eth0 rx 4096 (temporary)",
        "spread the queues",
        "collect the counters: ethtool -S eth0",
        "a trace",
        "",
        "note a note",
        "another",
        "",
    ]


def test_nothing_against_is_said():
    assert "against nothing" in lines(machine(verdicts=(replace(VERDICT, against=()),)))


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (Evidence([frame({DROPS: 1}, 3)]), "owner kernel stage nic.ring at 1970-01-01T00:00:03Z"),
        (Evidence([frame({DROPS: 1}, None)]), "owner kernel stage nic.ring"),
    ],
)
def test_the_time_is_said_as_far_as_it_is_known(evidence, said):
    assert said in lines(machine(verdicts=(replace(VERDICT, place=""),), evidence=evidence))


def test_all_verdicts_are_drawn_and_nothing_that_is_open():
    drawn = lines(machine(verdicts=(VERDICT, replace(VERDICT, statement="And another.")), opens=(OPEN,)))
    assert "And another. confidence: high" in drawn
    assert not any("9 overruns" in line for line in drawn)


def test_what_is_undecided_is_drawn_with_what_to_collect_once():
    also = replace(OPEN, statement="Something else.", because=(), doubts=())
    drawn = lines(machine(Outcome.UNDECIDED, OPEN.statement, opens=(OPEN, also)))
    assert drawn[1:7] == [
        "Frames were lost in eth1.",
        "",
        "because 9 overruns counters:4",
        "doubts by name only",
        "also Something else.",
        "collect the counters: ethtool -S eth1",
    ]
    assert drawn.count("collect the counters: ethtool -S eth1") == 1


def test_a_healthy_machine_is_told_so_and_nothing_is_asked_of_it():
    drawn = lines(machine(Outcome.HEALTHY, "Nothing was lost.", opens=(OPEN,)))
    assert drawn[1] == "Nothing was lost."
    assert not any("collect" in line or "note" in line for line in drawn)


@pytest.mark.parametrize(
    ("sink", "drawn"),
    [
        (Sink("nic.ring", known=False, lost=5), "nic.ring ?"),
        (Sink("nic.ring", known=True), "nic.ring ........ 0"),
        (Sink("nic.ring", known=True, lost=1234), "nic.ring ######## 1,234 lost"),
        (Sink("nic.ring", known=True, lost=5, level=0.5), "nic.ring ####.... 5 lost"),
        (Sink("nic.ring", known=True, lost=5, level=0.001), "nic.ring #....... 5 lost"),
        (Sink("nic.ring", known=True, lost=5, level=0.0), "nic.ring #....... 5 lost"),
        (Sink("nic.ring", known=True, level=0.9), "nic.ring #######. 0"),
        (Sink("nic.ring", known=True, level=7.0), "nic.ring ######## 0"),
    ],
)
def test_a_sink_is_drawn_as_full_as_it_was(sink, drawn):
    assert drawn in lines(machine(chain=(sink,)))
    assert f"{drawn} -> {drawn}" in lines(machine(chain=(sink, sink)))


def test_the_ledger_is_a_table_of_what_moved():
    drawn = lines(HURT)
    at = drawn.index("stage place lost near passed window counter")
    assert drawn[at + 1 : at + 4] == [
        "nic.ring eth0 5 95 10.0 s rx_missed",
        "unexplained eth0 3 10.0 s between nic.ring and protocol.input",
        "",
    ]


def test_a_lifetime_total_a_near_miss_and_an_unknown_window_are_told_apart():
    waited = Series("nic.ring.waited", "eth1", "rnbc", "nic_counters")
    drawn = lines(
        machine(evidence=Evidence([frame({waited: 1}, None), frame({waited: 1235}, None), frame({DROPS: 7})]))
    )
    assert "nic.ring eth1 1,234 between samples rnbc" in drawn
    (old,) = [line for line in drawn if "rx_missed" in line]
    assert "since" in old


def test_a_machine_that_lost_nothing_has_no_ledger():
    assert not any(line.startswith("stage") for line in lines(machine(evidence=Evidence([frame({PASSED: 7})]))))


@pytest.mark.parametrize(
    ("rows", "more"), [(LEDGER_ROWS, []), (LEDGER_ROWS + 2, ["... and 2 more counters (--json has them all)"])]
)
def test_a_long_ledger_is_cut_and_says_so(rows, more):
    many = {Series("nic.ring.no_buffer", f"eth{n}", f"drops_{n:02}", "nic_counters"): n + 1 for n in range(rows)}
    drawn = lines(machine(evidence=Evidence([frame(many)])))
    assert len([line for line in drawn if "drops_" in line]) == LEDGER_ROWS
    assert [line for line in drawn if "more counters" in line] == more


@pytest.mark.parametrize(
    ("count", "more"), [(BLIND_ROWS, []), (BLIND_ROWS + 3, ["... and 3 more (--json has them all)"])]
)
def test_what_could_not_be_seen_is_said_and_cut(count, more):
    drawn = lines(machine(evidence=Evidence(Blind(f"file {n}", "not allowed", "as root") for n in range(count))))
    assert "not seen file 0: not allowed (as root)" in drawn
    assert "file 1: not allowed (as root)" in drawn
    assert len([line for line in drawn if "not allowed" in line]) == BLIND_ROWS
    assert [line for line in drawn if "more (" in line] == more


def test_unread_lines_are_counted_and_shown_when_asked_for():
    evidence = sampled()
    evidence.lines = 1200
    assert "unread 1 of 1,200 lines (--unread shows them)" in lines(machine(evidence=evidence))
    assert not any("scrambled" in line for line in lines(machine(evidence=evidence)))
    drawn = lines(machine(evidence=evidence), show_unread=True)
    assert "unread 1 of 1,200 lines" in drawn
    assert drawn[-1] == "/saved/host.txt:7: not a row: scrambled"
    assert not any("unread" in line for line in lines(machine(evidence=Evidence())))


def test_of_several_machines_each_is_named_and_one_alone_is_not():
    other = machine(name="other", root=Fake("", "live"))
    drawn = lines(HURT, other)
    assert "host (/saved/host.txt)" in drawn
    assert "other (live)" in drawn
    assert sum(set(line) == {"─"} for line in drawn) == 1
    assert not any("host (" in line for line in lines(HURT))


@pytest.mark.parametrize(
    ("origin", "where"),
    [
        (Origin("/a/" + "x" * 24, 123), "x" * 24 + ":123"),
        (Origin("/a/" + "x" * 25, 123), "x" * 21 + "...:123"),
        (Origin("/a/" + "x" * 29), "x" * 25 + "..."),
    ],
)
def test_a_long_file_name_gives_way_never_the_line(origin, where):
    drawn = lines(machine(verdicts=(replace(VERDICT, because=(Exhibit("seen", origin),)),)))
    assert f"because seen {where}" in drawn


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.UNDECIDED, "33"), (Outcome.HEALTHY, "32")])
def test_the_colour_tells_the_outcome(outcome, code):
    assert f"\x1b[1;{code}mSaid." in screen(machine(outcome, "Said."), colour=True)
    assert "\x1b[1;31mThe ring ran dry." in screen(HURT, colour=True)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_is_wider_than_the_screen(width):
    machines = (HURT, machine(Outcome.UNDECIDED, OPEN.statement, opens=(OPEN,)))
    assert max(map(len, screen(*machines, show_unread=True, width=width).splitlines())) <= width


def test_words_in_brackets_are_text_and_no_markup():
    evidence = Evidence([Unread(Origin("f", 1, "[bold]x[/bold]"), "[red]why")])
    drawn = lines(machine(verdicts=(replace(VERDICT, doubts=("[dim]doubt",)),), evidence=evidence), show_unread=True)
    assert "f:1: [red]why: [bold]x[/bold]" in drawn
    assert "doubts [dim]doubt" in drawn


@pytest.mark.parametrize(
    ("arrived", "told"),
    [
        (0, []),
        (10, []),
        (99, []),
        (100, ["ip6: 100 arrived = 0 delivered + 100 unexplained"]),
    ],
)
def test_an_account_of_a_handful_is_not_drawn(arrived, told):
    """Ten multicast packets for groups that nobody joined are no news."""
    received, delivered = (
        Series(f"protocol.input.{event}", "ip6", raw, "snmp")
        for event, raw in (("passed", "InReceives"), ("delivered", "InDelivers"))
    )
    evidence = Evidence([frame({received: 7, delivered: 1}), frame({received: 7 + arrived, delivered: 1}, 10)])
    assert [line for line in lines(machine(evidence=evidence)) if "unexplained" in line] == told


ARRIVED = Series("nic.fifo.arrived", "eth0", "port.rx", "nic_counters")


@pytest.mark.parametrize(
    ("arrived", "line"),
    [
        (1000, "eth0: 1,000 arrived = 95 delivered + 5 rx_missed + 900 unexplained"),
        (90, "eth0: 90 arrived = 95 delivered + 5 rx_missed - 10 unexplained"),
        (100, "eth0: 100 arrived = 95 delivered + 5 rx_missed + 0 unexplained"),
    ],
)
def test_an_account_is_a_sum_that_can_be_followed(arrived, line):
    evidence = Evidence(
        [frame({ARRIVED: 7, DROPS: 1, PASSED: 100}), frame({ARRIVED: 7 + arrived, DROPS: 6, PASSED: 195}, 10)]
    )
    assert line in lines(machine(evidence=evidence))


def test_an_account_without_a_loss_or_a_rest_takes_no_line():
    evidence = Evidence([frame({ARRIVED: 0, PASSED: 0}), frame({ARRIVED: 95, PASSED: 95}, 10)])
    assert not any("arrived" in line for line in lines(machine(evidence=evidence)))


@pytest.mark.parametrize(
    ("result", "said", "code"),
    [
        (Result.WORKED, "The treatment worked", "32"),
        (Result.HELPED, "The treatment helped", "33"),
        (Result.UNCHANGED, "The treatment changed nothing", "31"),
        (Result.WORSE, "It has become worse", "31"),
        (Result.NOT_SHOWN, "Whether the treatment worked is not shown", "33"),
    ],
)
def test_what_became_of_an_earlier_verdict_comes_first(result, said, code):
    effect = Effect("kernel", "nic.ring", "eth0", result, "5 before, 3 now", 5.0, 3.0, None, None)
    treated = replace(HURT, effects=(effect, replace(effect, place="")))
    assert lines(treated)[1:5] == [
        f"{said}: nic.ring eth0: 5 before, 3 now.",
        f"{said}: nic.ring: 5 before, 3 now.",
        "",
        "The ring ran dry. confidence: high",
    ]
    assert f"\x1b[1;{code}m{said}" in screen(treated, colour=True)


def test_counters_that_no_map_explains_are_named_once_with_their_latest_number():
    facts = [Fact("nic.unmapped", "eth0/odd", f"odd {n}", Origin("ethtool -S eth0")) for n in (3, 4)]
    assert "no map counters that no map explains: eth0 odd 4" in lines(machine(evidence=Evidence(facts)))
    more = [Fact("nic.unmapped", f"eth{n}/odd", "odd 1", Origin("f")) for n in range(BLIND_ROWS + 1)]
    (line,) = [line for line in lines(machine(evidence=Evidence(more)), width=200) if line.startswith("no map")]
    assert line.endswith(f"eth{BLIND_ROWS - 1} odd 1 ...")
    assert not any(line.startswith("no map") for line in lines(HURT))
