import json
from array import array
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.moment import Moment
from brimful.evidence.origin import Unread
from brimful.roots.base import Document, Table
from brimful.sources.qdisc import qdisc, tabulated

CAPTURES = Path(__file__).parents[1] / "captures" / "qdisc"
SHAPED = CAPTURES / "shaped"
NUMBERS = ("bytes", "packets", "qlen", "backlog", "drops", "requeues", "overlimits")


def read(data, **of):
    """Numbers by meaning and place, facts by name and place, and what could not be read."""
    items = list(qdisc(Document("tc -s qdisc show", "file", data, of=of)))
    frames = [item for item in items if isinstance(item, Frame)]
    numbers = {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    facts = {(item.name, item.place): item.value for item in items if isinstance(item, Fact)}
    return numbers, facts, [item for item in items if isinstance(item, Unread)]


def series(data):
    (frame,) = (item for item in qdisc(Document("tc -s qdisc show", "file", data)) if isinstance(item, Frame))
    return {(s.meaning, s.place): s for s in frame.layout.series}


def discipline(kind="pfifo", handle="8001:", dev="eth0", **more):
    counted = dict.fromkeys(NUMBERS, 0)
    return {"kind": kind, "handle": handle, "dev": dev, "root": True, "options": {}, **counted, **more}


def listed(*disciplines):
    return json.dumps(disciplines).encode()


def test_a_sosreport_has_what_fq_codel_sent_dropped_and_marked():
    numbers, facts, unread = read((CAPTURES / "sosreport" / "tc_-s_qdisc_show").read_bytes())
    place = "ens3/qdisc 0:"
    assert numbers == {
        ("qdisc.queue.passed", place): 171821,
        ("qdisc.queue.dropped", place): 0,
        ("qdisc.queue.requeued", place): 0,
        ("qdisc.queue.length", place): 0,
        ("qdisc.queue.backlog", place): 0,
        ("qdisc.queue.marked", place): 0,
        ("qdisc.queue.over_limit", place): 0,
        ("qdisc.queue.limit", place): 10240,
    }
    assert facts["qdisc.kind", place] == (
        "fq_codel limit 10240p flows 1024 quantum 8972 target 5.0ms interval 100.0ms memory_limit 32Mb ecn"
    )
    assert facts["qdisc.kind", "lo/qdisc 0:"] == "noqueue"
    assert unread == []


def test_a_drop_is_counted_at_the_queue_and_not_again_above_it():
    numbers, facts, unread = read((SHAPED / "tc_-s_-j_qdisc_show_invisible").read_bytes())
    assert unread == []
    dropped = {place: value for (meaning, place), value in numbers.items() if meaning == "qdisc.queue.dropped"}
    assert dropped == {"tb0/qdisc 8001:1": 97, "ta0/qdisc 10:": 93, "tm0/tx-0": 0, "tm0/tx-1": 0}
    mixed = {place: value for (meaning, place), value in numbers.items() if meaning == "qdisc.queue.drops_mixed"}
    assert mixed == {"tb0/qdisc 8001:": 97, "ta0/qdisc 1:": 93, "tm0/qdisc 5:": 0}
    assert numbers["qdisc.queue.overlimits", "tb0/qdisc 8001:"] > 90
    assert numbers["qdisc.queue.limit_bytes", "tb0/qdisc 8001:1"] == 3000
    assert numbers["qdisc.queue.limit", "ta0/qdisc 10:"] == 5
    assert ("qdisc.queue.limit_bytes", "tb0/qdisc 8001:") not in numbers
    assert facts["qdisc.rate", "tb0/qdisc 8001:"] == 8000
    assert facts["qdisc.parent", "tb0/qdisc 8001:1"] == "tb0/qdisc 8001:"
    assert facts["qdisc.parent", "ta0/qdisc 10:"] == "ta0/qdisc 1:"
    assert facts["qdisc.parent", "tm0/tx-1"] == "tm0/qdisc 5:"


def test_text_and_json_say_the_same_numbers():
    text, text_facts, unread = read((SHAPED / "tc_-s_-d_qdisc_show").read_bytes())
    listed_numbers, facts, _ = read((SHAPED / "tc_-s_-j_qdisc_show_invisible").read_bytes())
    assert unread == []
    levels = ("qdisc.queue.length", "qdisc.queue.backlog", "qdisc.queue.passed", "qdisc.queue.overlimits")
    assert text.keys() == listed_numbers.keys()
    assert {k: v for k, v in text.items() if k[0] not in levels} == {
        k: v for k, v in listed_numbers.items() if k[0] not in levels
    }
    assert text_facts.keys() == facts.keys()
    assert text_facts["qdisc.rate", "tb0/qdisc 8001:"] == 8000
    assert facts["qdisc.kind", "tb0/qdisc 8001:"].startswith("tbf rate 8 kbit/s")


def test_what_a_filter_refuses_is_no_queue():
    data = listed(
        discipline("ingress", "ffff:", parent="ffff:fff1", drops=7, packets=9),
        discipline("clsact", "ffff:", "eth1", parent="ffff:fff1", drops=3),
    )
    assert read(data)[0] == {
        ("protocol.input.filtered", "eth0/qdisc ffff:"): 7,
        ("protocol.input.filtered", "eth1/qdisc ffff:"): 3,
    }


def test_a_discipline_without_a_queue_cannot_drop():
    assert read(listed(discipline("noqueue", "0:", drops=4)))[0] == {}


def test_queues_of_a_discipline_without_a_number_are_found():
    child = discipline("fq", "0:", parent=":3", drops=2, flows_plimit=1, options={"limit": 10000, "flow_limit": 100})
    del child["root"]
    numbers, facts, _ = read(listed(discipline("mq", "0:", drops=2), child))
    assert numbers["qdisc.queue.dropped", "eth0/tx-2"] == 2
    assert numbers["qdisc.queue.flow_limited", "eth0/tx-2"] == 1
    assert numbers["qdisc.queue.limit", "eth0/tx-2"] == 10000
    assert numbers["qdisc.queue.drops_mixed", "eth0/qdisc 0:"] == 2
    assert facts["qdisc.parent", "eth0/tx-2"] == "eth0/qdisc 0:"


def test_queue_numbers_and_classes_are_hexadecimal():
    child = discipline("pfifo_fast", "0:", parent="8001:1f")
    assert ("qdisc.queue.passed", "eth0/tx-30") in read(listed(discipline("mqprio"), child))[0]


def test_counters_of_32_bits_wrap_and_levels_do_not():
    found = series(listed(discipline("tbf", drops=1, options={"rate": 125000000, "limit": 9})))
    widths = {meaning: s.width_bits for (meaning, _), s in found.items()}
    assert widths == {
        "qdisc.queue.passed": 32,
        "qdisc.queue.dropped": 32,
        "qdisc.queue.requeued": 32,
        "qdisc.queue.overlimits": 32,
        "qdisc.queue.length": 0,
        "qdisc.queue.backlog": 0,
        "qdisc.queue.limit_bytes": 0,
    }
    assert found["qdisc.queue.dropped", "eth0/qdisc 8001:"].raw == "tbf drops"


def test_overlimits_mean_something_else_where_nothing_is_shaped():
    assert ("qdisc.queue.overlimits", "eth0/qdisc 8001:") not in read(listed(discipline("red", overlimits=5)))[0]


@pytest.mark.parametrize(
    ("options", "rate"),
    [
        ({"bandwidth": 12500000}, 100_000_000),
        ({"bandwidth": "unlimited"}, None),
        ({"rate": 0}, None),
        ({"rate": 2**63}, None),
        ({"rate": True}, None),
        ({"rate": {"rate": 5}}, None),
        ({"maxrate": 1}, None),
        ([], None),
    ],
)
def test_a_rate_is_in_bits_and_only_where_there_is_one(options, rate):
    assert read(listed(discipline("cake", options=options)))[1].get(("qdisc.rate", "eth0/qdisc 8001:")) == rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("8Kbit", 8000),
        ("1.5Mbit", 1_500_000),
        ("1Gibit", 1 << 30),
        ("0bit", None),
        ("5Mbps", None),
        ("9e+400bit", None),
    ],
)
def test_rates_of_the_text_have_units(text, rate):
    facts = read(f"qdisc tbf 1: dev eth0 root rate {text} burst 2Kb\n".encode())[1]
    assert facts.get(("qdisc.rate", "eth0/qdisc 1:")) == rate


def test_sizes_of_the_text_have_units_too():
    text = b"qdisc bfifo 1: dev eth0 root limit 2Mb\n Sent 1 bytes 1 pkt (dropped 0, overlimits 0 requeues 0)\n backlog 12Kb 9p requeues 0\n"
    numbers, _, unread = read(text)
    assert numbers["qdisc.queue.limit_bytes", "eth0/qdisc 1:"] == 2 << 20
    assert numbers["qdisc.queue.backlog", "eth0/qdisc 1:"] == 12 << 10
    assert numbers["qdisc.queue.length", "eth0/qdisc 1:"] == 9
    assert unread == []


def test_the_output_for_one_interface_does_not_name_it():
    text = b"qdisc pfifo 1: root refcnt 2 limit 5p\n Sent 10 bytes 1 pkt (dropped 3, overlimits 0 requeues 0)\n"
    assert read(text, interface="eth7")[0]["qdisc.queue.dropped", "eth7/qdisc 1:"] == 3
    numbers, _, unread = read(text)
    assert numbers == {}
    assert [item.origin.line for item in unread] == [1]


@pytest.mark.parametrize(
    "line",
    ["qdisc", "qdisc pfifo", "qdisc pfifo 1: dev", "qdisc pfifo zz: dev eth0 root", "qdisc pfifo 1: dev eth0 above"],
)
def test_a_head_that_cannot_be_read_costs_its_discipline(line):
    text = f"qdisc pfifo 2: dev eth1 root\n Sent 1 bytes 2 pkt (dropped 3, overlimits 0 requeues 0)\n{line} \n Sent 1 bytes 9 pkt (dropped 9, overlimits 0 requeues 0)\n"
    numbers, _, unread = read(text.encode())
    assert numbers["qdisc.queue.dropped", "eth1/qdisc 2:"] == 3
    assert {place for _, place in numbers} == {"eth1/qdisc 2:"}
    assert [item.origin.line for item in unread] == [3]


def test_numbers_that_cannot_be_read_are_said():
    text = b"qdisc pfifo 2: dev eth1 root\n Sent x bytes 2 pkt (dropped -3, overlimits 0 requeues 0)\n"
    numbers, _, unread = read(text)
    assert numbers == {}
    assert [item.origin.line for item in unread] == [2]
    huge = (
        b"qdisc pfifo 2: dev eth1 root\n Sent 1 bytes 2 pkt (dropped 99999999999999999999, overlimits 0 requeues 0)\n"
    )
    assert ("qdisc.queue.dropped", "eth1/qdisc 2:") not in read(huge)[0]


@pytest.mark.parametrize("long", ["9" * 5000, "f" * 5000])
def test_very_long_numbers_are_none(long):
    text = f"qdisc mq 0: dev eth0 root\nqdisc pfifo {long[:4]}: dev eth0 parent :{long}\n Sent 1 bytes {long} pkt (dropped 1, overlimits 0 requeues 0)\n backlog 0b {long}p ecn_mark {long}\n"
    numbers, _, unread = read(text.encode())
    assert numbers == {}
    assert [item.origin.line for item in unread] == [2]
    child = f"qdisc pfifo 1: dev eth0 root\n Sent 1 bytes {long} pkt (dropped 1, overlimits 0 requeues 0)\n"
    assert [item.origin.line for item in read(child.encode())[2]] == [2]


@pytest.mark.parametrize(
    "one", [7, {}, {"kind": "pfifo"}, discipline(handle="x:"), discipline(parent="zz"), discipline(dev="")]
)
def test_an_entry_that_cannot_be_read_costs_itself(one):
    numbers, _, unread = read(listed(one, discipline(handle="2:", drops=5)))
    assert numbers["qdisc.queue.dropped", "eth0/qdisc 2:"] == 5
    assert len(unread) == 1


def test_what_is_no_json_is_one_line():
    assert len(read(b"[{")[2]) == 1
    assert read(b"")[2] == []


def table(rows, values, *, news=False):
    found = Table("tc", rows, NUMBERS, array("Q", values), len(NUMBERS), 0, Moment(5), "boot")
    found.news = news
    return found


ROWS = (
    "qdisc noqueue 0: dev lo root",
    "qdisc htb 1: dev eth0 root rate 8Mbit",
    "qdisc pfifo 10: dev eth0 parent 1:10 limit 7",
)


def test_a_table_is_read_as_the_text_is():
    (frame,) = tabulated(table(ROWS, range(21)))
    numbers = {(s.meaning, s.place): v for s, v in zip(frame.layout.series, frame.values, strict=True)}
    assert numbers == {
        ("qdisc.queue.drops_mixed", "eth0/qdisc 1:"): 11,
        ("qdisc.queue.requeued", "eth0/qdisc 1:"): 12,
        ("qdisc.queue.overlimits", "eth0/qdisc 1:"): 13,
        ("qdisc.queue.passed", "eth0/qdisc 10:"): 15,
        ("qdisc.queue.length", "eth0/qdisc 10:"): 16,
        ("qdisc.queue.backlog", "eth0/qdisc 10:"): 17,
        ("qdisc.queue.dropped", "eth0/qdisc 10:"): 18,
        ("qdisc.queue.requeued", "eth0/qdisc 10:"): 19,
    }
    text = b"qdisc htb 1: dev eth0 root\n Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0)\nqdisc pfifo 10: dev eth0 parent 1:10\n Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0)\n backlog 0b 0p\n"
    assert set(series(text).values()) == set(frame.layout.series)
    assert (frame.at, frame.boot, frame.origin(0).file) == (Moment(5), "boot", "tc")
    (again,) = tabulated(table(ROWS, range(21)))
    assert again.layout is frame.layout


def test_what_a_table_says_beside_its_numbers_is_said_as_news():
    *facts, limits, _ = tabulated(table(ROWS, range(21), news=True))
    assert {(fact.name, fact.place): fact.value for fact in facts} == {
        ("qdisc.kind", "lo/qdisc 0:"): "noqueue",
        ("qdisc.kind", "eth0/qdisc 1:"): "htb rate 8Mbit",
        ("qdisc.rate", "eth0/qdisc 1:"): 8_000_000,
        ("qdisc.kind", "eth0/qdisc 10:"): "pfifo limit 7",
        ("qdisc.parent", "eth0/qdisc 10:"): "eth0/qdisc 1:",
    }
    assert [(s.meaning, s.place) for s in limits.layout.series] == [("qdisc.queue.limit", "eth0/qdisc 10:")]
    assert (list(limits.values), limits.origin(0).file) == ([7], "tc")


def test_a_table_of_nothing_that_counts_is_no_frame():
    assert list(tabulated(table(("qdisc noqueue 0: dev lo root", "what is this"), range(14)))) == []
