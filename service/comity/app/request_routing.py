"""Use case: where does an authority's request for user data go, and what may be disclosed?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.app.ports.decision_recorder import DecisionRecorder, RouteRecord
from comity.app.ports.policy_source import PolicyInForce, PolicySource
from comity.app.revisions import policy_for
from comity.app.routing import CitedText, RoutedRequest
from comity.domain.data_request import DataRequest, Offence
from comity.domain.data_route import Route
from comity.domain.errors import FieldViolation, InvalidQuestionError
from comity.domain.request import Options, Subject
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.router import route_request

_NO_OFFENCE: Final = Offence()


@dataclass(frozen=True)
class RequestRouting:
    """Routes requests for data by the policy in force.

    Attributes:
        policies: where the revision in force comes from.
        recorder: where every decision is recorded before its reply leaves.
        clock: gives the current instant.
        wait_seconds: how long to wait for the revision that a caller asks for, at most.
    """

    policies: PolicySource
    recorder: DecisionRecorder
    clock: Callable[[], datetime]
    wait_seconds: float = 1.0

    def policy_for(self, options: Options) -> PolicyInForce:
        """Return the revision that answers a call with `options`.

        Raises:
            NoPolicyError: no bundle is in force yet.
            NoHistoryError: `as_known` lies before the first bundle.
            RevisionNotReachedError: `min_epoch` was not reached in time.
        """
        return policy_for(self.policies, options, self.wait_seconds)

    def route(
        self, subject: Subject, request: DataRequest, options: Options, policy: PolicyInForce
    ) -> RoutedRequest:
        """Answer one request from `policy` and record the decision.

        Raises:
            InvalidQuestionError: a name of the request is not one that the policies know.
        """
        law = policy.bundle.requests
        violations = tuple(_unknown_names(request, law))
        if violations:
            raise InvalidQuestionError(violations)
        now = options.as_of or self.clock()
        route = route_request(request, law, now)
        cited = {rule_id: cite(rule_id, law) for rule_id in named_in_route(route)}
        decision_id = self.recorder.record_route(
            RouteRecord(
                revision=policy.revision,
                evaluated_at=now,
                request=request,
                route=route,
                jurisdictions=tuple(sorted({text.jurisdiction for text in cited.values()})),
                hypothetical=options.hypothetical or bool(request.profile),
                sensitive=law.lexicon.sensitive,
                account_id=subject.account_id,
            )
        )
        return RoutedRequest(route, cited, policy.revision, now, decision_id)


def cite(rule_id: str, law: RequestLaw) -> CitedText:
    """Return what people read of a rule."""
    found = law.texts[rule_id]
    return CitedText(found.jurisdiction, found.text)


def named_in_route(route: Route) -> Iterable[str]:
    """Return the rules that a route names, those of its grounds and conflicts included."""
    named = set(route.rule_ids)
    named |= {ground.rule_id for answer in route.answers for ground in answer.grounds} - {""}
    for conflict in route.conflicts:
        named |= {conflict.forbid_rule_id, conflict.require_rule_id}
    return sorted(named)


def _unknown_names(request: DataRequest, law: RequestLaw) -> Iterator[FieldViolation]:
    """Yield each name of the request that the policies don't know."""
    offence, authority = request.offence or _NO_OFFENCE, request.authority
    named = [
        ("instrument", "instrument", request.instrument),
        ("authority.kind", "authority", authority.kind),
        *(
            (f"data[{index}].category", "data_category", data.category)
            for index, data in enumerate(request.data)
        ),
        *(("offence.categories", "offence", value) for value in sorted(offence.categories)),
        *(("offence.lists", "offence_list", value) for value in sorted(offence.lists)),
        *(("lacking", "need", value) for value in sorted(request.lacking)),
        *(
            (f"events[{index}].event", "event", event.event)
            for index, event in enumerate(request.events)
        ),
        *(
            ("person.populations", "population", value)
            for value in sorted(request.person.populations)
        ),
    ]
    if authority.validated_by:
        named.append(("authority.validated_by", "authority", authority.validated_by))
    for field, dimension, value in named:
        if value not in law.lexicon.kinds.get(dimension, {}):
            what = dimension.replace("_", " ")
            yield FieldViolation(field, f"is no {what} that the policies know")
    if request.profile and law.profile_named(request.profile) is None:
        yield FieldViolation("profile", "is no profile of the platform's policy")
