"""`brimful monitor check`: its answer, its object, its status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from brimful.cli import cli
from brimful.cli.monitor import PARTS

EXAMPLES = Path(__file__).parents[2] / "examples" / "monitor"
SAMPLE = Path(__file__).parents[1] / "monitor" / "data" / "buffer-monitoring.conf"


def check(*arguments):
    return CliRunner().invoke(cli, ["monitor", "check", *map(str, arguments)])


def test_the_first_line_is_the_answer():
    done = check(SAMPLE)
    assert done.exit_code == 1
    assert done.stdout.split("\n")[:2] == [
        f"{SAMPLE}: 6 problems, 2 remarks",
        f"{SAMPLE}:1: problem: port_group_list: discards_pg has no settings in this file: nothing is read for it",
    ]


def test_ranges_and_cost_are_told():
    lines = check("--cell", "96", SAMPLE).stdout.split("\n")
    assert lines[-3] == (
        "histogram_pg: read every 1 s at most; 50 histograms of 50 ports; 500 numbers a reading; a snapshot takes 9.3 kB "
        "(estimated), the ring 594 kB; the ring holds the last 64 s; 802 MB are written a day at most"
    )
    assert lines[-2] == (
        "  Spectrum-1: 0:959 960:1055 1056:1151 1152:1247 1248:1343 1344:1439 1440:1535 1536:1631 1632:1727 1728:*"
    )


def test_the_ranges_of_the_documentation(tmp_path):
    conf = tmp_path / "x.conf"
    conf.write_text(
        "monitor.port_group_list = [q]\nmonitor.q.port_set = swp1\nmonitor.q.stat_type = histogram_tc\n"
        "monitor.q.trigger_type = timer\nmonitor.q.timer = 1s\n"
    )
    lines = check(conf).stdout.split("\n")
    assert lines[0] == f"{conf}: 0 problems, 2 remarks"
    assert lines[5:8] == [
        "  Spectrum-1: 0:959 960:2495 2496:4031 4032:5567 5568:7103 7104:8639 8640:10175 10176:11711 11712:13247 13248:*",
        (
            "  Spectrum-2 and Spectrum-3: "
            "0:863 864:2303 2304:3743 3744:5183 5184:6623 6624:8063 8064:9503 9504:10943 10944:12383 12384:*"
        ),
        "  Spectrum-4: 0:959 960:2495 2496:4031 4032:5567 5568:7103 7104:8639 8640:10175 10176:11711 11712:13247 13248:*",
    ]


@pytest.mark.parametrize("name", ["collect.conf", "every-buffer.conf"])
def test_nothing_to_say(name):
    done = check(EXAMPLES / name)
    assert done.exit_code == 0
    assert done.stdout.split("\n")[0] == f"{EXAMPLES / name}: 0 problems, 0 remarks"


def test_what_only_the_machine_knows():
    assert "rings: read every 1 s at most; how many ports these are, only the machine knows" in check(
        EXAMPLES / "every-buffer.conf"
    ).stdout.split("\n")


def test_latency_has_no_cells(tmp_path):
    conf = tmp_path / "x.conf"
    conf.write_text("monitor.l.port_set = all\nmonitor.l.stat_type = histogram_latency\n")
    lines = check(conf).stdout.split("\n")
    assert lines[-3:-1] == [
        "l: never read; how many ports these are, only the machine knows",
        "  0:959 960:2495 2496:4031 4032:5567 5568:7103 7104:8639 8640:10175 10176:11711 11712:13247 13248:*",
    ]


def test_the_object():
    done = check("--json", "--cell", "96", SAMPLE)
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert (found["file"], found["problems"], found["remarks"]) == (str(SAMPLE), 5, 2)
    assert found["findings"][0] == {
        "line": 1,
        "key": "port_group_list",
        "severity": "problem",
        "what": "discards_pg has no settings in this file: nothing is read for it",
    }
    assert found["groups"][0]["queues"] == 50
    lows = [0, 960, 1056, 1152, 1248, 1344, 1440, 1536, 1632, 1728]
    assert found["ranges"] == [{"group": "histogram_pg", "cell": 96, "lows": lows}]


def test_a_file_that_cannot_be_used(tmp_path):
    conf = tmp_path / "x.conf"
    conf.write_text("monitor.a.timer = 61s\nnonsense\n")
    done = check("--json", conf)
    assert (done.exit_code, done.stdout) == (2, "")
    lines = done.stderr.split("\n")
    assert lines[0] == f"brimful: {conf}:1: a.timer: expected 1s..60s, 1m..60m, 1h..24h or 1d..7d, not '61s'"
    assert lines[2] == f"brimful: {conf}:2: expected monitor.<group>.<key> = value, not 'nonsense'"
    assert len(lines) == 4


def test_no_file(tmp_path):
    done = check(tmp_path / "gone")
    assert (done.exit_code, done.stderr) == (2, f"brimful: {tmp_path}/gone: No such file or directory\n")


def test_a_cell_that_no_switch_has():
    assert check("--cell", "100", SAMPLE).exit_code == 2


def test_parts_are_imported_only_when_they_are_called():
    code = "import sys; from brimful.cli import main; sys.argv = ['brimful', 'monitor', '--help']\n"
    code += "try: main()\nfinally: print([name for name in sys.modules if 'monitor_' in name or 'msgspec' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    assert all(f"  {part} " in done.stdout for part in PARTS)


def test_a_part_that_is_none():
    assert CliRunner().invoke(cli, ["monitor", "checks"]).exit_code == 2
