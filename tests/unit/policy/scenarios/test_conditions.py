"""Conditions of clauses, found out once for each value of the fact that they look at."""

from __future__ import annotations

import pytest
from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
from comity.domain.facts import Tie
from comity.policy.compiling.compilation import compile_policies
from comity.policy.scenarios.conditions import CONNECTING, Conditions, atoms_named, is_ruled_out
from comity.policy.scenarios.expectations import Asked
from comity.policy.scenarios.running import run_scenarios
from unit.policy.compiling.one_file import POLICIES, TODAY, bundle_of

EVERY = (
    23  # of the questions of the shipped scenarios, so many are passed over for one that is asked
)


@pytest.fixture(scope="module")
def asked() -> list[Asked]:
    """Return some of the questions that the shipped scenarios ask."""
    reading = PolicyDirectory(POLICIES, settle_seconds=0).read()
    assert not isinstance(reading, PolicyDirectoryError), reading
    compilation = compile_policies(reading.files, TODAY)
    report = run_scenarios(bundle_of(compilation), compilation.documents)
    return list(report.asked[::EVERY])


def test_what_is_remembered_is_what_each_question_would_find(asked: list[Asked]) -> None:
    """Whatever was asked before, an atom is ruled out as it is for the question alone."""
    remembered = {id(q.case.ruleset): Conditions(q.case.ruleset) for q in asked}
    ruled_out = set()
    for question in asked:
        case = question.case
        sight, ties = case.sight, case.ties
        for rule in case.ruleset.rules:
            for clause in rule.body:
                for atom in atoms_named(clause):
                    for tie in ties if atom[0] in CONNECTING else (Tie(factor="", place=""),):
                        found = is_ruled_out(atom, rule, tie, sight)
                        conditions = remembered[id(case.ruleset)]
                        assert conditions.rule_out(atom, rule, tie, sight) is found, (atom, rule.id)
                        ruled_out.add((atom[0], found))
    both = {"actions", "places", "products", "not_products", "populations", "age", "items"}
    assert {(field, found) for field in both for found in (True, False)} <= ruled_out
