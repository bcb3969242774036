import errno
import json
import os
import shutil
import socket
import subprocess
import time
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from tests.roots.answers import only, text

from brimful.evidence.origin import Blind
from brimful.kernel import sockdiag
from brimful.kernel.ethtool import DriverInfo, EthtoolError, Rings
from brimful.kernel.netlink import Netlink, NetlinkError
from brimful.kernel.rtnetlink import Link, Links
from brimful.kernel.sockdiag import Memory, Owner, Owners, Socket, Sockets
from brimful.roots import commands, doors, ss
from brimful.roots.answers import links, pci, sockets
from brimful.roots.base import Counters
from brimful.roots.live import LiveRoot
from brimful.sources import SOURCES


def test_the_host_says_who_it_is_and_when():
    root = LiveRoot()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert (root.name, root.kind, root.path) == (socket.gethostname(), "live", "")
    assert (root.boot, root.identity) == (boot, f"{socket.gethostname()}/{boot}")
    before = time.time_ns(), time.monotonic_ns()
    document = only(root, "hostname")
    assert before[0] <= document.at.ns <= time.time_ns()
    assert before[1] <= document.at.monotonic_ns <= time.monotonic_ns()
    assert (document.at.clock, document.boot, document.file) == ("host", boot, "hostname")


def test_each_call_reads_anew(tmp_path):
    (tmp_path / "proc").mkdir()
    root = LiveRoot(str(tmp_path))
    for word in ("one", "two"):
        (tmp_path / "proc" / "counter").write_text(word)
        document = only(root, "/proc/counter")
        assert (text(document), document.file, document.name) == (word, "/proc/counter", "/proc/counter")


def test_a_host_without_a_boot_identity_claims_none(tmp_path):
    assert (LiveRoot(str(tmp_path)).boot, LiveRoot(str(tmp_path)).identity) == ("", "")


def test_short_answers_are_those_of_the_commands():
    root = LiveRoot()
    for command in ("hostname", "uname -r", "uname -a"):
        if shutil.which(command.split()[0]):
            shown = subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout
            assert text(only(root, command)).split()[:3] == shown.split()[:3]
    assert text(only(root, "nproc")) == f"{os.cpu_count()}\n"
    assert abs(datetime.fromisoformat(text(only(root, "date")).strip()).timestamp() - time.time()) < 5


@pytest.mark.parametrize(
    "request_",
    ["show iftask stats", "log", "/nowhere", "/", "/sys/class/net/{interface}/mtu", "lspci -vvv", "ss {options}", ""],
)
def test_what_is_not_known_or_not_there_is_not_answered(request_):
    root = LiveRoot()
    assert list(root.documents(request_)) == []
    assert root.blind() == []
    assert root.answers(request_) is (request_ in {"/nowhere", "/"})


def test_every_request_that_is_answered_is_one_that_a_source_makes():
    answered = {request for source in SOURCES for request in source.requests if LiveRoot().answers(request)}
    assert {"ethtool -S {interface}", "ss -OHtuwSanmpe", "/proc/net/softnet_stat", "hostname"} <= answered
    assert {f"/sys/devices/{{bridge}}/{name}" for name in pci.LINK_FILES} <= answered


def test_what_is_no_regular_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "proc" / "net").mkdir(parents=True, exist_ok=True)
    root = LiveRoot(str(tmp_path))
    assert [*root.documents("/pipe"), *root.documents("/folder"), *root.documents("/nul\0")] == []
    assert root.blind() == []


def test_a_very_long_file_is_read_up_to_a_bound_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(doors, "LARGEST_FILE", 100_000)
    (tmp_path / "long").write_bytes(b"x" * 300_000)
    (tmp_path / "right").write_bytes(b"y" * 100_000)
    (tmp_path / "proc" / "net").mkdir(parents=True, exist_ok=True)
    root = LiveRoot(str(tmp_path))
    assert len(only(root, "/long").data) == 100_000
    assert [one.what for one in root.blind()] == ["/long"]
    assert len(only(root, "/right").data) == 100_000
    list(root.documents("/long"))
    assert len(root.blind()) == 1


def test_a_file_that_may_not_be_read_is_a_blind_spot(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "proc" / "net").mkdir(parents=True, exist_ok=True)
    root = LiveRoot(str(tmp_path))
    monkeypatch.setattr(doors, "bounded", refuse)
    assert list(root.documents("/proc/slabinfo")) == []
    assert root.blind() == [Blind("/proc/slabinfo", "Permission denied", "run as root")]


@pytest.fixture
def slots(tmp_path):
    """A host with a NIC behind a switch, a virtual function beside it, and interfaces that are on no bus."""
    port = "pci0000:00/0000:00:1c.0"
    devices = {
        "eth0": f"{port}/0000:01:00.0/0000:02:04.0/0000:03:00.0/net/eth0",
        "eth1": f"{port}/0000:01:00.0/0000:02:04.0/0000:03:10.0/virtio2/net/eth1",
        "lo": "virtual/net/lo",
    }
    (tmp_path / "sys/class/net").mkdir(parents=True)
    for name, device in devices.items():
        (tmp_path / "sys/devices" / device).mkdir(parents=True)
        (tmp_path / "sys/class/net" / name).symlink_to(f"../../devices/{device}")
    (tmp_path / "sys/class/net/bonding_masters").write_text("")
    for folder, width in ((port, "8"), (f"{port}/0000:01:00.0", "1"), (f"{devices['eth0'][:-9]}", "8")):
        (tmp_path / "sys/devices" / folder / "current_link_width").write_text(f"{width}\n")
    return tmp_path


def test_every_link_of_the_bus_from_the_root_port_to_a_nic_is_read_once(slots):
    found = list(LiveRoot(str(slots)).documents("/sys/devices/{bridge}/current_link_width"))
    port = "pci0000:00/0000:00:1c.0"
    assert [(one.of["bridge"], text(one).strip()) for one in found] == [
        (port, "8"),
        (f"{port}/0000:01:00.0", "1"),
        (f"{port}/0000:01:00.0/0000:02:04.0/0000:03:00.0", "8"),
    ]
    assert [one.file for one in found] == [f"/sys/devices/{one.of['bridge']}/current_link_width" for one in found]
    facts = [item for one in found for item in SOURCES["pcie"](one)]
    assert [(fact.place, fact.value) for fact in facts] == [
        ("0000:00:1c.0", 8),
        ("0000:01:00.0", 1),
        ("0000:03:00.0", 8),
    ]


def test_only_the_links_of_the_bus_are_read_by_pattern(slots):
    (slots / "sys/devices/pci0000:00/0000:00:1c.0/secret").write_text("x")
    assert list(LiveRoot(str(slots)).documents("/sys/devices/{bridge}/secret")) == []
    assert list(LiveRoot(str(slots / "none")).documents("/sys/devices/{bridge}/max_link_speed")) == []


NAMES = ("rx_drops", "Rx Queue#", "  pkts rx OOB", "Rx Queue#", "  pkts rx OOB", "[0]: rx_ucast")


def test_the_text_of_counters_says_the_same_as_the_numbers():
    counters = Counters(NAMES, (1, 0, 2, 1, 2**64 - 1, 5))
    moment = LiveRoot().documents("date").__next__().at
    document = commands.CountersDocument("eth0", counters, moment, "boot")
    assert not {"data", "end"} & vars(document).keys()
    assert document.data == (
        b"NIC statistics:\n     rx_drops: 1\n     Rx Queue#: 0\n       pkts rx OOB: 2\n     Rx Queue#: 1\n"
        b"       pkts rx OOB: 18446744073709551615\n     [0]: rx_ucast: 5\n"
    )
    assert (document.start, document.end, document.data is document.data) == (0, len(document.data), True)
    document.of["driver"] = "vmxnet3"
    numbers = [(frame.layout, list(frame.values)) for frame in SOURCES["nic_counters"](document) if is_frame(frame)]
    document.counters = None
    texts = [(frame.layout, list(frame.values)) for frame in SOURCES["nic_counters"](document) if is_frame(frame)]
    assert numbers == texts
    assert sum(map(len, (values for _, values in numbers))) > 1
    with pytest.raises(AttributeError):
        document.nothing  # noqa: B018


def is_frame(item):
    return hasattr(item, "layout")


class Refusing:
    def __init__(self, number):
        self.number = number

    def statistics(self, interface, _index):
        raise EthtoolError(interface, self.number)


@pytest.mark.parametrize(
    ("number", "blind"),
    [
        (errno.ENODEV, []),
        (errno.EOPNOTSUPP, []),
        (errno.EPERM, [("ethtool -S lo", "Operation not permitted", "run as root")]),
        (errno.EAGAIN, [("ethtool -S lo", "Resource temporarily unavailable", "")]),
    ],
)
def test_an_interface_that_vanishes_is_silent_and_one_that_refuses_is_a_blind_spot(monkeypatch, number, blind):
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo")])
    root = LiveRoot()
    root.doors.ethtool = Refusing(number)
    for _ in range(2):
        assert list(root.documents("ethtool -S {interface}")) == []
    assert [(one.what, one.why, one.remedy) for one in root.blind()] == blind


def test_without_a_list_of_interfaces_there_is_a_blind_spot(monkeypatch):
    def refuse():
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "if_nameindex", refuse)
    root = LiveRoot()
    assert list(root.documents("ethtool -i {interface}")) == []
    assert root.blind() == [Blind("network interfaces", "Permission denied")]


def refusing(number):
    def refuse(*_):
        raise NetlinkError("netlink dump", number)

    return refuse


def test_what_netlink_refuses_is_a_blind_spot(monkeypatch):
    monkeypatch.setattr(links, "link_stats", refusing(errno.EPERM))
    monkeypatch.setattr(sockdiag, "sockets", refusing(errno.ENOENT))
    root = LiveRoot()
    assert list(root.documents("ip -j -s -s link")) == []
    assert text(only(root, "ss -OHtuwSanmpe")) == ""
    # raw sockets are missed only where /proc/net/raw shows some
    assert [(one.what, one.remedy) for one in root.blind() if one.what != "raw sockets"] == [
        ("ip -j -s -s link", ""),
        ("tcp sockets", "modprobe tcp_diag"),
        ("udp sockets", "modprobe udp_diag"),
    ]


@pytest.mark.parametrize(
    ("name", "lines", "blind"),
    [("raw", 2, ["raw sockets"]), ("raw", 1, []), ("sctp/assocs", 2, ["sctp sockets"]), ("sctp/assocs", 1, [])],
)
def test_a_module_is_missed_only_where_there_are_such_sockets(monkeypatch, tmp_path, name, lines, blind):
    monkeypatch.setattr(sockdiag, "sockets", refusing(errno.ENOENT))
    path = tmp_path / "proc" / "net" / name
    path.parent.mkdir(parents=True)
    path.write_text("line\n" * lines)
    root = LiveRoot(str(tmp_path))
    assert text(only(root, "ss -OHtuwSanmpe")) == ""
    assert [one.what for one in root.blind() if one.what not in {"tcp sockets", "udp sockets"}] == blind


def test_a_host_without_netlink_is_no_crash(monkeypatch):
    monkeypatch.setattr(Netlink, "__init__", refusing(errno.EAFNOSUPPORT))
    root = LiveRoot()
    assert list(root.documents("ip -j -s -s link")) == []
    assert text(only(root, "ss -OHtuwSanmpe")) == ""
    assert [one.what for one in root.blind()] == [
        "ip -j -s -s link",
        "tcp sockets",
        "udp sockets",
        "sctp sockets",
        "raw sockets",
    ]


def test_lists_that_changed_while_they_were_read_are_told(monkeypatch):
    monkeypatch.setattr(links, "link_stats", lambda _: Links((), whole=False))
    monkeypatch.setattr(sockdiag, "sockets", lambda *_: Sockets((), whole=False))
    root = LiveRoot()
    assert text(only(root, "ip -j -s -s link")) == "[]\n"
    assert text(only(root, "ss -OHtuwSanmpe")) == ""
    assert [one.what for one in root.blind()] == [
        "ip -j -s -s link",
        "tcp sockets",
        "udp sockets",
        "sctp sockets",
        "raw sockets",
    ]


def test_busy_sockets_beyond_the_largest_number_are_a_blind_spot(monkeypatch):
    monkeypatch.setattr(sockdiag, "sockets", lambda *_: Sockets((), left=7))
    root = LiveRoot()
    assert text(only(root, "ss -OHtuwSanmpe")) == ""
    assert {one.why for one in root.blind()} == {"more than 20,000 are busy: the others are not listed"}


UDP = Socket("udp", socket.AF_INET, "UNCONN", "0.0.0.0", 53, "0.0.0.0", 0, 0, 0x1F, 5, 6, 0, 77)  # noqa: S104
SKMEM = Memory(1, 2, 3, 4, -8, 6, 7, 8, 9)
PRINTED = "skmem:(r1,rb2,t3,tb4,f4294967288,w6,o7,bl8,d9)"


@pytest.mark.parametrize(
    ("changes", "holders", "line"),
    [
        ({}, (), "udp UNCONN 5 6 0.0.0.0:53 0.0.0.0:* ino:77 sk:1f"),
        ({"uid": 1000}, (), "udp UNCONN 5 6 0.0.0.0:53 0.0.0.0:* uid:1000 ino:77 sk:1f"),
        (
            {"memory": SKMEM},
            (Owner(1, "named", 20), Owner(2, 'a"\nb', 3)),
            'udp UNCONN 5 6 0.0.0.0:53 0.0.0.0:* users:(("named",pid=1,fd=20),("a??b",pid=2,fd=3)) ino:77 sk:1f SKMEM',
        ),
        ({"interface": 1}, (), "udp UNCONN 5 6 0.0.0.0%lo:53 0.0.0.0:* ino:77 sk:1f"),
        ({"interface": 2**31 - 1}, (), "udp UNCONN 5 6 0.0.0.0%2147483647:53 0.0.0.0:* ino:77 sk:1f"),
        ({"local": "::", "remote": "::"}, (), "udp UNCONN 5 6 *:53 *:* ino:77 sk:1f v6only:0"),
        ({"local": "::", "remote": "::", "v6only": True}, (), "udp UNCONN 5 6 [::]:53 [::]:* ino:77 sk:1f v6only:1"),
        ({"local": "fe80::1", "remote": "::"}, (), "udp UNCONN 5 6 [fe80::1]:53 *:* ino:77 sk:1f v6only:0"),
        ({"local": "::1", "remote": "::2", "state": "ESTAB"}, (), "udp ESTAB 5 6 [::1]:53 [::2]:* ino:77 sk:1f"),
        ({"protocol": "sctp", "state": "LISTEN"}, (), "sctp LISTEN 5 6 0.0.0.0:53 0.0.0.0:* ino:77 sk:1f"),
        (
            {"protocol": "sctp", "association": True, "state": "ESTAB", "remote": "192.0.2.1", "remote_port": 6001},
            (),
            "`- ESTAB 5 6 0.0.0.0:53 192.0.2.1:6001 ino:77 sk:1f",
        ),
    ],
)
def test_a_socket_is_printed_as_ss_does(changes, holders, line):
    made = msgspec.structs.replace(UDP, **changes)
    assert ss.inet_line(made, holders, sockets._interface) == line.replace("SKMEM", PRINTED)  # noqa: SLF001


def test_memory_of_an_old_kernel_has_no_drops():
    old = Memory(1, 2, 3, 4, 5, 6, 7, 8)
    assert ss._memory(old) == "skmem:(r1,rb2,t3,tb4,f5,w6,o7,bl8)"  # noqa: SLF001


class Fitted:
    """A NIC with a receive and a transmit ring and no others, on a named bus."""

    def rings(self, _interface):
        return Rings(4096, 0, 0, 2048, 512, 0, 0, 256)

    def driver(self, _interface):
        return DriverInfo("igb", "5.6.0-k", "1.63, 0x800009fa", "0000:01:00.0", "", 1, 90, 0, 512, 0)


@pytest.fixture
def fitted(monkeypatch):
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(4, "eth0")])
    root = LiveRoot()
    root.doors.ethtool = Fitted()
    return root


def test_rings_are_printed_as_ethtool_does_and_read_back(fitted):
    document = only(fitted, "ethtool -g {interface}")
    assert text(document) == (
        "Ring parameters for eth0:\nPre-set maximums:\nRX:\t\t4096\nRX Mini:\tn/a\nRX Jumbo:\tn/a\nTX:\t\t2048\n"
        "Current hardware settings:\nRX:\t\t512\nRX Mini:\tn/a\nRX Jumbo:\tn/a\nTX:\t\t256\n"
    )
    (frame,) = SOURCES["nic_ring"](document)
    assert list(frame.values) == [4096, 512, 256]


def test_the_driver_is_printed_as_ethtool_does_and_read_back(fitted):
    document = only(fitted, "ethtool -i {interface}")
    assert text(document) == (
        "driver: igb\nversion: 5.6.0-k\nfirmware-version: 1.63, 0x800009fa\nexpansion-rom-version: \n"
        "bus-info: 0000:01:00.0\nsupports-statistics: yes\nsupports-test: no\nsupports-eeprom-access: yes\n"
        "supports-register-dump: no\nsupports-priv-flags: yes\n"
    )
    facts = {(fact.place, fact.name): fact.value for fact in SOURCES["nic_identity"](document)}
    assert facts["eth0", "nic.driver"] == "igb"
    assert facts["eth0", "nic.bus_address"] == "0000:01:00.0"


def test_a_link_is_printed_as_ip_does_with_what_the_kernel_has():
    stats = {"rx_packets": 1, "tx_packets": 2, "multicast": 3, "collisions": 4, "rx_nohandler": 5}
    found = [Link(7, "eth\udcff", "UP", 1500, "veth", stats, 6), Link(8, "eth1", "DOWN", 9, "", {})]
    assert json.loads(commands.ip_links(found)) == [
        {
            "ifindex": 7,
            "ifname": "eth\N{REPLACEMENT CHARACTER}",
            "mtu": 1500,
            "operstate": "UP",
            "linkinfo": {"info_kind": "veth"},
            "stats64": {
                "rx": {"packets": 1, "multicast": 3, "nohandler": 5},
                "tx": {"packets": 2, "collisions": 4, "carrier_changes": 6},
            },
        },
        {"ifindex": 8, "ifname": "eth1", "mtu": 9, "operstate": "DOWN", "stats64": {"rx": {}, "tx": {}}},
    ]
    assert commands.ip_links(found).startswith(b'[{"ifindex"')


@pytest.mark.parametrize(
    ("unreadable", "uid", "inode", "blind"),
    [
        (1, 0, 77, ["run with CAP_SYS_PTRACE"]),
        (0, 0, 77, []),
        (1, 0, 0, []),
        (0, 9, 77, ["run as root or with CAP_SYS_PTRACE"]),
    ],
)
def test_sockets_whose_holders_cannot_be_seen_are_a_blind_spot(monkeypatch, unreadable, uid, inode, blind):
    made = msgspec.structs.replace(UDP, inode=inode)
    monkeypatch.setattr(sockdiag, "sockets", lambda *_: Sockets((made,)))
    monkeypatch.setattr(sockdiag, "owners", lambda **_: Owners({}, unreadable))
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    root = LiveRoot()
    for _ in range(2):
        assert text(only(root, "ss -OHtuwSanmpe")).count("\n") == 8
    assert [one.remedy for one in root.blind()] == blind


def test_the_speed_of_each_link_comes_from_sysfs(tmp_path):
    devices = tmp_path / "sys" / "devices" / "pci0" / "net"
    classes = tmp_path / "sys" / "class" / "net"
    classes.mkdir(parents=True)
    for name, speed in (("eth0", "10000\n"), ("eth1", None)):
        (devices / name).mkdir(parents=True)
        (classes / name).symlink_to(Path("../../devices/pci0/net") / name)
        if speed:
            (devices / name / "speed").write_text(speed)
    (document,) = LiveRoot(str(tmp_path)).documents("/sys/class/net/{interface}/speed")
    assert (document.name, document.of, document.data) == (
        "/sys/class/net/eth0/speed",
        {"interface": "eth0"},
        b"10000\n",
    )


def test_a_host_without_proc_says_so(tmp_path):
    blind = Blind(
        f"{tmp_path}/proc", "is not mounted: what is read there is missing", f"mount -t proc proc {tmp_path}/proc"
    )
    assert LiveRoot(str(tmp_path)).blind() == [blind]
    (tmp_path / "proc" / "net").mkdir(parents=True)
    assert LiveRoot(str(tmp_path)).blind() == []


@pytest.mark.parametrize("request_", ["/var/log/messages", "/var/log/kern.log"])
def test_logs_are_never_read_live(request_):
    assert not LiveRoot().answers(request_)
    assert list(LiveRoot().documents(request_)) == []
