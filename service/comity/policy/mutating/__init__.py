"""Mutation of rules: small changes that a scenario ought to notice.

Boundaries of time move by a day, windows by a minute, ages by a year; clauses, conditions, members
of lists and derogations are left out; what is asked while a fact is unknown changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from comity.policy.bundle import Bundle
from comity.policy.documents.loading import Documents
from comity.policy.mutating.norms import mutants_of
from comity.policy.mutating.trials import MutationReport, try_mutants
from comity.policy.scenarios.expectations import Asked


def mutate_rules(bundle: Bundle, documents: Documents, asked: Sequence[Asked]) -> MutationReport:
    """Change the rules of `bundle`, compiled from `documents`, and ask again what was `asked`.

    Every scenario must have passed.
    """
    rulesets = (bundle.eligibility, bundle.content)
    return try_mutants(mutants_of(bundle, documents), rulesets, asked)
