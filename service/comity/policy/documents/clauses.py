"""Whom and what a rule meets: clauses, each on one connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Tag

from comity.policy.documents.base import (
    Code,
    Document,
    Factor,
    MomentValue,
    Name,
    OneOrMany,
    Years,
    choice,
)
from comity.policy.scalars import Refused


def _choose_bound(value: Any) -> str:
    """Return the form of the upper bound of an age."""
    return "<per_member>" if isinstance(value, str) else "<years>"


class AgeRange(Document):
    """An age in completed years at midnight of the file's zone.

    Attributes:
        start: key `from`: youngest age in.
        below: youngest age out; `per_member` for the rule's own table.
    """

    start: Years | None = Field(default=None, alias="from")
    below: (
        Annotated[
            Annotated[Years, Tag("<years>")]
            | Annotated[Literal["per_member"], Tag("<per_member>")],
            choice("per_member", _choose_bound),
        ]
        | None
    ) = None

    def faults(self) -> Iterable[Refused]:
        """Return that the range is empty or says nothing."""
        if self.start is None and self.below is None:
            yield Refused("CP205", "The age has neither `from` nor `below`.")
        if self.start is not None and isinstance(self.below, int) and self.below <= self.start:
            message = f"No age is from {self.start} and below {self.below}."
            yield Refused("CP309", message, key="below")


class CreationRange(Document):
    """When the account was created, half-open.

    Attributes:
        start: key `from`: first moment in.
        before: first moment out.
    """

    start: MomentValue | None = Field(default=None, alias="from")
    before: MomentValue | None = None

    def faults(self) -> Iterable[Refused]:
        """Return that the range says nothing."""
        if self.start is None and self.before is None:
            yield Refused("CP205", "The account's creation has neither `from` nor `before`.")


class Negation(Document):
    """What must not be met, key `not`; none of these.

    Attributes:
        product: products or kinds.
        purpose: purposes.
        device: device classes.
        item: item classes.
    """

    product: OneOrMany[Name] = ()
    purpose: OneOrMany[Name] = ()
    device: OneOrMany[Name] = ()
    item: OneOrMany[Name] = ()

    def faults(self) -> Iterable[Refused]:
        """Return that nothing is negated."""
        if not (self.product or self.purpose or self.device or self.item):
            yield Refused("CP205", "'not' is empty.")


class Clause(Document):
    """Facts that must all be met on one connection; lists mean any of; empty means not named.

    Attributes:
        connected_by: connecting factors, or `any`.
        jurisdiction: codes, groups, bodies or areas, or `any`; empty is the file's in a body.
        population: populations.
        product: products or kinds, or `all`.
        action: actions; empty means all that may be denied.
        device: device classes.
        label: labels held.
        item: item classes.
        purpose: purposes.
        age: age range.
        account_created: when the account was created.
        trust: `low` for connections that are doubtful.
        negated: key `not`.
    """

    connected_by: OneOrMany[Literal[Factor, "any"]] = ()
    jurisdiction: OneOrMany[Code] = ()
    population: OneOrMany[Name] = ()
    product: OneOrMany[Name] = ()
    action: OneOrMany[Name] = ()
    device: OneOrMany[Name] = ()
    label: OneOrMany[Name] = ()
    item: OneOrMany[Name] = ()
    purpose: OneOrMany[Name] = ()
    age: AgeRange | None = None
    account_created: CreationRange | None = None
    trust: Literal["low"] | None = None
    negated: Negation | None = Field(default=None, alias="not")

    @property
    def names_connection(self) -> bool:
        """Whether it names a connecting dimension: factor, place, population or trust."""
        factors = bool(self.connected_by) and "any" not in self.connected_by
        places = bool(self.jurisdiction) and "any" not in self.jurisdiction
        return factors or places or bool(self.population) or self.trust is not None


class RestrictionClause(Clause):
    """A clause of `applies_to` of a restriction."""

    connected_by: OneOrMany[Literal[Factor, "any"]]
    product: OneOrMany[Name]


_BESIDE = "stands beside `applies_to` in a content rule, not in it"
_NO_PRODUCT = "has no meaning in a content rule"


class ViewerClause(Clause):
    """A clause of `applies_to` of a content rule: the viewer."""

    REFUSED_KEYS: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"item": _BESIDE, "action": _BESIDE, "product": _NO_PRODUCT}
    )

    connected_by: OneOrMany[Literal[Factor, "any"]]


_ON_PERSON = "can't stand in an exception, which is on the same connection; use `except_person`"


class ExceptionClause(Clause):
    """A clause of `except`, on the same connection."""

    REFUSED_KEYS: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"connected_by": _ON_PERSON, "jurisdiction": _ON_PERSON}
    )

    def faults(self) -> Iterable[Refused]:
        """Return that nothing is named."""
        if not self.model_fields_set:
            yield Refused("CP205", "The exception is empty and would spare everybody.")


class PersonClause(Clause):
    """A clause of `except_person` or `only_if_person`, on any connection."""

    jurisdiction: OneOrMany[Code]
