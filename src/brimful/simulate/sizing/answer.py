"""An answer to how large or how long: its formula, its inputs and where they come from.

Sizes are bytes, times seconds, rates packets a second, links bits a second.
"""

from collections.abc import Callable, Container, Mapping

import msgspec

from brimful.evidence import pcie_capacity


class Input(msgspec.Struct, frozen=True):
    """One thing that an answer is made of. `name` is that of the option that gives it; `source` tells where it is from."""

    name: str
    value: float
    unit: str
    source: str

    def __str__(self) -> str:
        """`ring 2,048 descriptors`."""
        return f"{self.name} {self.amount}"

    @property
    def amount(self) -> str:
        """The value with its unit, times and rates in the unit that fits."""
        return span(self.value) if self.unit == "s" else bits(self.value) if self.unit == "bit/s" else _plain(self)


class Simulated(msgspec.Struct, frozen=True):
    """What a simulation says of an answer: what was simulated, what came of it, and whether it agrees."""

    what: str
    outcome: str
    agrees: bool


class Answer(msgspec.Struct, frozen=True):
    """One answer. `value` is None where no size will do; `formula` are its lines, numbers put in.

    `simulated` is what a simulation of the same says; None where none was run.
    """

    question: str
    value: float | None
    unit: str
    statement: str
    formula: tuple[str, ...]
    inputs: tuple[Input, ...]
    notes: tuple[str, ...] = ()
    simulated: Simulated | None = None


class Missing(Exception):
    """What an answer needs and was not given, by the names of options."""


RATE = (("rate",), ("link-speed", "frame-size"))
"""How often frames come: given, or the most that a link brings."""


OPTIONS = {"pcie-speed": "--pcie", "lanes": "--pcie"}
"""Options that are not called as their inputs are."""


class Question(msgspec.Struct, frozen=True):
    """What can be asked. `needs`: of each row, all inputs of one of its columns."""

    name: str
    needs: tuple[tuple[tuple[str, ...], ...], ...]
    answer: Callable[["Given"], Answer]

    def ask(self, inputs: Mapping[str, Input]) -> Answer:
        """Return the answer; raise `Missing`, which names all that is missing."""
        asked = {name for ways in self.needs if len(ways) == 1 for name in ways[0]}
        known = {*inputs, *asked}  # what is asked for anyhow opens ways too
        rows = [_lacking(ways, inputs if len(ways) == 1 else known) for ways in self.needs]
        lacking = [row for row in rows if row]
        if lacking:
            alone = len(lacking) == 1
            raise Missing(" and ".join(row if alone or " or " not in row else f"({row})" for row in lacking))
        return self.answer(Given(inputs))


def _lacking(ways: tuple[tuple[str, ...], ...], inputs: Container[str]) -> str:
    """Return the options that would do, `--rate or (--link-speed and --frame-size)`; nothing where one way is open."""
    missing = [
        list(dict.fromkeys(OPTIONS.get(name, f"--{name}") for name in way if name not in inputs)) for way in ways
    ]
    if not all(missing):
        return ""
    several = len(missing) > 1
    return " or ".join(f"({' and '.join(way)})" if several and len(way) > 1 else " and ".join(way) for way in missing)


class Given:
    """The inputs there are; notes which of them an answer made use of."""

    def __init__(self, inputs: Mapping[str, Input]) -> None:
        self._inputs = inputs
        self.used: dict[str, Input] = {}

    def __getitem__(self, name: str) -> float:
        """Return an input that the question needs."""
        self.used[name] = self._inputs[name]
        return self._inputs[name].value

    def maybe(self, name: str) -> float | None:
        """Return an input where it is there."""
        return self[name] if name in self._inputs else None

    def answer(  # noqa: PLR0913 - the parts of an answer
        self,
        question: str,
        value: float | None,
        unit: str,
        said: str,
        *,
        formula: tuple[str, ...],
        notes: tuple[str, ...] = (),
    ) -> Answer:
        """Return an answer with the inputs that were made use of."""
        return Answer(question, value, unit, said, formula, tuple(self.used.values()), notes)


class Arriving(msgspec.Struct, frozen=True):
    """Frames a second, and the line that says how many."""

    rate: float
    formula: tuple[str, ...]


def arriving(given: Given) -> Arriving:
    """Return the rate that is given, else the most that the link brings of frames of the size."""
    rate = given.maybe("rate")
    if rate is not None:
        return Arriving(rate, ())
    speed, size = given["link-speed"], given["frame-size"]
    most = pcie_capacity.line_rate(speed / 1e6, size)
    gap = pcie_capacity.BETWEEN
    text = f"rate = link / (8 * (frame + {gap})) = {bits(speed)} / (8 * ({size:,g} + {gap})) = {most:,.0f} frames/s"
    return Arriving(most, (text,))


def span(seconds: float) -> str:
    """Return a time in the unit that fits, `1.376 ms`."""
    unit, scale = next(((u, f) for u, f in (("s", 1), ("ms", 1e3), ("us", 1e6)) if seconds * f >= 1), ("ns", 1e9))
    return f"{seconds * scale:,.4g} {unit}"


def bits(rate: float) -> str:
    """Return bits a second in the unit that fits, `1 Gb/s`."""
    unit, scale = next(((u, f) for u, f in (("Gb/s", 1e9), ("Mb/s", 1e6)) if rate >= f), ("b/s", 1))
    return f"{rate / scale:,.4g} {unit}"


def _plain(item: Input) -> str:
    value = f"{item.value:,.0f}" if item.value == int(item.value) or item.value > 1e6 else f"{item.value:,.6g}"  # noqa: PLR2004 - no fractions of a packet
    return f"{value} {item.unit}".strip()
