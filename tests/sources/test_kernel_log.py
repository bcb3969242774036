import mmap
from pathlib import Path

import pytest

from brimful.evidence.clock import ANY_ZONE_NS
from brimful.evidence.moment import Moment
from brimful.roots.base import Document
from brimful.sources.kernel_log import kernel_log

CAPTURE = Path(__file__).parents[1] / "captures" / "kernel_log" / "k8s" / "dmesg_-T"


def read(data):
    return list(kernel_log(Document("dmesg", "file", data)))


def test_each_line_is_an_event_at_a_time_of_an_unknown_zone():
    events = read(CAPTURE.read_bytes())
    assert [(event.kind, event.place, event.origin.line) for event in events] == [
        ("conntrack.full", "conntrack", line) for line in (1, 2, 3, 4)
    ]
    assert [str(event.at) for event in events[:2]] == ["2018-11-20T22:30:22Z", "2018-11-20T22:30:27Z"]
    assert not events[0].at.zone_known


@pytest.mark.parametrize(
    ("line", "kind", "place"),
    [
        ("[ 12.5] nf_conntrack: nf_conntrack: table full, dropping packet", "conntrack.full", "conntrack"),
        ("[ 12.5] nf_conntrack: table full in netns 4026531840, dropping packet", "conntrack.full", "conntrack"),
        ("Nov  1 host kernel: ip_conntrack: table full, dropping packet.", "conntrack.full", "conntrack"),
        ("[ 12.5] neighbour: arp_cache: neighbor table overflow!", "neighbour.full", "arp"),
        ("[ 12.5] neighbour: ndisc_cache: neighbor table overflow!", "neighbour.full", "ndisc"),
        ("[ 12.5] Neighbour table overflow.", "neighbour.full", "arp"),
    ],
)
def test_kernels_say_it_in_several_ways(line, kind, place):
    (event,) = read(line.encode())
    assert (event.kind, event.place, event.fields) == (kind, place, {})


@pytest.mark.parametrize("line", ["nf_conntrack: expectation table full", "nf_conntrack version 0.5.0", ""])
def test_other_lines_are_passed_over(line):
    assert read(line.encode()) == []


def test_a_time_that_is_none_is_left_out():
    (event,) = read(b"[Tue Nov 31 22:30:22 2018] nf_conntrack: table full, dropping packet")
    assert event.at is None


@pytest.mark.parametrize(
    ("line", "kind", "place", "fields"),
    [
        (
            "NETDEV WATCHDOG: eth3 (i40e): transmit queue 6 timed out",
            "transmit.hung",
            "eth3",
            {"driver": "i40e", "queue": 6},
        ),
        (
            "[ 9.5] i40e 0000:01:00.0 eth3: NETDEV WATCHDOG: CPU: 7: transmit queue 6 timed out 5120 ms",
            "transmit.hung",
            "eth3",
            {"driver": "i40e", "queue": 6},
        ),
        ("e1000e 0000:00:19.0 eth0: Detected Hardware Unit Hang:", "transmit.hung", "eth0", {"driver": "e1000e"}),
        ("igb 0000:05:00.0 eth1: Detected Tx Unit Hang", "transmit.hung", "eth1", {"driver": "igb"}),
        ("tap0: dropped over-mtu packet: 8950 > 1450", "mtu.exceeded", "tap0", {"length": 8950, "mtu": 1450}),
        ("UDP: bad checksum. From 192.0.2.1:53 to 192.0.2.2:9 ulen 20", "udp.checksum", "udp", {}),
        ("TCP: out of memory -- consider tuning tcp_mem", "tcp.out_of_memory", "tcp", {}),
        (
            "TCP: request_sock_TCP: Possible SYN flooding on port 80. Sending cookies.  Check SNMP counters.",
            "listen.flooded",
            "tcp *:80",
            {"answer": "Sending cookies"},
        ),
        (
            "TCP: request_sock_TCP: Possible SYN flooding on port [::]:443. Dropping request.",
            "listen.flooded",
            "tcp [::]:443",
            {"answer": "Dropping request"},
        ),
        (
            "httpd invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0",
            "memory.killed",
            "",
            {"asker": "httpd", "order": 0},
        ),
        (
            "kworker/0:0 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0",
            "memory.killed",
            "",
            {"asker": "kworker/0:0", "order": -1},
        ),
        (
            "Out of memory: Kill process 12 (mysqld) score 800 or sacrifice child",
            "memory.killed",
            "",
            {"killed": "mysqld"},
        ),
        ("Out of memory: Killed process 12 (a b) total-vm:1kB", "memory.killed", "", {"killed": "a b"}),
        (
            "Memory cgroup out of memory: Killed process 12 (java) total-vm:1kB",
            "memory.killed",
            "",
            {"cgroup": "Memory cgroup", "killed": "java"},
        ),
        ("swapper: page allocation failure. order:3, mode:0x4020", "memory.alloc_failed", "", {"order": 3}),
        ("swapper/3: page allocation failure: order:0, mode:0x20(GFP)", "memory.alloc_failed", "", {"order": 0}),
    ],
)
def test_what_it_says_of_queues_and_memory_is_read_with_its_numbers(line, kind, place, fields):
    (event,) = read(line.encode())
    assert (event.kind, event.place, event.fields) == (kind, place, fields)


FAILED = "x: page allocation failure: order:3, mode:0x20"
TRACE = " [<c02ca770>] (__alloc_skb+0x48/0xe8) from [<c0251c8c>] (rx_submit+0x24/0x1fc)"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([FAILED, TRACE], [{"order": 3, "receives": "rx_submit"}]),
        ([FAILED, *["other"] * 39, TRACE], [{"order": 3, "receives": "rx_submit"}]),
        ([FAILED, *["other"] * 40, TRACE], [{"order": 3}]),
        ([FAILED, FAILED, TRACE, TRACE], [{"order": 3}, {"order": 3, "receives": "rx_submit"}]),
        ([TRACE, FAILED, "sock_alloc_send_pskb+0x1"], [{"order": 3}]),
    ],
)
def test_the_trace_below_tells_whether_it_was_for_a_packet_to_be_received(lines, found):
    events = read("\n".join(lines).encode())
    assert [event.fields for event in events] == found
    assert events[-1].origin.raw == FAILED


LINE = "TCP: out of memory -- consider tuning tcp_mem"
MAY = 1_557_139_761 * 10**9
"""2019-05-06T10:49:21Z."""


@pytest.mark.parametrize(
    ("stamp", "near", "at"),
    [
        ("[   12.500000] ", None, Moment(12_500_000_000, clock="relative")),
        ("May  6 10:49:21 host kernel: [  12.5] ", None, Moment(12_500_000_000, clock="relative")),
        ("May  6 10:49:21 host kernel: ", None, None),
        (
            "May  6 10:49:21 host kernel: [  12.5] ",
            Moment(MAY + 10**15),
            Moment(MAY, uncertainty_ns=ANY_ZONE_NS, zone_known=False),
        ),
        ("[Mon May  6 10:49:21 2019] ", None, Moment(MAY, uncertainty_ns=ANY_ZONE_NS, zone_known=False)),
        ("2019-05-06T12:49:21.000000+02:00 host kernel: ", None, Moment(MAY)),
        ("", Moment(MAY), None),
    ],
)
def test_each_stamp_is_a_moment_of_its_own_clock(stamp, near, at):
    (event,) = kernel_log(Document("dmesg", "file", f"{stamp}{LINE}\n".encode(), at=near))
    assert event.at == at


def test_a_long_log_is_a_memory_map_and_read_like_bytes(tmp_path):
    path = tmp_path / "dmesg"
    path.write_text(f"other\n{LINE}\n", encoding="ascii")
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert [event.kind for event in read(mapped)] == ["tcp.out_of_memory"]
