"""How full buffers were over time: a stage whose levels are known beforehand."""

from brimful.simulate.levels import Levels, watch
from brimful.simulate.stage import Account, Block


class Filling:
    """Keeps every packet until it holds three; loses the others. At the end it lets them go, one each 10 ns."""

    def __init__(self, name="tub"):
        self.name = name
        self.held = self.lost = 0
        self.last = 0.0

    def advance(self, block):
        for time in block.times:
            self.last = time
            if self.held < 3:
                self.held += 1
            else:
                self.lost += 1
        return Block([], [])

    def finish(self):
        return Block([self.last + 10.0 * number for number in range(self.held)], [64] * self.held)

    def account(self):
        lost = {f"{self.name}.overflow": self.lost} if self.lost else {}
        return Account(lost=lost, level={self.name: self.held})


def blocks(times, size):
    return [Block(times[at : at + size], [64] * len(times[at : at + size])) for at in range(0, len(times), size)]


def test_each_step_has_the_level_at_its_end_and_what_was_lost_in_it():
    seen = watch(blocks([0.0, 5.0, 12.0, 25.0, 26.0, 27.0, 31.0], 7), [Filling()], 10.0, 4)
    assert seen.levels == {"tub": [2, 3, 3, 3]}
    assert seen.lost == {"tub.overflow": [0, 0, 3, 1]}


def test_blocks_do_not_show():
    times = [float(t) for t in range(0, 100, 3)]
    whole = watch(blocks(times, 100), [Filling()], 10.0, 10)
    for size in (1, 2, 7):
        assert watch(blocks(times, size), [Filling()], 10.0, 10) == whole


def test_in_a_pause_nothing_is_known():
    seen = watch([Block([0.0, 45.0, 51.0], [64] * 3)], [Filling()], 10.0, 6)
    assert seen.levels == {"tub": [1, None, None, None, 2, 3]}


def test_the_next_stage_is_seen_when_packets_come_to_it():
    seen = watch([Block([0.0, 4.0, 8.0], [64] * 3)], [Filling(), Filling("below")], 10.0, 4)
    assert seen.levels == {"tub": [3, None, None, None], "below": [1, 2, 3, None]}


def test_what_comes_after_the_last_step_is_left_out():
    seen = watch([Block([0.0, 11.0, 21.0, 22.0, 23.0], [64] * 5)], [Filling()], 10.0, 2)
    assert seen == Levels(10.0, 2, {"tub": [1, 2]}, {})


def test_columns_show_the_highest_and_the_sum():
    seen = Levels(10.0, 7, {"tub": [1, 5, 2, None, 3, None, None]}, {"tub.overflow": [0, 1, 2, 3, 4, 0, 0]})
    assert seen.columns(4) == Levels(20.0, 4, {"tub": [5, 2, 3, None]}, {"tub.overflow": [1, 5, 4, 0]})
    assert seen.columns(9) == seen
