import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.drops import REASONS, drops

CAPTURE = (Path(__file__).parents[1] / "captures" / "drops" / "namespace" / "brimful_drops").read_bytes()
AT = Moment(1_700_000_000 * SECOND, "host", monotonic_ns=50 * SECOND)


def read(data, at=None):
    return list(drops(Document("brimful drops", "file", data, at=at)))


def values(items):
    """Meaning, place and raw name of each series of the last frame with its value."""
    frame = [item for item in items if isinstance(item, Frame)][-1]
    assert all(series.source == "drops" and series.width_bits == 64 for series in frame.layout.series)
    return {(s.meaning, s.place, s.raw): v for s, v in zip(frame.layout.series, frame.values, strict=True)}


def drop(reason="SOCKET_RCVBUFF", **more):
    fields = {"location": "f+0x1", "interface": "eth0", "protocol": "ip", "packets": 7} | more
    text = ",".join(
        f'"{name}":{value if isinstance(value, int) or value == "true" else chr(34) + value + chr(34)}'
        for name, value in fields.items()
    )
    return f'{{"traced":"drop","reason":"{reason}",{text}}}\n'.encode()


def since(seconds):
    return f'{{"traced":"since","age_ns":{seconds * SECOND}}}\n'.encode()


def test_a_capture_is_read_whole():
    items = read(CAPTURE)
    found = values(items)
    rows = {
        ("socket.receive.traced", "netns 4026532246/1", "SOCKET_RCVBUFF at udp_queue_rcv_one_skb+0x437 (ip)"): 3192,
        ("capture.ring.traced", "netns 4026532529/4", "FULL_RING at tun_net_xmit+0x2e2 (ipv6)"): 1,
        ("kernel.table.traced", "va", "NEIGH_FAILED at neigh_invalidate+0x7e (ip)"): 92,
        ("protocol.input.unnamed", "va", "NOT_SPECIFIED at ip6_mc_input+0x15e (ipv6)"): 6,
        ("protocol.input.unnamed", "netns 4026532601/2", "NOT_SPECIFIED at ip6_mc_input+0x15e (ipv6)"): 1,
        ("protocol.input.traced", "vb", "OTHERHOST at ip_rcv_core+0x22c (ip)"): 645,
        ("socket.receive.traced", "lo", "SOCKET_RCVBUFF at ping_rcv+0xc1 (ip)"): 45,
        ("protocol.input.filtered", "lo", "NETFILTER_DROP at nft_do_chain+0x3e8 (ip)"): 30,
        ("protocol.input.filtered", "lo", "SOCKET_FILTER at udp_queue_rcv_one_skb+0x153 (ip)"): 20,
        ("kernel.table.traced", "va", "NEIGH_QUEUEFULL at __neigh_event_send+0x1b8 (ip)"): 508,
        ("protocol.input.traced", "lo", "NO_SOCKET at __udp4_lib_rcv+0x4bc (ip)"): 3,
        ("protocol.input.unnamed", "netns 4026532601/3", "NOT_SPECIFIED at ip6_mc_input+0x15e (ipv6)"): 1,
        ("protocol.input.unnamed", "vb", "NOT_SPECIFIED at ip6_mc_input+0x15e (ipv6)"): 6,
        ("protocol.input.unnamed", "vb", "NOT_SPECIFIED at netif_napi_add_weight_locked+0x1b2"): 1,
        ("capture.ring.traced", "tn0", "FULL_RING at tun_net_xmit+0x2e2 (ipv6)"): 1,
        ("socket.receive.traced", "lo", "SOCKET_RCVBUFF at udp_queue_rcv_one_skb+0x437 (ip)"): 496,
        ("capture.ring.traced", "tn0", "FULL_RING at tun_net_xmit+0x2e2 (ip)"): 43,
        ("protocol.input.unnamed", "netns 4026532529/2", "NOT_SPECIFIED at ip6_mc_input+0x15e (ipv6)"): 1,
        ("qdisc.queue.traced", "va", "QDISC_DROP at __dev_queue_xmit+0xd01 (ip)"): 95,
        ("nic.ring.polls", "vb", "napi_poll"): 34,
        ("nic.ring.polled", "vb", "napi_poll work"): 654,
        ("nic.ring.polls_exhausted", "vb", "napi_poll work == budget"): 10,
        ("socket.receive.overflows", "", "sock_rcvqueue_full"): 45,
        ("socket.receive.overflow_bytes", "", "sock_rcvqueue_full truesize"): 37440,
    }
    assert found == rows
    before, _ = items
    assert set(before.values) == {0}
    assert len(before.values) == len(rows)
    assert not [item for item in items if not isinstance(item, Frame)]


def later(seconds):
    return Moment(AT.ns + seconds * SECOND, "host", monotonic_ns=AT.monotonic_ns + seconds * SECOND)


def test_what_was_not_told_before_is_told_as_it_was_then():
    first = since(1) + drop(packets=0, earlier="true") + drop(packets=5)
    second = since(2) + drop(packets=9)
    evidence = Evidence(read(first, AT) + read(second, later(2)))
    (reading,) = evidence.readings("socket.receive.traced")
    assert (reading.delta, reading.seconds, reading.first, reading.samples) == (9, 3.0, 0, 3)
    assert reading.rising is True


def test_what_comes_back_after_a_while_adds_what_it_counted_since_the_answer_before():
    first = since(1) + drop(packets=0, earlier="true") + drop(packets=500)
    second = since(100) + drop("NEIGH_DEAD")
    third = since(1) + drop(packets=500, earlier="true") + drop(packets=503)
    answers = read(first, AT) + read(second, later(100)) + read(third, later(101))
    (reading,) = Evidence(answers).readings("socket.receive.traced")
    assert [(frame.at.ns - AT.ns) // SECOND for frame, _ in reading.frames] == [-1, 0, 100, 101]
    assert [frame.values[index] for frame, index in reading.frames] == [0, 500, 500, 503]
    assert (reading.delta, reading.reset) == (503, False)


def test_answers_one_after_the_other_in_one_file_stay_in_order():
    text = since(1) + drop(packets=2, earlier="true") + drop(packets=5) + since(1) + drop(packets=6)
    (reading,) = Evidence(read(text)).readings("socket.receive.traced")
    assert [frame.values[index] for frame, index in reading.frames] == [2, 5, 6]


def test_what_was_there_before_says_nothing_about_now():
    evidence = Evidence(read(since(1) + drop(), AT))
    (reading,) = evidence.readings("socket.receive.traced")
    assert (reading.delta, reading.last) == (None, 7)


def test_without_a_time_the_order_decides():
    full = b'{"traced":"receive_queue_full","packets":%d,"truesize":4%b}\n'
    text = since(1) + full % (0, b',"earlier":true') + full % (3, b"")
    (reading,) = Evidence(read(text)).readings("socket.receive.overflows")
    assert (reading.delta, reading.seconds) == (3, None)


def test_a_time_before_all_time_is_the_beginning():
    text = since(10**14) + drop(packets=0, earlier="true") + drop()
    before, _ = read(text, Moment(5, "relative"))
    assert before.at == Moment(0, "relative")
    before, _ = read(text, Moment(5, "host", monotonic_ns=4))
    assert before.at == Moment(0, "host", monotonic_ns=0)


@pytest.mark.parametrize(
    ("reason", "meaning", "doubt"),
    [
        ("CPU_BACKLOG", "softnet.backlog.traced", ""),
        ("QDISC_OVERLIMIT", "qdisc.queue.traced", ""),
        ("FQ_FLOW_LIMIT", "qdisc.queue.traced", ""),
        ("DUALPI2_STEP_DROP", "qdisc.queue.traced", ""),
        ("NEIGH_DEAD", "kernel.table.traced", ""),
        ("FRAG_REASM_TIMEOUT", "kernel.table.traced", ""),
        ("SOCKET_BACKLOG", "socket.receive.traced", ""),
        ("TCP_ZEROWINDOW", "socket.receive.traced", ""),
        ("TCP_OFO_QUEUE_PRUNE", "socket.receive.traced", ""),
        ("TCP_LISTEN_OVERFLOW", "socket.listen.traced", ""),
        (
            "PROTO_MEM",
            "protocol.memory.traced",
            "TCP gives PROTO_MEM for a full receive buffer as well as for tcp_mem",
        ),
        ("PFMEMALLOC", "protocol.memory.traced", ""),
        ("NOMEM", "host.memory.refused", ""),
        ("XDP", "protocol.input.filtered", ""),
        ("BPF_CGROUP_EGRESS", "protocol.input.filtered", ""),
        ("TC_INGRESS", "protocol.input.filtered", "an ingress or clsact qdisc counts it as dropped too"),
        (
            "SOCKET_FILTER",
            "protocol.input.filtered",
            "UDP counts it in InErrors and in the drops of the socket too",
        ),
        ("IP_RPFILTER", "protocol.input.traced", ""),
        ("UNHANDLED_PROTO", "protocol.input.traced", ""),
        ("TCP_OFO_DROP", "protocol.input.traced", ""),
        ("QUEUE_PURGE", "protocol.input.traced", ""),
        ("TCP_CSUM", "protocol.input.traced", ""),
        ("OPENVSWITCH:5", "protocol.input.traced", ""),
        ("196613", "protocol.input.unnamed", ""),
        ("NOT_SPECIFIED", "protocol.input.unnamed", ""),
        ("", "protocol.input.unnamed", ""),
    ],
)
def test_a_reason_means_the_buffer_it_is_of(reason, meaning, doubt):
    (frame,) = read(drop(reason))
    (series,) = frame.layout.series
    assert (series.meaning, series.place, series.doubt) == (meaning, "eth0", doubt)
    assert series.raw == f"{reason or 'kfree_skb'} at f+0x1 (ip)"
    assert list(frame.values) == [7]


def test_only_what_no_counter_shows_is_a_loss_of_its_own():
    kinds = {reason: MEANINGS[meaning].kind for reason, (meaning, _) in REASONS.items()}
    assert {reason for reason, kind in kinds.items() if kind is Kind.LOST} == {
        *("NETFILTER_DROP", "XDP", "BPF_CGROUP_EGRESS", "XFRM_POLICY", "SECURITY_HOOK", "TAP_FILTER", "TAP_TXFILTER"),
        *("TC_INGRESS", "TC_EGRESS", "SOCKET_FILTER", "NOMEM"),
    }
    assert set(kinds.values()) == {Kind.LOST, Kind.TRACED}


def test_a_place_without_a_location_and_without_a_protocol_is_read():
    (frame,) = read(drop(location="", protocol="", interface="", index=4))
    assert [(s.place, s.raw) for s in frame.layout.series] == [("", "SOCKET_RCVBUFF (interface 4)")]


def test_an_interface_of_another_namespace_is_not_mistaken_for_one_here():
    poll = b'{"traced":"poll","interface":"eth0","netns":42,"polls":3,"packets":9,"exhausted":1}\n'
    named = drop(netns=42, reason="QDISC_DROP")
    assert {place for _, place, _ in values(read(drop(netns=42, index=3, interface="") + named + poll))} == {
        "netns 42/3",
        "netns 42/eth0",
    }


def test_a_filter_of_another_namespace_is_no_loss_of_this_one():
    told = [(meaning, place) for meaning, place, _ in values(read(drop(reason="NETFILTER_DROP", netns=42)))]
    assert [meaning for meaning, _ in told] == ["protocol.input.traced"]
    told = [(meaning, place) for meaning, place, _ in values(read(drop(reason="NETFILTER_DROP")))]
    assert [meaning for meaning, _ in told] == ["protocol.input.filtered"]


def test_polls_of_a_backlog_are_left_to_softnet():
    assert read(b'{"traced":"poll","interface":"","polls":3,"packets":9,"exhausted":1}\n') == []


def test_what_was_not_counted_is_said():
    text = (
        b'{"traced":"cost","tracepoint":"kfree_skb","entries":4096,"capacity":4096,"lost":3,"missed":2,"runs":0}\n'
        b'{"traced":"cost","tracepoint":"napi_poll","lost":0,"missed":0}\n'
        b'{"traced":"cost","tracepoint":"sock_rcvqueue_full"}\n'
        b'{"traced":"without","why":"this kernel has no tracepoint napi:napi_poll"}\n'
    )
    assert read(text) == [
        Blind("some of kfree_skb", "the map of the tracing program was full: not all is counted"),
        Blind("some of kfree_skb", "another tracing program was running: not all is counted"),
        Blind("drops by reason", "this kernel has no tracepoint napi:napi_poll"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"x",
        b"{}",
        b'{"traced":"other"}',
        b'{"traced":"since","age_ns":-1}',
        b'{"traced":"since","age_ns":"1"}',
        drop(earlier="true"),  # than what is not told
        drop(packets=-1),
        drop(packets=1 << 64),
        drop("A B"),
        drop("A\\n"),
        drop(location="a\\nb"),
        drop(protocol="\\u00b2"),
        drop(interface="a b"),
        drop(interface="a/b"),
        drop(netns=-1),
        drop(index=-1),
        b'{"traced":"poll","interface":"eth0","polls":1,"packets":-9,"exhausted":1}',
        b'{"traced":"poll","interface":"a b","polls":1,"packets":9,"exhausted":1}',
        b'{"traced":"receive_queue_full","packets":1,"truesize":-1}',
        b'{"traced":"drop","x":' + b"[" * 20000,
        b'{"traced":"drop","reason":"\\ud800"',
    ],
)
def test_a_line_that_is_wrong_costs_itself(line):
    items = read(line.rstrip() + b"\n\n" + drop(packets=3))
    assert [(item.origin.line, item.why) for item in items if isinstance(item, Unread)] == [
        (1, "not a line of what the kernel was seen to drop")
    ]
    assert list(values(items).values()) == [3]


def test_several_answers_in_one_file_are_several_samples():
    one, two = (frame for frame in read(drop(packets=3) + drop(packets=5)))
    assert (list(one.values), list(two.values)) == ([3], [5])


def test_it_is_recognised_without_a_name():
    look = SOURCES["drops"].looks_like.encode()
    assert re.search(look, CAPTURE)
    assert not re.search(look, b'[{"traced":"drop","reason":"X"}]')


@given(st.binary(max_size=200), st.integers(0, len(CAPTURE)))
def test_any_bytes_raise_nothing(noise, at):
    items = read(CAPTURE[:at][-500:] + noise + CAPTURE[at : at + 500], AT)
    assert all(isinstance(item, Frame | Unread | Blind) for item in items)
