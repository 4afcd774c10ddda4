"""Mutation of rules: small changes that a scenario ought to notice.

Boundaries of time move by a day, windows by a minute, ages by a year; clauses, conditions, members
of lists and derogations are left out; what is asked while a fact is unknown changes. In the law of
data requests each part and each member of a list is left out, and each length of time moves by one.
"""

from __future__ import annotations

from collections.abc import Sequence

from comity.policy.bundle import Bundle
from comity.policy.documents.loading import Documents
from comity.policy.mutating.norms import mutants_of
from comity.policy.mutating.request_mutants import request_mutants_of
from comity.policy.mutating.request_trials import is_noticed
from comity.policy.mutating.trials import MutationReport, try_mutants
from comity.policy.scenarios.expectations import Asked
from comity.policy.scenarios.routes import AskedRoute


def mutate_rules(
    bundle: Bundle,
    documents: Documents,
    asked: Sequence[Asked],
    routed: Sequence[AskedRoute] = (),
) -> MutationReport:
    """Change the rules of `bundle`, compiled from `documents`, and ask again what was `asked`.

    Requests for data are `routed` again by the changed law of data requests. Every scenario must
    have passed.
    """
    rulesets = (bundle.eligibility, bundle.content)
    rules = try_mutants(mutants_of(bundle, documents), rulesets, asked)
    changed = [*request_mutants_of(bundle.requests, documents)]
    alive = tuple(mutant for mutant in changed if not is_noticed(mutant, routed))
    return MutationReport(rules.mutants + len(changed), (*rules.survivors, *alive))
