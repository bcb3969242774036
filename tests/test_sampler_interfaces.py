"""What a sampler does when interfaces come and go."""

import pytest
from tests.namespaces import in_namespace, ip
from tests.sampling import ETH0, ETH1, Clocks, Root, costing, run, sampler_of, since

from brimful.evidence.origin import Blind
from brimful.roots.live import LiveRoot
from brimful.sampler import MOST_PARTLY, Sampler
from brimful.sources import NOW_AND_THEN, SELDOM, SOURCES, Source

PARTLY = "was there only part of the time: what it counted meanwhile is not known"


@pytest.fixture
def clocks():
    return Clocks()


def test_set_up_is_read_again_when_interfaces_come_or_go_and_at_no_other_time(clocks):
    seen = {every: [] for every in (NOW_AND_THEN, SELDOM)}
    sources = [Source(str(every), ("/x",), costing(clocks, 0.001, at), "", every_s=every) for every, at in seen.items()]
    root = Root(clocks)
    sampler = sampler_of(clocks, *sources, root=root)
    for second in range(20):
        root.listed = (ETH0, ETH1) if 3 <= second < 15 else (ETH0,) if second % 2 else (*(ETH0,),)
        run(sampler, clocks, 1)
    assert since(seen[SELDOM]) == [0, 3, 15]
    assert since(seen[NOW_AND_THEN]) == [0, 10]


def test_counters_that_were_stretched_are_not_read_for_a_change_of_interfaces(clocks):
    at = []
    root = Root(clocks)
    sampler = sampler_of(clocks, Source("counters", ("/x",), costing(clocks, 0.1, at), ""), root=root)
    for index in range(12):
        root.listed = (ETH0, (index + 3, f"veth{index}"))
        run(sampler, clocks, 1)
    assert since(at) == [0, 1, 11]


def test_interfaces_that_come_and_go_all_the_time_do_not_eat_the_cpu(clocks):
    at = []
    root = Root(clocks)
    sampler = sampler_of(clocks, Source("set up", ("/x",), costing(clocks, 0.5, at), "", every_s=SELDOM), root=root)
    for index in range(600):
        root.listed = (ETH0, (index + 3, f"veth{index}"))
        run(sampler, clocks, 1)
    assert since(at) == [0, *range(1, 600, 10)]  # 0.5 s of CPU each 10 s: five times 1 %


def test_interfaces_that_were_there_only_part_of_the_time_are_told(clocks):
    root = Root(clocks)
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, 0), ""), root=root)
    root.listed = (ETH0, ETH1, (4, "eth2"))
    run(sampler, clocks, 2)
    assert sampler.evidence.blind == []
    root.listed = (ETH0, (4, "eth3"))  # eth1 is gone, eth2 has another name
    run(sampler, clocks, 1)
    root.listed = ((9, "eth0"), (4, "eth3"))  # eth0 is another one
    run(sampler, clocks, 1)
    assert sorted(sampler.evidence.blind, key=str) == [Blind(f"eth{n}", PARTLY) for n in range(4)]


def test_of_many_that_come_and_go_some_are_named_and_of_the_rest_the_number_is_told(clocks):
    root = Root(clocks)
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, 0), ""), root=root)
    run(sampler, clocks, 1)
    for count in (5, 1500):
        root.listed = (ETH0, *((index + 3, f"veth{index:04}") for index in range(count)))
        run(sampler, clocks, 1)
    blind = [str(one) for one in sampler.evidence.blind]
    assert len(blind) == MOST_PARTLY + 1 == 21
    assert f"veth0000: {PARTLY}" in blind
    assert "1,480 more interfaces: were there only part of the time" in blind


def test_in_a_watch_without_end_an_interface_is_whole_again_after_the_window(clocks):
    root = Root(clocks)
    sampler = sampler_of(clocks, Source("one", ("/x",), costing(clocks, 0), ""), root=root, window_s=10.0)
    run(sampler, clocks, 1)
    root.listed = (ETH0, ETH1)
    run(sampler, clocks, 10)
    assert sampler.evidence.blind == [Blind("eth1", PARTLY)]
    run(sampler, clocks, 2)
    assert sampler.evidence.blind == []


@pytest.mark.kernel
def test_interfaces_of_the_kernel_come_and_go():
    """The set-up is read again at once, drivers are known at once, and who came or went is told."""

    def look():
        clock = iter(range(100))
        sources = [SOURCES[name] for name in ("link", "nic_counters", "nic_identity")]
        sampler = Sampler(LiveRoot(), sources, clock=lambda: now[0])
        now = [next(clock)]

        def step(*commands):
            for command in commands:
                ip(command)
            sampler.sweep()
            now[0] = next(clock)
            return [cost.reads for cost in sampler.costs]

        reads = [
            step(),
            step(),
            step("link add brim0 type veth peer name brim1", "link set brim0 up", "link set brim1 up"),
            step("link set brim0 mtu 1400"),
            step("link add brim2 type veth peer name brim3"),
            step("link del brim1"),
        ]
        return reads, sampler.evidence

    reads, evidence = in_namespace(look)
    assert [each[1:] for each in reads] == [[n, n] for n in range(1, 7)]
    assert [each[0] for each in reads] == [1, 1, 2, 2, 3, 4]
    assert {fact.place: fact.value for fact in evidence.facts("nic.driver")} == {
        "brim0": "veth",
        "brim1": "veth",
        "brim2": "veth",
        "brim3": "veth",
    }
    assert {one.what for one in evidence.blind if one.why == PARTLY} == {f"brim{n}" for n in range(4)}
    (passed,) = (one for one in evidence.readings("nic.ring.passed", place="brim2") if one.series.source == "link")
    assert passed.samples == 2
