"""The shipped files taken together."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from comity.policy.compiling.compilation import Compilation, compile_policies
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.reasoning import Placed
from comity.policy.findings.subjects import sections_of
from comity.policy.findings.survey import survey
from comity.policy.findings.witnesses import holds, seek_witness

POLICIES = Path(__file__).parents[4] / "policies"
TODAY = date(2026, 11, 24)


@cache
def shipped() -> Compilation:
    """Return the shipped files, compiled."""
    files = {
        path.relative_to(POLICIES).as_posix(): path.read_bytes()
        for path in POLICIES.rglob("*.yaml")
    }
    return compile_policies(files, TODAY)


def test_no_error_or_warning_stands_open() -> None:
    """What is odd about the shipped rules has been mended, or somebody says why it is right."""
    compilation = shipped()
    assert compilation.bundle is not None
    found = survey(compilation.bundle, compilation.documents, TODAY)
    assert found.passed, [str(finding) for finding in found.findings]
    assert found.waived


def test_each_rule_that_is_ever_in_force_meets_somebody() -> None:
    """A question that each rule is held by is found, so that no rule is dead unnoticed."""
    compilation = shipped()
    assert compilation.bundle is not None
    unshown = []
    for section in sections_of(compilation.bundle, compilation.documents, TODAY):
        ruleset = section.ruleset
        for rule in ruleset.rules:
            moments = list(moments_of(rule, edges_of((rule,), ruleset.lexicon, ruleset.atlas)))
            body = [Placed(rule.body[0], rule)]
            conditions = [Placed(clause, rule) for clause in rule.person_conditions[:1]]
            test = holds((rule,), section, (rule.id,))
            if moments and not seek_witness(body + conditions, moments, section, test):
                unshown.append(rule.id)
    assert unshown == []
