"""What has changed since the sweep before: each change once, layouts that come, go and come again."""

import pytest
from tests.watch.machine import frame

from brimful.evidence.changes import TIDY_SWEEPS, Changes
from brimful.evidence.evidence import Evidence
from brimful.evidence.series import Series

ONE, TWO, THREE = (Series("nic.ring.no_buffer", f"eth{n}", "drops", "nic_counters", width_bits=32) for n in range(3))
OTHER = Series("nic.ring.no_buffer", "eth0", "drops", "link")


def watch(wanted=lambda _: True):
    evidence = Evidence()
    return evidence, Changes(evidence, wanted)


def take(evidence, changes, *frames):
    for made in frames:
        evidence.add(made)
    return [(change.series, change.old, change.new, change.advance) for change in changes.take()]


def test_first_everything_then_only_what_changed():
    evidence, changes = watch()
    assert take(evidence, changes, frame({ONE: 5, TWO: 6}, 1)) == [(ONE, None, 5, 0), (TWO, None, 6, 0)]
    assert take(evidence, changes, frame({ONE: 5, TWO: 6}, 2)) == []
    assert take(evidence, changes, frame({ONE: 5, TWO: 9}, 3)) == [(TWO, 6, 9, 3)]
    assert take(evidence, changes) == []


def test_times_are_those_of_the_two_readings():
    evidence, changes = watch()
    take(evidence, changes, frame({ONE: 5}, 1), frame({ONE: 5}, 3))
    evidence.add(frame({ONE: 7}, 4))
    (change,) = changes.take()
    assert (change.since_s, change.at_s) == (3.0, 4.0)


def test_several_frames_of_one_sweep():
    evidence, changes = watch()
    assert take(evidence, changes, frame({ONE: 0}, 1), frame({ONE: 4}, 2)) == [(ONE, None, 0, 0), (ONE, 0, 4, 4)]


def test_a_series_goes_on_in_another_layout():
    evidence, changes = watch()
    take(evidence, changes, frame({ONE: 5, TWO: 6}, 1))
    assert take(evidence, changes, frame({TWO: 8, THREE: 1}, 2)) == [(TWO, 6, 8, 2), (THREE, None, 1, 0)]
    assert take(evidence, changes, frame({ONE: 7, TWO: 9}, 3)) == [(ONE, 5, 7, 2), (TWO, 6, 9, 3)]


def test_another_source_is_another_series():
    evidence, changes = watch()
    take(evidence, changes, frame({ONE: 5}, 1))
    assert take(evidence, changes, frame({OTHER: 8}, 2)) == [(OTHER, None, 8, 0)]


@pytest.mark.parametrize(
    ("old", "new", "boots", "advance"),
    [
        ((1 << 32) - 1, 4, ("a", "a"), 5),
        (1000, 4, ("a", "a"), 4),
        (1000, 990, ("a", "a"), 0),
        (4, 1000, ("a", "b"), 1000),
    ],
)
def test_wraps_resets_corrections_and_boots(old, new, boots, advance):
    evidence, changes = watch()
    take(evidence, changes, frame({ONE: old}, 1, boots[0]))
    assert take(evidence, changes, frame({ONE: new}, 2, boots[1])) == [(ONE, old, new, advance)]


def test_what_is_not_wanted_is_not_told():
    evidence, changes = watch(lambda series: series is TWO)
    assert take(evidence, changes, frame({ONE: 5, TWO: 6}, 1)) == [(TWO, None, 6, 0)]
    assert take(evidence, changes, frame({ONE: 8, TWO: 6}, 2)) == []


def test_what_is_forgotten_by_the_evidence_is_still_known():
    evidence, changes = watch()
    take(evidence, changes, frame({ONE: 5}, 1))
    evidence.forget(50 * 10**9, 0)
    assert take(evidence, changes, frame({ONE: 6}, 60)) == [(ONE, 5, 6, 1)]


def test_layouts_that_stay_away_are_let_go():
    evidence, changes = watch()
    take(evidence, changes, frame({ONE: 5}, 1))
    for second in range(2, 2 + 6 * TIDY_SWEEPS):
        take(evidence, changes, frame({TWO: 1}, second))
    assert take(evidence, changes, frame({ONE: 9}, 9999)) == [(ONE, None, 9, 0)]


def test_layouts_that_are_seldom_read_are_kept():
    evidence, changes = watch()
    take(evidence, changes, frame({ONE: 5}, 1))
    for second in range(2, 2 + 6 * TIDY_SWEEPS):
        take(evidence, changes, frame({OTHER: 1}, second))
    assert take(evidence, changes, frame({ONE: 9}, 9999)) == [(ONE, 5, 9, 4)]
