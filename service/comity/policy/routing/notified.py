"""The authority of the addressee's state that is told of an order and may object."""

from __future__ import annotations

from comity.domain.truth import Truth
from comity.policy.documents.requests import NotifiedAuthority
from comity.policy.routing.emergencies import EmergencyView
from comity.policy.routing.facts import is_situation
from comity.policy.routing.hurdles import Hurdle, Level, hurdle
from comity.policy.routing.matter import Matter


def notified_for(category: str, matter: Matter) -> NotifiedAuthority | None:
    """Return the authority that is told of an order for `category`; None if none is.

    It is told unless the exception holds for certain.
    """
    notified = matter.rule.terms.notified_authority if matter.rule else None
    if notified is None or matter.class_of(category) not in notified.classes:
        return None
    if notified.unless and is_situation(notified.unless, matter).value is Truth.T:
        return None
    return notified


def objection_hurdle(category: str, matter: Matter) -> Hurdle | None:
    """Return that the authority has objected to an order for `category`; None if not."""
    if notified_for(category, matter) is None or not matter.has_happened("objection"):
        return None
    text = "The notified authority has objected."
    cure = "The issuer decides what follows."
    return hurdle(Level.REFUSE_CATEGORY, "EA_OBJECTED", text, cure=cure, rule_id=matter.rule_id)


def releases_at_once(notified: NotifiedAuthority, matter: Matter, emergency: EmergencyView) -> bool:
    """Return whether data leave without waiting for the notified authority."""
    if matter.has_happened("clearance"):
        return True
    in_emergency = notified.emergency
    if in_emergency is not None and emergency.on_track.value is Truth.T:
        return in_emergency.release == "at_once"
    return notified.release == "at_once"
