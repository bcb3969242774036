import pytest

from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Origin
from brimful.evidence.pause import on_any_link, paused_share


def link(speed):
    return Evidence([Fact("nic.link_speed", "swp1", speed, Origin("ethtool"))])


@pytest.mark.parametrize(
    ("speed", "frames", "seconds", "share"),
    [
        (10_000, 1, 1.0, 0.003355392),  # 65,535 quanta of 512 bit times at 10 Gb/s are 3.36 ms
        (100_000, 1000, 1.0, 0.3355392),
        (100_000, 1000, 10.0, 0.03355392),
        (10_000, 0, 1.0, 0.0),
    ],
)
def test_pauses_can_fill_a_share_of_the_time(speed, frames, seconds, share):
    assert paused_share(link(speed), "swp1", frames, seconds) == pytest.approx(share)


@pytest.mark.parametrize(
    ("speed", "place", "seconds"), [(0, "swp1", 1.0), (10_000, "swp2", 1.0), (10_000, "swp1", None)]
)
def test_without_speed_or_time_nothing_is_known(speed, place, seconds):
    assert paused_share(link(speed), place, 5, seconds) is None


def test_on_the_fastest_link_pauses_are_shortest():
    assert on_any_link(1000, 1.0) == pytest.approx(0.0419424)
    assert on_any_link(1000, 1.0) < paused_share(link(400_000), "swp1", 1000, 1.0)
    assert on_any_link(1000, None) == 0.0
