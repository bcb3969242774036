"""`brimful simulate` as it is called: text, JSON, pictures, sweeps, and what it refuses."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from brimful.cli.simulate import command

ROOT = Path(__file__).parents[2]
SLOW_BUS = "[nic]\ndma_ns = 1500\n[cpu]\npacket_ns = 200\n[run]\nseconds = 0.002\nreplications = 2\n"
STALL = """
[traffic]
pattern = "poisson"
load = 0.7
[nic]
ring = 128
[cpu]
stolen_ns = 500_000
stolen_every_ns = 5_000_000
[run]
seconds = 0.02
replications = 3
"""
HEALTHY = "[run]\nseconds = 0.002\nreplications = 2\n"


@pytest.fixture
def simulate(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")

    def run(text, *options):
        (tmp_path / "s.toml").write_text(text)
        return CliRunner().invoke(command, [str(tmp_path / "s.toml"), *options])

    return run


def test_the_answer_comes_first(simulate):
    done = simulate(SLOW_BUS)
    assert done.exit_code == 0
    first, about, *rest = done.stdout.splitlines()
    assert first == (
        "lost of all packets: 42% in every run; first, after 468 us in all 2 runs: "
        "frames dropped because the NIC's packet buffer was full."
    )
    assert about == "2 runs of 2 ms, 2,977 packets each, seeds 1 to 2"
    assert any(re.fullmatch(r"nic.fifo.overrun +1,259 +42% in every run +2 of 2 +468 us *", line) for line in rest)
    assert any(re.fullmatch(r"nic.fifo.overrun +rx_missed_errors, rtnl rx_missed_errors *", line) for line in rest)
    assert any(re.fullmatch(r"nic +5,954 +3,436 +2,518 +0", line) for line in rest)
    assert any(re.fullmatch(r"nic.fifo.bytes +24,576 +24,576 \(100%\) *", line) for line in rest)


def test_intervals_are_from_several_runs_and_rough_ones_say_so(simulate):
    text = simulate(STALL).stdout
    assert re.match(
        r"lost of all packets: [\d.]+% \([\d.]+% to [\d.]+%\); first, after [\d.]+ (us|ms) to [\d.]+ (us|ms) in all 3 runs",
        text,
    )
    assert re.search(r"\nfrom when other work took the CPU to the first loss: \d+ us to \d+ us\.\n", text)
    assert "rough" in simulate(STALL.replace("500_000", "475_000").replace("seconds = 0.02", "seconds = 0.006")).stdout


def test_nothing_is_lost(simulate):
    first, *_ = simulate(HEALTHY).stdout.splitlines()
    assert first == "no packet is lost in 2 runs of 2,977 packets."
    first, *_ = simulate("[nic]\nring = 8\nrefill = 1\n" + HEALTHY).stdout.splitlines()
    assert re.fullmatch(r"no packet is lost in 2 runs of 2,977 packets; [\d,]+ a run had to wait\.", first)


def test_curves_of_what_filled_and_when_it_lost(simulate):
    lines = simulate(SLOW_BUS).stdout.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line == "nic.fifo.bytes over time (the first run)"]
    top, *_, bottom = lines[at + 1 : at + 5]
    assert re.fullmatch(r"24,576 +[▁-█]+ *", top)
    assert re.fullmatch(r" +0 [▁-█]+ *", bottom)
    (lost,) = [lines[number + 1].strip() for number, line in enumerate(lines) if line == "nic.fifo.overrun, lost at x"]
    assert re.fullmatch(r"\.+x+", lost)
    # 468 us of 2 ms
    assert lost.index("x") / len(lost) == pytest.approx(0.234, abs=0.02)
    assert not any(line.startswith("nic.ring over time") for line in lines)


def test_without_block_characters(simulate, monkeypatch):
    monkeypatch.setattr(
        "brimful.cli.simulate.sys",
        type("S", (), {"stdout": type("O", (), {"encoding": "ascii"}), "stderr": sys.stderr}),
    )
    assert simulate(SLOW_BUS).stdout.isascii()


def test_equal_seeds_give_equal_reports(simulate):
    assert simulate(STALL).stdout == simulate(STALL).stdout
    assert simulate(STALL).stdout != simulate(STALL + "seed = 7\n").stdout


def test_one_json_object(simulate):
    found = json.loads(simulate(SLOW_BUS, "--json").stdout)
    (result,) = found["results"]
    (loss,) = result["losses"]
    assert loss["packets"] == {"mean": 1259.0, "low": 1259.0, "high": 1259.0, "rough": False}
    assert loss["counters"] == ["rx_missed_errors", "rtnl rx_missed_errors"]
    assert result["ledger"] == [{"stage": "nic", "arrived": 5954, "delivered": 3436, "lost": 2518, "inside": 0}]
    assert found["scenario"]["nic"]["dma_ns"] == 1500.0
    assert len(found["levels"]["full"]["nic.ring"]) == 1024


def test_every_key_is_in_the_reference(simulate):
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    section = page.partition("## brimful simulate\n")[2].partition("\n## ")[0]
    listed = {
        key for row in re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE) for key in re.findall(r"`([^`]+)`", row)
    }
    found = json.loads(simulate(STALL, "--json").stdout)
    (result,) = found.pop("results")
    there = {"brimful", "schema", "scenario", *(f"levels.{key}" for key in found.pop("levels"))}
    assert set(found) == {"brimful", "schema", "scenario"}
    for key, value in result.items():
        inner = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else None
        there |= {f"results[].{key}[].{name}" for name in inner} if inner else {f"results[].{key}"}
    there |= {f"INTERVAL.{key}" for key in result["lost_share"]}
    options = {"--json", "--svg", "--png"}
    assert listed - options == there


def test_a_sweep_of_two_keys_is_a_table_and_a_map(simulate):
    text = simulate(SLOW_BUS + '[sweep]\n"nic.dma_ns" = [60, 1500]\n"nic.fifo_bytes" = [4096, 24576]\n').stdout
    lines = [re.sub(" +", " ", line).strip() for line in text.splitlines()]
    assert lines[0] == "nic.dma_ns nic.fifo_bytes lost of all, 95 % lost first after"
    assert lines[1:3] == ["60 4,096 none in 2 runs", "60 24,576 none in 2 runs"]
    assert lines[4] == "1,500 24,576 42% in every run nic.fifo.overrun 468 us"
    assert lines[6:9] == ["nic.dma_ns / nic.fifo_bytes 4,096 24,576", "60 0 0", "1,500 53% 42%"]
    assert lines[-1] == "2 runs of 2 ms, at each point, seeds 1 to 2"


@pytest.mark.parametrize(
    "sweep", ["", '[sweep]\n"nic.ring" = [64, 512]\n', '[sweep]\n"nic.ring" = [64]\n"nic.refill" = [8]\n']
)
def test_pictures(simulate, tmp_path, sweep):
    paths = tmp_path / "one.svg", tmp_path / "one.png"
    done = simulate(SLOW_BUS + sweep, "--svg", str(paths[0]), "--png", str(paths[1]))
    assert done.exit_code == 0, done.output
    svg = paths[0].read_text()
    assert ("packets lost" in svg) if not sweep else ("nic.ring" in svg)
    assert paths[1].read_bytes().startswith(b"\x89PNG")
    simulate(SLOW_BUS + sweep, "--svg", str(paths[0]))
    assert paths[0].read_text() == svg


def test_pictures_that_cannot_be_written(simulate, tmp_path):
    done = simulate(HEALTHY, "--svg", str(tmp_path / "none" / "x.svg"))
    assert done.exit_code == 2
    assert done.stderr == f"brimful: {tmp_path}/none/x.svg: No such file or directory\n"


def test_pictures_without_matplotlib(simulate, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = simulate(HEALTHY, "--svg", "x.svg")
    assert done.exit_code == 2
    assert done.stderr == "brimful: --svg: needs matplotlib: pip install 'brimful[plots]'\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[nic]\nring = 0", "nic.ring: Expected `int` >= 1"),
        ("[nic]\nring = 8\nrefill = 9", "nic.refill: a ring of 8 never has 9 descriptors to give back"),
        ('[traffic]\npattern = "trace"\ntrace = "none.pcap"', "none.pcap: No such file or directory"),
    ],
)
def test_what_cannot_be_used_is_one_line(simulate, tmp_path, text, why):
    done = simulate(text)
    assert done.exit_code == 2
    assert done.stdout == ""
    named = f"{tmp_path}/" if why.startswith("none") else f"{tmp_path}/s.toml: "
    assert done.stderr == f"brimful: {named}{why}\n"


def test_ctrl_c_ends_it_with_its_processes(tmp_path):
    (tmp_path / "long.toml").write_text("[run]\nseconds = 600\nreplications = 2\n")
    argv = [sys.executable, "-m", "brimful", "simulate", str(tmp_path / "long.toml")]
    interruptible = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        argv,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=interruptible,  # noqa: PLW1509 - a background shell leaves Ctrl-C ignored; no thread runs here
    ) as running:
        time.sleep(4)  # until its processes are at work
        os.killpg(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said.decode().strip() == "brimful: interrupted: nothing is concluded"
