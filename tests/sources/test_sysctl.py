from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.sysctl import sysctl

CAPTURES = Path(__file__).parents[1] / "captures" / "sysctl"


def read(data, name="sysctl -a"):
    items = list(sysctl(Document(name, "file", data)))
    frames = [item for item in items if isinstance(item, Frame)]
    values = {(s.meaning, s.place, s.raw): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    return values, {item.place: item.value for item in items if isinstance(item, Fact)}, items


def lost(items):
    return [item.origin.line for item in items if isinstance(item, Unread)]


def test_settings_of_the_stack_are_facts_and_limits():
    values, facts, items = read((CAPTURES / "sosreport" / "sysctl_-a").read_bytes())
    assert facts["net.core.rmem_max"] == 212992
    assert facts["net.core.default_qdisc"] == "fq_codel"
    assert facts["net.ipv4.tcp_rmem"] == "4096 131072 6291456"
    assert values["softnet.backlog.limit", "", "net.core.netdev_max_backlog"] == 1000
    assert len(values) == 3
    assert {s.width_bits for s in items[-1].layout.series} == {0}
    assert not lost(items)


def test_the_third_value_is_the_limit():
    values, _, _ = read(b"net.ipv4.tcp_mem = 189864\t253153\t379728\nnet.ipv4.udp_mem=1  2\t 3\n")
    assert values == {
        ("protocol.memory.limit", "tcp", "net.ipv4.tcp_mem"): 379728,
        ("protocol.memory.limit", "udp", "net.ipv4.udp_mem"): 3,
    }


def test_settings_of_single_interfaces_and_other_parts_are_passed_over():
    _, facts, items = read(
        b"net.ipv4.conf.eth0.rp_filter = 1\nnet.ipv4.neigh.default.gc_thresh3 = 1024\nkernel.panic = -1\n"
        b"net.core.optmem_max =\nnet.ipv4.tcp_keepalive_probes = -9\n"
    )
    assert facts == {"net.ipv4.neigh.default.gc_thresh3": 1024, "net.ipv4.tcp_keepalive_probes": -9}
    assert not lost(items)


def test_what_sysctl_says_itself_is_no_setting():
    text = (
        b"sysctl: permission denied on key 'net.core.bpf_jit_harden'\nerror: permission denied\n# a comment\n; one\n\n"
    )
    assert read(text)[2] == []


def test_a_file_of_proc_is_named_by_its_path():
    values, facts, _ = read(b"4\t5\t6\n", "/proc/sys/net/ipv4/udp_mem")
    assert facts == {"net.ipv4.udp_mem": "4 5 6"}
    assert values == {("protocol.memory.limit", "udp", "net.ipv4.udp_mem"): 6}
    assert read(b"1000\n", "/proc/sys/net/core/netdev_max_backlog")[0] == {
        ("softnet.backlog.limit", "", "net.core.netdev_max_backlog"): 1000
    }


@pytest.mark.parametrize(
    ("path", "meaning", "place"),
    [
        ("net/ipv4/ipfrag_high_thresh", "kernel.table.fragments_limit", "ip"),
        ("net/ipv6/ip6frag_high_thresh", "kernel.table.fragments_limit", "ip6"),
        ("net/ipv4/neigh/default/gc_thresh3", "kernel.table.neighbour_limit", "arp"),
        ("net/ipv6/neigh/default/gc_thresh3", "kernel.table.neighbour_limit", "ndisc"),
        ("net/netfilter/nf_conntrack_count", "kernel.table.conntrack_used", "conntrack"),
        ("net/netfilter/nf_conntrack_max", "kernel.table.conntrack_limit", "conntrack"),
    ],
)
def test_tables_have_limits(path, meaning, place):
    key = path.replace("/", ".")
    wanted = {(meaning, place, key): 4096}
    assert read(b"4096\n", f"/proc/sys/{path}")[0] == wanted
    assert read(f"{key} = 4096\n".encode())[0] == wanted
    assert f"/proc/sys/{path}" in SOURCES["sysctl"].requests


def test_part_of_the_settings_is_read_alike():
    _, facts, _ = read((CAPTURES / "part" / "sysctl_net.core").read_bytes(), "sysctl net.core")
    assert facts["net.core.rmem_default"] == 8388608


@pytest.mark.parametrize(
    "line",
    ["no setting", "net.ipv4.tcp_mem = 1 2", "net.ipv4.tcp_mem = 1 2 ²", "net.ipv4.tcp_mem = 1 2 99999999999999999999"],
)
def test_a_line_that_cannot_be_read_costs_itself(line):
    values, _, items = read(f"net.ipv4.udp_mem = 1 2 3\n{line}\n".encode())
    assert list(values.values()) == [3]
    assert lost(items) == [2]
