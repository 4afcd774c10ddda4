"""What a span says of the route of a data request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opentelemetry.util.types import AttributeValue

from comity.app.ports.decision_recorder import RouteRecord
from comity.domain.data_request import DataRequest, Offence
from comity.domain.data_route import CategoryAnswer, Route
from comity.telemetry.attributes import (
    Attributes,
    conflict_text,
    revision_attributes,
    without_empty,
)
from comity.telemetry.sealing import SEALED, Seal


def route_attributes(record: RouteRecord) -> Attributes:
    """Return the attributes of a route: enough to recompute it, nothing that identifies.

    An attribute that would be empty is left out.
    """
    return without_empty(
        {
            "comity.decision.kind": "data_request",
            "comity.decision.hypothetical": record.hypothetical,
            "comity.decision.evaluated_at": record.evaluated_at.isoformat(),
            **revision_attributes(record.revision),
            "comity.rule.ids": record.route.rule_ids,
            "comity.jurisdictions": record.jurisdictions,
            "comity.conflicts": tuple(map(conflict_text, record.route.conflicts)),
            "comity.missing_facts": record.route.missing_facts,
            **_answer_attributes(record.route),
            **_request_attributes(record.request, Seal(record.sensitive)),
        }
    )


def answer_events(record: RouteRecord) -> Iterator[Attributes]:
    """Yield the attributes of one event for each category of a route."""
    for answer in record.route.answers:
        yield without_empty(_category_attributes(answer))


def _answer_attributes(route: Route) -> Mapping[str, AttributeValue | None]:
    """Return where the request goes, by when, after which steps."""
    due = route.due
    return {
        "comity.route.desk": route.desk.name,
        "comity.route.profile": route.profile,
        "comity.route.due_kind": due.kind.value,
        "comity.route.due": due.instant.isoformat() if due.instant else None,
        "comity.route.redirect": route.redirect.to if route.redirect else None,
        "comity.route.verdicts": tuple(f"{a.category}={a.verdict.value}" for a in route.answers),
        "comity.route.steps": tuple(step.name for step in route.steps),
        "comity.route.tasks": tuple(task.name for task in route.tasks),
        "comity.route.preserves": route.preservation is not None,
        "comity.route.user_notice_by": route.user_notice.by.value,
    }


def _category_attributes(answer: CategoryAnswer) -> Mapping[str, AttributeValue | None]:
    """Return the answer to one category."""
    return {
        "comity.route.category": answer.category,
        "comity.route.verdict": answer.verdict.value,
        "comity.route.grounds": tuple(ground.code for ground in answer.grounds),
        "comity.route.escalations": tuple(f"{e.desk}:{e.code}" for e in answer.escalations),
    }


def _request_attributes(request: DataRequest, seal: Seal) -> Mapping[str, AttributeValue | None]:
    """Return what was asked. Whether a protected calling is the person's is always sealed."""
    person, emergency = request.person, request.emergency
    return {
        "comity.request.instrument": request.instrument,
        "comity.request.authority": request.authority.kind,
        "comity.request.issuing_state": request.authority.issuing_state,
        "comity.request.validated_by": request.authority.validated_by,
        "comity.request.authenticity": request.authority.authenticity.value,
        "comity.request.categories": tuple(data.category for data in request.data),
        "comity.request.received_at": request.received_at.isoformat(),
        "comity.request.signed_at": request.signed_at.isoformat() if request.signed_at else None,
        "comity.request.order_deadline": (
            request.order_deadline.isoformat() if request.order_deadline else None
        ),
        "comity.request.account_given": request.account_given,
        "comity.request.lacking": tuple(sorted(request.lacking)),
        "comity.request.emergency": emergency.danger if emergency else None,
        "comity.request.silence_ordered": request.silence_order is not None,
        "comity.request.events": tuple(event.event for event in request.events),
        "comity.request.person.role": person.role.value,
        "comity.request.person.residence": person.residence,
        "comity.request.person.populations": seal.values("population", person.populations),
        "comity.request.person.protected_callings": (SEALED,) if person.protected_callings else (),
        **(_offence_attributes(request.offence, seal) if request.offence else {}),
    }


def _offence_attributes(offence: Offence, seal: Seal) -> Mapping[str, AttributeValue | None]:
    """Return what is investigated."""
    return {
        "comity.request.offence.categories": seal.values("offence", offence.categories),
        "comity.request.offence.lists": seal.values("offence_list", offence.lists),
        "comity.request.offence.purposes": tuple(sorted(offence.purposes)),
        "comity.request.offence.maximum_penalty_months": offence.maximum_penalty_months,
        "comity.request.offence.sentence_months": offence.sentence_months,
    }
