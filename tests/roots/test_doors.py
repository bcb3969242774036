"""The doors of one network namespace: what they show, and that the thread is back in its own afterwards."""

import gc
import os
import re
import socket
from pathlib import Path

import pytest
from tests.namespaces import NOBODY, in_namespace, ip, named_namespace, python

from brimful.kernel.netlink import NetlinkError
from brimful.kernel.rtnetlink import LinkNews, link_stats
from brimful.roots import doors as doors_module
from brimful.roots.answers import ANSWERS, links
from brimful.roots.doors import Doors
from brimful.roots.live import LiveRoot

OWN = "/proc/thread-self/ns/net"
UDP = re.compile(rb"Udp: (\d+)")


@pytest.fixture
def elsewhere():
    """A namespace with a name, a veth pair and another limit than ours."""
    name = f"brim-{os.getpid()}"
    with named_namespace(name) as path:
        ip(f"-n {name} link add brim0 type veth peer name brim1")
        ip(f"netns exec {name} sysctl -q net.core.somaxconn=1234")
        yield path


def inode():
    """The number of the namespace this thread is in."""
    return Path(OWN).stat().st_ino


def send(name, count):
    """Send so many datagrams over the loopback of a namespace, and take them."""
    code = f"""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.bind(("127.0.0.1", 0))
    for _ in range({count}):
        one.sendto(b"x", one.getsockname()), one.recv(1)
print(0)
"""
    python(code, "ip", "netns", "exec", name)


def received(data):
    return int(UDP.search(data)[1])


@pytest.mark.kernel
def test_doors_show_another_namespace_and_the_thread_stays_in_its_own(elsewhere):
    own = inode()
    doors = Doors(namespace=elsewhere)
    name = Path(elsewhere).name
    assert {interface for _, interface in doors.interfaces()} == {"lo", "brim0", "brim1"}
    assert {link.name for link in link_stats(doors.route).links} == {"lo", "brim0", "brim1"}
    assert doors.ethtool.driver("brim0").driver == "veth"
    assert doors.read("/proc/sys/net/core/somaxconn") == b"1234\n"
    before = received(doors.read("/proc/net/snmp"))
    send(name, 5)
    assert received(doors.read("/proc/net/snmp")) == before + 5
    ip(f"netns exec {name} sysctl -q net.core.somaxconn=1235")
    assert doors.read("/proc/sys/net/core/somaxconn") == b"1235\n"
    assert inode() == own
    assert "brim0" not in {interface for _, interface in socket.if_nameindex()}
    assert b"brim0" not in Doors().read("/proc/net/dev")
    assert b"brim0" in doors.read("/proc/net/dev")
    assert doors.blind() == []


@pytest.mark.kernel
def test_what_is_of_the_machine_is_read_without_a_namespace(elsewhere):
    doors = Doors(namespace=elsewhere)
    assert doors.read("/proc/sys/kernel/random/boot_id") == Doors().read("/proc/sys/kernel/random/boot_id")
    assert doors.read("/proc/net/no_such_file") is None
    assert doors.read("/proc/sys/net/core") is None
    assert doors.blind() == []


@pytest.mark.kernel
def test_sockets_of_another_namespace_are_listed(elsewhere):
    root = LiveRoot(namespace=elsewhere, label="elsewhere")
    with root.doors.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 5299))
        (document,) = root.documents("ss -OHtuwSanmpe")
        assert b"127.0.0.1:5299" in document.data
        (ours,) = LiveRoot().documents("ss -OHtuwSanmpe")
        assert b"127.0.0.1:5299" in ours.data  # asked from within
    (ours,) = LiveRoot().documents("ss -OHtuwSanmpe")
    assert b"127.0.0.1:5299" not in ours.data


@pytest.mark.kernel
def test_an_error_within_leads_back_too(elsewhere):
    own = inode()
    within = []

    def fail():
        with Doors(namespace=elsewhere).inside():
            within.append(inode())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert inode() == own not in within


@pytest.mark.parametrize("path", ["/run/netns/no-such", "/etc/passwd", "/", "/proc/self/ns/mnt", "a\0b"])
def test_a_namespace_that_cannot_be_entered_is_an_error(path):
    with pytest.raises((OSError, ValueError)):
        Doors(namespace=path)


@pytest.mark.kernel
def test_without_the_right_a_namespace_cannot_be_entered(elsewhere):
    code = f"""
import json
from brimful.roots.doors import Doors
try:
    Doors(namespace="{elsewhere}")
except OSError as error:
    print(json.dumps(error.errno))
"""
    assert python(code, *NOBODY) == 1


def count_files():
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.kernel
def test_no_file_stays_open_when_they_are_gone(elsewhere):
    Doors().interfaces()
    before = count_files()
    for _ in range(3):
        doors = Doors(namespace=elsewhere)
        for path in ("/proc/net/snmp", "/proc/net/dev", "/proc/sys/net/core/somaxconn"):
            assert doors.read(path)
        assert doors.interfaces()
        assert doors.ethtool
        assert doors.route
        assert doors.diag
        assert doors.generic
        assert count_files() >= before + 8
        del doors
    with pytest.raises(FileNotFoundError):
        Doors(namespace="/run/netns/no-such")
    assert count_files() == before


@pytest.mark.kernel
def test_a_namespace_that_was_deleted_is_still_shown():
    with named_namespace("brim-gone") as path:
        doors = Doors(namespace=path)
        assert doors.read("/proc/net/snmp")
    assert doors.read("/proc/net/snmp")
    assert [name for _, name in doors.interfaces()] == ["lo"]
    assert doors.read("/proc/net/netstat")
    assert doors.diag


@pytest.mark.kernel
def test_the_list_of_interfaces_is_kept_until_there_are_news():
    def look():
        doors = Doors()
        first = doors.interfaces()
        assert doors.interfaces() is first
        ip("link add brim0 type veth peer name brim1")
        second = doors.interfaces()
        assert doors.interfaces() is second
        ip("link set brim0 name brim2")
        third = doors.interfaces()
        ip("link del brim2")
        return [sorted(name for _, name in found) for found in (first, second, third, doors.interfaces())]

    assert in_namespace(look) == [["lo"], ["brim0", "brim1", "lo"], ["brim1", "brim2", "lo"], ["lo"]]


def test_without_news_the_list_is_read_each_time(monkeypatch):
    def refuse(_self):
        raise NetlinkError("netlink socket", 97)

    monkeypatch.setattr(LinkNews, "__init__", refuse)
    listed = [[(1, "lo")], [(1, "lo"), (2, "eth0")]]
    monkeypatch.setattr(socket, "if_nameindex", lambda: listed.pop(0))
    doors = Doors()
    assert doors.interfaces() == [(1, "lo")]
    assert doors.interfaces() == [(1, "lo"), (2, "eth0")]


def test_news_that_fail_are_no_crash(monkeypatch):
    def refuse(_self):
        raise NetlinkError("netlink news", 5)

    monkeypatch.setattr(LinkNews, "arrived", refuse)
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo")])
    doors = Doors()
    assert [doors.interfaces() for _ in range(3)] == [[(1, "lo")]] * 3


def test_interfaces_that_cannot_be_listed_are_a_blind_spot(monkeypatch):
    def refuse():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "if_nameindex", refuse)
    doors = Doors()
    assert doors.interfaces() == []
    assert [(one.what, one.why) for one in doors.blind()] == [("network interfaces", "Too many open files")]
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo")])
    assert doors.interfaces() == [(1, "lo")]
    assert doors.blind() == []


def test_what_can_be_seen_when_it_is_asked_for_again_is_no_blind_spot(monkeypatch):
    """What was found out before anything was asked stays, and so does what another request did not see."""
    refused = {"/proc/stat", "/proc/uptime"}

    def read(path):
        if path in refused:
            raise PermissionError(13, "Permission denied")
        return b""

    monkeypatch.setattr(doors_module, "bounded", read)
    root = LiveRoot()
    root.doors.see_not("network namespace blue", "cannot be entered")

    def blind(request):
        list(root.documents(request))
        return [one.what for one in root.blind()]

    stays = "network namespace blue"
    assert blind("/proc/stat") == blind("/proc/stat") == [stays, "/proc/stat"]
    assert blind("/proc/uptime") == [stays, "/proc/stat", "/proc/uptime"]
    refused.remove("/proc/stat")
    assert blind("/proc/uptime") == [stays, "/proc/stat", "/proc/uptime"]
    assert blind("/proc/stat") == [stays, "/proc/uptime"]
    refused.clear()
    assert blind("/proc/uptime") == [stays]


def test_answers_that_are_taken_in_turns_keep_their_own_blind_spots():
    doors = Doors()

    def give(name):
        doors.see_not(f"{name} 1", "why")
        yield name
        doors.see_not(f"{name} 2", "why")
        yield name

    one, other = doors.answering("one", give("one")), doors.answering("other", give("other"))
    assert [next(one), next(other), next(one), next(other)] == ["one", "other"] * 2
    assert list(doors.answering("one", iter(()))) == []
    assert [blind.what for blind in doors.blind()] == ["other 1", "other 2"]


def test_tables_that_can_be_read_again_are_no_blind_spot(monkeypatch):
    root = LiveRoot()
    error = NetlinkError("netlink dump: Operation not permitted")
    left = [error, None]

    def read(_route):
        refused = left.pop(0)
        if refused:
            raise refused

    monkeypatch.setattr(links, "statistics", read)
    assert list(root.tables(links.COMMAND)) == []
    assert [one.what for one in root.blind()] == [links.COMMAND]
    assert len(list(root.tables(links.COMMAND))) == 1
    assert root.blind() == []


def test_a_root_lists_interfaces_by_names_that_can_be_written(monkeypatch):
    listed = [[(1, "lo"), (2, "caf\udcff")], [(1, "lo")]]
    monkeypatch.setattr(Doors, "interfaces", lambda _: listed[0])
    root = LiveRoot()
    found = root.interfaces()
    assert found == ((1, "lo"), (2, "caf\N{REPLACEMENT CHARACTER}"))
    assert root.interfaces() is found
    del listed[0]
    assert root.interfaces() == ((1, "lo"),)


@pytest.mark.kernel
def test_of_another_namespace_only_what_differs_there_is_answered(elsewhere):
    root, here = LiveRoot(namespace=elsewhere, label="web"), LiveRoot()
    assert root.name == f"{socket.gethostname()} netns web"
    assert root.identity == f"{root.name}/{root.boot}" != here.identity
    for request in ("/proc/net/snmp", "/proc/sys/net/core/somaxconn", "ip -j -s -s link", "ethtool -S {interface}"):
        assert root.answers(request)
        assert here.answers(request)
    machine_wide = [request for request, found in ((one.name, one) for one in ANSWERS) if found.everywhere]
    assert "hostname" in machine_wide
    for request in ("/proc/net/softnet_stat", "/proc/meminfo", "/proc/net/protocols", *machine_wide):
        assert not root.answers(request)
        assert list(root.documents(request)) == []
        assert here.answers(request)
    assert root.tables("/proc/net/snmp") is None
    assert {row for table in root.tables("ip -j -s -s link") for row in table.rows} == {"lo", "brim0", "brim1"}


def test_devices_are_looked_up_again_when_interfaces_come_or_go(tmp_path, monkeypatch):
    classes = tmp_path / "sys" / "class" / "net"
    classes.mkdir(parents=True)
    listed = [[(1, "lo")]]
    monkeypatch.setattr(Doors, "interfaces", lambda _: listed[0])

    def add(name, target):
        (classes / name).symlink_to(f"../../devices/{target}/net/{name}")

    doors = Doors(str(tmp_path))
    assert doors.devices() == []
    add("eth0", "pci0000:00/0000:00:03.0/virtio2")
    add("veth1", "virtual")
    (classes / "bonding_masters").write_text("no link\n")
    assert doors.devices() == []
    listed[0] = [(1, "lo"), (2, "eth0"), (3, "veth1")]
    assert doors.devices() == ["../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0"]
    assert sorted(doors.devices(virtual=True)) == [*doors.devices(), "../../devices/virtual/net/veth1"]
    doors.devices().clear()
    assert len(doors.devices()) == 1


def test_a_host_mounted_elsewhere_is_read_below_its_top(tmp_path):
    (tmp_path / "proc" / "net").mkdir(parents=True)
    (tmp_path / "proc" / "net" / "snmp").write_text("Udp: 7\n")
    assert Doors(str(tmp_path)).read("/proc/net/snmp") == b"Udp: 7\n"
    assert doors_module.bounded(str(tmp_path)) is None
