import re
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.nic_napi import nic_napi

CAPTURES = Path(__file__).parents[1] / "captures" / "nic_napi" / "virtio"
NAME = "ynl_--family_netdev_--output-json_--dump_{}-get"
QUEUES = (CAPTURES / NAME.format("queue")).read_bytes()
INSTANCES = (CAPTURES / NAME.format("napi")).read_bytes()


def read(data):
    items = list(nic_napi(Document(SOURCES["nic_napi"].requests[0], "file", data)))
    assert all(item.name == "nic.queue_napi" for item in items if isinstance(item, Fact))
    return {item.place: item.value for item in items if isinstance(item, Fact)}, items


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (QUEUES, {"eth0/rx-0": "napi 257"}),
        (INSTANCES, {}),
        (b"[{'id': 9, 'ifindex': 2, 'napi-id': 525, 'type': 'tx'}]", {"interface 2/tx-9": "napi 525"}),
        (b'[{"id":525,"ifindex":2,"ifname":"eth0","irq":35}]', {"eth0/napi-525": "irq 35"}),
        (b'[{"id":525,"ifindex":2,"ifname":"eth0","irq":35,"pid":99}]', {"eth0/napi-525": "irq 35 thread 99"}),
        (b"[]", {}),
    ],
)
def test_queues_and_interrupts_are_told_at_their_place(data, facts):
    found, items = read(data)
    assert found == facts
    assert len(items) == len(facts)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'[{"ifindex":1}]', b'[{"id":"x"}]'])
def test_what_is_no_queue_costs_itself(data):
    assert [type(item) for item in read(data)[1]] == [Unread]


@pytest.mark.parametrize("text", [QUEUES, INSTANCES])
def test_it_is_recognised_without_a_name(text):
    assert [s.name for s in SOURCES if s.looks_like and re.search(s.looks_like.encode(), text)] == ["nic_napi"]
