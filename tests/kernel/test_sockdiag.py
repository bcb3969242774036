import errno
import os
import re
import socket
import struct
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.namespaces import NOBODY, in_namespace, python

from brimful.kernel import sockdiag
from brimful.kernel.netlink import NETLINK_SOCK_DIAG, Netlink, NetlinkError
from brimful.kernel.sockdiag import Memory, Owner, Owners, owners, socket_of, sockets

V4 = socket.inet_aton("127.0.0.1") + bytes(12)
V6 = socket.inet_pton(socket.AF_INET6, "fe80::1")
MEMORY = struct.pack("=IIIIiIIII", 1, 2, 3, 4, -8, 6, 7, 8, 9)


def body(*attributes, family=socket.AF_INET, state=7, address=V4):
    ports = (5201).to_bytes(2, "big") + (80).to_bytes(2, "big")
    identity = ports + address + address + struct.pack("=IQ", 3, 0xABCDEF0123)
    head = struct.pack("=BBBB", family, state, 0, 0) + identity + struct.pack("=5I", 0, 10, 20, 1000, 4242)
    return head + b"".join(attributes)


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


SAMPLE = body(attribute(11, b"\1"), attribute(7, MEMORY), family=socket.AF_INET6, address=V6)


def test_a_socket_is_read_with_its_memory():
    found = socket_of(SAMPLE, "udp")
    assert (found.protocol, found.state, found.family) == ("udp", "UNCONN", socket.AF_INET6)
    assert (found.local, found.local_port, found.remote, found.remote_port) == ("fe80::1", 5201, "fe80::1", 80)
    assert (found.interface, found.cookie, found.rqueue, found.wqueue) == (3, 0xABCDEF0123, 10, 20)
    assert (found.uid, found.inode, found.v6only) == (1000, 4242, True)
    assert found.memory == Memory(1, 2, 3, 4, -8, 6, 7, 8, 9)


def test_an_association_of_sctp_is_told_by_its_peers_and_has_states_of_its_own():
    peers = attribute(13, struct.pack("=HH", socket.AF_INET, 0) + socket.inet_aton("127.0.0.1") + bytes(120))
    found = socket_of(body(peers, attribute(7, MEMORY), state=3), "sctp")
    assert (found.association, found.state, found.memory.rmem_alloc) == (True, "ESTAB", 1)
    endpoint = socket_of(body(attribute(12, bytes(128)), state=10), "sctp")
    assert (endpoint.association, endpoint.state) == (False, "LISTEN")
    assert socket_of(body(peers, state=7), "sctp").state == "ACK_SENT"
    assert socket_of(body(peers, state=8), "sctp").state == "UNKNOWN"


def test_a_socket_without_memory_has_none():
    found = socket_of(body(state=6), "tcp")
    assert (found.state, found.local, found.memory, found.v6only) == ("TIME-WAIT", "127.0.0.1", None, False)
    assert socket_of(body(state=77), "tcp").state == "UNKNOWN"


@pytest.mark.parametrize(
    ("value", "drops"), [(MEMORY, 9), (MEMORY + b"more", 9), (MEMORY[:32], None)], ids=["now", "later", "before 4.7"]
)
def test_memory_is_taken_by_length_because_kernels_append_to_it(value, drops):
    assert socket_of(body(attribute(7, value)), "udp").memory == Memory(1, 2, 3, 4, -8, 6, 7, 8, drops)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (body()[:71], "socket is cut short"),
        (body(attribute(7, MEMORY[:31])), "in 31 bytes"),
        (body(family=1), "family 1"),
        (body(b"\1"), "attribute is cut short"),
    ],
)
def test_a_socket_cut_short_is_one_clean_error(data, why):
    with pytest.raises(NetlinkError, match=why):
        socket_of(data, "tcp")


@given(st.one_of(st.binary(max_size=300), st.builds(lambda rest: SAMPLE[:72] + rest, st.binary(max_size=80))))
@settings(deadline=None, max_examples=150)
def test_any_bytes_raise_nothing_but_the_one_error(data):
    with suppress(NetlinkError):
        assert socket_of(data, "tcp").protocol == "tcp"


def test_a_family_without_sockets_is_the_one_error():
    with pytest.raises(NetlinkError) as caught:
        sockets(Netlink(NETLINK_SOCK_DIAG), socket.IPPROTO_UDP, 200)
    assert caught.value.errno in (errno.EINVAL, errno.ENOENT)


def test_the_holder_of_a_socket_is_this_process():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mine:
        found = owners()
        comm = Path("/proc/self/comm").read_text().strip()
        assert Owner(os.getpid(), comm, mine.fileno()) in found.by_inode[os.fstat(mine.fileno()).st_ino]


def test_holders_that_cannot_be_read_are_counted(tmp_path):
    for pid, comm in (("10", "one\n"), ("11", 'a"b\n'), ("self", ""), ("\N{SUPERSCRIPT TWO}", "")):
        (tmp_path / pid / "fd").mkdir(parents=True)
        (tmp_path / pid / "comm").write_text(comm)
    (tmp_path / "10" / "fd" / "3").symlink_to("socket:[77]")
    (tmp_path / "10" / "fd" / "4").symlink_to("pipe:[77]")
    (tmp_path / "11" / "fd" / "5").symlink_to("socket:[77]")
    (tmp_path / "12").mkdir()  # has ended
    found = owners(str(tmp_path))
    assert {inode: sorted(held, key=str) for inode, held in found.by_inode.items()} == {
        77: [Owner(10, "one", 3), Owner(11, 'a"b', 5)]
    }
    assert found.unreadable == 0
    assert owners(str(tmp_path / "none")) == Owners({}, 0)


def take(*kinds):
    diag = Netlink(NETLINK_SOCK_DIAG)
    return [
        one
        for protocol in kinds or (socket.IPPROTO_TCP, socket.IPPROTO_UDP)
        for family in sockdiag.FAMILIES
        for one in sockets(diag, protocol, family).sockets
    ]


@pytest.mark.kernel
def test_a_full_socket_says_what_it_dropped_and_how_full_it_is():
    def look():
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        ):
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            reader.bind(("127.0.0.1", 5201))
            for _ in range(100):
                sender.sendto(b"x", ("127.0.0.1", 5201))
            waiting = 0
            found = take(socket.IPPROTO_UDP)
            inode = os.fstat(reader.fileno()).st_ino
            reader.setblocking(False)
            with suppress(BlockingIOError):
                while reader.recv(10):
                    waiting += 1
            return found, inode, waiting

    found, inode, waiting = in_namespace(look)
    (one,) = [one for one in found if one.local_port == 5201]
    assert (one.state, one.local, one.inode, one.uid) == ("UNCONN", "127.0.0.1", inode, os.geteuid())
    assert one.memory.rcvbuf == 16384
    assert one.memory.drops == 100 - waiting > 0
    assert one.memory.rmem_alloc > 16384 - 2048
    assert one.rqueue == one.memory.rmem_alloc


@pytest.mark.kernel
def test_a_listener_says_how_many_wait_and_how_many_may():
    def look():
        with ExitStack() as stack:
            listener = stack.enter_context(socket.socket(socket.AF_INET6))
            listener.bind(("::1", 5202))
            listener.listen(7)
            for _ in range(3):
                client = stack.enter_context(socket.socket(socket.AF_INET6))
                client.connect(("::1", 5202))
            return take(socket.IPPROTO_TCP)

    found = in_namespace(look)
    (listener,) = [one for one in found if one.state == "LISTEN"]
    assert (listener.local, listener.local_port, listener.rqueue, listener.wqueue) == ("::1", 5202, 3, 7)
    assert [one.state for one in found].count("ESTAB") == 6


@pytest.mark.kernel
def test_sockets_are_those_that_ss_shows():
    def look():
        with ExitStack() as stack:
            for family, kind, address in (
                (socket.AF_INET, socket.SOCK_DGRAM, "0.0.0.0"),  # noqa: S104 - in a namespace with nothing but lo
                (socket.AF_INET6, socket.SOCK_DGRAM, "::1"),
                (socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1"),
            ):
                one = stack.enter_context(socket.socket(family, kind))
                one.bind((address, 5203))
                if kind == socket.SOCK_STREAM:
                    one.listen(5)
            shown = subprocess.run(["ss", "-OHtuanme"], check=True, capture_output=True, text=True).stdout
            return take(), shown

    found, shown = in_namespace(look)
    inodes = {int(text) for text in re.findall(r"ino:(\d+)", shown)}
    assert {one.inode for one in found} == inodes
    assert len(inodes) == 3
    assert {f"sk:{one.cookie:x}" for one in found} == set(re.findall(r"sk:[0-9a-f]+", shown))


CODE = """
import json
from brimful.kernel import sockdiag
from brimful.kernel.netlink import NETLINK_SOCK_DIAG, Netlink
found = sockdiag.sockets(Netlink(NETLINK_SOCK_DIAG), 17, 2).sockets
held = sockdiag.owners()
print(json.dumps([[one.local_port for one in found], [one.inode in held.by_inode for one in found], held.unreadable]))
"""


@pytest.mark.kernel
def test_without_rights_sockets_are_seen_and_their_holders_not():
    def look():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 5204))
            return python(CODE), python(CODE, *NOBODY)

    privileged, plain = in_namespace(look)
    assert privileged[:2] == [[5204], [True]]
    assert plain[:2] == [[5204], [False]]
    assert plain[2] > privileged[2]
