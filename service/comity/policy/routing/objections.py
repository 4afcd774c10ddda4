"""By when, and on which grounds, the platform may object to an order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from comity.domain.truth import Truth
from comity.policy.documents.requests import Objection
from comity.policy.routing.clocks import end_of_term
from comity.policy.routing.facts import is_situation
from comity.policy.routing.hurdles import spoken
from comity.policy.routing.matter import Matter


def open_objections(matter: Matter) -> Iterator[tuple[Objection, datetime]]:
    """Yield the objections that may still be made, each with the first instant too late for it."""
    rule = matter.rule
    for objection in rule.terms.objections if rule else ():
        assert rule is not None
        open_to = [is_situation(name, matter).value for name in objection.only_if]
        clock = rule.clocks.get(objection.clock or "", rule.clock)
        end = end_of_term(matter.request.received_at, objection.within, clock)
        if matter.now < end and not (open_to and max(open_to) is Truth.F):
            yield objection, end


def objection_text(objection: Objection, *, has_ground: bool) -> str:
    """Return in words what may be objected, and what follows.

    `has_ground` says that a conflict of laws was found and is one of the grounds.
    """
    grounds = spoken(objection.grounds)
    text = f"Object by then if there is a ground: {grounds}."
    if has_ground:
        text = "Object by then: a conflict of laws was found, and is a ground."
    if objection.not_grounds:
        text += f" None is this: {spoken(objection.not_grounds)}."
    if objection.form is not None:
        text += f" Use the form: {spoken((objection.form,))}."
    if objection.suspends:
        text += " Then nothing is disclosed until it is decided."
    return text
