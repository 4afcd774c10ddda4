"""The guide for those who write rules holds what it shows."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from comity.policy.compiling.compilation import compile_policies
from comity.policy.documents.base import Document
from comity.policy.documents.checks import CheckCondition, CheckRule
from comity.policy.documents.clauses import Clause, Negation
from comity.policy.documents.jurisdictions import JurisdictionFile
from comity.policy.documents.norms import ContentRule, Restriction
from comity.policy.documents.reach import ReachRow
from comity.policy.documents.requests import DataRequestRule
from comity.policy.problems import Level
from comity.policy.scenarios.results import Verdict
from comity.policy.scenarios.running import run_scenarios

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "policy-files.md").read_text(encoding="utf-8")
# Sections that are read and used by no question yet.
LATER = {"orders", "reports", "duties"}


def shown_files() -> dict[str, bytes]:
    """Return the files that the guide shows, by path, with the shipped ones that all need."""
    shown = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", GUIDE, flags=re.DOTALL))
    policies = ROOT / "policies"
    shared = [*policies.glob("*.yaml"), *policies.glob("lists/*.yaml")]
    files = {str(p.relative_to(policies)): p.read_bytes() for p in shared}
    return files | {path: text.encode() for path, text in shown.items()}


def test_the_files_shown_compile_and_their_scenarios_hold() -> None:
    compilation = compile_policies(shown_files(), date(2026, 1, 1))
    problems = [str(p) for p in compilation.problems if p.level is not Level.NOTE]
    assert problems == []
    assert compilation.bundle is not None
    report = run_scenarios(compilation.bundle, compilation.documents)
    shown = [r for r in report.results if r.file == "tests/pt_test.yaml"]
    assert [str(r) for r in shown if r.verdict is not Verdict.PASSED] == []
    assert [str(gap) for gap in report.gaps if "pt.yaml" in str(gap)] == []
    assert len(shown) == 6


@pytest.mark.parametrize(
    "document",
    [
        JurisdictionFile,
        Restriction,
        ContentRule,
        Clause,
        Negation,
        DataRequestRule,
        ReachRow,
        CheckRule,
        CheckCondition,
    ],
)
def test_every_key_is_explained(document: type[Document]) -> None:
    words = set(
        re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`]*`|```.*?```", GUIDE, re.DOTALL)))
    )
    assert document.keys() - words - LATER == set()
