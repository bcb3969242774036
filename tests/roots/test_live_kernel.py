import json
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from tests.namespaces import NOBODY, in_namespace, ip, python
from tests.roots.answers import RX_ERRORS, only, text

from brimful.evidence.evidence import Evidence
from brimful.kernel import sockscan
from brimful.roots.live import LiveRoot
from brimful.sources import SOURCES


def veth():
    ip("link add brim0 type veth peer name brim1")
    ip("link set brim0 up")
    ip("link set brim1 up")


@pytest.mark.kernel
def test_links_are_printed_with_the_keys_and_numbers_of_ip():
    def look():
        veth()
        for _ in range(50):  # the state of a new link settles between two reads
            before = ip("-j -d -s -s link")
            ours = text(only(LiveRoot(), "ip -j -s -s link"))
            if ip("-j -d -s -s link") == before:
                break
            time.sleep(0.02)
        return json.loads(ours), json.loads(before)

    ours, theirs = in_namespace(look)
    for our, their in zip(ours, theirs, strict=True):
        assert {key: their[key] for key in ("ifindex", "ifname", "operstate", "mtu")}.items() <= our.items()
        assert our.get("linkinfo", {}).get("info_kind") == their.get("linkinfo", {}).get("info_kind")
        for side in ("rx", "tx"):
            assert their["stats64"][side].keys() <= our["stats64"][side].keys()
        assert {key: our["stats64"]["rx"][key] for key in RX_ERRORS} == {
            key: their["stats64"]["rx"][key] for key in RX_ERRORS
        }


@pytest.mark.kernel
def test_links_count_what_proc_counts():
    def look():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            for _ in range(5):
                one.sendto(b"x", one.getsockname())
        shown = subprocess.run(["cat", "/proc/net/dev"], check=True, capture_output=True, text=True).stdout
        return json.loads(text(only(LiveRoot(), "ip -j -s -s link"))), shown

    (lo,), shown = in_namespace(look)
    columns = re.search(r"lo:(.*)", shown)[1].split()
    rx = lo["stats64"]["rx"]
    assert (rx["bytes"], rx["packets"]) == (int(columns[0]), int(columns[1]))
    assert rx["packets"] >= 5


@pytest.mark.kernel
def test_sockets_are_printed_as_ss_prints_them():
    def look():
        with ExitStack() as stack:
            for family, kind, address in (
                (socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1"),
                (socket.AF_INET6, socket.SOCK_DGRAM, "::1"),
                (socket.AF_INET6, socket.SOCK_STREAM, "::1"),
            ):
                one = stack.enter_context(socket.socket(family, kind))
                one.bind((address, 5203))
                if kind == socket.SOCK_STREAM:
                    one.listen(5)
            both = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
            both.bind(("::", 5204))
            bound = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
            bound.bind(("", 68))
            shown = subprocess.run(["ss", "-OHtuanmpe"], check=True, capture_output=True, text=True).stdout
            return text(only(LiveRoot(), "ss -OHtuwSanmpe")), shown

    ours, theirs = in_namespace(look)
    # of what ss adds, the control group and the shutdown arrows are not printed
    plain = [re.sub(r" (cgroup:\S+|<->)", "", " ".join(line.split())) for line in theirs.splitlines()]
    assert sorted(ours.splitlines()) == sorted(plain)
    assert len(plain) == 5


LOCAL = "ss -OHanmpe -A unix,packet,netlink"


def without(line):
    """Of what ss adds, where a unix socket's file is, who is connected and the arrows are not printed."""
    return re.sub(r" (<->.*|ino:\d+ dev:\S+.*|peers:.*)$", "", " ".join(line.split()))


@pytest.mark.kernel
def test_unix_and_packet_sockets_are_printed_as_ss_prints_them(tmp_path):
    path = str(tmp_path / "x.sock")

    def look():
        with ExitStack() as stack:
            kept = [stack.enter_context(socket.socket(socket.AF_UNIX, kind)) for kind in (1, 1, 2, 2, 5)]
            listener, client, reader, sender, orderly = kept
            listener.bind(path)
            listener.listen(3)
            client.connect(path)
            reader.bind("\0brimful test")
            sender.connect("\0brimful test")
            sender.send(b"x" * 40)
            orderly.bind("\0brimful")
            orderly.listen(1)
            one, other = socket.socketpair()
            stack.enter_context(one)
            stack.enter_context(other).send(b"y" * 500)
            for protocol, address in ((3, "lo"), (0x88CC, "")):
                packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
                stack.enter_context(packet)
                if address:
                    packet.bind((address, 0))
                    packet.setsockopt(263, 8, 1)  # PACKET_AUXDATA
                    packet.setsockopt(263, 18, 5)  # PACKET_FANOUT
            ring = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            ring.setsockopt(263, 10, 1)  # PACKET_VERSION
            ring.setsockopt(263, 5, struct.pack("IIII", 4096, 4, 2048, 8))  # PACKET_RX_RING
            shown = subprocess.run(["ss", "-OHanmpe", "-A", "unix,packet"], check=True, capture_output=True, text=True)
            return text(only(LiveRoot(), LOCAL)), shown.stdout

    ours, theirs = in_namespace(look)
    local = [line for line in ours.splitlines() if not line.startswith("nl ")]
    assert sorted(local) == sorted(without(line) for line in theirs.splitlines())
    assert len(local) == 10


@pytest.mark.kernel
def test_netlink_sockets_are_printed_as_ss_prints_them_with_inode_and_process():
    def look():
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as one:
            one.bind((0, 1))
            shown = subprocess.run(["ss", "-OHanmpe", "-A", "netlink"], check=True, capture_output=True, text=True)
            root = LiveRoot()
            return text(only(root, LOCAL)), shown.stdout, one.getsockname()[0], os.fstat(one.fileno()).st_ino

    ours, theirs, port, inode = in_namespace(look)
    (mine,) = [line for line in ours.splitlines() if line.startswith("nl ") and f" 0:{port} " in line]
    their = {" ".join(line.split()) for line in theirs.splitlines() if f"0:{port} " in line}
    assert f"pid={os.getpid()}," in mine
    assert f" ino:{inode} " in mine
    assert their == {re.sub(r" users:\S+ ino:\d+", "", mine).removeprefix("nl ")}


@pytest.mark.kernel
def test_whoever_sleeps_in_sending_to_a_full_unix_socket_is_shown():
    def look():
        with ExitStack() as stack:
            reader, sender = (stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) for _ in range(2))
            reader.bind("\0brimful full")
            sender.connect("\0brimful full")
            sent = threading.Thread(target=lambda: [sender.send(b"x") for _ in range(12)])
            sent.start()
            root = LiveRoot()
            for _ in range(100):
                shown = text(only(root, LOCAL))
                if "wchan:unix_wait_for_peer" in shown:
                    break
                time.sleep(0.02)
            for _ in range(12):
                reader.recv(9)
            sent.join()
            return shown, os.fstat(sender.fileno()).st_ino

    shown, inode = in_namespace(look)
    (line,) = [line for line in shown.splitlines() if line.endswith("wchan:unix_wait_for_peer")]
    assert f" {inode} " in line


@pytest.mark.kernel
def test_of_very_many_sockets_the_idle_ones_are_counted_and_none_of_their_drops_is_lost(monkeypatch):
    monkeypatch.setattr(sockscan, "MOST", 20)

    def look():
        with ExitStack() as stack:
            kept = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(60)]
            for number, one in enumerate(kept):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
                one.bind(("127.0.0.1", 6000 + number))
            root = LiveRoot()
            kept[0].sendto(b"x", ("127.0.0.1", 6007))
            first = only(root, "ss -OHtuwSanmpe")
            kept[7].recv(9)
            for _ in range(100):
                kept[0].sendto(b"x", ("127.0.0.1", 6030))
            second = only(root, "ss -OHtuwSanmpe")
            third = only(root, "ss -OHtuwSanmpe")
            waiting = 0
            kept[30].setblocking(False)
            with suppress(BlockingIOError):
                while kept[30].recv(9):
                    waiting += 1
            return (first, second, third), waiting

    documents, waiting = in_namespace(look)
    ports = [[re.search(r"127.0.0.1:(\d+)", line)[1] for line in text(one).splitlines()[:-1]] for one in documents]
    assert ports == [["6007"], ["6007", "6030"], ["6030"]]
    assert [text(one).splitlines()[-1] for one in documents] == [
        f"# idle, not listed: udp {count}" for count in (59, 58, 59)
    ]
    evidence = Evidence(item for one in documents for item in SOURCES["sockets"](one))
    (dropped,) = [r for r in evidence.readings("socket.receive.dropped") if ":6030/" in r.series.place]
    assert dropped.delta == 100 - waiting > 50
    assert dropped.rising
    (drained,) = [r for r in evidence.readings("socket.receive.queued") if ":6007/" in r.series.place]
    assert drained.last == 0 < drained.first


@pytest.mark.kernel
@pytest.mark.skipif(shutil.which("ethtool") is None, reason="ethtool is not installed")
def test_interfaces_are_printed_as_ethtool_prints_them():
    def look():
        veth()
        root = LiveRoot()
        return [
            (text(document), subprocess.run(document.name.split(), capture_output=True, text=True, check=True).stdout)
            for option in ("S", "i")
            for document in root.documents(f"ethtool -{option} {{interface}}")
        ]

    found = in_namespace(look)
    assert len(found) == 4
    for ours, theirs in found:
        assert [line.partition(":")[0] for line in ours.splitlines()] == [
            line.partition(":")[0] for line in theirs.splitlines()
        ]
        assert ours.splitlines()[:2] == theirs.splitlines()[:2]


@pytest.mark.kernel
def test_counters_come_as_numbers_and_as_the_same_text():
    def look():
        veth()
        return list(LiveRoot().documents("ethtool -S {interface}"))

    found = in_namespace(look)
    assert sorted(one.of["interface"] for one in found) == ["brim0", "brim1"]
    for one in found:
        rows = re.findall(r"^     (.*): (\d+)$", text(one), re.MULTILINE)
        assert rows == [(name, str(value)) for name, value in zip(one.counters.names, one.counters.values, strict=True)]
        assert len(rows) > 5


@pytest.mark.kernel
def test_an_interface_that_vanishes_between_listing_and_reading_is_left_out():
    def look():
        veth()
        root = LiveRoot()
        answers = root.documents("ethtool -i {interface}")
        first = next(answers).of["interface"]
        ip("link del brim0")
        return first, list(answers), root.blind()

    first, others, blind = in_namespace(look)
    assert first in {"brim0", "brim1"}
    assert (others, blind) == ([], [])


@pytest.mark.kernel
def test_names_that_are_no_text_are_replaced():
    def look():
        subprocess.run([b"ip", b"link", b"add", b"br\xff", b"type", b"veth", b"peer", b"name", b"brim1"], check=True)
        root = LiveRoot()
        return [
            [one.of["interface"] for one in root.documents("ethtool -S {interface}")],
            [one["ifname"] for one in json.loads(text(only(root, "ip -j -s -s link")))],
        ]

    ethtool, links = in_namespace(look)
    assert set(ethtool) == {"br\N{REPLACEMENT CHARACTER}", "brim1"}
    assert set(links) == {"br\N{REPLACEMENT CHARACTER}", "brim1", "lo"}


CODE = """
import json
from brimful.roots.live import LiveRoot
root = LiveRoot()
requests = ("ethtool -S {interface}", "ip -j -s -s link", "ss -OHtuwSanmpe", "/proc/net/dev", "/proc/slabinfo")
count = [sum(1 for _ in root.documents(request)) for request in requests]
print(json.dumps([count, sorted([one.what, one.remedy] for one in root.blind())]))
"""


@pytest.mark.kernel
def test_without_rights_it_reads_on_and_says_what_it_cannot_see():
    def look():
        veth()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 5204))
            return python(CODE), python(CODE, *NOBODY)

    (everything, _), (count, blind) = in_namespace(look)
    assert everything[:4] == count[:4] == [2, 1, 1, 1]
    expected = [["which processes hold some of the sockets", "run as root or with CAP_SYS_PTRACE"]]
    if Path("/proc/slabinfo").exists():
        expected.insert(0, ["/proc/slabinfo", "run as root"])
    assert (blind, count[4]) == (expected, 0)
