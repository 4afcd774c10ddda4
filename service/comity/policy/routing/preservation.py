"""What is to be kept meanwhile, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from comity.domain.data_route import CategoryAnswer, Preservation, Verdict
from comity.policy.documents.requests import PreserveExtension, PreserveTerm
from comity.policy.routing.checks import SpokenCheck
from comity.policy.routing.clocks import day_of, end_of_day, end_of_term, last_day
from comity.policy.routing.matter import Matter
from comity.policy.routing.provisions import CountingClock
from comity.policy.scalars import Duration, Unit

DECISION: Final = "decision"
PRODUCTION: Final = "production"
_SHORT: Final = (Unit.MINUTES, Unit.HOURS)
_CLOSED: Final = (Verdict.REFUSED, Verdict.NOT_HELD)


def preservation_of(
    matter: Matter, answers: Sequence[CategoryAnswer], checks: Sequence[SpokenCheck]
) -> Preservation | None:
    """Return what is to be kept; the longest of what the rules and the platform ask."""
    if not matter.request.account_given or matter.has_happened("withdrawal"):
        return None
    asked = [
        _of_term(check.check.terms.preserve, matter, check.check.clock, check.check.id)
        for check in checks
        if check.speaks and isinstance(check.check.terms.preserve, PreserveTerm)
    ]
    if any(ground.code == "EA_OBJECTED" for answer in answers for ground in answer.grounds):
        since = matter.request.received_at
        asked.append(Preservation(since, until_event=DECISION, rule_id=matter.rule_id))
    waits = any(a.verdict is Verdict.NEEDS_INFORMATION or a.escalations for a in answers)
    open_still = waits or any(a.verdict not in _CLOSED for a in answers)
    term = matter.rule.terms.preserve if matter.rule else None
    if open_still and matter.rule and isinstance(term, PreserveTerm):
        asked.append(_of_term(term, matter, matter.rule.clock, matter.rule.id))
    default = matter.law.platform.defaults.need_information_preserve
    if waits and default is not None:
        asked.append(_of_default(default, matter))
    kept = [one for one in asked if one is not None]
    return max(kept, key=_how_long, default=None)


def _how_long(kept: Preservation) -> tuple[bool, float, str]:
    """Return what compares preservations: until an event is longest."""
    until = kept.until.timestamp() if kept.until is not None else 0.0
    return kept.until is None, until, kept.until_event


def _of_default(length: Duration, matter: Matter) -> Preservation:
    """Return the platform's own term."""
    since = matter.request.received_at
    return Preservation(since, end_of_term(since, length, matter.law.clock))


def _of_term(
    term: object, matter: Matter, clock: CountingClock, rule_id: str
) -> Preservation | None:
    """Return what `term` asks; None once its event has come or it does not start."""
    assert isinstance(term, PreserveTerm)
    since = matter.request.received_at
    if term.start != "receipt":
        times = matter.times_of(term.start)
        if not times:
            return None
        since = times[0]
    if term.until is not None:
        return _until_event(since, term.until, matter, rule_id)
    assert term.length is not None
    if term.length.unit in _SHORT:
        return Preservation(since, end_of_term(since, term.length, clock), rule_id=rule_id)
    last = last_day(day_of(since, clock), term.length, clock)
    for extension, at in _extensions(term, matter):
        if at >= end_of_day(last, clock):
            continue
        if extension.until is not None:
            return _until_event(since, extension.until, matter, rule_id)
        assert extension.length is not None
        last = last_day(last, extension.length, clock)
    return Preservation(since, end_of_day(last, clock), rule_id=rule_id)


def _until_event(since: datetime, event: str, matter: Matter, rule_id: str) -> Preservation | None:
    """Return what is kept until `event`; None once it has happened."""
    if event == PRODUCTION and matter.has_happened(PRODUCTION):
        return None
    return Preservation(since, until_event=event, rule_id=rule_id)


def _extensions(term: PreserveTerm, matter: Matter) -> Sequence[tuple[PreserveExtension, datetime]]:
    """Return the extensions that have happened, in order, each as often as it may be."""
    happened = [
        (extension, at)
        for extension in term.extends
        for at in matter.times_of(extension.on)[: extension.times]
    ]
    return sorted(happened, key=lambda pair: pair[1])
