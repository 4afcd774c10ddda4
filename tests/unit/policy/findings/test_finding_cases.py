"""What is told of rules taken together, to the letter: the cases in `cases`."""

from __future__ import annotations

import re

import pytest
from comity.policy.findings.codes import FINDINGS
from comity.policy.problems import Level
from unit.policy.findings.finding_cases import BASE, Case, load_cases

CASES = load_cases()
LINE = re.compile(r"\S+:\d+ (CF\d{3}) ")


def test_the_files_that_all_cases_start_from_have_no_finding() -> None:
    """A case is odd by what it adds and by nothing else."""
    assert BASE
    assert Case("nothing added", ()).told() == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_tells_exactly_what_is_odd(case: Case) -> None:
    """All findings are told, each with file, line, code, rule and a question that shows it."""
    assert case.told() == case.expect


def test_every_code_has_a_case() -> None:
    """No finding can be told of which nobody has seen how it reads."""
    shown = {found[1] for case in CASES for found in map(LINE.match, case.expect) if found}
    assert FINDINGS.keys() - shown == set()


def test_only_errors_and_warnings_fail() -> None:
    """Notes are told and let pass; a waived warning passes as well."""
    for case in CASES:
        found = case.survey()
        assert found.passed == all(f.level is Level.NOTE for f in found.findings)
    [waived] = [case for case in CASES if case.name == "a waiver that counts"]
    found = waived.survey()
    assert found.passed
    assert [entry.finding.code for entry in found.waived] == ["CF152"]
    assert found.waived[0].reason == "The act says so."
