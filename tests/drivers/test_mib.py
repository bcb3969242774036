import pytest

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.drivers.mib import MIB, MIB_MEANINGS, mib_series


def test_every_counter_has_a_known_meaning():
    assert set(MIB_MEANINGS) == {meaning for meaning, _ in MIB.values()} <= MEANINGS.keys()


def test_a_sum_of_other_counters_is_never_a_loss_of_its_own():
    for group in ("Udp", "UdpLite", "Udp6", "UdpLite6", "Tcp"):
        for name in ("InErrors", "InErrs"):
            if (group, name) in MIB:
                assert MEANINGS[MIB[group, name][0]].kind is Kind.MIXED
    assert MEANINGS[MIB["TcpExt", "ListenDrops"][0]].kind is Kind.MIXED


@pytest.mark.parametrize(
    ("word", "meaning", "place"),
    [
        ("UdpRcvbufErrors", "socket.receive.full", "udp"),
        ("Udp6RcvbufErrors", "socket.receive.full", "udp6"),
        ("UdpLiteRcvbufErrors", "socket.receive.full", "udplite"),
        ("UdpLite6RcvbufErrors", "socket.receive.full", "udplite6"),
        ("UdpMemErrors", "protocol.memory.refused", "udp"),
        ("TcpExtPFMemallocDrop", "protocol.memory.refused", "host"),
        ("TcpExtListenOverflows", "socket.listen.overflowed", "tcp"),
        ("TcpExtTCPZeroWindowDrop", "socket.receive.tcp_dropped", "tcp/TCPZeroWindowDrop"),
        ("IpInHdrErrors", "protocol.input.header_errors", "ip"),
        ("IpInAddrErrors", "protocol.input.no_route", "ip"),
        ("IpExtInNoRoutes", "protocol.input.no_route", "ip"),
        ("IpExtInTruncatedPkts", "protocol.input.truncated", "ip"),
        ("Ip6InUnknownProtos", "protocol.input.unknown", "ip6"),
        ("TcpExtIPReversePathFilter", "protocol.input.reverse_path", "ip"),
        ("IpInDelivers", "protocol.input.delivered", "ip"),
        ("IpForwDatagrams", "protocol.input.forwarded", "ip"),
        ("Ip6OutForwDatagrams", "protocol.input.forwarded", "ip6"),
        ("IpReasmTimeout", "kernel.table.reassembly_timed_out", "ip"),
        ("TcpRetransSegs", "socket.send.retransmitted", "tcp"),
        ("SctpT3Retransmits", "socket.send.retransmitted", "sctp"),
        ("SctpInDataChunkDiscards", "socket.receive.chunks_discarded", "sctp"),
        ("SctpInPktDiscards", "protocol.input.errors", "sctp"),
        ("SctpChecksumErrors", "protocol.input.checksum", "sctp"),
        ("SctpInSCTPPacks", "socket.receive.passed", "sctp"),
        ("Ip6ReasmFails", "kernel.table.reassembly_failed", "ip6"),
    ],
)
def test_a_word_is_told_apart_by_its_group(word, meaning, place):
    series = mib_series([word], "test")[word]
    assert (series.meaning, series.place, series.width_bits) == (meaning, place, 64)


@pytest.mark.parametrize("word", ["IpOutDiscards", "Ip6OutDiscards", "IpOutNoRoutes", "IpExtInCsumErrors"])
def test_what_is_counted_elsewhere_or_told_to_the_sender_is_no_loss_of_its_own(word):
    assert mib_series([word], "test") == {}


def test_a_pruned_packet_is_counted_once_where_the_kernel_counts_it_twice():
    assert set(mib_series(["TcpExtRcvPruned", "TcpExtTCPRcvQDrop"], "test")) == {"TcpExtTCPRcvQDrop"}
    assert set(mib_series(["TcpExtRcvPruned"], "test")) == {"TcpExtRcvPruned"}


def test_raw_names_and_doubts_are_those_of_the_source():
    assert mib_series(["UdpInErrors"], "test")["UdpInErrors"].raw == "Udp.InErrors"
    series = mib_series(["TcpExtTCPOFODrop", "Other"], "nstat", "nstat {}{}", "old")["TcpExtTCPOFODrop"]
    assert series.raw == "nstat TcpExtTCPOFODrop"
    assert series.doubt == "old; TCPRcvQDrop and TCPOFODrop also count where TCP as a whole is out of memory (tcp_mem)"
