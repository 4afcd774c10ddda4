"""Realistic mistakes of rule authors, each an edit of a shipped file, and what catches it.

They are looked for in the order in which an author meets them: lint, the file's scenarios, findings
on the whole set, the difference to what is in force. Each mistake says where it is caught first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
from comity.policy.bundle import Bundle
from comity.policy.compiling.compilation import Compilation, compile_policies
from comity.policy.diffing.comparison import compare_rulesets
from comity.policy.findings.survey import survey
from comity.policy.problems import Level
from comity.policy.scenarios.running import run_scenarios
from unit.policy.author_mistakes import DIFF, FINDING, LINT, MISTAKES, SCENARIO, Mistake
from unit.policy.compiling.one_file import POLICIES, TODAY


@cache
def shipped() -> Mapping[str, bytes]:
    """Return the shipped policy files."""
    reading = PolicyDirectory(POLICIES, settle_seconds=0).read()
    assert not isinstance(reading, PolicyDirectoryError), reading
    return reading.files


@cache
def in_force() -> Bundle:
    """Return what the shipped files compile to."""
    return bundle_of(compile_policies(shipped(), TODAY))


def bundle_of(compilation: Compilation) -> Bundle:
    """Return the bundle, which must be there."""
    assert compilation.bundle is not None
    return compilation.bundle


def edited(mistake: Mistake) -> Compilation:
    """Return the compilation of the files with the mistake in them."""
    path = f"jurisdictions/{mistake.code}.yaml"
    text = shipped()[path].decode()
    assert mistake.right in text, "the shipped file has changed: adapt the mistake to it"
    wrong = text.replace(mistake.right, mistake.wrong, 1)
    return compile_policies({**shipped(), path: wrong.encode()}, TODAY)


def caught(mistake: Mistake) -> tuple[str, list[str]]:
    """Return what catches the mistake first, and what it says."""
    compilation = edited(mistake)
    errors = [str(p) for p in compilation.problems if p.level is Level.ERROR]
    if errors:
        return LINT, errors
    bundle, documents = bundle_of(compilation), compilation.documents
    own = f"tests/{mistake.code}_test.yaml"
    alone = replace(documents, scenarios=tuple(r for r in documents.scenarios if r.file == own))
    failed = [str(r) for r in run_scenarios(bundle, alone).results if r.differences]
    if failed:
        return SCENARIO, failed
    findings = [str(found) for found in open_findings(bundle, compilation, TODAY)]
    return (FINDING, findings) if findings else (DIFF, differences(bundle))


def open_findings(bundle: Bundle, compilation: Compilation, today: date) -> list[str]:
    """Return the findings that the shipped files do not have."""
    found = survey(bundle, compilation.documents, today).findings
    return [str(finding) for finding in found if finding.level is not Level.NOTE]


def differences(bundle: Bundle) -> list[str]:
    """Return which rules change which answers to questions with all facts known."""
    compared = compare_rulesets(in_force().eligibility, bundle.eligibility)
    return [
        f"{', '.join(region.rule_ids)}: {before.effect.name.lower()}, then "
        f"{after.effect.name.lower()}"
        for region in compared.regions
        if region.known
        for before, after in [(region.shift.before.outcome, region.shift.after.outcome)]
    ]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_mistake_is_caught(mistake: Mistake) -> None:
    by, told = caught(mistake)
    assert by == mistake.caught_by, told
    assert any(mistake.told in line for line in told), told


def test_the_shipped_files_are_caught_by_nothing() -> None:
    """What catches a mistake is silent where there is none."""
    compilation = compile_policies(shipped(), TODAY)
    assert [p for p in compilation.problems if p.level is Level.ERROR] == []
    assert open_findings(bundle_of(compilation), compilation, TODAY) == []
    assert differences(bundle_of(compilation)) == []


def test_norway_needs_no_quotation_marks() -> None:
    """`NO` is Norway and not a falsehood: the bare word is no mistake."""
    quoted = Mistake("", "no", 'jurisdiction: "NO"', "jurisdiction: NO", "", "")
    assert bundle_of(edited(quoted)).eligibility.by_id.keys() == in_force().eligibility.by_id.keys()
