"""Cases are data: files as a user would hand them over, and the exact outcome, owner, stage, place and sentence."""

import tomllib
from pathlib import Path

import pytest

from brimful.cli.options import catalog
from brimful.collect import gather
from brimful.evidence.evidence import Evidence
from brimful.judge import judge
from brimful.roots.detect import group, open_roots
from brimful.rules import RULES

CASES = Path(__file__).parent / "cases"
ROOT = Path(__file__).parent.parent


def cases():
    return sorted(CASES.glob("*/*.toml"))


def machines(case, folder):
    """Write the case's files into a folder (or take its `root`) and gather the evidence of each machine in it."""
    for name, text in case.get("files", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    start = ROOT / case["root"] if "root" in case else folder
    return [gather(roots) for roots in group(open_roots(str(start), catalog()))]


@pytest.mark.parametrize("path", cases(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path, tmp_path):
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    (evidence,) = machines(case, tmp_path)
    findings = list(RULES[path.parent.name](evidence))
    because = [expected.pop("because", []) for expected in case["findings"]]
    assert [{"stage": f.stage, "place": f.place, "state": str(f.state)} for f in findings] == case["findings"]
    for finding, told in zip(findings, because, strict=True):
        assert set(told) <= {exhibit.text for exhibit in finding.because}
    judgement = judge(evidence)
    expect = case["expect"]
    assert str(judgement.outcome) == expect["outcome"]
    assert judgement.statement == expect["statement"]
    verdicts = [
        {"owner": str(v.owner), "stage": v.stage, "place": v.place, "confidence": str(v.confidence), "rule": v.rule}
        for v in judgement.verdicts
    ]
    assert verdicts == expect.get("verdicts", [])
    texts = [
        text
        for v in judgement.verdicts
        for text in (*(e.text for e in v.because), *(e.text for e in v.against), *v.doubts, *(d.text for d in v.do))
    ] + [e.text for f in judgement.opens for e in f.because]
    for text in expect.get("says", []):
        assert any(text in said for said in (*texts, *judgement.notes)), f"{text!r} not in {texts}"
    for text in expect.get("silent_on", []):
        assert not any(text in said for said in texts), text
    collects = [c.command for f in (*judgement.verdicts, *judgement.opens) for c in f.collect]
    for command in expect.get("collect", []):
        assert command in collects


class Asked(Evidence):
    """Evidence that remembers the words it was asked for."""

    words: set[str]

    def readings(self, *meanings, place=None):
        self.words.update(meanings)
        return super().readings(*meanings, place=place)

    def places(self, *meanings):
        self.words.update(meanings)
        return super().places(*meanings)

    def events(self, kind, place=None):
        self.words.add(kind)
        return super().events(kind, place)

    def histograms(self, *meanings, place=None):
        self.words.update(meanings)
        return super().histograms(*meanings, place=place)

    def bursts(self, *meanings, place=None):
        self.words.update(meanings)
        return super().bursts(*meanings, place=place)

    def facts(self, name, place=None):
        self.words.add(name)
        return super().facts(name, place)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in RULES])
def test_a_rule_declares_what_it_reads_in_its_cases_and_nothing_else(rule, tmp_path):
    asked: set[str] = set()
    for number, path in enumerate(sorted(CASES.glob(f"{rule.name}/*.toml"))):
        for evidence in machines(tomllib.loads(path.read_text(encoding="utf-8")), tmp_path / str(number)):
            evidence.__class__, evidence.words = Asked, asked
            rule(evidence)
    assert asked == set(rule.reads)
