"""`brimful monitor show` on files as a switch leaves them."""

import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from tests.monitor.histograms import histogram
from tests.test_docs import ROOT, paths

from brimful.cli.monitor_show import command
from brimful.evidence.burst import Burst
from brimful.evidence.evidence import Evidence
from brimful.evidence.origin import Blind, Origin, Unread
from brimful.monitor.summary import as_json
from brimful.monitor.view import view

LABELS = ("0:959", "960:2495", "2496:4031", "4032:*")
COMMANDS_PAGE = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")


def snapshot(folder, number, counts, *, second=None, ports=("swp1",), kind="histogram_tc_info"):
    """Write one as asic-monitor does; `second` is that of the time inside."""
    at = f"2017-04-26 20:14:{number if second is None else second:02d}.000000"
    ports = {port: {"0": {"data": dict(zip(LABELS, counts, strict=True))}} for port in ports}
    (folder / f"histogram_stats_{number}").write_text(
        json.dumps({"timestamp_info": {"start_datetime": at, "end_datetime": at}, kind: ports})
    )


@pytest.fixture
def ring(tmp_path):
    """Six snapshots; the third shows a deep queue, and the first two files are the newest, as after a wrap."""
    for number in range(6):
        counts = (976_000, 500, 60, 2) if number == 4 else (976_560, 2, 0, 0)
        snapshot(
            tmp_path, number, counts, second=20 + (number - 2) % 6, ports=("swp1", "swp2") if number == 4 else ("swp1",)
        )
    return tmp_path


def show(*arguments, env=None):
    command = [sys.executable, "-m", "brimful", "monitor", "show", *map(str, arguments)]
    env = {**os.environ, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8", **(env or {})}
    done = subprocess.run(command, capture_output=True, check=False, env=env)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_first_line_is_the_answer(ring):
    status, out, err = show(ring)
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == (
        "swp1/tc 0 was at or above 4,032 bytes (where its last range begins) for 2.05 us of 6 s, "
        "worst at 2017-04-26T20:14:22Z."
    )


def test_the_times_inside_put_them_in_order(ring):
    out = show(ring, "--queue", "swp1/tc 0")[1]
    row = next(line for line in out.splitlines() if line.startswith("4,032 "))
    assert row.split()[1] == "·" * 16 + "░" * 8 + "·" * 24
    assert "2017-04-26T20:14:19" in out
    assert "each column 1 s" in out


def test_the_dwell_table(ring):
    lines = show(ring, "--queue", "swp1")[1].splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("swp1/tc 0 at or above"))
    assert [line.split() for line in lines[begin + 1 : begin + 5]] == [
        ["0", "5,999,996.9", "100%"],
        ["960", "585.7", "0.0098%"],
        ["2,496", "63.5", "0.0011%"],
        ["4,032", "2.0", "<0.0001%"],
    ]
    assert lines[begin + 5] == "counted: 6 s in 6 readings"


@pytest.mark.parametrize("width", [40, 60, 100, 250])
def test_no_line_of_a_picture_is_wider_than_asked(ring, width):
    out = show(ring, env={"COLUMNS": str(width)})[1]
    drawn = [line for line in out.splitlines() if "··" in line]
    assert len(drawn) > 1
    assert max(len(line) for line in drawn) <= width


def test_shades_without_utf_8(ring):
    out = show(ring, env={"PYTHONIOENCODING": "ascii"})[1]
    assert any(
        line.split()[1:] == ["." * 16 + "-" * 8 + "." * 24] for line in out.splitlines() if line.startswith("4,032")
    )


def test_colours_on_a_terminal_only(ring):
    assert "\x1b" not in show(ring)[1]
    near, far = pty.openpty()
    command = [sys.executable, "-m", "brimful", "monitor", "show", str(ring)]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=far, stderr=subprocess.PIPE, env=env):
        os.close(far)
        seen = b""
        try:
            while chunk := os.read(near, 65536):
                seen += chunk
        except OSError:
            pass
        os.close(near)
    assert b"\x1b[1;31m" in seen


@pytest.mark.parametrize("form", ["folder", "files", "prefix", "archive"])
def test_every_way_to_name_a_ring(ring, form, tmp_path_factory):
    archive = tmp_path_factory.mktemp("archive") / "ring.tar.gz"
    subprocess.run(["tar", "czf", str(archive), "-C", str(ring), "."], check=True)
    given = {
        "folder": [ring],
        "files": sorted(ring.iterdir()),
        "prefix": [ring / "histogram_stats"],
        "archive": [archive],
    }
    found = json.loads(show("--json", *given[form])[1])
    assert [(one["place"], one["readings"]) for one in found["queues"]] == [("swp1/tc 0", 6), ("swp2/tc 0", 1)]


def told():
    return COMMANDS_PAGE.partition("## brimful monitor show")[2].partition("\n## ")[0]


def test_json_keys_are_in_the_reference_and_no_others(ring):
    burst = Burst("switch.queue.depth", "swp1", None, None, 9, Origin("a"))
    evidence = Evidence([histogram([9, 1, 0, 0]), burst, Unread(Origin("a"), "torn"), Blind("a", "b")])
    found = json.loads(as_json(view(evidence), evidence))
    assert set(json.loads(show("--json", ring)[1])) == set(found)
    table = told().partition("| key |")[2]
    cells = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", table, re.MULTILINE)
    listed = {key for cell in cells for key in re.findall("`([^`]+)`", cell)}
    lists = {"queues", "bursts", "unread", "blind", "queues[].levels"}
    assert {path for path in paths(found) if path not in lists and not path.endswith("[]")} == listed


def test_options_are_in_the_reference_and_no_others():
    listed = set(re.findall(r"^\| `(--[a-z-]+)`", told(), re.MULTILINE))
    assert listed == {option for one in command.params for option in one.opts if option.startswith("-")}


def test_what_the_json_says_of_a_queue(ring):
    found = json.loads(show("--json", ring)[1])
    assert found["queues"][0]["levels"][3] == {"depth": 4032, "least": 2048, "most": 2048}
    assert found["queues"][0]["resolution"]["step_ns"] == 1024
    assert (found["begin"], found["end"]) == ("2017-04-26T20:14:19Z", "2017-04-26T20:14:25Z")


def test_times_are_chosen(ring):
    found = json.loads(show("--json", ring, "--from", "2017-04-26T20:14:24Z", "--until", "2017-04-26 20:14:25")[1])
    assert [one["readings"] for one in found["queues"]] == [2]
    status, out, err = show(ring, "--from", "yesterday")
    assert (status, out) == (2, "")
    assert "is not a time such as 2017-04-26T20:14:41Z" in err


def test_csv_alone_and_beside_the_report(ring):
    status, out, err = show(ring, "--csv", "-")
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == "begin,end,queue,meaning,unit,low,high,count,ns,sample_ns,file,line"
    assert len(out.splitlines()) == 1 + 7 * 4
    assert show(ring, "--csv", "-", "--json")[0] == 2
    assert show(ring, "--csv", ring.parent / "rows.csv")[1].startswith("swp1/tc 0 was")
    assert (ring.parent / "rows.csv").read_text() == out


@pytest.mark.parametrize("options", [[], ["--json"], ["--csv", "-"]])
def test_a_reader_that_went_away_and_a_full_disk(ring, options):
    for number in range(6, 40):  # more than a pipe holds
        snapshot(ring, number, (976_560, 2, 0, 0), ports=[f"swp{port}" for port in range(60)])
    arguments = [sys.executable, "-m", "brimful", "monitor", "show", str(ring), *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)
    with open("/dev/full", "wb") as full, subprocess.Popen(arguments, stdout=full, stderr=subprocess.PIPE) as process:  # noqa: PTH123 - short
        assert process.stderr.read() == b"brimful: standard output: No space left on device\n"
        assert process.wait() == 2


def test_pictures_and_parquet_are_written(ring, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    status, _, err = show(ring, "--svg", out / "a.svg", "--png", out / "a.png", "--parquet", out / "a.parquet")
    assert (status, err) == (0, "")
    assert [(out / name).read_bytes()[:4] for name in ("a.svg", "a.png", "a.parquet")] == [b"<?xm", b"\x89PNG", b"PAR1"]


@pytest.mark.parametrize("option", ["--svg", "--csv", "--parquet"])
def test_what_cannot_be_written_is_one_line(ring, option):
    status, out, err = show(ring, option, "/dev/null/out")
    assert (status, out, err) == (2, "", "brimful: /dev/null/out: Not a directory\n")


@pytest.mark.parametrize(("option", "extra"), [("--svg", "plots"), ("--png", "plots"), ("--parquet", "parquet")])
def test_without_an_extra_it_says_what_to_install(ring, option, extra, tmp_path):
    module = {"plots": "matplotlib", "parquet": "duckdb"}[extra]
    code = f"import sys; sys.modules['{module}'] = None; from brimful.cli import main; main()"
    command = [sys.executable, "-c", code, "monitor", "show", str(ring), option, str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"brimful: {option}: needs ")
    assert done.stderr.endswith(f"pip install 'brimful[{extra}]'\n")


def test_nothing_to_show(ring, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "proc_net_softnet_stat").write_text("00000001" + " 00000000" * 14 + "\n")
    assert show(other) == (3, "", "brimful: nothing to show: no histograms and no bursts\n")
    assert show(ring, "--queue", "eth*") == (
        3,
        "",
        "brimful: no such queue at that time: there are swp1/tc 0, swp2/tc 0\n",
    )


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "torn",
            '{"timestamp_info": {"start_datetime": "2017-04-26 20:14:20"}, "histogram_tc_info": {"swp1',
            "no whole snapshot",
        ),
        ("empty", "", "is empty"),
        ("other", "hello\n", "nothing in it that brimful knows"),
        ("missing", None, "No such file or directory"),
    ],
)
def test_unusable_input_is_one_line(tmp_path, name, text, why):
    if text is not None:
        (tmp_path / name).write_text(text)
    status, out, err = show(tmp_path / name)
    assert (status, out) == (2, "")
    assert err.startswith(f"brimful: {tmp_path / name}")
    assert why in err
    assert err.count("\n") == 1


def test_empty_files_of_a_ring_are_told_and_do_no_harm(ring):
    (ring / "histogram_stats_6").touch()
    status, out, _ = show(*sorted(ring.iterdir()))
    assert status == 0
    assert f"not read: {ring / 'histogram_stats_6'}: is empty" in out


def test_a_configuration_that_is_given_too_tells_the_ranges(tmp_path):
    at = '"timestamp_info": {"start_datetime": "2017-04-26 20:14:41"}'
    (tmp_path / "histogram_stats_0").write_text(f'{{{at}, "histogram_info": {{"swp1": {{"0": 99, "9": 1}}}}}}')
    assert show(tmp_path / "histogram_stats_0")[0] == 2
    (tmp_path / "monitor.conf").write_text(
        "monitor.port_group_list = [a]\nmonitor.a.stat_type = histogram\n"
        "monitor.a.histogram.minimum_bytes_boundary = 960\nmonitor.a.histogram.histogram_size_bytes = 12288\n"
    )
    status, out, _ = show(tmp_path / "histogram_stats_0", tmp_path / "monitor.conf")
    assert (status, out.partition(" (")[0]) == (0, "swp1 was at or above 13,248 bytes")


def test_standard_input(ring):
    with (ring / "histogram_stats_4").open("rb") as file:
        command = [sys.executable, "-m", "brimful", "monitor", "show", "-"]
        done = subprocess.run(command, stdin=file, capture_output=True, check=True)
    assert done.stdout.startswith(b"swp1/tc 0 was at or above 4,032 bytes")


def test_no_burst_says_what_could_have_been_missed(tmp_path):
    snapshot(tmp_path, 0, (976_562, 0, 0, 0))
    out = show(tmp_path)[1]
    assert out.startswith("no burst was seen: 1 queue, 1 s, never above the first range.\n")
    assert "what may have been missed: a burst of 960 bytes or more is seen for certain when it lasts 1.02 us" in out


@pytest.mark.parametrize("at", ["0001-01-01 00:00:00", "9999-12-31 23:59:59"])
def test_times_of_no_switch(tmp_path, at):
    rest = '"histogram_tc_info": {"swp1": {"0": {"data": {"0:959": 976562, "960:*": 1}}}}}'
    for number, one in enumerate((at, "2017-04-26 20:14:41")):
        (tmp_path / f"a_{number}").write_text(f'{{"timestamp_info": {{"start_datetime": "{one}"}}, {rest}')
    status, out, err = show(tmp_path)
    assert (status, err) == (0, "")
    assert out.startswith("swp1/tc 0 was at or above 960 bytes")


def test_thousands_of_snapshots(tmp_path):
    """Each of a folder counts, though no file's name tells what it is."""
    rest = '"histogram_tc_info": {"swp1": {"0": {"data": {"0:959": 976562, "960:*": 1}}}}}'
    for number in range(5000):
        at = datetime(2017, 4, 26, tzinfo=UTC) + timedelta(seconds=number)
        text = f'{{"timestamp_info": {{"start_datetime": "{at:%Y-%m-%d %H:%M:%S}"}}, {rest}'
        (tmp_path / f"{number}.json").write_text(text)
    found = json.loads(show("--json", tmp_path)[1])
    assert [one["readings"] for one in found["queues"]] == [5000]
