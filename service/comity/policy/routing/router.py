"""The route of an authority's request for user data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.domain.data_request import DataRequest
from comity.domain.data_route import CategoryAnswer, Desk, Redirect, Route, Verdict
from comity.domain.decision import Conflict
from comity.domain.truth import Truth
from comity.policy.routing.answers import Answering
from comity.policy.routing.checks import SpokenCheck, checks_on
from comity.policy.routing.clashes import clashes_on
from comity.policy.routing.deadlines import due_of_route
from comity.policy.routing.emergencies import EmergencyView
from comity.policy.routing.gates import hurdles_at_gates
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.matter import Matter
from comity.policy.routing.notices import notice_of
from comity.policy.routing.preservation import preservation_of
from comity.policy.routing.procedure import steps_of, tasks_of
from comity.policy.routing.selection import redirect_of, select_matter

NO_FIELDS: frozenset[str] = frozenset()


def route_request(request: DataRequest, law: RequestLaw, now: datetime) -> Route:
    """Return where `request` goes, what may be disclosed, by when and after which steps.

    `now` is the instant of the answer; one before the receipt counts as the receipt. The names of
    the request must be those of the vocabulary that `law` was compiled with.

    Raises:
        ValueError: the request names a profile that there is not.
    """
    matter = select_matter(request, law, now)
    emergency = EmergencyView(matter)
    answering_desk = law.platform.defaults.desk or ""
    escalate_to = law.platform.defaults.escalate_to or answering_desk
    checks = checks_on(matter, escalate_to)
    redirect = _redirect(matter, checks)
    answered = _Answered()
    if redirect is None:
        answered = _answer_all(matter, emergency, checks, escalate_to)
    answers = answered.answers
    waiting = all(a.verdict is Verdict.NEEDS_INFORMATION for a in answers)
    # What waits for the platform's own people stops no clock.
    asks_back = waiting and any(not a.escalations for a in answers)
    due = due_of_route(matter, emergency, asks_back=asks_back)
    notice = notice_of(matter)
    return Route(
        desk=_desk(matter, emergency, checks),
        due=due,
        user_notice=notice,
        profile=matter.use.name,
        redirect=redirect,
        answers=answers,
        steps=steps_of(matter, answers, emergency, due),
        tasks=tasks_of(matter, answers, emergency, checks, notice),
        preservation=None if redirect else preservation_of(matter, answers, checks),
        conflicts=tuple(sorted(answered.conflicts)),
        rule_ids=_cited(matter, checks, redirect),
        missing_facts=tuple(sorted(answered.missing)),
    )


@dataclass(frozen=True, slots=True)
class _Answered:
    """The answer of each category, the laws that clash, and the facts that are lacking."""

    answers: tuple[CategoryAnswer, ...] = ()
    conflicts: frozenset[Conflict] = frozenset()
    missing: frozenset[str] = NO_FIELDS


def _answer_all(
    matter: Matter, emergency: EmergencyView, checks: tuple[SpokenCheck, ...], escalate_to: str
) -> _Answered:
    """Return the answer of each category that is asked for."""
    gates = tuple(hurdles_at_gates(matter))
    clashes = clashes_on(matter, checks, escalate_to)
    answering = Answering(matter, emergency, gates, checks, clashes, escalate_to)
    answered = [answering.answer(data) for data in matter.request.data]
    answers = tuple(answer for answer, _ in answered)
    missing = NO_FIELDS.union(*(fields for _, fields in answered))
    return _Answered(answers, _conflicts(answering, answers), missing | _presumed(answers, checks))


def _conflicts(answering: Answering, answers: Sequence[CategoryAnswer]) -> frozenset[Conflict]:
    """Return the clashes of laws over what is held and asked."""
    asked = answering.matter.request.data
    return frozenset(
        conflict
        for data, answer in zip(asked, answers, strict=True)
        if answer.verdict is not Verdict.NOT_HELD
        for conflict in answering.clashing(data)
    )


def _cited(
    matter: Matter, checks: Sequence[SpokenCheck], redirect: Redirect | None
) -> tuple[str, ...]:
    """Return the rules that decided, sorted."""
    spoken = {check.check.id for check in checks if check.speaks}
    return tuple(sorted({matter.rule_id, redirect.rule_id if redirect else "", *spoken} - {""}))


def _redirect(matter: Matter, checks: Sequence[SpokenCheck]) -> Redirect | None:
    """Return where else the request belongs; None if it is answered here."""
    for check in checks:
        if check.speaks and check.check.terms.outcome == "redirect":
            to = check.check.terms.desk or matter.law.platform.defaults.desk or ""
            return Redirect(to, f"{check.check.terms.title}.", check.check.id)
    return redirect_of(matter)


def _presumed(answers: Sequence[CategoryAnswer], checks: Sequence[SpokenCheck]) -> frozenset[str]:
    """Return the fields that a check would look at and a presumption stands for."""
    if all(answer.verdict is not Verdict.DISCLOSABLE for answer in answers):
        return NO_FIELDS
    return NO_FIELDS.union(*(check.finding.missing for check in checks if check.hurdle is None))


def _desk(matter: Matter, emergency: EmergencyView, checks: Sequence[SpokenCheck]) -> Desk:
    """Return who answers.

    The desk of the strongest check that refuses or asks, else that of an emergency, else that of
    the instrument, else the platform's.
    """
    platform = matter.law.platform
    taken_over = [
        (check.hurdle.level, check.check.terms.desk)
        for check in checks
        if check.speaks and check.hurdle is not None and check.check.terms.outcome != "escalate"
    ]
    named = [desk for _, desk in sorted(taken_over, key=lambda pair: -pair[0])]
    if emergency.track is not None and emergency.on_track.value is not Truth.F:
        named.append(emergency.track.desk)
    if emergency.hurries_platform and platform.emergency is not None:
        named.append(platform.emergency.desk)
    if matter.rule is not None:
        named.extend((matter.rule.terms.desk, matter.rule.terms.addressee))
    named.append(platform.defaults.desk)
    return matter.law.desks[next(name for name in named if name)]
