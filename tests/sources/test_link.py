import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document, pattern
from brimful.sources import SOURCES
from brimful.sources.link import SUMMED, link

CAPTURES = Path(__file__).parents[1] / "captures" / "link"
DETAILS = (CAPTURES / "ip-details" / "ip_-s_-d_link").read_bytes()
PROC = (CAPTURES / "proc-net-dev-veth" / "net_dev").read_bytes()
# iproute2 6.1 names the first error column missed, older ones overrun
NEW = b"""4: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP mode DEFAULT group default qlen 1000
    link/ether 02:fc:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535
    veth addrgenmode eui64 numtxqueues 1
    RX:  bytes packets errors dropped  missed   mcast
         10000     200      9       5       7       0
    RX errors:  length    crc   frame    fifo overrun nohandler
                     1      2       0      40      50        60
    TX:  bytes packets errors dropped carrier collsns
          5000     100      3       4       0       0
    TX errors: aborted   fifo  window heartbt transns
                     0      0       0       0       3
    vf 0     link/ether 02:fc:00:00:00:02 brd ff:ff:ff:ff:ff:ff, spoof checking on
    RX: bytes  packets  mcast   bcast   dropped
    1          2        3       4       5
"""
OLD = b"""2: ens3: <BROADCAST,UP> mtu 1500 qdisc mq state DOWN mode DEFAULT
    RX: bytes  packets  errors  dropped overrun mcast
    10000      200      9       5       50      0
    RX errors: length   crc     frame   fifo    missed
               1        2       0       40      7
"""
IFCONFIG = b"""eth1: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        ether 02:fc:00:00:00:01  txqueuelen 1000  (Ethernet)
        RX packets 200  bytes 10000 (9.7 KiB)
        RX errors 9  dropped 12  overruns 40  frame 0
        TX packets 100  bytes 5000 (4.8 KiB)
        TX errors 3  dropped 4 overruns 0  carrier 0  collisions 0

eth2      Link encap:Ethernet  HWaddr 02:fc:00:00:00:02
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1
          RX packets:7 errors:1 dropped:2 overruns:3 frame:0
          TX packets:8 errors:0 dropped:0 overruns:0 carrier:0
"""
EMPTY = {"rx": {}, "tx": {}}


def read(data, interface="", **drivers):
    document = Document("x", "file", data, of={"interface": interface} if interface else {})
    document.drivers = drivers
    items = list(link(document))
    frames = [item for item in items if isinstance(item, Frame)]
    values = {
        (s.place, s.raw.removeprefix("rtnl ")): v
        for f in frames
        for s, v in zip(f.layout.series, f.values, strict=True)
    }
    assert all(s.source == "link" and s.raw.startswith("rtnl ") for f in frames for s in f.layout.series)
    return values, items


def meaning(items, field):
    return next(s.meaning for f in items if isinstance(f, Frame) for s in f.layout.series if s.raw == f"rtnl {field}")


def test_a_saved_answer_gives_every_link_its_numbers():
    values, items = read(DETAILS)
    assert values["ens3", "rx_packets"] == 232487
    assert values["flannel.1", "tx_dropped"] == 13
    assert len(values) == 3 * 7
    assert not [item for item in items if isinstance(item, Unread)]


def test_what_depends_on_the_driver_is_left_out_where_the_driver_is_not_known():
    values, _ = read(OLD)
    assert values == {
        ("ens3", "rx_bytes"): 10000,
        ("ens3", "rx_packets"): 200,
        ("ens3", "rx_errors"): 9,
        ("ens3", "rx_dropped"): 5,
        ("ens3", "rx_crc_errors"): 2,
    }


@pytest.mark.parametrize(("driver", "told"), [("e1000e", "nic.fifo.overrun"), ("mlx5_core", "nic.ring.no_buffer")])
def test_missed_errors_mean_what_the_driver_of_that_link_puts_there(driver, told):
    values, items = read(OLD, ens3=driver, eth0="tg3")
    assert values["ens3", "rx_missed_errors"] == 7
    assert meaning(items, "rx_missed_errors") == told
    assert ("ens3", "rx_fifo_errors") not in values
    assert ("ens3", "rx_over_errors") not in values


def test_missed_and_overrun_are_told_apart_in_the_new_form_too():
    values, items = read(NEW, eth0="e1000e")
    assert values["eth0", "rx_missed_errors"] == 7
    assert values["eth0", "rx_nohandler"] == 60
    assert meaning(items, "rx_nohandler") == "protocol.input.no_handler"
    assert meaning(items, "rx_crc_errors") == "network.path.corrupted"
    assert meaning(items, "rx_dropped") == "protocol.input.rx_dropped"
    assert values["eth0", "tx_errors"] == 3
    assert not [item for item in items if isinstance(item, Unread)]


def test_numbers_of_a_virtual_function_are_not_those_of_its_link():
    values, _ = read(NEW)
    assert values["eth0", "rx_packets"] == 200
    assert {place for place, _ in values} == {"eth0"}


def test_json_says_the_same_as_text():
    statistics = {
        "rx": {"bytes": 10000, "packets": 200, "errors": 9, "dropped": 5, "over_errors": 50, "multicast": 0, "crc_errors": 2,
               "fifo_errors": 40, "missed_errors": 7, "nohandler": 60},
        "tx": {"bytes": 1, "packets": 100, "errors": 3, "dropped": 4, "carrier_errors": 0},
    }  # fmt: skip
    entry = {
        "ifindex": 4,
        "ifname": "eth0",
        "stats64": statistics,
    }
    values, _ = read(json.dumps([{}, entry]).encode(), eth0="e1000e")
    assert values == read(NEW, eth0="e1000e")[0]


@pytest.mark.parametrize("value", [-1, 1 << 64, 1.5, True, None, "7", [1]])
def test_a_number_in_json_that_is_none_costs_itself(value):
    entry = {"ifname": "eth0", "stats64": {"rx": {"packets": value, "dropped": 3}, "tx": {}}}
    values, items = read(json.dumps([entry]).encode())
    if value == "7":
        assert values == {("eth0", "rx_packets"): 7, ("eth0", "rx_dropped"): 3}
    else:
        assert values == {("eth0", "rx_dropped"): 3}
        assert len([item for item in items if isinstance(item, Unread)]) == 1


def test_a_link_in_json_that_cannot_be_read_costs_itself():
    data = b'[{"ifname": 5}, {"ifname": "eth0", "stats64": {"rx": {"packets": 1}, "tx": {}}}]'
    values, items = read(data)
    assert values == {("eth0", "rx_packets"): 1}
    assert len([item for item in items if isinstance(item, Unread)]) == 1


@pytest.mark.parametrize("data", [b"[", b"[" * 100_000, b'[{"ifname": "a"'])
def test_broken_json_is_one_unread_line(data):
    assert [type(item) for item in read(data)[1]] == [Unread]


def test_proc_net_dev_prints_two_kinds_of_drop_as_one_and_says_so():
    values, items = read(PROC)
    assert values["eth0", "rx_packets"] == 1036395
    assert values["vethf345468", "tx_packets"] == 5
    assert values["eth0", SUMMED] == 0
    doubts = {s.raw: s.doubt for f in items if isinstance(f, Frame) for s in f.layout.series}
    assert "one number" in doubts[f"rtnl {SUMMED}"]
    assert doubts["rtnl rx_packets"] == ""


def test_columns_of_proc_net_dev_are_the_kernels():
    text = PROC.split(b"\n", 2)[0] + b"\n face |bytes\neth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    values, _ = read(text, eth0="e1000e")
    assert values == {
        ("eth0", "rx_bytes"): 1,
        ("eth0", "rx_packets"): 2,
        ("eth0", "rx_errors"): 3,
        ("eth0", SUMMED): 4,
        ("eth0", "tx_packets"): 10,
        ("eth0", "tx_errors"): 11,
        ("eth0", "tx_dropped"): 12,
    }


def test_a_short_line_of_proc_net_dev_costs_itself():
    _, items = read(PROC + b"  eth9: 1 2 3\n")
    assert [item.origin.raw for item in items if isinstance(item, Unread)] == ["eth9: 1 2 3"]


def test_ifconfig_is_read_in_its_old_and_its_new_form():
    values, _ = read(IFCONFIG)
    assert values["eth1", "rx_packets"] == 200
    assert values["eth1", SUMMED] == 12
    assert values["eth1", "tx_dropped"] == 4
    assert values["eth2", "rx_packets"] == 7
    assert values["eth2", SUMMED] == 2
    assert values["eth2", "tx_packets"] == 8


def test_the_same_link_again_is_a_later_sample():
    lines = b"".join(b"        RX errors 0  dropped %d  overruns 0  frame 0\n" % n for n in (88791, 88791, 88792))
    _, items = read(lines, interface="eth1")
    assert len([item for item in items if isinstance(item, Frame)]) == 3
    assert Evidence(items).readings("protocol.input.rx_dropped")[0].delta == 1


@pytest.mark.parametrize("text", ["²", "-1", "1.2M", str(1 << 64), "9" * 5000])
def test_a_number_that_is_none_costs_itself(text):
    values, items = read(OLD.decode().replace(" 200 ", f" {text} ").encode())
    assert ("ens3", "rx_packets") not in values
    assert values["ens3", "rx_dropped"] == 5
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [3]


def test_numbers_that_do_not_fit_their_heads_cost_one_line():
    values, items = read(OLD.replace(b" 200 ", b" 200 201 "))
    assert values == {("ens3", "rx_crc_errors"): 2}
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [3]


@pytest.mark.parametrize(
    "request_of_file", ["ip -s -s link", "ip -s -d link", "ip -d -s link show", "ip -j -s -s link", "ifconfig -a"]
)
def test_saved_orders_of_options_are_its_requests(request_of_file):
    assert any(pattern(one).match(request_of_file) for one in SOURCES["link"].requests)


@pytest.mark.parametrize("data", [DETAILS, PROC, NEW, OLD, IFCONFIG])
def test_it_is_recognised_without_a_name(data):
    assert re.search(SOURCES["link"].looks_like.encode(), data)


def test_recognising_a_text_without_statistics_ends_soon():
    addresses = b"".join(b"%d: eth%d: <UP> mtu 1500\n    inet 10.0.0.1/8\n" % (n, n) for n in range(1300))
    assert not re.search(SOURCES["link"].looks_like.encode(), addresses + b"\n" * 10_000)


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(
        st.binary(),
        st.builds(
            lambda sample, where, noise: sample[:where] + noise + sample[where:],
            st.sampled_from([DETAILS, PROC, NEW, IFCONFIG, json.dumps([{"ifname": "a", "stats64": EMPTY}]).encode()]),
            st.integers(0, 1500),
            st.binary(max_size=60),
        ),
    )
)
def test_any_bytes_are_read_without_an_exception(data):
    for item in link(Document("x", "file", data, of={"interface": "eth0", "driver": "mlx5_core"})):
        if isinstance(item, Frame):
            assert {s.meaning for s in item.layout.series} <= set(SOURCES["link"].meanings)
            assert len(set(item.layout.series)) == len(item.layout)
