"""Orders that require a disclosure which the law of another authority forbids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comity.domain.data_route import Escalation, Ground
from comity.domain.decision import Conflict
from comity.policy.routing import marks
from comity.policy.routing.checks import SpokenCheck
from comity.policy.routing.hurdles import Hurdle, Level
from comity.policy.routing.matter import Matter
from comity.policy.routing.objections import open_objections


@dataclass(frozen=True, slots=True)
class Clash:
    """A binding order, and a prohibition of another authority that stands against it.

    Attributes:
        conflict: the two rules, and which of them a ruling prefers.
        check: the prohibition.
        desk: desk whose person decides.
    """

    conflict: Conflict
    check: SpokenCheck
    desk: str

    def hurdle(self, matter: Matter) -> Hurdle | None:
        """Return what the clash puts in the way of a disclosure.

        Nothing if a ruling prefers the order; the disclosure is refused if one prefers the
        prohibition; without a ruling it is on hold until a person has decided.
        """
        resolved, forbid = self.conflict.resolved_for, self.conflict.forbid_rule_id
        if resolved == self.conflict.require_rule_id:
            return None
        title = f"{self.check.check.terms.title}."
        reason = "The order requires what the law of another authority forbids."
        escalation = Escalation(self.desk, marks.CLASH, reason)
        if resolved:
            ground = Ground(marks.CLASH, title, rule_id=forbid)
            return Hurdle(Level.REFUSE_CATEGORY, ground, escalation)
        cure = f"The desk {self.desk} decides; nothing is disclosed before that."
        ways = [objection for objection, _ in open_objections(matter)]
        if any(marks.CONFLICT_OF_LAWS in objection.grounds for objection in ways):
            cure += " It may object by the time given."
        ground = Ground(marks.CLASH, title, cure, forbid)
        return Hurdle(Level.ESCALATE, ground, escalation)


def clashes_on(
    matter: Matter, checks: Iterable[SpokenCheck], fallback_desk: str
) -> tuple[Clash, ...]:
    """Return the prohibitions that clash with the order, whatever data it asks for.

    An instrument that does not bind, only keeps data or has no effect requires no disclosure.
    """
    rule = matter.rule
    if rule is None or not rule.terms.binding or rule.terms.preserve_only:
        return ()
    if not rule.has_effect_at(matter.moment):
        return ()
    authority = matter.law.texts[rule.id].text.authority
    return tuple(
        Clash(_conflict(spoken, rule.id, matter), spoken, spoken.check.terms.desk or fallback_desk)
        for spoken in checks
        if spoken.speaks
        and spoken.check.forbids_abroad
        and matter.law.texts[spoken.check.id].text.authority != authority
    )


def _conflict(spoken: SpokenCheck, require: str, matter: Matter) -> Conflict:
    """Return the two rules, with the preference of a ruling that still holds."""
    forbid = spoken.check.id
    for ruling in matter.law.rulings:
        named = (ruling.forbid_rule_id, ruling.require_rule_id) == (forbid, require)
        if named and matter.now < ruling.expires:
            return Conflict(forbid, require, ruling.prefer)
    return Conflict(forbid, require)
