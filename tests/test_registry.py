"""Every part has a docstring, cases and known words: adding one file is enough, and forgetting its cases is not."""

import ast
import inspect
import re
import tomllib
from pathlib import Path

import pytest

from brimful.chain.fact import EVENTS, FACTS
from brimful.chain.meaning import MEANINGS
from brimful.chain.stage import STAGES
from brimful.chain.word import Kind
from brimful.drivers.maps import all_maps
from brimful.evidence import accounts
from brimful.evidence.evidence import Evidence
from brimful.evidence.frame import Sheet
from brimful.evidence.ledger import losses
from brimful.evidence.origin import Origin
from brimful.evidence.series import Series
from brimful.exporters.series import BY_MEANING
from brimful.rules import RULES
from brimful.sources import SOURCES

TESTS = Path(__file__).parent
SOURCE_TREE = TESTS.parent / "src" / "brimful"
WORDS = MEANINGS.keys() | EVENTS.keys() | FACTS.keys()


def named(parts):
    return [pytest.param(part, id=part.name) for part in parts]


@pytest.mark.parametrize("source", named(SOURCES))
def test_source_says_what_it_reads(source):
    assert source.about
    assert inspect.getmodule(source.parse).__doc__
    assert source.requests
    assert source.meanings
    assert set(source.meanings) <= WORDS
    if source.looks_like:
        re.compile(source.looks_like.encode())


@pytest.mark.parametrize("source", named(SOURCES))
def test_source_has_a_capture_and_tests(source):
    assert any((TESTS / "captures" / source.name).rglob("*"))
    assert (TESTS / "sources" / f"test_{source.name}.py").is_file()


@pytest.mark.parametrize("rule", named(RULES))
def test_rule_asks_a_question_of_known_words(rule):
    assert rule.question.endswith("?")
    assert inspect.getmodule(rule.ask).__doc__
    assert rule.reads
    assert set(rule.reads) <= WORDS


@pytest.mark.parametrize("rule", named(RULES))
def test_rule_reads_only_what_it_declares(rule):
    """Words that a rule's module spells out are declared, so that documentation and look-ups can be trusted."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(rule.ask)))
    spelt = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert (spelt & WORDS) - STAGES.keys() <= set(rule.reads)


@pytest.mark.parametrize("rule", named(RULES))
def test_rule_has_a_case_that_fires_and_one_that_stays_silent(rule):
    cases = [tomllib.loads(path.read_text()) for path in (TESTS / "cases" / rule.name).glob("*.toml")]
    assert any(case["findings"] for case in cases), "no case in which it fires"
    assert any(not case["findings"] for case in cases), "no case in which it stays silent"


@pytest.mark.parametrize("driver", [pytest.param(m, id=m.driver) for m in all_maps().values()])
def test_driver_map_names_its_source(driver):
    assert driver.description.source


@pytest.mark.parametrize("meaning", named(MEANINGS.values()))
def test_meaning_has_a_stage_a_unit_and_a_sentence(meaning):
    assert meaning.stage.name in STAGES
    assert meaning.unit
    assert meaning.text


def test_stages_are_held_by_known_stages():
    for stage in STAGES.values():
        assert set(stage.held_by) <= STAGES.keys()
        assert set(stage.proof) <= set(stage.held_by)


def test_no_case_is_left_without_its_rule():
    assert {path.name for path in (TESTS / "cases").iterdir()} == {rule.name for rule in RULES}


@pytest.mark.parametrize("path", sorted(SOURCE_TREE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE_TREE)))
def test_module_is_of_a_readable_size(path):
    assert path.read_text(encoding="utf-8").count("\n") <= 500


@pytest.mark.parametrize("meaning", [pytest.param(m, id=m.name) for m in MEANINGS.values() if m.kind is Kind.LOST])
def test_a_loss_is_asked_about_by_some_rule(meaning):
    """A counted loss that nobody reads would end as `healthy`."""
    assert any(meaning.name in rule.reads for rule in RULES)


@pytest.mark.parametrize("meaning", named(MEANINGS.values()))
def test_a_meaning_is_given_by_some_source(meaning):
    """Those of driver maps are among what the sources of drivers' counters give."""
    assert any(meaning.name in source.meanings for source in SOURCES)


DRAWN = {
    "qdisc.queue.latency",
    "switch.queue.latency",
    "switch.queue.sampled_bytes",
    "switch.queue.sampled_errors",
    "switch.queue.sampled_packets",
}
"""What there are only histograms of: `brimful monitor show` draws them."""


@pytest.mark.parametrize("meaning", named(meaning for meaning in MEANINGS.values() if meaning.name not in DRAWN))
def test_a_meaning_is_used_by_a_rule_an_account_the_ledger_or_a_metric(meaning):
    """What is read and shown to nobody costs time for nothing."""
    sheet = Sheet(lambda line: Origin("a file", line))
    sheet.add(Series(meaning.name, "eth0", "counter", "link"), 1, 1)
    shown = {loss.meaning for loss in losses(Evidence([sheet.frame()]))} | set(accounts.READ) | BY_MEANING.keys()
    assert meaning.name in shown or any(meaning.name in rule.reads for rule in RULES)
