"""Made-up readings, readers, clocks and hands for the tests of the monitor."""

from brimful.evidence.catching import Resolution
from brimful.evidence.histogram import Histogram
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.monitor.group import Action, Condition, Config, Deed, Group, Level
from brimful.monitor.state import Number, State

SEED = (0, 960, 2496, 4032, 5568, 7104, 8640, 10176, 11712, 13248)
"""The ranges of the documentation's table: minimum 960, size 12288."""


class Clock:
    """A monotonic clock, and a time of day that may step."""

    def __init__(self, now_s=1000.0):
        self.now_s = now_s
        self.offset_s = 1_500_000_000.0

    def __call__(self):
        return self.now_s

    def ns(self):
        return round((self.now_s + self.offset_s) * SECOND)

    def moment(self):
        return Moment(self.ns(), "host", monotonic_ns=round(self.now_s * SECOND))


def histogram(counts, place="swp1/tc 0", *, meaning="qdisc.queue.backlog", lows=SEED, sample_ns=1024):
    counts = (*counts, *[0] * (len(lows) - len(counts)))
    return Histogram(meaning, place, lows, counts, sample_ns, None, None, Origin("made up"), "made up")


def number(value, place="swp1", *, meaning="qdisc.queue.backlog", delta=None, limit=None, unit="bytes", name="n"):
    return Number(place, name, meaning, unit, value, delta, limit)


def state(*histograms, numbers=(), at_s=1000.0, seconds=1.0, peaks=None, group="pg", blind=()):
    end = Moment(round((at_s + 1_500_000_000) * SECOND), "host", monotonic_ns=round(at_s * SECOND))
    return State(group, end.earlier(seconds), end, histograms, tuple(numbers), peaks or {}, blind, 0.002)


def group(name="pg", *actions, stat_type="histogram", timer_s=1.0, **more):
    return Group(name, stat_type, timer_s=timer_s, actions=actions, **more)


def config(*groups, listed=None):
    names = tuple(one.name for one in groups)
    return Config(names if listed is None else listed, {one.name: one for one in groups})


def action(deed, statistic="", rise=None, **more):
    settings = {name: more.pop(name) for name in tuple(more) if name in Condition.__struct_fields__}
    level = rise if rise is None or isinstance(rise, Level) else Level(rise)
    return Action(deed, Condition(statistic, level, **settings), **more)


def collect(*groups, **more):
    return action(Deed.COLLECT, groups=groups, **more)


class Reader:
    """Gives the states it was made with, then the last again; each reading takes some seconds."""

    resolution = Resolution(0)

    def __init__(self, name, clock, states=(), takes_s=0.0):
        self.name = name
        self.clock = clock
        self.states = list(states)
        self.takes_s = takes_s
        self.read_at = []
        self.closed = 0

    def read(self):
        self.read_at.append(self.clock())
        self.clock.now_s += self.takes_s
        if not self.states:
            return state(group=self.name, at_s=self.clock())
        one = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(one, Exception):
            raise one
        return one

    def close(self):
        self.closed += 1


class Hands:
    """Notes what it is asked to do."""

    def __init__(self):
        self.done = []
        self.pulses = 0
        self.refuses = ""

    def prepare(self, _config):
        if self.refuses:
            raise ValueError(self.refuses)

    def do(self, group, action, _state, trigger):
        self.done.append((group.name, str(action.deed), trigger))

    def pulse(self):
        self.pulses += 1
