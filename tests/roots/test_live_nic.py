import errno
import os
import socket
import subprocess
from pathlib import Path

import msgspec
import pytest
from tests.namespaces import in_namespace, ip
from tests.roots.answers import only, text

from brimful.kernel.ethtool import EthtoolError
from brimful.kernel.netlink import NetlinkError
from brimful.kernel.nic_settings import CHANNELS, COALESCING, PAUSE, Settings
from brimful.roots.answers import netdev, nic_settings
from brimful.roots.live import LiveRoot
from brimful.sources import SOURCES

YNL = "ynl --family netdev --output-json --dump "
BY_QUEUE = YNL + """qstats-get --json '{"scope": "queue"}'"""


def refusing(number):
    def refuse(*_, **__):
        raise NetlinkError("netlink dump", number)

    return refuse


class Older:
    """A kernel that is asked by ioctl alone."""

    def words(self, interface, command, count):
        if interface == "lo":
            raise EthtoolError("lo", errno.EOPNOTSUPP)
        return tuple(range(count)) if command != 0x12 else (1, 0, 1)


@pytest.fixture
def root(monkeypatch):
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (4, "eth0")])
    return LiveRoot()


def test_settings_are_printed_as_ethtool_does_and_read_back(root, monkeypatch):
    counted = {"tx_pause_frames": 7, "rx_pause_frames": 9}
    found = {
        COALESCING.message: Settings("eth0", {"rx-usecs": 50, "adaptive-rx": 1, "rx-frames-low": 6}),
        CHANNELS.message: Settings("eth0", {"combined-max": 8, "combined": 2}),
        PAUSE.message: Settings("eth0", {"autoneg": 1, "rx": 0, "tx": 1}, counted),
    }
    monkeypatch.setattr(nic_settings, "settings", lambda _, group: iter([found[group.message]]))
    pause = only(root, "ethtool -I -a {interface}")
    assert text(pause) == (
        "Pause parameters for eth0:\nAutonegotiate:\ton\nRX:\t\toff\nTX:\t\ton\n"
        "Statistics:\n  tx_pause_frames: 7\n  rx_pause_frames: 9\n"
    )
    assert (pause.name, pause.of) == ("ethtool -I -a eth0", {"interface": "eth0"})
    fact, frame = SOURCES["nic_pause"](pause)
    assert (fact.value, list(frame.values)) == ("rx off tx on", [7, 9])
    coalescing = only(root, "ethtool -c {interface}")
    assert "\nAdaptive RX: on  TX: n/a\n" in text(coalescing)
    assert "\nrx-frame-low: 6\n" in text(coalescing)
    (fact,) = SOURCES["nic_coalescing"](coalescing)
    assert fact.value == "rx-usecs 50 adaptive-rx on"
    (fact,) = SOURCES["nic_channels"](only(root, "ethtool -l {interface}"))
    assert fact.value == "combined 2 of 8"


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT])
def test_without_the_family_the_older_way_is_asked(root, monkeypatch, number):
    monkeypatch.setattr(nic_settings, "settings", refusing(number))
    root.doors.ethtool = Older()
    assert text(only(root, "ethtool -I -a {interface}")) == (
        "Pause parameters for eth0:\nAutonegotiate:\ton\nRX:\t\toff\nTX:\t\ton\n"
    )
    assert "\nCombined:\t3\n" in text(only(root, "ethtool -l {interface}"))
    assert "\nrx-frames: 1\n" in text(only(root, "ethtool -c {interface}"))
    assert root.blind() == []


def test_what_the_kernel_refuses_is_a_blind_spot_and_what_it_lacks_is_none(root, monkeypatch):
    monkeypatch.setattr(nic_settings, "settings", refusing(errno.EPERM))
    assert list(root.documents("ethtool -c {interface}")) == []
    monkeypatch.setattr(netdev, "listed", refusing(errno.ENOENT))
    assert list(root.documents(YNL + "page-pool-get")) == []
    assert [one.what for one in root.blind()] == ["ethtool -c"]
    monkeypatch.setattr(netdev, "listed", refusing(errno.ENOBUFS))
    assert list(root.documents(YNL + "page-pool-get")) == []
    assert [one.what for one in root.blind()] == ["ethtool -c", YNL + "page-pool-get"]


def test_names_are_added_to_what_the_kernel_knows_by_index(root, monkeypatch):
    pools = [
        {"id": 51, "ifindex": 4, "inflight": 9},
        {"id": 52, "ifindex": 9, "inflight": 1},
        {"info": {"id": 53, "ifindex": 4}, "alloc-fast": 1},
    ]
    monkeypatch.setattr(netdev, "listed", lambda *_, **__: iter(pools))
    document = only(root, YNL + "page-pool-get")
    assert msgspec.json.decode(document.data) == [
        {"id": 51, "ifindex": 4, "inflight": 9, "ifname": "eth0"},
        {"id": 52, "ifindex": 9, "inflight": 1},
        {"info": {"id": 53, "ifindex": 4}, "alloc-fast": 1, "ifname": "eth0"},
    ]
    asked = []
    monkeypatch.setattr(netdev, "listed", lambda *_, by_queue: asked.append(by_queue) or iter(()))
    assert text(only(root, BY_QUEUE)) == "[]\n"
    assert asked == [True]


def test_queues_are_found_in_sysfs(tmp_path):
    classes = tmp_path / "sys" / "class" / "net"
    classes.mkdir(parents=True)
    (tmp_path / "proc" / "net").mkdir(parents=True)
    for name, where in (("eth0", "pci0/net"), ("veth0", "virtual/net")):
        device = tmp_path / "sys" / "devices" / where / name
        for queue in ("rx-0", "rx-1", "tx-0"):
            (device / "queues" / queue / "byte_queue_limits").mkdir(parents=True)
            (device / "queues" / queue / "rps_cpus").write_text("3\n")
            (device / "queues" / queue / "byte_queue_limits" / "limit").write_text("500\n")
        (classes / name).symlink_to(Path("../../devices") / where / name)
    root = LiveRoot(str(tmp_path))
    masks = list(root.documents("/sys/class/net/{interface}/queues/{queue}/rps_cpus"))
    assert sorted((one.of["interface"], one.of["queue"]) for one in masks) == [
        ("eth0", "rx-0"),
        ("eth0", "rx-1"),
    ]  # not those of interfaces without hardware
    (limit,) = root.documents("/sys/class/net/{interface}/queues/{queue}/byte_queue_limits/limit")
    assert (limit.name, limit.data) == ("/sys/class/net/eth0/queues/tx-0/byte_queue_limits/limit", b"500\n")
    assert list(root.documents("/sys/class/net/{interface}/queues/{queue}/byte_queue_limits/inflight")) == []


def test_errors_of_the_bridges_above_a_nic_are_read_too(tmp_path):
    (tmp_path / "proc" / "net").mkdir(parents=True)
    classes = tmp_path / "sys" / "class" / "net"
    classes.mkdir(parents=True)
    port = "pci0000:00/0000:00:1c.0"
    nic = tmp_path / "sys" / "devices" / port / "0000:01:00.0"
    (nic / "net" / "eth0").mkdir(parents=True)
    (classes / "eth0").symlink_to(Path("../../devices") / port / "0000:01:00.0/net/eth0")
    for folder, count in ((nic, 0), (nic.parent, 7)):
        (folder / "aer_dev_correctable").write_text(f"Receiver Error {count}\nTOTAL_ERR_COR {count}\n")
    request = "/sys/devices/{bridge}/aer_dev_correctable"
    frames = [frame for one in LiveRoot(str(tmp_path)).documents(request) for frame in SOURCES["pcie_errors"](one)]
    assert [(frame.layout.series[0].place, list(frame.values)) for frame in frames] == [
        ("0000:00:1c.0", [7]),
        ("0000:01:00.0", [0]),
    ]


@pytest.mark.kernel
def test_channels_are_printed_as_ethtool_prints_them():
    def look():
        ip("link add brim0 numrxqueues 3 numtxqueues 3 type veth peer name brim1")
        shown = subprocess.run(["ethtool", "-l", "brim0"], check=True, capture_output=True).stdout
        return shown, [one for one in LiveRoot().documents("ethtool -l {interface}") if one.of["interface"] == "brim0"]

    shown, (document,) = in_namespace(look)
    assert document.data.split() == shown.split()


@pytest.mark.kernel
@pytest.mark.parametrize("option", ["-c", "-l", "-I -a"])
def test_what_this_host_has_is_printed_as_ethtool_prints_it(option):
    for document in LiveRoot().documents(f"ethtool {option} {{interface}}"):
        command = ["ethtool", *option.split(), document.of["interface"]]
        shown = subprocess.run(command, check=True, capture_output=True, env={**os.environ, "LC_ALL": "C"}).stdout
        # later releases of ethtool print more paragraphs
        assert set(document.data.split(b"\n")) - set(shown.split(b"\n")) == set()
