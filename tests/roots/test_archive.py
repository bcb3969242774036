import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.roots.archive import is_tar, is_zip, read_tar, read_zip, safe
from brimful.roots.base import Unusable
from brimful.roots.compressed import Bounds, Unpacked

PACKERS = {"tar": bytes, "tar.gz": gzip.compress, "tar.xz": lzma.compress, "tar.bz2": bz2.compress}


def member(name, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tar_of(*members, mode=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=mode) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def everything(_path, _size, _head):
    return True


def read(packed, keep=everything, **bounds):
    limits = Bounds(**bounds)
    return read_tar("x.tar", Unpacked(io.BytesIO(packed), limits), keep, limits)


SMALL = tar_of(member("a/one", b"1" * 700), member("a/two", b"2" * 10))


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("mode", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_every_framing_is_read_alike(packer, mode):
    long = "/".join(["d" * 40] * 4) + "/file"
    plain = tar_of(member("./a/one", b"1"), member(long, b"2"), mode=mode)

    tree = read(PACKERS[packer](plain))

    assert {path: tree.read(path) for path in tree.files} == {"a/one": b"1", long: b"2"}
    assert tree.blind == []
    assert tree.shown("a/one") == "x.tar:a/one"


@pytest.mark.parametrize(
    ("info", "why"),
    [
        (member("../up", b"x"), "leads out"),
        (member("a/../../up", b"x"), "leads out"),
        (member("/etc/passwd", b"x"), "leads out"),
        (member("n" * 1100, b"x"), "too long"),
        (member("dev", type=tarfile.CHRTYPE), "a device"),
        (member("pipe", type=tarfile.FIFOTYPE), "a device"),
        (member("hard", type=tarfile.LNKTYPE, linkname="/etc/passwd"), "hard link out"),
        (member("hard", type=tarfile.LNKTYPE, linkname="../x"), "hard link out"),
    ],
)
def test_members_that_lead_out_are_skipped_and_told(info, why):
    tree = read(tar_of(info, member("good", b"x")))

    assert list(tree.files) == ["good"]
    assert tree.links == {}
    assert [why in blind.why for blind in tree.blind] == [True]


def test_links_inside_are_kept():
    tree = read(
        tar_of(
            member("r/file", b"x"),
            member("r/soft", type=tarfile.SYMTYPE, linkname="file"),
            member("r/d/hard", type=tarfile.LNKTYPE, linkname="r/file"),
            member("r/out", type=tarfile.SYMTYPE, linkname="../../etc/passwd"),
        )
    )

    assert [tree.resolve(f"r/{name}") for name in ("soft", "d/hard", "out")] == ["r/file", "r/file", None]


def test_what_is_not_wanted_is_not_kept():
    seen = {}

    def keep(path, size, head):
        seen[path] = (size, head()[:2])
        return path == "a/two"

    tree = read(SMALL, keep)

    assert list(tree.files) == ["a/two"]
    assert seen == {"a/one": (700, b"11"), "a/two": (10, b"22")}


@pytest.mark.parametrize(
    ("bounds", "kept", "why"),
    [
        ({"members": 1}, ["a/one"], "more than 1 members"),
        ({"member_bytes": 500}, ["a/two"], "too large"),
        ({"kept_bytes": 705}, ["a/one"], "too large"),
        ({"total_bytes": 1000}, [], "cut|damaged|unpacks"),
    ],
)
def test_bounds_are_kept(bounds, kept, why):
    tree = read(SMALL, **bounds)

    assert set(kept) <= set(tree.files)
    if kept:
        assert list(tree.files) == kept
    assert any(part in blind.why for blind in tree.blind for part in why.split("|"))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_a_bomb_is_left_when_its_ratio_shows(pack):
    tree = read(
        pack(tar_of(member("bomb", bytes(6_000_000)), member("after", b"x"))), ratio=20, ratio_from_bytes=10_000
    )

    assert "after" not in tree.files
    assert "times its size" in tree.blind[0].why


def test_a_header_that_claims_more_than_there_may_be_is_not_believed():
    pax = tarfile.TarInfo("x")
    pax.type = tarfile.XHDTYPE
    pax.size = 1 << 40
    packed = gzip.compress(pax.tobuf() + bytes(20_000_000))
    stream = Unpacked(io.BytesIO(packed), Bounds(ratio=10_000))

    tree = read_tar("x", stream, everything)

    assert tree.files == {}
    assert stream.position <= 5_000_000
    assert tree.blind


@pytest.mark.parametrize("packer", PACKERS)
def test_an_archive_cut_anywhere_gives_what_came_before_and_says_so(packer):
    packed = PACKERS[packer](tar_of(*(member(f"f{i}", bytes([65 + i]) * 3000) for i in range(8))))
    for cut in range(1, len(packed) - 2100 if packer == "tar" else len(packed) - 20, 97):
        tree = read(packed[:cut])
        assert tree.blind, cut
        for path in list(tree.files)[:-1]:
            assert bytes(tree.read(path)) == bytes([65 + int(path[1:])]) * 3000


def test_a_cut_archive_names_the_member():
    tree = read(SMALL[: 512 + 300])

    assert tree.read("a/one") == b"1" * 300
    assert [blind.why for blind in tree.blind] == ["archive is cut off at a/one"]


def test_garbage_behind_a_compressed_archive_is_padding_and_two_streams_are_one():
    assert read(gzip.compress(SMALL) + bytes(100)).blind == []
    assert sorted(read(gzip.compress(SMALL[:600]) + gzip.compress(SMALL[600:])).files) == ["a/one", "a/two"]


@pytest.mark.parametrize(
    ("path", "clean"), [("./a//b", "a/b"), ("a/./b", "a/b"), ("a/b/", "a/b"), ("", None), ("a\0b", None)]
)
def test_safe(path, clean):
    assert safe(path) == clean


def test_recognised_by_their_first_bytes():
    assert is_tar(SMALL)
    assert not is_tar(bytes(512))
    assert not is_tar(SMALL[:511])
    assert not is_tar(b"x" * 512)
    assert is_zip(b"PK\x03\x04....")
    assert not is_zip(b"PK..")


def zip_of(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_zip_is_read_within_the_same_bounds():
    packed = zip_of({"a/one": b"1", "../up": b"2", "bomb": bytes(30_000_000), "d/": b""})

    tree = read_zip("x.zip", io.BytesIO(packed), everything, Bounds(ratio=20))

    assert {path: tree.read(path) for path in tree.files} == {"a/one": b"1"}
    assert [blind.what for blind in tree.blind] == ["x.zip:../up", "x.zip:bomb"]


def test_a_damaged_zip():
    packed = bytearray(zip_of({"one": b"1" * 900, "two": b"2"}))
    with pytest.raises(Unusable, match="not a whole zip"):
        read_zip("x.zip", io.BytesIO(packed[:60]), everything)
    packed[36] ^= 255
    tree = read_zip("x.zip", io.BytesIO(packed), everything)
    assert tree.read("two") == b"2"
    assert tree.blind[0].what == "x.zip:one"


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_damaged_headers_raise_nothing(data):
    packed = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 8))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))

    tree = read(bytes(packed))

    assert sum(len(tree.read(path)[:]) for path in tree.files) <= len(packed)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=2000), st.sampled_from([b"\x1f\x8b\x08", b"\xfd7zXZ\x00", b"BZh9", b"PK\x03\x04", b""]))
def test_any_bytes_raise_nothing_but_unusable(data, magic):
    read(magic + data)
    stream = Unpacked(io.BytesIO(magic + data))
    assert len(stream.read(5000)) <= 5000
    try:
        read_zip("x", io.BytesIO(magic + data), everything)
    except Unusable as error:
        assert str(error).startswith("x: ")  # noqa: PT017 - some are read
