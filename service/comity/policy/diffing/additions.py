"""Additions: further connections that bring out what other rules hide.

Where one rule leaves an answer in doubt, it may not show that another one does, or ceases to; it
shows beside a rule that settles the first one, or leaves something else in doubt. Such a rule may
be of any state, met on a connection of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from comity.domain.question import Connection, Question
from comity.domain.truth import Truth
from comity.policy.diffing.companies import Company
from comity.policy.diffing.paths import LOW
from comity.policy.diffing.scenes import Scene
from comity.policy.presumptions import resolve
from comity.policy.reference.findings import Sight
from comity.policy.reference.validity import concern
from comity.policy.rules import Clause, Modality

MOST_ADDITIONS: Final = 400


def companies_with_more(
    company: Company, question: Question, now: datetime, scene: Scene
) -> Iterator[Company]:
    """Yield `company` with one connection more, on which a rule that `question` concerns is met."""
    if scene.ground.without:
        trusts: tuple[str, ...] = ("",)
    else:
        trusts = ("", LOW)
    connections: dict[Connection, None] = {}
    for ruleset in scene.rulesets:
        facts = resolve(question, ruleset.lexicon, ruleset.atlas)
        sight = Sight(facts, now, ruleset.lexicon, ruleset.atlas)
        for rule in ruleset.rules:
            forbids = rule.modality is Modality.FORBID and rule.timeline.state_at(now) is not None
            if forbids and concern(rule, sight) is not Truth.F:
                connections |= {c: None for clause in rule.body for c in _meeting(clause, scene)}
                if len(connections) > MOST_ADDITIONS:
                    break
    for connection in connections:
        for trust in trusts:
            more = replace(connection, trust=trust or connection.trust)
            yield replace(company, connections=(*company.connections, more))


def _meeting(clause: Clause, scene: Scene) -> Iterator[Connection]:
    """Yield a connection that meets the connecting dimensions of a clause."""
    ground = scene.ground
    for factor in sorted(clause.factors or ground.lexicons[1].factors)[:1]:
        names = sorted(clause.places or {ground.neutral})
        places = [p for name in names for p in sorted(ground.atlases[1].groups.get(name, (name,)))]
        for place in [p for p in places if not ground.is_out(p)][:1]:
            populations = frozenset(sorted(clause.populations or ())[:1])
            trust = LOW if clause.low_trust else ""
            yield Connection(factor, place, populations, trust=trust)
