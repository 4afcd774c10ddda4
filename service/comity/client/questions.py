"""Questions as keyword arguments, turned into requests of the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, TypedDict

from comity.client.options import Options, set_instant
from comity.v1 import eligibility_service_pb2, facts_pb2

FACTORS: Final = (
    "presence",
    "phone_country",
    "residence",
    "nationality",
    "works_for",
    "store_country",
    "network",
)
"""Connecting factors that have a keyword of their own; `connections` takes any."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A connection to a place by the factor whose keyword it is given for.

    Attributes:
        place: ISO 3166 code, or name of a body or area of the policies.
        populations: populations that the person belongs to there.
        populations_absent: populations that the person is known not to belong to there.
        source: where the caller has it from, for the record.
        trust: why it may be wrong, such as `vpn`; empty for ordinary trust.
        since: first instant at which it holds.
        until: first instant at which it no longer holds.
    """

    place: str
    populations: Sequence[str] = ()
    populations_absent: Sequence[str] = ()
    source: str = ""
    trust: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> Tie:
        """Return the tie that `PLACE` or `PLACE:POPULATION,POPULATION` names."""
        place, _, populations = text.partition(":")
        return cls(place, tuple(populations.split(",")) if populations else ())


Ties = str | Tie | Sequence[str | Tie]
"""`"UA:military"`, a `Tie`, or several of either."""


class Question(TypedDict, total=False):
    """The keywords of a question; `comity.v1.Subject` and `comity.v1.Facts` explain each in full.

    What is not given is presumed as the vocabulary says, or else unknown.

    Attributes:
        action: what the account wants to do.
        product: the app asked about; the client's own product if neither given nor unknown.
        device: device class.
        purposes: what it is done for.
        item_classes: classes of the object concerned.
        presence: where the person is.
        phone_country: the country of the phone number.
        residence: where the person lives.
        nationality: citizenship.
        works_for: the state or body that the person serves, such as `UA:military`.
        store_country: the country of the app store account.
        network: whose network the request comes over.
        connections: connections by any factor, as messages of the contract.
        open_factors: factors of which there may be more connections than given.
        open_sets: sets that may have members not named: population, label, item, purpose.
        labels: labels that the account holds, or label -> until when.
        labels_absent: labels that the account is known not to hold.
        unknown: fact that is not known -> why: not_recorded, source_unavailable, contradictory
            or withheld.
        indicators: signs that open a factor.
        account_id: the platform's identifier of the account.
        ip_address: address that the user acts from.
        phone_number: phone number of the account, in E.164 form.
        birth_date: full birth date.
        birth_year: year of birth, if the day is not known.
        age_at_least: completed years of age that somebody attests.
        account_created: when the account was created.
    """

    action: str
    product: str
    device: str
    purposes: Sequence[str]
    item_classes: Sequence[str]
    presence: Ties
    phone_country: Ties
    residence: Ties
    nationality: Ties
    works_for: Ties
    store_country: Ties
    network: Ties
    connections: Sequence[facts_pb2.Connection]
    open_factors: Sequence[str]
    open_sets: Sequence[str]
    labels: Sequence[str] | Mapping[str, datetime | None]
    labels_absent: Sequence[str]
    unknown: Mapping[str, str]
    indicators: Sequence[str]
    account_id: str
    ip_address: str
    phone_number: str
    birth_date: date | str
    birth_year: int
    age_at_least: int
    account_created: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as messages of the contract.

    Attributes:
        subject: who is asked about; None if nobody in particular.
        facts: the facts.
    """

    subject: facts_pb2.Subject | None
    facts: facts_pb2.Facts = field(default_factory=facts_pb2.Facts)


def build_request(
    question: Question, product: str, options: Options
) -> eligibility_service_pb2.CheckEligibilityRequest:
    """Return the request that asks `question`.

    Raises:
        TypeError: a keyword is none, or its value is of the wrong type.
        ValueError: an instant has no time zone, a reason is none, or a number is out of range.
    """
    asked = build_asked(question, product)
    return eligibility_service_pb2.CheckEligibilityRequest(
        subject=asked.subject, facts=asked.facts, options=options.to_proto()
    )


def build_asked(question: Question, product: str) -> Asked:
    """Return the messages of `question`, about `product` unless it says otherwise.

    Raises:
        TypeError, ValueError: as `build_request`.
    """
    foreign = sorted(set(question) - Question.__annotations__.keys())
    if foreign:
        message = f"a question has no keyword {foreign[0]!r}"
        raise TypeError(message)
    unknown = question.get("unknown", {})
    facts = facts_pb2.Facts(
        action=question.get("action", ""),
        product=question.get("product", "" if "product" in unknown else product),
        device=question.get("device", ""),
        purposes=_several(question, "purposes"),
        item_classes=_several(question, "item_classes"),
        connections=[*_connections(question), *question.get("connections", ())],
        open_factors=_several(question, "open_factors"),
        open_sets=_several(question, "open_sets"),
        labels=_labels(question.get("labels", ())),
        labels_absent=_several(question, "labels_absent"),
        unknown=[
            facts_pb2.UnknownFact(dimension=dimension, reason=_reason(why))
            for dimension, why in unknown.items()
        ],
        indicators=_several(question, "indicators"),
    )
    return Asked(_subject(question), facts)


def _subject(question: Question) -> facts_pb2.Subject | None:
    """Return who is asked about; None if nothing is said of anybody."""
    subject = facts_pb2.Subject(
        account_id=question.get("account_id", ""),
        ip_address=question.get("ip_address", ""),
        phone_number=question.get("phone_number", ""),
    )
    births = [key for key in ("birth_date", "birth_year", "age_at_least") if key in question]
    if len(births) > 1:
        message = f"{births[0]} and {births[1]} exclude each other"
        raise ValueError(message)
    if "birth_date" in question:
        subject.birth_date = str(question["birth_date"])
    if "birth_year" in question:
        subject.birth_year = question["birth_year"]
    if "age_at_least" in question:
        subject.age_at_least = question["age_at_least"]
    set_instant(subject, "account_created", question.get("account_created"))
    return subject if subject.ListFields() else None


def _connections(question: Question) -> Iterator[facts_pb2.Connection]:
    """Yield a connection for each tie that has a keyword of its own."""
    for factor in FACTORS:
        ties = question.get(factor, ())
        several = [ties] if isinstance(ties, str | Tie) else ties
        assert isinstance(several, Sequence)
        for each in several:
            tie = each if isinstance(each, Tie) else Tie.parse(each)
            connection = facts_pb2.Connection(
                factor=factor,
                place=tie.place,
                populations=tie.populations,
                populations_absent=tie.populations_absent,
                source=tie.source,
                trust=tie.trust,
            )
            set_instant(connection, "since", tie.since)
            set_instant(connection, "until", tie.until)
            yield connection


def _labels(labels: Sequence[str] | Mapping[str, datetime | None]) -> Iterator[facts_pb2.Label]:
    """Yield the labels that the account holds."""
    ends = labels if isinstance(labels, Mapping) else dict.fromkeys(labels)
    for name, until in ends.items():
        label = facts_pb2.Label(name=name)
        set_instant(label, "until", until)
        yield label


def _several(question: Question, keyword: str) -> Sequence[str]:
    """Return the texts of a keyword that takes several.

    Raises:
        TypeError: it was given one text, whose letters would be taken for several.
    """
    given: object = question.get(keyword, ())
    if isinstance(given, str) or not isinstance(given, Sequence):
        message = f"{keyword} takes a list"
        raise TypeError(message)
    return given


def _reason(why: str) -> facts_pb2.UnknownReason.ValueType:
    """Return the reason that a word names.

    Raises:
        ValueError: it names none.
    """
    try:
        return facts_pb2.UnknownReason.Value(f"UNKNOWN_REASON_{why.upper()}")
    except ValueError:
        message = "a fact is unknown as not_recorded, source_unavailable, contradictory or withheld"
        raise ValueError(message) from None
