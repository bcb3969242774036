import re
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.chain.meaning import MEANINGS
from brimful.drivers.maps import GUESSED, DriverMap, all_maps
from brimful.evidence.delta import Reading
from brimful.evidence.event import Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind, Unread
from brimful.roots.base import Counters, Document, Table
from brimful.sources import SOURCES
from brimful.sources.nic_counters import nic_counters

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_counters"
IGB = CAPTURES / "igb-two-samples"
VMXNET3 = """NIC statistics:
       Tx Queue#: 0
         ucast pkts tx: 100
         drv dropped tx total: 3
            giant hdr: 3
         ring full: 9
         giant hdr: 1
       Rx Queue#: 0
         ucast pkts rx: 50
         pkts rx OOB: 7
       Rx Queue#: 1
         ucast pkts rx: 60
         pkts rx OOB: 0
         rx buf alloc fail: 2
       tx timeout count: 1
"""


def document(text, *, at=None, **of):
    data = text if isinstance(text, bytes) else text.encode()
    return Document("ethtool -S eth0", "ethtool_-S_eth0", data, of={"interface": "eth0", **of}, at=at)


def read(found):
    items = list(nic_counters(found))
    frames = [item for item in items if isinstance(item, Frame)]
    assert len(frames) <= 1
    values = {(s.place, s.raw): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    return values, items


def meanings(items):
    return {s.raw: s.meaning for f in items if isinstance(f, Frame) for s in f.layout.series}


def test_every_meaning_of_the_maps_is_declared():
    used = {counter.meaning for known in all_maps().values() for counter in known.description.counters}
    assert set(SOURCES["nic_counters"].meanings) == (used - {""}) | {"nic.unmapped"}


def test_a_whole_answer_is_read_with_its_lines_and_its_guessed_driver_is_marked():
    values, items = read(document((IGB / "ethtool_-S_mgmt0.first").read_bytes()))
    assert not [item for item in items if isinstance(item, Unread)]
    assert values["eth0", "rx_packets"] == 25926536
    assert values["eth0/rx-7", "rx_queue_7_drops"] == 0
    assert ("eth0/rx-7", "rx_queue_7_packets") not in values  # rx_packets is their sum
    frame = items[0]
    index = [s.raw for s in frame.layout.series].index("rx_packets")
    assert frame.origin(index).raw == "rx_packets: 25926536"
    assert all(GUESSED in s.doubt for s in frame.layout.series)


def test_two_samples_make_a_rate_and_share_one_layout():
    first = document((IGB / "ethtool_-S_mgmt0.first").read_bytes(), at=Moment(0), driver="igb")
    second = document((IGB / "ethtool_-S_mgmt0.second").read_bytes(), at=Moment(10_000_000_000), driver="igb")
    one, other = next(nic_counters(first)), next(nic_counters(second))
    assert one.layout is other.layout
    found = Evidence([one, other]).readings("nic.ring.passed")
    assert [(reading.delta, reading.seconds) for reading in found] == [(114, 10.0)]


def test_the_driver_of_the_root_is_believed_without_a_guess():
    _, items = read(document("NIC statistics:\n     rx_missed_errors: 22637793\n", driver="ixgbe"))
    assert meanings(items) == {"rx_missed_errors": "nic.fifo.overrun"}
    assert all(GUESSED not in s.doubt for s in items[0].layout.series)


def test_one_counter_of_an_unknown_driver_is_not_blamed_and_that_is_said():
    values, items = read(document("NIC statistics:\n     rx_missed_errors: 22637793\n"))
    assert values == {("eth0", "rx_missed_errors"): 22637793}
    assert meanings(items) == {"rx_missed_errors": "nic.ring.drops_mixed"}
    assert [item.why for item in items if isinstance(item, Blind)] == ["no map of driver unknown"]


def test_a_driver_without_a_map_is_named():
    _, items = read(document("NIC statistics:\n     [0]: rx_discards: 5\n", driver="dnet"))
    assert [item.why for item in items if isinstance(item, Blind)] == ["no map of driver dnet"]


def test_what_the_driver_does_not_count_is_a_blind_spot_of_the_interface():
    _, items = read(document("NIC statistics:\n     rx_packets: 5\n", driver="ixgbevf"))
    assert items[-1].what == "eth0: any frame a virtual function of ixgbevf loses"
    assert items[-1].why == "driver ixgbevf does not count it"
    assert "physical function" in items[-1].remedy


def test_repeated_names_of_vmxnet3_keep_their_queues():
    values, items = read(document(VMXNET3))
    assert values == {
        ("eth0/tx-0", "ucast pkts tx"): 100,
        ("eth0/tx-0", "drv dropped tx total"): 3,
        ("eth0/tx-0", "ring full"): 9,
        ("eth0/rx-0", "ucast pkts rx"): 50,
        ("eth0/rx-0", "pkts rx OOB"): 7,
        ("eth0/rx-1", "ucast pkts rx"): 60,
        ("eth0/rx-1", "pkts rx OOB"): 0,
        ("eth0/rx-1", "rx buf alloc fail"): 2,
        ("eth0", "tx timeout count"): 1,
    }
    assert meanings(items)["pkts rx OOB"] == "nic.ring.no_buffer"


ETHQ = sorted(path for path in (CAPTURES / "ethq-mpl").iterdir() if path.name != "LICENSE")


@pytest.mark.parametrize("path", ETHQ, ids=lambda path: path.name.removeprefix("ethtool_-S_"))
def test_every_line_of_a_published_answer_is_read(path):
    values, items = read(
        document(path.read_bytes(), driver=path.name.removeprefix("ethtool_-S_").removesuffix("-v2.3.2k"))
    )
    assert values
    assert not [item for item in items if isinstance(item, (Unread, Fact))]


@pytest.mark.parametrize(
    ("path", "place", "raw", "value"),
    [
        ("ethq-mpl/ethtool_-S_bnxt_en", "eth0/rx-0", "[0]: rx_discards", 11763190),
        ("ethq-mpl/ethtool_-S_bnxt_en", "eth0/rx-11", "[11]: rx_discards", 9244693),
        ("ethq-mpl/ethtool_-S_bnxt_en", "eth0", "rx_stat_discard", 49337),
        ("ethq-mpl/ethtool_-S_bnx2x", "eth0/rx-0", "[0]: rx_discards", 0),
        ("be2net-lines/ethtool_-S_eth0", "eth0/rx-1", "rxq1: rx_drops_no_frags", 5000),
        ("sfc-telegraf/ethtool_-S_sfc_eth1", "eth0/rx-3", "rx-3.rx_packets", 103026471),
    ],
)
def test_a_number_of_a_published_answer(path, place, raw, value):
    values, _ = read(document((CAPTURES / path).read_bytes()))
    assert values[place, raw] == value


def test_names_padded_with_blanks_are_read():
    text = "NIC statistics:\n     rx_frames_ok           : 70\n     rx_bg1_frames_dropped  : 7\n"
    values, items = read(document(text, driver="cxgb4"))
    assert values == {("eth0", "rx_frames_ok"): 70, ("eth0/group-1", "rx_bg1_frames_dropped"): 7}
    assert not [item for item in items if isinstance(item, Unread)]


def test_queues_named_in_brackets_and_before_a_colon_are_places():
    text = "NIC statistics:\n     [1]: rx_discards: 7\n     [0]: rx_discards: 0\n     rx_brb_discard: 2\n"
    values, _ = read(document(text, driver="bnx2x"))
    assert values == {
        ("eth0/rx-1", "[1]: rx_discards"): 7,
        ("eth0/rx-0", "[0]: rx_discards"): 0,
        ("eth0", "rx_brb_discard"): 2,
    }
    values, _ = read(document("NIC statistics:\n     12: rx_alloc_errors: 3\n", driver="qede"))
    assert values == {("eth0/rx-12", "12: rx_alloc_errors"): 3}
    values, _ = read(document("NIC statistics:\n     rx_queue_drop_cnt[9]: 3\n", driver="gve"))
    assert values == {("eth0/rx-9", "rx_queue_drop_cnt[9]"): 3}


def test_a_drop_that_no_map_explains_is_a_fact_while_it_is_not_zero():
    _, items = read(document("NIC statistics:\n     rx_packets: 5\n     rx_odd_drops: 0\n", driver="igb"))
    assert not [item for item in items if isinstance(item, Fact)]
    values, items = read(document("NIC statistics:\n     rx_packets: 5\n     rx_odd_drops: 6\n", driver="igb"))
    (fact,) = [item for item in items if isinstance(item, Fact)]
    assert (fact.name, fact.place, fact.value) == ("nic.unmapped", "eth0/rx_odd_drops", "rx_odd_drops 6")
    assert (fact.origin.line, fact.origin.raw) == (3, "rx_odd_drops: 6")
    assert values["eth0", "rx_odd_drops"] == 6
    assert meanings(items)["rx_odd_drops"] == "nic.ring.drops_mixed"


def test_what_no_map_explains_is_looked_for_once_and_not_each_second(monkeypatch):
    asked = []
    look = DriverMap.unmapped
    monkeypatch.setattr(DriverMap, "unmapped", lambda known, names: (asked.append(names), look(known, names))[1])
    names = ("rx_packets", "rx_never_seen_drops")
    for count in range(3):
        counters = Counters(names, (count, count))
        found = Document("ethtool -S eth7", "eth7", b"", of={"interface": "eth7", "driver": "igb"}, counters=counters)
        assert len([item for item in nic_counters(found) if isinstance(item, Fact)]) == (count > 0)
    assert asked == [names]


def test_interfaces_that_are_read_at_once_tell_what_no_map_explains_and_what_cannot_be_seen():
    names = ("rx_packets", "rx_odd_drops")
    values = array("Q", [99, 5, 0, 99, 6, 7, 99, 8, 0])  # one number before each row that is not of it
    table = Table("ethtool -S", ("eth0", "eth1", "eth2"), names, values, 3, 1, Moment(1), "boot")
    table.drivers = {"eth0": "igb", "eth1": "ixgbevf", "eth2": "dnet"}
    items = list(SOURCES["nic_counters"].tabulate(table))
    facts = [(item.place, item.value) for item in items if isinstance(item, Fact)]
    assert facts == [("eth1/rx_odd_drops", "rx_odd_drops 7")]
    assert [(item.what.partition(":")[0], item.why) for item in items if isinstance(item, Blind)] == [
        ("eth1", "driver ixgbevf does not count it"),
        ("eth2", "no map of driver dnet"),
    ]


def test_rx_out_of_buffer_of_mlx5_wraps_at_32_bits():
    samples = [
        document(f"NIC statistics:\n     rx_out_of_buffer: {value}\n", driver="mlx5_core")
        for value in (4_294_967_290, 10)
    ]
    reading: Reading = Evidence(next(nic_counters(sample)) for sample in samples).readings("nic.ring.no_buffer")[0]
    assert (reading.delta, reading.reset) == (16, False)


def test_rx_missed_of_r8169_wraps_at_16_bits():
    samples = [document(f"NIC statistics:\n     rx_missed: {value}\n", driver="r8169") for value in (65_530, 4)]
    reading = Evidence(next(nic_counters(sample)) for sample in samples).readings("nic.fifo.overrun")[0]
    assert (reading.delta, reading.reset) == (10, False)


def test_the_form_of_the_exporter_names_its_interface_itself():
    data = (CAPTURES / "e1000e-exporter" / "statistics").read_bytes()
    values, items = read(Document("ethtool -S", "statistics", data, of={"driver": "e1000e"}))
    assert values["eth0", "rx_packets"] == 1260062
    assert not [item for item in items if isinstance(item, Unread)]


def test_an_answer_without_an_interface_is_not_mixed_up_with_another():
    items = list(nic_counters(Document("ethtool -S", "a/b/one", b"rx_missed_errors: 1\n")))
    assert [s.place for s in items[0].layout.series] == ["interface of one"]


def test_a_live_answer_is_numbers_and_not_text():
    counters = Counters(("rx_queue_0_drops", "rx_queue_0_bytes", "rx_queue_0_packets"), (1, 2, 3))
    found = Document("ethtool -S eth0", "eth0", b"", of={"interface": "eth0", "driver": "igb"}, counters=counters)
    values, _ = read(found)
    assert values == {("eth0/rx-0", "rx_queue_0_drops"): 1, ("eth0/rx-0", "rx_queue_0_packets"): 3}


@pytest.mark.parametrize("text", ["no stats available\n", "Cannot get stats strings information: -95\n", "", "\n\n"])
def test_no_counters_is_no_finding_of_any_kind(text):
    assert list(nic_counters(document(text))) == []


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("0", 0),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", None),
        ("-1", None),
        ("²", None),
        ("\N{ARABIC-INDIC DIGIT ONE}", None),
        ("1.5", None),
        ("n/a", None),
        ("9" * 5000, None),
    ],
)
def test_a_value_that_is_no_64_bit_number_costs_one_line(value, read_as):
    text = f"NIC statistics:\n     rx_missed_errors: {value}\n     rx_packets: 7\n"
    values, items = read(document(text, driver="igb"))
    assert values.get(("eth0", "rx_missed_errors")) == read_as
    assert values["eth0", "rx_packets"] == 7
    assert [item.origin.line for item in items if isinstance(item, Unread)] == ([] if read_as is not None else [2])


def test_looks_like_finds_it_in_a_text():
    assert re.search(SOURCES["nic_counters"].looks_like, "\nNIC statistics:\n")
    assert not re.search(SOURCES["nic_counters"].looks_like, "the NIC statistics: none")


SAMPLES = [VMXNET3.encode(), (IGB / "ethtool_-S_mgmt0.first").read_bytes()]


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.binary(), st.tuples(st.sampled_from(SAMPLES), st.integers(0, 3000), st.binary(max_size=40))))
def test_any_bytes_are_read_without_an_exception(data):
    if isinstance(data, tuple):
        sample, where, noise = data
        data = sample[:where] + noise + sample[where + len(noise) :]
    for item in nic_counters(document(data)):
        if isinstance(item, Frame):
            assert len(item.values) == len(item.lines) == len(item.layout)
            assert all(series.meaning in MEANINGS for series in item.layout.series)
            assert len(set(item.layout.series)) == len(item.layout)
