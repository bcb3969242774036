"""The command line on the example captures: the contract of exit statuses, JSON and the first screen."""

import gzip
import json
import lzma
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "staros-kni.txt"
APPLICATION = ROOT / "examples" / "staros-kni-application.txt"
ONE_SAMPLE = ROOT / "examples" / "staros-one-sample.txt"


def brimful(*arguments, stdin=None, env=None):
    command = [sys.executable, "-m", "brimful", *map(str, arguments)]
    environment = {"COLUMNS": "100", "PATH": os.environ["PATH"], **(env or {})}
    return subprocess.run(command, capture_output=True, check=False, input=stdin, env=environment)


def report(*arguments, **kwargs):
    done = brimful("diagnose", "--json", *arguments, **kwargs)
    assert done.stderr == b""
    return done.returncode, json.loads(done.stdout)


def test_the_published_case_is_the_drivers_fault_under_card_6():
    status, found = report(EXAMPLE)
    (verdict,) = found["verdicts"]
    assert (status, found["outcome"]) == (1, "verdict")
    assert (verdict["owner"], verdict["stage"], verdict["place"]) == ("driver", "fabric.link", "card 6")
    assert verdict["confidence"] == "high"
    assert verdict["statement"] == "The hardware driver under card 6 loses packets before the application sees them."
    texts = [exhibit["text"] for exhibit in verdict["because"]]
    assert "8 of 11 cards lose 6.9 to 18.5 % of data-plane probes into card 6 (5 min)" in texts
    assert "no card loses any data-plane probes coming out of card 6: one way" in texts
    assert any(text.startswith("card 6 itself dropped nothing towards its kernel") for text in texts)
    assert verdict["against"] == []
    doubts = " | ".join(verdict["doubts"])
    assert "the KNI out-of-memory lines: of card 3, 22 days later: not used" in doubts
    assert "one sample of show iftask stats" in doubts
    assert any(do["temporary"] for do in verdict["do"])
    assert any(not do["temporary"] for do in verdict["do"])


def test_every_exhibit_points_at_the_line_it_was_read_from():
    lines = EXAMPLE.read_text(encoding="utf-8").split("\n")
    _, found = report(EXAMPLE)
    for exhibit in found["verdicts"][0]["because"]:
        assert exhibit["file"] == str(EXAMPLE)
        assert lines[exhibit["line"] - 1].strip() == exhibit["raw"]


def test_rising_kni_drops_are_the_applications_fault():
    status, found = report(APPLICATION)
    assert status == 1
    assert [(v["owner"], v["place"]) for v in found["verdicts"]] == [("application", "card 6")]
    assert found["verdicts"][0]["stage"] in {"kni.queue", "pool.mbuf"}


def test_one_sample_without_degradation_is_undecided_and_says_what_to_collect():
    status, found = report(ONE_SAMPLE)
    assert (status, found["outcome"], found["verdicts"]) == (3, "undecided", [])
    commands = [collect["command"] for finding in found["open"] for collect in finding["collect"]]
    assert "show iftask stats" in commands


def test_the_report_has_every_part_of_the_contract():
    _, found = report(EXAMPLE)
    assert {"brimful", "schema", "roots", "outcome", "verdicts", "losses", "unexplained", "unread"} <= found.keys()
    assert found["schema"] == 1
    (root,) = found["roots"]
    assert (root["kind"], root["path"]) == ("staros", str(EXAMPLE))
    assert (root["from"], root["until"]) == ("2023-10-24T15:21:46Z", "2023-10-24T15:24:22Z")
    keys = {"stage", "place", "meaning", "lost", "near_missed", "passed", "seconds", "source"}
    assert all(keys <= loss.keys() for loss in found["losses"])
    worst = max(found["losses"], key=lambda loss: loss["lost"])
    assert (worst["place"], worst["lost"], worst["passed"]) == ("card 4 -> card 6", 554, 2446)


def test_the_first_line_is_the_answer():
    lines = brimful("diagnose", EXAMPLE).stdout.decode().strip().splitlines()
    assert lines[0].startswith("The hardware driver under card 6 loses packets before the application sees them.")
    assert lines[0].rstrip().endswith("confidence: high")
    assert lines[1].startswith("owner driver   stage fabric.link   place card 6")


def test_the_parts_come_in_order_and_within_the_width():
    text = brimful("diagnose", EXAMPLE, env={"COLUMNS": "80"}).stdout.decode()
    marks = [
        text.index(f"\n{mark} ")
        for mark in ("because", "against", "doubts", "do ", "collect", "fabric.link", "stage", "not seen")
    ]
    assert marks == sorted(marks)
    assert max(len(line) for line in text.splitlines()) <= 80


def test_there_is_no_colour_but_on_a_terminal():
    assert b"\x1b" not in brimful("diagnose", EXAMPLE).stdout


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "de_DE.UTF-8"])
def test_the_locale_changes_nothing(locale):
    status, found = report(EXAMPLE, env={"LC_ALL": locale, "LANG": locale})
    assert (status, found["verdicts"][0]["place"]) == (1, "card 6")


@pytest.mark.parametrize("pack", ["gz", "xz", "tar.gz", "tar.xz", "renamed", "stdin", "crlf", "nbsp"])
def test_every_framing_gives_the_same_verdict(pack, tmp_path):
    data = EXAMPLE.read_bytes()
    path, stdin = tmp_path / "capture", None
    match pack:
        case "gz":
            path.write_bytes(gzip.compress(data))
        case "xz":
            path.write_bytes(lzma.compress(data))
        case "tar.gz" | "tar.xz":
            with tarfile.open(path, f"w:{pack[4:]}") as tar:
                tar.add(EXAMPLE, "support/capture.bin")
        case "renamed":
            path = tmp_path / "holiday.jpg"
            path.write_bytes(data)
        case "stdin":
            path, stdin = "-", data
        case "crlf":
            path.write_bytes(data.replace(b"\n", b"\r\n"))
        case "nbsp":
            path.write_bytes(data.replace(b"******** show", b"********\xc2\xa0show"))
    status, found = report(path, stdin=stdin)
    assert status == 1
    assert [(v["owner"], v["place"]) for v in found["verdicts"]] == [("driver", "card 6")]


def test_two_captures_that_do_not_say_they_are_one_machine_stay_apart(tmp_path):
    other = tmp_path / "other.txt"
    other.write_bytes(APPLICATION.read_bytes())
    status, found = report(EXAMPLE, other)
    assert status == 1
    assert sorted(v["owner"] for v in found["verdicts"]) == ["application", "driver"]
    assert len({v["root"] for v in found["verdicts"]}) == 2


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b"\x00\x01\x02" * 1000, "binary"), (b"hello\n" * 10, "knows")],
    ids=["empty", "binary", "unknown"],
)
def test_unusable_input_is_one_line_that_names_the_file(content, why, tmp_path):
    path = tmp_path / "input"
    path.write_bytes(content)
    done = brimful("diagnose", path)
    assert done.returncode == 2
    assert done.stdout == b""
    (line,) = done.stderr.decode().splitlines()
    assert str(path) in line
    assert why in line


def test_a_missing_file_is_one_line():
    done = brimful("diagnose", "/nowhere/at/all")
    assert (done.returncode, done.stderr.decode()) == (2, "brimful: /nowhere/at/all: No such file or directory\n")


@pytest.mark.parametrize("value", ["soon", "-3s", "10 parsecs", ""])
def test_a_bad_duration_is_a_usage_error(value):
    done = brimful("diagnose", f"--for={value}")
    assert done.returncode == 2
    assert b"is not a duration such as 10s" in done.stderr


@pytest.mark.parametrize("value", ["0s", "169h", "99999999999h"])
def test_a_duration_has_bounds(value):
    done = brimful("diagnose", f"--for={value}")
    assert done.returncode == 2
    assert b"is not between 1ms and 168h" in done.stderr


@pytest.mark.parametrize("columns", ["0", "1", "40"])
def test_a_narrow_terminal_shows_the_answer(columns):
    lines = brimful("diagnose", EXAMPLE, env={"COLUMNS": columns}).stdout.decode().split("\n")
    assert lines[1] == "The hardware driver     confidence: high"
    assert b"softnet" in brimful("sources", env={"COLUMNS": columns}).stdout


@pytest.mark.parametrize("damage", ["-5", "99999999999999999999999", "..."])
def test_a_drop_counter_that_cannot_be_read_proves_no_room(damage, tmp_path):
    path = tmp_path / "capture.txt"
    path.write_bytes(re.sub(rb"\nkni_drops  +0", b"\nkni_drops    " + damage.encode(), EXAMPLE.read_bytes()))
    status, found = report(path)
    assert (status, found["outcome"]) == (3, "undecided")
    assert "kni.queue" in found["statement"]
    assert [line["why"] for line in found["unread"]] == ["not a count and a rate"] * 2


def test_a_table_that_ends_early_says_nothing_of_the_cards_it_does_not_show(tmp_path):
    path = tmp_path / "capture.txt"
    path.write_bytes(EXAMPLE.read_bytes()[:6066])
    status, found = report(path)
    assert status == 3
    assert "hardly or not at all on 1 of these 13 links, the table shows no more" in found["statement"]
    assert {sink["stage"]: sink["known"] for sink in found["chain"]}["fabric.link"] is False


def test_hosts_that_are_joined_by_force_are_named(tmp_path):
    for host in ("web1", "web2"):
        (tmp_path / host).mkdir()
        (tmp_path / host / "hostname").write_text(f"{host}\n")
        (tmp_path / host / "softnet_stat").write_text("00000064 " + "00000000 " * 12 + "\n")
    paths = [tmp_path / "web1", tmp_path / "web2"]
    _, found = report("--same-machine", *paths)
    (blind,) = found["blind"]
    assert blind["what"] == "web1, web2"
    assert blind["why"].startswith("say they are different machines")
    assert report(*paths)[1]["blind"] == []


def test_a_reader_that_goes_away_is_no_traceback():
    command = f"{sys.executable} -m brimful diagnose --json {EXAMPLE} | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert b"Traceback" not in done.stderr


def test_this_host_is_read_live():
    status, found = report("--for=300ms")
    assert status in {0, 1, 3}
    (root,) = found["roots"]
    assert root["kind"] == "live"
    assert root["from"] < root["until"]


def test_capture_then_diagnose(tmp_path):
    out = tmp_path / "host.tar.gz"
    done = brimful("capture", out, "--for=300ms")
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    status, found = report(out)
    assert status in {0, 1, 3}
    assert found["roots"][0]["kind"] == "capture"


def test_a_capture_that_cannot_be_written_is_one_line():
    done = brimful("capture", "/proc/nowhere.tar.gz", "--for=100ms")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert b"/proc/nowhere.tar.gz" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mlx5", "rx_out_of_buffer"], ["nic.ring.no_buffer", "32 bits", "owner kernel", "live when read"]),
        (["ixgbe", "rx_no_buffer_count"], ["says nothing of a buffer", "82598"]),
        (["rx_missed_errors"], ["nic.fifo.overrun", "nic.ring.no_buffer"]),
        (["nic.fifo"], ["owner        bus", "nic.ring"]),
        (["nic.ring.waited"], ["near miss", "nothing lost yet"]),
        (["UdpRcvbufErrors"], ["socket.receive.full", "owner application"]),
        (["kni.out_of_memory"], ["an event"]),
        (
            ["mlx5"],
            [
                "mlx5: a driver, ",
                "\n  ethtool -S\n",
                "    rx_out_of_buffer                         nic.ring.no_buffer\n",
            ],
        ),
        (["mlx5_core"], ["mlx5: a driver, "]),
    ],
    ids=" ".join,
)
def test_explain(words, said):
    done = brimful("explain", *words)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for part in said:
        assert part in text


def test_explain_without_a_name_says_which_there_are():
    done = brimful("explain")
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    lines = text.splitlines()
    assert lines[0].startswith("brimful explain NAME says what one of these is")
    assert "  nic.fifo             packet buffer inside the NIC" in lines
    words = {word.strip(",") for line in lines for word in line.split()}
    assert {"nic.ring.waited", "kni.out_of_memory", "socket.owner", "UdpRcvbufErrors", "mlx5"} <= words
    assert max(map(len, lines)) <= 100
    for name in ("nic.ring.waited", "kni.out_of_memory", "socket.owner", "UdpRcvbufErrors", "mlx5"):
        assert brimful("explain", name).returncode == 0


def test_explain_refuses_what_it_does_not_know():
    done = brimful("explain", "no_such_counter_anywhere")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert b"(brimful explain lists them)" in done.stderr


def test_sources_say_what_can_be_read_here():
    found = json.loads(brimful("sources", "--json").stdout)
    by_name = {source["name"]: source for source in found["sources"]}
    assert by_name["softnet"]["documents"] == 1
    assert by_name["iftask"]["documents"] == 0
    assert [by_name[name]["every_s"] for name in ("softnet", "interrupts", "nic_ring")] == [1.0, 10.0, 60.0]
    lines = brimful("sources", env={"COLUMNS": "300"}).stdout.decode().splitlines()
    told = {line.split()[0]: line.rstrip() for line in lines if line[0] != " "}
    assert told["softnet"].endswith("(/proc/net/softnet_stat). Each second.")
    assert "Every 60 s." in told["nic_ring"]
    assert "Each" not in told["iftask"]  # of a saved capture only


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_sources_are_wrapped_between_words_and_requests_never(columns):
    found = json.loads(brimful("sources", "--json").stdout)["sources"]
    lines = brimful("sources", env={"COLUMNS": columns}).stdout.decode().splitlines()
    for source in found:
        assert {f"    {request}" for request in source["requests"]} <= set(lines)
        assert set(source["about"].split()) <= {word for line in lines for word in line.split()}
    asked = {f"    {request}" for source in found for request in source["requests"]}
    told = [line for line in lines if line not in asked and not line.startswith("not seen: ")]
    assert max(len(line) for line in told if len(line.split()) > 1) <= int(columns)


def test_help_names_every_command_and_starts_without_the_parts():
    text = brimful("--help").stdout.decode()
    assert all(f"\n  {name}" in text for name in ("diagnose", "capture", "explain", "sources"))
    code = "import sys, brimful.cli; print([m for m in sys.modules if m.startswith(('rich', 'msgspec', 'brimful.sources'))])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"


def test_on_a_narrow_terminal_the_origin_stands_behind_its_text():
    lines = brimful("diagnose", EXAMPLE, env={"COLUMNS": "46"}).stdout.decode().splitlines()
    assert any(line.strip() == "(staros-kni.txt:139)" for line in lines)
    assert max(map(len, lines)) <= 46


def halves(folder, second_host="chassis-a"):
    """The constructed capture in two files, each with one of its two samples of show iftask stats."""
    head, *sections = re.split(r"(?m)^(?=\[local\])", APPLICATION.read_text(encoding="utf-8"))
    twice = [section for section in sections if "show iftask stats" in section.partition("\n")[0]]
    assert len(twice) == 2
    first, second = folder / "first", folder / "second"
    first.write_text(head + "".join(section for section in sections if section != twice[1]), encoding="utf-8")
    second.write_text(twice[1].replace("chassis-a", second_host), encoding="utf-8")
    return first, second


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "in disorder"])
def test_captures_that_name_the_same_chassis_are_samples_of_one_machine(order, tmp_path):
    status, found = report(*halves(tmp_path)[::order])
    (verdict,) = found["verdicts"]
    assert (status, verdict["owner"], verdict["confidence"]) == (1, "application", "high")
    assert any(exhibit["text"].endswith("in 60 s") for exhibit in verdict["because"])


def test_captures_of_two_chassis_are_never_subtracted(tmp_path):
    _, found = report(*halves(tmp_path, "chassis-b"))
    texts = [exhibit["text"] for verdict in found["verdicts"] for exhibit in verdict["because"]]
    assert len({verdict["root"] for verdict in found["verdicts"]}) == 2
    assert not any(" rose by " in text for text in texts)


def test_a_scenario_is_read_like_the_machine_it_makes():
    status, told = report(ROOT / "examples" / "scenarios" / "slow-bus.toml")
    (verdict,) = told["verdicts"]
    assert (status, verdict["owner"], verdict["stage"], verdict["place"]) == (1, "bus", "nic.fifo", "eth0")


def test_the_switch_of_a_scenario_is_a_machine_of_its_own():
    status, told = report(ROOT / "examples" / "scenarios" / "incast.toml")
    (verdict,) = told["verdicts"]
    assert (status, verdict["owner"], verdict["stage"]) == (1, "network", "switch.queue")
    assert verdict["root"] == "32 senders answer at once: the egress queue of the switch overflows: switch"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[nic]\nrings = 3\n", "rings"),
        ("[sweep]\n'nic.ring' = [256, 512]\n", "is a sweep over 2 points: which of them is meant is not told"),
    ],
)
def test_a_scenario_that_cannot_be_used_says_why(tmp_path, text, why):
    scenario = tmp_path / "a.toml"
    scenario.write_text(text)
    done = brimful("diagnose", scenario)
    assert (done.returncode, done.stdout) == (2, b"")
    assert str(scenario).encode() in done.stderr
    assert why.encode() in done.stderr
