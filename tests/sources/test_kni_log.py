import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.evidence.event import Event
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources import SOURCES
from brimful.sources.kni_log import kni_log

CAPTURES = Path(__file__).parents[1] / "captures" / "kni_log"
ARTICLE = (CAPTURES / "article" / "log.txt").read_bytes()
FORMS = (CAPTURES / "forms" / "log.txt").read_bytes()
A = ARTICLE.decode().splitlines()[0]
STATEMENT = 'RTE_LOG(ERR, KNI, "Out of memory from Backup pool, kni port %s, socket_id=%d, total=%d, iter=%d\\n", kni->name, rte_socket_id(), kni->oom_backup_warn, i)'


def read(text, **of):
    data = text if isinstance(text, bytes) else text.encode()
    return list(kni_log(Document("log", "file", data, of=of)))


def test_the_two_lines_of_the_article():
    log, task = read(ARTICLE)
    assert (log.kind, log.place, str(log.at)) == ("kni.out_of_memory", "card 3/cpbond0", "2023-11-16T14:18:03Z")
    assert log.at.zone_known
    assert log.fields == {
        "total_signed": -130952296,
        "total": 4_164_015_000,
        "iter": 27,
        "pid": "7387",
        "variant": "A",
        "zone_offset_s": -18000,
    }
    assert (task.kind, task.place, str(task.at)) == (
        "kni.out_of_memory",
        "unknown card/cpbond0",
        "2023-11-15T17:20:30Z",
    )
    assert not task.at.zone_known
    assert task.fields == {
        "total_signed": -759247296,
        "total": 3_535_720_000,
        "iter": 25,
        "pid": "7387",
        "variant": "C",
    }
    assert log.fields["total"] - task.fields["total"] == 628_295_000
    assert [(event.origin.file, event.origin.line, event.origin.raw) for event in (log, task)] == [
        ("file", number, line) for number, line in enumerate(ARTICLE.decode().splitlines(), 1)
    ]


def test_the_other_forms():
    relayed, backup, direct, upstream, bare = read(FORMS)
    assert (relayed.place, str(relayed.at)) == ("card 3/cpbond0", "2023-11-16T14:18:03Z")
    assert (relayed.fields["variant"], "zone_offset_s" in relayed.fields) == ("B", False)
    assert (backup.kind, backup.place) == ("kni.backup_pool_exhausted", "card 12/cpbond0")
    assert (backup.fields["variant"], backup.fields["total"]) == ("D", 5000)
    assert (direct.place, direct.fields["pid"], direct.fields["total"]) == ("card 10/cpeth0", "7390", 2**31 - 1)
    assert (str(direct.at), direct.at.zone_known) == ("2023-11-16T09:18:04Z", False)
    assert (upstream.kind, upstream.place, upstream.at) == ("kni.out_of_memory", "unknown card", None)
    assert upstream.fields == {"variant": "upstream"}
    assert (bare.kind, bare.place, bare.fields["iter"]) == ("kni.backup_pool_exhausted", "unknown card/cpbond0", 3)


def test_the_event_logger_is_not_the_card_it_happened_on():
    (event,) = read(A.replace("CPU[3/0]: Nov 16 14:18:03 iftask[7387]: ", ""))
    assert event.place == "unknown card/cpbond0"
    assert "pid" not in event.fields


def test_a_given_zone_is_for_lines_with_a_local_stamp_only():
    line = FORMS.decode().splitlines()[2]
    (event,) = read(line, zone="-18000")
    assert (str(event.at), event.at.zone_known) == ("2023-11-16T14:18:04Z", True)
    (event,) = read(A, zone="3600")
    assert (str(event.at), event.fields["zone_offset_s"]) == ("2023-11-16T14:18:03Z", -18000)


def test_stamps_too_far_apart_reveal_no_zone():
    (event,) = read(A.replace("Nov 16 14:18:03", "Nov 16 14:10:03"))
    assert "zone_offset_s" not in event.fields


def test_new_year_between_the_two_stamps():
    (event,) = read(
        A.replace("2023-Nov-16+09:18:03.205", "2023-Dec-31+21:00:00.000").replace("Nov 16 14:18:03", "Jan  1 02:00:00")
    )
    assert (str(event.at), event.fields["zone_offset_s"]) == ("2024-01-01T02:00:00Z", -18000)


def test_an_impossible_day_leaves_the_stamp_of_the_line():
    (event,) = read(A.replace("Nov 16 14:18:03", "Feb 30 14:18:03"))
    assert (str(event.at), event.at.zone_known) == ("2023-11-16T09:18:03.205Z", False)


@pytest.mark.parametrize(
    ("signed", "total"), [(0, 0), (5000, 5000), (-1, 2**32 - 1), (-(2**31), 2**31), (2**32 - 1, 2**32 - 1)]
)
def test_the_total_is_unwrapped(signed, total):
    (event,) = read(A.replace("-130952296", str(signed)))
    assert (event.fields["total_signed"], event.fields["total"]) == (signed, total)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("total=-130952296", "total=4294967296"),
        ("total=-130952296", "total=-2147483649"),
        ("total=-130952296", "total="),
        ("total=-130952296", "total=1²"),
        (", iter=27", ""),
        ("cpbond0", ""),
    ],
)
def test_a_damaged_line_costs_itself(old, new):
    (bad, good) = read(f"{A.replace(old, new)}\n{A}\n")
    assert isinstance(bad, Unread)
    assert bad.origin.line == 1
    assert isinstance(good, Event)


@pytest.mark.parametrize(
    "line",
    [
        STATEMENT,
        "KNI: Out of Memory errors are produced",
        "Troubleshoot KNI: Out of memory",
        "the KNI: Out of memory errors",
        "iftask[7387]: KNI: Out of memory errors follow",
        "Out of memory: Killed process 1234 (iftask)",
        "Out of memory",
        "KNI: Out of memory from Backup pool",
        "",
    ],
)
def test_what_only_speaks_of_it_is_nothing(line):
    assert read(line) == []


@pytest.mark.parametrize(
    "before", ["", "EAL: ", "PMD[3]", "Nov 16 14:18:03 host testpmd[12]: ", "Wed Nov 15 17:20:30 2023 PID:7387 "]
)
def test_the_bare_upstream_line_is_found_in_any_log(before):
    (event,) = read(f"{before}KNI: Out of memory \r\n")
    assert event.fields["variant"] == "upstream"


def test_lines_are_numbered_in_the_file_not_in_the_region():
    data = f"one\ntwo\n{A}\nfour\n{A}\n".encode()
    events = list(kni_log(Document("log", "file", data, start=4)))
    assert [event.origin.line for event in events] == [3, 5]
    assert [event.origin.line for event in kni_log(Document("log", "file", data, start=4, end=len(data) - 200))] == [3]


def test_no_line_is_split_off():
    document = Document("log", "file", ARTICLE)
    list(kni_log(document))
    assert document.lines_read == 0


@pytest.mark.parametrize(
    ("text", "found"), [(ARTICLE, True), (FORMS, True), (STATEMENT.encode(), False), (b"KNI: Out of memory\n", True)]
)
def test_it_is_recognised_without_a_name(text, found):
    assert bool(re.search(SOURCES["kni_log"].looks_like, text.decode(), re.MULTILINE)) is found


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.sampled_from([A, *FORMS.decode().split(" "), "\n", "Feb 30 ", "CPU[9/9]: ", "[local-60sec99]", "total=-"])
    ).map("".join)
)
def test_any_mixture_is_read(text):
    for item in read(text):
        assert isinstance(item, Unread) or item.place
