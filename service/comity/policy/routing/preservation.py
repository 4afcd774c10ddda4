"""What is to be kept meanwhile, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from comity.domain.data_route import CategoryAnswer, Preservation, Verdict
from comity.policy.documents.requests import PreserveExtension, PreserveTerm
from comity.policy.routing.checks import SpokenCheck
from comity.policy.routing.clocks import day_of, end_of_day, end_of_term, last_day
from comity.policy.routing.holdings import is_kept
from comity.policy.routing.marks import CLASH
from comity.policy.routing.matter import Matter
from comity.policy.routing.provisions import CountingClock
from comity.policy.scalars import Duration, Unit

DECISION: Final = "decision"
PRODUCTION: Final = "production"
_SHORT: Final = (Unit.MINUTES, Unit.HOURS)
_CLOSED: Final = (Verdict.REFUSED, Verdict.NOT_HELD)
_UNDECIDED: Final = frozenset(
    {("EA_OBJECTED", Verdict.REFUSED), (CLASH, Verdict.NEEDS_INFORMATION)}
)


def preservation_of(
    matter: Matter, answers: Sequence[CategoryAnswer], checks: Sequence[SpokenCheck]
) -> Preservation | None:
    """Return what is to be kept; the longest of what the rules and the platform ask.

    What any of them asks to be kept is kept as long.
    """
    if not matter.request.account_given or matter.has_happened("withdrawal"):
        return None
    terms: list[tuple[object, CountingClock, str]] = [
        (check.check.terms.preserve, check.check.clock, check.check.id)
        for check in checks
        if check.speaks
    ]
    waits = any(a.verdict is Verdict.NEEDS_INFORMATION or a.escalations for a in answers)
    open_still = waits or any(a.verdict not in _CLOSED for a in answers)
    if open_still and matter.rule:
        terms.append((matter.rule.terms.preserve, matter.rule.clock, matter.rule.id))
    asked = [_of_term(term, matter, clock, rule_id) for term, clock, rule_id in terms]
    asked.extend(_until_decided(matter, answers))
    default = matter.law.platform.defaults.need_information_preserve
    if waits and default is not None:
        asked.append(_of_default(default, matter))
    longest = max((one for one in asked if one is not None), key=_how_long, default=None)
    if longest is None:
        return None
    return replace(longest, categories=_categories((term for term, _, _ in terms), matter, answers))


def _until_decided(matter: Matter, answers: Sequence[CategoryAnswer]) -> Iterator[Preservation]:
    """Yield what is kept until somebody decides: after an objection, or a clash of laws."""
    codes = {(ground.code, answer.verdict) for answer in answers for ground in answer.grounds}
    if codes & _UNDECIDED:
        since = matter.request.received_at
        yield Preservation(since, until_event=DECISION, rule_id=matter.rule_id)


def _categories(
    terms: Iterable[object], matter: Matter, answers: Sequence[CategoryAnswer]
) -> tuple[str, ...]:
    """Return which data are to be kept: what is asked and held, and all that is held if asked."""
    kept = {a.category for a in answers if a.verdict is not Verdict.NOT_HELD}
    if any(isinstance(term, PreserveTerm) and term.data == "all_held" for term in terms):
        kept |= {name for name in matter.law.held if is_kept(name, matter)}
    return tuple(sorted(kept))


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
    """Return what `term` asks; None if nothing, once its event has come or it does not start."""
    if not isinstance(term, PreserveTerm):
        return None
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
