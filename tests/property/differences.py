"""What is known more after a fact became known."""

from __future__ import annotations

from datetime import datetime

from comity.domain.facts import FactKey, Facts, Members, Tie
from comity.policy.reference.atoms import member_atom
from comity.policy.rules import Ruleset
from property.vocabulary import KINDS


def _members_settled(
    dimension: str, before: Members, after: Members, ruleset: Ruleset, tie: Tie | None = None
) -> set[FactKey]:
    """Return the members about which more is known after than before."""
    found = set()
    for name in KINDS[dimension]:
        was, became = (
            member_atom(frozenset({name}), members, dimension, ruleset.lexicon).value
            for members in (before, after)
        )
        if was is not became:
            place = (tie.factor, tie.place) if tie is not None else ("", "")
            found.add(FactKey(dimension, name, *place))
    return found


def settled_between(before: Facts, after: Facts, ruleset: Ruleset, now: datetime) -> set[FactKey]:
    """Return the names of the facts that one change made known."""
    keys = {
        FactKey(name)
        for name in ("action", "product", "device", "age", "account_created")
        if getattr(before, name) != getattr(after, name)
    }
    keys |= _members_settled("item", before.items, after.items, ruleset)
    keys |= _members_settled("purpose", before.purposes, after.purposes, ruleset)
    keys |= _members_settled("label", before.label_members(now), after.label_members(now), ruleset)
    changed = sorted(after.ties - before.ties, key=repr)
    for tie in before.ties - after.ties:
        became = changed[0] if changed else None
        if tie.ghost:
            keys.add(FactKey("connection", member=tie.factor))
        elif became is None or became.low_trust != tie.low_trust:
            keys.add(FactKey("trust", factor=tie.factor, place=tie.place))
        elif became.place != tie.place:
            keys.add(FactKey("place", factor=tie.factor, place=tie.place))
        else:
            members = (tie.populations, became.populations)
            keys |= _members_settled("population", *members, ruleset, tie)
    return keys
