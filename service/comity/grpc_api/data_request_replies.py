"""Turns routes of authorities' requests into replies."""

from __future__ import annotations

from collections.abc import Iterator

from comity.app.routing import CitedText, RoutedRequest, conceal_rules
from comity.domain.data_route import (
    CategoryAnswer,
    Desk,
    Due,
    DueKind,
    NoticeBy,
    Preservation,
    Redirect,
    Step,
    UserNotice,
    Verdict,
)
from comity.domain.decision import Conflict
from comity.domain.request import View
from comity.grpc_api.parts import (
    CONFIDENCES,
    LEGAL_EFFECTS,
    citation_of,
    revision_of,
    timestamp_of,
)
from comity.v1 import common_pb2, decision_pb2
from comity.v1 import data_request_service_pb2 as pb

VERDICTS = {verdict: pb.Verdict.Value(f"VERDICT_{verdict.name}") for verdict in Verdict}
DUE_KINDS = {kind: pb.DueKind.Value(f"DUE_KIND_{kind.name}") for kind in DueKind}
NOTICES = {by: pb.NoticeBy.Value(f"NOTICE_BY_{by.name}") for by in NoticeBy}


def route_reply(routed: RoutedRequest, view: View) -> pb.RouteDataRequestResponse:
    """Return the reply that tells `view` of a route; of confidential rules only the legal view."""
    shown = {
        rule_id: cited
        for rule_id, cited in routed.cited.items()
        if view is View.LEGAL or not cited.text.confidential
    }
    route = conceal_rules(routed.route, routed.cited.keys() - shown.keys())
    return pb.RouteDataRequestResponse(
        redirect=_redirect_of(route.redirect),
        answers=map(_answer_of, route.answers),
        steps=map(_step_of, route.steps),
        tasks=map(_step_of, route.tasks),
        desk=_desk_of(route.desk),
        due=_due_of(route.due),
        preservation=_preservation_of(route.preservation),
        user_notice=_notice_of(route.user_notice),
        conflicts=_conflicts(route.conflicts, shown),
        citations=[_cited(i, shown[i]) for i in route.rule_ids if i in shown],
        profile=route.profile,
        missing_facts=route.missing_facts,
        policy_revision=revision_of(routed.revision),
        evaluated_at=timestamp_of(routed.evaluated_at),
        decision_id=routed.decision_id,
    )


def _redirect_of(redirect: Redirect | None) -> pb.Redirect | None:
    """Return where a request belongs instead."""
    if redirect is None:
        return None
    return pb.Redirect(to=redirect.to, text=redirect.text, rule_id=redirect.rule_id)


def _answer_of(answer: CategoryAnswer) -> pb.CategoryAnswer:
    """Return the answer to one category."""
    told = pb.CategoryAnswer(
        category=answer.category,
        verdict=VERDICTS[answer.verdict],
        grounds=[
            pb.Ground(code=g.code, text=g.text, cure=g.cure, rule_id=g.rule_id)
            for g in answer.grounds
        ],
        escalations=[
            pb.Escalation(desk=e.desk, code=e.code, text=e.text) for e in answer.escalations
        ],
    )
    if answer.since is not None or answer.until is not None:
        since, until = timestamp_of(answer.since), timestamp_of(answer.until)
        told.period.CopyFrom(common_pb2.TimeRange(since=since, until=until))
    return told


def _step_of(step: Step) -> pb.Step:
    """Return something to be done."""
    due = None if step.due is None else _due_of(step.due)
    return pb.Step(name=step.name, text=step.text, due=due, rule_id=step.rule_id)


def _desk_of(desk: Desk) -> pb.Desk:
    """Return who answers."""
    return pb.Desk(
        name=desk.name,
        languages=desk.languages,
        timezone=desk.timezone,
        hours=desk.hours,
        out_of_hours=desk.out_of_hours,
    )


def _due_of(due: Due) -> pb.Due:
    """Return by when something is owed."""
    return pb.Due(kind=DUE_KINDS[due.kind], instant=timestamp_of(due.instant), rule_id=due.rule_id)


def _preservation_of(preservation: Preservation | None) -> pb.Preservation:
    """Return what is to be kept; said to be nothing, if nothing is."""
    if preservation is None:
        return pb.Preservation(required=False)
    return pb.Preservation(
        required=True,
        since=timestamp_of(preservation.since),
        until=timestamp_of(preservation.until),
        until_event=preservation.until_event,
        rule_id=preservation.rule_id,
        categories=preservation.categories,
    )


def _notice_of(notice: UserNotice) -> pb.UserNotice:
    """Return who tells the user, and when."""
    return pb.UserNotice(
        by=NOTICES[notice.by],
        at=notice.at,
        not_before=timestamp_of(notice.not_before),
        silenced=notice.silenced,
        rule_id=notice.rule_id,
    )


def _conflicts(
    conflicts: tuple[Conflict, ...], shown: dict[str, CitedText]
) -> Iterator[decision_pb2.Conflict]:
    """Yield the conflicts between rules that are shown."""
    for conflict in conflicts:
        if conflict.forbid_rule_id in shown and conflict.require_rule_id in shown:
            yield decision_pb2.Conflict(
                forbid_rule_id=conflict.forbid_rule_id,
                forbid_citation=citation_of(shown[conflict.forbid_rule_id].text.citation),
                require_rule_id=conflict.require_rule_id,
                require_citation=citation_of(shown[conflict.require_rule_id].text.citation),
                resolved_for=conflict.resolved_for,
            )


def _cited(rule_id: str, cited: CitedText) -> pb.CitedRule:
    """Return a rule that took part."""
    text = cited.text
    return pb.CitedRule(
        rule_id=rule_id,
        jurisdiction=cited.jurisdiction,
        title=text.title,
        authority=text.authority,
        citation=citation_of(text.citation),
        legal_effect=LEGAL_EFFECTS[text.legal_effect],
        confidence=CONFIDENCES[text.confidence],
    )
