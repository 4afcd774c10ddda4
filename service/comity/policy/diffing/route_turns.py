"""Turns: in what two routes of one request differ, texts aside."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.domain.data_request import DataRequest
from comity.domain.data_route import (
    CategoryAnswer,
    Due,
    DueKind,
    Preservation,
    Route,
    Step,
    UserNotice,
    Verdict,
)
from comity.policy.diffing.regions import Direction

ANSWER: Final = "answer"
FREEDOM: Final = {
    Verdict.NOT_HELD: 0,
    Verdict.REFUSED: 0,
    Verdict.PRESERVE_ONLY: 1,
    Verdict.NEEDS_INFORMATION: 2,
    Verdict.DISCLOSABLE: 3,
}
DUE: Final = {
    DueKind.INSTANT: "a due instant",
    DueKind.AT_ONCE: "due at once",
    DueKind.IN_ORDER: "due as the order says",
    DueKind.NONE: "no due time",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing in which a route turns out otherwise.

    Attributes:
        aspect: what of the route; `answer` for what is said to a category.
        category: the data category; empty for the whole request.
        before: what the old revision says.
        after: what the new one says.
        direction: which way that is; stricter is less disclosed, or more or sooner to be done.
    """

    aspect: str
    category: str
    before: str
    after: str
    direction: Direction


def turns_of(before: Route, after: Route, request: DataRequest) -> Iterator[Turn]:
    """Yield everything in which two routes of `request` differ."""
    was, became = (r.redirect.to if r.redirect else "" for r in (before, after))
    if was != became:
        told = [f"sent on to {to}" if to else "answered here" for to in (was, became)]
        yield Turn("redirect", "", told[0], told[1], Direction.OTHER)
    if bool(was) is bool(became):
        for one, other in zip(before.answers, after.answers, strict=True):
            yield from _of_answers(one, other)
        yield from _of_wholes(before, after, request)
    if before.desk != after.desk:
        told = [route.desk.name for route in (before, after)]
        if told[0] == told[1]:
            desks = (before.desk, after.desk)
            told = [f"{d.name} ({d.hours}, {d.timezone}, {', '.join(d.languages)})" for d in desks]
        yield Turn("desk", "", told[0], told[1], Direction.OTHER)
    yield from _of_due(before.due, after.due)


def _of_answers(before: CategoryAnswer, after: CategoryAnswer) -> Iterator[Turn]:
    """Yield in what the answers to one category differ."""
    plain = [_plain_answer(answer) for answer in (before, after)]
    if plain[0] == plain[1]:
        return
    told = [_word_answer(answer) for answer in (before, after)]
    if told[0] == told[1]:
        told[1] += " for data of other dates"
    ranks = [FREEDOM[answer.verdict] for answer in (before, after)]
    yield Turn(ANSWER, before.category, told[0], told[1], _way(ranks[1], ranks[0]))


def _plain_answer(answer: CategoryAnswer) -> Hashable:
    """Return what counts of the answer to a category."""
    codes = tuple(dict.fromkeys(ground.code for ground in answer.grounds))
    desks = tuple(dict.fromkeys(escalation.desk for escalation in answer.escalations))
    return answer.verdict, answer.since, answer.until, codes, desks


def _word_answer(answer: CategoryAnswer) -> str:
    """Return the answer to a category in words."""
    told = answer.verdict.value.replace("_", " ")
    codes = ", ".join(dict.fromkeys(ground.code for ground in answer.grounds))
    desks = ", ".join(dict.fromkeys(escalation.desk for escalation in answer.escalations))
    told += f" ({codes})" if codes else ""
    return f"{told}, looked at by {desks}" if desks else told


def _of_wholes(before: Route, after: Route, request: DataRequest) -> Iterator[Turn]:
    """Yield in what else the routes differ."""
    for aspect, one, other in (
        ("steps", before.steps, after.steps),
        ("tasks", before.tasks, after.tasks),
    ):
        if _plain_steps(one) != _plain_steps(other):
            names, others = {s.name for s in one}, {s.name for s in other}
            told = [_word_steps(names), _word_steps(others)]
            if names == others:
                told = [f"{word} by one time" for word in told]
                told[1] = f"{_word_steps(others)} by another"
            yield Turn(aspect, "", told[0], told[1], _more(names, others))
    kept = [_word_preservation(r.preservation, request.received_at) for r in (before, after)]
    if _plain_preservation(before.preservation) != _plain_preservation(after.preservation):
        if kept[0] == kept[1]:
            kept[1] += " of other data or from another day"
        yield Turn("keeping", "", kept[0], kept[1], Direction.OTHER)
    notices = [_word_notice(route.user_notice) for route in (before, after)]
    if notices[0] != notices[1]:
        yield Turn("notice", "", notices[0], notices[1], Direction.OTHER)
    missing = [frozenset(route.missing_facts) for route in (before, after)]
    if missing[0] != missing[1]:
        told = [_word_steps(facts) for facts in missing]
        yield Turn("missing facts", "", told[0], told[1], Direction.UNKNOWN)
    clashes = [
        frozenset((c.forbid_rule_id, c.require_rule_id, c.resolved_for) for c in route.conflicts)
        for route in (before, after)
    ]
    if clashes[0] != clashes[1]:
        told = [", ".join(sorted({c[0] for c in found})) or "none" for found in clashes]
        yield Turn("clash of laws", "", told[0], told[1], Direction.OTHER)


def _plain_steps(steps: Iterable[Step]) -> Hashable:
    return tuple((s.name, (s.due.kind, s.due.instant) if s.due else None) for s in steps)


def _word_steps(names: Iterable[str]) -> str:
    return ", ".join(sorted(name.replace("_", " ") for name in names)) or "none"


def _plain_preservation(kept: Preservation | None) -> Hashable:
    return kept and (kept.since, kept.until, kept.until_event, kept.categories)


def _word_preservation(kept: Preservation | None, received: datetime) -> str:
    """Return until when data are kept."""
    if kept is None:
        return "nothing kept"
    if kept.until is None:
        return f"kept until {kept.until_event}"
    return f"kept {(kept.until - received).days} days from receipt"


def _word_notice(notice: UserNotice) -> str:
    """Return who tells the user."""
    told = f"told by {notice.by.value}"
    told += f" at {notice.at}" if notice.at else ""
    told += " after an order of silence" if notice.not_before else ""
    return f"{told}, silenced" if notice.silenced else told


def _of_due(before: Due, after: Due) -> Iterator[Turn]:
    """Yield in what two times differ."""
    if (before.kind, before.instant) == (after.kind, after.instant):
        return
    told = [DUE[before.kind], DUE[after.kind]]
    direction = Direction.OTHER
    if before.instant is not None and after.instant is not None:
        direction = Direction.STRICTER if after.instant < before.instant else Direction.LOOSER
        told[1] = "an earlier one" if direction is Direction.STRICTER else "a later one"
    yield Turn("due", "", told[0], told[1], direction)


def _way(after: int, before: int) -> Direction:
    """Return which way it is from less to more freedom."""
    if after == before:
        return Direction.OTHER
    return Direction.LOOSER if after > before else Direction.STRICTER


def _more(before: set[str], after: set[str]) -> Direction:
    """Return which way it is to more or fewer things to do; neither, if one is nothing at all."""
    if not (before and after):
        return Direction.OTHER
    if before < after:
        return Direction.STRICTER
    return Direction.LOOSER if after < before else Direction.OTHER
