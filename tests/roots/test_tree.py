import gzip
import mmap
import os
import random

import pytest

from brimful.roots.base import Unusable
from brimful.roots.compressed import Bounds
from brimful.roots.tree import MAP_FROM, OnDisk, Stored, Tree, from_folder, of_one


def tree_of(files, links=()):
    tree = Tree("top")
    for path, data in files.items():
        tree.add(path, Stored(data))
    for path, target in dict(links).items():
        tree.link(path, target)
    return tree


def test_links_are_followed_inside_the_tree():
    tree = tree_of({"r/proc/96008/net/snmp": b"x"}, {"r/proc/net": "self/net", "r/proc/self": "96008"})

    assert tree.resolve("r/proc/net/snmp") == "r/proc/96008/net/snmp"
    assert tree.resolve("r/proc/net") == "r/proc/96008/net"
    assert tree.resolve("r/proc/net/none") is None


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "..", "../a/../../x"])
def test_a_link_out_of_the_tree_leads_nowhere(target):
    assert tree_of({"a/file": b"x"}, {"a/link": target + "/file"}).resolve("a/link") is None


@pytest.mark.parametrize("links", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "a/a"}, {"d/a": "../d/a/x"}])
def test_a_loop_of_links_ends(links):
    tree = tree_of({"d/file": b"x"}, links)

    assert [tree.resolve(f"{path}/file") for path in links] == [None] * len(links)


def test_a_link_that_a_copy_made_a_file_of_is_still_followed():
    tree = tree_of(
        {
            "r/proc/net": b"self/net",
            "r/proc/self": b"96008",
            "r/proc/96008/net/snmp": b"x",
            "r/hostname": b"sos_commands/host/hostname",
            "r/sos_commands/host/hostname": b"web1\n",
            "r/not": b"is/not/there",
            "r/word": b"proc",
        }
    )

    assert tree.resolve("r/proc/net/snmp") == "r/proc/96008/net/snmp"
    assert tree.resolve("r/hostname") == "r/sos_commands/host/hostname"
    assert tree.resolve("r/not") == "r/not"
    assert tree.resolve("r/word") == "r/word"


def test_a_folder_is_listed_without_following_links(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "secret").write_text("no")
    top = tmp_path / "top"
    (top / "sub").mkdir(parents=True)
    (top / "sub" / "file").write_text("yes")
    (top / "up").symlink_to("../out")
    (top / "loop").symlink_to(".")
    os.mkfifo(top / "pipe")

    tree = from_folder(f"{top}/")

    assert list(tree.files) == ["sub/file"]
    assert tree.links == {"up": "../out", "loop": "."}
    assert tree.read("sub/file") == b"yes"
    assert tree.resolve("up/secret") is None
    assert tree.resolve("loop/loop/sub/file") == "sub/file"
    assert tree.shown("sub/file") == f"{top}/sub/file"
    assert list(tree.children("")) == ["loop", "sub", "up"]


def test_a_large_file_is_mapped_and_a_small_one_read(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * (MAP_FROM + 1))
    (tmp_path / "small").write_bytes(b"x" * MAP_FROM)
    tree = from_folder(str(tmp_path))

    large, small = tree.read("large"), tree.read("small")

    assert isinstance(large, mmap.mmap)
    assert isinstance(small, bytes)
    assert (len(large), len(small)) == (MAP_FROM + 1, MAP_FROM)


def test_a_file_that_became_a_link_is_not_read(tmp_path):
    (tmp_path / "file").write_text("x")
    tree = from_folder(str(tmp_path))
    (tmp_path / "file").unlink()
    (tmp_path / "file").symlink_to("/etc/passwd")

    assert tree.head("file", 10) == b""
    with pytest.raises(Unusable, match="file: "):
        tree.read("file")


def test_a_compressed_file_is_unpacked_once_and_its_damage_told(tmp_path):
    # bytes that do not pack, and no carriage returns: ten bytes are too few to tell how lines end
    noise = random.Random(1).randbytes(3000).replace(b"\r", b"x")  # noqa: S311 - no secret
    whole = gzip.compress(noise + b"end")
    tree = tree_of({"whole": whole, "cut": whole[:2000]})

    assert tree.read("whole")[-3:] == b"end"
    assert tree.head("whole", 10) == tree.read("whole")[:10]
    assert tree.read("whole") is tree.read("whole")
    assert 0 < len(tree.read("cut")) < 3000
    assert [(blind.what, blind.why) for blind in tree.blind] == [("top/cut", "cut off")]


def test_what_unpacks_to_too_much_is_read_to_the_bound():
    tree = Tree("top", bounds=Bounds(member_bytes=1000))
    tree.add("bomb", Stored(gzip.compress(bytes(5000))))

    assert len(tree.read("bomb")) == 1000
    assert "unpacks to too much" in tree.blind[0].why


def test_a_file_of_proc_is_read_though_it_says_it_is_empty():
    assert OnDisk("/proc/self/stat", 0).raw(100).startswith(str(os.getpid()).encode())


def test_a_folder_that_is_not_there_is_unusable(tmp_path):
    with pytest.raises(Unusable, match=r"none: No such file"):
        from_folder(str(tmp_path / "none"))


def test_what_may_not_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()

    def refused(path, *_):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refused)
    tree = from_folder(str(tmp_path))
    with pytest.raises(Unusable, match="file: Permission denied"):
        tree.read("file")

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(Unusable, match="Permission denied"):
        from_folder(str(tmp_path))


def test_one_file_is_a_tree_of_its_own():
    assert of_one("a/b/c", b"x").shown("c") == "a/b/c"
    assert of_one("/c", b"x").shown("c") == "/c"
    assert of_one("c", b"x").shown("c") == "c"
