from pathlib import Path

import pytest

from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.base import Document, pattern
from brimful.sources import SOURCES
from brimful.sources.cgroup import cgroup

CAPTURES = Path(__file__).parents[1] / "captures" / "cgroup"
V2 = "/sys/fs/cgroup/web.service"
V1 = "/sys/fs/cgroup/memory/web"


def read(path, data):
    request = next(request for request in SOURCES["cgroup"].requests if request.endswith(path.rpartition("/")[2]))
    items = list(cgroup(Document(path, "file", data, of=pattern(request).match(path).groupdict())))
    frames = [item for item in items if isinstance(item, Frame)]
    return [
        (s.meaning.rpartition("_")[2], s.place, s.raw, v)
        for f in frames
        for s, v in zip(f.layout.series, f.values, strict=True)
    ], items


def capture(version, path):
    return read(path, (CAPTURES / version / path.lstrip("/")).read_bytes())[0]


def test_a_group_of_v2():
    place = "cgroup /web.service"
    assert capture("v2", f"{V2}/memory.stat") == [("used", place, "memory.stat sock", 42078208)]
    assert capture("v2", f"{V2}/memory.current") == [("total", place, "memory.current", 42246144)]
    assert capture("v2", f"{V2}/memory.max") == [("limit", place, "memory.max", 33554432)]
    assert capture("v2", f"{V2}/memory.events") == [("refused", place, "memory.events max", 2122)]


def test_newer_kernels_count_sockets_alone():
    assert read("/sys/fs/cgroup/a/b/memory.events", b"max 41\nsock_throttled 3\n")[0] == [
        ("refused", "cgroup /a/b", "memory.events max", 41),
        ("refused", "cgroup /a/b", "memory.events sock_throttled", 3),
    ]


def test_the_memory_of_a_pod():
    stat = "/sys/fs/cgroup/pod/memory.stat"
    assert capture("runc", stat) == [("used", "cgroup /pod", "memory.stat sock", 40960)]


@pytest.mark.parametrize(
    ("word", "file", "value"),
    [("used", "usage_in_bytes", 4251648), ("limit", "limit_in_bytes", 4194304), ("refused", "failcnt", 2036)],
)
def test_a_group_of_v1(word, file, value):
    name = f"memory.kmem.tcp.{file}"
    assert capture("v1", f"{V1}/{name}") == [(word, "cgroup /web", name, value)]


def test_no_limit_is_no_number():
    assert read(f"{V2}/memory.max", b"max\n") == ([], [])
    assert read(f"{V1}/memory.kmem.tcp.limit_in_bytes", b"9223372036854771712\n") == ([], [])


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("memory.max", "lots"),
        ("memory.current", "1 2"),
        ("memory.events", "max -1"),
        ("memory.stat", "sock"),
        ("memory.events", "max ²"),
    ],
)
def test_a_line_that_cannot_be_read_costs_itself(file, text):
    values, items = read(f"{V2}/{file}", f"{text}\n".encode())
    assert values == []
    assert [item.origin.line for item in items if isinstance(item, Unread)] == [1]
