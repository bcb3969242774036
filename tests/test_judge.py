"""The walk down the chain, on findings made by hand."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import brimful.judge as judge_module
from brimful.chain.fact import EVENTS, FACTS
from brimful.chain.meaning import MEANINGS
from brimful.chain.owner import Owner
from brimful.chain.stage import CHASSIS, RECEIVE
from brimful.evidence.event import Event, Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Exhibit, Origin
from brimful.evidence.series import Layout, Series
from brimful.judge import Outcome, judge
from brimful.rules import Collect, Confidence, Finding, State, Treatment

HOUR = 3600 * SECOND
DAY = 24 * HOUR


@pytest.fixture
def conclude(monkeypatch):
    """Judge these findings as if rules had found them; `evidence` decides only whether anything was counted."""

    def run(*findings, evidence=None):
        monkeypatch.setattr(judge_module, "RULES", [lambda _: list(findings)])
        return judge(evidence or Evidence())

    return run


def finding(stage, state, place="eth0", **parts):
    return Finding(stage=stage, place=place, state=state, **{"statement": f"{stage} {state}", **parts})


def shown(text):
    return Exhibit(text, Origin("log", 7))


def span(start, end=None):
    return (Moment(start), Moment(start if end is None else end))


def counted(*samples, raw="drops", meaning="nic.ring.no_buffer"):
    layout = Layout.of([Series(meaning, "eth0", raw, "nic_counters")])
    return Evidence(
        Frame(layout, array("Q", [value]), Moment(10 * index * SECOND), array("Q", [1]), lambda line: Origin("f", line))
        for index, value in enumerate(samples)
    )


def ends(judgement):
    return [(verdict.stage, verdict.place) for verdict in judgement.verdicts]


FIFO = finding("nic.fifo", State.LOST, harm=100)
RING_ROOM = finding("nic.ring", State.ROOM, because=(shown("descriptors were free"),))


def test_the_drain_is_blamed_when_the_next_buffer_had_room(conclude):
    judgement = conclude(FIFO, RING_ROOM)
    (verdict,) = judgement.verdicts
    assert (verdict.owner, verdict.stage, verdict.statement) == (Owner.BUS, "nic.fifo", FIFO.statement)
    assert verdict.because == RING_ROOM.because
    assert judgement.statement == FIFO.statement


@pytest.mark.parametrize("state", [State.LOST, State.FULL, State.HOLDS])
def test_the_walk_goes_on_to_a_buffer_that_was_short_too(conclude, state):
    ring = finding("nic.ring", state, because=(shown("the ring was dry"),))
    (verdict,) = conclude(replace(FIFO, because=(shown("overruns"),)), ring).verdicts
    assert (verdict.owner, verdict.stage, verdict.statement) == (Owner.KERNEL, "nic.ring", ring.statement)
    assert [exhibit.text for exhibit in verdict.because][:2] == ["overruns", "the ring was dry"]


def test_the_walk_goes_on_for_as_long_as_buffers_hold_each_other_up(conclude):
    judgement = conclude(FIFO, finding("nic.ring", State.HOLDS), finding("driver.memory", State.HOLDS))
    assert ends(judgement) == [("driver.memory", "eth0")]


@pytest.mark.parametrize("state", [State.ROOM, State.NEAR, State.NOTE, State.OPEN])
def test_the_walk_does_not_go_on_to_a_buffer_that_lost_and_held_nothing(conclude, state):
    assert ("nic.ring", "eth0") not in ends(conclude(FIFO, finding("nic.ring", state), RING_ROOM))


def test_only_back_pressure_is_walked(conclude):
    """A socket that is full drops, it holds no ring up."""
    judgement = conclude(finding("nic.ring", State.LOST), finding("socket.receive", State.LOST, place="eth0"))
    assert set(ends(judgement)) == {("nic.ring", "eth0"), ("socket.receive", "eth0")}


def test_of_two_buffers_the_walk_takes_the_one_that_lost_then_the_one_that_lost_more(conclude):
    start = finding("fabric.link", State.LOST, "card 6", harm=900)
    held = finding("kni.queue", State.HOLDS, "card 6", harm=500)
    few = finding("kni.queue", State.LOST, "card 6", harm=3)
    many = finding("dataplane.queue", State.LOST, "card 6", harm=40)
    assert ends(conclude(start, held, few)) == [("kni.queue", "card 6")]
    assert conclude(start, held, few).verdicts[0].statement == few.statement
    verdicts = conclude(start, held, few, many).verdicts
    assert {verdict.stage: verdict.harm for verdict in verdicts} == {"dataplane.queue": 900, "kni.queue": 3}


def test_nobody_is_blamed_when_room_is_not_shown(conclude):
    judgement = conclude(FIFO)
    assert judgement.outcome is Outcome.UNDECIDED
    assert judgement.verdicts == ()
    assert judgement.statement == (
        "Packets are lost in the packet buffer inside the NIC at eth0;"
        " whether what it drains into had room is not shown (nic.ring)."
    )


def test_an_open_loss_of_the_past_is_told_as_one(conclude):
    assert "Packets have been lost in the packet" in conclude(finding("nic.fifo", State.OVER)).statement


def test_every_buffer_that_must_have_had_room_is_asked_for(conclude):
    judgement = conclude(finding("fabric.link", State.LOST, "card 6"), finding("kni.queue", State.ROOM, "card 6"))
    assert judgement.statement.endswith("is not shown (dataplane.queue).")


def test_room_at_another_place_proves_nothing(conclude):
    assert conclude(FIFO, finding("nic.ring", State.ROOM, "eth1")).verdicts == ()
    assert conclude(FIFO, finding("nic.ring", State.ROOM, "eth0/rx-3")).verdicts
    assert conclude(FIFO, finding("nic.ring", State.ROOM, "")).verdicts


def test_a_counter_that_names_the_cause_needs_no_proof_and_is_walked_from_no_further(conclude):
    direct = replace(FIFO, proven=True)
    assert ends(conclude(direct)) == [("nic.fifo", "eth0")]
    assert ends(conclude(direct, finding("nic.ring", State.LOST))) == [("nic.fifo", "eth0"), ("nic.ring", "eth0")]


def test_a_buffer_at_another_place_is_not_walked_to(conclude):
    assert ends(conclude(FIFO, RING_ROOM, finding("nic.ring", State.HOLDS, "eth1"))) == [("nic.fifo", "eth0")]


@pytest.mark.parametrize(
    ("after", "joined"), [(0, True), (HOUR, True), (HOUR + 1, False), (-HOUR, True), (-HOUR - 1, False)]
)
def test_a_buffer_at_another_time_is_not_walked_to(conclude, after, joined):
    start = replace(FIFO, span=span(30 * DAY))
    ring = finding("nic.ring", State.HOLDS, span=span(30 * DAY + after))
    assert (("nic.ring", "eth0") in ends(conclude(start, ring, RING_ROOM))) is joined


def test_the_uncertainty_of_the_clocks_widens_the_hour(conclude):
    start = replace(FIFO, span=span(30 * DAY))
    ring = finding("nic.ring", State.HOLDS, span=(Moment(30 * DAY + 2 * HOUR, uncertainty_ns=HOUR),) * 2)
    assert ends(conclude(start, ring)) == [("nic.ring", "eth0")]


def test_times_of_different_clocks_and_unknown_times_are_not_held_apart(conclude):
    start = replace(FIFO, span=span(30 * DAY))
    assert (
        ends(conclude(start, finding("nic.ring", State.HOLDS, span=(Moment(0, "relative"),) * 2)))[0][0] == "nic.ring"
    )
    assert ends(conclude(start, finding("nic.ring", State.HOLDS)))[0][0] == "nic.ring"


def test_what_was_lost_since_boot_does_not_explain_what_is_lost_now(conclude):
    ring = finding("nic.ring", State.OVER, confidence=Confidence.MEDIUM)
    assert ends(conclude(FIFO, ring, RING_ROOM))[0] == ("nic.fifo", "eth0")
    assert ends(conclude(replace(FIFO, state=State.OVER), ring, RING_ROOM)) == [("nic.ring", "eth0")]


@pytest.mark.parametrize(
    ("state", "confidence", "against", "expected"),
    [
        (State.LOST, Confidence.HIGH, False, Confidence.HIGH),
        (State.LOST, Confidence.HIGH, True, Confidence.MEDIUM),
        (State.LOST, Confidence.LOW, True, Confidence.LOW),
        (State.OVER, Confidence.HIGH, False, Confidence.MEDIUM),
        (State.OVER, Confidence.HIGH, True, Confidence.LOW),
        (State.OVER, Confidence.MEDIUM, False, Confidence.LOW),
    ],
)
def test_age_and_evidence_against_lower_the_confidence(conclude, state, confidence, against, expected):
    exhibits = (shown("the link is ample"),) if against else ()
    (verdict,) = conclude(finding("nic.ring", state, confidence=confidence, against=exhibits)).verdicts
    assert (verdict.confidence, verdict.against) == (expected, exhibits)
    assert any("not now" in doubt for doubt in verdict.doubts) is (state is State.OVER)


def test_two_walks_to_one_buffer_are_one_verdict(conclude):
    fifo = replace(FIFO, because=(shown("overruns"),), doubts=("a doubt",))
    ring = finding(
        "nic.ring",
        State.LOST,
        "eth0/rx-1",
        harm=7,
        because=(shown("drops"),),
        do=(Treatment("enlarge the ring"),),
        collect=(Collect("counters"),),
    )
    (verdict,) = conclude(fifo, ring).verdicts
    assert sorted(exhibit.text for exhibit in verdict.because) == ["drops", "overruns"]
    assert (verdict.harm, verdict.doubts, verdict.do, verdict.collect) == (100, ("a doubt",), ring.do, ring.collect)


def test_the_surer_of_two_walks_speaks(conclude):
    old = finding("nic.ring", State.OVER, harm=100, statement="was")
    now = finding("nic.ring", State.LOST, harm=5, statement="is")
    (verdict,) = conclude(old, now).verdicts
    assert (verdict.statement, verdict.confidence, verdict.harm) == ("is", Confidence.MEDIUM, 100)


def test_the_most_certain_then_the_most_harmful_verdict_comes_first(conclude):
    judgement = conclude(
        finding("nic.ring", State.LOST, "eth0", harm=5),
        finding("nic.ring", State.LOST, "eth1", harm=50),
        finding("nic.ring", State.LOST, "eth2", harm=1, confidence=Confidence.HIGH),
        finding("nic.ring", State.LOST, "eth3", harm=500, confidence=Confidence.LOW),
    )
    assert [place for _, place in ends(judgement)] == ["eth2", "eth1", "eth0", "eth3"]
    assert judgement.statement == judgement.verdicts[0].statement


def test_a_rule_may_know_the_owner_better_than_the_stage(conclude):
    assert conclude(finding("nic.ring", State.LOST, owner=Owner.HOST)).verdicts[0].owner is Owner.HOST


NOTE = finding("nic.ring", State.NOTE, because=(shown("squeezed"),), subject="the squeezed softirq", statement="")


def test_a_note_of_the_same_place_and_time_is_evidence(conclude):
    note = replace(NOTE, do=(Treatment("spread"),), doubts=("a guess",))
    (verdict,) = conclude(finding("nic.ring", State.LOST), note).verdicts
    assert verdict.because == note.because
    assert verdict.do == note.do
    assert verdict.doubts == ("a guess",)


def test_a_note_of_another_place_or_time_is_a_doubt_that_says_so(conclude):
    start = finding("nic.ring", State.LOST, span=span(30 * DAY))
    note = replace(NOTE, place="eth1", span=span(52 * DAY + HOUR))
    (verdict,) = conclude(start, note).verdicts
    assert verdict.because == ()
    assert verdict.doubts == ("the squeezed softirq: of eth1, 22 days later: not used (log:7)",)
    (verdict,) = conclude(start, replace(NOTE, span=span(29 * DAY + HOUR))).verdicts
    assert verdict.doubts == ("the squeezed softirq: 23 h earlier: not used (log:7)",)


def test_a_note_of_a_stage_that_was_not_crossed_is_not_mentioned(conclude):
    (verdict,) = conclude(finding("nic.ring", State.LOST), replace(NOTE, stage="socket.receive")).verdicts
    assert (verdict.because, verdict.doubts) == ((), ())


def test_a_verdict_comes_before_what_is_open_and_keeps_it_as_a_note(conclude):
    still = finding("protocol.input", State.OPEN, "udp", statement="not explained")
    judgement = conclude(still, finding("nic.ring", State.LOST))
    assert judgement.outcome is Outcome.VERDICT
    assert judgement.notes == ("not explained",)
    assert conclude(still).outcome is Outcome.UNDECIDED
    assert conclude(still).notes == ()


def test_of_what_is_open_a_present_loss_is_told_first(conclude):
    assert conclude(finding("protocol.input", State.OPEN, statement="old"), FIFO).statement.startswith(
        "Packets are lost"
    )


def test_near_misses_and_pools_that_ran_short_are_notes_of_a_healthy_machine(conclude):
    near = finding("nic.ring", State.NEAR, statement="waited")
    held = finding("pool.mbuf", State.HOLDS, "card 6", statement="ran short")
    judgement = conclude(near, held, near, evidence=counted(3, 3))
    assert (judgement.outcome, judgement.notes) == (Outcome.HEALTHY, ("waited", "ran short"))


@pytest.mark.parametrize(
    ("samples", "outcome", "statement"),
    [
        ((), Outcome.UNDECIDED, "Nothing in it counts losses: there is nothing to judge."),
        ((0,), Outcome.HEALTHY, "Nothing was lost since the counters were cleared: of 1 loss counter none moved"),
        ((4,), Outcome.HEALTHY, "Too little was lost since the counters were cleared to blame anybody: of 1 loss c"),
        ((4, 4), Outcome.HEALTHY, "No buffer overflowed in the 10.0 s watched: of 1 loss counter none moved."),
        ((4, 9), Outcome.HEALTHY, "No buffer is seen to overflow in the 10.0 s watched: of 1 loss counter drops mo"),
    ],
)
def test_healthy_is_said_no_further_than_counters_were_read(conclude, samples, outcome, statement):
    judgement = conclude(evidence=counted(*samples))
    assert judgement.outcome is outcome
    assert judgement.statement.startswith(statement)


def test_the_chain_shows_what_is_known_of_each_buffer(conclude):
    chain = conclude(replace(FIFO, level=0.25), RING_ROOM).chain
    known = {sink.stage: (sink.lost, sink.level) for sink in chain if sink.known}
    assert known == {"nic.fifo": (100, 0.25), "nic.ring": (0, None)}


def test_room_is_proof_only_when_it_was_shown(conclude):
    assert conclude(FIFO, finding("nic.ring", State.NEAR)).verdicts == ()
    assert ends(conclude(replace(FIFO, state=State.OVER), RING_ROOM)) == [("nic.fifo", "eth0")]


def test_only_room_in_the_way_of_the_drain_is_evidence(conclude):
    others = (
        finding("nic.ring", State.ROOM, "eth1", because=(shown("another place"),)),
        finding("nic.ring", State.NEAR, because=(shown("a near miss"),)),
        finding("socket.receive", State.ROOM, because=(shown("another stage"),)),
    )
    (verdict,) = conclude(FIFO, RING_ROOM, *others).verdicts
    assert verdict.because == RING_ROOM.because


def test_what_makes_evidence_uncertain_is_a_doubt_of_what_is_concluded_from_it(conclude):
    guessed = replace(shown("drops"), doubt="driver guessed")
    lost = finding("nic.ring", State.LOST, because=(guessed, guessed), doubts=("another",))
    assert conclude(lost).verdicts[0].doubts == ("another", "driver guessed")
    assert conclude(replace(lost, because=(), against=(guessed,))).verdicts[0].doubts == ("another", "driver guessed")
    assert conclude(replace(lost, state=State.OPEN)).opens[0].doubts == ("another", "driver guessed")
    assert conclude(replace(FIFO, because=(guessed,))).opens[0].doubts == ("driver guessed",)


@pytest.mark.parametrize(
    ("first", "last", "joined"),
    [
        (31 * DAY + HOUR, 40 * DAY, True),
        (31 * DAY + HOUR + 1, 40 * DAY, False),
        (20 * DAY, 30 * DAY - HOUR, True),
        (20 * DAY, 30 * DAY - HOUR - 1, False),
    ],
)
def test_the_hour_is_counted_from_end_to_beginning(conclude, first, last, joined):
    start = replace(FIFO, span=span(30 * DAY, 31 * DAY))
    ring = finding("nic.ring", State.HOLDS, span=span(first, last))
    assert (("nic.ring", "eth0") in ends(conclude(start, ring, RING_ROOM))) is joined


def test_a_loss_without_a_time_is_joined(conclude):
    assert ends(conclude(FIFO, finding("nic.ring", State.HOLDS, span=span(DAY)))) == [("nic.ring", "eth0")]


@pytest.mark.parametrize(("after", "told"), [(HOUR * 47, "47 h later"), (HOUR * 48, "2 days later")])
def test_a_gap_is_told_in_days_from_two_days_on(conclude, after, told):
    note = replace(NOTE, span=span(30 * DAY + after))
    (verdict,) = conclude(finding("nic.ring", State.LOST, span=span(30 * DAY)), note).verdicts
    assert verdict.doubts == (f"the squeezed softirq: {told}: not used (log:7)",)


def test_a_note_of_another_place_alone_says_nothing_of_time(conclude):
    (verdict,) = conclude(finding("nic.ring", State.LOST), replace(NOTE, place="eth1")).verdicts
    assert verdict.doubts == ("the squeezed softirq: of eth1: not used (log:7)",)
    (verdict,) = conclude(finding("nic.ring", State.LOST), replace(NOTE, place="unknown card")).verdicts
    assert verdict.doubts == ("the squeezed softirq: the card is not named: not used (log:7)",)


def test_what_is_open_at_a_place_comes_first_then_the_larger(conclude):
    everywhere = finding("softnet.backlog", State.OPEN, "", harm=900, statement="everywhere")
    small, large = (finding("nic.ring", State.OPEN, harm=n, statement=f"{n} at eth0") for n in (3, 40))
    judgement = conclude(everywhere, small, large)
    assert [found.statement for found in judgement.opens] == ["40 at eth0", "3 at eth0", "everywhere"]


def test_pools_that_ran_short_are_no_notes_beside_a_verdict_or_without_a_sentence(conclude):
    held = finding("pool.mbuf", State.HOLDS, "card 6", statement="ran short")
    assert conclude(held, finding("nic.ring", State.LOST)).notes == ()
    assert conclude(replace(held, statement="")).notes == ()


def several(raws, *samples, meaning="nic.ring.no_buffer"):
    layout = Layout.of(Series(meaning, "eth0", raw, "nic_counters") for raw in raws)
    lines = array("Q", [1] * len(raws))
    return Evidence(
        Frame(layout, array("Q", [value] * len(raws)), None, lines, lambda line: Origin("f", line)) for value in samples
    )


@pytest.mark.parametrize(
    ("raws", "named"), [("abc", "3 loss counters a, b, c moved"), ("abcd", "4 loss counters a, b, c ... moved")]
)
def test_three_of_the_counters_that_moved_are_named(conclude, raws, named):
    assert named in conclude(evidence=several(raws, 1, 2)).statement
    assert "in the time between the samples:" in conclude(evidence=several(raws, 1, 2)).statement


def test_the_longest_window_of_several_is_the_one_watched(conclude):
    evidence = counted(4, 4)
    for at in (0, 3):
        layout = Layout.of([Series("nic.ring.no_buffer", "eth1", "drops", "nic_counters")])
        evidence.add(
            Frame(layout, array("Q", [0]), Moment(at * SECOND), array("Q", [1]), lambda line: Origin("f", line))
        )
    for frame in several(["timeless"], 5, 5).all_readings():
        for one, _ in frame.frames:
            evidence.add(one)
    assert "in the 10.0 s watched: of 3 loss counters none" in conclude(evidence=evidence).statement


def test_packets_that_went_through_are_nothing_to_judge_by(conclude):
    judgement = conclude(evidence=counted(4, 9, meaning="nic.ring.passed"))
    assert judgement.outcome is Outcome.UNDECIDED
    assert [sink for sink in judgement.chain if sink.known] == []


def test_the_chain_is_that_of_the_worst_verdict_or_of_what_was_counted(conclude):
    chassis = finding("kni.queue", State.LOST, "card 6", confidence=Confidence.HIGH)
    host = finding("nic.ring", State.LOST)
    assert [sink.stage for sink in conclude(chassis, host).chain] == [*CHASSIS, "nic.ring"]
    assert [sink.stage for sink in conclude(host, replace(chassis, confidence=Confidence.LOW)).chain] == [
        *RECEIVE,
        "kni.queue",
    ]
    assert [sink.stage for sink in conclude(evidence=counted(0, meaning="kni.queue.dropped")).chain] == [*CHASSIS]
    windows = conclude(evidence=counted(0, meaning="fabric.link.data_missed")).chain
    assert [sink.stage for sink in windows if sink.known] == ["fabric.link"]
    mixed = conclude(host, evidence=counted(0, meaning="kni.queue.dropped")).chain
    assert [sink.stage for sink in mixed] == [*RECEIVE]


def test_a_sink_of_the_chain_shows_the_worst_of_what_was_lost_and_how_full_it_was(conclude):
    few = finding("nic.ring", State.LOST, "eth0/rx-1", harm=3, level=0.5)
    many = finding("nic.ring", State.LOST, "eth0/rx-2", harm=40, level=0.25)
    near = finding("nic.ring", State.NEAR, harm=900)
    note = finding("softnet.backlog", State.NOTE, "")
    other = finding("driver.memory", State.ROOM, "eth1")
    chain = conclude(few, many, near, note, other).chain
    assert {sink.stage: (sink.lost, sink.level) for sink in chain if sink.known} == {"nic.ring": (40, 0.5)}


PLACES = (
    *("eth0", "eth0/rx-3", "eth1", "cpu 0", "cpu 1", "cpu 2", "udp", "udp6", "tcp", "tcp/RcvPruned", "host"),
    *("udp 0.0.0.0:53/17", "tcp 0.0.0.0:80", "0000:01:00.0", "unknown device", "unknown card", "all cards/di_rx"),
    *("card 6", "card 6/di_rx", "card 3 -> card 6/5min", "card 6 -> card 3/5min", "card 4 -> card 6/60min"),
)
NUMBERS = st.sampled_from((0, 1, 36, 999, 3000, 239_166, 1 << 32, (1 << 64) - 1))
MOMENTS = st.none() | st.builds(Moment, st.integers(0, 60 * DAY), st.sampled_from(("utc", "relative")))
SERIES = st.builds(
    Series,
    st.sampled_from(sorted(MEANINGS)),
    st.sampled_from(PLACES),
    st.sampled_from(("drops", "di_rx", "kni_drops", "rtnl rx_dropped + rx_missed_errors")),
    st.sampled_from(("link", "nic_counters", "nstat")),
    st.sampled_from((0, 16, 32, 64)),
)


@st.composite
def frames(draw):
    layout = Layout.of(draw(st.lists(SERIES, min_size=1, max_size=20, unique=True)))
    rows = draw(st.lists(st.lists(NUMBERS, min_size=len(layout), max_size=len(layout)), min_size=1, max_size=3))
    lines = array("Q", [1] * len(layout))
    return [Frame(layout, array("Q", row), draw(MOMENTS), lines, lambda line: Origin("f", line)) for row in rows]


EVENTS_SEEN = st.builds(
    Event,
    st.sampled_from(sorted(EVENTS)),
    st.sampled_from(PLACES),
    MOMENTS,
    st.just(Origin("log", 7)),
    st.sampled_from(({}, {"total": 5, "total_signed": -5, "pid": "1"}, {"total": 9, "zone_offset_s": -18000})),
)
FACTS_SEEN = st.builds(
    Fact,
    st.sampled_from(sorted(FACTS)),
    st.sampled_from(PLACES),
    st.sampled_from((0, 1, 8.0, 10_000, "Bad", "eth0", "0000:01:00.0")),
    st.just(Origin("facts", 3)),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(frames(), max_size=2), st.lists(EVENTS_SEEN | FACTS_SEEN, max_size=12))
def test_any_evidence_is_judged_in_whole_sentences(sheets, items):
    judgement = judge(Evidence([*(frame for sheet in sheets for frame in sheet), *items]))
    said = [judgement.statement, *judgement.notes, *(verdict.statement for verdict in judgement.verdicts)]
    assert [sentence for sentence in said if not sentence.endswith(".") or "  " in sentence] == []
    assert (judgement.outcome is Outcome.VERDICT) is bool(judgement.verdicts)


def test_counters_that_went_back_are_no_health():
    series = Series("softnet.backlog.dropped", "cpu 0", "dropped", "softnet", 32)
    rows = [
        Frame(Layout.of([series]), array("Q", [value]), Moment(at), array("Q", [1]), lambda line: Origin("f", line))
        for at, value in ((0, 99), (60, 0))
    ]
    judgement = judge(Evidence(rows))

    assert judgement.outcome is Outcome.UNDECIDED
    assert judgement.statement.startswith("Counters went back between the samples (dropped): they were cleared")
    assert judge(Evidence(rows[::-1][:1])).outcome is Outcome.HEALTHY
    corrected = [rows[0], Frame(rows[0].layout, array("Q", [98]), Moment(60), rows[0].lines, rows[0].origin_of)]
    assert judge(Evidence(corrected)).outcome is Outcome.HEALTHY
