"""Slab caches: which of them packets, sockets and the tables of the network stack are made of, by their names.

Names are those of kmem_cache_create in net/ and of the kernel's own sizes (kmalloc), which hold packets' data.
"""

import re

_OF_PACKETS = re.compile(
    r"skbuff_.*|(?:TCP|UDP|UDPLITE|UDP-Lite|RAW|PING|SCTP|MPTCP|DCCP)(?:v6)?|sctp_.*|sock_inode_cache|UNIX(?:-STREAM)?|PACKET"
    r"|(?:request_sock|tw_sock)_.*|nf_conntrack.*|(?:ip6?_)?dst_cache|ip6?_fib_.*|fib6?_.*|(?:ip_|ip6-)?frags"
    r"|(?:arp|ndisc)_cache|neigh.*|inet_peer_cache|page_pool.*|kmalloc-.*|dma-kmalloc-.*"
)


def of_packets(name: str) -> bool:
    """Tell whether packets, sockets or network tables are made of a cache of this name, among other things."""
    return _OF_PACKETS.fullmatch(name) is not None
