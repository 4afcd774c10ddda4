"""Where the route of a request for data differs from what a scenario expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from comity.domain.data_request import DataRequest
from comity.domain.data_route import (
    CategoryAnswer,
    Due,
    DueKind,
    Route,
    Step,
    UserNotice,
    Verdict,
)
from comity.policy.documents.expected import (
    CategoryExpectation,
    NoticeExpectation,
    RouteExpectation,
    TaskExpectation,
)
from comity.policy.routing.provisions import RequestText
from comity.policy.scalars import Instant
from comity.policy.scenarios.results import Difference, Encounter
from comity.policy.scenarios.wording import NOTHING, listed, word_conflict


@dataclass(frozen=True, slots=True)
class AskedRoute:
    """A request for data that a scenario put.

    Attributes:
        file: scenario file.
        request: the request.
        now: the instant of the answer.
        expected: what must come.
        rule_ids: the rules that decided.
    """

    file: str
    request: DataRequest
    now: datetime
    expected: RouteExpectation
    rule_ids: tuple[str, ...] = ()


def compare_route(expected: RouteExpectation, route: Route) -> Iterator[Difference]:
    """Yield where `route` differs; see `RouteExpectation` for what always counts."""
    yield from _categories(expected, route)
    redirect = route.redirect.to if route.redirect is not None else NOTHING
    yield from _differ("redirect", expected.redirect or NOTHING, redirect)
    if expected.desk is not None:
        yield from _differ("desk", expected.desk, route.desk.name)
    if expected.due is not None:
        yield from _differ("due", *_dues(expected.due, route.due))
    yield from _preservation(expected, route)
    if expected.preserve_data is not None:
        kept = route.preservation.categories if route.preservation is not None else ()
        yield from _differ("preserve_data", listed(expected.preserve_data), listed(kept))
    clashes = listed(map(word_conflict, route.conflicts))
    yield from _differ("conflicts", listed(expected.conflicts), clashes)
    if expected.user_notice is not None:
        yield from _notice(expected.user_notice, route.user_notice)
    if expected.steps is not None:
        came = ", ".join(step.name for step in route.steps) or NOTHING
        yield from _differ("steps", ", ".join(expected.steps) or NOTHING, came)
    yield from _tasks(expected.tasks, route.tasks)


def account_for_route(route: Route, texts: Mapping[str, RequestText]) -> tuple[Encounter, ...]:
    """Return why the categories got their answers, and which rules decided."""
    told = []
    for answer in route.answers:
        grounds = ((ground.rule_id, ground.code, ground.text) for ground in answer.grounds)
        escalations = (("", e.code, f"for {e.desk}: {e.text}") for e in answer.escalations)
        for rule_id, code, text in (*grounds, *escalations):
            account = f"{answer.category}: {text.removesuffix('.')}"
            told.append(
                _encounter(rule_id, f"{code}, {account}" if rule_id else account, texts, code)
            )
    heard = {encounter.rule_id for encounter in told}
    silent = (rule_id for rule_id in route.rule_ids if rule_id not in heard)
    return (*told, *(_encounter(rule_id, "it decided", texts) for rule_id in silent))


def _encounter(
    rule_id: str, account: str, texts: Mapping[str, RequestText], code: str = ""
) -> Encounter:
    """Return what a rule did, with its place; `code` names what no rule does."""
    read = texts.get(rule_id)
    if read is None:
        return Encounter(rule_id or code, "", 0, account)
    return Encounter(rule_id, read.text.file, read.text.line, account)


def _differ(what: str, expected: str, came: str) -> Iterator[Difference]:
    """Yield a difference if the two texts do."""
    if expected != came:
        yield Difference(what, expected, came)


def _categories(expected: RouteExpectation, route: Route) -> Iterator[Difference]:
    """Yield where the answers to single categories differ."""
    answers = {answer.category: answer for answer in route.answers}
    for category in sorted(answers.keys() | expected.categories.keys()):
        wanted, came = expected.categories.get(category), answers.get(category)
        yield from _differ(
            f"categories.{category}",
            _word_expected(wanted) if wanted is not None else NOTHING,
            _word_answer(came) if came is not None else NOTHING,
        )
        if wanted is not None and came is not None and wanted.escalated_to is not None:
            desks = listed({escalation.desk for escalation in came.escalations})
            told = f"categories.{category}.escalated_to"
            yield from _differ(told, listed(wanted.escalated_to), desks)


def _word_expected(expected: CategoryExpectation) -> str:
    """Return the answer expected to a category, in words."""
    return _word_verdict(expected.verdict, expected.codes, escalated=expected.escalated)


def _word_answer(answer: CategoryAnswer) -> str:
    """Return the answer to a category, in words."""
    held = answer.verdict is not Verdict.NOT_HELD
    codes = {ground.code for ground in answer.grounds} if held else ()
    return _word_verdict(answer.verdict.value, codes, escalated=bool(answer.escalations))


def _word_verdict(verdict: str, codes: Iterable[str], *, escalated: bool) -> str:
    """Return a verdict, such as `refused for ABOVE_CEILING and escalated`."""
    reasons = listed(codes)
    worded = verdict.replace("_", " ")
    worded += f" for {reasons}" if reasons != NOTHING else ""
    return worded + (" and escalated" if escalated else "")


def _dues(expected: str | Instant, due: Due) -> tuple[str, str]:
    """Return what is expected and what came of a term, an instant in the offset expected."""
    if isinstance(expected, str):
        return expected, due.instant.isoformat() if due.instant is not None else due.kind.value
    if due.kind is not DueKind.INSTANT or due.instant is None:
        return expected.at.isoformat(), due.kind.value
    return expected.at.isoformat(), due.instant.astimezone(expected.at.tzinfo).isoformat()


def _preservation(expected: RouteExpectation, route: Route) -> Iterator[Difference]:
    """Yield that data are preserved for another time than expected."""
    wanted, kept = expected.preserve_until, route.preservation
    came = NOTHING
    if kept is not None and kept.until is not None:
        zone = wanted.at.tzinfo if isinstance(wanted, Instant) else None
        came = (kept.until.astimezone(zone) if zone is not None else kept.until).isoformat()
    elif kept is not None:
        came = kept.until_event or "without end"
    worded = wanted.at.isoformat() if isinstance(wanted, Instant) else wanted or NOTHING
    yield from _differ("preserve_until", worded, came)


def _notice(expected: NoticeExpectation, notice: UserNotice) -> Iterator[Difference]:
    """Yield where the user is told by somebody else or at another time."""
    yield from _differ("user_notice", expected.by, notice.by.value)
    if expected.at is not None:
        yield from _differ("user_notice.at", expected.at, notice.at or NOTHING)
    wanted = expected.not_before.at if expected.not_before is not None else None
    if wanted != notice.not_before:
        came = notice.not_before.isoformat() if notice.not_before is not None else NOTHING
        yield Difference(
            "user_notice.not_before", wanted.isoformat() if wanted is not None else NOTHING, came
        )
    silenced = (str(expected.silenced).lower(), str(notice.silenced).lower())
    yield from _differ("user_notice.silenced", *silenced)


def _tasks(expected: tuple[TaskExpectation, ...], tasks: tuple[Step, ...]) -> Iterator[Difference]:
    """Yield that other tasks are owed than expected, or one by another time."""
    names = listed(task.name for task in tasks)
    yield from _differ("tasks", listed(task.task for task in expected), names)
    owed = {task.name: task for task in tasks}
    for wanted in expected:
        task = owed.get(wanted.task)
        if wanted.due is not None and task is not None:
            worded, came = _dues(wanted.due, task.due or Due(DueKind.NONE))
            yield from _differ(f"tasks.{wanted.task}", worded, came)
