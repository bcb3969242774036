"""What the live root says of the machine behind the buffers: slab caches, softirq threads, cgroups; and that it is real."""

import os
import socket
from pathlib import Path

import pytest
from tests.namespaces import in_namespace
from tests.roots.answers import text

from brimful.evidence.evidence import Evidence
from brimful.roots.answers import cgroups, slabs, threads
from brimful.roots.doors import Doors
from brimful.roots.live import LiveRoot
from brimful.sources import SOURCES

SO_RCVBUFFORCE = 33


@pytest.fixture
def doors(tmp_path):
    return Doors(str(tmp_path))


def put(top, path, content="1\n"):
    (top / path).parent.mkdir(parents=True, exist_ok=True)
    (top / path).write_text(content)


def test_merged_caches_are_links(tmp_path, doors):
    folder = tmp_path / "sys/kernel/slab"
    (folder / ":0000512").mkdir(parents=True)
    (folder / "TCP").mkdir()
    for name in ("skbuff_fclone_cache", "pool_workqueue"):
        (folder / name).symlink_to(":0000512")
    (document,) = slabs.slabs(doors)
    assert [line.split(" 00:00 ")[1] for line in text(document).splitlines()] == [
        "pool_workqueue -> :0000512",
        "skbuff_fclone_cache -> :0000512",
    ]
    facts = {item.place: item.value for item in SOURCES["slab_alias"](document)}
    assert facts["slab pool_workqueue"] == "pool_workqueue, skbuff_fclone_cache"


def test_without_slub_nothing_is_said(doors):
    assert list(slabs.slabs(doors)) == []
    assert doors.blind() == []


def test_ksoftirqd_is_found_by_its_name_unless_a_process_has_given_itself_that(tmp_path, doors):
    put(tmp_path, "proc/9/comm", "ksoftirqd/0\n")
    put(tmp_path, "proc/9/stat", "9 (ksoftirqd/0) S 2 0 0 0 -1 69238848 0\n")
    put(tmp_path, "proc/11/comm", "ksoftirqd/1) S 2\n")
    put(tmp_path, "proc/11/stat", "11 (ksoftirqd/1) S 2) R 1 11 11 0 -1 4194304 0\n")
    put(tmp_path, "proc/12/comm", "ksoftirqd/2\n")
    put(tmp_path, "proc/12/stat", "12 (ksoftirqd/2) S\n")
    put(tmp_path, "proc/10/comm", "ksoftirqd_not\n")
    put(tmp_path, "proc/self/comm", "ksoftirqd/7\n")
    assert [(d.name, d.of, text(d)) for d in threads.ksoftirqd(doors)] == [
        ("/proc/9/stat", {"pid": "9"}, "9 (ksoftirqd/0) S 2 0 0 0 -1 69238848 0\n")
    ]


def test_groups_of_v2_outer_ones_first(tmp_path, doors):
    put(tmp_path, "sys/fs/cgroup/cgroup.controllers")
    for group in ("b", "a/inner", "a"):
        put(tmp_path, f"sys/fs/cgroup/{group}/memory.max", "max\n")
    root = LiveRoot(str(tmp_path))
    found = [(d.name, d.of["group"]) for d in root.documents("/sys/fs/cgroup/{group}/memory.max")]
    assert found == [
        ("/sys/fs/cgroup/a/memory.max", "a"),
        ("/sys/fs/cgroup/b/memory.max", "b"),
        ("/sys/fs/cgroup/a/inner/memory.max", "a/inner"),
    ]
    assert list(root.documents("/sys/fs/cgroup/memory/{group}/memory.kmem.tcp.failcnt")) == []


def test_groups_of_v1_are_below_its_memory_tree(tmp_path):
    put(tmp_path, "sys/fs/cgroup/memory/a/memory.kmem.tcp.failcnt")
    put(tmp_path, "sys/fs/cgroup/memory/a/memory.stat")
    root = LiveRoot(str(tmp_path))
    found = [d.of["group"] for d in root.documents("/sys/fs/cgroup/memory/{group}/memory.kmem.tcp.failcnt")]
    assert found == ["a"]
    assert list(root.documents("/sys/fs/cgroup/{group}/memory.stat")) == []


def test_groups_beyond_the_most_are_told_once_and_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroups, "MOST", 2)
    put(tmp_path, "sys/fs/cgroup/cgroup.controllers")
    for group in "abcde":
        put(tmp_path, f"sys/fs/cgroup/{group}/memory.max")
    root, request = LiveRoot(str(tmp_path)), "/sys/fs/cgroup/{group}/memory.max"
    assert len(list(root.documents(request))) == 2
    assert [(b.what, b.why) for b in root.blind() if "cgroup" in b.what] == [
        ("/sys/fs/cgroup memory.max", "there are more than 2 cgroups: the inner ones were left out")
    ]
    put(tmp_path, "sys/fs/cgroup/f/memory.max")
    monkeypatch.setattr(cgroups, "WALKED_S", 1e-9)
    list(root.documents(request))
    assert len([b for b in root.blind() if "cgroup" in b.what]) == 1


def read(*names):
    """Read some sources of this host."""
    root = LiveRoot()
    items = [
        item
        for name in names
        for request in SOURCES[name].requests
        for document in root.documents(request)
        for item in SOURCES[name](document)
    ]
    return Evidence(items)


def values(evidence, meaning):
    return {r.series.place: r.last for r in evidence.readings(meaning)}


def test_the_memory_of_this_host_adds_up():
    evidence = read("meminfo", "zoneinfo", "vmstat", "pressure")
    total, free, available, unaccounted, lists = (
        values(evidence, f"host.memory.{word}")[""]
        for word in ("total", "free", "available", "unaccounted", "cpu_lists")
    )
    assert total == int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert 0 < free < total
    assert 0 < available < total
    assert unaccounted < total // 2
    assert lists < total // 10
    assert evidence.unread == []


def test_the_cpus_of_this_host_have_lived_no_longer_than_it():
    evidence = read("cpu", "softirqs")
    up = float(Path("/proc/uptime").read_text().split()[0])
    online = {f"cpu {cpu}" for cpu in range(os.cpu_count() or 1)}
    times = values(evidence, "softnet.backlog.total_time")
    assert set(times) == online
    assert all(0 < ticks < 100 * (up + 10) for ticks in times.values())
    for word in ("softirq_time", "idle_time", "stolen_time", "ksoftirqd_time"):
        for place, ticks in values(evidence, f"softnet.backlog.{word}").items():
            assert ticks <= times[place] + 100, word
    assert set(values(evidence, "softnet.backlog.receive_softirqs")) >= online
    assert evidence.unread == []


def test_the_slabs_of_this_host_are_part_of_its_slab_memory():
    if os.geteuid():
        assert os.environ.get("CI") != "true"
        pytest.skip("/proc/slabinfo is for root")
    evidence = read("slabinfo", "slab_alias")
    held = values(evidence, "driver.memory.slab")
    slab = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if "Slab:" in line)
    assert 0 < sum(held.values()) <= 1.1 * slab * 1024
    assert "slab TCP" in held
    assert evidence.unread == []


def test_a_queue_that_nobody_reads_is_seen_in_its_slabs():
    def fill():
        before = held()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
            reader.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
            reader.bind(("127.0.0.1", 0))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for _ in range(24_000):
                    sender.sendto(b"x", reader.getsockname())
            return held() - before

    def held():
        slabs = values(read("slabinfo"), "driver.memory.slab")
        return sum(size for place, size in slabs.items() if place.startswith(("slab skbuff_", "slab kmalloc-")))

    assert in_namespace(fill) > 8 << 20
