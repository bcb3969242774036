import errno
import json

import pytest
from tests.kernel.devlink_answers import HANDLE, PORTS, Answering, u8, u16, u32
from tests.roots.answers import text

from brimful.evidence.frame import Frame
from brimful.kernel.netlink import NetlinkError
from brimful.roots.answers.devlink import BINDINGS, OCCUPANCY, POOLS
from brimful.roots.live import LiveRoot
from brimful.sources import SOURCES

POOL = [HANDLE + u32(11, 0) + u16(17, 4) + u8(18, 1) + u32(19, 13232640) + u8(20, 1) + u32(105, 96)]
PORT_POOLS = [
    HANDLE + u32(3, 1) + u32(11, 0) + u16(17, 4) + u32(21, 9) + u32(23, 786432) + u32(24, 1048608),
    HANDLE + u32(3, 0) + u32(11, 0) + u16(17, 4) + u32(21, 9) + u32(23, 2304) + u32(24, 7200),
]
CLASSES = [
    HANDLE
    + u32(3, 1)
    + u32(11, 0)
    + u16(22, 3)
    + u8(18, 1)
    + u16(17, 4)
    + u32(21, 9)
    + u32(23, 786432)
    + u32(24, 1048608)
]
SWITCH = {
    "c5": PORTS,
    "c11": [HANDLE + u32(11, 0) + u32(12, 16777216)],
    "c15": POOL,
    "c19": PORT_POOLS,
    "c23": CLASSES,
}


class Refusing(Answering):
    """A kernel that refuses to read the ASIC, or to answer at all."""

    def __init__(self, number, *, everything=False):
        super().__init__(**SWITCH)
        self.number = number
        self.everything = everything

    def dump(self, family, command, body=b""):
        if self.everything:
            raise NetlinkError("netlink dump", self.number)
        return super().dump(family, command, body)

    def order(self, *_):
        raise NetlinkError("netlink dump", self.number)


def root_of(generic):
    root = LiveRoot()
    root.doors.__dict__["generic"] = generic
    return root


def test_the_words_of_devlink():
    root = root_of(Answering(**SWITCH))
    (pools,), (bindings,), (used,) = (list(root.documents(request)) for request in (POOLS, BINDINGS, OCCUPANCY))
    assert json.loads(text(pools)) == {
        "pool": {
            "pci/0000:03:00.0": [
                {"sb": 0, "pool": 4, "type": "egress", "size": 13232640, "thtype": "dynamic", "cell_size": 96}
            ]
        }
    }
    assert json.loads(text(bindings)) == {
        "tc_bind": {"swp1": [{"sb": 0, "tc": 3, "type": "egress", "pool": 4, "threshold": 9}]}
    }
    assert used.name == "devlink -j sb occupancy show pci/0000:03:00.0"
    assert json.loads(text(used)) == {
        "occupancy": {
            "swp1": {
                "pool": {"4": {"current": 786432, "max": 1048608}},
                "itc": {},
                "etc": {"3": {"bound_pool": 4, "current": 786432, "max": 1048608}},
            },
            "pci/0000:03:00.0/0": {"pool": {"4": {"current": 2304, "max": 7200}}, "itc": {}, "etc": {}},
        }
    }


def test_the_asic_is_read_before_use_is_told():
    generic = Answering(**SWITCH)
    list(root_of(generic).documents(OCCUPANCY))
    assert [command for _, command, _ in generic.ordered] == [27]


def test_a_queue_of_a_live_switch_has_its_limit():
    source = SOURCES["devlink_sb"]
    items = [item for document in source.documents(root_of(Answering(**SWITCH)), {}) for item in source(document)]
    found = {
        (series.meaning, series.place): value
        for item in items
        if isinstance(item, Frame)
        for series, value in zip(item.layout.series, item.values, strict=True)
    }
    assert found["switch.queue.depth", "swp1/tc 3"] == 786432
    assert found["switch.queue.limit", "swp1/tc 3"] == (13232640 - 2304) // 3
    assert found["switch.pool.limit", "pool 4 of 0000:03:00.0"] == 13232640


def test_without_the_right_nothing_old_is_told():
    root = root_of(Refusing(errno.EPERM))
    assert list(root.documents(OCCUPANCY)) == []
    assert [str(blind) for blind in root.blind()] == [
        "devlink -j sb occupancy show pci/0000:03:00.0: netlink dump: Operation not permitted (run as root)"
    ]


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EOPNOTSUPP])
@pytest.mark.parametrize("request_", [POOLS, BINDINGS, OCCUPANCY])
def test_a_host_without_switch_is_no_blind_spot(request_, number):
    root = root_of(Refusing(number, everything=True))
    assert list(root.documents(request_)) == []
    assert root.blind() == []


def test_a_kernel_without_devlink_is_asked_once(monkeypatch):
    root = root_of(Refusing(errno.ENOENT, everything=True))
    assert list(root.documents(POOLS)) == []
    monkeypatch.setattr(Refusing, "dump", None)
    assert [list(root.documents(request)) for request in (POOLS, BINDINGS, OCCUPANCY)] == [[], [], []]
