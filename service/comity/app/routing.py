"""Use case, as its callers see it: where does an authority's request for user data go?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from comity.app.ports.policy_source import PolicyInForce
from comity.domain.data_request import DataRequest
from comity.domain.data_route import Route
from comity.domain.request import Options, Revision, Subject
from comity.policy.rule_texts import RuleText


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
