import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brimful.roots.base import Unusable
from brimful.roots.compressed import Bounds
from brimful.roots.detect import group, open_roots

NIC = b"NIC statistics:\n     rx_missed_errors: 5\n"
SNMP = b"Ip: Forwarding DefaultTTL\nIp: 1 64\n"
STAROS = (
    b"******** show cloud monitor dataplane ******* \r\nTuesday October 24 11:21:46 EDT 2023\r\nCard 2\r\n"
    b"******** show iftask stats ******* \nTuesday October 24 11:22:06 EDT 2023\n"
)
S = "ethtool -S {interface}"
PACKERS = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}


def tar_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            if isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
                tar.addfile(info)
            else:
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


SOS = tar_of(
    {
        "s/etc/passwd": b"x" * 100,
        "s/proc/net": "self/net",
        "s/proc/self": "9",
        "s/proc/9/net/snmp": SNMP,
        "s/sos_commands/networking/ethtool_-S_eth0": NIC,
        "s/sos_commands/date/date": b"Fri Feb 11 19:23:39 UTC 2022\n",
        "s/etc/hostname": b"web1\n",
        "s/notes/eth9": NIC,
    }
)


def opened(tmp_path, catalog, name, data, **more):
    (tmp_path / name).write_bytes(data)
    return open_roots(str(tmp_path / name), catalog, **more)


@pytest.mark.parametrize("packer", PACKERS)
def test_a_sosreport_in_every_framing(tmp_path, catalog, packer):
    (root,) = opened(tmp_path, catalog, "any.name", PACKERS[packer](SOS))

    assert (root.kind, root.name, root.identity) == ("sosreport", "any.name", "web1")
    assert [d.name for d in root.documents(S)] == ["ethtool -S eth0"]
    assert [(d.name, bytes(d.data)) for d in root.documents("/proc/net/snmp")] == [("/proc/net/snmp", SNMP)]
    assert next(root.documents(S)).file == f"{tmp_path}/any.name:s/sos_commands/networking/ethtool_-S_eth0"
    assert root.blind() == []


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_single_output(tmp_path, catalog, packer, ends):
    (root,) = opened(tmp_path, catalog, "eth7.txt", PACKERS[packer](NIC.replace(b"\n", ends)))
    (document,) = root.documents(S)

    assert (root.kind, root.name, root.path) == ("file", "eth7.txt", f"{tmp_path}/eth7.txt")
    assert (document.of, document.file) == ({"interface": "eth7"}, f"{tmp_path}/eth7.txt")
    assert document.origin(2).raw == "rx_missed_errors: 5"


@pytest.mark.parametrize("packer", PACKERS)
def test_staros_text(tmp_path, catalog, packer):
    roots = opened(tmp_path, catalog, "capture.log", PACKERS[packer](STAROS))

    assert {root.kind for root in roots} == {"staros"}


def test_a_folder_may_hold_both(tmp_path, catalog):
    (tmp_path / "ssd").write_bytes(STAROS)
    (tmp_path / "ethtool_-S_eth0.gz").write_bytes(gzip.compress(NIC))
    roots = open_roots(str(tmp_path), catalog)

    assert sorted({root.kind for root in roots}) == ["folder", "staros"]
    assert [bytes(d.data) for root in roots for d in root.documents(S)] == [NIC]


def test_an_archive_may_hold_both(tmp_path, catalog):
    roots = opened(tmp_path, catalog, "x", tar_of({"a/ssd": STAROS, "a/eth0": NIC, "a/junk": b"\0\1" * 600}))

    assert sorted({root.kind for root in roots}) == ["folder", "staros"]


def test_archives_in_a_folder_are_roots_of_their_own(tmp_path, catalog):
    (tmp_path / "one").write_bytes(gzip.compress(SOS))
    (tmp_path / "two").write_bytes(lzma.compress(SOS.replace(b"web1", b"web2")))
    (tmp_path / "cut").write_bytes(gzip.compress(SOS)[:60])
    (tmp_path / "eth0").write_bytes(NIC)
    roots = open_roots(str(tmp_path), catalog)

    assert sorted((root.kind, root.identity) for root in roots) == [
        ("folder", ""),
        ("sosreport", "web1"),
        ("sosreport", "web2"),
    ]


def test_standard_input(tmp_path, catalog, monkeypatch):
    class Standard:
        buffer = io.BytesIO(gzip.compress(SOS))

    monkeypatch.setattr(sys, "stdin", Standard)
    (root,) = open_roots("-", catalog)
    assert (root.name, len(list(root.documents(S)))) == ("standard input", 1)

    Standard.buffer = io.BytesIO(NIC)
    (root,) = open_roots("-", catalog)
    assert [d.file for d in root.documents(S)] == ["standard input"]

    Standard.buffer = io.BytesIO(NIC)
    with pytest.raises(Unusable, match="standard input: more than 10 bytes"):
        open_roots("-", catalog, bounds=Bounds(kept_bytes=10))


def test_a_pipe_of_the_shell_is_read_like_standard_input(catalog):
    source, feed = os.pipe()
    os.write(feed, NIC)
    os.close(feed)
    try:
        (root,) = open_roots(f"/dev/fd/{source}", catalog)
    finally:
        os.close(source)
    assert len(list(root.documents(S))) == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(NIC)[:5], "cut off"),
        (b"\x1f\x8b\x08\xff" + b"?" * 50, "damaged"),
        (bytes(range(256)) * 20, "is binary"),
        (gzip.compress(gzip.compress(gzip.compress(NIC))), "is compressed more than once"),
        (b"hello\n", "nothing in it that brimful knows"),
        (tar_of({"a": b"x"}), "nothing in it that brimful knows"),
        (tar_of({"../a": b"x"}), "nothing in it that brimful knows (.*leads out"),
    ],
)
def test_wrong_input_is_one_line_that_names_the_file(tmp_path, catalog, data, why):
    with pytest.raises(Unusable) as caught:
        opened(tmp_path, catalog, "file", data)

    text = str(caught.value)
    assert text.startswith(f"{tmp_path}/file: ")
    assert why.split("(")[0].strip() in text
    assert "\n" not in text


def test_what_is_neither_a_file_nor_a_folder(tmp_path, catalog):
    os.mkfifo(tmp_path / "pipe")
    for path, why in [
        (str(tmp_path / "pipe"), "neither a file nor a folder"),
        ("/dev/null", "neither a file nor a folder"),
        (str(tmp_path / "none"), "No such file"),
        ("a\0b", "null"),
        (str(tmp_path), "nothing in it"),
    ]:
        with pytest.raises(Unusable, match=why):
            open_roots(path, catalog)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_gets_one_line():
    program = (
        "import os, sys\n"
        "from brimful.roots.base import Unusable\n"
        "from brimful.roots.catalog import Catalog\n"
        "from brimful.roots.detect import open_roots\n"
        "os.setuid(65534)\n"
        "for path in sys.argv[1:]:\n"
        "    try: print([blind.why for root in open_roots(path, Catalog([(('date',), '')])) for blind in root.blind()])\n"
        "    except Unusable as error: print(error)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        top.chmod(0o755)
        (top / "file").write_bytes(NIC)
        (top / "file").chmod(0o600)
        (top / "shut").mkdir(mode=0o700)
        (top / "open").mkdir(mode=0o755)
        (top / "open" / "date").write_bytes(NIC)
        (top / "open" / "shut").mkdir(mode=0o700)
        (top / "named").mkdir(mode=0o755)
        (top / "named" / "x").write_bytes(NIC)
        (top / "named" / "x").chmod(0o600)
        paths = [f"{top}/{name}" for name in ("file", "shut", "open", "named")]
        out = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=False)

    assert out.stderr == ""
    assert out.stdout.splitlines() == [
        f"{top}/file: Permission denied",
        f"{top}/shut: Permission denied",
        "['Permission denied']",
        f"{top}/named: nothing in 1 files that brimful knows ({top}/named/x: Permission denied)",
    ]


@pytest.mark.parametrize("packer", PACKERS)
def test_a_file_cut_anywhere_is_read_or_unusable(tmp_path, catalog, packer):
    outcomes = set()
    for text in (SOS, STAROS, NIC):
        packed = PACKERS[packer](text)
        for cut in range(1, len(packed), 97):
            try:
                outcomes |= {root.kind for root in opened(tmp_path, catalog, "x", packed[:cut])}
            except Unusable:
                outcomes.add("unusable")
    assert outcomes >= ({"unusable"} if packer else {"sosreport", "staros"})


def test_a_cut_archive_says_so(tmp_path, catalog):
    (root,) = opened(tmp_path, catalog, "x", SOS[: SOS.index(b"web1") + 2])

    assert [blind.why for blind in root.blind()] == ["archive is cut off at s/etc/hostname"]
    assert root.identity == "we"


def test_a_bomb_does_not_fill_memory(tmp_path, catalog):
    bomb = gzip.compress(tar_of({"s/proc/net/snmp": bytes(3_000_000), "s/proc/net/netstat": b"x"}))

    (root,) = opened(tmp_path, catalog, "x", bomb + b"", bounds=Bounds(member_bytes=1_000_000))

    assert list(root.documents("/proc/net/snmp")) == []
    assert "too large" in root.blind()[0].why


@pytest.mark.parametrize("data", [NIC.decode().encode("utf-16"), NIC.replace(b"\n", b"\r")], ids=["utf-16", "cr"])
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_text_of_other_systems_is_read(tmp_path, catalog, data, pack):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "eth1").write_bytes(pack(data))
    files = [*opened(tmp_path, catalog, "eth1", pack(data)), *open_roots(str(tmp_path / "d"), catalog)]
    files += opened(tmp_path, catalog, "x.tar", tar_of({"eth1": data}))

    assert [next(root.documents(S)).lines()[0] for root in files] == ["NIC statistics:"] * 3


def test_staros_text_is_known_by_a_late_line(tmp_path, catalog):
    late = b"sshd: nothing\n" * 10_000 + b"x KNI: Out of memory, kni port 3 of 6\n"

    assert [root.kind for root in opened(tmp_path, catalog, "log", late)] == ["staros"]


def test_staros_text_says_what_its_archive_hides(tmp_path, catalog):
    (root,) = opened(tmp_path, catalog, "x.tar", tar_of({"../out": b"x", "capture": STAROS}))

    assert [blind.why for blind in root.blind()] == ["leads out of the archive, or its name is too long: skipped"]


def test_a_file_that_would_wait_is_not_waited_for():
    done = subprocess.run(
        [sys.executable, "-m", "brimful", "diagnose", "/proc/kmsg"], capture_output=True, check=False, timeout=30
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, b"", 1)


def test_a_copy_of_staros_text_is_no_second_sample(tmp_path, catalog):
    text = b"[local]asr# show iftask stats\n" + STAROS
    roots = [
        *opened(tmp_path, catalog, "one", text),
        *opened(tmp_path, catalog, "copy", text + b"\n"),
        *opened(tmp_path, catalog, "later", text.replace(b"11:22:06", b"11:32:06")),
    ]

    assert [[root.name for root in found] for found in group(roots)] == [["one", "later"]]
    assert [[root.name for root in found] for found in group(roots, same_machine=True)] == [["one", "later"]]
    assert "used once" in roots[0].blind()[-1].why


def test_all_are_samples_of_one_machine_where_a_person_says_so(tmp_path, catalog):
    roots = [*opened(tmp_path, catalog, "four", NIC), *opened(tmp_path, catalog, "five", NIC)]

    assert [[root.name for root in found] for found in group(roots, same_machine=True)] == [["four", "five"]]


def test_roots_of_one_identity_are_samples_of_one_machine(tmp_path, catalog):
    later = SOS.replace(b"19:23:39", b"19:24:39")
    roots = [
        *opened(tmp_path, catalog, "one", SOS),
        *opened(tmp_path, catalog, "two", later),
        *opened(tmp_path, catalog, "three", SOS.replace(b"web1", b"web2")),
        *opened(tmp_path, catalog, "four", NIC),
        *opened(tmp_path, catalog, "five", NIC),
        *opened(tmp_path, catalog, "copy", gzip.compress(SOS)),
    ]

    groups = [[root.name for root in found] for found in group(roots)]

    assert groups == [["one", "two"], ["three"], ["four"], ["five"]]
    assert "used once" in roots[0].blind()[-1].why


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=3000), head=st.sampled_from([b"", b"\x1f\x8b\x08", b"BZh9", b"PK\x03\x04", NIC, STAROS]))
def test_any_bytes_are_read_or_unusable(tmp_path, catalog, data, head):
    try:
        roots = opened(tmp_path, catalog, "x", head + data)
    except Unusable as error:
        assert "\n" not in str(error)  # noqa: PT017 - most are read
    else:
        assert roots
        assert all(isinstance(root.blind(), list) for root in roots)
