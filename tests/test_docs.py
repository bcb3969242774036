"""The documentation keeps to what is there: every command, option and key has its place, every example runs."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
from docs.generate import PAGES
from docs.outputs import SHOWN, TABLES, filled, pages

from brimful.cli import COMMANDS, cli
from brimful.cli.diagnose import diagnose
from brimful.cli.monitor import PARTS
from brimful.cli.report import as_json
from brimful.compare import earlier, effects
from brimful.monitor.keys import GROUP_KEYS, LIST

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference" / "commands.md"
COMMANDS_PAGE = REFERENCE.read_text(encoding="utf-8")
GENERATED = {ROOT / "docs" / "reference" / f"{name}.md" for name in PAGES}
PAGES_WRITTEN = [page for page in pages() if page not in GENERATED]
SHARED = {"because[]": "EVIDENCE", "against[]": "EVIDENCE", "do[]": "TREATMENT", "collect[]": "COLLECT"}

by_page = pytest.mark.parametrize("page", PAGES_WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
by_command = pytest.mark.parametrize("name", [*COMMANDS, *(f"monitor {part}" for part in PARTS)])


def section(name):
    """The part of the page on one command."""
    return re.split(r"^## ", COMMANDS_PAGE.partition(f"## brimful {name}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def command(name):
    found = cli
    for word in name.split():
        found = found.get_command(None, word)
    return found


def options(name):
    return {option for one in command(name).params for option in one.opts if option.startswith("--")}


@by_command
def test_every_command_and_option_is_in_the_reference_and_no_other(name):
    listed = set(re.findall(r"^\| `(--[a-z-]+)`", section(name), re.MULTILINE))
    assert section(name)
    assert listed == options(name)


@by_command
def test_defaults_are_told(name):
    rows = dict(re.findall(r"^\| `(--[a-z-]+)`[^|]*\|([^|]*)\|", section(name), re.MULTILINE))
    for one in command(name).params:
        if getattr(one, "show_default", False):
            assert str(one.default) in rows[one.opts[0]]


def paths(value, at=""):
    """The keys of an object, as the page writes them: `losses[].lost`, `EVIDENCE.text`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{at}.{key}" if at else key
            yield from paths(inner, f"{at}.{key}" if at else key)
    if isinstance(value, list):
        name = at.rpartition(".")[2] + "[]"
        if name in SHARED or (at.count(".") and any(not isinstance(inner, dict) for inner in value)):
            yield f"{at}[]"
        for inner in value:
            yield from paths(inner, SHARED.get(name, f"{at}[]"))


def reports(folder):
    """Reports that have, together, everything that a report can have."""
    (folder / "proc_net_softnet_stat.0s").write_text("00000001" + " 00000000" * 8 + "\nwhat is this\n")
    (folder / "ip_-j_-s_-s_link.0s").write_text(link(1000, 0))
    (folder / "ip_-j_-s_-s_link.10s").write_text(link(9000, 4000))
    (folder / "ethtool_-S_eth0").write_text("NIC statistics:\n     of_a_kind_nobody_knows_drops: 7\n")
    public = ROOT / "tests" / "public"
    examples = [
        ROOT / "examples" / "staros-kni.txt",
        public / "card-in-narrow-slot",
        public / "tcp-slow-with-xdp-loaded",
        files(folder.parent / "filling", "overflow_ahead/fills"),
        files(folder.parent / "reasons", "drop_reasons/full-socket"),
    ]
    made = [diagnose((str(path),)) for path in (*examples, folder)]
    (first, *_) = made
    before = earlier(as_json(first))
    made += [
        [msgspec.structs.replace(machine, effects=tuple(effects(before, machine.evidence))) for machine in first],
        diagnose((), seconds=0.1),
    ]
    return [json.loads(as_json(machines)) for machines in made]


def files(folder, name):
    """The files of a case."""
    folder.mkdir(exist_ok=True)
    case = tomllib.loads((ROOT / "tests" / "cases" / f"{name}.toml").read_text(encoding="utf-8"))
    for file, text in case["files"].items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def link(packets, dropped):
    counters = {"bytes": 0, "packets": packets, "errors": 0, "dropped": dropped, "over_errors": 0, "multicast": 0}
    return json.dumps([{"ifindex": 2, "ifname": "eth0", "stats64": {"rx": counters, "tx": counters}}])


def test_every_key_is_in_the_reference_and_no_other(tmp_path):
    tables = COMMANDS_PAGE.partition("## The JSON object")[2]
    cells = re.findall(r"^\| ((?:`[^`|]+`(?:, )?)+) \|", tables, re.MULTILINE)
    listed = {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)}
    there = {path for report in reports(tmp_path) for path in paths(report)}
    lists = {
        path
        for path in there
        if path.endswith(("because", "against", "doubts", "do", "collect", "between", "stages", "].losses"))
    }
    assert listed == there - lists


def test_every_key_of_sources_is_in_the_reference():
    done = subprocess.run([sys.executable, "-m", "brimful", "sources", "--json"], capture_output=True, check=True)
    found = json.loads(done.stdout)
    for key in found["sources"][0]:
        assert f"`sources[].{key}`" in section("sources")
    assert set(found) == {"sources", "blind"}


def test_every_key_of_a_check_is_in_the_reference():
    argv = [sys.executable, "-m", "brimful", "monitor", "check", "--json", "examples/monitor/monitor.conf"]
    found = json.loads(subprocess.run(argv, cwd=ROOT, capture_output=True, check=False).stdout)
    listed = re.findall(r"`([a-z_]+(?:\[\]\.[a-z_]+)?)`(?=[^|]*\|[^|]*\|$)", section("monitor check"), re.MULTILINE)
    keys = {f"{name}[].{key}" for name, value in found.items() if isinstance(value, list) for key in value[0]}
    assert keys | {name for name, value in found.items() if not isinstance(value, list)} <= set(listed)


def test_every_key_of_a_configuration_is_in_the_reference():
    text = (ROOT / "docs" / "reference" / "monitor.md").read_text(encoding="utf-8")
    table = text.partition("## Keys")[2].partition("##")[0]
    rows = [
        tuple(cell.strip() for cell in row.strip("|").split("|")) for row in table.split("\n") if row.startswith("| `")
    ]
    own = [(f"`monitor.<group>.{key.name}`", key.expects, key.default, key.era, key.text) for key in GROUP_KEYS]
    assert rows == [(f"`monitor.{LIST.name}`", LIST.expects, LIST.default, LIST.era, LIST.text), *own]


@by_page
def test_outputs_that_a_page_shows_are_what_is_printed(page):
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text, "python docs/outputs.py writes them again"
    assert text.count("<!-- output of:") == len(SHOWN.findall(text))
    assert text.count("<!-- table of:") == len(TABLES.findall(text))


def test_the_readme_shows_the_example():
    assert "<!-- output of: brimful diagnose examples/staros-kni.txt -->" in (ROOT / "README.md").read_text()


def test_every_miss_on_published_captures_is_explained_and_no_hit():
    text = (ROOT / "docs" / "reference" / "measurements.md").read_text(encoding="utf-8")
    table, _, misses = text.partition("## Verdicts")[2].partition("### Each miss")
    marks = dict(re.findall(r"^\| ([a-z0-9-]+) \|.*\| ([\w ]+) \|$", table, re.MULTILINE))
    assert len(marks) > 30
    explained = {name for row in re.findall(r"^\| ([a-z0-9, -]+) \|", misses, re.MULTILINE) for name in row.split(", ")}
    assert explained - {"case"} == {name for name, mark in marks.items() if mark not in {"right", "acceptable"}}


def commands(page):
    """Every `brimful ...` of a page: in a line of code, in a sentence, behind a prompt; not a form such as `brimful X [Y] NAME`."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"`(brimful [^`\n]+)`", text) + re.findall(r"^    (?:\$ )?(brimful .+)$", text, re.MULTILINE)
    for line in dict.fromkeys(found):
        words = shlex.split(re.split(r" \||\|\|| >| #", line)[0])[1:]
        if words[0] in COMMANDS and words[1:] and not any("[" in word or word.isupper() for word in words):
            yield words


EXAMPLES = [
    pytest.param(words, id=f"{page.relative_to(ROOT)}: {' '.join(words)}")
    for page in PAGES_WRITTEN
    for words in commands(page)
]


@pytest.mark.parametrize("words", EXAMPLES)
def test_every_example_runs(words):
    """Commands that need a file which is not in the repository, or that watch the host, are only parsed."""
    cli.get_command(None, words[0]).make_context(words[0], list(words[1:]))
    files = [ROOT / word for word in words[1:] if (ROOT / word).is_file()]
    if files or words[0] == "explain":
        command = [sys.executable, "-m", "brimful", *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode in ({0, 1, 3} if files else {0}), done.stderr


def test_there_are_examples():
    assert len(EXAMPLES) > 15


@by_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        path = (page.parent / target).resolve()
        assert path.exists() or path in GENERATED, target


@by_page
def test_files_that_a_page_names_are_there(page):
    for name in re.findall(
        r"`((?:examples|tests|docs|src/brimful|benchmarks)/[\w./-]+)`", page.read_text(encoding="utf-8")
    ):
        if page.name != "CONTRIBUTING.md":
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_whole_tables(name):
    lines = list(PAGES[name]())
    assert lines[0].startswith("# ")
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) > 10
    assert "\n" not in "".join(rows)
