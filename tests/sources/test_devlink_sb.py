import json
import re
from pathlib import Path

import pytest

from brimful.collect import gather
from brimful.evidence.forecast import filled
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.roots.catalog import Catalog
from brimful.roots.detect import open_roots
from brimful.sources import SOURCES

CAPTURES = Path(__file__).parents[1] / "captures" / "devlink_sb" / "spectrum"
OCCUPANCY = (CAPTURES / "devlink_sb_occupancy_show_pci.0000_03_00.0").read_text()
POOLS = (CAPTURES / "devlink_sb_pool_show").read_text()
BINDINGS = (CAPTURES / "devlink_sb_tc_bind_show").read_text()
MOVES = "the limit moves with what others hold: this is what it was when it was read"
REQUEST = "devlink sb occupancy show {device}"


def used(current, highest, pool=None):
    return {**({} if pool is None else {"bound_pool": pool}), "current": current, "max": highest}


AS_JSON = {
    "occupancy": {
        "swp1": {
            "pool": {"0": used(1152, 56160), "4": used(786432, 1048608)},
            "itc": {"0": used(1152, 56160, 0)},
            "etc": {"0": used(0, 96, 4), "3": used(786432, 1048608, 4)},
        },
        "swp2": {
            "pool": {"0": used(98304, 131040), "4": used(2304, 7200)},
            "itc": {"0": used(98304, 131040, 0)},
            "etc": {"0": used(2304, 7200, 4)},
        },
    }
}
POOLS_AS_JSON = {
    "pool": {
        "pci/0000:03:00.0": [
            {"sb": 0, "pool": 0, "type": "ingress", "size": 12401088, "thtype": "dynamic", "cell_size": 96},
            {"sb": 0, "pool": 4, "type": "egress", "size": 13232640, "thtype": "dynamic", "cell_size": 96},
        ]
    }
}
BINDINGS_AS_JSON = {
    "tc_bind": {
        "swp1": [
            {"sb": 0, "tc": 0, "type": "ingress", "pool": 0, "threshold": 10},
            {"sb": 0, "tc": 0, "type": "egress", "pool": 4, "threshold": 9},
            {"sb": 0, "tc": 3, "type": "egress", "pool": 4, "threshold": 9},
        ],
        "swp2": [
            {"sb": 0, "tc": 0, "type": "ingress", "pool": 0, "threshold": 10},
            {"sb": 0, "tc": 0, "type": "egress", "pool": 4, "threshold": 9},
        ],
    }
}


def read(text, beside=""):
    document = Document(REQUEST, "saved", text.encode())
    document.beside = beside
    return list(SOURCES["devlink_sb"](document))


def numbers(items):
    return {
        (series.meaning, series.place): value
        for item in items
        if isinstance(item, Frame)
        for series, value in zip(item.layout.series, item.values, strict=True)
    }


FOUND = {
    ("switch.pool.level", "swp1/pg 0"): 1152,
    ("switch.pool.level", "swp1/pool 0"): 1152,
    ("switch.pool.level", "swp1/pool 4"): 786432,
    ("switch.pool.peak", "swp1/pool 4"): 1048608,
    ("switch.queue.depth", "swp1/tc 3"): 786432,
    ("switch.queue.peak", "swp1/tc 3"): 1048608,
    ("switch.queue.peak", "swp1/tc 0"): 96,
    ("switch.queue.depth", "swp2/tc 0"): 2304,
    ("switch.pool.peak", "swp2/pg 0"): 131040,
}


@pytest.mark.parametrize("text", [OCCUPANCY, json.dumps(AS_JSON), json.dumps(AS_JSON, indent=4)])
def test_use_by_port_and_class(text):
    items = read(text)
    assert numbers(items).items() >= FOUND.items()
    assert not [item for item in items if isinstance(item, Unread)]


def test_the_line_of_a_number_is_told():
    (frame,) = read(OCCUPANCY)
    index = [series.place for series in frame.layout.series].index("swp1/tc 3")
    assert frame.origin(index).line == 6


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        (OCCUPANCY, POOLS + BINDINGS),
        (OCCUPANCY, json.dumps(POOLS_AS_JSON) + "\n" + json.dumps(BINDINGS_AS_JSON)),
        (json.dumps(AS_JSON), json.dumps(POOLS_AS_JSON, indent=4) + "\n" + json.dumps(BINDINGS_AS_JSON, indent=4)),
    ],
)
def test_a_dynamic_limit_is_a_share_of_what_the_others_leave_free(text, beside):
    """Alpha is 2^(9-10): a third. The others of pool 4 hold 2304 bytes, and swp2's class sees 786432 of others."""
    found = numbers(read(text, beside))
    assert found["switch.queue.limit", "swp1/tc 3"] == (13232640 - 2304) // 3
    assert found["switch.queue.limit", "swp2/tc 0"] == (13232640 - 786432) // 3
    # alpha is 1: half
    assert found["switch.pool.limit", "swp1/pg 0"] == (12401088 - 98304) // 2
    # what all ports together use of a pool
    assert found["switch.pool.level", "pool 4 of 0000:03:00.0"] == 788736


def test_a_limit_that_moves_says_so():
    (frame,) = read(OCCUPANCY, POOLS + BINDINGS)
    assert {s.doubt for s in frame.layout.series if s.meaning == "switch.queue.limit"} == {MOVES}


def test_a_static_threshold_is_bytes():
    static = "swp1: sb 0 tc 3 type egress pool 4 threshold 555\n"
    found = numbers(read(OCCUPANCY, POOLS.replace("13232640 thtype dynamic", "13232640 thtype static") + static))
    assert found["switch.queue.limit", "swp1/tc 3"] == 555


@pytest.mark.parametrize("beside", ["", POOLS, BINDINGS])
def test_without_pools_and_thresholds_there_is_no_limit(beside):
    assert not [name for name, _ in numbers(read(OCCUPANCY, beside)) if name == "switch.queue.limit"]


def test_of_two_devices_it_is_not_known_whose_a_pool_is():
    two = POOLS + POOLS.replace("03:00.0", "04:00.0")
    assert not [name for name, _ in numbers(read(OCCUPANCY, two + BINDINGS)) if name.endswith("limit")]


@pytest.mark.parametrize("text", [POOLS, "pci/0000:03:00.0: sb 0 pool 0 type ingress size 12401088 thtype dynamic"])
def test_pools_are_limits(text):
    assert numbers(read(text))["switch.pool.limit", "pool 0 of 0000:03:00.0"] == 12401088


def test_bindings_alone_say_nothing():
    assert read(BINDINGS) == []


def test_a_port_without_interface_is_called_by_its_number():
    assert (
        numbers(read(OCCUPANCY.replace("swp1:", "pci/0000:03:00.0/0:")))[
            "switch.queue.depth", "pci 0000:03:00.0 port 0/tc 3"
        ]
        == 786432
    )


def test_other_buffers_than_the_first_are_left_out():
    assert read("pci/0000:03:00.0: sb 1 pool 0 type ingress size 12401088 thtype dynamic") == []


@pytest.mark.parametrize(
    "text",
    [
        '{"occupancy": {"swp1": {"etc": {"0": {"current": -1, "max": 0}}}}}',
        '{"occupancy": {"swp1": {"etc": {"x": {"current": 1, "max": 0}}}}}',
        '{"occupancy": {"swp1": {"etc": {"0": {"max": 18446744073709551616, "current": 0}}}}}',
        "{",
        "kernel answers: Operation not permitted",
        "swp1:\n  etc:  0(4): 1/99999999999999999999",
    ],
)
def test_what_cannot_be_read_costs_itself(text):
    items = read(text)
    assert [type(item) for item in items] == [Unread]


def test_two_shows_in_one_file_are_two_samples():
    both = read(OCCUPANCY + OCCUPANCY.replace("786432/", "786433/"))
    assert len(both) == 2


@pytest.mark.parametrize("text", [OCCUPANCY, POOLS, BINDINGS, json.dumps(AS_JSON), json.dumps(POOLS_AS_JSON, indent=4)])
def test_it_is_recognised_without_a_name(text):
    assert [s.name for s in SOURCES if s.looks_like and re.search(s.looks_like, text, re.MULTILINE)] == ["devlink_sb"]


def test_the_limit_is_that_of_the_depth_which_the_driver_counts(tmp_path):
    """`ethtool -S` of mlxsw and `devlink sb` speak of one queue by one name."""
    for path in CAPTURES.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "ethtool_-i_swp1").write_text("driver: mlxsw_spectrum\n")
    (tmp_path / "ethtool_-S_swp1").write_text("NIC statistics:\n     tc_transmit_queue_tc_3: 700000\n")
    catalog = Catalog([((*source.requests, *source.beside), source.looks_like) for source in SOURCES])
    evidence = gather(open_roots(str(tmp_path), catalog))
    assert {
        reading.series.raw: (reading.last, limit)
        for reading, limit in filled(evidence)
        if (reading.series.meaning, reading.series.place) == ("switch.queue.depth", "swp1/tc 3")
    } == {"tc_transmit_queue_tc_3": (700000, 4410112), "etc 3 current": (786432, 4410112)}
