"""What a simulated machine shows: each module writes, for some requests, the text that a real machine would give.

A module registers functions with `@renders(request)`; a function gets the machine at one moment and yields texts in the very
form of the command or file, with the interface that each is of, so that the sources read them as they read all others.
"""

from collections.abc import Callable, Iterator

import msgspec

from brimful.evidence.moment import Moment
from brimful.registry import Registry
from brimful.simulate.scenario import Scenario
from brimful.simulate.stage import Account

NOTHING = Account()
SWITCH = "mlxsw_spectrum"
"""The driver of the simulated switch, as `ethtool -i` names it."""


class View(msgspec.Struct, frozen=True):
    """One machine of a scenario at one moment: what its stages have done, and the bytes that left each.

    `before`: the same at the moment before, None at the first. `switch`: the switch of the scenario, not the host behind it.
    """

    scenario: Scenario
    at: Moment
    accounts: dict[str, Account]
    octets: dict[str, int]
    before: "View | None" = None
    switch: bool = False

    @property
    def interface(self) -> str:
        """The one interface that packets cross."""
        return "swp1" if self.switch else "eth0"

    @property
    def driver(self) -> str:
        """The driver of that interface."""
        return SWITCH if self.switch else self.scenario.nic.driver

    def account(self, stage: str) -> Account:
        """Return what a stage has done; nothing where the chain has no such stage."""
        return self.accounts.get(stage, NOTHING)

    def counted(self, meaning: str) -> int:
        """Return how many were lost, or nearly, by the name of a meaning."""
        return sum(one.lost.get(meaning, 0) + one.near.get(meaning, 0) for one in self.accounts.values())

    def added(self, meaning: str) -> int:
        """Return the same, since the moment before."""
        return self.counted(meaning) - (self.before.counted(meaning) if self.before else 0)


Render = Callable[[View], Iterator[tuple[str, str]]]
"""Yields the interface (empty where the request names none) and the text."""


class Rendering(msgspec.Struct, frozen=True):
    """How one request is answered."""

    name: str
    give: Render


RENDERINGS: Registry[Rendering] = Registry(__name__)


def renders(request: str) -> Callable[[Render], Render]:
    """Register a function as what answers a request."""

    def register(give: Render) -> Render:
        RENDERINGS.add(Rendering(request, give))
        return give

    return register
