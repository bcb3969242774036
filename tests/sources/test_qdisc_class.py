from pathlib import Path

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.qdisc_class import qdisc_class

CAPTURE = Path(__file__).parents[1] / "captures" / "qdisc_class" / "htb" / "tc_-s_class_show_dev_ta0"
SENT = " Sent 0 bytes 0 pkt (dropped 5, overlimits 7 requeues 0) \n"


def read(data, **of):
    items = list(qdisc_class(Document("tc -s class show dev eth0", "file", data, of=of)))
    frames = [item for item in items if isinstance(item, Frame)]
    numbers = {(s.meaning, s.place): v for f in frames for s, v in zip(f.layout.series, f.values, strict=True)}
    facts = {(item.name, item.place): item.value for item in items if isinstance(item, Fact)}
    return numbers, facts, [item for item in items if isinstance(item, Unread)]


def test_the_ceiling_of_a_class_is_said_of_the_queue_at_its_end():
    numbers, facts, unread = read(CAPTURE.read_bytes(), interface="ta0")
    assert facts == {("qdisc.rate", "ta0/qdisc 10:"): 1_000_000}
    assert list(numbers) == [("qdisc.queue.overlimits", "ta0/qdisc 10:")]
    assert numbers["qdisc.queue.overlimits", "ta0/qdisc 10:"] > 0
    assert unread == []


def test_a_queue_without_a_number_is_called_by_its_class():
    text = f"class htb 1:a root prio 0 rate 1Mbit ceil 2Mbit burst 1600b\n{SENT}"
    numbers, facts, _ = read(text.encode(), interface="eth0")
    assert facts == {("qdisc.rate", "eth0/qdisc 1:a"): 2_000_000}
    assert numbers == {("qdisc.queue.overlimits", "eth0/qdisc 1:a"): 7}


def test_an_upper_limit_of_hfsc_is_a_rate_and_a_share_is_none():
    text = "class hfsc 1:1 parent 1: leaf 20: sc m1 0bit d 0us m2 1Mbit ul m1 0bit d 0us m2 3Mbit \nclass hfsc 1:2 parent 1: sc m1 0bit d 0us m2 1Mbit \n"
    assert read(text.encode(), interface="eth0")[1] == {("qdisc.rate", "eth0/qdisc 20:"): 3_000_000}


def test_classes_that_shape_nothing_are_passed_over():
    assert read(f"class mq 5:1 root \n{SENT}".encode(), interface="eth0") == ({}, {}, [])


def test_what_cannot_be_read_costs_itself():
    text = f"class htb 1:1 root rate 1Mbit ceil 1Mbit\n Sent x (dropped 5, overlimits 7 requeues 0)\nclass htb\n{SENT}class htb 1:2 root rate 1Mbit ceil 1Mbit\n{SENT}"
    numbers, _, unread = read(text.encode(), interface="eth0")
    assert numbers == {("qdisc.queue.overlimits", "eth0/qdisc 1:2"): 7}
    assert [item.origin.line for item in unread] == [2, 3]
    assert [item.origin.line for item in read(text.encode())[2]] == [1, 3, 5]
