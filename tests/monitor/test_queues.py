"""Histograms of real queues, in network namespaces of their own: measured, and looked at."""

import time
from itertools import pairwise

import msgspec
import pytest
from tests.disciplines import pair, send, sender, tc
from tests.namespaces import NOBODY, in_namespace, ip, needs, python

from brimful.kernel.bpf import BpfError
from brimful.kernel.netlink import NetlinkError
from brimful.monitor import looking, queues
from brimful.monitor.group import Group, Range
from brimful.monitor.looking import Looking
from brimful.monitor.queues import Together, reader
from brimful.monitor.snapshot import parts

pytestmark = pytest.mark.kernel

SEED = (0, 960, 2496, 4032, 5568, 7104, 8640, 10176, 11712, 13248)
SLOW = "tbf rate 8kbit burst 1200 limit 1000000"
FAST = "tbf rate 1gbit burst 100000 limit 1000000"
DEPTH, LENGTH, WAIT = "qdisc.queue.backlog", "qdisc.queue.length", "qdisc.queue.latency"
MILLISECOND = 1_000_000
PORT = Group("ports", "histogram", ("va",))


def by(state, meaning=DEPTH, sample_ns=1):
    """The histograms of one meaning, by place."""
    return {one.place: one for one in state.histograms if (one.meaning, one.sample_ns) == (meaning, sample_ns)}


def wall_ns(state):
    return state.end.monotonic_ns - state.begin.monotonic_ns


def test_a_burst_is_counted_packet_for_packet_in_the_ranges_of_the_configuration(made):
    def body():
        pair(SLOW)
        one = made(reader, PORT)
        with sender() as source:
            send(source, 16)
        return one.read(), one.resolution

    state, resolution = in_namespace(body)
    depth, arrivals = by(state)["va/tc 0"], by(state, sample_ns=0)["va/tc 0"]
    assert arrivals.lows == SEED
    # packets found 0, 0, 1000, 2000 ... 14000 bytes
    assert arrivals.counts == (2, 2, 2, 1, 2, 1, 2, 1, 2, 1)
    assert arrivals.labels()[:2] == ("0:959", "960:2495")
    assert by(state, LENGTH)["va/tc 0"].counts[0] > 0
    assert state.peaks == {"va/tc 0": 15_000}
    assert abs(depth.window_ns - wall_ns(state)) < MILLISECOND
    assert state.blind == ()
    assert resolution.step_ns == 0
    assert (depth.source, depth.doubt) == ("tracepoint BPF", "")
    assert [(number.name, number.value, number.limit) for number in state.numbers] == [("backlog", 15_000, 1_000_000)]
    assert 0 < state.cpu_s < 1


def test_a_window_holds_what_happened_in_it_alone(made):
    def body():
        pair(SLOW)
        one = made(reader, PORT)
        states = [one.read()]
        time.sleep(0.02)
        with sender() as source:
            send(source, 5)
            states.append(one.read())
            time.sleep(0.02)
            states.append(one.read())
            send(source, 3)
            states.append(one.read())
        return states

    states = in_namespace(body)
    arrived = [by(state, sample_ns=0)["va/tc 0"].total for state in states]
    assert arrived == [0, 5, 0, 3]
    assert [state.peaks["va/tc 0"] for state in states] == [0, 4000, 4000, 7000]
    idle = by(states[2])["va/tc 0"]
    assert idle.counts[2] == idle.window_ns >= 20 * MILLISECOND  # 4000 bytes all the time
    first = by(states[0])["va/tc 0"]
    assert first.counts[0] == first.window_ns > 0
    for one, other in pairwise(states):
        assert other.begin == one.end
    whole = sum(by(state)["va/tc 0"].window_ns for state in states)
    assert abs(whole - (states[-1].end.monotonic_ns - states[0].begin.monotonic_ns)) < MILLISECOND


def test_what_happened_while_the_kernel_refused_is_told_the_next_time(made, monkeypatch):
    def refuse(*_):
        raise NetlinkError("netlink refused")

    def body():
        pair(SLOW)
        one = made(reader, PORT)
        with sender() as source:
            send(source, 5)
        with monkeypatch.context() as patch:
            patch.setattr(queues, "lines", refuse)
            refused = one.read()
        return refused, one.read()

    refused, state = in_namespace(body)
    assert (refused.blind, refused.histograms) == (("netlink refused",), ())
    assert by(state, sample_ns=0)["va/tc 0"].total == 5
    assert state.begin == refused.end


def test_several_ranges_are_counted_at_once(made):
    def body():
        pair(SLOW)
        one = made(reader, Group("g", "histogram_tc", ("va",), ranges=(Range(960, 12288), Range(1000, 800_000))))
        with sender() as source:
            send(source, 16)
        return [h for h in one.read().histograms if h.meaning == DEPTH and not h.sample_ns]

    near, far = in_namespace(body)
    assert near.lows == SEED
    assert far.lows[:3] == (0, 1000, 101_000)
    assert far.counts == (2, 14, 0, 0, 0, 0, 0, 0, 0, 0)
    assert near.total == far.total == 16


def test_the_time_in_the_queue_is_a_kind_of_its_own(made):
    def body():
        pair("tbf rate 8mbit burst 1200 limit 1000000")
        ranges = (Range(MILLISECOND, 800 * MILLISECOND),)
        one = made(reader, Group("g", "histogram_latency", ("va",), ranges=ranges))
        with sender() as source:
            send(source, 10)
        time.sleep(0.05)
        return one.read()

    state = in_namespace(body)
    (found,) = state.histograms
    assert (found.meaning, found.place, found.sample_ns) == (WAIT, "va/tc 0", 0)
    assert found.total == 10
    assert found.counts[0] >= 1  # the first at once, the second within a millisecond
    assert found.counts[1] >= 7
    assert state.peaks == {}


def test_a_link_that_goes_down_empties_its_queue_and_a_burst_is_not_counted_on(made):
    def body():
        pair(SLOW)
        one = made(reader, PORT)
        with sender() as source:
            send(source, 10)
        ip("link set va down")
        time.sleep(0.03)
        first, second = one.read(), one.read()
        ip("link set va up")
        ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev va")
        with sender() as source:
            send(source, 4)
        return first, second, one.read()

    first, second, third = in_namespace(body)
    assert first.blind == ("va/tc 0: it emptied without its packets being seen",)
    assert by(first)["va/tc 0"].window_ns < wall_ns(first) - 25 * MILLISECOND
    assert first.peaks == {"va/tc 0": 9000}
    idle = by(second)["va/tc 0"]
    assert (idle.counts[0], second.blind, second.peaks) == (idle.total, (), {"va/tc 0": 0})
    assert by(third, sample_ns=0)["va/tc 0"].total == 4
    assert third.peaks["va/tc 0"] <= 4000


def test_a_discipline_that_is_replaced_and_an_interface_that_vanishes_keep_what_they_counted(made):
    def body():
        pair(SLOW)
        one = made(reader, PORT)
        with sender() as source:
            send(source, 5)
            tc(f"qdisc replace dev va root handle 9: {SLOW}")
            send(source, 2)
            replaced = one.read()
            ip("link del va")
        time.sleep(0.03)
        return replaced, one.read(), one.read()

    replaced, gone, after = in_namespace(body)
    # of the first 0, 0, 1000, 2000, 3000 bytes were found, of the second 0 and 0
    assert by(replaced, sample_ns=0)["va/tc 0"].counts[:4] == (4, 2, 1, 0)
    assert replaced.peaks == {"va/tc 0": 4000}
    assert by(gone)["va/tc 0"].window_ns < wall_ns(gone) - 25 * MILLISECOND
    assert gone.blind == after.blind == ("va: no such interface",)
    assert after.histograms == ()


def test_a_discipline_that_is_put_there_again_by_the_same_name_is_another(made):
    def body():
        pair(f"handle 1: {SLOW}")
        one = made(reader, PORT)
        states = []
        with sender() as source:
            for _ in range(3):
                send(source, 5)
                tc("qdisc del dev va root")
                tc(f"qdisc add dev va root handle 1: {SLOW}")
                send(source, 3)
                states.append(one.read())
        return states

    states = in_namespace(body)
    # of the first 0, 0, 1000, 2000, 3000 bytes were found, of the second 0, 0 and 1000; then 2000 to 6000 and 0, 0, 1000
    assert [by(state, sample_ns=0)["va/tc 0"].counts[:6] for state in states] == [
        (4, 3, 1, 0, 0, 0),
        *[(2, 2, 2, 1, 1, 0)] * 2,
    ]
    assert [state.peaks for state in states] == [{"va/tc 0": 4000}, *[{"va/tc 0": 7000}] * 2]
    assert all(state.blind == () for state in states)
    assert all(min(by(state)["va/tc 0"].counts) >= 0 for state in states)
    assert all(by(state)["va/tc 0"].window_ns <= wall_ns(state) + MILLISECOND for state in states)


def test_an_interface_that_comes_later_is_measured_from_then_on(made):
    def body():
        needs("tc")
        one = made(reader, PORT)
        first = one.read()
        pair(SLOW)
        one.read()
        with sender() as source:
            send(source, 4)
        return first, one.read()

    first, later = in_namespace(body)
    assert first.blind == ("va: no such interface",)
    assert first.histograms == ()
    assert by(later, sample_ns=0)["va/tc 0"].total == 4
    assert abs(by(later)["va/tc 0"].window_ns - wall_ns(later)) < MILLISECOND


def test_a_class_of_service_is_a_transmit_queue_of_mq(made):
    def body():
        pair("handle 1: mq", queues=2)
        for minor in (1, 2):
            tc(f"qdisc replace dev va parent 1:{minor} {SLOW}")
        both = made(reader, Group("g", "histogram", ("va",), cos=(0, 1)))
        second = made(reader, Group("g", "histogram", ("va",), cos=(1, 5)))
        for _ in range(16):
            with sender() as source:
                send(source, 2)
        return both.read(), second.read()

    both, second = in_namespace(body)
    arrived = {place: one.total for place, one in by(both, sample_ns=0).items()}
    assert arrived.keys() == {"va/tc 0", "va/tc 1"}
    assert sum(arrived.values()) == 32
    assert by(second, sample_ns=0)["va/tc 1"].total == arrived["va/tc 1"]
    assert second.blind == ("va: it has no queue for class 5", "va: 1 of its 2 transmit queues are in no cos_list")


def test_classes_of_a_shaper_are_looked_at_beside_the_whole_that_is_measured(made):
    def body():
        pair("handle 1: htb default 3")
        tc("class add dev va parent 1: classid 1:3 htb rate 8kbit burst 1200")
        one = made(reader, Group("g", "histogram", ("va",), cos=(0, 3)))
        with sender() as source:
            send(source, 11)
        time.sleep(0.1)
        return one, one.read()

    one, state = in_namespace(body)
    assert isinstance(one, Together)
    assert one.resolution.step_ns >= looking.STEP_NS
    whole, classes = by(state), by(state, sample_ns=looking.STEP_NS)
    assert (whole.keys(), classes.keys()) == ({"va/tc 0"}, {"va/tc 3"})
    assert by(state, sample_ns=0).keys() == {"va/tc 0"}
    assert classes["va/tc 3"].source == "netlink"
    assert classes["va/tc 3"].at_least(8640).least * looking.STEP_NS > 50 * MILLISECOND
    assert whole["va/tc 0"].at_least(8640).least > 50 * MILLISECOND


def test_queues_without_a_lock_say_that_they_are_counted_from_outside(made):
    def body():
        pair("pfifo_fast")
        one = made(reader, PORT)
        with sender() as source:
            send(source, 10)
        return one.read()

    state = in_namespace(body)
    assert state.peaks["va/tc 0"] == 0
    assert by(state)["va/tc 0"].counts[0] == by(state)["va/tc 0"].total


def test_interfaces_without_a_queue_are_told_where_they_are_asked_for(made):
    def body():
        pair("")
        return made(reader, PORT).read(), made(reader, Group("g", "histogram", ("v*",))).read()

    named, matched = in_namespace(body)
    assert named.blind == ("va: it has no queue (noqueue)",)
    assert matched.blind == ()


def test_where_bpf_is_refused_queues_are_looked_at(made, monkeypatch):
    def refuse(*_, **__):
        raise BpfError("creating a BPF map", 1)

    monkeypatch.setattr(queues, "QueueTrace", refuse)

    def body():
        pair(SLOW)
        one = made(reader, PORT)
        with sender() as source:
            send(source, 6)
        time.sleep(0.2)
        with pytest.raises(ValueError, match=r"^g: the time in a queue is only to be had by BPF: creating a BPF map: "):
            reader(Group("g", "histogram_latency", ("va",)))
        return one, one.read()

    one, state = in_namespace(body)
    assert isinstance(one, Looking)
    assert state.blind == ("queues are looked at, not measured: creating a BPF map: Operation not permitted",)
    depth = by(state, sample_ns=looking.STEP_NS)["va/tc 0"]
    assert depth.doubt.startswith("looked at every 10")
    assert depth.at_least(4032).least * depth.sample_ns > 150 * MILLISECOND
    assert abs(depth.window_ns - wall_ns(state)) <= depth.sample_ns / 2
    assert state.peaks == {"va/tc 0": 5000}
    assert 10 * MILLISECOND <= one.resolution.step_ns < 30 * MILLISECOND
    assert one.resolution.gap_ns >= one.resolution.step_ns


def test_without_rights_queues_are_looked_at():
    needs("setpriv")
    code = """
import json
from brimful.monitor.group import Group
from brimful.monitor.queues import reader
one = reader(Group("g", "histogram"))
print(json.dumps([type(one).__name__, one.read().blind[0]]))
one.close()
"""
    assert python(code, *NOBODY) == [
        "Looking",
        "queues are looked at, not measured: tracefs cannot be had: Operation not permitted",
    ]


@pytest.mark.parametrize(
    ("group", "why"),
    [
        (Group("g", "histogram_pg"), "g: histogram_pg cannot be read on this host: its NICs have no such buffers"),
        (Group("g", "histogram", ranges=(Range(960, 7),)), "g: its ranges have no width"),
        (
            Group("g", "histogram_counter", counter_types=("l1-tx-byte",)),
            "g: Linux has no counter l1-tx-byte; it has rx-byte, tx-byte, rx-pkt, tx-pkt, crc",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(group, why):
    with pytest.raises(ValueError, match=r"^g: ") as caught:
        reader(group)
    assert str(caught.value) == why


def test_an_interface_whose_name_is_no_utf_8_is_read_and_written_like_any_other(made):
    def body():
        pair(FAST)
        ip(b"link set va down")
        ip(b"link set va name v\xffa")
        ip(b"link set v\xffa up")
        counted = Group("c", "histogram_counter", (), counter_types=("tx-byte",))
        measured = Group("m", "histogram", ("v\N{REPLACEMENT CHARACTER}a",))
        readers = [(one, made(reader, one)) for one in (counted, measured)]
        time.sleep(0.05)
        return [parts(one, found.read()) for one, found in readers]

    counted, measured = in_namespace(body)
    assert "v\N{REPLACEMENT CHARACTER}a" in msgspec.json.decode(counted["histogram_counter_info"])
    assert "v\N{REPLACEMENT CHARACTER}a" in msgspec.json.decode(measured["histogram_tc_info"])


def test_a_queue_that_comes_and_goes_between_two_readings_is_counted(made):
    def body():
        pair(SLOW)
        one = made(reader, PORT)
        with sender() as source:
            for handle in (16, 17, 18):  # another handle: another discipline, not the same with other settings
                tc(f"qdisc replace dev va root handle {handle}: {SLOW}")
                send(source, 4)
        return one.read()

    state = in_namespace(body)
    assert sum(by(state, sample_ns=0)["va/tc 0"].counts) == 12
    assert state.peaks["va/tc 0"] >= 3000
