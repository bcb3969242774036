import mmap
from datetime import timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brimful.evidence.event import Event, Fact
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Frame
from brimful.evidence.origin import Unread
from brimful.roots.staros import StarosRoot, looks_like_staros
from brimful.sources import SOURCES

EXAMPLES = Path(__file__).parents[2] / "examples"
ARTICLE = (EXAMPLES / "staros-kni.txt").read_bytes()
APPLICATION = (EXAMPLES / "staros-kni-application.txt").read_bytes()
ONE_SAMPLE = (EXAMPLES / "staros-one-sample.txt").read_bytes()
COMMANDS = (
    "show session recovery status verbose",
    "show cloud monitor di-network detail",
    "show cloud monitor controlplane",
    "show cloud monitor dataplane",
    "show iftask stats",
)
READERS = ("session_recovery", "di_network", "controlplane", "dataplane", "iftask", "kni_log", "gtpc_log")
DATE = "Tuesday October 24 11:21:46 EDT 2023"
STATS = "show iftask stats"


def split(text, zone=None):
    return StarosRoot.split("name", "file", text if isinstance(text, bytes) else text.encode(), zone)


def one(text, zone=None):
    (root,) = split(text, zone)
    return root


def bodies(root, request):
    return [document.data[document.start : document.end].decode() for document in root.documents(request)]


def read(root):
    for name in READERS:
        for request in SOURCES[name].requests:
            for document in root.documents(request):
                yield from SOURCES[name](document)


def test_the_article_is_five_tables_and_a_log():
    root = one(ARTICLE)
    assert (root.name, root.kind, root.path, root.identity) == ("name", "staros", "file", "")
    assert [section.command for section in root.sections] == ["", *COMMANDS]
    times = [str(document.at) for command in COMMANDS for document in root.documents(command)]
    assert times == [f"2023-10-24T15:{t}Z" for t in ("23:45", "23:51", "24:22", "21:46", "22:06")]
    (log,) = root.documents("log")
    assert (log.start, log.end, log.at, log.first_line) == (0, len(ARTICLE), None, 1)
    assert root.blind() == []


def test_everything_the_article_prints_is_read():
    items = list(read(one(ARTICLE)))
    assert [item for item in items if isinstance(item, Unread)] == []
    kinds = {kind: sum(isinstance(item, kind) for item in items) for kind in (Frame, Fact, Event)}
    assert kinds == {Frame: 4, Fact: 33, Event: 3}


def test_an_origin_is_a_line_of_the_file():
    lines = ARTICLE.decode().split("\n")
    evidence = Evidence(read(one(ARTICLE)))
    origins = [reading.origin for reading in evidence.all_readings()]
    origins += [event.origin for event in evidence.events("kni.out_of_memory")]
    assert len(origins) > 300
    for origin in origins:
        assert origin.raw == lines[origin.line - 1].strip()


def test_two_samples_of_a_terminal_give_rates():
    root = one(APPLICATION)
    assert root.identity == "chassis-a"
    evidence = Evidence(read(root))
    rose = {r.series.raw: r.delta for r in evidence.readings("kni.queue.dropped", place="card 6")}
    assert rose == {"kni_drops": 3600, "kni_thread_drops": 600, "cpeth0_drops": 0}
    assert {r.seconds for r in evidence.readings("kni.queue.dropped")} == {60.0}
    assert evidence.unread == []
    assert evidence.facts("staros.demux_card")[0].place == "card 6"


def test_one_sample_without_loss():
    evidence = Evidence(read(one(ONE_SAMPLE)))
    assert {r.delta for r in evidence.readings("kni.queue.dropped")} == {None}
    assert {f.value for f in evidence.facts("fabric.health")} == {"Good"}
    assert (evidence.unread, evidence.blind) == ([], [])


@pytest.mark.parametrize(
    "header",
    [
        "******** show iftask stats ******* ",
        "****** show iftask stats *****",
        "  ************* show   iftask  stats ************",
        "\f******** show iftask stats *******",
        "********\N{NO-BREAK SPACE}show\N{NO-BREAK SPACE}iftask stats *******\N{NO-BREAK SPACE}",
        "******** SHOW iftask Stats *******",
        "******** show iftask stats | grep kni *******",
        "[local]host_name# show iftask stats",
        "[local]host_name> show iftask stats",
        "[mme_ctx]host-1.example# show iftask stats  ",
        "[local]host_name(config)# show iftask stats",
        " [local] host_name# show  iftask stats | more",
        "[local]host_name#\N{NO-BREAK SPACE}show iftask stats",
        "[local]host_name>\N{NO-BREAK SPACE}show iftask stats",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_headers(header, end):
    root = one(
        end.join(["before", header, "", " " + DATE + " ", "the body", "******** show other *******", "after", ""])
    )
    (document,) = root.documents(STATS)
    assert (document.name, document.file, str(document.at)) == (STATS, "file", "2023-10-24T15:21:46Z")
    assert [line.strip() for line in document.lines()] == ["the body"]
    assert document.origin(1).line == 5
    assert document.first_line == 5


@pytest.mark.parametrize(
    "header",
    [
        "show iftask stats",
        "- Collect show iftask stats outputs multiple times",
        "***** show iftask stats *****",
        "****** show iftask stats ****",
        "***** show iftask stats ******",
        "******show iftask stats******",
        "*******************",
        "local host# show iftask stats",
        "see [local]host_name# show iftask stats",
        "****** " + "x" * 600 + " *****",
    ],
)
def test_what_is_no_header(header):
    root = one(f"{header}\n{DATE}\nbody\n")
    assert list(root.documents(STATS)) == []
    assert [section.command for section in root.sections] == [""]


def test_a_command_with_more_options_is_the_request_too():
    text = "".join(
        f"******** {c} *******\n{c}\n" for c in (STATS, f"{STATS} summary", "show iftask statsx", "show iftask")
    )
    assert bodies(one(text), STATS) == [f"{STATS}\n", f"{STATS} summary\n"]
    assert [document.name for document in one(text).documents(STATS)] == [STATS, f"{STATS} summary"]


def test_requests_of_other_machines_have_no_answer():
    assert list(one(ARTICLE).documents("/proc/net/snmp")) == []


def test_both_framings_in_one_file():
    text = f"[local]a# show iftask stats\n{DATE}\none\n******** show iftask stats *******\ntwo\n[local]a# show iftask stats\nthree\n"
    root = one(text)
    assert bodies(root, STATS) == ["one\n", "two\n", "three\n"]
    assert [document.at is None for document in root.documents(STATS)] == [False, True, True]
    assert root.identity == "a"


def test_any_prompt_ends_a_section():
    text = "[local]a# show iftask stats\none\n[local]a# configure\n[local]a(config)# context x\nnoise\n[x]a#\n"
    root = one(text)
    assert bodies(root, STATS) == ["one\n"]
    assert [section.command for section in root.sections] == ["", STATS, "configure", "context x", ""]


def test_a_banner_of_any_other_command_ends_a_section():
    assert bodies(one("******** show iftask stats *******\none\n******** crash list *******\ntwo\n"), STATS) == [
        "one\n"
    ]


def test_hosts_are_not_joined():
    text = (
        "2023-Nov-16+09:18:03.205 preamble\n"
        "[local]a# show iftask stats\none\n"
        "[local]b# show iftask stats\ntwo\n"
        "[local]a# show iftask stats\nthree\n"
        "******** show iftask stats *******\nwhose\n"
    )
    roots = {root.identity: root for root in split(text)}
    assert {identity: bodies(root, STATS) for identity, root in roots.items()} == {
        "": ["whose\n"],
        "a": ["one\n", "three\n"],
        "b": ["two\n"],
    }
    assert [root.name for root in roots.values()] == ["name", "name (a)", "name (b)"]
    assert {identity: bodies(root, "log") for identity, root in roots.items()} == {
        "": ["2023-Nov-16+09:18:03.205 preamble\n", "******** show iftask stats *******\nwhose\n"],
        "a": ["[local]a# show iftask stats\none\n", "[local]a# show iftask stats\nthree\n"],
        "b": ["[local]b# show iftask stats\ntwo\n"],
    }
    (three,) = list(roots["a"].documents(STATS))[1:]
    assert three.origin(1).line == 7


def test_support_details_are_of_the_host_that_was_asked():
    text = (
        "[local]a# show support details\n******** show iftask stats *******\none\n"
        "[local]b# show clock\n******** show iftask stats *******\ntwo\n"
    )
    assert {root.identity: bodies(root, STATS) for root in split(text)} == {"": ["two\n"], "a": ["one\n"], "b": []}


def test_nothing_but_blanks_of_no_host_is_no_root():
    assert [root.identity for root in split("\n \n[local]a# show x\n[local]b# show y\n")] == ["a", "b"]


def test_a_root_of_two_hosts_has_no_identity():
    root = StarosRoot("name", "file", b"[local]a# show iftask stats\none\n[local]b# show iftask stats\ntwo\n")
    assert root.identity == ""
    assert len(bodies(root, STATS)) == 2


def test_one_host_owns_the_banners():
    root = one("******** show iftask stats *******\none\n[local]a# show version\n")
    assert root.identity == "a"
    assert bodies(root, STATS) == ["one\n"]
    assert len(bodies(root, "log")) == 1


@pytest.mark.parametrize(
    ("zone", "of"), [(timezone(timedelta(hours=-5)), {"zone": "-18000"}), (None, {}), (ZoneInfo("Asia/Tokyo"), {})]
)
def test_a_fixed_zone_is_handed_to_the_sources(zone, of):
    (document,) = one(ARTICLE, zone).documents("log")
    assert document.of == of


def test_a_given_zone_is_for_unsure_dates():
    text = (
        "******** show iftask stats *******\nTuesday October 24 11:21:46 CST 2023\nx\n"
        f"******** show iftask stats *******\n{DATE}\nx\n"
    )
    first, second = one(text, timezone(timedelta(hours=8))).documents(STATS)
    assert (str(first.at), str(second.at)) == ("2023-10-24T03:21:46Z", "2023-10-24T15:21:46Z")
    assert one(text).documents(STATS).__next__().at.zone_known is False


def test_a_date_that_is_none_stays_in_the_text():
    (document,) = one("******** show iftask stats *******\n\nTuesday February 30 11:21:46 EDT 2023\nx\n").documents(
        STATS
    )
    assert document.at is None
    assert document.lines() == ["", "Tuesday February 30 11:21:46 EDT 2023", "x"]


@pytest.mark.parametrize("tail", ["", "\n", f"\n{DATE}", f"\n{DATE}\n"])
def test_a_section_may_be_empty(tail):
    (document,) = one("******** show iftask stats *******" + tail).documents(STATS)
    assert document.lines() == []
    assert (document.at is not None) is (DATE in tail)


def test_a_map_is_read_as_bytes_are(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(ARTICLE)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        mapped = list(read(StarosRoot.split("name", "file", data)[0]))
        assert looks_like_staros(data)
        assert [i for i in mapped if not isinstance(i, Frame)] == [
            i for i in read(one(ARTICLE)) if not isinstance(i, Frame)
        ]


KNI = "KNI: Out of memory, kni port cpbond0, socket_id=0, total=5000, iter=3"


@pytest.mark.parametrize(
    "text",
    [
        ARTICLE.decode(),
        APPLICATION.decode(),
        ONE_SAMPLE.decode(),
        "******** show anything *******\n",
        "[local]a# show iftask stats\n",
        "[local]a> show cloud monitor dataplane\n",
        "2011-Dec-11+5:18:41.993 [cli 30005 info] [8/0/609 cli:8000609 _commands_cli.c:1290] [software internal system] x",
        "x [sess-mgr 1 critical] [12/1/9 <evlogd:0> a.c:1] x",
        f"Wed Nov 15 17:20:30 2023 PID:7387 {KNI}",
        f"{KNI}\n",
        "Out of memory from Backup pool, kni port cpbond0, socket_id=0, total=5000, iter=3",
        "Wed Aug 10 09:54:52 2022 Internal trap notification 1112 (EGTPCPathFail) context x",
        "x\n" * 600_000 + KNI,
        "x\n" * 600_000 + "******** show iftask stats *******\n",
    ],
)
def test_it_looks_like_staros(text):
    assert looks_like_staros(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "KNI: Out of memory\n",
        'RTE_LOG(ERR, KNI, "Out of memory from Backup pool, kni port %s, socket_id=%d"',
        "[local]Redback#show version\n",
        "[local]a# show version\n",
        "******** anything else *******\n",
        "************************\n",
        "show iftask stats",
        "the Internal trap notification (see below)",
        "[Mon Nov 20 10:00:00 2023] [error] [client 192.0.2.1] x",
        "Nov 16 14:18:03 host kernel: [ 1.5] [drm] x",
        "\0" * 100,
    ],
)
def test_it_does_not_look_like_staros(text):
    assert not looks_like_staros(text.encode())


def test_a_million_stars_cost_little():
    assert one(b"*" * 1_000_000 + b"\n" + b"****** \n" * 20_000).sections[0].end == 1_160_001


FRAMES = (b"******** show iftask stats *******", b"[local]a# show iftask stats", b"[local]b>", b"******", DATE.encode())
ROWS = (b"kni_drops 1 2", b"CARD 6 STATS", KNI.encode())
PIECES = st.sampled_from([*FRAMES, *ROWS, b"\n", b"\r\n", b"\f", b"\xc2\xa0", b"\xff", b" ", b"\0"])


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.binary(), st.lists(PIECES).map(b"".join), st.lists(PIECES).map(b"\n".join)))
def test_any_bytes_are_split_without_losing_one(data):
    looks_like_staros(data)
    roots = StarosRoot.split("name", "file", data)
    sections = sorted({section for root in roots for section in root.sections}, key=lambda s: (s.begin, s.start))
    ends = [section.end for section in sections]
    if len(roots) == 1:
        assert [section.begin for section in sections] == [0, *ends[:-1]]
        assert ends[-1] == len(data)
    for root in roots:
        spans = [(document.start, document.end) for document in root.documents("log")]
        assert sum(end - start for start, end in spans) == sum(s.end - s.begin for s in root.sections)
        assert list(read(root)) is not None
