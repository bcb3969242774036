"""A scenario as machines that can be read like any other: what their counters would show at several moments of one run."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind
from brimful.roots.base import Document
from brimful.simulate.assembly import blocks, stages
from brimful.simulate.chain import Chain
from brimful.simulate.render import RENDERINGS, View
from brimful.simulate.scenario import Scenario
from brimful.simulate.stage import Account, Block, Stage

MOMENTS = 4
"""Samples after the first, which is taken when nothing has come yet."""
BEGAN_NS = 1_767_225_600 * SECOND
"""When all runs begin: 1 January 2026, UTC."""
KIND = "simulated"


class Weighed:
    """A stage, and the bytes that have left it."""

    def __init__(self, stage: Stage) -> None:
        self.name = stage.name
        self.octets = 0
        self._stage = stage

    def advance(self, block: Block) -> Block:
        """Take in a block, return what has left."""
        return self._weigh(self._stage.advance(block))

    def finish(self) -> Block:
        """Return what still leaves."""
        return self._weigh(self._stage.finish())

    def account(self) -> Account:
        """Return what was done so far."""
        return self._stage.account()

    def _weigh(self, block: Block) -> Block:
        self.octets += int(sum(block.sizes))
        return block


class SimulatedRoot:
    """One machine of a scenario: the host, or the switch in front of it. `views`: what it was at each moment, in order."""

    def __init__(self, name: str, views: Sequence[View]) -> None:
        self.name = name
        self.kind = KIND
        self.path = ""
        self.identity = ""
        self.views = tuple(views)

    def documents(self, request: str) -> Iterator[Document]:
        """Yield what the machine would have answered at each moment; none for what is not simulated."""
        if request not in RENDERINGS:
            return
        give = RENDERINGS[request].give
        for view in self.views:
            for interface, text in give(view):
                name = request.replace("{interface}", interface)
                of = {"interface": interface} if interface else {}
                yield Document(name, name, text.encode(), of=of, at=view.at)

    def blind(self) -> list[Blind]:
        """Return nothing: what is not simulated is not there."""
        return []


def roots(scenario: Scenario, seed: str) -> list[SimulatedRoot]:
    """Run a scenario once and return its machines: the host and, where there is one, the switch in front of it."""
    views: list[View] = []
    for at, accounts, octets in _moments(scenario, seed):
        moment = Moment(BEGAN_NS + round(at * SECOND))
        views.append(View(scenario, moment, accounts, octets, before=views[-1] if views else None))
    name = scenario.name or "simulated"
    machines = [SimulatedRoot(name, views)]
    if scenario.switch is not None:
        seen = [View(view.scenario, view.at, view.accounts, view.octets, switch=True) for view in views]
        machines.append(SimulatedRoot(f"{name}: switch", seen))
    return machines


def _moments(scenario: Scenario, seed: str) -> Iterator[tuple[float, dict[str, Account], dict[str, int]]]:
    """Yield the time (s) of each sample, what each stage had done then, and the bytes that had left it."""
    weighed = [Weighed(stage) for stage in stages(scenario, seed)]
    chain = Chain(weighed)
    step_ns = scenario.run.seconds * 1e9 / MOMENTS
    number = 0
    for block in blocks(scenario, seed):
        rest = block
        while number < MOMENTS and len(rest.times) and rest.times[-1] >= number * step_ns:
            end = bisect_left(rest.times, number * step_ns)
            chain.advance(Block(rest.times[:end], rest.sizes[:end]))
            rest = Block(rest.times[end:], rest.sizes[end:])
            yield number * step_ns / 1e9, *_state(weighed)
            number += 1
        chain.advance(rest)
    for late in range(number, MOMENTS):  # nothing came any more
        yield late * step_ns / 1e9, *_state(weighed)
    ended = chain.finish().ended_ns
    yield max(ended, MOMENTS * step_ns) / 1e9, *_state(weighed)


def _state(weighed: list[Weighed]) -> tuple[dict[str, Account], dict[str, int]]:
    return {stage.name: stage.account() for stage in weighed}, {stage.name: stage.octets for stage in weighed}
