"""`comity check` against a real server."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import grpc
import pytest
import trustme
from comity.cli import output
from comity.cli.check import _FLAGS
from comity.v1.eligibility_service_pb2 import CheckEligibilityResponse
from google.protobuf import json_format
from unit.cli.command import Command
from unit.grpc_api.small_world import DIGEST, SmallWorld

SOLDIER = ("--works-for", "UA:military", "--presence", "PL", "--action", "message_send")
FLAGS_ASKED_FOR = frozenset(
    {
        "works-for",
        "device",
        "action",
        "presence",
        "phone-country",
        "residence",
        "nationality",
        "store-country",
        "network",
        "ip",
        "phone",
        "age",
        "birth-date",
        "label",
        "product",
        "purpose",
        "item",
        "as-of",
        "as-known",
        "explain",
        "json",
        "local",
        "server",
        "unknown",
        "open",
        "language",
        "view",
        "min-revision",
        "tls",
        "exit-code",
    }
)


@pytest.fixture
def check(comity: Command, server: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line, with the server's address in the environment."""
    monkeypatch.setenv("COMITY_SERVER", server)
    return comity


def test_every_fact_and_option_has_its_flag() -> None:
    """What the help promises."""
    flags = {flag.name.replace("_", "-") for flag in _FLAGS}
    assert flags >= FLAGS_ASKED_FOR
    assert len(flags) == len(_FLAGS)


def test_a_denial_is_told_with_its_reasons(check: Command) -> None:
    """Effect in words, rule, force, source, what met it, validity, decision, revision."""
    ended = check("check", *SOLDIER, "--device", "official")
    assert (ended.code, ended.err) == (0, "")
    lines = [line.strip() for line in ended.out.splitlines()]
    assert lines[0] == "DENY: do not do it"
    assert "state          decided by the known facts" in lines
    assert "tell the user  Not on this device." in lines
    assert any(line.endswith("[ua-2024-official-devices]") for line in lines)
    words = " ".join(" ".join(lines).split())
    for told in (
        "advice of the authority, not binding; applied by the platform: applied at the request",
        "Decision, item 1, https://example.org/d, read 2024-09-23",
        "checked against the source",
        "works_for UA (military), from caller",
        "device official",
        "until 2030-01-01T00:00:00Z; to be kept 60 s at most",
        f"7 ({DIGEST[:12]})",
        f"{1:032x}-{1:016x}",
    ):
        assert told in words


def test_an_unsettled_answer_names_the_missing_facts(check: Command) -> None:
    """And, if asked, what each of them would lead to."""
    ended = check("check", *SOLDIER, "--explain")
    assert ended.out.startswith("ALLOW: nothing that is known stands in the way\n")
    assert "INDETERMINATE, missing: device" in ended.out
    assert "would apply if the missing facts were so" in ended.out
    assert "  device = official: DENY" in ended.out
    assert "  device = personal: ALLOW" in ended.out


def test_an_answer_without_facts_names_what_nobody_recorded(check: Command) -> None:
    """The tie that a rule may meet, where it is missing and where it would be met."""
    ended = check("check", "--action", "call", "--device", "personal", "--explain")
    assert "INDETERMINATE, missing: any unrecorded presence" in ended.out
    assert "  met by     any unrecorded presence; action call" in ended.out
    assert "  any unrecorded presence = none: ALLOW" in ended.out


def test_presumptions_are_told_together(check: Command) -> None:
    """Ties that were derived, then what is taken not to be there."""
    ended = check("check", "--action", "message_read", "--presence", "PL", "--label", "watched")
    told = ended.out.partition("presumed")[2].partition("asked for")[0]
    assert " ".join(told.split()).split("; ") == [
        "residence PL",
        "no nationality, network, phone_country, store_country or works_for",
        "no item or purpose",
        "no population of presence PL",
    ]


def test_obligations_are_told_in_words(check: Command) -> None:
    """Features taken away, quotas, notices, verifications."""
    ended = check("check", "--action", "call", "--presence", "FR")
    assert "RESTRICT: take away what is named" in ended.out
    assert "  take away calls" in ended.out
    assert "  show the notice official_advice" in ended.out
    ended = check("check", "--action", "call", "--presence", "CN")
    quota = "limit daily_use to 60 minutes a day for each account, adjustable by guardian"
    assert quota in ended.out
    ended = check("check", "--action", "call", "--residence", "US-FL", "--presence", "PL")
    assert "VERIFY: verify first" in ended.out
    assert "  verify age" in ended.out


def test_json_is_the_reply_as_protobuf_maps_it(check: Command) -> None:
    """It reads back as the message of the contract."""
    ended = check("check", *SOLDIER, "--device", "official", "--json")
    reply = json_format.Parse(ended.out, CheckEligibilityResponse())
    assert reply.reasons[0].rule_id == "ua-2024-official-devices"
    assert '"policy_revision"' in ended.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--action", "message_read", "--presence", "PL"), 0),
        (("--action", "call", "--presence", "FR"), 33),
        (("--action", "call", "--residence", "US-FL", "--presence", "PL"), 32),
        ((*SOLDIER, "--device", "official"), 34),
    ],
)
def test_the_exit_code_tells_the_effect_if_asked(
    check: Command, arguments: tuple[str, ...], code: int
) -> None:
    """Otherwise any answer is a success."""
    assert check("check", *arguments).code == 0
    assert check("check", *arguments, "--exit-code").code == code


def test_all_facts_reach_the_server(check: Command, world: SmallWorld) -> None:
    """Each flag says what it means."""
    ended = check(
        *("check", "--action", "call", "--product", "messaging", "--device", "personal"),
        *("--purpose", "work", "--purpose", "private", "--item", "official_channel"),
        *("--works-for", "UA:military,government_official", "--works-for", "eu_commission"),
        *("--nationality", "FR", "--store-country", "DE", "--network", "UA"),
        *("--ip", "203.0.114.77", "--phone", "+380501234567", "--account", "a1"),
        *("--label", "watched", "--label-absent", "guardian_consent"),
        *("--indicator", "managed_device", "--open", "residence", "--open", "label"),
        *("--unknown", "age=withheld", "--account-created", "2024-01-01", "--view", "legal"),
    )
    assert ended.code == 0, ended.err
    (record,) = world.recorded().values()
    question = record.question
    assert (question.action, question.product, question.device) == ("call", "messaging", "personal")
    assert question.purposes == {"work", "private"}
    assert question.items == {"official_channel"}
    ties = {(tie.factor, tie.place, tie.populations) for tie in question.connections}
    assert ties == {
        ("works_for", "UA", frozenset({"military", "government_official"})),
        ("works_for", "eu_commission", frozenset()),
        ("nationality", "FR", frozenset()),
        ("store_country", "DE", frozenset()),
        ("network", "UA", frozenset()),
        ("presence", "FR", frozenset()),
        ("phone_country", "UA", frozenset()),
    }
    assert {label.name for label in question.labels} == {"watched"}
    assert question.labels_absent == {"guardian_consent"}
    assert question.indicators == {"managed_device"}
    assert question.open_factors == {"residence"}
    assert question.open_sets == {"label"}
    assert {name: reason.value for name, reason in question.unknown.items()} == {"age": "withheld"}
    assert record.account_id == "a1"


@pytest.mark.parametrize(
    ("age", "outcome"),
    [("13", "DENY"), ("14", "ALLOW"), ("14+", "ALLOW"), ("13+", "VERIFY")],
)
def test_an_age_is_exact_unless_it_says_at_least(check: Command, age: str, outcome: str) -> None:
    """The rule is about those below 14."""
    child = ("--residence", "US-FL", "--presence", "PL", "--age", age)
    ended = check("check", "--action", "call", *child, "--as-of", "2024-10-01T12:00:00Z")
    assert ended.out.startswith(outcome)


def test_another_instant_and_language_can_be_asked_for(check: Command) -> None:
    """The law of a day before the decision; the message in the user's language."""
    soldier = (*SOLDIER, "--device", "official")
    before = check("check", *soldier, "--as-of", "2024-09-19T23:59:59+03:00")
    assert before.out.startswith("ALLOW")
    assert "for this question only; not to be kept" in before.out
    assert check("check", *soldier, "--as-of", "2024-09-20").out.startswith("DENY")
    told = check("check", *soldier, "--language", "uk", "--view", "user").out
    assert "Не на цьому пристрої." in told
    assert "missing" not in told
    assert "met by" not in told


def test_a_bad_question_names_its_fields(check: Command) -> None:
    """All of them at once, as fields of the contract, with the flag that gave a connection."""
    ties = ("--works-for", "Kyiv", "--presence", "PL", "--presence", "Poland")
    ended = check("check", "--action", "message_sned", *ties)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("comity: the question is not in order:\n")
    assert "  facts.connections[1].place (--presence Poland): must be an ISO" in ended.err
    assert "  facts.connections[2].place (--works-for Kyiv): must be an ISO" in ended.err
    assert "  facts.action: unknown action: did you mean 'message_send'?" in ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--as-of", "yesterday"), "--as-of: must be a day or an instant"),
        (("--as-known", "2024-09-20T00:00:00"), "--as-known: must be a day or an instant"),
        (("--as-of", "0001-01-01T00:00:00+14:00"), "--as-of: must be a day or an instant"),
        (("--birth-year", "-1"), "-1"),
        (("--min-revision", "-1"), "-1"),
        (("--device", "\udcff"), "surrogates"),
        (("--view", "all"), "--view: must be one of caller, user, legal"),
        (("--unknown", "age"), "--unknown: must be FACT=REASON"),
        (("--age", "young"), "--age: must be completed years"),
        (("--age", "15", "--birth-year", "2001"), "--age and --birth-year exclude each other"),
        (("--tls-key", "nowhere.pem"), "--tls-key: no file nowhere.pem"),
    ],
)
def test_a_flag_that_makes_no_sense_is_named(
    check: Command, arguments: tuple[str, ...], told: str
) -> None:
    """Before anything is asked."""
    ended = check("check", "--action", "call", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_half_a_certificate_is_refused(check: Command, tmp_path: object) -> None:
    """Certificate and key go together."""
    pem = f"{tmp_path}/cert.pem"
    with open(pem, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("")
    ended = check("check", "--action", "call", "--tls-certificate", pem)
    assert ended.code == 2
    assert "certificate and key go together" in ended.err


def test_a_server_that_is_away_is_told_with_what_to_do(comity: Command) -> None:
    """Start one, name another, or ask without."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = comity("check", "--action", "call", "--server", address)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"comity: no server answers at {address}\n")
    for told in ("comity serve", "COMITY_SERVER", "--local"):
        assert told in ended.err


def test_a_server_without_policies_or_history_says_so(check: Command, world: SmallWorld) -> None:
    """Unavailable, and refused, have codes of their own."""
    ended = check("check", "--action", "call", "--as-known", "2020-01-01")
    assert ended.code == 4
    assert "FAILED_PRECONDITION: as_known lies before" in ended.err
    world.policies.current = None
    ended = check("check", "--action", "call")
    assert ended.code == 3
    assert "no policy is in force yet" in ended.err


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never in a pipe, with NO_COLOR, or on a dumb terminal."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert output.is_coloured(Terminal())
    assert not output.is_coloured(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not output.is_coloured(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not output.is_coloured(Terminal())


def test_a_server_with_tls_is_reached_by_its_authorities(
    comity: Command, world: SmallWorld, tmp_path: Path
) -> None:
    """Any flag of TLS encrypts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    theirs = authority.issue_cert("comity.test")
    credentials = grpc.ssl_server_credentials(
        [(theirs.private_key_pem.bytes(), theirs.cert_chain_pems[0].bytes())]
    )
    with world.listening(credentials=credentials) as address:
        asked = ("check", "--action", "message_read", "--server", address)
        trusting = ("--tls-authorities", str(tmp_path / "ca.pem"))
        ended = comity(*asked, *trusting, "--tls-server-name", "comity.test")
        assert ended.code == 0, ended.err
        assert comity(*asked, "--tls", "--tls-server-name", "comity.test").code == 3
