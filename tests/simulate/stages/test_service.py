import pytest

from brimful.simulate.arrivals import blocks
from brimful.simulate.stages.service import Service, Times, link
from brimful.simulate.twister import Twister

SIZES = [64, 1518, 64]


def drawn(service: Service) -> list[float]:
    (block,) = blocks([0.0] * len(SIZES), SIZES)
    return list(Times(service, "7").of(block))


def test_fixed():
    assert drawn(Service(fixed_ns=5.0)) == [5.0, 5.0, 5.0]


def test_a_link_takes_a_frame_and_what_is_between_frames():
    assert link(1e9) == Service(fixed_ns=160.0, byte_ns=8.0)
    assert drawn(link(1e9)) == [672.0, 12304.0, 672.0]


def test_random():
    assert drawn(Service(mean_ns=3.0)) == list(Twister("7").exponentials(3, 3.0))


@pytest.mark.parametrize(("fixed", "byte"), [(5.0, 0.0), (0.0, 2.0), (5.0, 2.0)])
def test_they_add_up(fixed: float, byte: float):
    alone = drawn(Service(mean_ns=3.0))
    assert drawn(Service(fixed, byte, 3.0)) == [
        time + (fixed + size * byte) for time, size in zip(alone, SIZES, strict=True)
    ]
