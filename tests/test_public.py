"""Captures that other people published: each runs to an outcome, and none blames an owner that was found innocent.

`python -m tests.test_public` writes what is found now to tests/public/expected.toml: read the difference before you keep it.
"""

import tomllib
from pathlib import Path

import pytest

from brimful.cli.diagnose import diagnose
from brimful.cli.report import outcome
from brimful.roots.base import Unusable

PUBLIC = Path(__file__).with_name("public")
EXPECTED = PUBLIC / "expected.toml"
HEAD = "# What is found in each case, right or not: written by `python -m tests.test_public`.\n"
CASES = sorted(path.parent for path in PUBLIC.glob("*/case.toml"))
NOT_READ = {"outcome": "not read", "verdicts": []}

by_name = pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)


def about(folder):
    return tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))


def found(folder):
    """The outcome, and the owner, stage and place of each verdict; files that no source reads are not an error."""
    try:
        machines = diagnose((str(folder),))
    except Unusable:
        return NOT_READ
    verdicts = [[str(v.owner), v.stage, v.place] for machine in machines for v in machine.judgement.verdicts]
    return {"outcome": str(outcome(machines)), "verdicts": verdicts}


@by_name
def test_nobody_is_blamed_who_was_found_innocent(folder):
    blamed = {owner for owner, _, _ in found(folder)["verdicts"]}
    assert not blamed & set(about(folder)["verdict"]["not_owner"])


@by_name
def test_what_is_found_is_what_was_found(folder):
    assert found(folder) == tomllib.loads(EXPECTED.read_text(encoding="utf-8"))[folder.name]


def test_no_case_is_left_out():
    assert list(tomllib.loads(EXPECTED.read_text(encoding="utf-8"))) == [folder.name for folder in CASES]
    assert len(CASES) > 30


@by_name
def test_its_source_and_licence_are_named(folder):
    case = about(folder)
    row = next(line for line in (PUBLIC / "README.md").read_text(encoding="utf-8").split("\n") if folder.name in line)
    assert case["url"] in row
    assert case["source"] in row
    assert case["licence"].partition(":")[0].partition(",")[0] in row
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        "case.toml",
        *(file["name"] for file in case["file"]),
    }


def _toml(name, case):
    verdicts = "".join("    [" + ", ".join(f'"{word}"' for word in verdict) + "],\n" for verdict in case["verdicts"])
    listed = f"[\n{verdicts}]" if verdicts else "[]"
    return f'\n[{name}]\noutcome = "{case["outcome"]}"\nverdicts = {listed}\n'


if __name__ == "__main__":
    EXPECTED.write_text(HEAD + "".join(_toml(folder.name, found(folder)) for folder in CASES), encoding="utf-8")
