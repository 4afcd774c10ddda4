"""What policy staff want to know first about a jurisdiction: what holds, and what is to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from comity.cli.policy_words import Line
from comity.policy.agenda import Entry, Happening, all_entries
from comity.policy.bundle import Bundle, JurisdictionText
from comity.policy.documents.loading import Documents
from comity.policy.rules import Rule
from comity.policy.scenarios.wording import word_outcome

DAYS: Final = 90
# What decides whether a rule is suspended.
_STANDING: Final = (Happening.STARTS, Happening.ENDS, Happening.SUSPENDED, Happening.RESUMES)
_COMING: Final = (
    (Happening.STARTS, "Starts soon"),
    (Happening.RESUMES, "Resumes soon"),
    (Happening.CHANGES, "Changes soon"),
    (Happening.SUSPENDED, "Suspended soon"),
    (Happening.ENDS, "Ends soon"),
)
_PAST: Final = ((Happening.STARTS, "Began recently"), (Happening.ENDS, "Ended recently"))


@dataclass(frozen=True, slots=True)
class Policies:
    """Policy files, compiled and as they are written.

    Attributes:
        bundle: what they were compiled to.
        documents: what they say.
    """

    bundle: Bundle
    documents: Documents


def summary_lines(
    text: JurisdictionText,
    rules: Sequence[Rule],
    instruments: Sequence[str],
    policies: Policies,
    now: datetime,
) -> Iterator[Line]:
    """Yield what holds at `now`, what changes within 90 days, and what is to be reviewed.

    `instruments` are the ids of the rules on requests for data that have effect at `now`.
    """
    own = set(text.rule_ids) | {rule.id.partition("#")[0] for rule in rules}
    entries = sorted(
        (
            e
            for e in all_entries(policies.bundle, policies.documents)
            if e.rule_id.partition("#")[0] in own
        ),
        key=lambda entry: (entry.day, entry.rule_id),
    )
    yield "In force", _joined(_in_force(rules, now)) or "no rule on accounts or content"
    if instruments:
        yield "On requests", _joined(instruments)
    yield from _standing(entries, now)
    near = timedelta(days=DAYS)
    for happening, heading in _COMING:
        coming = [e for e in entries if e.happening is happening and _lies(e, now, now + near)]
        if coming:
            yield heading, _joined(_dated(coming))
    for happening, heading in _PAST:
        past = [e for e in entries if e.happening is happening and _lies(e, now - near, now)]
        if past:
            yield heading, _joined(_dated(past))
    yield from _reviews(entries, now.astimezone(ZoneInfo(text.timezone)))


def _in_force(rules: Iterable[Rule], now: datetime) -> Iterator[str]:
    """Yield the rules in force, each with what it does; members of a rule together."""
    told: set[str] = set()
    for rule in rules:
        state = rule.timeline.state_at(now)
        written = rule.id.partition("#")[0]
        if state is None or written in told:
            continue
        told.add(written)
        yield f"{written} ({word_outcome(state)})" if state.effect else written


def _standing(entries: Sequence[Entry], now: datetime) -> Iterator[Line]:
    """Yield the rules that are suspended at `now`."""
    latest: dict[str, Entry] = {}
    for entry in entries:
        if entry.happening in _STANDING and entry.at is not None and entry.at <= now:
            latest[entry.rule_id] = entry
    suspended = [e for e in latest.values() if e.happening is Happening.SUSPENDED]
    if suspended:
        told = (f"{e.rule_id} since {e.day.isoformat()} ({e.detail})" for e in suspended)
        yield "Suspended", _joined(told)


def _reviews(entries: Sequence[Entry], now: datetime) -> Iterator[Line]:
    """Yield the reviews that are overdue, and those due within 90 days."""
    today = now.date()
    due = [e for e in entries if e.happening is Happening.REVIEW]
    overdue = [e for e in due if e.day < today]
    if overdue:
        yield "Review overdue", _joined(_dated(overdue))
    soon = [e for e in due if today <= e.day < today + timedelta(days=DAYS)]
    if soon:
        yield "Review due", _joined(_dated(soon))
    later = [e.day for e in due if e.day >= today]
    if not soon and later:
        yield "Next review", min(later).isoformat()


def _lies(entry: Entry, after: datetime, until: datetime) -> bool:
    """Return whether an entry lies after the first instant and not after the second."""
    return entry.at is not None and after < entry.at <= until


def _dated(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield each rule with its day and what there is to say."""
    for entry in entries:
        detail = f" ({entry.detail})" if entry.detail else ""
        yield f"{entry.rule_id} on {entry.day.isoformat()}{detail}"


def _joined(parts: Iterable[str]) -> str:
    """Return the parts in one line."""
    return "; ".join(parts)
