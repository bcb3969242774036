import io
import os
import stat
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind
from brimful.roots.base import Counters, Document, Unusable
from brimful.roots.capture import MANIFEST, CaptureRoot, collect, file_name, save
from brimful.roots.detect import open_roots

REQUESTS = ("/proc/net/snmp", "ethtool -S {interface}", "ip {options} link", "nothing")
ODD = ["eth0", "eth0/../../x", "..", "a b", "", "é\n", "x" * 300, "y" * 300]


class Fake:
    name, kind, path, identity = "host", "live", "/", "host 77"

    def __init__(self):
        self.asked = 0

    def documents(self, request):
        self.asked += 1
        at = Moment(1000 + self.asked, "realtime", 5, monotonic_ns=self.asked)
        whole = b"".join(b"line %d\n" % n for n in range(self.asked))
        if request == "/proc/net/snmp":
            yield Document(request, request, b"Ip: %d\n" % self.asked, at=at, boot="b")
        elif request.startswith("ethtool"):
            for name in ODD:
                counters = Counters(("rx", "rx"), (self.asked, (1 << 64) - 1))
                yield Document(f"ethtool -S {name}", "f", b"", of={"interface": name}, at=at, counters=counters)
        elif request.startswith("ip"):
            yield Document("ip -s link", "f", whole, of={"options": "-s"}, end=7)
            yield Document("ip -d link", "f", whole, of={"options": "-d"}, start=7)

    def blind(self):
        return [Blind("ethtool -S", "not permitted", "CAP_NET_ADMIN")]


def left(folder):
    return [path.name for path in folder.iterdir()]


def everything(root):
    def one(document):
        counters = document.counters and (document.counters.names, document.counters.values)
        lines = document.lines(), [document.origin(n) for n in range(len(document.lines()) + 1)]
        return (document.name, document.file, document.of, document.at, document.boot, counters, lines)

    answers = [[one(document) for document in root.documents(request)] for request in REQUESTS]
    return answers, root.blind(), root.name, root.identity


def taken(tmp_path, turns=range(3)):
    out = tmp_path / "x.tar.gz"
    recording = save(lambda: collect(Fake(), REQUESTS, turns), str(out))
    return out, recording


def broken(error):
    """Turns of which the second never comes."""
    yield 0
    raise error


def repack(out, change, prefix=""):
    with tarfile.open(out) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
    with tarfile.open(out, "w:gz") as tar:
        for name, data in change(files).items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def test_a_capture_answers_exactly_as_what_was_recorded(tmp_path, catalog):
    out, recording = taken(tmp_path)

    (read_back,) = open_roots(str(out), catalog)

    assert isinstance(read_back, CaptureRoot)
    assert (read_back.kind, read_back.path) == ("capture", str(out))
    assert everything(read_back) == everything(recording)
    assert [d.at.monotonic_ns for d in read_back.documents("/proc/net/snmp")] == [1, 5, 9]
    assert len(list(read_back.documents("ethtool -S {interface}"))) == 3 * len(ODD)


def test_a_capture_may_be_unpacked_or_packed_anew(tmp_path, catalog):
    out, recording = taken(tmp_path)
    (tmp_path / "d").mkdir()
    with tarfile.open(out) as tar:
        tar.extractall(tmp_path / "d", filter="data")
    (unpacked,) = open_roots(str(tmp_path / "d"), catalog)
    repack(out, lambda files: dict(reversed(files.items())), prefix="top/")
    (anew,) = open_roots(str(out), catalog)

    assert everything(unpacked) == everything(recording)
    assert everything(anew) == everything(recording)


def test_a_sample_is_taken_each_turn_when_it_is_due():
    root = Fake()
    asked = []

    def turns():
        for turn in range(3):
            asked.append(root.asked)
            yield turn

    recording = collect(root, REQUESTS[:1], turns())

    assert asked == [0, 1, 2]
    assert [[request for request, _ in documents] for _, documents in recording.samples] == [["/proc/net/snmp"]] * 3
    assert recording.samples[0][0].monotonic_ns < recording.samples[1][0].monotonic_ns


def test_the_file_is_for_its_owner_only_and_nothing_is_left_beside_it(tmp_path):
    out, _ = taken(tmp_path)

    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert left(tmp_path) == ["x.tar.gz"]


def test_names_in_the_archive_are_those_people_know(tmp_path):
    out, _ = taken(tmp_path)

    with tarfile.open(out) as tar:
        names = tar.getnames()
    assert names[0] == MANIFEST
    assert {"1/proc/net/snmp", "2/proc/net/snmp", "3/commands/ip_-s_link"} <= set(names)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/proc/net/snmp", "proc/net/snmp"),
        ("ethtool -S eth0", "commands/ethtool_-S_eth0"),
        ("ethtool -S a/b", "commands/ethtool_-S_a.b"),
        ("/proc/../../etc", "proc/%2E%2E/%2E%2E/etc"),
        ("/", "_"),
        ("a\n*", "commands/a%0A%2A"),
    ],
)
def test_file_name(name, path):
    assert file_name(name) == path


@settings(deadline=None, max_examples=150)
@given(st.text())
def test_a_file_name_never_leads_out(name):
    path = file_name(name)

    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/"))
    assert max(len(part) for part in path.split("/")) <= 180


class Full(io.RawIOBase):
    def write(self, _data):
        raise OSError(28, "No space left on device")

    def writable(self):
        return True


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def refuse(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(Unusable, match=r"x\.tar\.gz: cannot be written: No space left on device"):
        taken(tmp_path)
    assert left(tmp_path) == []


def test_a_full_device_while_writing_leaves_nothing_behind(tmp_path, monkeypatch):
    kept = os.fdopen

    def full(handle, mode, **more):
        kept(handle, mode, **more).close()
        return io.BufferedWriter(Full(), 8)

    recording = collect(Fake(), REQUESTS, range(1))
    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(Unusable, match="No space left on device"):
        save(lambda: recording, str(tmp_path / "x.tar.gz"))
    assert left(tmp_path) == []


@pytest.mark.parametrize("path", ["none/x.tar.gz", "", "/proc/x.tar.gz", "a\0b"])
def test_where_nothing_can_be_written(tmp_path, path):
    with pytest.raises(Unusable, match="cannot be written"):
        save(lambda: collect(Fake(), REQUESTS, range(1)), str(tmp_path / path))
    assert left(tmp_path) == []


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        taken(tmp_path, broken(KeyboardInterrupt()))
    assert left(tmp_path) == []


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path):
    out, _ = taken(tmp_path)
    before = out.read_bytes()

    with pytest.raises(Unusable):
        taken(tmp_path, broken(OSError(5, "Input/output error")))
    assert out.read_bytes() == before


def test_a_missing_or_short_text_is_told(tmp_path, catalog):
    out, _ = taken(tmp_path)

    def damage(files):
        return {n: d[:3] if n.startswith("2/commands/ip") else d for n, d in files.items() if n != "1/proc/net/snmp"}

    repack(out, damage)
    (root,) = open_roots(str(out), catalog)

    assert len(list(root.documents("/proc/net/snmp"))) == 2
    assert len(list(root.documents("ip {options} link"))) == 4
    assert [blind.why.rpartition(" is ")[2] for blind in root.blind()][1:] == [
        "missing from the capture",
        "not as long as it was recorded",
        "not as long as it was recorded",
    ]


@pytest.mark.parametrize(
    "damage", [lambda d: d[:-9], lambda d: d.replace(b'"format": 1', b'"format": 9'), lambda _: b"[" * 9999]
)
def test_a_damaged_manifest_leaves_the_files_to_be_read(tmp_path, catalog, damage):
    out, _ = taken(tmp_path)
    repack(out, lambda files: files | {MANIFEST: damage(files[MANIFEST])})

    roots = open_roots(str(out), catalog)

    assert [(root.kind, root.name) for root in roots] == [("folder", f"x.tar.gz/{n}") for n in "123"]
    assert len(list(roots[0].documents("/proc/net/snmp"))) == 1
    assert "manifest" in roots[0].blind()[0].why or "format 9" in roots[0].blind()[0].why


class Flickering(Fake):
    """What it cannot see in one turn it sees in the next."""

    def blind(self):
        return [Blind(f"turn {self.asked}", "not permitted")]


def test_what_was_not_seen_in_one_turn_is_told_of_all():
    blind = collect(Flickering(), REQUESTS[3:], range(3)).blind()
    assert [one.what for one in blind] == ["turn 1", "turn 2", "turn 3"]


def test_an_interface_that_went_away_is_named():
    class Going(Fake):
        def documents(self, request):
            for name in ("eth0", "veth1")[: 2 - self.asked // 2]:
                yield Document(request, "f", b"", of={"interface": name})
            self.asked += 1

    recording = collect(Going(), REQUESTS[1:2], range(3))

    assert [(b.what, b.why.partition(":")[0]) for b in recording.blind()[1:]] == [
        ("veth1", "was there in 2 of 3 samples")
    ]


def test_nothing_is_watched_for_a_file_that_cannot_be_written(tmp_path):
    def take():
        raise AssertionError

    with pytest.raises(Unusable, match="cannot be written"):
        save(take, str(tmp_path / "none" / "x.tar.gz"))
