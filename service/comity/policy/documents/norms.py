"""Sections `restrictions` and `content`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from comity.policy.documents.base import (
    Code,
    Document,
    Line,
    Many,
    MomentValue,
    Name,
    OneOrMany,
    RuleId,
    Text,
    Years,
    choice,
)
from comity.policy.documents.clauses import (
    ExceptionClause,
    PersonClause,
    RestrictionClause,
    ViewerClause,
)
from comity.policy.documents.effects import EffectValue, WhenUnknown
from comity.policy.documents.rules import Rule, SourceValue
from comity.policy.documents.times import Interval, Recurrence
from comity.policy.scalars import Refused


class EffectInterval(Interval):
    """A stretch of time in force, perhaps with an effect of its own.

    Attributes:
        effect: effects in that time; empty for the rule's.
    """

    effect: OneOrMany[EffectValue] = ()


class MemberValue(Document):
    """The value of one member from some moment on.

    Attributes:
        start: key `from`: first moment; None if always.
        value: the age.
    """

    start: MomentValue | None = Field(default=None, alias="from")
    value: Years


def _choose_member(value: Any) -> str | None:
    """Return the form of a member's value."""
    if value == "none":
        return "<none>"
    if isinstance(value, int):
        return "<years>"
    return "<dated>" if isinstance(value, tuple | dict) else None


# A member's age: one value, values from a moment on each, or (only for `others`) none.
MemberAge = Annotated[
    Annotated[Literal["none"], Tag("<none>")]
    | Annotated[Years, Tag("<years>")]
    | Annotated[OneOrMany[MemberValue], Tag("<dated>")],
    choice("none value", _choose_member),
]


class Reach(Document):
    """Why a rule meets people beyond the territory of whoever made it, key `reach_abroad`.

    Attributes:
        why: what gives the rule its reach.
        source: where that can be read; None for the rule's own source.
    """

    why: Line
    source: SourceValue | None = None


class Norm(Rule):
    """What restrictions and content rules share.

    Attributes:
        effect: effects, all of them; empty for a permit or a proposal.
        permit: whether the rule has no effect but removes others.
        derogates: ids of rules that it removes where it is met.
        exceptions: key `except`: clauses on the same connection.
        except_person: clauses on any connection, which spare.
        only_if_person: clauses on any connection, one of which must be met.
        when_unknown: unknown fact -> what is asked; None for as_unmatched.
        part_unknown: whether a country of which the part is unknown is outside the parts named.
        legal_effect: what the act is.
        platform_basis: why the platform applies what does not bind it.
        reach_abroad: why the rule meets people beyond its maker's territory; None if it doesn't.
        per_member: code, or `others`, -> age; one rule a member, `id#DK`.
        in_force: when it is in force, perhaps with other effects.
        schedule: recurring windows outside which it is not in force.
        message: language -> text for the user; None for the vocabulary's.
    """

    effect: OneOrMany[EffectValue] = ()
    permit: bool = False
    derogates: OneOrMany[RuleId] = ()
    exceptions: Many[ExceptionClause] = Field(default=(), alias="except")
    except_person: Many[PersonClause] = ()
    only_if_person: Many[PersonClause] = ()
    when_unknown: WhenUnknown | None = None
    part_unknown: Literal["outside", "unknown"] = "outside"
    legal_effect: Literal["binding", "advice", "voluntary", "practice", "proposal"] = "binding"
    platform_basis: Line | None = None
    reach_abroad: Reach | None = None
    per_member: Mapping[Code, MemberAge] | None = None
    in_force: Many[EffectInterval]
    schedule: Recurrence | None = None
    message: Text | None = None

    def faults(self) -> Iterable[Refused]:
        """Return which of effect, permit and derogations are missing or exclude each other."""
        yield from super().faults()
        if self.permit:
            if self.effect:
                yield Refused("CP208", "'permit' and 'effect' exclude each other.", key="effect")
            if not self.derogates:
                message = "'derogates' is missing: a permit only removes other rules."
                yield Refused("CP201", message)
        elif not self.effect and self.legal_effect != "proposal":
            yield Refused("CP201", "'effect' is missing.")


class Restriction(Norm):
    """A rule on what an account may do.

    Attributes:
        applies_to: clauses, any of them.
    """

    applies_to: OneOrMany[RestrictionClause]


class ContentRule(Norm):
    """A rule on what a viewer may be shown or find.

    Attributes:
        item: item classes, any of them.
        action: show, find, or both.
        applies_to: clauses on the viewer, any of them.
        rank: picks the reason shown first.
    """

    item: OneOrMany[Name]
    action: OneOrMany[Name] = ("show", "find")
    applies_to: OneOrMany[ViewerClause]
    rank: Literal["worldwide", "order", "sanction", "national", "terms", "age"] = "national"

    def faults(self) -> Iterable[Refused]:
        """Return also that an urgent rank does not say what holds while facts are unknown."""
        yield from super().faults()
        if self.rank in ("worldwide", "sanction") and self.when_unknown is None:
            message = f"'when_unknown' is missing: rank {self.rank} needs it."
            yield Refused("CP201", message)
