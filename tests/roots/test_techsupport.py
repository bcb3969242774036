"""What SONiC's `show techsupport` saves: databases as JSON, two of them with their times, in one archive."""

import io
import json
import tarfile

import pytest

from brimful.cli.options import catalog as known
from brimful.evidence.moment import SECOND, Moment
from brimful.roots.detect import open_roots

COUNTERS = "sonic-db-dump -n COUNTERS_DB -y"
OF_ASIC = "sonic-netns-exec asic{asic} sonic-db-dump -n COUNTERS_DB -y"
AT = 1795276117 * SECOND
"""2026-11-21T15:48:37Z."""


def database(value):
    return json.dumps({"COUNTERS_PORT_NAME_MAP": {"Ethernet0": "oid:0x1"}, "COUNTERS:oid:0x1": {"x": value}}).encode()


FILES = {
    "sonic_dump/dump/COUNTERS_DB_1.json": database("1"),
    "sonic_dump/dump/COUNTERS_DB_2.json": database("2"),
    "sonic_dump/dump/date.counter_1": b"21/11/2026 15:48:37:123456\n",
    "sonic_dump/dump/date.counter_2": b"21/11/2026 15:49:07:123457\n",
    "sonic_dump/dump/CONFIG_DB.json": b'{"BUFFER_POOL|p": {"size": "1"}}',
    "sonic_dump/etc/hostname": b"leaf1\n",
}


def folder_of(tmp_path, files):
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return str(tmp_path)


def archive_of(tmp_path, files):
    path = tmp_path / "sonic_dump.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return str(path)


@pytest.mark.parametrize(
    ("base", "request_", "of", "sequence"),
    [
        ("COUNTERS_DB.json", COUNTERS, {}, None),
        ("COUNTERS_DB_1.json", COUNTERS, {}, 1),
        ("COUNTERS_DB.json.gz", COUNTERS, {}, None),
        ("COUNTERS_DB_2.json.0", OF_ASIC, {"asic": "0"}, 2),
        ("COUNTERS_DB.json.11", OF_ASIC, {"asic": "11"}, None),
        ("CONFIG_DB.json", "sonic-db-dump -n CONFIG_DB -y", {}, None),
        ("APPL_DB.json", "sonic-db-dump -n APPL_DB -y", {}, None),
        ("sonic-db-dump_-n_COUNTERS_DB_-y", COUNTERS, {}, None),
        ("queue.counters_1", "show queue counters", {}, 1),
        ("show_queue_watermark_unicast.txt", "show queue watermark unicast", {}, None),
    ],
)
def test_files_are_known_by_their_names(base, request_, of, sequence):
    answer = known().by_name(base)
    assert (answer.request, answer.of, answer.sequence, answer.sure) == (request_, of, sequence, True)
    assert answer.name == request_.replace("{asic}", of.get("asic", ""))


@pytest.mark.parametrize(
    "base", ["ASIC_DB.json", "COUNTERS_DB", "counters_db.json", "COUNTERS_DB_x.json", "queue.counters"]
)
def test_other_names_are_not(base):
    assert known().by_name(base) is None


@pytest.mark.parametrize("save", [folder_of, archive_of])
def test_two_samples_with_their_times(tmp_path, save):
    (root,) = open_roots(save(tmp_path, FILES), known())
    documents = list(root.documents(COUNTERS))
    assert [bytes(document.data) for document in documents] == [database("1"), database("2")]
    assert [document.at for document in documents] == [
        Moment(AT + 123456000, zone_known=False),
        Moment(AT + 30 * SECOND + 123457000, zone_known=False),
    ]
    assert root.blind() == []


def test_the_zone_that_is_given_is_that_of_these_times(tmp_path):
    (root,) = open_roots(folder_of(tmp_path, FILES), known(), 3600)
    assert next(iter(root.documents(COUNTERS))).at == Moment(AT + 123456000 - 3600 * SECOND)


@pytest.mark.parametrize("date", [None, b"", b"yesterday", b"31/02/2026 15:48:37:123456", b"21/11/2026 15:48:37"])
def test_without_their_times_the_samples_keep_their_order(tmp_path, date):
    files = {name: date if "date" in name else data for name, data in FILES.items()}
    (root,) = open_roots(folder_of(tmp_path, {name: data for name, data in files.items() if data is not None}), known())
    documents = list(root.documents(COUNTERS))
    assert [bytes(document.data) for document in documents] == [database("1"), database("2")]
    assert [document.at for document in documents] == [None, None]


def test_each_asic_has_samples_of_its_own(tmp_path):
    files = {
        f"dump/COUNTERS_DB_{sample}.json.{asic}": database(f"{sample}{asic}") for sample in (1, 2) for asic in (0, 1)
    }
    (root,) = open_roots(folder_of(tmp_path, files), known())
    assert [(document.of["asic"], bytes(document.data)) for document in root.documents(OF_ASIC)] == [
        ("0", database("10")),
        ("0", database("20")),
        ("1", database("11")),
        ("1", database("21")),
    ]
