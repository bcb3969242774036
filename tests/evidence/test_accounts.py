"""Accounts: what arrived is delivered, lost with a name, or left over."""

import pytest

from brimful.chain.meaning import MEANINGS
from brimful.evidence.accounts import FRAGMENTS, OTHER_USERS, READ, Account, Entry, accounts
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Sheet
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series


def sample(seconds, values, source="a_source"):
    """A frame of counters, `(meaning, place, raw)` and value, ten of each to begin with."""
    sheet = Sheet(lambda line: Origin("file", line), Moment(seconds * SECOND))
    for line, ((meaning, place, raw), value) in enumerate(values.items(), 1):
        sheet.add(Series(meaning, place, raw, source), value, line)
    return sheet.frame()


def moved(values, source="a_source", seconds=10):
    """Two samples between which the counters rise by so much."""
    return [
        sample(0, dict.fromkeys(values, 10), source),
        sample(seconds, {key: 10 + value for key, value in values.items()}, source),
    ]


ARRIVED, PASSED = ("nic.fifo.arrived", "eth0", "port.rx"), ("nic.ring.passed", "eth0", "rx_packets")
FIFO, RING = ("nic.fifo.overrun", "eth0", "missed"), ("nic.ring.no_buffer", "eth0/rx-1", "no_buf")


def test_what_reached_a_port_was_delivered_lost_with_a_name_or_neither():
    found = accounts(Evidence(moved({ARRIVED: 1000, PASSED: 700, FIFO: 200, RING: 60})))
    losses = (Entry("nic.fifo.overrun", "missed", 200), Entry("nic.ring.no_buffer", "no_buf", 60))
    assert found == [Account("eth0", ("nic.fifo", "nic.ring"), 1000, 700, losses, 40, 10.0, OTHER_USERS)]


def test_an_account_that_comes_out_even_has_no_doubt():
    (found,) = accounts(Evidence(moved({ARRIVED: 1000, PASSED: 800, FIFO: 200, RING: 0})))
    assert (found.unexplained, found.doubt) == (0, "")
    assert [entry.counter for entry in found.losses] == ["missed"]


def test_several_counters_of_one_thing_are_added_up():
    more = ("nic.fifo.arrived", "eth0", "port.rx_multicast")
    queues = {("nic.ring.passed", f"eth0/rx-{n}", f"rx{n}"): 300 for n in range(3)}
    (found,) = accounts(Evidence(moved({ARRIVED: 900, more: 100, **queues})))
    assert (found.arrived, found.delivered, found.unexplained) == (1000, 900, 100)


def test_more_may_come_out_than_went_in_for_counters_are_read_one_after_the_other():
    (found,) = accounts(Evidence(moved({ARRIVED: 1000, PASSED: 1007})))
    assert (found.unexplained, found.doubt) == (-7, OTHER_USERS)


def test_counters_of_another_text_are_of_another_moment_and_not_taken():
    """The driver's counters and those of the kernel are not subtracted from one another."""
    other = moved({PASSED: 500, FIFO: 100}, "link")
    assert accounts(Evidence([*moved({ARRIVED: 1000}), *other])) == []
    (found,) = accounts(Evidence([*moved({ARRIVED: 1000, PASSED: 900}), *other]))
    assert (found.delivered, found.losses, found.unexplained) == (900, (), 100)


def test_each_interface_has_its_own_account():
    both = {(meaning, place, raw): 5 for meaning, _, raw in (ARRIVED, PASSED) for place in ("eth0", "eth1")}
    assert [(one.place, one.unexplained) for one in accounts(Evidence(moved(both)))] == [("eth0", 0), ("eth1", 0)]


@pytest.mark.parametrize("values", [{ARRIVED: 1000, FIFO: 5}, {PASSED: 1000, FIFO: 5}, {}])
def test_without_both_ends_there_is_no_account(values):
    assert accounts(Evidence(moved(values))) == []


def test_one_sample_is_no_account_and_neither_is_silence():
    values = {ARRIVED: 1000, PASSED: 700}
    assert accounts(Evidence([sample(0, values)])) == []
    assert accounts(Evidence(moved(dict.fromkeys(values, 0)))) == []


def ip(meaning, raw, place="ip"):
    return (f"protocol.input.{meaning}", place, raw)


def test_ip_hands_up_forwards_or_refuses():
    values = {
        ip("passed", "InReceives"): 1000,
        ip("delivered", "InDelivers"): 500,
        ip("forwarded", "ForwDatagrams"): 300,
        ip("discarded", "InDiscards"): 150,
    }
    (found,) = accounts(Evidence(moved(values)))
    assert (found.place, found.stages) == ("ip", ("nic.ring", "protocol.input"))
    assert (found.arrived, found.delivered, found.unexplained, found.doubt) == (1000, 800, 50, FRAGMENTS)
    assert found.losses == (Entry("protocol.input.discarded", "InDiscards", 150),)


@pytest.mark.parametrize(("packets", "even"), [(0, True), (10, True), (99, True), (100, False)])
def test_a_handful_is_no_rest_whichever_way(packets, even):
    """Multicast packets for groups that nobody joined are received, and then gone without a counter."""
    (more,) = accounts(
        Evidence(moved({ip("passed", "InReceives", "ip6"): packets + 1, ip("delivered", "InDelivers", "ip6"): 1}))
    )
    (less,) = accounts(
        Evidence(moved({ip("passed", "InReceives", "ip6"): 0, ip("delivered", "InDelivers", "ip6"): packets or 1}))
    )
    assert (more.unexplained, more.even) == (packets, even)
    assert (less.unexplained, less.even) == (-(packets or 1), even)


def test_of_two_views_of_one_protocol_one_is_taken():
    values = {ip("passed", "InReceives"): 1000, ip("delivered", "InDelivers"): 1000}
    (found,) = accounts(Evidence([*moved(values), *moved(values, "nstat")]))
    assert (found.arrived, found.delivered) == (1000, 1000)


def udp(meaning, raw):
    return (meaning, "udp", raw)


UDP = {
    udp("socket.receive.passed", "InDatagrams"): 900,
    udp("protocol.input.errors", "InErrors"): 80,
    udp("protocol.input.no_listener", "NoPorts"): 20,
    udp("socket.receive.full", "RcvbufErrors"): 50,
    udp("protocol.input.checksum", "InCsumErrors"): 10,
    udp("protocol.memory.refused", "MemErrors"): 15,
}


def test_errors_of_udp_have_a_cause_or_are_left_over():
    (found,) = accounts(Evidence(moved(UDP)))
    assert (found.place, found.stages) == ("udp", ("protocol.input", "socket.receive"))
    assert (found.arrived, found.delivered, found.unexplained, found.doubt) == (1000, 900, 5, "")
    assert {entry.counter: entry.packets for entry in found.losses} == {
        "RcvbufErrors": 50,
        "InCsumErrors": 10,
        "MemErrors": 15,
        "NoPorts": 20,
    }


def test_an_old_kernel_without_all_causes_has_an_account_too():
    names = ("InDatagrams", "InErrors", "NoPorts", "RcvbufErrors")
    (found,) = accounts(Evidence(moved({key: value for key, value in UDP.items() if key[2] in names})))
    assert (found.arrived, found.unexplained) == (1000, 30)


def test_what_is_read_is_in_the_vocabulary():
    assert set(READ) <= MEANINGS.keys()
    assert len(set(READ)) == len(READ)
