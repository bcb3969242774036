"""What is watched of a root: everything twice, then what is due, and the judge only once there are two sweeps."""

import pytest

from brimful import opinion, sampler
from brimful.roots.base import Document
from brimful.watched import Watched


class Root:
    """A root that answers one request, and notes each time."""

    name = kind = path = identity = "by hand"

    def __init__(self):
        self.asked = 0

    def answers(self, request):
        return request == "/proc/uptime"

    def documents(self, request):
        self.asked += self.answers(request)
        return [Document(request, request, b"100.00 1.00\n")] if self.answers(request) else []

    def tables(self, _):
        return None

    def interfaces(self):
        return ()

    def blind(self):
        return []


def test_everything_is_read_twice_and_then_what_is_due():
    root = Root()
    watched = Watched(root, every_s=1.0)
    asked = []
    for _ in range(4):
        watched.sweep()
        asked.append(root.asked)
    assert asked[0] > 0
    assert asked == [asked[0], 2 * asked[0], 2 * asked[0], 2 * asked[0]]
    assert set(watched.read_s) == {cost.source for cost in watched.sampler.costs}
    assert all(at_s > 0 for at_s in watched.read_s.values())


def test_the_judge_is_not_asked_before_two_sweeps():
    watched = Watched(Root(), every_s=1.0)
    assert watched.ask(moved=True) is False
    watched.sweep()
    assert watched.ask(moved=True) is False
    watched.sweep()
    assert watched.ask(moved=True) is True
    assert watched.opinion.answers == 1
    assert watched.ask(moved=False) is False


@pytest.mark.parametrize(("every_s", "window_s"), [(0.1, 10.0), (1.0, 10.0), (5.0, 50.0)])
def test_the_window_grows_with_the_beat_and_the_cpu_is_shared(monkeypatch, every_s, window_s):
    made = {}
    for name, module in (("Sampler", sampler), ("Opinion", opinion)):
        kind = getattr(module, name)

        def note(*arguments, name=name, kind=kind, **options):
            made[name] = options
            return kind(*arguments, **options)

        monkeypatch.setattr(f"brimful.watched.{name}", note)
    Watched(Root(), every_s=every_s, parts=4)
    assert made == {"Sampler": {"share": 0.0025, "window_s": window_s}, "Opinion": {"share": 0.0025}}
