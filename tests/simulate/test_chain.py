import pytest

from brimful.simulate.arrivals import blocks
from brimful.simulate.chain import Chain, Outcome, Unbalanced, run
from brimful.simulate.stage import Account, Block
from brimful.simulate.stages.queue import Queue
from brimful.simulate.stages.service import Service


class Faulty:
    """Passes what comes, and says of it what it was told to say."""

    name = "faulty"

    def __init__(self, account: Account, shift: float = 0.0, *, keep: bool = False) -> None:
        self._account = account
        self._shift = shift
        self._keep = keep

    def advance(self, block: Block) -> Block:
        if self._keep:
            return Block([], [])
        return Block([time + self._shift for time in block.times], block.sizes)

    def finish(self) -> Block:
        return Block([], [])

    def account(self) -> Account:
        return self._account


def test_what_becomes_of_packets():
    stages = [Queue("one", 1, Service(fixed_ns=10.0)), Queue("two", 1, Service(fixed_ns=25.0))]
    told: list[tuple[float, int]] = []
    outcome = run(
        blocks([0.0, 5.0, 10.0, 20.0, 100.0], [64] * 5), stages, lambda time, arrived: told.append((time, arrived))
    )
    assert isinstance(outcome, Outcome)
    assert (outcome.arrived, outcome.delivered, outcome.lost, outcome.inside) == (5, 2, 3, 0)
    assert outcome.ended_ns == 135.0
    assert outcome.accounts["one"].lost == {"queue.full": 1}
    assert outcome.accounts["two"].lost == {"queue.full": 2}
    assert told == [(100.0, 5)]


def test_what_waits_for_ever_is_inside():
    outcome = run(blocks([0.0, 1.0], [64, 64]), [Faulty(Account(arrived=2, inside=2), keep=True)])
    assert (outcome.arrived, outcome.delivered, outcome.lost, outcome.inside) == (2, 0, 0, 2)


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (Account(arrived=1, delivered=2), "counts 1, 2: (2, 2) came and left"),
        (Account(arrived=2, delivered=1, lost={"queue.full": 1}), "counts 2, 1: (2, 2) came and left"),
        (Account(arrived=2, delivered=2, inside=1), "2 arrived, 2 delivered, 0 lost, 1 inside"),
        (
            Account(arrived=2, delivered=2, inside=-1, lost={"queue.full": 1}),
            "2 arrived, 2 delivered, 1 lost, -1 inside",
        ),
    ],
)
def test_a_stage_that_does_not_add_up(account: Account, why: str):
    with pytest.raises(Unbalanced) as raised:
        run(blocks([0.0, 1.0], [64, 64]), [Faulty(account)])
    assert str(raised.value) == f"faulty: {why}"


def test_a_stage_that_turns_time_back():
    chain = Chain([Faulty(Account(arrived=2, delivered=2))])
    chain.advance(Block([5.0], [64]))
    with pytest.raises(Unbalanced, match=r"arrivals: a packet at 1\.0 ns after one at 5\.0 ns"):
        chain.advance(Block([1.0], [64]))
    chain = Chain([Faulty(Account(arrived=2, delivered=2), shift=-6.0)])
    with pytest.raises(Unbalanced, match=r"faulty: a packet at -1\.0 ns after one at 0\.0 ns"):
        chain.advance(Block([5.0], [64]))


def test_names_are_those_of_one_stage():
    with pytest.raises(ValueError, match="two stages of one name among one, one"):
        Chain([Queue("one", 1, Service()), Queue("one", 1, Service())])
