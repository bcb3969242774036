from pathlib import Path

import pytest

from brimful.evidence.event import Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.host import host

CAPTURES = Path(__file__).parents[1] / "captures" / "host" / "sosreport"


def read(name, data):
    return list(host(Document(name, "file", data)))


@pytest.mark.parametrize(
    ("name", "data", "fact", "value"),
    [
        ("hostname", (CAPTURES / "hostname").read_bytes(), "host.name", "juju-110cc2-k8stest-4"),
        ("uname -a", (CAPTURES / "uname_-a").read_bytes(), "host.name", "juju-110cc2-k8stest-4"),
        (
            "/proc/sys/kernel/random/boot_id",
            (CAPTURES / "boot_id").read_bytes(),
            "host.boot",
            (CAPTURES / "boot_id").read_text().strip(),
        ),
        ("nproc", (CAPTURES / "nproc").read_bytes(), "host.cpus", 2),
        ("/etc/hostname", b"# static\n\nedge-1.example.net\nnot looked at\n", "host.name", "edge-1.example.net"),
        ("/proc/sys/kernel/hostname", b"a\n", "host.name", "a"),
        ("/proc/uptime", b"93.79 152.03\n", "host.uptime", 93),
        ("/proc/uptime", b"0.00 0.00\n", "host.uptime", 0),
        ("uptime", b" 19:23:40 up 1 day, 23:17,  1 user,  load average: 0.30, 0.51, 0.60\n", "host.uptime", 170220),
        ("uptime", b" 10:00:00 up 12 days,  3:04,  0 users,  load average: 0, 0, 0\n", "host.uptime", 1047840),
        ("uptime", b"10:00:00 up 7 min,  1 user,  load average: 0.00\n", "host.uptime", 420),
        ("uptime", b"10:00:00 up  2:05,  1 user,  load average: 0.00\n", "host.uptime", 7500),
    ],
)
def test_what_a_machine_says_is_a_fact_of_the_whole(name, data, fact, value):
    (item,) = read(name, data)
    assert isinstance(item, Fact)
    assert (item.name, item.place, item.value) == (fact, "", value)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("hostname", b"sos_commands/host/hostname\n"),
        ("hostname", b"a" * 254),
        ("uname -a", b"FreeBSD a 14.0 b\n"),
        ("nproc", b"0\n"),
        ("/proc/uptime", b"soon\n"),
        ("uptime", b"10:00:00 down 3 days\n"),
        ("uptime", "10:00:00 up ² min,".encode()),
        ("nproc", "²".encode()),
        ("nproc", b"9" * 5000),
        ("/proc/sys/kernel/random/boot_id", b"a\n"),
    ],
)
def test_anything_else_is_unread(name, data):
    assert [type(item) for item in read(name, data)] == [Unread]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"(none)\n", b"# nothing\n"])
def test_a_machine_without_a_name_says_nothing(data):
    assert read("hostname", data) == []
