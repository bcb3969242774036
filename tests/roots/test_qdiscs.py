"""What the live root says of queueing disciplines when the kernel will not, or changes its mind."""

import errno

import pytest

from brimful.kernel.netlink import NetlinkError
from brimful.kernel.qdisc import ROOT, Qdisc, Qdiscs
from brimful.roots.answers import qdiscs
from brimful.roots.answers.qdiscs import CLASSES, COMMAND
from brimful.roots.live import LiveRoot

LOOPBACK = 1
NUMBERS = (9000, 9, 1, 2, 3, 4, 5)


def refuse(*_):
    raise NetlinkError("netlink dump", errno.EPERM)


def discipline(kind="htb", ifindex=LOOPBACK, **more):
    return Qdisc(ifindex, 1 << 16, ROOT, 0, kind, NUMBERS, **more)


def answer(monkeypatch, *listed, whole=True):
    monkeypatch.setattr(qdiscs, "qdiscs", lambda _: Qdiscs(listed, whole))


def test_a_refusal_is_a_blind_spot(monkeypatch):
    root = LiveRoot()
    monkeypatch.setattr(qdiscs, "qdiscs", refuse)
    assert [*root.documents(COMMAND), *root.documents(CLASSES)] == []
    assert [(one.what, one.why) for one in root.blind()] == [
        (COMMAND, "netlink dump: Operation not permitted"),
        (CLASSES, "netlink dump: Operation not permitted"),
    ]


def test_a_sweep_that_is_refused_is_a_blind_spot(monkeypatch):
    root = LiveRoot()
    monkeypatch.setattr(qdiscs.QdiscSweep, "read", refuse)
    assert list(root.tables(COMMAND)) == []
    assert [one.what for one in root.blind()] == [COMMAND]


def test_a_sweep_that_looks_otherwise_is_no_table(monkeypatch):
    monkeypatch.setattr(qdiscs.QdiscSweep, "read", lambda *_: None)
    root = LiveRoot()
    assert (list(root.tables(COMMAND)), root.blind()) == ([], [])


def test_a_list_that_changed_each_time_is_said_to_be_short(monkeypatch):
    root = LiveRoot()
    answer(monkeypatch, discipline(), discipline(ifindex=0x7FFFFFF0), whole=False)
    (document,) = root.documents(COMMAND)
    assert bytes(document.data).startswith(
        b'[{"kind":"htb","handle":"1:","dev":"lo","root":true,"options":{},"bytes":9000'
    )
    assert bytes(document.data).count(b'"kind"') == 1
    assert [one.why for one in root.blind()] == [
        "disciplines came and went while they were listed: some may be missing"
    ]


@pytest.mark.parametrize(("number", "said"), [(errno.ENODEV, []), (errno.EPERM, [CLASSES])])
def test_an_interface_that_is_gone_has_no_classes(monkeypatch, number, said):
    def gone(*_):
        raise NetlinkError("netlink dump", number)

    root = LiveRoot()
    answer(monkeypatch, discipline())
    monkeypatch.setattr(qdiscs, "classes", gone)
    assert list(root.documents(CLASSES)) == []
    assert [one.what for one in root.blind()] == said


def test_classes_have_the_words_of_tc(monkeypatch):
    listed = (
        Qdisc(LOOPBACK, 0x10010, 0x10001, 0x200000, "htb", NUMBERS, {"rate": 125000, "ceil": 1_562_500}),
        Qdisc(LOOPBACK, 0x10011, ROOT, 0, "hfsc", NUMBERS, {"ul": 1}),
        Qdisc(LOOPBACK, 0x10012, ROOT, 0, "mq", NUMBERS),
        Qdisc(LOOPBACK, 0x10013, ROOT, 0, "htb", (), {"rate": 0}),
    )
    root = LiveRoot()
    answer(monkeypatch, discipline(), discipline("fq_codel", 2))
    monkeypatch.setattr(qdiscs, "classes", lambda *_: Qdiscs(listed))
    (document,) = root.documents(CLASSES)
    assert document.of == {"interface": "lo"}
    assert [line for line in bytes(document.data).decode().splitlines() if line.startswith("class")] == [
        "class htb 1:10 parent 1:1 leaf 20: rate 1Mbit ceil 12500Kbit ",
        "class hfsc 1:11 root ul m1 0bit d 0us m2 8bit ",
        "class htb 1:13 root rate 0bit ",
    ]
    assert (
        " Sent 9000 bytes 9 pkt (dropped 3, overlimits 5 requeues 4) \n backlog 2b 1p requeues 4\n"
        in bytes(document.data).decode()
    )
