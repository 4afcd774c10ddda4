"""Turns what is known of the policies into replies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from comity.app.ports.policy_status import PolicyStatus, RefusedEdit
from comity.domain.request import Revision, View
from comity.grpc_api.parts import (
    CONFIDENCES,
    EFFECTS,
    LEGAL_EFFECTS,
    MODALITIES,
    citation_of,
    obligations_of,
    revision_of,
    timestamp_of,
    visibility_of,
)
from comity.policy.bundle import JurisdictionText
from comity.policy.rule_texts import ReachAbroad
from comity.policy.rules import Rule
from comity.policy.timeline import Timeline
from comity.v1 import common_pb2, policy_service_pb2

MOST_PROBLEMS = 100


def revision_reply(status: PolicyStatus) -> policy_service_pb2.GetRevisionResponse:
    """Return the reply that tells how the policies stand."""
    return policy_service_pb2.GetRevisionResponse(
        policy_revision=revision_of(status.revision),
        in_force_since=timestamp_of(status.in_force_since),
        kept_from_earlier=status.kept_from_earlier,
        tzdata_version=status.tzdata_version,
        jurisdiction_count=status.jurisdiction_count,
        rule_count=status.rule_count,
        refused_edit=_refused_edit_of(status.refused_edit),
    )


def jurisdiction_of(text: JurisdictionText) -> policy_service_pb2.Jurisdiction:
    """Return a jurisdiction."""
    return policy_service_pb2.Jurisdiction(
        code=text.code, name=text.name, timezone=text.timezone, rule_ids=text.rule_ids
    )


def rule_reply(
    rule: Rule, revision: Revision, view: View, now: datetime
) -> policy_service_pb2.GetRuleResponse:
    """Return the reply that gives `view` the text of `rule`, in force or not at `now`."""
    text = rule.text
    told = policy_service_pb2.Rule(
        id=rule.id,
        jurisdiction=rule.jurisdiction,
        title=text.title,
        modality=MODALITIES[rule.modality],
        requires=rule.requires,
        legal_effect=LEGAL_EFFECTS[text.legal_effect],
        platform_basis=text.platform_basis,
        confidence=CONFIDENCES[text.confidence],
        authority=text.authority,
        citation=citation_of(text.citation),
        recorded_at=text.recorded_at,
        review_by="" if text.review_by is None else text.review_by.isoformat(),
        note="" if view is View.USER else text.note,
        messages=text.message,
        intervals=_intervals(rule.timeline),
        scheduled=rule.timeline.schedule is not None,
        in_force=rule.timeline.state_at(now) is not None,
        next_change=timestamp_of(rule.timeline.next_change(now)),
        history=_history(rule, view),
        suspensions=_suspensions(rule, view),
        apply_unverified=text.apply_unverified,
        reach_abroad=_reach_of(text.reach_abroad),
        derogates=rule.derogates,
        visibility=visibility_of(text),
        file=text.file if view is View.LEGAL else "",
        line=text.line if view is View.LEGAL else 0,
    )
    return policy_service_pb2.GetRuleResponse(rule=told, policy_revision=revision_of(revision))


def _intervals(timeline: Timeline) -> Iterator[policy_service_pb2.RuleInterval]:
    """Yield the times in which a rule is in force."""
    edges = (None, *timeline.instants, None)
    for index, outcome in enumerate(timeline.states):
        if outcome is not None:
            yield policy_service_pb2.RuleInterval(
                range=common_pb2.TimeRange(
                    since=timestamp_of(edges[index]), until=timestamp_of(edges[index + 1])
                ),
                effect=EFFECTS[outcome.effect],
                obligations=obligations_of(outcome),
            )


def _history(rule: Rule, view: View) -> Iterator[policy_service_pb2.RuleEvent]:
    """Yield what happened to a rule."""
    for entry in rule.text.history:
        yield policy_service_pb2.RuleEvent(
            on=entry.on,
            event=entry.event,
            by=entry.by,
            note="" if view is View.USER else entry.note,
            citation=None if entry.citation is None else citation_of(entry.citation),
        )


def _suspensions(rule: Rule, view: View) -> Iterator[policy_service_pb2.RuleSuspension]:
    """Yield when a rule is suspended, how and by whom."""
    for pause in rule.text.suspensions:
        yield policy_service_pb2.RuleSuspension(
            since=pause.since,
            until=pause.until,
            through=pause.through,
            by=pause.by,
            kind=pause.kind,
            note="" if view is View.USER else pause.note,
        )


def _reach_of(reach: ReachAbroad | None) -> policy_service_pb2.RuleReach | None:
    """Return why a rule meets people beyond its maker's territory."""
    if reach is None:
        return None
    return policy_service_pb2.RuleReach(why=reach.why, citation=citation_of(reach.citation))


def _refused_edit_of(edit: RefusedEdit | None) -> policy_service_pb2.RefusedEdit | None:
    """Return an edit that did not come into force."""
    if edit is None:
        return None
    return policy_service_pb2.RefusedEdit(
        noticed_at=timestamp_of(edit.noticed_at),
        problem_count=edit.problem_count,
        problems=[
            policy_service_pb2.PolicyProblem(
                file=problem.file,
                line=problem.line,
                column=problem.column,
                code=problem.code,
                message=problem.message,
            )
            for problem in edit.problems[:MOST_PROBLEMS]
        ],
    )
