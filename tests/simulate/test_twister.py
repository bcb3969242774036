from math import log
from random import Random

import pytest

from brimful.simulate.twister import Twister


def test_the_numbers_are_those_of_random():
    ours, theirs = Twister("7/one"), Random("7/one")  # noqa: S311 - not for secrets
    for count in (1, 623, 1000, 3):
        assert list(ours.uniforms(count)) == [theirs.random() for _ in range(count)]


def test_exponentials_are_logarithms_of_them():
    ours, theirs = Twister("x"), Random("x")  # noqa: S311 - not for secrets
    assert list(ours.exponentials(5000, 12.5)) == [-log(1.0 - theirs.random()) * 12.5 for _ in range(5000)]


def test_mean_and_spread():
    drawn = Twister("y").exponentials(200_000, 10.0)
    assert sum(drawn) / len(drawn) == pytest.approx(10.0, abs=0.1)
    assert sum(x * x for x in drawn) / len(drawn) == pytest.approx(200.0, abs=4.0)


def test_each_seed_has_a_stream_of_its_own():
    assert list(Twister("1/one").uniforms(3)) != list(Twister("1/two").uniforms(3))
