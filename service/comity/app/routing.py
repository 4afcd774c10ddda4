"""Use case, as its callers see it: where does an authority's request for user data go?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol, TypeVar

from comity.app.ports.policy_source import PolicyInForce
from comity.domain.data_request import DataRequest
from comity.domain.data_route import (
    CategoryAnswer,
    Due,
    Ground,
    Preservation,
    Route,
    Step,
    UserNotice,
)
from comity.domain.request import Options, Revision, Subject
from comity.policy.rule_texts import RuleText

# Stands for the words of a rule that the caller may not know of.
UNSAID: Final = "A rule that is not shown says so."
P = TypeVar("P", Due, UserNotice, Preservation, Step)


@dataclass(frozen=True, slots=True)
class CitedText:
    """A rule that took part in an answer.

    Attributes:
        jurisdiction: code of the file it stands in, or `any`.
        text: what people read of it.
    """

    jurisdiction: str
    text: RuleText


@dataclass(frozen=True, slots=True)
class RoutedRequest:
    """The route of one request, with what goes with it.

    Attributes:
        route: the answer.
        cited: the rules that the route names, by id, those of its conflicts included.
        revision: policy revision that answered.
        evaluated_at: the instant that the question was answered for.
        decision_id: identity of the recorded decision.
    """

    route: Route
    cited: Mapping[str, CitedText]
    revision: Revision
    evaluated_at: datetime
    decision_id: str


def conceal_rules(route: Route, hidden: Collection[str]) -> Route:
    """Return `route` without the ids and the words of the rules `hidden`.

    What follows from them stays: verdicts, codes, desks, times, steps.
    """
    if not hidden:
        return route
    conflicts = route.conflicts
    redirect = route.redirect
    if redirect is not None and redirect.rule_id in hidden:
        redirect = replace(redirect, text=UNSAID, rule_id="")
    return replace(
        route,
        due=_unnamed(route.due, hidden),
        user_notice=_unnamed(route.user_notice, hidden),
        redirect=redirect,
        answers=tuple(_concealed(answer, hidden) for answer in route.answers),
        steps=tuple(_unnamed(step, hidden) for step in route.steps),
        tasks=tuple(_unnamed(task, hidden) for task in route.tasks),
        preservation=_unnamed(route.preservation, hidden) if route.preservation else None,
        conflicts=tuple(
            c for c in conflicts if not {c.forbid_rule_id, c.require_rule_id} & set(hidden)
        ),
        rule_ids=tuple(rule_id for rule_id in route.rule_ids if rule_id not in hidden),
    )


def _unnamed(part: P, hidden: Collection[str]) -> P:
    """Return a part of a route without the id of a rule that is hidden."""
    if isinstance(part, Step) and part.due is not None:
        part = replace(part, due=_unnamed(part.due, hidden))
    return replace(part, rule_id="") if part.rule_id in hidden else part


def _concealed(answer: CategoryAnswer, hidden: Collection[str]) -> CategoryAnswer:
    """Return an answer whose grounds and escalations don't repeat what a hidden rule says."""
    unsaid = {ground.text for ground in answer.grounds if ground.rule_id in hidden}
    return replace(
        answer,
        grounds=tuple(
            Ground(ground.code, UNSAID) if ground.rule_id in hidden else ground
            for ground in answer.grounds
        ),
        escalations=tuple(
            replace(escalation, text=UNSAID) if escalation.text in unsaid else escalation
            for escalation in answer.escalations
        ),
    )


class DataRequestRouter(Protocol):
    """Routes requests of authorities for user data; a pure check, recorded."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Gives the current instant."""
        ...

    def policy_for(self, options: Options) -> PolicyInForce:
        """Return the revision that answers a call with `options`.

        Raises:
            NoPolicyError, NoHistoryError, RevisionNotReachedError: there is none.
        """
        ...

    def route(
        self, subject: Subject, request: DataRequest, options: Options, policy: PolicyInForce
    ) -> RoutedRequest:
        """Answer one request from `policy` and record the decision.

        Raises:
            InvalidQuestionError: a name of the request is not one that the policies know.
        """
        ...
