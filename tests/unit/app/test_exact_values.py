"""Domain values as JSON and back."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, date, datetime

import pytest
from comity.app.exact_values import ExactValueError, from_plain, to_plain
from comity.domain.data_request import (
    Authenticity,
    DataPerson,
    DataRequest,
    Emergency,
    IssuingAuthority,
    Offence,
    PersonRole,
    RequestedData,
    RequestEvent,
    SilenceOrder,
)
from comity.domain.facts import BornBetween, Label, UnknownReason
from comity.domain.question import Connection, Question

THEN = datetime(2024, 10, 1, 12, 0, 0, 123456, tzinfo=UTC)
NAMES = frozenset({"b", "a", "я"})
QUESTION = Question(
    action="message_send",
    product=None,
    device="official",
    purposes=NAMES,
    items=NAMES,
    connections=(
        Connection("presence", "FR"),
        Connection("works_for", "UA", NAMES, frozenset({"c"}), "geoip", "vpn", THEN, THEN),
    ),
    open_factors=NAMES,
    open_sets=frozenset({"label"}),
    labels=frozenset({Label("a"), Label("b", THEN)}),
    labels_absent=frozenset({"d"}),
    unknown={"age": UnknownReason.WITHHELD, "device": UnknownReason.CONTRADICTORY},
    indicators=NAMES,
    account_created=THEN,
)
REQUEST = DataRequest(
    instrument="fr_court_order",
    authority=IssuingAuthority("court", "FR", "judge", Authenticity.FORGED),
    data=(RequestedData("content"), RequestedData("phone_number", THEN, THEN)),
    received_at=THEN,
    account_given=True,
    person=DataPerson(
        PersonRole.VICTIM,
        "FR",
        child=False,
        protected_callings=NAMES,
        populations=NAMES,
        consents=True,
    ),
    offence=Offence(NAMES, 12, 0, NAMES, False, NAMES, True, None, True, False, True, "FR"),
    signed_at=THEN,
    lacking=NAMES,
    emergency=Emergency("life", substantiated=True, call_back_confirmed=False),
    silence_order=SilenceOrder("court", THEN),
    events=(RequestEvent("clarification", THEN),),
    profile="tg2024",
    order_deadline=THEN,
)


@pytest.mark.parametrize("value", [QUESTION, REQUEST, Question("a", "b")])
def test_values_come_back(value: Question | DataRequest) -> None:
    """Through JSON, every attribute equal."""
    assert from_plain(type(value), json.loads(json.dumps(to_plain(value)))) == value


@pytest.mark.parametrize("value", [QUESTION, REQUEST])
def test_each_attribute_is_tried(value: Question | DataRequest) -> None:
    """All but the age, which is never recorded, and the one product that is unknown."""
    missing = {one.name for one in fields(value)} - set(to_plain(value))  # type: ignore[arg-type]
    assert missing <= {"age"}


def test_equal_values_have_equal_texts() -> None:
    """Whatever the order of their sets; defaults are left out."""
    swapped = Question("a", "b", labels=frozenset([Label("y"), Label("x", THEN)]))
    same = Question("a", "b", labels=frozenset([Label("x", THEN), Label("y")]))
    assert json.dumps(to_plain(swapped)) == json.dumps(to_plain(same))
    assert to_plain(Question("a", "b")) == {"action": "a", "product": "b"}


def test_a_date_of_birth_is_refused() -> None:
    """It must not get into a record by oversight."""
    day = date(1990, 2, 17)
    with pytest.raises(TypeError, match="date is not recorded"):
        to_plain(Question("a", "b", age=BornBetween(day, day)))


@pytest.mark.parametrize(
    "plain",
    [
        None,
        7,
        [],
        {},
        {"action": 7, "product": "b"},
        {"action": "a"},
        {"action": "a", "product": "b", "more": 1},
        {"action": "a", "product": "b", "purposes": 7},
        {"action": "a", "product": "b", "account_created": "yesterday"},
        {"action": "a", "product": "b", "unknown": {"age": "mislaid"}},
        {"action": "a", "product": "b", "connections": ["FR"]},
        {"action": "a", "product": "b", "age": {"years": 3}},
    ],
)
def test_what_is_no_value_is_told(plain: object) -> None:
    """As one error, whatever is wrong."""
    with pytest.raises(ExactValueError, match="no Question"):
        from_plain(Question, plain)
