"""What a sampler tells as not seen, and for how long: a made-up root, made-up sources and made-up clocks."""

from array import array

import pytest
from tests.sampling import ETH0, ETH1, Clocks, Root, costing, run, sampler_of

from brimful.evidence.origin import Blind
from brimful.roots.base import Table
from brimful.sources import Source

A, B = Blind("a file", "may not be read"), Blind("b file", "may not be read")


@pytest.fixture
def clocks():
    return Clocks()


@pytest.mark.parametrize(
    ("window_s", "told"), [(10.0, [[A], [A], [B], [], []]), (0.0, [[A], [A], [A, B], [A, B], [A, B]])]
)
def test_what_the_root_sees_again_is_told_no_more_in_a_watch_without_end(clocks, window_s, told):
    """One that ends keeps it: a part of its samples lacks it."""
    root = Root(clocks)
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, 0), ""), root=root, window_s=window_s)
    found = []
    for unseen in ([A], [A], [B], [], []):
        root.unseen = unseen
        run(sampler, clocks, 1)
        found.append(sampler.evidence.blind)
    assert found == told


def test_what_a_source_sees_again_is_told_no_more(clocks):
    """As long as it is not read again, it stays."""
    left = [[A, B], [B], [], [A]]

    def parse(_):
        yield from left.pop(0)

    sampler = sampler_of(clocks, Source("one", ("/x",), parse, "", every_s=2.0), window_s=10.0)
    found = []
    for _ in range(7):
        run(sampler, clocks, 1)
        found.append(sampler.evidence.blind)
    assert found == [[A, B], [A, B], [B], [B], [], [], [A]]


def test_what_several_sources_do_not_see_is_told_once_and_until_all_of_them_see_it(clocks):
    left = {"one": [[A], [A], []], "two": [[A], [], []]}

    def source(name):
        return Source(name, (f"/{name}",), lambda _: iter(left[name].pop(0)), "")

    sampler = sampler_of(clocks, source("one"), source("two"), window_s=10.0)
    found = []
    for _ in range(3):
        run(sampler, clocks, 1)
        found.append(sampler.evidence.blind)
    assert found == [[A], [A], []]


def test_of_tables_what_is_not_seen_is_told_until_they_are_told_whole_again(clocks):
    def table(root):
        rows = tuple(name for _, name in root.listed)
        return Table("numbers", rows, ("a",), array("Q", range(len(rows))), 1, 0, clocks.moment(), "")

    def tabulate(found):
        if found.news and len(found.rows) == 1:
            yield A

    root = Root(clocks, {"numbers": [table]})
    source = Source("a", ("numbers",), costing(clocks, 0), "", tabulate=tabulate)
    sampler = sampler_of(clocks, source, root=root, window_s=10.0)
    run(sampler, clocks, 3)
    assert sampler.evidence.blind == [A]
    root.listed = (ETH0, ETH1)
    run(sampler, clocks, 1)
    assert A not in sampler.evidence.blind


def test_a_source_that_failed_is_told_until_it_is_read_again(clocks):
    left = [OSError(5, "Input/output error"), None]

    def parse(_):
        error = left.pop(0)
        if error:
            raise error
        return iter(())

    sampler = sampler_of(clocks, Source("bad", ("/x",), parse, "Read a thing."), window_s=10.0)
    run(sampler, clocks, 1)
    assert sampler.evidence.blind == [Blind("Read a thing.", "Input/output error")]
    run(sampler, clocks, 1)
    assert sampler.evidence.blind == []
