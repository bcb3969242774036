from pathlib import Path

import pytest

from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.gtpc_log import gtpc_log

CAPTURES = Path(__file__).parents[1] / "captures" / "gtpc_log"
ARTICLE = (CAPTURES / "article" / "log.txt").read_bytes()
TRAPS = (CAPTURES / "traps" / "show_snmp_trap_history_verbose.txt").read_bytes()
LINE = ARTICLE.decode().strip()


def read(text, **of):
    data = text if isinstance(text, bytes) else text.encode()
    return list(gtpc_log(Document("log", "file", data, of=of)))


def test_the_line_of_the_article():
    (event,) = read(ARTICLE)
    assert (event.kind, event.place, event.fields) == ("gtpc.path_failure", "card 6", {"peer": "Y.Y.Y.Y"})
    assert (str(event.at), event.at.zone_known) == ("2023-10-23T00:14:33.780Z", True)
    assert (event.origin.file, event.origin.line, event.origin.raw) == ("file", 1, LINE)


def test_the_same_in_the_local_log():
    local = "2023-Oct-22+9:14:33.780 " + LINE[LINE.index("[egtpmgr") :].replace("<Y.Y.Y.Y>", "192.0.2.7")
    (event,) = read(local)
    assert (str(event.at), event.at.zone_known) == ("2023-10-22T09:14:33.780Z", False)
    assert (event.place, event.fields) == ("card 6", {"peer": "192.0.2.7"})
    (event,) = read(local, zone="-18000")
    assert (str(event.at), event.at.zone_known) == ("2023-10-22T14:14:33.780Z", True)


def test_the_event_logger_is_not_the_card():
    (event,) = read(LINE.replace("<egtpegmgr:3>", "<evlogd:0>"))
    assert event.place == ""


def test_a_writer_without_angles_is_a_card():
    (event,) = read(LINE.replace("<egtpegmgr:3>", "cli:8000609"))
    assert event.place == "card 6"


def test_traps():
    failed, restored, busy = read(TRAPS)
    assert (failed.kind, failed.place, failed.fields) == ("gtpc.path_failure", "", {"peer": "192.0.2.7"})
    assert (str(failed.at), failed.at.zone_known) == ("2022-08-10T09:54:52Z", False)
    assert (restored.kind, restored.fields, str(restored.at)) == (
        "gtpc.path_restored",
        {"peer": "192.0.2.7"},
        "2022-08-10T09:55:30Z",
    )
    assert (busy.kind, busy.place, busy.fields) == ("cpu.warning", "card 6", {})
    assert [event.origin.line for event in (failed, restored, busy)] == [7, 8, 9]


def test_traps_are_in_the_zone_that_was_given():
    assert str(read(TRAPS, zone="-14400")[0].at) == "2022-08-10T13:54:52Z"


@pytest.mark.parametrize(
    "line",
    [
        "Wed Aug 10 09:54:52 2022 Internal trap notification 1113 (EGTPCPathFail) context x",
        "Wed Aug 10 09:54:52 2022 Internal trap notification 1112 (CPUWarn) context x",
        "Wed Aug 10 09:54:52 2022 Internal trap notification 1999 (EGTPCPathFail) context x",
        "Wed Aug 10 09:54:52 2022 Internal trap notification 1215 (Something) context x",
    ],
)
def test_a_trap_that_contradicts_itself_costs_one_line(line):
    (item,) = read(line)
    assert isinstance(item, Unread)
    assert item.origin.raw == line


def test_a_trap_of_no_day_has_no_time():
    (event,) = read("Wed Feb 30 09:54:52 2022 Internal trap notification 1112 (EGTPCPathFail) context x")
    assert (event.at, event.fields) == (None, {})


@pytest.mark.parametrize(
    "line",
    ["Internal trap notification 1", "Internal trap notification 1001 (CardUp) card 6", "gtpc path failures", ""],
)
def test_other_lines_are_nothing(line):
    assert read(line) == []
