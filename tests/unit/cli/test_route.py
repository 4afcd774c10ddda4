"""`comity route` against a real server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from comity.domain.data_request import Authenticity, DataRequest, PersonRole
from comity.v1.data_request_service_pb2 import RouteDataRequestResponse
from google.protobuf import json_format
from unit.cli.command import Command
from unit.grpc_api.small_world import DIGEST, SmallWorld

ORDER = (
    *("route", "--instrument", "fr_court_order", "--authority", "court", "--state", "FR"),
    *("--data", "phone_number", "--data", "content", "--received", "2024-09-30"),
)
FILE = """\
instrument: fr_court_order
authority: {kind: court, issuing_state: NO, authenticity: verified}
subject: {account_id: a1}
person: {role: suspect, residence: NO, child: no, protected_callings: [lawyer]}
offence: {categories: drug_trafficking, maximum_penalty_months: 120, committed_online: yes}
data:
- phone_number
- {category: login_ip, period: {since: 2024-09-01, until: 2024-09-20T00:00:00+02:00}}
received_at: 2024-09-30
signed_at: 2024-09-29
emergency: life
silence_order: {ordered_by: court, until: 2024-12-01}
events: [{event: clarification, at: 2024-10-01}]
lacking: [translation]
"""


@pytest.fixture
def route(comity: Command, server: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line, with the server's address in the environment."""
    monkeypatch.setenv("COMITY_SERVER", server)
    return comity


def asked(world: SmallWorld) -> DataRequest:
    """Return the one request that reached the server."""
    (request,) = world.router.asked
    return request


def day(year: int, month: int, number: int) -> datetime:
    """Return the first instant of a day, UTC."""
    return datetime(year, month, number, tzinfo=UTC)


def test_a_route_is_told_for_a_lawyer(route: Command) -> None:
    """Verdict, grounds, desk, times, who tells the user, sources, what could change it."""
    ended = route(*ORDER)
    assert (ended.code, ended.err) == (0, "")
    words = " ".join(ended.out.split())
    for told in (
        "fr_court_order, court in FR, received 2024-09-30T00:00:00Z",
        "phone_number (from 2024-09-19T21:00:00Z): DISCLOSABLE once every step is done",
        "content: REFUSED ground ABOVE_CEILING: Above the ceiling. [any-ceiling]",
        "escalate general_counsel must look: ABOVE_CEILING: The order binds.",
        "Before anything is disclosed 1. authority_verification: Verify the authority.",
        "Owed afterwards or besides 1. written_order: Send the order. (due at once)",
        "desk li_intake (en; mon-fri 09:00-17:00 UTC; out of hours emergency)",
        "due before 2030-01-01T00:00:00Z [fr-court-order]",
        "until production: content [fr-court-order]",
        "the user is told by the platform at disclosure, not before 2024-10-01T12:00:00Z",
        "profile tg2024",
        "could change it offence.maximum_penalty_months",
        "[fr-court-order] FR: Court order authority Parliament source Code",
        "binding law",
        f"revision 7 ({DIGEST[:12]})",
    ):
        assert told in words
    assert "any-secret" not in ended.out


def test_a_flag_says_by_when_the_order_wants_its_answer(route: Command, world: SmallWorld) -> None:
    assert route(*ORDER, "--deadline", "2024-10-05").code == 0
    assert asked(world).order_deadline == day(2024, 10, 5)


def test_the_legal_view_tells_of_conflicts(route: Command) -> None:
    """With both duties."""
    ended = route(*ORDER, "--view", "legal")
    assert "Conflict of duties: unresolved" in ended.out
    assert "forbids   any-secret" in ended.out


def test_json_is_the_reply_as_protobuf_maps_it(route: Command) -> None:
    """It reads back as the message of the contract."""
    reply = json_format.Parse(route(*ORDER, "--json").out, RouteDataRequestResponse())
    assert [answer.category for answer in reply.answers] == ["phone_number", "content"]


def test_a_file_says_everything_that_the_contract_knows(
    route: Command, world: SmallWorld, tmp_path: Path
) -> None:
    """NO is Norway; a day is its first instant; one entry needs no list."""
    file = tmp_path / "request.yaml"
    file.write_text(FILE, encoding="utf-8")
    ended = route("route", str(file))
    assert ended.code == 0, ended.err
    request = asked(world)
    assert request.authority.issuing_state == "NO"
    assert request.authority.authenticity is Authenticity.VERIFIED
    assert request.account_given
    assert (request.person.role, request.person.child) == (PersonRole.SUSPECT, False)
    assert request.person.protected_callings == {"lawyer"}
    assert request.offence is not None
    assert request.offence.categories == {"drug_trafficking"}
    assert request.offence.maximum_penalty_months == 120
    assert request.offence.committed_online is True
    assert request.offence.criminal is None
    phone, address = request.data
    assert (phone.category, phone.since) == ("phone_number", None)
    assert (address.since, address.until) == (
        day(2024, 9, 1),
        datetime(2024, 9, 19, 22, tzinfo=UTC),
    )
    assert (request.received_at, request.signed_at) == (day(2024, 9, 30), day(2024, 9, 29))
    assert request.emergency is not None
    assert request.emergency.danger == "life"
    assert request.silence_order is not None
    assert request.silence_order.until == day(2024, 12, 1)
    assert request.events[0].at == day(2024, 10, 1)
    assert request.lacking == {"translation"}


def test_a_flag_beats_the_file(route: Command, world: SmallWorld, tmp_path: Path) -> None:
    """And --set reaches every field."""
    file = tmp_path / "request.yaml"
    file.write_text(FILE, encoding="utf-8")
    ended = route(
        *("route", str(file), "--state", "FR", "--received", "2024-10-01", "--data", "content"),
        *("--since", "2024-01-01", "--set", "offence.lists=epoc", "--set", "person.consents=true"),
    )
    assert ended.code == 0, ended.err
    request = asked(world)
    assert request.authority.issuing_state == "FR"
    assert request.authority.kind == "court"
    assert request.received_at == day(2024, 10, 1)
    (data,) = request.data
    assert (data.category, data.since, data.until) == ("content", day(2024, 1, 1), None)
    assert request.offence is not None
    assert request.offence.lists == {"epoc"}
    assert request.person.consents is True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("instrumnt: x", "instrumnt: there is no such field; did you mean instrument?"),
        ("person: {role: judge}", "person.role: must be one of suspect, witness"),
        ("person: {child: perhaps}", "person.child: must be true or false"),
        ("person: lawyer", "person: must be a mapping of fields to values"),
        ("offence: {maximum_penalty_months: 5 years}", "maximum_penalty_months: must be a whole"),
        ("received_at: yesterday", "received_at: must be a day or an instant"),
        ("signed_at: {day: 1}", "signed_at: must be an instant"),
        ("data: [{period: {since: 1}}]", "data[0].period.since: must be a day or an instant"),
        ("lacking: [[reasons]]", "lacking[0]: must be one value"),
        ("instrument: [a, b]", "instrument: must be one value"),
        ("a: [", "request.yaml:2:1: no YAML"),
        ("- a", "request.yaml: must be a mapping"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(
    route: Command, tmp_path: Path, text: str, told: str
) -> None:
    """Before anything is asked."""
    file = tmp_path / "request.yaml"
    file.write_text(f"{text}\n", encoding="utf-8")
    ended = route("route", str(file))
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_every_mistake_is_told_at_once(route: Command, tmp_path: Path) -> None:
    """In the order of the file."""
    file = tmp_path / "request.yaml"
    file.write_text("instrumnt: x\nperson: {role: judge, child: 1}\n", encoding="utf-8")
    lines = route("route", str(file)).err.splitlines()
    assert lines[0] == "comity: the request is not in order:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "instrumnt",
        "person.role",
        "person.child",
    ]


def test_a_file_that_can_not_be_read_is_named(route: Command, tmp_path: Path) -> None:
    """Missing, or not UTF-8."""
    ended = route("route", str(tmp_path / "missing.yaml"))
    assert ended.code == 2
    assert "missing.yaml can't be read: No such file" in ended.err
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff")
    assert "binary.yaml can't be read: it is not UTF-8" in route("route", str(binary)).err


def test_a_bad_request_names_its_fields(route: Command) -> None:
    """As the server tells them."""
    ended = route("route", "--instrument", "fr_court_ordr", "--data", "phone_number")
    assert (ended.code, ended.out) == (2, "")
    assert "  authority: must be set" in ended.err
    assert "did you mean 'fr_court_order'?" in ended.err
    assert route("route", "--set", "profile").code == 2
    assert "profile: is no value for it" in route("route", "--profile", "\udcff").err
