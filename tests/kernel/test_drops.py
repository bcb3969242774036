"""Drops that are brought about in network namespaces of their own, and what the tracing programs call them."""

import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import subprocess
import time
from contextlib import ExitStack, suppress
from functools import partial

import pytest
from tests.kernel.traffic import own, queued, seen, send, udp
from tests.namespaces import NOBODY, in_namespace, ip, needs, python

from brimful.kernel import bpf, btf, counter, drops
from brimful.kernel.bpf import BpfError
from brimful.kernel.btf import Btf, BtfError
from brimful.kernel.drop_programs import DROP_KEY
from brimful.kernel.drops import Drops, Full, Names, reasons_of, subsystems_of
from brimful.kernel.kallsyms import Kallsyms
from brimful.kernel.tracing import Field, Tracepoint, Tracing, TracingError

IP = 0x0800
LOOPBACK = 1
SO_ATTACH_FILTER = 26
UDP_SEGMENT = 103
REFUSE_ALL = struct.pack("=HBBI", 6, 0, 0, 0)
TUN = struct.pack("16sH22x", b"tn0", 0x1001)
TUNSETIFF = 0x400454CA
ECHO = struct.pack("!BBHHH", 8, 0, 0, 0, 0)

pytestmark = pytest.mark.kernel


def shell(command):
    return subprocess.run(command, check=True, shell=True, capture_output=True).stdout  # noqa: S602 - constant text


def test_a_filter_of_a_socket_is_named(traced):
    def body():
        with udp() as picky, udp() as source:
            program = ctypes.create_string_buffer(REFUSE_ALL)
            filtered = struct.pack("HL", 1, ctypes.addressof(program))
            picky.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filtered)
            send(source, picky.getsockname(), 20)
            return seen(traced, "SOCKET_FILTER", own())

    assert in_namespace(body) == [(LOOPBACK, IP, "udp_queue_rcv_one_skb", 20)]


def test_a_firewall_is_named(traced):
    needs("nft")

    def body():
        shell("nft add table ip t; nft 'add chain ip t in { type filter hook input priority 0; }'")
        shell("nft add rule ip t in udp dport 5555 drop")
        with udp() as source:
            send(source, ("127.0.0.1", 5555), 30)
        return seen(traced, "NETFILTER_DROP", own())

    assert in_namespace(body) == [(LOOPBACK, IP, "nft_do_chain", 30)]


def veth():
    """Make a pair whose far end nobody answers at; return the index of the near one."""
    ip("link add va type veth peer name vb")
    ip("addr add 10.9.0.1/24 dev va")
    ip("link set va up")
    ip("link set vb up")
    return socket.if_nametoindex("va")


def test_a_full_queueing_discipline_is_named_with_the_interface_it_sends_to(traced):
    needs("tc")

    def body():
        near = veth()
        ip("neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev va")
        shell("tc qdisc add dev va root tbf rate 8kbit burst 2000 limit 3000")
        with udp("10.9.0.1") as source:
            send(source, ("10.9.0.2", 9), 100, b"x" * 1000)
        shown = json.loads(shell("tc -s -j qdisc show dev va"))
        dropped = shown[0]["drops"]
        rows = [d for d in traced.read().drops.values() if d.netns == own() and d.reason.startswith("QDISC_")]
        return near, dropped, rows

    near, dropped, rows = in_namespace(body)
    assert dropped > 90
    assert [(row.interface, row.protocol, row.packets) for row in rows] == [(near, IP, dropped)]


def test_a_queue_for_a_neighbour_that_does_not_answer_is_named(traced):
    def body():
        near = veth()
        with udp("10.9.0.1") as source:
            send(source, ("10.9.0.77", 9), 600, b"x" * 1000)
        return near, seen(traced, "NEIGH_QUEUEFULL", own())

    near, rows = in_namespace(body)
    assert [row[:2] for row in rows] == [(near, IP)]
    assert rows[0][3] > 100


def test_a_ring_that_a_program_does_not_read_is_named(traced):
    def body():
        with ExitStack() as stack:
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            stack.callback(os.close, device)
            fcntl.ioctl(device, TUNSETIFF, TUN)
            ip("addr add 10.8.0.1/24 dev tn0")
            ip("link set tn0 txqueuelen 8")
            ip("link set tn0 up")
            index = socket.if_nametoindex("tn0")
            source = stack.enter_context(udp("10.8.0.1"))
            send(source, ("10.8.0.2", 9), 50)
            return index, seen(traced, "FULL_RING", own())

    try:
        index, rows = in_namespace(body)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENODEV}:
            pytest.skip("no /dev/net/tun")
        raise
    assert {row[:3] for row in rows} == {(index, IP, "tun_net_xmit")}
    assert 30 < sum(row[3] for row in rows) <= 50


def test_a_full_accept_queue_is_named(traced):
    """The last ACK of a handshake that finds the queue full; a SYN that does is not freed as a drop (Linux 6.18)."""
    needs("nft")
    if "TCP_LISTEN_OVERFLOW" not in running().reasons.values():
        pytest.skip("this kernel has no reason TCP_LISTEN_OVERFLOW")

    def body():
        with ExitStack() as stack:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            listener.listen(2)

            def connect():
                client = stack.enter_context(socket.socket())
                client.setblocking(False)
                with suppress(BlockingIOError):
                    client.connect(listener.getsockname())

            connect()
            connect()
            shell("nft add table ip t; nft 'add chain ip t o { type filter hook output priority 0; }'")
            shell("nft 'add rule ip t o tcp flags & (syn|ack) == (syn|ack) drop'")
            connect()
            connect()
            shell("nft flush ruleset")  # the SYN-ACKs are sent again after a second
            deadline = time.monotonic() + 5
            while not (rows := seen(traced, "TCP_LISTEN_OVERFLOW", own())) and time.monotonic() < deadline:
                time.sleep(0.05)
            return rows

    rows = in_namespace(body)
    assert {row[:2] for row in rows} == {(LOOPBACK, IP)}


def full_ping():
    """A socket for pings with little room: the echoes and their answers come back to it."""
    ping = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    ping.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    return ping


def test_a_receive_queue_that_is_full_is_counted_with_the_memory_of_its_packets(traced):
    def body():
        shell("sysctl -qw net.ipv4.ping_group_range='0 0'")
        with full_ping() as ping:
            send(ping, ("127.0.0.1", 0), 50, ECHO)
            return seen(traced, "SOCKET_RCVBUFF", own()), 50 - queued(ping)

    before = traced.read().full or Full(0, 0)
    rows, refused = in_namespace(body)
    after = traced.read().full
    assert refused > 30
    assert rows == [(LOOPBACK, IP, "ping_rcv", refused)]
    assert after.packets - before.packets >= refused
    assert (after.truesize - before.truesize) / (after.packets - before.packets) > 256


def polled_veth():
    """Make a pair whose far end is polled; return the index of that."""
    needs("ethtool")
    veth()
    ip("neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev va")
    shell("ethtool -K va tso off tx-udp-segmentation off; ethtool -K vb gro on")  # polled is what may be put together
    return socket.if_nametoindex("vb")


def polls(counted, inode, packets):
    """The polls of a namespace's devices, when they have taken at least so many packets."""
    deadline = time.monotonic() + 5
    while True:
        rows = [poll for poll in counted.read().polls.values() if poll.netns == inode]
        if sum(row.packets for row in rows) >= packets or time.monotonic() > deadline:
            return rows
        time.sleep(0.01)


def test_polls_are_counted_by_device_and_namespace(traced):
    def body():
        index = polled_veth()
        with udp("10.9.0.1") as source:
            send(source, ("10.9.0.2", 9), 100)
        return index, polls(traced, own(), 100)

    index, (row,) = in_namespace(body)
    assert (row.device, row.interface, row.exhausted) == ("vb", index, 0)
    assert not [poll for poll in traced.read().polls.values() if poll.device == ""]
    assert row.packets >= 100
    assert 1 <= row.polls <= row.packets


def test_a_poll_that_uses_up_its_budget_is_counted(traced):
    """64 segments are sent as one and come apart before the far end: as many as one poll takes."""

    def body():
        polled_veth()
        with udp("10.9.0.1") as source:
            source.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 100)
            for _ in range(10):
                source.sendto(b"x" * 6400, ("10.9.0.2", 9))
        return polls(traced, own(), 640)

    (row,) = in_namespace(body)
    assert row.packets >= 640
    assert 5 <= row.exhausted <= 10
    assert row.polls >= row.exhausted


def test_without_types_drops_are_counted_without_their_interfaces(monkeypatch):
    needs()

    def none():
        raise BtfError("no types here")

    monkeypatch.setattr(btf, "kernel", none)
    counted = Drops()

    def body():
        with udp() as source:
            send(source, ("127.0.0.1", 9), 5)
        found = counted.read()
        rows = [row for row in found.drops.values() if row.reason == "NO_SOCKET" and row.protocol == IP]
        return {(row.interface, row.netns) for row in rows}, sum(row.packets for row in rows), found.polls.values()

    places, packets, polled = in_namespace(body)
    without = counted.read().without
    counted.close()
    assert places == {(0, 0)}
    assert packets >= 5
    assert [(poll.interface, poll.netns) for poll in polled if poll.device == ""] == [(0, 0)]  # the backlogs of CPUs
    assert without == ("interfaces of drops: no types here",)


def test_a_program_that_the_verifier_refuses_falls_back_to_one_without_interfaces(monkeypatch):
    needs()
    monkeypatch.setattr(counter, "LICENCE", "proprietary")  # bpf_probe_read_kernel is for GPL programs only
    counted = Drops()
    found = counted.read()
    counted.close()
    assert len(found.without) == 3
    assert found.without[0].startswith("interfaces of kfree_skb: loading a BPF program: Invalid argument: ")
    assert "GPL" in found.without[0]
    assert "\n" not in found.without[0]
    assert found.without[2].startswith("loading a BPF program: ")
    assert [cost.tracepoint for cost in found.costs] == ["kfree_skb", "sock_rcvqueue_full"]


@pytest.mark.parametrize(
    ("shown", "located"),
    [("0000000000000000 T udp_queue_rcv_one_skb\n", False), ("ffff000000000000 T another\n", True)],
)
def test_where_addresses_are_hidden_no_place_is_invented(monkeypatch, tmp_path, shown, located):
    """Where all are, they are not told apart; the few that have no name are added up."""
    needs()
    (tmp_path / "kallsyms").write_text(shown)
    hidden = partial(Kallsyms, str(tmp_path / "kallsyms"), str(tmp_path / "modules"))
    monkeypatch.setattr(drops, "Kallsyms", hidden)
    counted = Drops()

    def body():
        shell("sysctl -qw net.ipv4.ping_group_range='0 0'")
        with full_ping() as ping, udp(room=2048) as full, udp() as source:
            send(ping, ("127.0.0.1", 0), 50, ECHO)
            before = seen(counted, "SOCKET_RCVBUFF", own())
            send(source, full.getsockname(), 50)
            rows = seen(counted, "SOCKET_RCVBUFF", own())
            return before, rows, [50 - queued(one) for one in (ping, full)]

    before, rows, refused = in_namespace(body)
    keys = [key for key, _ in counted._drops._map.elements()]  # noqa: SLF001
    counted.close()
    assert before == [(LOOPBACK, IP, "", refused[0])]
    assert rows == [(LOOPBACK, IP, "", sum(refused))]
    assert min(refused) > 30
    assert {struct.unpack(DROP_KEY, key)[0] > 0 for key in keys} == {located}


def test_without_rights_it_is_refused_in_one_line():
    needs("setpriv")
    code = """
import json
from brimful.kernel.bpf import BpfError
from brimful.kernel.drops import Drops
from brimful.kernel.tracing import TracingError
try:
    Drops()
except (BpfError, TracingError) as error:
    print(json.dumps([str(error), error.errno]))
"""
    assert python(code, *NOBODY) == ["tracefs cannot be had: Operation not permitted", errno.EPERM]


def test_without_the_right_to_load_programs_it_is_refused(monkeypatch):
    needs()

    def refuse(number, *_):
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(bpf, "syscall", refuse)
    monkeypatch.setattr(bpf, "_unlock_memory", lambda: False)
    with pytest.raises(BpfError, match=r"^creating a BPF map: Operation not permitted$") as caught:
        Drops()
    assert caught.value.errno == errno.EPERM


def test_a_tracepoint_that_is_missing_costs_its_part_only(monkeypatch):
    needs()
    real = drops.Tracing.tracepoint

    def without_napi(self, system, name):
        if system == "napi":
            raise TracingError("this kernel has no tracepoint napi:napi_poll")
        return real(self, system, name)

    monkeypatch.setattr(drops.Tracing, "tracepoint", without_napi)
    counted = Drops()
    found = counted.read()
    counted.close()
    assert found.without == ("this kernel has no tracepoint napi:napi_poll",)
    assert found.polls == {}
    assert [cost.tracepoint for cost in found.costs] == ["kfree_skb", "sock_rcvqueue_full"]


def running():
    """The names of the running kernel."""
    needs()
    return Names(Tracing().tracepoint("skb", "kfree_skb"), btf.kernel())


def test_the_running_kernel_s_reasons_are_named():
    assert {"NOT_SPECIFIED", "SOCKET_RCVBUFF", "NETFILTER_DROP", "FULL_RING"} <= set(running().reasons.values())


class Types:
    """Enums as BTF would give them."""

    def __init__(self, **enums):
        self.enums = enums

    def enum(self, name):
        if name not in self.enums:
            raise BtfError(f"this kernel has no enum {name}")
        return self.enums[name]


def point(symbols):
    return Tracepoint(1, {"reason": Field(36, 4)}, symbols)


def test_reasons_are_taken_from_the_print_format_and_else_from_types():
    values = {"SKB_NOT_DROPPED_YET": 0, "SKB_DROP_REASON_NOT_SPECIFIED": 2, "SKB_DROP_REASON_SOCKET_RCVBUFF": 6}
    types = Types(skb_drop_reason=values)
    assert reasons_of(point({2: "A"}), types) == {2: "A"}
    assert reasons_of(point({}), types) == {2: "NOT_SPECIFIED", 6: "SOCKET_RCVBUFF"}
    assert reasons_of(point({}), Types()) == {}
    assert reasons_of(point({}), None) == {}


def test_a_subsystem_s_reason_is_named_by_it_and_its_number():
    prefix = "SKB_DROP_REASON_SUBSYS_"
    values = {f"{prefix}CORE": 0, f"{prefix}OPENVSWITCH": 3, f"{prefix}NUM": 4}
    assert subsystems_of(Types(skb_drop_reason_subsys=values)) == {3: "OPENVSWITCH"}
    assert subsystems_of(Types()) == {}
    assert subsystems_of(None) == {}
    names = Names(point({2: "A"}), Types(skb_drop_reason_subsys=values))
    assert [names.reason(number) for number in (2, 3 << 16 | 5, 4 << 16 | 5, 0)] == ["A", "OPENVSWITCH:5", "262149", ""]


def test_the_members_on_the_way_to_an_interface_are_found():
    try:
        types = btf.kernel()
    except BtfError as error:
        pytest.skip(str(error))
    assert isinstance(types, Btf)
    offsets = drops.offsets_of(types)
    assert 0 < offsets.packet_device < types.size("sk_buff")
    assert 0 < offsets.device_net < types.size("net_device")
