import os
import socket
import struct
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.namespaces import in_namespace

from brimful.kernel.netlink import NETLINK_SOCK_DIAG, Netlink, NetlinkError
from brimful.kernel.sockdiag import Memory
from brimful.kernel.sockfamilies import (
    Ring,
    netlink_of,
    netlink_sockets,
    packet_of,
    packet_sockets,
    unix_of,
    unix_sockets,
)

MEMORY = struct.pack("=IIIIiIIII", 1, 2, 3, 4, -8, 6, 7, 8, 9)
UNIX = struct.pack("=BBBxIQ", 1, 2, 1, 42, 0xABCDEF0123)
NETLINK = struct.pack("=BBBBIIIIQ", 16, 3, 0, 7, 811, 5, 6, 42, 77)
PACKET = struct.pack("=BBHIQ", 17, 3, 0x88CC, 42, 77)


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def test_a_unix_socket_is_read():
    found = unix_of(
        UNIX
        + attribute(0, b"\0abs\0n")
        + attribute(2, struct.pack("=I", 41))
        + attribute(3, struct.pack("=II", 5, 6))
        + attribute(4, struct.pack("=II", 10, 20))
        + attribute(5, MEMORY)
    )
    assert (found.kind, found.state, found.name) == (2, "ESTAB", "@abs@n")
    assert (found.inode, found.cookie, found.peer) == (42, 0xABCDEF0123, 41)
    assert (found.rqueue, found.wqueue, found.waiting) == (10, 20, (5, 6))
    assert found.memory == Memory(1, 2, 3, 4, -8, 6, 7, 8, 9)
    bare = unix_of(UNIX + attribute(0, b"/run/x\0\0"))
    assert (bare.name, bare.peer, bare.rqueue, bare.memory) == ("/run/x", 0, 0, None)


def test_a_netlink_socket_is_read():
    found = netlink_of(NETLINK + attribute(0, MEMORY) + attribute(1, struct.pack("=II", 0x51, 0)))
    assert (found.protocol, found.state, found.port, found.peer) == (0, 7, 811, (6, 5))
    assert (found.inode, found.cookie, found.groups, found.memory.drops) == (42, 77, 0x51, 9)


def test_a_packet_socket_is_read():
    ring = struct.pack("=7I", 4096, 4, 2048, 8, 10, 1, 2)
    found = packet_of(
        PACKET
        + attribute(0, struct.pack("=6I", 2, 1, 3, 96, 5, 0x7))
        + attribute(2, ring)
        + attribute(4, struct.pack("=I", 0x10005))
        + attribute(6, MEMORY)
    )
    assert (found.kind, found.protocol, found.inode, found.cookie) == (3, 0x88CC, 42, 77)
    assert (found.interface, found.version, found.copy_threshold, found.flags) == (2, 1, 96, 7)
    assert (found.rx_ring, found.tx_ring, found.fanout) == (Ring(4096, 4, 2048, 8, 10, 1, 2), None, 0x10005)
    assert found.memory.drops == 9
    assert packet_of(PACKET + attribute(3, ring)).tx_ring == Ring(4096, 4, 2048, 8, 10, 1, 2)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (unix_of, UNIX[:-1]),
        (unix_of, UNIX + attribute(4, b"\0" * 7)),
        (netlink_of, NETLINK[:-1]),
        (netlink_of, NETLINK + attribute(1, b"\0")),
        (packet_of, PACKET[:-1]),
        (packet_of, PACKET + attribute(2, b"\0" * 27)),
    ],
)
def test_a_socket_cut_short_is_one_clean_error(read, data):
    with pytest.raises(NetlinkError):
        read(data)


@given(st.sampled_from([(unix_of, UNIX), (netlink_of, NETLINK), (packet_of, PACKET)]), st.binary(max_size=120))
@settings(deadline=None, max_examples=200)
def test_any_bytes_raise_nothing_but_the_one_error(kind, rest):
    read, head = kind
    with suppress(NetlinkError):
        assert read(head + rest).inode == 42


@pytest.mark.kernel
def test_sockets_of_this_host_are_found():
    def look():
        diag = Netlink(NETLINK_SOCK_DIAG)
        with ExitStack() as stack:
            reader, sender = (stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) for _ in range(2))
            reader.bind("\0brimful families")
            sender.connect("\0brimful families")
            sender.send(b"x" * 40)
            packet = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)))
            routes = stack.enter_context(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
            routes.bind((0, 1))
            inodes = [os.fstat(one.fileno()).st_ino for one in (reader, sender, packet, routes)]
            return inodes, unix_sockets(diag), netlink_sockets(diag), packet_sockets(diag)

    (reader, sender, packet, routes), unix, netlink, packets = in_namespace(look)
    by_inode = {one.inode: one for one in (*unix.sockets, *netlink, *packets)}
    assert (by_inode[reader].name, by_inode[reader].rqueue) == ("@brimful families", 40)
    assert by_inode[sender].peer == reader
    assert by_inode[sender].memory.wmem_alloc > 0 == by_inode[reader].memory.rmem_alloc
    assert (by_inode[packet].kind, by_inode[packet].protocol) == (socket.SOCK_DGRAM, 3)
    assert by_inode[routes].groups == 1
    assert [one.inode for one in netlink].count(routes) == 1
