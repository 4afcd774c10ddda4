"""Who tells the user, and when."""

from __future__ import annotations

from comity.domain.data_request import Authenticity, SilenceOrder
from comity.domain.data_route import NoticeBy, UserNotice
from comity.domain.truth import Truth
from comity.policy.documents.requests import UserNotice as NoticeRule
from comity.policy.routing.facts import is_situation
from comity.policy.routing.matter import Matter

DISCLOSURE = "disclosure"


def notice_of(matter: Matter) -> UserNotice:
    """Return who tells the user; nobody of a forged request."""
    platform = matter.law.platform.defaults.user_notice
    own = matter.rule.terms.user_notice if matter.rule else None
    rule, rule_id = (own, matter.rule_id) if own is not None else (platform, "")
    forged = matter.request.authority.authenticity is Authenticity.FORGED
    if rule is None or forged or rule.by == "nobody":
        return UserNotice(NoticeBy.NOBODY, rule_id=rule_id)
    exceptions = rule.not_if
    if platform is not None and rule.by == "platform":
        exceptions = (*exceptions, *platform.not_if)
    if any(is_situation(name, matter).value is Truth.T for name in exceptions):
        return UserNotice(NoticeBy.NOBODY, rule_id=rule_id)
    silence = silence_in_force(rule, matter)
    return UserNotice(
        NoticeBy(rule.by),
        rule.at or DISCLOSURE,
        not_before=silence.until if silence else None,
        silenced=silence is not None and silence.until is None,
        rule_id=rule_id,
    )


def silence_in_force(rule: NoticeRule, matter: Matter) -> SilenceOrder | None:
    """Return the order of silence that binds; None if none does."""
    silence = matter.request.silence_order
    if silence is None or matter.has_happened("gag_ended"):
        return None
    only_by = rule.silence_only_by
    if only_by is not None and only_by not in (silence.ordered_by, f"{silence.ordered_by}_order"):
        return None
    return silence
