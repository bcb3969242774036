"""Which network namespaces a host has, and how they are found by name."""

import os
from pathlib import Path

import pytest
from tests.namespaces import named_namespace

from brimful.roots import namespaces as module
from brimful.roots.namespaces import Namespace, find, namespaces


class Host:
    """Made-up folders: a namespace is any file, its number that file's."""

    def __init__(self, folder):
        self.proc, self.named, self.kept = folder / "proc", folder / "netns", folder / "kept"
        for one in (self.proc, self.named, self.kept):
            one.mkdir()

    def namespace(self, name):
        path = self.kept / name
        path.touch()
        return path

    def name(self, name, namespace):
        os.link(self.namespace(namespace), self.named / name)

    def process(self, number, comm, namespace):
        folder = self.proc / str(number)
        (folder / "ns").mkdir(parents=True)
        os.link(self.namespace(namespace), folder / "ns" / "net")
        (folder / "comm").write_bytes(comm)

    def inode(self, namespace):
        return (self.kept / namespace).stat().st_ino

    def seen(self):
        return [(one.label, one.inode) for one in namespaces(str(self.proc), str(self.named))]


@pytest.fixture
def host(tmp_path, monkeypatch):
    made = Host(tmp_path)
    monkeypatch.setattr(module, "OWN", str(made.namespace("own")))
    return made


def test_each_namespace_is_told_once_by_its_name_else_by_its_oldest_process(host):
    host.process(1, b"init\n", "own")
    host.process(300, b"nginx\n", "web")
    host.process(40, b"pause\n", "web")
    host.process(5, b"dhcpd\n", "blue")
    host.name("blue", "blue")
    host.name("azure", "azure")
    host.name("same", "blue")
    assert host.seen() == [
        ("azure", host.inode("azure")),
        ("blue", host.inode("blue")),
        ("pause (pid 40)", host.inode("web")),
    ]
    paths = [one.path for one in namespaces(str(host.proc), str(host.named))]
    assert paths == [f"{host.named}/azure", f"{host.named}/blue", f"{host.proc}/40/ns/net"]


def test_what_is_no_process_or_went_away_is_left_out(host):
    for name in ("self", "net", "12x", "\N{ARABIC-INDIC DIGIT ONE}"):
        (host.proc / name / "ns").mkdir(parents=True)
    (host.proc / "77").mkdir()
    host.process(78, b"b\xffd)\n", "odd")
    assert host.seen() == [("b\N{REPLACEMENT CHARACTER}d) (pid 78)", host.inode("odd"))]


def test_a_host_without_these_folders_has_none():
    assert namespaces("/nowhere", "/nowhere") == []


def test_a_namespace_is_found_by_name_number_or_path(host):
    host.name("blue", "blue")
    host.name("42", "azure")
    host.process(41, b"a\n", "web")
    host.process(42, b"a\n", "web")

    def found(name):
        return find(name, str(host.proc), str(host.named))

    assert found("blue") == Namespace(f"{host.named}/blue", "blue", host.inode("blue"))
    assert found("41") == Namespace(f"{host.proc}/41/ns/net", "41", host.inode("web"))
    assert found("42").inode == host.inode("azure")  # a name before a process
    path = str(host.kept / "web")
    assert found(path) == Namespace(path, path, host.inode("web"))
    for name in ("green", "43", "/nowhere", "²", "a\0b", "x" * 5000):
        assert found(name) is None


@pytest.mark.kernel
def test_the_kernels_own_namespaces_are_found():
    with named_namespace("brim-found") as path:
        inode = Path(path).stat().st_ino
        assert Namespace(path, "brim-found", inode) in namespaces()
        assert find("brim-found") == Namespace(path, "brim-found", inode)
        own = Path("/proc/self/ns/net").stat().st_ino
        assert own not in {one.inode for one in namespaces()}
        assert find(str(os.getpid())).inode == own
    assert find("brim-found") is None


def test_a_name_that_is_no_text_is_shown_with_what_can_be_shown_of_it(tmp_path):
    host = Host(tmp_path)
    os.link(host.namespace("one"), os.fsencode(host.named) + b"/blu\xe9")
    (found,) = namespaces(str(host.proc), str(host.named))
    assert found.label == "blu\N{REPLACEMENT CHARACTER}"
