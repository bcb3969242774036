"""Machines of a scenario: they answer in the form of real ones, with the numbers of the simulator's accounts."""

import pytest

from brimful.collect import gather
from brimful.simulate.render import RENDERINGS
from brimful.simulate.root import roots
from brimful.simulate.scenario import Backlog, Cpu, Nic, Pcie, Pool, Run, Scenario, Socket, Switch, Traffic, Transmit

SLOW_BUS = Scenario(nic=Nic(dma_ns=1_344.0), run=Run(seconds=0.01))
WHOLE = Scenario(
    traffic=Traffic(load=0.5),
    switch=Switch(),
    nic=Nic(pcie=Pcie()),
    backlog=Backlog(packets=3, packet_ns=2_000.0),
    pool=Pool(buffers=8, line=4, held_ns=20_000.0),
    socket=Socket(receive_buffer_bytes=2_304, read_ns=3_000.0),
    transmit=Transmit(link_mbps=100, packets=10),
    run=Run(seconds=0.005),
)


def texts(machine, request):
    return ["\n".join(document.lines()) for document in machine.documents(request)]


def values(evidence, meaning):
    return {reading.series.place: reading.last for reading in evidence.readings(meaning)}


def test_counters_of_the_driver_are_those_of_the_accounts():
    (machine,) = roots(SLOW_BUS, "1")
    rows = [text.splitlines() for text in texts(machine, "ethtool -S {interface}")]
    assert len(rows) == 5
    assert rows[0][1] == "     rx_packets: 0"
    account = machine.views[-1].account("nic")
    assert account.arrived == 14_881
    assert f"     rx_missed_errors: {account.lost['nic.fifo.overrun']}" in rows[-1]
    assert "     rx_no_buffer_count: 0" in rows[-1]


def test_it_counts_on_from_moment_to_moment():
    (machine,) = roots(SLOW_BUS, "1")
    lost = [view.counted("nic.fifo.overrun") for view in machine.views]
    assert lost[0] == 0
    assert lost == sorted(lost)
    assert len(set(lost)) == 5
    assert [view.at.ns % 10**9 // 10**5 for view in machine.views] == [0, 25, 50, 75, pytest.approx(100, abs=8)]


def test_another_driver_counts_by_other_names():
    (machine,) = roots(Scenario(nic=Nic(dma_ns=1_344.0, driver="i40e"), run=Run(seconds=0.002)), "1")
    last = texts(machine, "ethtool -S {interface}")[-1]
    assert "     port.rx_dropped: " in last
    assert "rx_missed_errors: 0" in last


@pytest.mark.parametrize("rendering", RENDERINGS, ids=lambda rendering: rendering.name)
def test_everything_it_says_is_read(rendering):
    host, switch = roots(WHOLE, "1")
    assert texts(host, rendering.name)
    assert texts(switch, rendering.name) or rendering.name not in {"ethtool -S {interface}", "ethtool -i {interface}"}


def test_the_sources_read_all_of_it():
    host, switch = roots(WHOLE, "1")
    evidence, seen = gather([host]), gather([switch])
    assert list(evidence.unread) == list(seen.unread) == []
    last = host.views[-1]
    assert values(evidence, "nic.ring.passed")["eth0"] == last.account("nic").delivered
    assert values(evidence, "softnet.backlog.dropped")["cpu 1"] == last.counted("softnet.backlog.dropped") > 0
    assert values(evidence, "socket.receive.dropped") == {
        "udp 127.0.0.1:5201/31700": last.counted("socket.receive.dropped")
    }
    assert values(evidence, "socket.receive.full") == {"udp": last.counted("socket.receive.dropped")}
    assert values(evidence, "qdisc.queue.dropped") == {"eth0/qdisc 8001:": last.counted("qdisc.queue.dropped")}
    assert values(evidence, "kni.queue.dropped")["card 3/kni_drops"] == last.counted("kni.queue.dropped")
    short = evidence.events("kni.out_of_memory")
    assert [event.place for event in short] == ["card 3/cpbond0"] * 4
    assert short[-1].fields["total"] == last.counted("kni.out_of_memory") > 0
    assert evidence.fact("pci.width", "0000:01:00.0").value == 8
    assert evidence.fact("nic.link_speed", "eth0").value == 1000
    assert values(seen, "switch.queue.dropped") == {"swp1/tc 0": 0}


def test_the_same_seed_shows_the_same():
    scenario = Scenario(traffic=Traffic(pattern="poisson", load=0.9), cpu=Cpu(packet_ns=700.0), run=Run(seconds=0.002))
    first, again, other = (texts(roots(scenario, seed)[0], "ethtool -S {interface}") for seed in ("1", "1", "2"))
    assert first == again
    assert first != other


def test_a_request_that_nobody_renders_has_no_answer():
    assert texts(roots(SLOW_BUS, "1")[0], "dmesg") == []
