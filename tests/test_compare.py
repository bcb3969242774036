"""What became of an earlier verdict: each result, reports that cannot be used, counts that are too small."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.compare import BadReport, Result, earlier, effects
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series


def loss(**parts):
    return {
        "root": "host",
        "stage": "nic.ring",
        "place": "eth0",
        "meaning": "nic.ring.no_buffer",
        "counter": "rx_no_buffer",
        "lost": 1000,
        "near_missed": 0,
        "passed": 9000,
        "seconds": 10.0,
        "lifetime": False,
        **parts,
    }


def verdict(**parts):
    return {
        "root": "host",
        "owner": "kernel",
        "stage": "nic.ring",
        "place": "eth0",
        "statement": "The ring ran dry.",
        **parts,
    }


VERDICT = verdict()


def report(*losses, verdicts=(VERDICT,), **parts):
    whole = {
        "brimful": "0.1.0",
        "schema": 1,
        "outcome": "verdict",
        "verdicts": list(verdicts),
        "losses": list(losses),
        "unread": [],
        **parts,
    }
    return json.dumps(whole).encode()


def now(lost, passed=None, seconds=10, place="eth0", stage="nic.ring.no_buffer"):
    """Evidence of a watch in which so much was lost and passed."""
    rows = {Series(stage, place, "rx_no_buffer", "nic_counters"): lost}
    if passed is not None:
        rows[Series("nic.ring.passed", place, "rx_packets", "nic_counters")] = passed
    frames = []
    for at, factor in ((0, 0), (seconds, 1)):
        sheet = Sheet(lambda line: Origin("f", line), Moment(at * SECOND))
        for line, (series, value) in enumerate(rows.items(), 1):
            sheet.add(series, 50 + factor * value, line)
        frames.append(sheet.frame())
    return Evidence(frames)


def became(evidence, *losses):
    (effect,) = effects(earlier(report(*(losses or [loss()]))), evidence)
    return effect.result, effect.text


@pytest.mark.parametrize(
    ("evidence", "result", "text"),
    [
        (now(0, 9000), Result.WORKED, "100 a second (10.00 %) before, none now at 90.00 % of the traffic"),
        (now(0, 90000), Result.WORKED, "100 a second (10.00 %) before, none now at 900.00 % of the traffic"),
        (now(0), Result.WORKED, "100 a second (10.00 %) before, none now"),
        (
            now(100, 9900),
            Result.HELPED,
            "100 a second (10.00 %) before, 10 a second (1.00 %) now: 10.0 times less",
        ),
        # half the packets, half the losses: the share is what it was
        (now(500, 4500), Result.UNCHANGED, "100 a second (10.00 %) before, 50 a second (10.00 %) now"),
        (now(1400, 8600), Result.UNCHANGED, "100 a second (10.00 %) before, 140 a second (14.00 %) now"),
        (
            now(3000, 7000),
            Result.WORSE,
            "100 a second (10.00 %) before, 300 a second (30.00 %) now: 3.0 times as much",
        ),
        (now(200), Result.HELPED, "100 a second (10.00 %) before, 20 a second now: 5.0 times less"),
        (
            now(0, 9000, seconds=100),
            Result.NOT_SHOWN,
            "100 a second (10.00 %) before, none now; but only 9.00 % of the traffic is there",
        ),
        (
            now(0, 4000),
            Result.NOT_SHOWN,
            "100 a second (10.00 %) before, none now; but only 40.00 % of the traffic is there",
        ),
        (
            now(0, 0),
            Result.NOT_SHOWN,
            "100 a second (10.00 %) before, none now; but only 0.00 % of the traffic is there",
        ),
        (Evidence(), Result.NOT_SHOWN, "what it lost is not counted now"),
        (now(0, 9000, place="eth1"), Result.NOT_SHOWN, "what it lost is not counted now"),
        (now(0, 9000, stage="nic.fifo.overrun"), Result.NOT_SHOWN, "what it lost is not counted now"),
    ],
)
def test_each_result(evidence, result, text):
    assert became(evidence) == (result, text)


@pytest.mark.parametrize(
    ("lost", "seconds", "result"),
    [(4, 10, Result.NOT_SHOWN), (6, 10, Result.WORKED), (4, 20, Result.WORKED), (60, 1, Result.WORKED)],
)
def test_a_loss_that_was_rare_may_be_absent_by_chance(lost, seconds, result):
    """Five would have to be expected: fewer are absent in more than one watch of a hundred."""
    evidence = now(0, 10000 * seconds // 10, seconds=seconds)
    found = became(evidence, loss(lost=lost, passed=10000))
    assert found[0] is result
    if result is Result.NOT_SHOWN:
        assert found[1] == "0.4 a second (0.04 %) before, none in 10.0 s now: too short to tell"


@pytest.mark.parametrize(
    "before",
    [
        loss(lifetime=True),
        loss(seconds=None),
        loss(seconds=0.0),
        loss(lost=0),
        loss(stage="nic.fifo"),
        loss(place="eth1"),
    ],
)
def test_without_an_earlier_rate_nothing_is_shown(before):
    assert became(now(0, 9000), before) == (Result.NOT_SHOWN, "the earlier report counts no loss over a known time")


def test_of_several_counters_of_one_loss_the_largest_counts():
    result, text = became(now(0, 9000), loss(lost=7), loss(), loss(lost=400, place="eth0/rx-1"))
    assert (result, text.split(" ")[0]) == (Result.WORKED, "100")


def test_one_sample_now_is_no_rate():
    (first, *_) = now(0, 9000).frames()
    assert became(Evidence([first])) == (Result.NOT_SHOWN, "what it lost is not counted now")


def test_rates_and_shares_are_told_as_numbers():
    (effect,) = effects(earlier(report(loss())), now(100, 9900))
    assert (effect.owner, effect.stage, effect.place) == ("kernel", "nic.ring", "eth0")
    assert (effect.before_per_second, effect.now_per_second) == (100.0, 10.0)
    assert (effect.before_share, effect.now_share) == (0.1, 0.01)
    (effect,) = effects(earlier(report()), Evidence())
    assert (effect.before_per_second, effect.now_per_second, effect.before_share, effect.now_share) == (None,) * 4


def test_each_verdict_has_its_own_effect_and_a_healthy_report_none():
    other = verdict(stage="softnet.backlog", place="", owner="kernel")
    found = effects(earlier(report(loss(), verdicts=(verdict(), other))), now(0, 9000))
    assert [(one.stage, one.result) for one in found] == [
        ("nic.ring", Result.WORKED),
        ("softnet.backlog", Result.NOT_SHOWN),
    ]
    assert effects(earlier(report(verdicts=(), outcome="healthy")), now(0, 9000)) == []


def test_of_several_machines_each_is_compared_with_itself():
    before = earlier(
        report(loss(), loss(root="other", lost=10), verdicts=(verdict(), verdict(root="other"), verdict(root="other")))
    )
    assert len(effects(before, now(0, 9000))) == 3
    (found,) = effects(before, now(0, 9000), "host")
    assert found.before_per_second == 100.0
    assert [one.before_per_second for one in effects(before, now(0, 9000), "other")] == [1.0, 1.0]
    assert effects(before, now(0, 9000), "third") == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no report of brimful diagnose --json: "),
        (b"hello", "no report of brimful diagnose --json: "),
        (b"[]", "no report of brimful diagnose --json: Expected `object`"),
        (b"{}", "missing required field"),
        (b"\xff\xfe", "no report"),
        (b"[" * 100_000, "no report"),
        (report(loss(lost="many")), r"\$\.losses\[0\]\.lost"),
        (report(verdicts=[{"stage": 1}]), r"\$\.verdicts\[0\]"),
        (report(schema=2), "report of schema 2, only 1 is known"),
        (report(schema="1"), "schema"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(data, why):
    with pytest.raises(BadReport, match=why) as caught:
        earlier(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "parts", [{"lost": 10**400}, {"lost": -1}, {"passed": -1}, {"seconds": 1e-320}, {"seconds": -3.0}]
)
def test_a_loss_that_cannot_be_true_is_refused(parts):
    with pytest.raises(BadReport, match="no counter can show"):
        earlier(report(loss(**parts)))


def test_keys_of_a_later_version_do_no_harm():
    before = earlier(report(loss(later=1), later=[1], brimful="9.9"))
    assert (before.brimful, before.verdicts[0].place, before.losses[0].lost) == ("9.9", "eth0", 1000)


@given(st.binary())
def test_any_bytes_are_refused_and_nothing_else(data):
    with pytest.raises(BadReport):
        earlier(data)


numbers = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))


@given(st.integers(-5, 2**63), numbers, numbers, st.booleans(), st.integers(0, 5), st.integers(0, 5))
def test_any_numbers_of_a_report_raise_nothing(lost, passed, seconds, lifetime, lost_now, passed_now):
    data = report(loss(lost=lost, passed=passed, seconds=seconds, lifetime=lifetime))
    try:
        before = earlier(data)
    except BadReport:
        return
    (effect,) = effects(before, now(lost_now, passed_now))
    assert effect.text
    msgspec.json.encode(effect)
