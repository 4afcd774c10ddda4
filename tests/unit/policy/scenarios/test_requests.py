"""Scenarios on requests for data: what they give, and what they compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
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
from comity.domain.data_route import (
    CategoryAnswer,
    Desk,
    Due,
    DueKind,
    Escalation,
    Ground,
    NoticeBy,
    Preservation,
    Redirect,
    Route,
    Step,
    UserNotice,
    Verdict,
)
from comity.policy.documents.expected import RouteExpectation
from comity.policy.documents.request_given import RequestGiven
from comity.policy.scenarios.requests import build_request
from comity.policy.scenarios.routes import account_for_route, compare_route
from unit.policy.scenarios.small_policies import SHOWN, policy_files, told

NOON = datetime(2024, 10, 1, 12, tzinfo=UTC)
END = datetime(2024, 10, 31, 12, tzinfo=UTC)
RULING = b"""\
data_requests:
  - id: ua-ruling
    title: A ruling
    instrument: ruling
    system: EU
    reach: {classes: subscriber, issued_by: court}
    needs: signature
    due: {within: 10 days}
    preserve: {for: 60 days}
    in_force: [{from: 2024-01-01}]
    authority: A parliament
    source: {title: A code}
    recorded_at: 2024-01-15
"""
RECEIVED = "received: 2024-10-01T12:00:00Z"
ASKED = f"instrument: ruling, authority: court, issuing_state: UA, {RECEIVED}, asked: phone_number"


def one_more(given: str, expect: str) -> list[str]:
    """Return what is told of a scenario on a request, without its place and name."""
    scenario = (
        "  - name: a ruling\n    question: data_request\n"
        f"    given: {{{given}}}\n    expect: {expect}\n"
    )
    files = dict(policy_files(scenarios=SHOWN + scenario))
    files["jurisdictions/ua.yaml"] += RULING
    return [line.strip() for line in "\n".join(told(files)).splitlines()[1:]]


def test_a_request_is_routed_by_the_compiled_policies() -> None:
    assert one_more(ASKED, "{categories: {phone_number: disclosable}, due: 2024-10-11T21:00:00Z, "
                    "preserve_until: 2024-11-30T22:00:00Z}") == []  # fmt: skip


def test_a_route_that_differs_shows_which_rule_gave_it() -> None:
    expect = "{categories: {content: disclosable}, redirect: intake, tasks: [written_order]}"
    assert one_more(f"{ASKED}, lacking: signature", expect) == [
        "categories.content: expected disclosable, but none came.",
        "categories.phone_number: expected none, but needs information for UNSIGNED came.",
        "redirect: expected intake, but none came.",
        "preserve_until: expected none, but 2024-11-30T22:00:00+00:00 came.",
        "tasks: expected written_order, but none came.",
        (
            "ua-ruling (jurisdictions/ua.yaml:15): UNSIGNED, phone_number: "
            "The request lacks what it must bring: signature."
        ),
    ]


def test_a_request_with_unknown_names_asks_no_question() -> None:
    given = (
        "instrument: rulling, authority: cort, issuing_state: ZZ, asked: [phone], lacking: sig, "
        "offence: {category: frod, listed: serios, committed_in: YY}, profile: bold, "
        "person: {residence: EU, population: milit}, events: [{on: prod, at: 2024-10-02T00:00:00Z}]"
    )
    assert [line.split("'")[1] for line in one_more(given, "{}")] == [
        "rulling", "cort", "ZZ", "phone", "sig", "prod", "bold", "frod", "serios", "YY", "EU",
        "milit", "received",
    ]  # fmt: skip
    assert one_more(RECEIVED, "{}") == [
        "given: 'instrument' is missing.",
        "given: 'authority' is missing.",
        "given: 'issuing_state' is missing.",
        "given: 'asked' is missing.",
    ]


BARE: Mapping[str, Any] = {
    "instrument": "ruling",
    "authority": "court",
    "issuing_state": "UA",
    "asked": "content",
}


def request(**given: Any) -> DataRequest:
    """Return the request that a scenario makes."""
    return build_request(RequestGiven.model_validate({**BARE, **given}), NOON)


def test_what_is_not_given_is_unknown() -> None:
    assert request() == DataRequest(
        instrument="ruling",
        authority=IssuingAuthority("court", "UA"),
        data=(RequestedData("content"),),
        received_at=NOON,
        account_given=True,
    )


def test_everything_that_is_given_is_part_of_the_request() -> None:
    asked = ("phone_number", {"category": "content", "from": "2024-01-01T00:00:00Z"})
    made = request(
        validated_by="police",
        authenticity="verified",
        signed="2024-09-30T12:00:00Z",
        asked=asked,
        offence={"category": "fraud", "maximum_penalty": "5 years", "sentence": "6 months"},
        person={"role": "suspect", "residence": "UA", "child": False, "calling": "lawyer"},
        terms_violation=True,
        lacking=("signature", "account_identifier"),
        emergency={"danger": "life", "substantiated": True},
        gag={"by": "court", "until": "2025-01-01T00:00:00Z"},
        profile="cautious",
        events=(
            {"on": "production", "at": "2024-10-03T00:00:00Z"},
            {"on": "extension", "at": "2024-10-02T00:00:00Z"},
        ),
    )
    assert made == DataRequest(
        instrument="ruling",
        authority=IssuingAuthority("court", "UA", "police", Authenticity.VERIFIED),
        data=(
            RequestedData("phone_number"),
            RequestedData("content", since=datetime(2024, 1, 1, tzinfo=UTC)),
        ),
        received_at=NOON,
        account_given=False,
        person=DataPerson(
            PersonRole.SUSPECT, "UA", child=False, protected_callings=frozenset({"lawyer"})
        ),
        offence=Offence(
            categories=frozenset({"fraud"}),
            maximum_penalty_months=60,
            sentence_months=6,
            terms_violation=True,
        ),
        signed_at=datetime(2024, 9, 30, 12, tzinfo=UTC),
        lacking=frozenset({"signature", "account_identifier"}),
        emergency=Emergency("life", substantiated=True),
        silence_order=SilenceOrder("court", datetime(2025, 1, 1, tzinfo=UTC)),
        events=(
            RequestEvent("extension", datetime(2024, 10, 2, tzinfo=UTC)),
            RequestEvent("production", datetime(2024, 10, 3, tzinfo=UTC)),
        ),
        profile="cautious",
    )


def test_single_words_are_short_for_mappings() -> None:
    made = request(offence=("fraud", "tax"), person="witness", emergency="body", gag="law")
    assert made.offence == Offence(categories=frozenset({"fraud", "tax"}))
    assert made.person.role is PersonRole.WITNESS
    assert made.emergency == Emergency("body")
    assert made.silence_order == SilenceOrder("law")


def test_life_is_counted_as_a_hundred_years() -> None:
    offence = request(offence={"maximum_penalty": "life"}).offence
    assert offence is not None
    assert offence.maximum_penalty_months == 1200


ROUTE = Route(
    desk=Desk("intake", ("en",), "UTC", "always"),
    due=Due(DueKind.INSTANT, END),
    user_notice=UserNotice(NoticeBy.PLATFORM, "disclosure"),
    profile="cautious",
    answers=(
        CategoryAnswer("phone_number", Verdict.DISCLOSABLE),
        CategoryAnswer(
            "content",
            Verdict.REFUSED,
            grounds=(Ground("ABOVE_CEILING", "Above the ceiling."),),
            escalations=(Escalation("counsel", "ABOVE_CEILING", "The order binds."),),
        ),
    ),
    steps=(Step("verify", ""), Step("analyse", "")),
    tasks=(Step("written_order", "", Due(DueKind.INSTANT, END)),),
    preservation=Preservation(NOON, until_event="production"),
)
RIGHT: Mapping[str, Any] = {
    "categories": {
        "phone_number": "disclosable",
        "content": {"refused": "ABOVE_CEILING", "escalated": True},
    },
    "desk": "intake",
    "due": "2024-10-31T14:00:00+02:00",
    "preserve_until": "production",
    "user_notice": {"by": "platform", "at": "disclosure"},
    "steps": ("verify", "analyse"),
    "tasks": ({"task": "written_order", "due": "2024-10-31T12:00:00Z"},),
}


def differences(route: Route = ROUTE, **changed: Any) -> list[str]:
    """Return where `route` differs from what is right for `ROUTE`, but for `changed`."""
    expected = RouteExpectation.model_validate({**RIGHT, **changed})
    return [str(difference) for difference in compare_route(expected, route)]


def test_a_route_that_is_as_expected_has_no_difference() -> None:
    assert differences() == []
    assert differences(desk=None, due=None, user_notice=None, steps=None) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"categories": {"phone_number": "not_held"}},
            [
                (
                    "categories.content: expected none, "
                    "but refused for ABOVE_CEILING and escalated came."
                ),
                "categories.phone_number: expected not held, but disclosable came.",
            ],
        ),
        (
            {"categories": {**RIGHT["categories"], "content": {"refused": "ABOVE_CEILING"}}},
            [
                (
                    "categories.content: expected refused for ABOVE_CEILING, "
                    "but refused for ABOVE_CEILING and escalated came."
                )
            ],
        ),
        ({"redirect": "other"}, ["redirect: expected other, but none came."]),
        ({"desk": "other"}, ["desk: expected other, but intake came."]),
        ({"due": "at_once"}, ["due: expected at_once, but 2024-10-31T12:00:00+00:00 came."]),
        (
            {"due": "2024-10-31T14:00:01+02:00"},
            ["due: expected 2024-10-31T14:00:01+02:00, but 2024-10-31T14:00:00+02:00 came."],
        ),
        ({"preserve_until": None}, ["preserve_until: expected none, but production came."]),
        (
            {"preserve_until": "2024-10-31T12:00:00Z"},
            ["preserve_until: expected 2024-10-31T12:00:00+00:00, but production came."],
        ),
        ({"user_notice": "nobody"}, ["user_notice: expected nobody, but platform came."]),
        (
            {"user_notice": {"by": "platform", "at": "effect", "silenced": True}},
            [
                "user_notice.at: expected effect, but disclosure came.",
                "user_notice.silenced: expected true, but false came.",
            ],
        ),
        (
            {"user_notice": {"by": "platform", "not_before": "2024-10-31T12:00:00Z"}},
            ["user_notice.not_before: expected 2024-10-31T12:00:00+00:00, but none came."],
        ),
        (
            {"steps": ("analyse", "verify")},
            ["steps: expected analyse, verify, but verify, analyse came."],
        ),
        ({"tasks": ()}, ["tasks: expected none, but written_order came."]),
        (
            {"tasks": ({"task": "written_order", "due": "none"},)},
            ["tasks.written_order: expected none, but 2024-10-31T12:00:00+00:00 came."],
        ),
    ],
)
def test_each_part_of_a_route_is_compared(changed: Mapping[str, Any], said: list[str]) -> None:
    assert differences(**changed) == said


def test_what_is_not_listed_must_not_come() -> None:
    bare = replace(ROUTE, answers=(), tasks=(), preservation=None, redirect=Redirect("mla", "no"))
    assert differences(bare, categories={}, tasks=(), preserve_until=None) == [
        "redirect: expected none, but mla came."
    ]


def test_a_preservation_until_an_instant_is_told_in_the_offset_expected() -> None:
    kept = replace(ROUTE, preservation=Preservation(NOON, until=END))
    assert differences(kept, preserve_until="2024-10-31T14:00:00+02:00") == []
    assert differences(kept, preserve_until="2024-10-31T15:00:00+02:00") == [
        ("preserve_until: expected 2024-10-31T15:00:00+02:00, "
        "but 2024-10-31T14:00:00+02:00 came.")
    ]  # fmt: skip


def test_grounds_and_escalations_that_no_rule_gives_are_told_by_their_code() -> None:
    route = replace(ROUTE, rule_ids=("ua-ruling",))
    assert list(map(str, account_for_route(route, {}))) == [
        "ABOVE_CEILING: content: Above the ceiling.",
        "ABOVE_CEILING: content: for counsel: The order binds.",
        "ua-ruling: it decided.",
    ]
