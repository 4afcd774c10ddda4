"""The route of a data request, for a lawyer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from comity.cli.citing import citation_text, confidence_text, force_text
from comity.cli.output import Ink, instant_text, paint, rows, word_of
from comity.v1 import common_pb2
from comity.v1 import data_request_service_pb2 as pb

_VERDICTS: Final = {
    "disclosable": (Ink.GOOD, "DISCLOSABLE once every step is done"),
    "refused": (Ink.BAD, "REFUSED"),
    "needs_information": (Ink.DOUBTFUL, "NEEDS INFORMATION first"),
    "preserve_only": (Ink.DOUBTFUL, "TO BE KEPT ONLY, nothing is disclosed"),
    "not_held": (Ink.STRONG, "NOT HELD"),
}
_NOTICES: Final = {
    "platform": "told by the platform",
    "issuer": "told by the authority that asked",
    "court": "told by a court",
    "nobody": "told by nobody",
}


def route_lines(
    request: pb.RouteDataRequestRequest, reply: pb.RouteDataRequestResponse
) -> Iterator[str]:
    """Yield the lines that tell where `request` goes, by `reply`."""
    yield paint(
        f"{request.instrument}, {request.authority.kind} in {request.authority.issuing_state}, "
        f"received {instant_text(request.received_at)}",
        Ink.STRONG,
    )
    if reply.HasField("redirect"):
        redirect = reply.redirect
        yield paint(f"REDIRECT to {redirect.to}", Ink.BAD)
        yield f"  {redirect.text}{_rule(redirect.rule_id)}"
    for answer in reply.answers:
        yield ""
        yield from _answer_lines(answer)
    yield from _listed("Before anything is disclosed", reply.steps)
    yield from _listed("Owed afterwards or besides", reply.tasks)
    yield ""
    yield from rows(_remarks(reply))
    yield from _conflict_lines(reply)
    yield from _source_lines(reply)


def _answer_lines(answer: pb.CategoryAnswer) -> Iterator[str]:
    """Yield the verdict on one category, and why."""
    ink, verdict = _VERDICTS.get(word_of(answer, "verdict"), (Ink.BAD, "treat as REFUSED"))
    yield f"{answer.category}{_period(answer)}: {paint(verdict, ink)}"
    for ground in answer.grounds:
        yield from rows(
            (
                ("ground", f"{ground.code}: {ground.text}{_rule(ground.rule_id)}"),
                ("cure", ground.cure),
            ),
            indent=2,
        )
    for escalation in answer.escalations:
        text = f"{escalation.desk} must look: {escalation.code}: {escalation.text}"
        yield from rows((("escalate", text),), indent=2)


def _period(answer: pb.CategoryAnswer) -> str:
    """Return the period that a verdict concerns, in brackets."""
    return f" ({_range_text(answer.period)})" if answer.HasField("period") else ""


def _range_text(period: common_pb2.TimeRange) -> str:
    """Return a half-open time."""
    parts = []
    if period.HasField("since"):
        parts.append(f"from {instant_text(period.since)}")
    if period.HasField("until"):
        parts.append(f"until {instant_text(period.until)}")
    return " ".join(parts) or "all time"


def _listed(heading: str, steps: Iterable[pb.Step]) -> Iterator[str]:
    """Yield the steps under their heading, numbered."""
    for number, step in enumerate(steps, 1):
        if number == 1:
            yield ""
            yield paint(heading, Ink.STRONG)
        due = f" (due {_due_text(step.due)})" if step.HasField("due") else ""
        yield from rows(
            ((f"{number}.", f"{step.name}: {step.text}{due}{_rule(step.rule_id)}"),), indent=2
        )


def _remarks(reply: pb.RouteDataRequestResponse) -> Iterator[tuple[str, str]]:
    """Yield what is to be known of the route as a whole."""
    desk = reply.desk
    if desk.name:
        hours = f"{desk.hours} {desk.timezone}".strip()
        outside = f"; out of hours {desk.out_of_hours}" if desk.out_of_hours else ""
        yield "desk", f"{desk.name} ({', '.join(desk.languages)}; {hours}{outside})"
    if reply.HasField("due"):
        yield "due", f"{_due_text(reply.due)}{_rule(reply.due.rule_id)}"
    yield "preserve", _preservation_text(reply.preservation)
    if reply.HasField("user_notice"):
        yield "the user is", _notice_text(reply.user_notice)
    yield "profile", reply.profile
    yield "could change it", ", ".join(reply.missing_facts)
    revision = reply.policy_revision
    yield "revision", f"{revision.epoch} ({revision.digest[:12]})"
    yield "asked for", instant_text(reply.evaluated_at)
    yield "decision", reply.decision_id


def _due_text(due: pb.Due) -> str:
    """Return by when something is owed."""
    match word_of(due, "kind"):
        case "instant":
            return f"before {instant_text(due.instant)}"
        case "in_order":
            return "as the order itself says"
        case "none":
            return "without a time limit"
        case _:
            return "at once"


def _preservation_text(preservation: pb.Preservation) -> str:
    """Return what is to be kept meanwhile; nothing if nothing is."""
    if not preservation.required:
        return ""
    since = f"from {instant_text(preservation.since)} " if preservation.HasField("since") else ""
    if preservation.HasField("until"):
        until = f"until {instant_text(preservation.until)}"
    else:
        until = f"until {preservation.until_event}" if preservation.until_event else ""
    data = f": {', '.join(preservation.categories)}" if preservation.categories else ""
    return f"{since}{until}".strip() + data + _rule(preservation.rule_id)


def _notice_text(notice: pb.UserNotice) -> str:
    """Return who tells the user, and when."""
    word = word_of(notice, "by")
    text = _NOTICES.get(word, _NOTICES["nobody"])
    if notice.at:
        text = f"{text} at {notice.at}"
    if notice.HasField("not_before"):
        text = f"{text}, not before {instant_text(notice.not_before)}"
    if notice.silenced:
        text = f"{text}; an order of silence without end stands in the way"
    return text + _rule(notice.rule_id)


def _conflict_lines(reply: pb.RouteDataRequestResponse) -> Iterator[str]:
    """Yield the duties that clash."""
    for conflict in reply.conflicts:
        resolved = conflict.resolved_for
        outcome = f"decided for {resolved}" if resolved else "unresolved"
        yield ""
        yield paint("Conflict of duties", Ink.BAD) + f": {outcome}"
        yield from rows(
            (
                ("forbids", conflict.forbid_rule_id),
                ("", citation_text(conflict.forbid_citation)),
                ("requires", conflict.require_rule_id),
                ("", citation_text(conflict.require_citation)),
            ),
            indent=2,
        )


def _source_lines(reply: pb.RouteDataRequestResponse) -> Iterator[str]:
    """Yield where the rules that decided can be read."""
    if reply.citations:
        yield ""
        yield paint("Sources", Ink.STRONG)
    for cited in reply.citations:
        yield f"  [{cited.rule_id}] {cited.jurisdiction}: {cited.title}"
        yield from rows(
            (
                ("authority", cited.authority),
                ("source", citation_text(cited.citation)),
                ("force", force_text(cited)),
                ("record", confidence_text(cited)),
            ),
            indent=6,
        )


def _rule(rule_id: str) -> str:
    """Return a rule's id in brackets; nothing without one."""
    return f" [{rule_id}]" if rule_id else ""
