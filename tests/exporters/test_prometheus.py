"""Metrics: names, types, sums that never fall, labels of which there are only so many."""

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.watch.machine import DROPS, LIMIT, QUEUED, RING, frame

from brimful.chain.meaning import MEANINGS
from brimful.evidence.series import Series
from brimful.exporters.prometheus import Collector
from brimful.exporters.series import NIC, bounded

LINK = Series("network.path.corrupted", "eth0", "rx_crc_errors", "link")
OWN = Series("network.path.corrupted", "eth0", "crc_errors", "nic_counters")
SIZE = Series("nic.ring.size", "eth0", "RX", "nic_ring", width_bits=0)
QUEUES = [Series("nic.ring.passed", f"eth0/rx-{n}", f"rx_queue_{n}_packets", "nic_queues") for n in range(2)]


class Nothing:
    """A root that is never asked for anything."""

    name = kind = path = identity = "by hand"

    def answers(self, _):
        return False

    def interfaces(self):
        return ()

    def blind(self):
        return []


@pytest.fixture
def collector():
    return Collector([(Nothing(), "")])


def take(collector, at_s, *frames, boot="boot"):
    watched = collector.watched[0]
    for values in frames:
        watched.sampler.evidence.add(frame(values, at_s, boot))
    return watched.totals.update()


def samples(collector, name):
    families = list(text_string_to_metric_families(collector.text().decode()))
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return {tuple(v for k, v in sorted(sample.labels.items()) if v): sample.value for sample in found}


def test_a_narrow_counter_goes_on_where_it_wraps_and_never_falls(collector):
    values = []
    for second, raw in enumerate([(1 << 32) - 100, (1 << 32) - 10, 50, 60, 0, 5]):
        take(collector, second + 1, {RING: raw})
        values.append(samples(collector, "brimful_nic_no_buffer_packets_total")["eth0",] - ((1 << 32) - 100))
    assert values == [0, 90, 150, 160, 160, 165]


def test_another_boot_begins_anew(collector):
    take(collector, 1, {RING: 100})
    take(collector, 2, {RING: 7}, boot="next")
    assert samples(collector, "brimful_nic_no_buffer_packets_total") == {("eth0",): 107}


def test_of_two_views_the_better_is_exported(collector):
    take(collector, 1, {LINK: 50}, {OWN: 40})
    take(collector, 2, {LINK: 60}, {OWN: 45})
    assert samples(collector, "brimful_nic_corrupted_packets_total") == {("eth0",): 45}


def test_queues_are_added_up_and_gauges_are_not(collector):
    take(collector, 1, {QUEUES[0]: 5, QUEUES[1]: 6}, {SIZE: 512})
    take(collector, 2, {QUEUES[0]: 7, QUEUES[1]: 6}, {SIZE: 1024})
    assert samples(collector, "brimful_nic_received_packets_total") == {("eth0",): 13}
    assert samples(collector, "brimful_nic_ring_size_descriptors") == {("eth0",): 1024}


def test_a_queue_that_joins_later_brings_nothing_from_before(collector):
    take(collector, 1, {QUEUES[0]: 5})
    take(collector, 2, {QUEUES[0]: 6, QUEUES[1]: 1000})
    take(collector, 3, {QUEUES[0]: 6, QUEUES[1]: 1001})
    assert samples(collector, "brimful_nic_received_packets_total") == {("eth0",): 7}


def test_sockets_that_come_and_go_are_one_sum(collector):
    others = [Series("socket.receive.dropped", f"udp 10.0.0.1:{n}/{n}", "skmem d", "sockets") for n in range(3)]
    take(collector, 1, {DROPS: 100, others[0]: 5})
    assert take(collector, 2, {DROPS: 110, others[1]: 9}) is True
    take(collector, 3, {DROPS: 111, others[1]: 10, others[2]: 3})
    assert samples(collector, "brimful_lost_total") == {("dropped", "udp", "socket.receive", "packets"): 12}


def test_what_was_gone_for_long_begins_anew_and_adds_no_loss(collector):
    take(collector, 1, {RING: 1000})
    other = Series("nic.ring.no_buffer", "eth1", "rx_no_buffer", "nic_counters")
    for second in range(2, 400):
        take(collector, second, {other: 0})
    take(collector, 400, {RING: 1003, other: 0})
    assert samples(collector, "brimful_nic_no_buffer_packets_total") == {("eth0",): 1003, ("eth1",): 0}
    assert samples(collector, "brimful_lost_total") == {("no_buffer", "nic.ring", "packets"): 1000}


def test_an_interface_that_is_gone_is_not_exported(collector):
    take(collector, 1, {RING: 1})
    total = collector.watched[0].totals
    assert list(total.nics({"nic_counters": 1.0})) == [("nic.ring.no_buffer", "eth0", 1)]
    assert list(total.nics({"nic_counters": 2.0})) == []


def test_what_a_verdict_names_has_a_series(collector):
    watched = collector.watched[0]
    for second in range(1, 8):
        take(collector, second, {DROPS: 1000 * second, QUEUED: 60000, LIMIT: 60000})
    watched.opinion.ask(moved=True)
    assert samples(collector, "brimful_verdict") == {("high", "application", "udp 10.0.0.1:53", "socket.receive"): 1}
    assert samples(collector, "brimful_outcome") == {("verdict",): 1, ("healthy",): 0, ("undecided",): 0}


def test_what_will_overflow(collector):
    watched = collector.watched[0]
    for second in range(1, 11):
        take(collector, second, {DROPS: 0, QUEUED: 5000 * second, LIMIT: 60000})
    watched.opinion.ask(moved=True)
    assert samples(collector, "brimful_overflow_seconds") == {("udp", "socket.receive"): pytest.approx(2.0)}


def test_names_have_units_and_types():
    assert len(NIC) <= 20
    assert len({one.name for one in NIC}) == len({one.meaning for one in NIC}) == len(NIC)
    for one in NIC:
        assert one.name.startswith("brimful_nic_")
        assert one.name.endswith(MEANINGS[one.meaning].unit)
        assert one.is_counter == (MEANINGS[one.meaning].kind not in {"level", "limit"})


@pytest.mark.parametrize(
    ("stage", "place", "label"),
    [
        ("socket.receive", "udp 127.0.0.1:53/7", "udp"),
        ("socket.receive", "tcp/TCPBacklogDrop", "tcp"),
        ("netlink.socket", "netlink rtnl 3594/2", "netlink"),
        ("protocol.memory", "cgroup /a/b", "cgroup"),
        ("nic.ring", "eth0/rx-3", ""),
        ("softnet.backlog", "cpu 3", ""),
        ("protocol.input", "veth123", ""),
        ("protocol.input", "udp6", "udp6"),
        ("kernel.table", "conntrack/cpu 1", "conntrack"),
    ],
)
def test_places_are_bounded(stage, place, label):
    assert bounded(stage, place) == label


def test_a_thousand_nics_are_scraped_in_half_a_second(collector):
    layouts = [{Series(one.meaning, f"eth{n}", one.meaning, "nic_counters"): n for n in range(1000)} for one in NIC]
    take(collector, 1, *layouts)
    spent = []
    for _ in range(3):  # of which one may be disturbed
        began = time.process_time()
        text = collector.text()
        spent.append(time.process_time() - began)
    assert min(spent) < 0.5  # measured: 0.1 s
    assert text.count(b"\nbrimful_nic_") == 20 * 1000
