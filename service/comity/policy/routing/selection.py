"""Which rule answers a request, as the law stood at which moment."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from comity.domain.data_request import DataRequest
from comity.domain.data_route import Redirect
from comity.policy.documents.reach import IssuingStates
from comity.policy.documents.reach import Redirect as RedirectRule
from comity.policy.routing import marks
from comity.policy.routing.hurdles import spoken
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.matter import Matter, issued_in
from comity.policy.routing.provisions import RequestRule


def select_matter(request: DataRequest, law: RequestLaw, now: datetime) -> Matter:
    """Return the request before the rule and the profile that answer it.

    Of several rules the first in force is taken; one that is not in force tells why.

    Raises:
        ValueError: the request names a profile that there is not.
    """
    at = max(now, request.received_at)
    rules = law.instruments.get(request.instrument, ())
    fitting = [rule for rule in rules if _may_issue(rule, request, law, at)]
    in_force = [r for r in fitting if r.has_effect_at(moment_of(r, request, at))]
    rule = next(iter((*in_force, *fitting)), None)
    moment = moment_of(rule, request, at) if rule else request.received_at
    use = law.profile_at(moment, request.instrument)
    if request.profile:
        named = law.profile_named(request.profile)
        if named is None:
            message = f"there is no profile {request.profile}"
            raise ValueError(message)
        use = named
    return Matter(request, law, at, rule, moment, use)


def moment_of(rule: RequestRule, request: DataRequest, now: datetime) -> datetime:
    """Return the moment whose law counts; an order without a known date counts as received."""
    match rule.terms.governed_by:
        case "received":
            return request.received_at
        case "issued":
            return request.signed_at or request.received_at
        case "decided":
            return now
        case _:
            assert_never(rule.terms.governed_by)


def redirect_of(matter: Matter) -> Redirect | None:
    """Return to which instrument a state is sent that may not issue this one; None if to none."""
    if matter.rule is not None:
        return None
    request, law = matter.request, matter.law
    for rule in law.instruments.get(request.instrument, ()):
        states = rule.terms.issuing_states
        in_effect = rule.has_effect_at(moment_of(rule, request, matter.now))
        if (
            in_effect
            and isinstance(states, IssuingStates)
            and isinstance(states.otherwise, RedirectRule)
        ):
            to = states.otherwise.redirect
            text = f"{request.authority.issuing_state} may not issue this instrument"
            return Redirect(to, f"{text}; ask by {spoken((to,))}.", rule.id)
    return None


def _may_issue(rule: RequestRule, request: DataRequest, law: RequestLaw, now: datetime) -> bool:
    """Return whether the issuing state may issue the instrument under `rule`."""
    moment = moment_of(rule, request, now)
    states = rule.terms.issuing_states
    if not isinstance(states, IssuingStates):
        return issued_in(request, states or (rule.jurisdiction,), law, moment)
    excluded = [
        law.desk_states.get(rule.terms.addressee or "", code)
        if code == marks.ADDRESSEE_STATE
        else code
        for code in states.excluded
    ]
    return issued_in(request, states.within, law, moment) and not issued_in(
        request, excluded, law, moment
    )
