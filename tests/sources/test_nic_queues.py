import re
from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.nic_queues import nic_queues

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_queues"
NAME = "ynl_--family_netdev_--output-json_--dump_qstats-get"
VIRTIO = (CAPTURES / "virtio" / NAME).read_bytes()
QUEUES = (CAPTURES / "virtio" / "queues.json").read_bytes()
OVERRUNS = (CAPTURES / "overruns" / NAME).read_bytes()


def read(data, **drivers):
    document = Document(SOURCES["nic_queues"].requests[0], "file", data)
    document.drivers = drivers
    items = list(nic_queues(document))
    frames = [item for item in items if isinstance(item, Frame)]
    assert len(frames) <= 1
    return {
        (s.place, s.raw): (s.meaning, v) for f in frames for s, v in zip(f.layout.series, f.values, strict=True)
    }, items


def test_statistics_of_a_nic_are_at_its_name():
    assert read(VIRTIO)[0] == {
        ("eth0", "rx-packets"): ("nic.ring.passed", 36956),
        ("eth0", "rx-bytes"): ("nic.ring.bytes", 1193377577),
        ("eth0", "tx-packets"): ("nic.tx_ring.passed", 24739),
        ("eth0", "tx-stop"): ("nic.tx_ring.full", 0),
    }


def test_statistics_of_queues_are_at_the_queue():
    assert read(QUEUES)[0] == {
        ("eth0/rx-0", "rx-packets"): ("nic.ring.passed", 36956),
        ("eth0/rx-0", "rx-bytes"): ("nic.ring.bytes", 1193377577),
        ("eth0/tx-0", "tx-packets"): ("nic.tx_ring.passed", 24739),
        ("eth0/tx-0", "tx-stop"): ("nic.tx_ring.full", 0),
    }


@pytest.mark.parametrize(
    ("driver", "told"),
    [
        ("virtio_net", ("nic.ring.no_buffer", 50)),
        ("fbnic", ("nic.ring.no_buffer", 50)),
        ("enic", None),
        (None, None),
    ],
)
def test_overruns_are_blamed_on_the_ring_only_where_the_driver_is_known_to_mean_it(driver, told):
    found, _ = read(OVERRUNS, **({"eth0": driver} if driver else {}))
    assert found.get(("eth0", "rx-hw-drop-overruns")) == told
    assert found["eth0", "rx-hw-drops"] == ("nic.ring.drops_mixed", 60)
    assert found["eth0", "rx-alloc-fail"] == ("driver.memory.alloc_failed", 7)
    assert found["eth0", "rx-hw-drop-ratelimits"] == ("network.path.allowance_exceeded", 3)
    assert found["eth0", "tx-hw-drops"] == ("nic.tx_ring.dropped", 2)
    assert found["eth0", "tx-stop"] == ("nic.tx_ring.full", 11)


@pytest.mark.parametrize(("driver", "doubt"), [("virtio_net", "told by the device"), ("sfc", "")])
def test_what_a_device_of_the_hypervisor_lacked_is_in_doubt(driver, doubt):
    (frame,) = read(OVERRUNS, eth0=driver)[1]
    (series,) = (series for series in frame.layout.series if series.raw == "rx-hw-drop-overruns")
    assert series.doubt.startswith(doubt)
    assert bool(series.doubt) is bool(doubt)


def test_overruns_alone_are_told_as_drops_of_some_kind():
    found, _ = read(b'[{"ifname": "eth0", "rx-packets": 1, "rx-hw-drop-overruns": 5}]')
    assert found["eth0", "rx-hw-drop-overruns"] == ("nic.ring.drops_mixed", 5)


def test_pythons_form_says_the_same():
    text = VIRTIO.decode().replace('"', "'").replace(",", ",\n ").encode()
    assert read(text)[0] == read(VIRTIO)[0]


def test_without_a_name_there_is_the_index():
    assert {place for place, _ in read(b'[{"ifindex": 7, "rx-packets": 1}]')[0]} == {"interface 7"}
    assert {place for place, _ in read(b'[{"rx-packets": 1}]')[0]} == {"interface ?"}


@pytest.mark.parametrize("text", [b"-1", b"1.5", b'"many"', b"18446744073709551616", b"null", b"[]"])
def test_a_number_that_is_none_costs_itself(text):
    found, items = read(VIRTIO.replace(b"36956", text))
    assert ("eth0", "rx-packets") not in found
    assert found["eth0", "tx-packets"] == ("nic.tx_ring.passed", 24739)
    assert len([item for item in items if isinstance(item, Unread)]) == 1


@pytest.mark.parametrize("text", [b"", b"[", b"{}", b"null", b"[" * 100_000, b"[{'a"])
def test_what_is_no_list_is_unread(text):
    found, items = read(text)
    assert (found, [type(item) for item in items]) == ({}, [Unread])


def test_an_entry_that_is_none_costs_itself():
    found, items = read(b"[1, " + VIRTIO.strip().removeprefix(b"["))
    assert len(found) == 4
    assert len([item for item in items if isinstance(item, Unread)]) == 1


@pytest.mark.parametrize("text", [VIRTIO, QUEUES, OVERRUNS])
def test_it_is_recognised_without_a_name(text):
    assert [s.name for s in SOURCES if s.looks_like and re.search(s.looks_like.encode(), text)] == ["nic_queues"]
