from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.snmp import snmp

CAPTURES = Path(__file__).parents[1] / "captures" / "snmp"
PAIRS = (CAPTURES / "pairs" / "snmp").read_bytes()
TCP_EXT = (CAPTURES / "tcp-ext" / "proc_net_netstat").read_bytes()


def read(data):
    items = list(snmp(Document("/proc/net/snmp", "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    assert all(s.source == "snmp" for f in frames for s in f.layout.series)
    return {(s.place, s.raw): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}, items


def lost(items):
    return [item.origin.line for item in items if isinstance(item, Unread)]


def test_values_are_found_by_the_names_above_them():
    values, items = read(PAIRS)
    assert values["udp", "Udp.InDatagrams"] == 95
    assert values["udp", "Udp.RcvbufErrors"] == 1
    assert values["udp", "Udp.SndbufErrors"] == 4
    assert values["udplite", "UdpLite.NoPorts"] == 10
    assert values["ip", "Ip.InReceives"] == 2628
    assert values["ip", "Ip.ReasmFails"] == 10
    assert values["tcp", "Tcp.InSegs"] == 2529
    assert values["tcp", "Tcp.PassiveOpens"] == 4
    # what this kernel does not count is not there
    assert ("udp", "Udp.MemErrors") not in values
    assert not lost(items)


def test_tcp_s_extended_counters_are_read():
    values, items = read(TCP_EXT)
    assert values["tcp/TCPRcvQDrop", "TcpExt.TCPRcvQDrop"] == 131
    assert values["tcp", "TcpExt.TCPReqQFullDoCookies"] == 0
    assert ("tcp/RcvPruned", "TcpExt.RcvPruned") not in values
    assert not lost(items)


def test_the_counters_of_sctp_are_read():
    values, items = read((CAPTURES / "sctp" / "proc_net_sctp_snmp").read_bytes())
    assert values == {
        ("sctp", "Sctp.InSCTPPacks"): 5907,
        ("sctp", "Sctp.InDataChunkDiscards"): 8,
        ("sctp", "Sctp.InPktDiscards"): 0,
        ("sctp", "Sctp.ChecksumErrors"): 0,
        ("sctp", "Sctp.T3Retransmits"): 7,
    }
    assert not lost(items)


def test_the_counters_of_ipv6_have_places_of_their_own():
    values, items = read((CAPTURES / "six" / "snmp6").read_bytes())
    assert values["ip6", "Ip6.InReceives"] == 757
    assert values["udp6", "Udp6.InDatagrams"] == 0
    assert values["udplite6", "UdpLite6.RcvbufErrors"] == 0
    assert {place for place, _ in values} == {"ip6", "icmp6", "udp6", "udplite6"}
    assert not lost(items)


@pytest.mark.parametrize(
    "data",
    [
        b"Udp: InDatagrams NoPorts\nUdp: 1\nTcp: InSegs\nTcp: 5\n",
        b"Udp: InDatagrams NoPorts\nUdp: 1 2 3\nTcp: InSegs\nTcp: 5\n",
        b"Ip: InReceives\nUdp: 1\nTcp: InSegs\nTcp: 5\n",
        b"Udp: InDatagrams\nUdp: \xc2\xb2\nTcp: InSegs\nTcp: 5\n",
        b"Udp: InDatagrams\nUdp: -1\nTcp: InSegs\nTcp: 5\n",
        b"Udp: InDatagrams\nUdp: 18446744073709551616\nTcp: InSegs\nTcp: 5\n",
        b"\nUdp6InDatagrams x\nTcp: InSegs\nTcp: 5\n",
        b"\nUdp6InDatagrams 1 2\nTcp: InSegs\nTcp: 5\n",
    ],
)
def test_a_line_that_cannot_be_read_costs_itself(data):
    values, items = read(data)
    assert values == {("tcp", "Tcp.InSegs"): 5}
    assert lost(items) == [2]


def test_one_line_of_values_belongs_to_one_line_of_names():
    values, items = read(b"Tcp: InSegs\nTcp: 5\nTcp: 6\n")
    assert values == {("tcp", "Tcp.InSegs"): 5}
    assert lost(items) == [3]


def test_the_same_counters_again_are_a_later_sample():
    _, items = read(PAIRS + PAIRS.replace(b"Udp: 95 ", b"Udp: 96 "))
    assert len(items) == 2
    assert (
        items[1].values[
            items[1].layout.series.index(next(s for s in items[0].layout.series if s.raw == "Udp.InDatagrams"))
        ]
        == 96
    )
