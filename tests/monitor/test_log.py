"""Log lines: their words, their forms, and real sockets."""

import socket
import time
from pathlib import Path

import pytest
from tests.monitor.fakes import action, group
from tests.monitor.test_delivery import wait_for

from brimful.evidence.moment import Moment
from brimful.monitor.conditions import Crossing, Trigger
from brimful.monitor.delivery import Delivery
from brimful.monitor.group import Deed, Level
from brimful.monitor.log import Line, Log, line, native, rfc3164, rfc5424

AT = Moment(1_493_237_681_559_967_000)
SEED = "2017-04-26 20:14:41.559967: Egress queue(s) greater than 500 bytes in monitor port group histogram_pg"
QUEUE = Crossing("swp1/tc 0", "qdisc.queue.backlog", 13248, "bytes", 500)


def logged(*crossings, stat_type="histogram", name="histogram_pg", statistic="queue_bytes", rise=500, **more):
    return line(group(name, stat_type=stat_type), action(Deed.LOG, statistic, rise, **more), Trigger(crossings), AT)


@pytest.fixture
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_line_of_the_documentation_exactly():
    assert logged(QUEUE).message == f"INFO: {SEED}"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            logged(QUEUE, stat_type="histogram_pg"),
            "Ingress queue(s) greater than 500 bytes in monitor port group histogram_pg",
        ),
        (
            logged(
                Crossing("swp1", "packet_error_drops", 120, "packets", 100),
                Crossing("swp2", "packet_error_drops", 300, "packets", 100),
                stat_type="packet",
                statistic="packet_error_drops",
                rise=100,
                name="discards_pg",
            ),
            (
                "Packet error drops greater than 100 packets in monitor port group discards_pg: "
                "swp1 120 packets, swp2 300 packets"
            ),
        ),
        (
            logged(
                Crossing("eth0", "used", 410, "descriptors", 409.6, 512),
                stat_type="nic.ring.used",
                statistic="value",
                rise=Level(0.8, of_limit=True),
                name="ring",
            ),
            "nic.ring.used greater than 80% of the limit in monitor port group ring: eth0 410 of 512 descriptors",
        ),
        (
            logged(
                Crossing("", "SUnreclaim", 5_000_000, "bytes", None, None, 9.0),
                stat_type="host.memory.slab_unreclaimable",
                statistic="value",
                rise=None,
                slope=1000.0,
                name="slab",
            ),
            (
                "host.memory.slab_unreclaimable rising by more than 1000 bytes a second in monitor port group slab: "
                "5,000,000 bytes"
            ),
        ),
        (logged(rise=None, name="buffers_pg"), "Statistics collected in monitor port group buffers_pg"),
    ],
)
def test_other_lines_are_like_it(found, text):
    assert found.text == text


def test_what_was_withheld_is_told():
    one = action(Deed.LOG, "queue_bytes", 500, cool_down_s=60.0)
    text = line(group("pg"), one, Trigger((QUEUE,), 1234), AT).text
    assert text.endswith(" bytes in monitor port group pg; it held 1,234 times more since it was told last")


def test_of_many_places_some_are_named():
    found = logged(
        *[Crossing(f"swp{n}", "x", n, "packets", 1) for n in range(20)],
        statistic="packet_error_drops",
        stat_type="packet",
    )
    assert found.text.endswith("swp7 7 packets and 12 more")


def test_the_journal_has_the_worst_place_beside_it():
    assert logged(QUEUE, Crossing("swp2/tc 0", "x", 20000, "bytes", 500)).fields == {
        "BRIMFUL_GROUP": "histogram_pg",
        "BRIMFUL_PLACE": "swp2/tc 0",
        "BRIMFUL_VALUE": "20000",
        "BRIMFUL_UNIT": "bytes",
    }


@pytest.mark.usefixtures("utc")
def test_rfc_3164():
    assert rfc3164(logged(QUEUE)) == f"<30>Apr 26 20:14:41 asic-monitor-module INFO: {SEED}".encode()
    first = Moment(1_491_004_801_000_000_000)
    assert rfc3164(Line(first, "x"), "host").startswith(b"<30>Apr  1 00:00:01 host asic-monitor-module INFO: ")


def test_rfc_5424():
    assert rfc5424(logged(QUEUE), "cumulus") == (
        f"<30>1 2017-04-26T20:14:41.559967Z cumulus asic-monitor-module - - - INFO: {SEED}".encode()
    )


def test_the_journal_s_own_protocol():
    text = b"INFO: 2017-04-26 20:14:41.559967: a\nb"
    assert native(Line(AT, "a\nb", {"BRIMFUL_GROUP": "pg"})) == (
        b"MESSAGE\n" + len(text).to_bytes(8, "little") + text + b"\n"
        b"PRIORITY=6\nSYSLOG_IDENTIFIER=asic-monitor-module\nBRIMFUL_GROUP=pg\n"
    )


@pytest.mark.parametrize("target", ["udp://", "http://x", "x", "tcp://h:70000", "udp://h/path", "tcp:"])
def test_what_is_no_target(target):
    with pytest.raises(ValueError, match=r"no target of a log|[Pp]ort"):
        Log(target)


def test_what_is_no_form():
    with pytest.raises(ValueError, match="no form of log lines"):
        Log("syslog", "rfc1")


def server(kind, address=("127.0.0.1", 0)):
    made = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET, kind)
    made.bind(address)
    made.settimeout(5)
    if kind == socket.SOCK_STREAM:
        made.listen()
    return made


def test_udp():
    with server(socket.SOCK_DGRAM) as listener:
        target = Log(f"udp://127.0.0.1:{listener.getsockname()[1]}")
        target.send(logged(QUEUE))
        host = socket.gethostname()
        assert listener.recv(4096).decode().endswith(f"Z {host} asic-monitor-module - - - INFO: {SEED}")
        target.close()


def test_tcp_counts_octets():
    with server(socket.SOCK_STREAM) as listener:
        target = Log(f"tcp://127.0.0.1:{listener.getsockname()[1]}")
        target.send(logged(QUEUE))
        target.send(Line(AT, "two\nlines"))
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            data = connection.recv(65536)
            while data.count(b"INFO") < 2:
                data += connection.recv(65536)
        target.close()
    length, _, rest = data.partition(b" ")
    first, second = rest[: int(length)], rest[int(length) :]
    assert first.endswith(SEED.encode())
    length, _, rest = second.partition(b" ")
    assert len(rest) == int(length)
    assert rest.endswith(b": two lines")


def test_syslog_gone_and_back(tmp_path):
    path = str(tmp_path / "log")
    told = []
    delivery = Delivery(Log(f"unix:{path}"), told.append, most=3, retry_s=0.02)
    with server(socket.SOCK_DGRAM, path) as listener:
        delivery.put(Line(AT, "before"))
        assert listener.recv(4096).endswith(b": before")
    Path(path).unlink()
    for number in range(5):
        delivery.put(Line(AT, f"line {number}"))
    wait_for(lambda: told)
    wait_for(lambda: delivery.lost == 2)
    with server(socket.SOCK_DGRAM, path) as listener:
        found = [listener.recv(4096).rpartition(b": ")[2] for _ in range(4)]
    delivery.close()
    assert found == [b"the log could not be written", b"line 2", b"line 3", b"line 4"]
    assert told[1].endswith("is back; 2 lost meanwhile")


def test_a_tcp_log_that_was_closed_is_opened_again():
    told = []
    with server(socket.SOCK_STREAM) as listener:
        delivery = Delivery(Log(f"tcp://127.0.0.1:{listener.getsockname()[1]}"), told.append, retry_s=0.02)
        delivery.put(Line(AT, "one"))
        connection, _ = listener.accept()
        assert connection.recv(4096).endswith(b"one")
        connection.close()
        time.sleep(0.05)
        delivery.put(Line(AT, "two"))
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(4096).endswith(b"two")
        delivery.close()
    gone, back = told
    assert gone.endswith(": is gone: the connection was closed; what is told waits")
    assert back.endswith(": is back")
