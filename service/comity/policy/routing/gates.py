"""The gates that a whole request must pass before any category is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from comity.policy.routing.clocks import end_of_term
from comity.policy.routing.hurdles import Hurdle, Level, hurdle, spoken
from comity.policy.routing.matter import Matter
from comity.policy.scalars import Duration

# What every request must bring, whatever its instrument asks for besides.
ALWAYS_NEEDED: Final = ("legal_basis", "issuer", "signature", "date", "account_identifier")
# Need -> code of the ground when it is lacking; AMBIGUOUS for others.
_CODES: Final = {
    "signature": "UNSIGNED",
    "date": "UNSIGNED",
    "translation": "LANGUAGE",
    "call_back": "UNVERIFIED",
    "validation": "NOT_VALIDATED",
    "court_approval": "NOT_VALIDATED",
    "head_of_office_agreement": "NOT_VALIDATED",
}


def hurdles_at_gates(matter: Matter) -> Iterator[Hurdle]:
    """Yield what stands in the way of the whole request."""
    if matter.has_happened("withdrawal"):
        text = "The authority has withdrawn the request."
        yield hurdle(Level.REFUSE_REQUEST, "WITHDRAWN", text, cure="Send a new request.")
    yield from _instrument(matter)
    yield from _needs(matter)
    if not matter.request.account_given:
        yield hurdle(
            Level.REQUEST_LACKS,
            "AMBIGUOUS",
            "The request identifies no account.",
            cure="Name the account by its identifier or its phone number.",
            missing=frozenset({"subject"}),
        )


def _instrument(matter: Matter) -> Iterator[Hurdle]:
    """Yield that no rule answers the instrument, or that it has no effect."""
    rule, request = matter.rule, matter.request
    if rule is None:
        if request.instrument in matter.law.instruments:
            text = f"{request.authority.issuing_state} may not issue this instrument."
            cure = "Use an instrument of the issuing state, or mutual legal assistance."
            yield hurdle(Level.REFUSE_REQUEST, "OUT_OF_REACH", text, cure=cure)
            return
        text = "The policies know no rule on this instrument."
        cure = "State the legal basis."
        yield hurdle(Level.REQUEST_LACKS, "AMBIGUOUS", text, cure=cure)
        return
    if not rule.has_effect_at(matter.moment):
        starts = [s.start for s in rule.spans if s.start and s.start > matter.moment]
        cure = f"Issue it again from {min(starts):%Y-%m-%d} on, or" if starts else "Use"
        yield hurdle(
            Level.REFUSE_REQUEST,
            "NOT_IN_FORCE",
            "The instrument had no effect at the time that counts.",
            cure=f"{cure} mutual legal assistance.",
            rule_id=rule.id,
        )
    terms = rule.terms
    if terms.valid_for is not None:
        now = max(matter.now, request.received_at)
        yield from _expiry(matter, terms.valid_for, now, "is no longer valid")
    if terms.served_within is not None:
        served = request.received_at
        yield from _expiry(matter, terms.served_within, served, "was not served in time")


def _expiry(matter: Matter, term: Duration, at: datetime, what: str) -> Iterator[Hurdle]:
    """Yield that the order is past `term` at the instant `at`, or that nobody can tell."""
    signed = matter.request.signed_at
    if signed is None:
        yield hurdle(
            Level.REQUEST_LACKS,
            "UNSIGNED",
            f"The order is valid for {term.text} from its date, which is not known.",
            cure="State the date of the order.",
            rule_id=matter.rule_id,
            missing=frozenset({"signed_at"}),
        )
    elif end_of_term(signed, term, matter.clock) <= at:
        yield hurdle(
            Level.REQUEST_LACKS,
            "EXPIRED",
            f"The order {what}: {term.text} from its date have passed.",
            cure="Send a fresh order.",
            rule_id=matter.rule_id,
        )


def _needs(matter: Matter) -> Iterator[Hurdle]:
    """Yield what the request lacks of what it must bring."""
    asked = matter.rule.terms.needs if matter.rule else ()
    for need in sorted(matter.request.lacking.intersection((*ALWAYS_NEEDED, *asked))):
        yield hurdle(
            Level.REQUEST_LACKS,
            _CODES.get(need, "AMBIGUOUS"),
            f"The request lacks what it must bring: {spoken((need,))}.",
            cure=f"Send the {spoken((need,))}.",
            rule_id=matter.rule_id if need in asked else "",
            missing=frozenset({"lacking"}),
        )
