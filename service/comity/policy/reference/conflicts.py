"""Duties of different authorities that can't both be met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from comity.domain.decision import Conflict
from comity.domain.effect import Outcome, Restrict, Withhold
from comity.domain.facts import Facts
from comity.domain.truth import Truth
from comity.policy.reference.findings import Sight
from comity.policy.reference.standing import Meeting
from comity.policy.reference.validity import concern
from comity.policy.rules import Modality, Rule, Ruleset

CARRY = "carry"


def conflicts_of(
    ruleset: Ruleset, facts: Facts, now: datetime, met: Mapping[str, Sequence[Meeting]]
) -> tuple[Conflict, ...]:
    """Return the pairs of a rule that forbids and one that requires the same object.

    One of the two must be held on some connection, rulings left aside, the other must concern the
    same object with places left aside, and they must come from different authorities.
    """
    sight = Sight(facts, now, ruleset.lexicon, ruleset.atlas)
    in_force = [rule for rule in ruleset.rules if rule.id in met]
    requiring = [r for r in in_force if r.modality is Modality.REQUIRE and r.requires == CARRY]
    forbidding = [r for r in in_force if takes_away(r.timeline.state_at(now)) and _forbids(r)]
    found = []
    for require in requiring:
        for forbid in forbidding:
            if require.text.authority == forbid.text.authority:
                continue
            require_held = any(m.clashing for m in met[require.id])
            forbid_held = any(m.clashing for m in met[forbid.id])
            if (require_held and (forbid_held or concern(forbid, sight) is Truth.T)) or (
                forbid_held and concern(require, sight) is Truth.T
            ):
                found.append(_conflict(forbid, require, ruleset, now))
    return tuple(sorted(found))


def _forbids(rule: Rule) -> bool:
    return rule.modality is Modality.FORBID


def takes_away(outcome: Outcome | None) -> bool:
    """Return whether an outcome keeps an object from somebody."""
    return outcome is not None and (
        outcome.denied or any(isinstance(o, Restrict | Withhold) for o in outcome.obligations)
    )


def _conflict(forbid: Rule, require: Rule, ruleset: Ruleset, now: datetime) -> Conflict:
    """Return the conflict with the preference given it, if that ruling still holds."""
    for ruling in ruleset.rulings:
        named = (ruling.forbid_rule_id, ruling.require_rule_id) == (forbid.id, require.id)
        if named and now < ruling.expires:
            return Conflict(forbid.id, require.id, ruling.prefer)
    return Conflict(forbid.id, require.id)
