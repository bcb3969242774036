"""Numbers of a real kernel, in a namespace; and which meanings a kind of group reads."""

import socket
import time

import pytest
from tests.monitor.fakes import group
from tests.namespaces import in_namespace, ip

from brimful.chain.meaning import MEANINGS
from brimful.chain.word import Kind
from brimful.monitor.numbers import Numbers, wanted
from brimful.roots.live import LiveRoot


def test_kinds_of_asic_monitor():
    packet, extended, everything = (
        {one.name for one in wanted(kind)} for kind in ("packet", "packet_extended", "packet_all")
    )
    assert {"nic.ring.passed", "switch.queue.dropped", "network.path.corrupted"} <= packet < extended <= everything
    assert "switch.queue.pause_received" in extended - packet
    assert {one.kind for one in wanted("buffer")} == {Kind.LEVEL, Kind.LIMIT}
    assert "qdisc.queue.backlog" in {one.name for one in wanted("buffer")}


def test_meanings_and_globs():
    assert [one.name for one in wanted("nic.ring.used")] == ["nic.ring.used"]
    assert {one.name for one in wanted("socket.receive.*")} == {
        name for name in MEANINGS if name.startswith("socket.receive.")
    }
    with pytest.raises(ValueError, match=r"\Anonsense is neither a kind of asic-monitor nor a meaning"):
        wanted("nonsense")


def test_what_no_live_source_tells():
    with pytest.raises(ValueError, match=r"\Apg: nothing on this host tells fabric\.link\.rate"):
        Numbers(group(stat_type="fabric.link.rate"))


def flood(port, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(count):
            sender.sendto(b"x" * 100, ("127.0.0.1", port))


def test_what_a_socket_dropped_since_the_reading_before():
    def run():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as full:
            full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
            full.bind(("127.0.0.1", 0))
            port = full.getsockname()[1]
            flood(port, 50)
            reader = Numbers(group(stat_type="socket.receive.*", ports=("udp *",)), LiveRoot())
            first = reader.read()
            flood(port, 30)
            second = reader.read()
        gone = reader.read()
        return port, first, second, gone

    port, first, second, gone = in_namespace(run)

    def of(state, meaning):
        found = [one for one in state.numbers if one.meaning == meaning and f":{port}" in one.place]
        return found[0] if found else None

    dropped = of(first, "socket.receive.dropped")
    assert (dropped.delta, dropped.unit) == (0, "packets")
    assert dropped.value > 0
    assert of(second, "socket.receive.dropped").delta == 30
    assert of(second, "socket.receive.dropped").value == dropped.value + 30
    queued = of(second, "socket.receive.queued")
    assert (queued.limit, queued.delta) == (of(second, "socket.receive.limit").value, None)
    assert of(gone, "socket.receive.dropped") is None
    assert first.end == second.begin
    assert second.begin.monotonic_ns < second.end.monotonic_ns
    assert second.cpu_s > 0


def test_packets_of_the_group_s_ports_only():
    def run():
        ip("link add swp1 type veth peer name swp2")
        for name in ("swp1", "swp2"):
            ip(f"link set {name} up")
        ip("addr add 192.0.2.1/24 dev swp1")
        reader = Numbers(group(stat_type="packet", ports=("swp1-swp2", "swp9")), LiveRoot())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            for _ in range(25):
                sender.sendto(b"x", ("192.0.2.255", 9))
        time.sleep(0.05)
        return reader.read()

    state = in_namespace(run)
    assert {one.place.partition("/")[0] for one in state.numbers} == {"swp1", "swp2"}
    sent = max(one.delta for one in state.numbers if one.place == "swp1" and one.meaning == "nic.tx_ring.passed")
    assert 25 <= sent < 100
    assert "swp9: nothing there that tells packet" in state.blind


def test_no_port_is_named_and_all_are_read():
    state = in_namespace(lambda: Numbers(group(stat_type="packet"), LiveRoot()).read())
    assert "lo" in {one.place for one in state.numbers}
