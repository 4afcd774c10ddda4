"""What must be done before anything is disclosed, and what is owed afterwards or besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from comity.domain.data_request import Authenticity
from comity.domain.data_route import CategoryAnswer, Due, DueKind, Step, UserNotice, Verdict
from comity.domain.truth import Truth
from comity.policy.routing.checks import SpokenCheck
from comity.policy.routing.clocks import end_of_term
from comity.policy.routing.deadlines import answer_due, question_open
from comity.policy.routing.emergencies import EmergencyView
from comity.policy.routing.marks import CLASH, CONFLICT_OF_LAWS
from comity.policy.routing.matter import Matter
from comity.policy.routing.notified import notified_for, releases_at_once
from comity.policy.routing.objections import objection_text, open_objections
from comity.policy.routing.profiles import passes_tests
from comity.policy.routing.reach import authority_finding, covers
from comity.policy.scalars import Duration, parse_duration

VERIFICATION: Final = "authority_verification"
WAIT: Final = "await_notified_authority"
DELETION: Final = "ask_deletion"
PROOF: Final = "validation_proof"
REVIEW: Final = "user_notice_review"
OBJECTION: Final = "consider_objection"
ANSWER: Final = "await_clarification"
TELL_NOTIFIED: Final = "tell_notified_authority"
# How long a silence without end goes unreviewed. The platform's own rule.
REVIEW_AFTER: Final = parse_duration("12 months")
_TEXTS: Final = {
    VERIFICATION: "Verify that the request comes from the authority, by a number of the register.",
    "legal_analysis": "Let counsel analyse the request.",
    "two_person_approval": "Let two people approve the disclosure.",
    WAIT: "Wait until the term of the notified authority ends, or it clears the order.",
    "written_order": "Obtain the written order.",
    PROOF: "Obtain proof that the request was validated.",
    DELETION: "Ask the authority to delete what it was given.",
    "tell_security": "Tell the platform's security, which warns the agency that is named.",
    "annex_iii": "Tell the issuer by the form of Annex III what is missing, wrong or impossible.",
    "written_assurance": "Obtain a written assurance that nobody will be put to death.",
    ANSWER: "The issuer answers what it was asked.",
    "tell_issuer": "Tell the issuer of the doubt.",
    TELL_NOTIFIED: "Tell the notified authority of the doubt.",
    REVIEW: "Review whether the user may be told.",
}


def step_of(name: str, due: Due | None = None, rule_id: str = "", text: str = "") -> Step:
    """Return the step or task `name` of the vocabulary."""
    said = text or _TEXTS.get(name) or f"{name.replace('_', ' ').capitalize()}."
    return Step(name, said, due, rule_id)


def steps_of(
    matter: Matter, answers: Sequence[CategoryAnswer], emergency: EmergencyView, due: Due
) -> tuple[Step, ...]:
    """Return what must be done before what is disclosable is disclosed; nothing if nothing is."""
    disclosed = _disclosed(answers)
    if not disclosed:
        return ()
    named = [(name, "") for name in matter.use.profile.steps]
    if matter.rule is not None:
        named.extend((name, matter.rule.id) for name in matter.rule.terms.steps)
    platform = matter.law.platform.emergency
    if platform is not None and _rest_on_danger(matter, emergency, disclosed):
        named.extend((name, "") for name in platform.steps)
    verified = matter.request.authority.authenticity is Authenticity.VERIFIED
    steps: dict[str, Step] = {}
    for name, rule_id in named:
        if not (verified and name == VERIFICATION):
            steps.setdefault(name, step_of(name, rule_id=rule_id))
    told = [notified_for(category, matter) for category in disclosed]
    if any(n is not None and not releases_at_once(n, matter, emergency) for n in told):
        steps[WAIT] = step_of(WAIT, due, matter.rule_id)
    return tuple(steps.values())


def tasks_of(
    matter: Matter,
    answers: Sequence[CategoryAnswer],
    emergency: EmergencyView,
    checks: Sequence[SpokenCheck],
    notice: UserNotice,
) -> tuple[Step, ...]:
    """Return what is owed, by due instant; what has no time goes first."""
    disclosed = _disclosed(answers)
    tasks = [*_of_checks(matter, checks), *_questions(matter, answers)]
    if disclosed or any(answer.escalations for answer in answers):
        tasks.extend(_objections(matter, answers))
    tasks.extend(_after_emergency(matter, emergency, disclosed))
    if matter.has_happened("production") and (
        matter.has_happened("withdrawal") or matter.has_happened("objection")
    ):
        tasks.append(step_of(DELETION))
    if notice.silenced:
        end = end_of_term(matter.request.received_at, REVIEW_AFTER, matter.clock)
        tasks.append(step_of(REVIEW, Due(DueKind.INSTANT, end)))
    return tuple(sorted(dict.fromkeys(tasks), key=_order))


def _disclosed(answers: Iterable[CategoryAnswer]) -> tuple[str, ...]:
    """Return the categories that may be disclosed."""
    return tuple(a.category for a in answers if a.verdict is Verdict.DISCLOSABLE)


def _of_checks(matter: Matter, checks: Sequence[SpokenCheck]) -> Iterator[Step]:
    """Yield what the checks that speak ask for, each thing once; the law's before the platform's.

    An authority that no rule notifies is not told.
    """
    named: dict[str, str] = {}
    notified = matter.rule is not None and matter.rule.terms.notified_authority is not None
    for check in reversed(checks):
        terms = check.check.terms
        for name in (*(f"tell_{who}" for who in terms.tell), *terms.tasks) if check.speaks else ():
            if name != TELL_NOTIFIED or notified:
                named.setdefault(name, check.check.id)
    yield from (step_of(name, rule_id=rule_id) for name, rule_id in named.items())


def _questions(matter: Matter, answers: Sequence[CategoryAnswer]) -> Iterator[Step]:
    """Yield that the issuer is to be asked for what is missing, or by when it owes an answer.

    It is asked again for what it did not say; what waits for the platform's own people is not
    asked of it.
    """
    asked = question_open(matter)
    if asked is not None:
        due = answer_due(asked, matter)
        yield step_of(ANSWER, due, due.rule_id if due else "")
        return
    way = matter.rule.terms.ask_with if matter.rule else None
    waits = (
        (a.verdict is Verdict.NEEDS_INFORMATION and not a.escalations)
        or any(ground.code == "NOT_VALIDATED" for ground in a.grounds)
        for a in answers
    )
    if way is not None and any(waits):
        yield step_of(way, rule_id=matter.rule_id)


def _objections(matter: Matter, answers: Sequence[CategoryAnswer]) -> Iterator[Step]:
    """Yield by when objections that are open, and may have a ground, must be made."""
    clash = any(ground.code == CLASH for answer in answers for ground in answer.grounds)
    for objection, end in open_objections(matter):
        has_ground = clash and CONFLICT_OF_LAWS in objection.grounds
        text = objection_text(objection, has_ground=has_ground)
        due = Due(DueKind.INSTANT, end, matter.rule_id)
        yield step_of(OBJECTION, due, matter.rule_id, text)


def _after_emergency(
    matter: Matter, emergency: EmergencyView, disclosed: Sequence[str]
) -> Iterator[Step]:
    """Yield what an emergency leaves to be done for what is disclosed."""
    if not disclosed:
        return
    platform, track = matter.law.platform.emergency, emergency.track
    if platform is not None and _rest_on_danger(matter, emergency, disclosed):
        for after in platform.follow_up:
            yield from _owed(matter, after.task, after.within, after.otherwise)
    if track is None or emergency.on_track.value is not Truth.T:
        return
    for after in track.follow_up:
        yield from _owed(matter, after.task, after.within, after.otherwise, matter.rule_id)
    before = track.without_validation
    unproven = before is not None and not matter.has_happened("validation")
    if before and unproven and any(_lacks_validation(c, matter) for c in disclosed):
        within, otherwise = before.validate_within, before.otherwise
        yield from _owed(matter, PROOF, within, otherwise, matter.rule_id)
    for category in disclosed:
        notified = notified_for(category, matter)
        special = notified.emergency if notified else None
        if special is not None and special.may_object is not None and special.then is not None:
            end = end_of_term(matter.request.received_at, special.may_object, matter.clock)
            text = "If the notified authority objects by then, ask for the data to be deleted."
            yield step_of(special.then, Due(DueKind.INSTANT, end), matter.rule_id, text)


def _rest_on_danger(matter: Matter, emergency: EmergencyView, disclosed: Sequence[str]) -> bool:
    """Return whether anything is disclosed only because danger lifts the profile's tests."""
    return any(
        emergency.lifts_tests_of(category).value is Truth.T and not passes_tests(category, matter)
        for category in disclosed
    )


def _lacks_validation(category: str, matter: Matter) -> bool:
    """Return whether `category` is reached only because validation may come later."""
    assert matter.rule is not None
    word = matter.class_of(category)
    rows = [row for row in matter.rule.terms.reach if covers(row, word)]
    return all(authority_finding(row, matter).value is not Truth.T for row in rows)


def _owed(
    matter: Matter, task: str, within: Duration, otherwise: str | None, rule_id: str = ""
) -> Iterator[Step]:
    """Yield what must come after, or what follows if its time has passed without it."""
    if matter.has_happened(task):
        return
    end = end_of_term(matter.request.received_at, within, matter.clock)
    if matter.now >= end and otherwise is not None:
        yield step_of(otherwise, rule_id=rule_id)
    else:
        yield step_of(task, Due(DueKind.INSTANT, end, rule_id), rule_id)


def _order(step: Step) -> tuple[datetime, str]:
    """Return what tasks are sorted by."""
    at = step.due.instant if step.due else None
    return at or datetime.min.replace(tzinfo=UTC), step.name
