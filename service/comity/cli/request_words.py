"""The law of requests for data in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from comity.cli.policy_words import (
    Line,
    text_lines,
    word_instant,
    word_name,
    word_names,
    word_never,
)
from comity.policy.atlas import Span
from comity.policy.documents.checks import CheckCondition
from comity.policy.documents.reach import IssuingStates, OffenceTest, ReachRow
from comity.policy.documents.requests import DataRequestRule
from comity.policy.routing.provisions import RequestCheck, RequestRule
from comity.policy.rule_texts import RuleText

_CONDITIONS: Final = (
    "instrument",
    "request",
    "person",
    "offence",
    "penalty",
    "link",
    "issuing_states",
    "issued_by",
    "residence",
)


def provision_lines(
    provision: RequestRule | RequestCheck, text: RuleText, zone: str, now: datetime
) -> Iterator[Line]:
    """Yield what an instrument or a check says, each part with its heading; instants in `zone`."""
    yield "Now", "in force" if provision.has_effect_at(now) else "not in force"
    if isinstance(provision, RequestCheck):
        yield "Speaks when", "; and ".join(_conditions(provision.terms.when))
        if provision.forbids_abroad:
            yield "Forbids", "what instruments of other jurisdictions ask for"
        yield "Outcome", f"{word_name(provision.terms.outcome)}, {provision.terms.code}"
    else:
        yield from _instrument(provision.terms)
    yield "In force", "; ".join(_span(s, zone) for s in provision.spans) or word_never(text)
    yield from text_lines(text)


def _instrument(terms: DataRequestRule) -> Iterator[Line]:
    """Yield what an instrument says."""
    yield "Instrument", terms.instrument + ("" if terms.binding else ", not binding")
    states = terms.issuing_states
    if isinstance(states, IssuingStates):
        excluded = f" but not {word_names(states.excluded)}" if states.excluded else ""
        yield "Issued in", f"{word_names(states.within)}{excluded}"
    elif states is not None:
        yield "Issued in", word_names(states)
    for row in terms.reach:
        yield "Reaches", _row(row)
    if terms.needs:
        yield "Needs", ", ".join(map(word_name, terms.needs))
    if terms.valid_for is not None:
        yield "Valid for", terms.valid_for.text
    due = terms.due
    yield "Due", word_name(due) if isinstance(due, str) else f"within {due.within.text}"
    if terms.desk is not None:
        yield "Desk", terms.desk


def _row(row: ReachRow) -> str:
    """Return which data a row reaches, and on which terms."""
    classes = "what its legal basis says" if row.as_legal_basis else word_names(row.classes)
    words = [f"{classes}, issued by {word_names(row.issued_by)}"]
    if row.or_validated_by:
        words.append(f"or validated by {word_names(row.or_validated_by)}")
    if row.with_consent_of:
        words.append(f"with consent of {word_names(row.with_consent_of)}")
    if not isinstance(row.offence, str):
        words.append(f"for an offence {_offence(row.offence)}")
    if row.situation:
        words.append(f"in case of {word_names(row.situation)}")
    if row.at_most_period is not None:
        words.append(f"of at most {row.at_most_period.text}")
    return ", ".join(words)


def _offence(test: OffenceTest) -> str:
    """Return what an offence must be."""
    words = []
    if test.maximum_penalty_at_least is not None:
        words.append(f"threatened with {test.maximum_penalty_at_least.text} or more")
    if test.sentence_at_least is not None:
        words.append(f"punished with {test.sentence_at_least.text} or more")
    if test.listed:
        words.append(f"on the list {word_names(test.listed)}")
    if test.category:
        words.append(f"of {word_names(test.category)}")
    if test.committed_online is not None:
        words.append("committed online" if test.committed_online else "not committed online")
    if test.purpose:
        words.append(f"where the data is to {word_names(test.purpose)}")
    words += [_offence(part) for part in test.all_of]
    if test.any_of:
        words.append(" or ".join(f"({_offence(part)})" for part in test.any_of))
    return " and ".join(words)


def _conditions(condition: CheckCondition) -> Iterator[str]:
    """Yield what makes a check speak."""
    for name in _CONDITIONS:
        named = getattr(condition, name)
        if named:
            yield f"{word_name(name)} is {word_names(named)}"
    if condition.issued_outside:
        yield f"issued outside {word_names(condition.issued_outside)}"
    if condition.not_issued_by:
        yield f"not issued by {word_names(condition.not_issued_by)}"
    if condition.dual_criminality is not None:
        yield f"dual criminality is {'given' if condition.dual_criminality else 'lacking'}"


def _span(span: Span, zone: str) -> str:
    """Return a time in force."""
    words = [f"from {word_instant(span.start, zone)}"] if span.start is not None else []
    words += [f"until {word_instant(span.end, zone)}"] if span.end is not None else []
    return " ".join(words) or "always"
