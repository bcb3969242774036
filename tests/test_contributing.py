"""The files shown in CONTRIBUTING.md work as they are: put into a copy of the tree, they register and their cases pass."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^`([\w./-]+)`\n\n```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
COPIED = ("src", "tests", "examples", "pyproject.toml")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree with the shown files in it."""
    folder = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    for name, text in SHOWN.items():
        path = folder / name
        assert not path.exists(), f"{name} exists: show another example"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def run(tree, *words):
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def names(folder, suffix=".py"):
    return [Path(name).stem for name in SHOWN if name.startswith(folder) and name.endswith(suffix)]


def test_one_of_each_is_shown():
    assert len(names("src/brimful/sources")) == len(names("src/brimful/rules")) == 1
    assert len(names("src/brimful/drivers/maps", ".toml")) == 1
    assert len(names("tests/cases", ".toml")) > 1


def test_they_register(tree):
    (source,) = names("src/brimful/sources")
    (rule,) = names("src/brimful/rules")
    (driver,) = names("src/brimful/drivers/maps", ".toml")
    code = (
        "import brimful; from brimful.sources import SOURCES; from brimful.rules import RULES;"
        "from brimful.drivers.maps import all_maps;"
        f"print(brimful.__file__, {source!r} in SOURCES, {rule!r} in RULES, {driver!r} in all_maps())"
    )
    assert run(tree, "-c", code).split() == [str(tree / "src" / "brimful" / "__init__.py"), "True", "True", "True"]


def test_the_registry_and_their_tests_accept_them(tree):
    (source,) = names("src/brimful/sources")
    (rule,) = names("src/brimful/rules")
    (driver,) = names("src/brimful/drivers/maps", ".toml")
    wanted = " or ".join([source, rule, driver, *names("tests/cases", ".toml")])
    tests = ["tests/test_registry.py", "tests/test_cases.py", "tests/sources"]
    printed = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA", "-k", wanted, *tests)
    for case in names("tests/cases", ".toml"):
        assert re.search(rf"PASSED tests/test_cases.py::test_case\[\w+/{case}\]", printed)
    assert f"PASSED tests/sources/test_any_bytes.py::test_any_bytes_are_read_without_an_exception[{source}]" in printed
    assert f"PASSED tests/test_registry.py::test_source_has_a_capture_and_tests[{source}]" in printed
    assert f"test_rule_has_a_case_that_fires_and_one_that_stays_silent[{rule}]" in printed
    assert f"test_driver_map_names_its_source[{driver}]" in printed


def test_they_are_in_style(tree):
    shown = [name for name in SHOWN if name.endswith(".py")]
    run(tree, "-m", "ruff", "check", "--no-cache", *shown)
    run(tree, "-m", "ruff", "format", "--no-cache", "--check", *shown)
