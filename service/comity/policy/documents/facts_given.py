"""What scenarios on eligibility and content give: facts, in the words of a lawyer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from comity.policy.documents.base import (
    Code,
    DayValue,
    Document,
    Factor,
    InstantValue,
    Name,
    OneOrMany,
    Years,
)
from comity.policy.scalars import Refused

AGE_KEYS = ("age", "born", "birth_year")


class ConnectionGiven(Document):
    """A connection in a scenario.

    Attributes:
        place: key `in`: code, body or area.
        population: the person's populations there.
        via: class of trust of the vocabulary, such as `vpn`.
        start: key `from`: first instant at which it holds.
        until: first instant at which it no longer does.
    """

    place: Code = Field(alias="in")
    population: OneOrMany[Name] = ()
    via: Name | None = None
    start: InstantValue | None = Field(default=None, alias="from")
    until: InstantValue | None = None


def _as_connection(value: Any) -> Any:
    """Return `PL` and `UA:military` as the mappings that they are short for."""
    if not isinstance(value, str):
        return value
    place, colon, population = value.partition(":")
    return {"in": place, "population": (population,)} if colon else {"in": place}


Connections = OneOrMany[Annotated[ConnectionGiven, BeforeValidator(_as_connection)]]


class LabelGiven(Document):
    """A label that the account holds.

    Attributes:
        name: label of the vocabulary.
        until: first instant at which it is no longer held.
    """

    name: Name
    until: InstantValue | None = None


def _as_label(value: Any) -> Any:
    """Return the name of a label as the mapping that it is short for."""
    return {"name": value} if isinstance(value, str) else value


UnknownReason = Literal["not_recorded", "source_unavailable", "contradictory", "withheld"]
SetDimension = Literal["population", "label", "item", "purpose"]
GivenDimension = Literal[
    "action", "product", "device", "age", "account_created", SetDimension
]  # fmt: skip


class FactsGiven(Document):
    """The facts of a question on eligibility or content; null takes away a shared value.

    Attributes:
        at: the instant asked.
        action: what the account wants to do.
        product: the app asked about.
        item: classes of the object concerned.
        device: device class.
        label: labels held.
        purpose: what it is done for.
        age: completed years, the same everywhere on earth at the instant asked.
        born: day of birth.
        birth_year: year of birth.
        account_created: when the account was created.
        presence: where the person is.
        phone_country: countries of the phone numbers.
        residence: where the person lives.
        nationality: citizenships.
        works_for: employers.
        store_country: countries of the app store accounts.
        network: whose network the request comes over.
        unknown: dimension or factor -> why it is not known.
        open: factors or sets of which there may be more than is given.
    """

    at: InstantValue | None = None
    action: Name | None = None
    product: Name | None = None
    item: OneOrMany[Name] | None = None
    device: Name | None = None
    label: OneOrMany[Annotated[LabelGiven, BeforeValidator(_as_label)]] | None = None
    purpose: OneOrMany[Name] | None = None
    age: Years | None = None
    born: DayValue | None = None
    birth_year: Annotated[int, Field(ge=1900, le=2200)] | None = None
    account_created: InstantValue | None = None
    presence: Connections | None = None
    phone_country: Connections | None = None
    residence: Connections | None = None
    nationality: Connections | None = None
    works_for: Connections | None = None
    store_country: Connections | None = None
    network: Connections | None = None
    unknown: Mapping[Literal[GivenDimension, Factor], UnknownReason] | None = None
    open: OneOrMany[Literal[Factor, SetDimension]] | None = None

    def faults(self) -> Iterable[Refused]:
        """Return that the age is said in two ways."""
        said = [name for name in AGE_KEYS if getattr(self, name) is not None]
        if len(said) > 1:
            message = f"'{said[0]}' and '{said[1]}' exclude each other."
            yield Refused("CP208", message, key=said[1])
