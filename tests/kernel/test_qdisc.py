import errno
import json
import socket
import struct
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.namespaces import in_namespace, ip, needs

from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.ledger import losses
from brimful.kernel import qdisc as door
from brimful.kernel.netlink import NETLINK_ROUTE, Netlink, NetlinkError
from brimful.kernel.qdisc import NUMBERS, ROOT, classes, qdisc_of, qdiscs
from brimful.kernel.qdisc_sweep import QdiscSweep
from brimful.roots.answers.qdiscs import COMMAND
from brimful.roots.live import LiveRoot
from brimful.rules import RULES
from brimful.sources import SOURCES
from brimful.sources.kernel_tables import kernel_tables
from brimful.sources.qdisc import tabulated

PAYLOAD = 1000
FRAME = PAYLOAD + 8 + 20 + 14
ARP = "/proc/net/stat/arp_cache"


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def body(*parts, kind=b"pfifo", parent=ROOT, queue=(1, 2, 3, 4, 5), options=b"\x40\0\0\0"):
    stats = attribute(1, struct.pack("=QI", 10, 20)) + b"".join(parts) + attribute(3, struct.pack("=5I", *queue))
    return (
        struct.pack("=BxxxiIII", 0, 7, 0x80010000, parent, 2)
        + attribute(1, kind + b"\0")
        + attribute(2, options)
        + attribute(7, stats)
    )


def message(data, kind=door.RTM_NEWQDISC, sequence=1):
    return struct.pack("=IHHII", 16 + len(data), kind, 2, sequence, 0) + data


class Fake:
    """A route socket that answers with prepared datagrams, one list of them after the other."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def datagrams(self, _kind, _body):
        return self.answers.pop(0)


def tc(command):
    return subprocess.run(["tc", *command.split()], check=True, capture_output=True, text=True).stdout


def pair(name="sender", peer="receiver", addresses="10.99.0.1/24"):
    """Make a veth pair without the chatter of IPv6, and a neighbour so that packets need no answer."""
    ip(f"link add {name} numtxqueues 2 type veth peer name {peer}")
    for one in (name, peer):
        ip(f"link set {one} addrgenmode none")
        ip(f"link set {one} up")
    ip(f"addr add {addresses} dev {name}")


def neighbour(name="sender", host="10.99.0.2"):
    ip(f"neigh add {host} lladdr 02:00:00:00:00:01 dev {name}")


def send(count, host="10.99.0.2"):
    """Send datagrams; return how many of them the kernel said it could not queue."""
    refused = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR: a full queue is an error
        for _ in range(count):
            try:
                sender.sendto(bytes(PAYLOAD), (host, 9))
            except OSError as error:
                refused += error.errno == errno.ENOBUFS
    return refused


def gather(root, *names):
    return [
        item for name in names for r in SOURCES[name].requests for d in root.documents(r) for item in SOURCES[name](d)
    ]


def numbers(items):
    frames = [item for item in items if isinstance(item, Frame)]
    return {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}


def test_a_discipline_is_read_with_its_numbers_and_its_limit():
    found = qdisc_of(body())
    assert (found.ifindex, found.handle, found.parent, found.kind) == (7, 0x80010000, ROOT, "pfifo")
    assert found.numbers == (10, 20, 1, 2, 3, 4, 5)
    assert found.options == {"limit": 64}


def test_packets_of_64_bits_are_preferred():
    assert qdisc_of(body(attribute(8, struct.pack("=Q", 1 << 40)))).numbers[1] == 1 << 40


def test_what_is_not_there_is_not_zero():
    found = qdisc_of(struct.pack("=BxxxiIII", 0, 7, 1, ROOT, 2) + attribute(1, b"tbf\0"))
    assert (found.numbers, found.options, found.more) == ((), {}, {})


@pytest.mark.parametrize(
    ("kind", "options", "found"),
    [
        ("tbf", attribute(1, struct.pack("=6H6H3I", *(6 * [0]), *(6 * [0]), 3000, 5, 6)), {"rate": 0, "limit": 3000}),
        ("tbf", attribute(4, struct.pack("=Q", 1 << 33)), {"rate": 1 << 33}),
        ("fq_codel", attribute(2, struct.pack("=I", 10240)) + attribute(9, struct.pack("=I", 32)), {"limit": 10240, "memory_limit": 32}),
        ("fq", attribute(1, struct.pack("=I", 10000)) + attribute(2, struct.pack("=I", 100)), {"limit": 10000, "flow_limit": 100}),
        ("red", attribute(1, struct.pack("=3I", 400, 30, 90)), {"limit": 400, "min": 30, "max": 90}),
        ("sfq", struct.pack("=5I", 1514, 0, 127, 1024, 128), {"limit": 127}),
        ("netem", struct.pack("=6I", 7, 1000, 0, 0, 0, 0), {"delay": 7, "limit": 1000}),
        ("cake", attribute(2, struct.pack("=Q", 12500)), {"bandwidth": 12500}),
        ("htb", attribute(2, struct.pack("=5I", 3, 10, 16, 0, 8)) + attribute(5, struct.pack("=I", 17)), {"default": 16, "direct_packets_stat": 8, "direct_qlen": 17}),
        ("hfsc", b"\\x01\\0", {}),
        ("unheard_of", b"\\1\\2\\3", {}),
    ],
)  # fmt: skip
def test_the_limit_of_each_kind_is_where_the_kernel_puts_it(kind, options, found):
    data = struct.pack("=BxxxiIII", 0, 7, 1, ROOT, 2) + attribute(1, kind.encode() + b"\0") + attribute(2, options)
    assert qdisc_of(data).options == found


@pytest.mark.parametrize(
    ("kind", "more", "found"),
    [
        ("fq_codel", struct.pack("=10I", 0, *range(1, 10)), {"maxpacket": 1, "drop_overlimit": 2, "ecn_mark": 3, "new_flow_count": 4, "ce_mark": 7, "memory_used": 8, "drop_overmemory": 9}),
        ("fq_codel", struct.pack("=10I", 1, *range(1, 10)), {}),
        ("codel", struct.pack("=9I", *range(1, 10)), {"drop_overlimit": 6, "ecn_mark": 7, "ce_mark": 9}),
        ("red", struct.pack("=4I", 1, 2, 3, 4), {"early": 1, "pdrop": 2, "other": 3, "marked": 4}),
        ("fq", struct.pack("=8Q4I3Q", *range(1, 9), 9, 10, 11, 12, 13, 14, 15), {"throttled": 4, "flows_plimit": 5, "pkts_too_long": 6, "alloc_errors": 7, "ce_mark": 13, "horizon_drops": 14}),
    ],
)  # fmt: skip
def test_statistics_of_a_kind_are_where_the_kernel_puts_them(kind, more, found):
    data = body(attribute(4, more), kind=kind.encode(), options=b"")
    assert qdisc_of(data).more == found


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=150)
def test_any_bytes_raise_nothing_but_the_one_error(data):
    with suppress(NetlinkError):
        assert len(qdisc_of(data).numbers) in {0, len(NUMBERS)}
    for answer in (data, message(body() + data)):
        sweep = QdiscSweep()
        with suppress(NetlinkError):
            numbers = sweep.read(Fake([answer]))
            assert numbers is None or len(numbers) == len(NUMBERS) * len(sweep.identities)


def test_a_sweep_takes_the_numbers_where_they_were_before():
    sweep = QdiscSweep()
    first = [message(body()) + message(body(kind=b"bfifo")), message(body(parent=0x10001))]
    later = [
        message(body(queue=(6, 7, 8, 9, 10)), sequence=2) + message(body(kind=b"bfifo"), sequence=2),
        message(body(parent=0x10001), sequence=2),
    ]
    assert list(sweep.read(Fake(first))) == 3 * [10, 20, 1, 2, 3, 4, 5]
    known = sweep.identities
    assert [one.kind for one in known] == ["pfifo", "bfifo", "pfifo"]
    assert list(sweep.read(Fake(later))) == [10, 20, 6, 7, 8, 9, 10] + 2 * [10, 20, 1, 2, 3, 4, 5]
    assert sweep.identities is known


@pytest.mark.parametrize(
    "changed",
    [
        body(kind=b"bfifo"),
        body(options=b"\x41\0\0\0"),
        body(parent=0x10001),
        body(attribute(8, struct.pack("=Q", 1 << 40))),
    ],
)
def test_a_sweep_notices_what_is_not_as_it_was(changed):
    sweep = QdiscSweep()
    sweep.read(Fake([message(body())]))
    known = sweep.identities
    values = sweep.read(Fake([message(changed)]))
    assert sweep.identities is not known
    assert tuple(values) == sweep.identities[0].numbers == qdisc_of(changed).numbers


def test_a_sweep_forgets_what_is_gone():
    sweep = QdiscSweep()
    sweep.read(Fake([message(body()), message(body())]))
    assert len(sweep.read(Fake([message(body())]))) == len(NUMBERS)
    assert len(sweep.identities) == 1


def test_a_list_that_is_not_as_expected_leaves_no_numbers_at_a_wrong_discipline():
    sweep = QdiscSweep()
    sweep.read(Fake([message(body()), message(body(parent=0x10001))]))
    changed = message(body(kind=b"bfifo"))
    assert sweep.read(Fake([changed, message(body(), kind=99)])) is None
    sweep.read(Fake([changed, message(body(parent=0x10001))]))
    assert [one.kind for one in sweep.identities] == ["bfifo", "pfifo"]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [message(body(), kind=99)],
        [message(struct.pack("=BxxxiIII", 0, 7, 1, ROOT, 2) + attribute(1, b"x\0"))],
        [message(body())[:-4]],
    ],
)
def test_a_sweep_says_when_a_list_does_not_look_as_expected(answer):
    with suppress(NetlinkError):
        assert QdiscSweep().read(Fake(answer)) is None


def test_a_tbf_drops_exactly_what_the_kernel_refused():
    def measure():
        pair()
        neighbour()
        tc(f"qdisc add dev sender root handle 8001: tbf rate 8kbit burst {FRAME + 100} limit {3 * FRAME}")
        root = LiveRoot()
        before = gather(root, "qdisc")
        refused = send(100)
        snmp = subprocess.run(["cat", "/proc/self/net/snmp"], check=True, capture_output=True, text=True).stdout
        names, values = (line.split() for line in snmp.splitlines()[:2])
        return before, gather(root, "qdisc"), refused, int(values[names.index("OutDiscards")])

    needs("tc")
    before, after, refused, discarded = in_namespace(measure)
    assert discarded == refused  # IP counts the same packets again, which is why it is not read
    inner = "sender/qdisc 8001:1"
    found = numbers(after)
    assert found["qdisc.queue.dropped", inner] == refused == 96
    assert found["qdisc.queue.passed", inner] + found["qdisc.queue.length", inner] == 4
    assert found["qdisc.queue.drops_mixed", "sender/qdisc 8001:"] == refused
    assert found["qdisc.queue.limit_bytes", inner] == 3 * FRAME
    evidence = Evidence([*before, *after])
    assert [(line.place, line.lost) for line in losses(evidence) if line.lost] == [(inner, refused)]
    (finding,) = RULES["qdisc_queue"](evidence)
    assert finding.statement == (
        "The shaper of sender (tbf) drops packets: more is sent than the 8 kbit/s that somebody set."
    )
    assert (str(finding.owner), finding.place, finding.harm) == ("policy", inner, refused)


def test_each_packet_is_lost_once_below_classes_and_below_queues():
    def measure():
        pair()
        neighbour()
        tc("qdisc add dev sender root handle 1: htb default 10")
        tc("class add dev sender parent 1: classid 1:10 htb rate 8kbit burst 1600")
        tc("qdisc add dev sender parent 1:10 handle 10: pfifo limit 5")
        pair("many", "other", "10.98.0.1/24")
        neighbour("many", "10.98.0.2")
        tc("qdisc replace dev many root handle 5: mq")
        for queue in (1, 2):
            tc(f"qdisc replace dev many parent 5:{queue} tbf rate 8kbit burst {FRAME + 100} limit {3 * FRAME}")
        refused = send(50) + send(50, "10.98.0.2")
        return gather(LiveRoot(), "qdisc", "qdisc_class"), refused

    needs("tc")
    items, refused = in_namespace(measure)
    found = numbers(items)
    dropped = {place: value for (meaning, place), value in found.items() if meaning == "qdisc.queue.dropped" and value}
    assert sum(dropped.values()) == refused
    assert dropped["sender/qdisc 10:"] == found["qdisc.queue.drops_mixed", "sender/qdisc 1:"] > 0
    assert found["qdisc.queue.drops_mixed", "many/qdisc 5:"] == refused - dropped["sender/qdisc 10:"] > 0
    (rate,) = Evidence(items).facts("qdisc.rate", "sender/qdisc 10:")
    assert rate.value == 8000


def test_it_says_what_tc_says():
    def measure():
        pair()
        neighbour()
        tc("qdisc add dev sender root handle 1: htb default 10")
        tc("class add dev sender parent 1: classid 1:10 htb rate 1mbit")
        tc("qdisc add dev receiver root handle 8001: tbf rate 8kbit burst 1600 limit 3000")
        tc("qdisc add dev receiver clsact")
        send(20)
        time.sleep(0.3)  # what is in the queue goes out meanwhile
        root = LiveRoot()
        (document,) = root.documents(COMMAND)
        told = json.loads(tc("-s -j qdisc show invisible"))
        (of_classes,) = root.documents("tc -s class show dev {interface}")
        return json.loads(document.data), told, bytes(of_classes.data).decode(), tc("-s class show dev sender")

    needs("tc")
    ours, theirs, our_classes, their_classes = in_namespace(measure)
    keys = ("kind", "handle", "dev", "root", "parent", "bytes", "packets", "drops", "overlimits", "requeues", "qlen")
    assert [[one.get(key) for key in keys] for one in ours] == [[one.get(key) for key in keys] for one in theirs]
    assert our_classes.splitlines()[0].split()[:4] == their_classes.splitlines()[0].split()[:4]
    assert "rate 1Mbit ceil 1Mbit" in our_classes
    assert our_classes.splitlines()[1] == their_classes.splitlines()[1]


def test_a_table_follows_links_and_disciplines_that_come_go_and_change_their_name():
    def measure():
        pair()
        root = LiveRoot()
        seen = []
        for change in (
            lambda: None,
            lambda: tc("qdisc add dev sender root pfifo limit 7"),
            lambda: ip("link set sender name renamed"),
        ):
            change()
            (document,) = root.documents(COMMAND)
            (table,) = root.tables(COMMAND)
            text = numbers(SOURCES["qdisc"](document))
            short = numbers(tabulated(table))
            seen.append((table.rows, {key: value for key, value in text.items() if key not in short}, short, text))
        (again,) = root.tables(COMMAND)
        return seen, again.rows is seen[-1][0]

    needs("tc")
    seen, kept = in_namespace(measure)
    assert [len(rows) for rows, *_ in seen] == [3, 3, 3]
    assert [row for row in seen[0][0] if "sender" in row] == ["qdisc noqueue 0: dev sender root"]
    assert [row.split(" dev ")[1] for row in seen[1][0] if row.startswith("qdisc pfifo ")] == ["sender root limit 7"]
    assert [row.split(" dev ")[1] for row in seen[2][0] if row.startswith("qdisc pfifo ")] == ["renamed root limit 7"]
    for _, missing, short, text in seen:
        assert missing == {}
        assert all(text[key] == value for key, value in short.items())
    assert kept


def test_classes_of_an_interface_that_is_gone_are_one_clean_error():
    with suppress(NetlinkError):
        assert classes(Netlink(NETLINK_ROUTE), 0x7FFFFFF0).qdiscs == ()
    assert qdiscs(Netlink(NETLINK_ROUTE)).whole


def test_packets_for_a_next_hop_that_does_not_answer_are_counted():
    """The table is that of the whole machine: others may count in it too."""

    def dropped():
        (document,) = LiveRoot().documents(ARP)
        found = numbers(kernel_tables(document))
        return sum(value for (meaning, _), value in found.items() if meaning == "kernel.table.neighbour_dropped")

    def measure():
        pair()
        Path("/proc/sys/net/ipv4/neigh/sender/unres_qlen_bytes").write_text("5000", encoding="ascii")
        send(100, "10.99.0.77")

    needs("ip")
    before = dropped()
    in_namespace(measure)
    assert dropped() - before >= 90
