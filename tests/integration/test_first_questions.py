"""The first questions that a newcomer asks, answered from the policies that come with Comity."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from comity.cli.local import serving_here
from comity.client import Answer, ComityClient, Effect, Options, Question, Tie
from comity.v1 import common_pb2, facts_pb2
from comity.v1.data_request_service_pb2 import (
    PERSON_ROLE_SUSPECT,
    VERDICT_DISCLOSABLE,
    VERDICT_NEEDS_INFORMATION,
    VERDICT_REFUSED,
    DataPerson,
    IssuingAuthority,
    Offence,
    RequestedData,
    RouteDataRequestRequest,
)
from comity.v1.eligibility_service_pb2 import CheckEligibilityResponse
from google.protobuf import json_format

POLICIES = Path(__file__).parents[2] / "policies"
PATIENCE_SECONDS = 30.0
RULE = "ua-2024-official-devices"
IN_FORCE_SINCE = datetime(2024, 9, 19, 21, tzinfo=UTC)
SOLDIER: Question = {
    "action": "message_send",
    "works_for": "UA:military",
    "presence": "PL",
    "phone_country": "US",
    "device": "official",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server in this process that answers from the policies."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith(("COMITY_", "OTEL_"))]:
            patched.delenv(name)
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        with serving_here(POLICIES) as address:
            yield address


@pytest.fixture(scope="module")
def client(server: str) -> Iterator[ComityClient]:
    """A client of it."""
    with ComityClient(server, timeout_seconds=PATIENCE_SECONDS) as client:
        yield client


def test_a_soldiers_official_device_is_denied_on_advice_that_the_platform_applies(
    client: ComityClient,
) -> None:
    """In Poland, with a US number: the tie that counts is whom the soldier serves."""
    answer = client.check(**SOLDIER)
    assert answer.effect is Effect.DENY
    assert answer.decided
    (reason,) = answer.reasons
    assert reason.rule_id == RULE
    assert reason.legal_effect == common_pb2.LEGAL_EFFECT_ADVICE
    assert "advice" in reason.platform_basis
    assert "19 September 2024" in reason.citation.pinpoint
    assert reason.citation.url
    rule = client.get_rule(RULE).rule
    assert [event.on for event in rule.history] == ["2024-09-19"]
    (interval,) = rule.intervals
    assert interval.range.since.ToDatetime(tzinfo=UTC) == IN_FORCE_SINCE
    (tie,) = reason.connections
    assert (tie.factor, tie.place, list(tie.populations)) == ("works_for", "UA", ["military"])


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("a personal device", {"device": "personal"}),
        ("official duty", {"labels": ["ua_official_duty"]}),
        ("an official channel", {"action": "channel_read", "item_classes": ["official_channel"]}),
        ("deleting the account", {"action": "account_delete"}),
        ("a Polish officer in Kyiv", {"works_for": "PL:military", "presence": "UA"}),
        (
            "an official channel read in Kyiv",
            {
                "presence": "UA",
                "action": "channel_read",
                "item_classes": ["official_channel"],
            },
        ),
        ("a tie that has ended", {"works_for": Tie("UA", ["military"], until=IN_FORCE_SINCE)}),
    ],
)
def test_what_the_decision_spares_is_allowed(
    client: ComityClient, name: str, facts: Question
) -> None:
    """Each as settled as the denial."""
    answer = client.check(**(SOLDIER | facts))
    assert (answer.effect, answer.decided) == (Effect.ALLOW, True), name


def test_the_denial_begins_with_the_day_in_kyiv(client: ComityClient) -> None:
    """At 2024-09-19T21:00:00Z, to the second."""

    def at(instant: datetime) -> Answer:
        return client.check(**SOLDIER, options=Options(as_of=instant))

    assert at(IN_FORCE_SINCE - timedelta(seconds=1)).effect is Effect.ALLOW
    assert at(IN_FORCE_SINCE).effect is Effect.DENY


def test_an_unknown_device_is_the_one_missing_fact(client: ComityClient) -> None:
    """Nothing else could change the answer."""
    question = SOLDIER.copy()
    del question["device"]
    answer = client.check(**question)
    assert not answer.decided
    assert [(fact.dimension, fact.member) for fact in answer.missing_facts] == [("device", "")]


def data_request(
    instrument: str, authority: str, state: str, received: str, signed: str = ""
) -> RouteDataRequestRequest:
    """Return a request for the address and number of a suspected drug trafficker."""
    request = RouteDataRequestRequest(
        instrument=instrument,
        authority=IssuingAuthority(kind=authority, issuing_state=state),
        subject=facts_pb2.Subject(account_id="a1"),
        person=DataPerson(role=PERSON_ROLE_SUSPECT),
        offence=Offence(categories=["drug_trafficking"]),
        data=[RequestedData(category="login_ip"), RequestedData(category="phone_number")],
    )
    request.received_at.FromJsonString(received)
    if signed:
        request.signed_at.FromJsonString(signed)
    return request


def test_a_french_court_order_of_october_2024_is_answered_after_its_steps(
    client: ComityClient,
) -> None:
    """Verified, analysed, by a desk, in time, with sources."""
    request = data_request("fr_court_order", "court", "FR", "2024-10-01T10:00:00Z")
    route = client.route_data_request(request)
    assert {answer.category: answer.verdict for answer in route.answers} == {
        "login_ip": VERDICT_DISCLOSABLE,
        "phone_number": VERDICT_DISCLOSABLE,
    }
    assert [step.name for step in route.steps] == ["authority_verification", "legal_analysis"]
    assert route.desk.name
    assert route.due.HasField("instant")
    assert route.profile == "tg2024"
    assert any(cited.jurisdiction == "FR" for cited in route.citations)


def test_the_same_order_nine_days_earlier_is_refused_and_told_why(client: ComityClient) -> None:
    """The platform's policy of the time covered less."""
    request = data_request("fr_court_order", "court", "FR", "2024-09-22T10:00:00Z")
    route = client.route_data_request(request)
    for answer in route.answers:
        assert answer.verdict == VERDICT_REFUSED
        (ground,) = answer.grounds
        assert ground.code == "PRE_POLICY"
        assert "2024-09-23" in ground.cure


def test_a_ukrainian_ruling_past_its_two_months_needs_a_fresh_one(client: ComityClient) -> None:
    """Asked within them it does not."""
    signed, late = "2024-10-01T09:00:00+03:00", "2024-12-02T12:00:00+02:00"
    ruling = ("ua_cpc_164", "investigating_judge", "UA")
    for answer in client.route_data_request(data_request(*ruling, late, signed)).answers:
        assert answer.verdict == VERDICT_NEEDS_INFORMATION
        assert [ground.code for ground in answer.grounds] == ["EXPIRED"]
        assert answer.grounds[0].cure == "Send a fresh order."
    request = data_request(*ruling, "2024-11-29T12:00:00+02:00", signed)
    request.options.as_of.CopyFrom(request.received_at)
    for answer in client.route_data_request(request).answers:
        assert "EXPIRED" not in [ground.code for ground in answer.grounds]


def test_the_command_answers_without_a_server_and_leaves_a_trace(tmp_path: Path) -> None:
    """`comity check --local`, as a newcomer pastes it, then `comity traces`."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COMITY_", "OTEL_"))
    }
    environment["XDG_STATE_HOME"] = str(tmp_path)

    def comity(*arguments: str) -> str:
        command = [sys.executable, "-m", "comity", *arguments]
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=60, env=environment, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    told = comity(
        *("check", "--local", "--policies", str(POLICIES), "--works-for", "UA:military"),
        *("--device", "official", "--action", "message_send", "--json"),
    )
    reply = json_format.Parse(told, CheckEligibilityResponse())
    assert Answer(reply).effect is Effect.DENY
    assert reply.decision_id.partition("-")[0] in comity("traces", "--json")
