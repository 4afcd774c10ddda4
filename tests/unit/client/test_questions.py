"""Keywords become messages of the contract."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import get_type_hints

import pytest
from comity.client import Options, Question, Tie, View
from comity.client.questions import build_request
from comity.v1 import common_pb2, facts_pb2

NOON = datetime(2024, 10, 1, 12, tzinfo=UTC)


def facts(**question: object) -> facts_pb2.Facts:
    """Return the facts of a question about Telegram."""
    return build_request(Question(**question), "telegram", Options()).facts  # type: ignore[typeddict-item]


def test_a_tie_is_written_as_place_and_populations() -> None:
    """One text, a tie, or several of either; in the order of the factors."""
    asked = facts(
        works_for="UA:military,government_official",
        presence=["PL", Tie("FR", trust="vpn", since=NOON)],
    )
    presence, doubtful, service = asked.connections
    assert (presence.factor, presence.place, list(presence.populations)) == ("presence", "PL", [])
    assert (doubtful.place, doubtful.trust) == ("FR", "vpn")
    assert doubtful.since.ToDatetime(tzinfo=UTC) == NOON
    assert not doubtful.HasField("until")
    assert (service.factor, service.place) == ("works_for", "UA")
    assert list(service.populations) == ["military", "government_official"]


def test_every_fact_of_the_contract_can_be_given() -> None:
    """No field of subject and facts stays empty."""
    connection = facts_pb2.Connection(factor="presence", place="DE")
    request = build_request(
        Question(
            action="call",
            product="messaging",
            device="official",
            purposes=["work"],
            item_classes=["official_channel"],
            connections=[connection],
            open_factors=["presence"],
            open_sets=["label"],
            labels={"watched": NOON},
            labels_absent=["guardian_consent"],
            unknown={"age": "withheld"},
            indicators=["managed_device"],
            account_id="a",
            ip_address="203.0.114.77",
            phone_number="+380501234567",
            birth_date=date(1990, 2, 17),
            account_created=NOON,
        ),
        "telegram",
        Options(),
    )
    assert {field.name for field, _ in request.facts.ListFields()} == set(
        facts_pb2.Facts.DESCRIPTOR.fields_by_name
    )
    assert {field.name for field, _ in request.subject.ListFields()} == set(
        facts_pb2.Subject.DESCRIPTOR.fields_by_name
    ) - {"birth_year", "age_at_least"}
    assert request.subject.birth_date == "1990-02-17"
    assert request.facts.labels[0].until.ToDatetime(tzinfo=UTC) == NOON


def test_every_keyword_is_explained() -> None:
    """The docstring names each keyword of a question."""
    explained = Question.__doc__ or ""
    for keyword in get_type_hints(Question):
        assert f"\n        {keyword}: " in explained


def test_a_year_of_birth_and_an_attested_age_are_kept_apart() -> None:
    """Each has its own field; two of them are refused."""
    request = build_request(Question(birth_year=1990), "telegram", Options())
    assert request.subject.WhichOneof("birth") == "birth_year"
    request = build_request(Question(age_at_least=0), "telegram", Options())
    assert request.subject.WhichOneof("birth") == "age_at_least"
    with pytest.raises(ValueError, match="birth_year and age_at_least exclude each other"):
        build_request(Question(birth_year=1990, age_at_least=18), "telegram", Options())


def test_the_product_is_the_clients_unless_given_or_unknown() -> None:
    """A question about no product in particular lists it as unknown."""
    assert facts(action="call").product == "telegram"
    assert facts(action="call", product="messaging").product == "messaging"
    asked = facts(action="call", unknown={"product": "not_recorded"})
    assert asked.product == ""
    assert asked.unknown[0].reason == facts_pb2.UNKNOWN_REASON_NOT_RECORDED


def test_nothing_said_of_anybody_leaves_the_subject_unset() -> None:
    """An empty subject is not sent."""
    assert not build_request(Question(action="call"), "t", Options()).HasField("subject")


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        ({"devise": "official"}, TypeError, "no keyword 'devise'"),
        ({"purposes": "work"}, TypeError, "purposes takes a list"),
        ({"unknown": {"age": "hidden"}}, ValueError, "not_recorded, source_unavailable"),
        ({"account_created": datetime(2024, 1, 1)}, ValueError, "needs a time zone"),  # noqa: DTZ001
    ],
)
def test_what_the_contract_has_no_place_for_is_refused(
    question: dict[str, object], error: type[Exception], message: str
) -> None:
    """Mistakes that a server could not see are told before anything is sent."""
    with pytest.raises(error, match=message):
        facts(**question)


def test_options_are_sent_as_given() -> None:
    """Each has its field; unset instants stay unset."""
    sent = Options(NOON, NOON, View.LEGAL, "uk", 7, explain_missing=True).to_proto()
    assert {field.name for field, _ in sent.ListFields()} == set(
        common_pb2.Options.DESCRIPTOR.fields_by_name
    )
    assert sent.view == common_pb2.VIEW_LEGAL
    assert not Options().to_proto().ListFields()
