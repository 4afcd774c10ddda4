"""Who may issue an instrument, and which classes of data it reaches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from comity.policy.documents.base import (
    Code,
    Document,
    DurationValue,
    Name,
    OneOrMany,
    choice,
)
from comity.policy.scalars import Refused


class Redirect(Document):
    """The request goes elsewhere.

    Attributes:
        redirect: instrument by which to ask instead.
    """

    redirect: Name


def _choose_otherwise(value: Any) -> str | None:
    """Return the form of what happens to states that may not issue."""
    if value == "refuse":
        return "<refuse>"
    return "<redirect>" if isinstance(value, dict) else None


class IssuingStates(Document):
    """Which states may issue.

    Attributes:
        within: key `in`: codes or groups.
        excluded: key `not`: codes, groups, or `addressee_state`.
        otherwise: key `else`: what happens to others.
    """

    within: OneOrMany[Code] = Field(alias="in")
    excluded: OneOrMany[Code] = Field(default=(), alias="not")
    otherwise: Annotated[
        Annotated[Literal["refuse"], Tag("<refuse>")] | Annotated[Redirect, Tag("<redirect>")],
        choice("refuse redirect", _choose_otherwise),
    ] = Field(default="refuse", alias="else")


def _choose_states(value: Any) -> str:
    """Return the form of issuing states."""
    return "<rule>" if isinstance(value, dict) else "<codes>"


IssuingStatesValue = Annotated[
    Annotated[IssuingStates, Tag("<rule>")] | Annotated[OneOrMany[Code], Tag("<codes>")],
    choice("in", _choose_states),
]


class OffenceTest(Document):
    """What an offence must be; all that is named, each list any of.

    Attributes:
        maximum_penalty_at_least: length of the maximum penalty.
        sentence_at_least: length of the sentence imposed.
        listed: offence lists.
        category: offences.
        committed_online: whether it was committed online.
        purpose: what the data are asked for.
        any_of: tests of which one must hold.
        all_of: tests that must all hold.
    """

    maximum_penalty_at_least: DurationValue | None = None
    sentence_at_least: DurationValue | None = None
    listed: OneOrMany[Name] = ()
    category: OneOrMany[Name] = ()
    committed_online: bool | None = None
    purpose: OneOrMany[Name] = ()
    any_of: OneOrMany[OffenceTest] = ()
    all_of: OneOrMany[OffenceTest] = ()

    def faults(self) -> Iterable[Refused]:
        """Return that nothing is tested."""
        yield from super().faults()
        if not self.model_fields_set:
            yield Refused("CP205", "The test of the offence is empty.")


def _choose_offence(value: Any) -> str | None:
    """Return the form of an offence test."""
    if value == "any":
        return "<any>"
    return "<test>" if isinstance(value, dict) else None


Offence = Annotated[
    Annotated[Literal["any"], Tag("<any>")] | Annotated[OffenceTest, Tag("<test>")],
    choice("any maximum_penalty_at_least listed category any_of all_of", _choose_offence),
]


class ReachRow(Document):
    """One way to reach classes of data; a class needs one fitting row.

    Attributes:
        classes: class words of the instrument's system.
        as_legal_basis: whether the order's own legal basis decides the classes.
        issued_by: authorities that may issue.
        or_validated_by: authorities that may validate what another issued.
        with_consent_of: authorities whose consent is needed.
        offence: what the offence must be.
        situation: situations in which the row fits.
        at_most_period: longest period of data.
        otherwise: key `else`: what a class that fails gets.
    """

    classes: OneOrMany[Name] = ()
    as_legal_basis: bool = False
    issued_by: OneOrMany[Name]
    or_validated_by: OneOrMany[Name] = ()
    with_consent_of: OneOrMany[Name] = ()
    offence: Offence = "any"
    situation: OneOrMany[Name] = ()
    at_most_period: DurationValue | None = None
    otherwise: Literal["refuse", "need_information", "escalate"] = Field(
        default="refuse", alias="else"
    )

    def faults(self) -> Iterable[Refused]:
        """Return that the row names no class, or two sources of classes."""
        if self.as_legal_basis and self.classes:
            message = "'classes' and 'as_legal_basis' exclude each other."
            yield Refused("CP208", message, key="classes")
        if not self.as_legal_basis and not self.classes:
            yield Refused("CP201", "'classes' is missing.")
