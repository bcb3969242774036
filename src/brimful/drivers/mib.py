"""What the counters of `/proc/net/snmp`, `/proc/net/netstat`, `/proc/net/snmp6` and `/proc/net/sctp/snmp` mean.

A counter has a group and a name; `snmp6` and `nstat` write both in one word, `UdpRcvbufErrors`, as does
Documentation/networking/snmp_counter.rst. Places are protocols. Read from net/ipv4/proc.c and from where the counters
are raised (Linux 6.6). Of SCTP, InDataChunkDiscards also counts duplicates, numbers far ahead and streams that are not
there (net/sctp/sm_statefuns.c), InPktDiscards any packet without an association too (net/sctp/input.c). OutDiscards is not here: it counts again what a queueing discipline drops of this host's own
packets (net/ipv4/ip_output.c, ip_send_skb). Nor is OutNoRoutes: the program that sends is told, and nothing is on its way
yet. Counters that are not here say nothing of a buffer.
"""

from collections.abc import Iterable

from brimful.evidence.series import Series

# InErrors is the sum of RcvbufErrors, MemErrors and InCsumErrors, and more: hence of a mixed kind
_UDP = {
    "InDatagrams": "socket.receive.passed",
    "NoPorts": "protocol.input.no_listener",
    "InErrors": "protocol.input.errors",
    "RcvbufErrors": "socket.receive.full",
    "MemErrors": "protocol.memory.refused",
    "SndbufErrors": "socket.send.full",
    "InCsumErrors": "protocol.input.checksum",
}
_IP = {
    "InReceives": "protocol.input.passed",
    "InHdrErrors": "protocol.input.header_errors",
    "InAddrErrors": "protocol.input.no_route",
    "InNoRoutes": "protocol.input.no_route",
    "InTruncatedPkts": "protocol.input.truncated",
    "InUnknownProtos": "protocol.input.unknown",
    "InDiscards": "protocol.input.discarded",
    "InDelivers": "protocol.input.delivered",
    "ForwDatagrams": "protocol.input.forwarded",
    "OutForwDatagrams": "protocol.input.forwarded",
    "ReasmTimeout": "kernel.table.reassembly_timed_out",
    "ReasmFails": "kernel.table.reassembly_failed",
}
_ICMP = {"InCsumErrors": "protocol.input.checksum"}
_TCP = {
    "InSegs": "socket.receive.passed",
    "RetransSegs": "socket.send.retransmitted",
    "PassiveOpens": "socket.listen.passed",
    "InErrs": "protocol.input.errors",
    "InCsumErrors": "protocol.input.checksum",
}
_TCP_EXT = {
    "ListenOverflows": "socket.listen.overflowed",
    "ListenDrops": "socket.listen.dropped",
    "TCPReqQFullDrop": "socket.listen.request_queue_dropped",
    "TCPReqQFullDoCookies": "socket.listen.request_queue_full",
    "PruneCalled": "socket.receive.pruned",
    "TCPRcvCollapsed": "socket.receive.pruned",
    "TCPToZeroWindowAdv": "socket.receive.window_closed",
    "TCPMemoryPressures": "protocol.memory.pressure",
    "TCPAbortOnMemory": "protocol.memory.aborted",
}
_SCTP = {
    "InSCTPPacks": "socket.receive.passed",
    "InDataChunkDiscards": "socket.receive.chunks_discarded",
    "InPktDiscards": "protocol.input.errors",
    "ChecksumErrors": "protocol.input.checksum",
    "T3Retransmits": "socket.send.retransmitted",
}
_TCP_DROPS = ("TCPBacklogDrop", "RcvPruned", "TCPRcvQDrop", "TCPOFODrop", "TCPZeroWindowDrop")

MIB: dict[tuple[str, str], tuple[str, str]] = {
    **{
        (group, name): (meaning, place)
        for names, groups in (
            (_UDP, {"Udp": "udp", "UdpLite": "udplite", "Udp6": "udp6", "UdpLite6": "udplite6"}),
            (_IP, {"Ip": "ip", "IpExt": "ip", "Ip6": "ip6"}),
            (_ICMP, {"Icmp": "icmp", "Icmp6": "icmp6"}),
            (_TCP, {"Tcp": "tcp"}),
            (_TCP_EXT, {"TcpExt": "tcp"}),
            (_SCTP, {"Sctp": "sctp"}),
        )
        for group, place in groups.items()
        for name, meaning in names.items()
    },
    **{("TcpExt", name): ("socket.receive.tcp_dropped", f"tcp/{name}") for name in _TCP_DROPS},
    # packets on which no emergency reserve of pages may be spent (net/core/filter.c, sk_filter_trim_cap)
    ("TcpExt", "IPReversePathFilter"): ("protocol.input.reverse_path", "ip"),
    ("TcpExt", "PFMemallocDrop"): ("protocol.memory.refused", "host"),
}
"""Group and name of every counter that means something, with its meaning and its place."""

MIB_MEANINGS = tuple(sorted({meaning for meaning, _ in MIB.values()}))
"""What a source of these counters can yield."""

_DOUBTS = dict.fromkeys(
    ("TcpExtTCPRcvQDrop", "TcpExtTCPOFODrop"),
    "TCPRcvQDrop and TCPOFODrop also count where TCP as a whole is out of memory (tcp_mem)",
)
_AGAIN = {"TcpExtRcvPruned": "TcpExtTCPRcvQDrop"}
"""Counters that are raised on the way to another, which is taken where it is shown.

A packet that counts in RcvPruned counts in TCPRcvQDrop (since Linux 4.18) or in TCPOFODrop too (net/ipv4/tcp_input.c,
tcp_try_rmem_schedule and its callers).
"""

_WORDS = {group + name: (group, name) for group, name in MIB}


def mib_series(words: Iterable[str], source: str, raw: str = "{}.{}", doubt: str = "") -> dict[str, Series]:
    """Return the series of those words (group and name in one) that mean something.

    `raw` makes the raw name of group and name; `doubt` goes before the counter's own.
    """
    shown = set(words)
    found: dict[str, Series] = {}
    for word in shown & _WORDS.keys():
        if _AGAIN.get(word) not in shown:
            meaning, place = MIB[_WORDS[word]]
            found[word] = Series(
                meaning,
                place,
                raw.format(*_WORDS[word]),
                source,
                doubt="; ".join(filter(None, (doubt, _DOUBTS.get(word, "")))),
            )
    return found
