"""A made-up root, made-up sources and made-up clocks for the tests of sampling."""

from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.series import Series
from brimful.roots.base import Document
from brimful.sampler import Sampler

ETH0, ETH1 = (2, "eth0"), (3, "eth1")


class Clocks:
    """The time of day goes on between sweeps; CPU time only where something costs it."""

    def __init__(self):
        self.now = 1000.0
        self.cpu = 0.0

    def moment(self):
        return Moment(int(self.now * SECOND), "host", monotonic_ns=int(self.now * SECOND))


class Root:
    """A live root that answers each request with one document."""

    name, kind, path, identity = "host", "live", "", "host"

    def __init__(self, clocks, tables=()):
        self.clocks = clocks
        self.listed = (ETH0,)
        self.given = dict(tables)
        self.unseen = []

    def answers(self, request):
        return not request.startswith("show")

    def documents(self, request):
        if not self.answers(request):
            return
        for _, name in self.listed if "{interface}" in request else ((0, ""),):
            of = {"interface": name} if name else {}
            yield Document(request, request, b"one\ntwo\n", of=of, at=self.clocks.moment())

    def tables(self, request):
        return iter([make(self) for make in self.given[request]]) if request in self.given else None

    def interfaces(self):
        return self.listed

    def blind(self):
        return self.unseen


def series(meaning, place="eth0"):
    return Series(meaning, place, "a", "test")


def frame(document, values):
    sheet = Sheet(document.origin, document.at)
    for one, value in values.items():
        sheet.add(one, value, 1)
    return sheet.frame()


def costing(clocks, seconds, parsed=None):
    """A parser that takes so many seconds of CPU, and notes when it was called."""

    def parse(document):
        clocks.cpu += seconds() if callable(seconds) else seconds
        if parsed is not None:
            parsed.append(clocks.now)
        document.lines()
        return iter(())

    return parse


def run(sampler, clocks, seconds, step=1.0, **options):
    for _ in range(int(seconds / step)):
        sampler.sweep(**options)
        clocks.now += step


def sampler_of(clocks, *sources, root=None, **options):
    options = {"clock": lambda: clocks.now, "cpu": lambda: clocks.cpu, **options}
    return Sampler(root or Root(clocks), sources, **options)


def since(times):
    return [at - 1000.0 for at in times]
