import re
from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.frame import Frame
from brimful.evidence.moment import SECOND, Moment
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.page_pool import page_pool

CAPTURES = Path(__file__).parents[1] / "captures" / "page_pool"
LOG = (CAPTURES / "stalled-log" / "dmesg_-T").read_bytes()
MLX5 = (CAPTURES / "mlx5" / "ynl_--family_netdev_--dump_page-pool-get").read_bytes()
DETACHED = (CAPTURES / "detached" / "ynl_--family_netdev_--output-json_--dump_page-pool-get").read_bytes()
STATISTICS = (
    b'[{"info":{"id":51,"ifindex":2},"alloc-fast":9,"recycle-ring":4,"recycle-released-refcnt":3,"ifname":"eth0"}]'
)


def read(data, at=None):
    items = list(page_pool(Document(SOURCES["page_pool"].requests[0], "file", data, at=at)))
    frames = [item for item in items if isinstance(item, Frame)]
    values = [{(s.place, s.meaning): v for s, v in zip(f.layout.series, f.values, strict=True)} for f in frames]
    return values, items


def facts(items):
    return {item.place: item.value for item in items if isinstance(item, Fact)}


def test_pools_in_use_are_told_in_pages_and_bytes():
    values, items = read(MLX5)
    assert values == [
        {
            ("interface 2/pool-144", "driver.memory.pages"): 3072,
            ("interface 2/pool-144", "driver.memory.bytes"): 12582912,
            ("interface 2/pool-143", "driver.memory.pages"): 4224,
            ("interface 2/pool-143", "driver.memory.bytes"): 17301504,
            ("interface 2/pool-142", "driver.memory.pages"): 4288,
            ("interface 2/pool-142", "driver.memory.bytes"): 17563648,
        }
    ]
    assert all(s.width_bits == 0 for s in items[0].layout.series)


def test_pages_of_a_pool_without_its_driver_are_orphans_and_their_age_is_told():
    values, items = read(DETACHED, Moment(1, "host", monotonic_ns=8000 * SECOND))
    assert values == [
        {
            ("eth0/pool-51", "driver.memory.orphaned"): 4032,
            ("eth0/pool-51", "driver.memory.bytes"): 16515072,
            ("eth0/pool-64", "driver.memory.pages"): 1024,
            ("eth0/pool-64", "driver.memory.bytes"): 4194304,
            ("an interface that is gone/pool-20", "driver.memory.orphaned"): 3,
            ("an interface that is gone/pool-20", "driver.memory.bytes"): 12288,
        }
    ]
    assert facts(items) == {"eth0/pool-51": 7000, "an interface that is gone/pool-20": 1000}


def test_a_saved_text_does_not_say_for_how_long():
    assert facts(read(DETACHED)[1]) == {}


def test_pages_that_cannot_be_recycled_are_counted():
    values, items = read(STATISTICS)
    assert values == [{("eth0/pool-51", "driver.memory.recycle_failed"): 3}]
    assert items[0].layout.series[0].width_bits == 64


def test_the_log_names_pools_pages_and_seconds():
    values, items = read(LOG)
    assert len(values) == 1
    assert set(values[0].values()) == {4032}
    assert sorted(values[0]) == [
        (f"unknown interface/pool-{number}", "driver.memory.orphaned") for number in (51, 52, *range(57, 64))
    ]
    assert set(facts(items).values()) == {26825}
    assert {item.origin.line for item in items if isinstance(item, Fact)} == set(range(1, 10))


def test_a_log_that_repeats_itself_is_several_samples():
    values, _ = read(LOG + LOG.replace(b"4032", b"4000"))
    assert [set(one.values()) for one in values] == [{4032}, {4000}]


def test_the_form_of_older_kernels_has_no_number():
    line = b"[  9.1] page_pool_release_retry() stalled pool shutdown 7 inflight 120 sec\n"
    values, items = read(b"usb 1-1: new device\n" + line)
    assert values == [{("unknown interface/pool-?", "driver.memory.orphaned"): 7}]
    assert facts(items) == {"unknown interface/pool-?": 120}


def test_other_lines_of_the_log_are_nothing():
    assert read(b"usb 1-1: new device\n\n[stalled pool shutdown: id 51\n") == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        b'[{"ifindex":2,"inflight":1}]',
        b'[{"id":"x"}]',
        b'[{"id":1,"inflight":-5}]',
        b'[{"id":1,"inflight":18446744073709551616}]',
        b'[{"id":1,"info":4}]',
        b"[{",
        b'[{"id":1}',
    ],
)
def test_what_is_no_pool_costs_itself(text):
    values, items = read(text)
    assert values == []
    assert len([item for item in items if isinstance(item, Unread)]) == 1


@pytest.mark.parametrize("text", [LOG, MLX5, DETACHED, STATISTICS])
def test_it_is_recognised_without_a_name(text):
    assert [s.name for s in SOURCES if s.looks_like and re.search(s.looks_like.encode(), text)] == ["page_pool"]
