"""What scenarios expect, by kind of question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Tag

from comity.policy.documents.base import Code, Document, InstantValue, Line, Many, Name, choice
from comity.policy.documents.effects import (
    EffectValue,
    HoldEffect,
    RestrictEffect,
    VerifyEffect,
    WarnEffect,
    WithholdEffect,
)
from comity.policy.documents.request_given import short_for
from comity.policy.scalars import Refused

_OBLIGATIONS = ("restrict", "verify", "warn", "withhold", "hold")


def _choose_obligation(value: Any) -> str | None:
    """Return the form of an obligation."""
    forms = value if isinstance(value, dict) else ()
    return next((f"<{form}>" for form in _OBLIGATIONS if form in forms), None)


ObligationValue = Annotated[
    Annotated[RestrictEffect, Tag("<restrict>")]
    | Annotated[VerifyEffect, Tag("<verify>")]
    | Annotated[WarnEffect, Tag("<warn>")]
    | Annotated[WithholdEffect, Tag("<withhold>")]
    | Annotated[HoldEffect, Tag("<hold>")],
    choice(" ".join(_OBLIGATIONS), _choose_obligation),
]


class AnswerExpectation(Document):
    """The answer expected to a question on eligibility or content.

    Attributes:
        effect: the headline.
        because: rules that are held, `id` or `id#MEMBER`.
        obligations: what the caller must do.
        state: whether the known facts settle the answer.
        missing: missing facts, such as `population:military@works_for:UA`.
        possible: rules that are possible and not held.
        presumed: presumed facts; not compared unless given.
        unproven: rules of `because` with an exception in doubt.
        conflicts: clashing duties, `forbid/require` or `forbid/require>preferred`.
        notes: legal effects and confidences of the rules in `because` other than binding and
            verified; not compared unless given.
    """

    effect: Literal["allow", "warn", "verify", "restrict", "deny"]
    because: Many[Line]
    obligations: Many[ObligationValue] = ()
    state: Literal["DECIDED", "INDETERMINATE"] = "DECIDED"
    missing: Many[Line] = ()
    possible: Many[Line] = ()
    presumed: Many[Line] | None = None
    unproven: Many[Line] = ()
    conflicts: Many[Line] = ()
    notes: Many[Line] | None = None


def _choose_answer(value: Any) -> str | None:
    """Return the form of an expected answer."""
    if value == "allow":
        return "<allow>"
    return "<answer>" if isinstance(value, dict) else None


Answer = Annotated[
    Annotated[Literal["allow"], Tag("<allow>")] | Annotated[AnswerExpectation, Tag("<answer>")],
    choice("allow effect", _choose_answer),
]


VERDICTS = ("disclosable", "refused", "needs_information", "preserve_only", "not_held")


class CategoryExpectation(Document):
    """What is expected of one category; one verdict with the codes of its grounds.

    Attributes:
        disclosable: true if it may be disclosed.
        refused: codes for which it is refused.
        needs_information: codes for which information is needed.
        preserve_only: codes for which it is only preserved.
        not_held: true if it is not held.
        escalated: whether a person must look.
        escalated_to: desks whose people must look; not compared unless given.
    """

    disclosable: Literal[True] | None = None
    refused: Many[Line] | None = None
    needs_information: Many[Line] | None = None
    preserve_only: Many[Line] | None = None
    not_held: Literal[True] | None = None
    escalated: bool = False
    escalated_to: Many[Name] | None = None

    @property
    def verdict(self) -> str:
        """The one verdict that is given."""
        return next(name for name in VERDICTS if getattr(self, name) is not None)

    @property
    def codes(self) -> frozenset[str]:
        """The codes given with the verdict."""
        codes = getattr(self, self.verdict)
        return frozenset(codes) if isinstance(codes, tuple) else frozenset()

    def faults(self) -> Iterable[Refused]:
        """Return that not exactly one verdict is given."""
        given = [name for name in VERDICTS if getattr(self, name) is not None]
        if not given:
            yield Refused("CP201", f"A verdict is missing: {', '.join(VERDICTS)}.")
        if len(given) > 1:
            yield Refused(
                "CP208", f"'{given[0]}' and '{given[1]}' exclude each other.", key=given[1]
            )


def _as_category(value: Any) -> Any:
    """Return a bare verdict as the mapping that it is short for."""
    if value in ("disclosable", "not_held"):
        return {value: True}
    return {value: ()} if value in VERDICTS else value


def _choose_time(value: Any) -> str:
    """Return the form of a due time."""
    return "<instant>" if isinstance(value, str) and "T" in value else "<word>"


ExpectedDue = Annotated[
    Annotated[Literal["in_order", "at_once", "none"], Tag("<word>")]
    | Annotated[InstantValue, Tag("<instant>")],
    choice("in_order at_once none", _choose_time),
]
ExpectedEnd = Annotated[
    Annotated[Name, Tag("<word>")] | Annotated[InstantValue, Tag("<instant>")],
    choice("production decision", _choose_time),
]


class NoticeExpectation(Document):
    """Who is expected to tell the user.

    Attributes:
        by: who.
        at: at which event.
        not_before: end of an order of silence.
        silenced: whether an order of silence without end stands in the way.
    """

    by: Literal["platform", "issuer", "court", "nobody"]
    at: Literal["disclosure", "effect"] | None = None
    not_before: InstantValue | None = None
    silenced: bool = False


class TaskExpectation(Document):
    """A task expected afterwards or besides.

    Attributes:
        task: task of the vocabulary.
        due: by when; not compared unless given.
    """

    task: Name
    due: ExpectedDue | None = None


class RouteExpectation(Document):
    """The route expected; what is always compared and not listed must not come.

    Always compared are categories, redirect, preservation, conflicts and tasks.

    Attributes:
        categories: data category -> what is expected of it.
        redirect: where the request goes instead.
        desk: who answers; not compared unless given.
        due: by when; not compared unless given.
        preserve_until: until when or until which event data are preserved.
        preserve_data: which data are preserved; not compared unless given.
        conflicts: pairs `forbid/require` of rules, with `>prefer` if resolved.
        user_notice: who tells the user; not compared unless given.
        steps: what must be done before anything is disclosed; not compared unless given.
        tasks: what is owed afterwards or besides.
    """

    categories: Mapping[Name, Annotated[CategoryExpectation, BeforeValidator(_as_category)]] = {}
    redirect: Name | None = None
    desk: Name | None = None
    due: ExpectedDue | None = None
    preserve_until: ExpectedEnd | None = None
    preserve_data: Many[Name] | None = None
    conflicts: Many[Line] = ()
    user_notice: Annotated[NoticeExpectation, short_for("by")] | None = None
    steps: Many[Name] | None = None
    tasks: Many[Annotated[TaskExpectation, short_for("task")]] = ()


class CaseExpectation(Document):
    """What is expected to be done with an order or a report.

    Attributes:
        queue: queue of `desks.yaml`.
        due: by when to decide.
        stages: stage -> by when.
        effect: what is done with the item.
        territory: where.
        preserve_until: until when or until which event data are preserved.
        flags: what reviewers are told.
        asks: needs asked for.
    """

    queue: Name | None = None
    due: ExpectedDue | None = None
    stages: Mapping[Name, InstantValue] | None = None
    effect: Many[EffectValue] = ()
    territory: Many[Code] = ()
    preserve_until: ExpectedEnd | None = None
    flags: Many[Name] = ()
    asks: Many[Name] = ()
