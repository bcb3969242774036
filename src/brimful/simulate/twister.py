"""Random numbers: the Mersenne Twister of CPython, one stream for each thing that is random.

Equal seeds give equal numbers with and without Numba: NumPy's generator takes over the state of `random.Random`, and both
make a float of the same 53 bits (Matsumoto and Nishimura, ACM TOMACS 8(1), 1998). A logarithm is the C library's in both.
"""

from math import log
from random import Random

from brimful.simulate.compiled import Floats, compiled, floats, numpy

STATE = 624
"""Words of the generator's state."""


class Twister:
    """One stream of random numbers. The seed is a text, so that every stage and replication has a stream of its own."""

    def __init__(self, seed: str) -> None:
        # not for secrets: what is wanted is the same numbers again
        self._random = Random(seed)  # noqa: S311
        if numpy is not None:
            words = self._random.getstate()[1]
            bits = numpy.random.MT19937()
            key = numpy.array(words[:STATE], numpy.uint32)
            bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": words[STATE]}}
            self._generator = numpy.random.Generator(bits)

    def uniforms(self, count: int) -> Floats:
        """Return so many numbers from 0 up to, not including, 1."""
        if numpy is not None:
            drawn: Floats = self._generator.random(count)
            return drawn
        random = self._random.random
        return [random() for _ in range(count)]

    def exponentials(self, count: int, mean: float) -> Floats:
        """Return so many exponentially distributed numbers."""
        drawn = floats(count)
        _exponentials(self.uniforms(count), mean, drawn)
        return drawn


@compiled
def _exponentials(uniforms: Floats, mean: float, drawn: Floats) -> None:
    for index, uniform in enumerate(uniforms):
        drawn[index] = -log(1.0 - uniform) * mean
