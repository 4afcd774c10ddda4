"""By when a request is to be answered, and when its terms start."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from comity.domain.data_route import Due, DueKind
from comity.policy.documents.times import Term
from comity.policy.routing.clocks import LATEST, end_of_term
from comity.policy.routing.emergencies import EmergencyView
from comity.policy.routing.matter import Matter
from comity.policy.routing.provisions import CountingClock

DueTerm = Term | str
# What starts a term -> the event that starts it, where it is one.
STARTING_EVENTS: Final = {
    "clarification": "clarification",
    "effect": "effect",
    "confirmation": "confirmation",
    "report_sent": "report_sent",
    "disclosure": "production",
}


def due_of_route(matter: Matter, emergency: EmergencyView, *, asks_back: bool) -> Due:
    """Return by when to answer; `asks_back` says that everything waits for information."""
    if matter.has_happened("withdrawal"):
        return Due(DueKind.NONE)
    rule, platform = matter.rule, matter.law.platform
    if emergency.track is not None and emergency.moves_clock:
        return due_at(emergency.track.due, matter, matter.rule_id, asks_back=asks_back)
    own = due_at(rule.terms.due, matter, rule.id, asks_back=asks_back) if rule else None
    if emergency.hurries_platform and platform.emergency is not None:
        return _earlier(own, due_at(platform.emergency.due, matter, ""))
    if own is not None:
        return own
    if platform.defaults.due is None:
        return Due(DueKind.NONE)
    return due_at(platform.defaults.due, matter, "")


def _earlier(own: Due | None, hurried: Due) -> Due:
    """Return the instrument's own due time if it is the earlier one."""
    if own is None or hurried.instant is None:
        return hurried
    sooner = own.instant is not None and own.instant < hurried.instant
    return own if sooner or own.kind is DueKind.AT_ONCE else hurried


def due_at(due: DueTerm, matter: Matter, rule_id: str, *, asks_back: bool = False) -> Due:
    """Return a due time of the rule `rule_id`, or of the platform if that is empty."""
    if not isinstance(due, Term):
        named = matter.request.order_deadline if due == DueKind.IN_ORDER else None
        return Due(DueKind.INSTANT if named else DueKind(due), named, rule_id)
    clock = _clock_of(due, matter, rule_id)
    stopped = asks_back and clock.on_question != "runs"
    start = _start_of(due, matter, clock)
    if start is None or (stopped and not matter.has_happened("clarification")):
        return Due(DueKind.NONE, rule_id=rule_id)
    end = end_of_term(start, due.within, clock)
    if clock.on_question == "pause":
        end += min(_paused(matter), LATEST - min(end, LATEST))
    named = matter.request.order_deadline
    if named is not None and (named < end or clock.order_deadline == "wins"):
        end = named
    return Due(DueKind.INSTANT, end, rule_id)


def question_open(matter: Matter) -> datetime | None:
    """Return when the issuer was asked what it has not answered yet; None if it owes no answer."""
    asked = matter.times_of("question")
    answered = matter.times_of("clarification")
    return asked[-1] if asked and not (answered and answered[-1] >= asked[-1]) else None


def answer_due(asked: datetime, matter: Matter) -> Due | None:
    """Return by when the issuer is to answer a question of `asked`; None if no clock says."""
    rule = matter.rule
    if rule is None or not isinstance(rule.terms.due, Term):
        return None
    clock = _clock_of(rule.terms.due, matter, rule.id)
    if clock.issuer_answers_within is None:
        return None
    return Due(DueKind.INSTANT, end_of_term(asked, clock.issuer_answers_within, clock), rule.id)


def _clock_of(due: Term, matter: Matter, rule_id: str) -> CountingClock:
    """Return the clock of a term."""
    if not rule_id or matter.rule is None:
        return matter.law.clock
    return matter.rule.clocks.get(due.clock or "", matter.rule.clock)


def _start_of(due: Term, matter: Matter, clock: CountingClock) -> datetime | None:
    """Return what starts the term; None if it has not happened.

    An order without a known date counts from its receipt, which is later.
    """
    received = matter.request.received_at
    if due.starts == "order_date":
        return matter.request.signed_at or received
    if due.starts == "receipt":
        clarified = matter.times_of("clarification")
        return clarified[-1] if clarified and clock.on_question == "restart" else received
    times = matter.times_of(STARTING_EVENTS[due.starts])
    return times[0] if times else None


def _paused(matter: Matter) -> timedelta:
    """Return how long questions to the issuer were open: each until the next clarification."""
    paused, answers = timedelta(), matter.times_of("clarification")
    reached = matter.request.received_at
    for asked in matter.times_of("question"):
        answer = next((at for at in answers if at >= asked), None)
        if answer is not None and asked >= reached:
            paused, reached = paused + (answer - asked), answer
    return paused
