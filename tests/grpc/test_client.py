"""The Python client against a real server."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
import trustme
from comity.client import (
    Answer,
    ComityClient,
    DeadlineExceededError,
    Effect,
    InvalidRequestError,
    NoPolicyError,
    NotFoundError,
    Options,
    OverloadedError,
    Question,
    RevisionNotReachedError,
    Tls,
    UnavailableError,
    View,
)
from comity.v1 import data_request_service_pb2, decision_service_pb2
from unit.client.servers import PATIENCE_SECONDS, Troubles
from unit.grpc_api.small_world import NOW, SmallWorld

DENIED_THERE: Question = {
    "action": "message_send",
    "works_for": "UA:military",
    "device": "official",
}


def test_two_lines_ask_a_question(server: str) -> None:
    """The first lines that a caller writes."""
    with ComityClient(server) as client:
        answer = client.check(action="message_send", works_for="UA:military", device="official")
    assert answer.effect is Effect.DENY
    assert not answer.allowed
    assert answer.decided
    (reason,) = [reason for reason in answer.reasons if reason.effect == Effect.DENY.value]
    assert reason.rule_id == "ua-2024-official-devices"
    assert reason.citation.title == "Decision"
    assert answer.message == "Not on this device."
    assert answer.valid_until == datetime(2030, 1, 1, tzinfo=UTC)
    assert answer.policy_revision.epoch == 7


def test_an_answer_that_missing_facts_could_change_says_so(client: ComityClient) -> None:
    """The device is not known."""
    answer = client.check(action="message_send", works_for="UA:military", presence="PL")
    assert not answer.decided
    assert [fact.dimension for fact in answer.missing_facts] == ["device"]


def test_options_of_the_client_hold_unless_a_call_brings_its_own(server: str) -> None:
    """Such as the user's language."""
    options = Options(language="uk")
    with ComityClient(server, options=options, timeout_seconds=PATIENCE_SECONDS) as client:
        assert client.check(**DENIED_THERE).message == "Не на цьому пристрої."
        plain = client.check(**DENIED_THERE, options=Options())
    assert plain.message == "Not on this device."


def test_many_questions_are_answered_from_one_revision_each_for_itself(
    client: ComityClient,
) -> None:
    """A bad one has its error as its result."""
    denied, bad, allowed = client.check_many(
        [
            {"action": "message_send", "works_for": "UA:military", "device": "official"},
            {"action": "message_sned"},
            {"action": "message_send", "device": "personal"},
        ]
    )
    assert isinstance(denied, Answer)
    assert denied.effect is Effect.DENY
    assert isinstance(allowed, Answer)
    assert allowed.allowed
    assert isinstance(bad, InvalidRequestError)
    assert [violation.field for violation in bad.violations] == ["items[1].facts.action"]
    assert "message_send" in bad.violations[0].description


def test_an_invalid_question_names_its_fields_and_is_not_asked_again(
    client: ComityClient, troubles: Troubles
) -> None:
    """Every field at once, with what is wrong with it."""
    with pytest.raises(InvalidRequestError) as caught:
        client.check(action="message_sned", presence="Poland", device="official")
    fields = [violation.field for violation in caught.value.violations]
    assert fields == ["facts.connections[0].place", "facts.action"]
    assert caught.value.violations[0].description.startswith("must be an ISO 3166 code")
    assert troubles.calls == 1


def test_restrictions_are_listed_whole_whatever_the_pages(client: ComityClient) -> None:
    """The pages of a list come as one."""
    listed = client.list_restrictions("FR", options=Options(view=View.LEGAL))
    rule_ids = [restriction.rule_id for restriction in listed.restrictions]
    assert rule_ids == sorted(rule_ids)
    assert {"any-watched", "fr-calls"} <= set(rule_ids)
    assert listed.next_page_token == ""
    factors = client.list_restrictions("UA", factors=["works_for"], product="telegram")
    assert "ua-2024-official-devices" in {r.rule_id for r in factors.restrictions}


def test_rules_revisions_and_routes_are_read(client: ComityClient, world: SmallWorld) -> None:
    """What else callers ask for."""
    assert client.get_rule("ua-2024-official-devices").rule.review_by == "2026-12-31"
    assert client.get_revision().policy_revision.epoch == 7
    request = data_request_service_pb2.RouteDataRequestRequest(
        instrument="fr_court_order",
        authority={"kind": "court", "issuing_state": "FR"},  # type: ignore[arg-type]
        data=[{"category": "phone_number"}],  # type: ignore[list-item]
    )
    request.received_at.FromDatetime(NOW)
    route = client.route_data_request(request)
    assert route.desk.name == "li_intake"
    assert not request.HasField("options")
    assert len(world.router.asked) == 1
    with pytest.raises(NotFoundError):
        client.get_rule("no-such-rule")


def test_a_recorded_decision_is_explained(client: ComityClient) -> None:
    """Made once more, with the rules that matched."""
    answer = client.check(**DENIED_THERE)
    found = client.explain(answer.decision_id)
    assert found.recomputation == decision_service_pb2.RECOMPUTATION_SAME
    assert found.eligibility.effect == answer.reply.effect
    assert [rule.rule_id for rule in found.matched] == [r.rule_id for r in answer.reasons]
    assert len(client.explain(answer.decision_id, most_close=1).close) == 1
    with pytest.raises(NotFoundError):
        client.explain(f"{7:032x}-{7:016x}")
    with pytest.raises(InvalidRequestError):
        client.explain("no identity")


def test_a_server_that_is_unavailable_at_first_is_asked_again(
    client: ComityClient, troubles: Troubles
) -> None:
    """Twice UNAVAILABLE, then an answer: the caller notices nothing."""
    troubles.first = [(grpc.StatusCode.UNAVAILABLE, None)] * 2
    assert client.check(**DENIED_THERE).effect is Effect.DENY
    assert troubles.calls == 3


def test_an_overloaded_server_says_when_to_ask_again_or_not_to(
    client: ComityClient, troubles: Troubles
) -> None:
    """Its pushback is obeyed both ways."""
    troubles.first = [(grpc.StatusCode.RESOURCE_EXHAUSTED, "20")]
    assert client.check(**DENIED_THERE).effect is Effect.DENY
    assert troubles.calls == 2
    troubles.first = [(grpc.StatusCode.RESOURCE_EXHAUSTED, "-1")] * 2
    with pytest.raises(OverloadedError):
        client.get_revision()
    assert troubles.calls == 3


def test_retries_come_to_an_end(client: ComityClient, world: SmallWorld) -> None:
    """A server without a policy stays unavailable, and that is what the caller hears."""
    world.policies.current = None
    with pytest.raises(NoPolicyError) as caught:
        client.get_revision()
    assert caught.value.reason == "NO_POLICY_IN_FORCE"


def test_a_call_ends_with_its_deadline(client: ComityClient, troubles: Troubles) -> None:
    """A slow server holds nobody up."""
    troubles.slow_seconds = 0.5
    with pytest.raises(DeadlineExceededError):
        client.get_revision(timeout_seconds=0.05)


def test_a_server_that_is_away_is_unavailable() -> None:
    """Without wait_for_ready at once, with it at the deadline."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with ComityClient(address) as hasty, pytest.raises(UnavailableError):
            hasty.get_revision()
        with (
            ComityClient(address, wait_for_ready=True) as patient,
            pytest.raises(DeadlineExceededError),
        ):
            patient.get_revision(timeout_seconds=0.1)


def test_a_revision_to_come_is_told_from_other_failures(client: ComityClient) -> None:
    """Nobody asks again in vain."""
    with pytest.raises(RevisionNotReachedError):
        client.check(**DENIED_THERE, options=Options(min_revision=8))


def test_tls_holds_both_sides_to_their_certificates(world: SmallWorld, tmp_path: Path) -> None:
    """A client without a certificate of the authority gets no answer."""
    authority = trustme.CA()
    theirs, ours = authority.issue_cert("comity.test"), authority.issue_cert("search.test")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    ours.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    credentials = grpc.ssl_server_credentials(
        [(theirs.private_key_pem.bytes(), theirs.cert_chain_pems[0].bytes())],
        authority.cert_pem.bytes(),
        require_client_auth=True,
    )
    tls = Tls(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem", "comity.test")
    with world.listening(credentials=credentials) as address:
        with ComityClient(address, tls=tls, timeout_seconds=PATIENCE_SECONDS) as client:
            assert client.get_revision().policy_revision.epoch == 7
        half = replace(tls, certificate=None, key=None)
        with ComityClient(address, tls=half) as client, pytest.raises(UnavailableError):
            client.get_revision()
    with pytest.raises(ValueError, match="certificate and key go together"):
        replace(tls, key=None)
