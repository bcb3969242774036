"""A beat and what it skips."""

from brimful.monitor.beat import Beat


def test_a_beat_keeps_its_phase_however_late_it_is():
    beat = Beat(10, 100)
    assert (beat.due, beat.advance(110.2), beat.due) == (110, 0, 120)
    assert (beat.advance(119.9), beat.due) == (0, 130)
    assert (beat.advance(130.0), beat.due) == (0, 140)
    assert (beat.advance(175.0), beat.due) == (3, 180)
