"""Every bad request is refused with the paths of its faults and a message each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from comity.v1 import (
    data_request_service_pb2,
    decision_service_pb2,
    eligibility_service_pb2,
    policy_service_pb2,
)
from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from unit.grpc_api.small_world import SmallWorld

NAME = (
    "must be a name of small letters, digits and underscores that begins with a letter, "
    "such as works_for"
)
PLACE = (
    "must be an ISO 3166 code in capital letters, such as PL or US-TX, or the name of a body or "
    "area in small letters, such as eu_commission"
)
CODE = (
    "must be an ISO 3166 code or a group in capital letters, such as US-TX or EEA, or the name of "
    "a body or area in small letters, such as eu_commission"
)
RULE = (
    "must be the id of a rule, such as ua-2024-official-devices, with the member after # if there "
    "is one a member, such as eu-consent#DK"
)
ID = (
    "must be 32 and 16 hexadecimal digits in small letters with a dash between, such as "
    "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
)
PHONE = "must be + and 7 to 15 digits, the first not 0, such as +441632960961"
LANGUAGE = "must be a BCP 47 language tag, such as pt-BR"
TIME = "must lie from 1900-01-01T00:00:00Z to 2199-12-31T23:59:59Z"
FACTORS = "nationality, network, phone_country, presence, residence, store_country, works_for"
ROUTE = {
    "instrument": "fr_court_order",
    "authority": {"kind": "court", "issuing_state": "FR"},
    "data": [{"category": "phone_number"}],
    "received_at": "2024-10-01T00:00:00Z",
}


@dataclass(frozen=True)
class Bad:
    """A bad request.

    Attributes:
        rpc: method.
        request: request in the JSON mapping.
        violations: field -> description of every violation, in any order.
    """

    rpc: str
    request: dict[str, Any]
    violations: dict[str, str]


def check(violations: dict[str, str], **parts: Any) -> Bad:
    """Return a bad question."""
    return Bad("CheckEligibility", parts, violations)


def facts(violations: dict[str, str], **more: Any) -> Bad:
    """Return a bad question whose faults lie in its facts."""
    given = {"action": "message_send", "product": "telegram", **more}
    return check({f"facts.{f}": d for f, d in violations.items()}, facts=given)


def subject(violations: dict[str, str], **given: Any) -> Bad:
    """Return a bad question whose faults lie in its subject."""
    asked = {"action": "message_send", "product": "telegram"}
    return check({f"subject.{f}": d for f, d in violations.items()}, subject=given, facts=asked)


def connection(violations: dict[str, str], **more: Any) -> Bad:
    """Return a bad question whose faults lie in its one connection."""
    given = {"factor": "works_for", "place": "UA", **more}
    return facts({f"connections[0].{f}": d for f, d in violations.items()}, connections=[given])


def options(violations: dict[str, str], **given: Any) -> Bad:
    """Return a bad question whose faults lie in its options."""
    asked = {"action": "message_send", "product": "telegram"}
    return check({f"options.{f}": d for f, d in violations.items()}, options=given, facts=asked)


def listing(violations: dict[str, str], **given: Any) -> Bad:
    """Return a bad request for restrictions."""
    return Bad("ListRestrictions", {"jurisdiction": "UA", **given}, violations)


def route(violations: dict[str, str], **given: Any) -> Bad:
    """Return a bad data request."""
    return Bad("RouteDataRequest", {**ROUTE, **given}, violations)


def part(violations: dict[str, str], name: str, **given: Any) -> Bad:
    """Return a bad data request whose faults lie in one part."""
    found = {f"{name}.{f}": d for f, d in violations.items()}
    return Bad("RouteDataRequest", {**ROUTE, name: given}, found)


CASES = {
    "no facts": check({"facts": "must be set"}),
    "neither action nor product": check(
        {
            "facts.action": "must be given, or 'action' be listed in unknown with the reason",
            "facts.product": "must be given, or 'product' be listed in unknown with the reason",
        },
        facts={},
    ),
    "misspelt action": facts(
        {"action": "unknown action: did you mean 'message_send'?"},
        action="mesage_send",
    ),
    "unknown action": facts(
        {"action": "unknown action; known: account_delete, call, message_read, message_send"},
        action="dance",
    ),
    "malformed action": facts({"action": NAME}, action="Message Send"),
    "long action": facts({"action": "has 65 characters; at most 64 are allowed"}, action="a" * 65),
    "misspelt product": facts(
        {"product": "unknown product: did you mean 'telegram'?"}, product="telegramm"
    ),
    "unknown device": facts(
        {"device": "unknown device; known: official, official_desktop, personal"}, device="toaster"
    ),
    "unknown purpose": facts(
        {"purposes[1]": "unknown purpose; known: private, work"}, purposes=["work", "fun"]
    ),
    "empty purpose": facts({"purposes[0]": NAME}, purposes=[""]),
    "too many purposes": facts(
        {"purposes": "has 33 entries; at most 32 are allowed"}, purposes=["work"] * 33
    ),
    "unknown item class": facts(
        {"item_classes[0]": "unknown item: did you mean 'official_channel'?"},
        item_classes=["oficial_channel"],
    ),
    "too many item classes": facts(
        {"item_classes": "has 65 entries; at most 64 are allowed"},
        item_classes=["official_channel"] * 65,
    ),
    "too many connections": facts(
        {"connections": "has 33 entries; at most 32 are allowed"},
        connections=[{"factor": "presence", "place": "FR"}] * 33,
    ),
    "empty connection": facts(
        {"connections[0].factor": "must be set", "connections[0].place": "must be set"},
        connections=[{}],
    ),
    "unknown factor": connection(
        {"factor": f"unknown connecting factor; known: {FACTORS}"}, factor="likes"
    ),
    "misspelt factor": connection(
        {"factor": "unknown connecting factor: did you mean 'works_for'?"},
        factor="work_for",
    ),
    "group as place": connection(
        {"place": "'EU' is a group; name the place in it that is meant"}, place="EU"
    ),
    "unknown country": connection(
        {"place": "is no code of ISO 3166-1 alpha-2 or ISO 3166-2"}, place="ZZ"
    ),
    "unknown subdivision": connection(
        {"place": "is no code of ISO 3166-1 alpha-2 or ISO 3166-2"}, place="UA-99"
    ),
    "misspelt area": connection(
        {"place": "unknown body or area: did you mean 'crimea'?"}, place="crimeea"
    ),
    "lower-case place": connection({"place": PLACE}, place="u-a"),
    "unknown population": connection(
        {"populations[0]": "unknown population: did you mean 'military'?"},
        populations=["militry"],
    ),
    "too many populations": connection(
        {"populations": "has 33 entries; at most 32 are allowed"}, populations=["military"] * 33
    ),
    "population both here and absent": connection(
        {"populations_absent[0]": "is also in populations"},
        populations=["military"],
        populations_absent=["military"],
    ),
    "source of the server": connection(
        {
            "source": "is a source of the server's own; name the caller's source or leave it out",
        },
        source="geoip",
    ),
    "malformed source": connection({"source": NAME}, source="HR register"),
    "unknown trust": connection({"trust": "unknown trust class; known: low, vpn"}, trust="shady"),
    "connection that ends before it begins": connection(
        {"until": "must lie after since"},
        since="2024-01-02T00:00:00Z",
        until="2024-01-02T00:00:00Z",
    ),
    "connection of another age": connection({"since": TIME}, since="1899-12-31T23:59:59Z"),
    "unknown open factor": facts(
        {"open_factors[0]": f"unknown connecting factor; known: {FACTORS}"}, open_factors=["mood"]
    ),
    "too many open factors": facts(
        {"open_factors": "has 17 entries; at most 16 are allowed"}, open_factors=["presence"] * 17
    ),
    "unknown open set": facts(
        {"open_sets[0]": "must be one of population, label, item, purpose"}, open_sets=["device"]
    ),
    "unnamed label": facts({"labels[0].name": "must be set"}, labels=[{}]),
    "unknown label": facts(
        {"labels[0].name": "unknown label: did you mean 'watched'?"},
        labels=[{"name": "watchd"}],
    ),
    "label until the far future": facts(
        {"labels[0].until": TIME}, labels=[{"name": "watched", "until": "2200-01-01T00:00:00Z"}]
    ),
    "label both held and absent": facts(
        {"labels_absent[0]": "is also in labels"},
        labels=[{"name": "watched"}],
        labels_absent=["watched"],
    ),
    "unknown dimension": facts(
        {
            "unknown[0].dimension": "unknown dimension; known: account_created, action, age, "
            "device, item, label, nationality, network, phone_country, population, presence, "
            "product, purpose, residence, store_country, works_for"
        },
        unknown=[{"dimension": "mood", "reason": "UNKNOWN_REASON_WITHHELD"}],
    ),
    "unknown fact without reason": facts(
        {"unknown[0].reason": "must be set"}, unknown=[{"dimension": "device"}]
    ),
    "unknown fact with an unknown reason": facts(
        {
            "unknown[0].reason": "must be one of UNKNOWN_REASON_NOT_RECORDED, "
            "UNKNOWN_REASON_SOURCE_UNAVAILABLE, UNKNOWN_REASON_CONTRADICTORY, "
            "UNKNOWN_REASON_WITHHELD"
        },
        unknown=[{"dimension": "device", "reason": 9}],
    ),
    "given and unknown at once": facts(
        {"unknown[0].dimension": "'action' is given, so it can't be unknown"},
        unknown=[{"dimension": "action", "reason": "UNKNOWN_REASON_WITHHELD"}],
    ),
    "unknown twice": facts(
        {"unknown[1].dimension": "is listed twice"},
        unknown=[{"dimension": "device", "reason": "UNKNOWN_REASON_WITHHELD"}] * 2,
    ),
    "unknown indicator": facts(
        {"indicators[0]": "unknown indicator; known: managed_device"}, indicators=["antenna"]
    ),
    "address that is none": subject(
        {"ip_address": "must be one IPv4 or IPv6 address, without port, brackets or prefix"},
        ip_address="203.0.114.999",
    ),
    "long address": subject(
        {"ip_address": "has 65 characters; at most 64 are allowed"}, ip_address="1" * 65
    ),
    "national phone number": subject({"phone_number": PHONE}, phone_number="0501234567"),
    "account id with a space": subject(
        {"account_id": "must be printable ASCII characters without a space, such as user-4711"},
        account_id="a b",
    ),
    "long account id": subject(
        {"account_id": "has 129 characters; at most 128 are allowed"}, account_id="a" * 129
    ),
    "birth date in words": subject(
        {"birth_date": "must be year-month-day in digits, such as 2001-02-03"},
        birth_date="1 May 90",
    ),
    "birth on 30 February": subject(
        {"birth_date": "is no day of the calendar"}, birth_date="1990-02-30"
    ),
    "birth to come": subject(
        {"birth_date": "must lie from 1850-01-01 to today"}, birth_date="2024-10-03"
    ),
    "birth year long past": subject({"birth_year": "must be from 1850 to 2199"}, birth_year=1849),
    "birth year to come": subject(
        {"birth_year": "must not lie after the present year"}, birth_year=2025
    ),
    "age beyond life": subject({"age_at_least": "must be from 0 to 150"}, age_at_least=151),
    "account of another age": subject(
        {"account_created": TIME}, account_created="1800-01-01T00:00:00Z"
    ),
    "age given and unknown": check(
        {"facts.unknown[0].dimension": "'age' is given, so it can't be unknown"},
        subject={"birth_year": 1990},
        facts={
            "action": "call",
            "product": "telegram",
            "unknown": [{"dimension": "age", "reason": "UNKNOWN_REASON_CONTRADICTORY"}],
        },
    ),
    "malformed language": options({"language": LANGUAGE}, language="en_GB"),
    "unknown view": options({"view": "must be one of VIEW_CALLER, VIEW_USER, VIEW_LEGAL"}, view=44),
    "instant of another age": options({"as_of": TIME}, as_of="1066-10-14T09:00:00Z"),
    "knowledge of another age": options({"as_known": TIME}, as_known="2200-01-01T00:00:00Z"),
    "everything at once": check(
        {
            "subject.phone_number": PHONE,
            "facts.action": "unknown action: did you mean 'call'?",
            "facts.product": "must be given, or 'product' be listed in unknown with the reason",
            "options.language": LANGUAGE,
        },
        subject={"phone_number": "+0"},
        facts={"action": "cal"},
        options={"language": "!"},
    ),
    "too many items": Bad(
        "BatchCheckEligibility",
        {"items": [{"facts": {}}] * 501},
        {"items": "has 501 entries; at most 500 are allowed"},
    ),
    "too many items to explain": Bad(
        "BatchCheckEligibility",
        {"items": [{"facts": {}}] * 11, "options": {"explain_missing": True}},
        {"options.explain_missing": "is only for batches of at most 10 items"},
    ),
    "bad options of a batch": Bad(
        "BatchCheckEligibility",
        {"options": {"language": "e"}},
        {"options.language": LANGUAGE},
    ),
    "list of nowhere": listing({"jurisdiction": "must be set"}, jurisdiction=""),
    "list of an unknown place": listing(
        {"jurisdiction": "is no code of ISO 3166-1 alpha-2 or ISO 3166-2"}, jurisdiction="QQ"
    ),
    "list by an unknown factor": listing(
        {"factors[0]": "unknown connecting factor: did you mean 'presence'?"},
        factors=["presense"],
    ),
    "list for an unknown product": listing(
        {"product": "unknown product; known: messaging, telegram"}, product="pager"
    ),
    "large page": listing({"page_size": "must be from 1 to 200"}, page_size=201),
    "foreign page token": listing(
        {
            "page_token": "is not a token of this policy revision; start again from the first page",
        },
        page_token="cd.1",
    ),
    "malformed page token": listing(
        {"page_token": "must be printable ASCII characters without a space, such as user-4711"},
        page_token="é",
    ),
    "explained list": listing(
        {"options.explain_missing": "is only for CheckEligibility and BatchCheckEligibility"},
        options={"explain_missing": True},
    ),
    "no jurisdiction": Bad("GetJurisdiction", {}, {"code": "must be set"}),
    "malformed jurisdiction": Bad(
        "GetJurisdiction",
        {"code": "Ukraine"},
        {"code": CODE},
    ),
    "large page of jurisdictions": Bad(
        "ListJurisdictions", {"page_size": 501}, {"page_size": "must be from 1 to 500"}
    ),
    "foreign token of jurisdictions": Bad(
        "ListJurisdictions",
        {"page_token": "cd.1"},
        {"page_token": "is not a token of this policy revision; start again from the first page"},
    ),
    "no rule": Bad("GetRule", {}, {"rule_id": "must be set"}),
    "malformed rule": Bad(
        "GetRule",
        {"rule_id": "UA 1"},
        {"rule_id": RULE},
    ),
    "empty data request": Bad(
        "RouteDataRequest",
        {},
        {
            "instrument": "must be set",
            "authority": "must be set",
            "data": "must have at least one entry",
            "received_at": "must be set",
        },
    ),
    "unknown instrument": route(
        {"instrument": "unknown instrument: did you mean 'fr_court_order'?"},
        instrument="fr_cort_order",
    ),
    "nameless authority": part(
        {"kind": "must be set", "issuing_state": "must be set"}, "authority"
    ),
    "unknown authority": part(
        {
            "kind": "unknown authority; known: court, judicial, police",
            "validated_by": "unknown authority: did you mean 'court'?",
        },
        "authority",
        kind="wizard",
        issuing_state="FR",
        validated_by="cort",
    ),
    "authority of nowhere": part(
        {"issuing_state": "is no code of ISO 3166-1 alpha-2 or ISO 3166-2"},
        "authority",
        kind="court",
        issuing_state="ZZ",
    ),
    "unknown authenticity": part(
        {
            "authenticity": "must be one of AUTHENTICITY_VERIFIED, AUTHENTICITY_UNCONFIRMED, "
            "AUTHENTICITY_FORGED"
        },
        "authority",
        kind="court",
        issuing_state="FR",
        authenticity=12,
    ),
    "unknown data category": route(
        {"data[0].category": "unknown data category; known: content, login_ip, phone_number"},
        data=[{"category": "dna"}],
    ),
    "data category twice": route(
        {"data[1].category": "is asked for twice"},
        data=[{"category": "content"}, {"category": "content"}],
    ),
    "period without an instant": route(
        {"data[0].period.until": "must lie after since"},
        data=[
            {
                "category": "content",
                "period": {"since": "2024-01-02T00:00:00Z", "until": "2024-01-01T00:00:00Z"},
            }
        ],
    ),
    "received in another age": route({"received_at": TIME}, received_at="1789-07-14T00:00:00Z"),
    "signed after receipt": route(
        {"signed_at": "must not lie after received_at"}, signed_at="2024-10-01T00:00:01Z"
    ),
    "event before receipt": route(
        {"events[0].at": "must not lie before received_at"},
        events=[{"event": "withdrawal", "at": "2024-09-30T23:59:59Z"}],
    ),
    "unknown event": route(
        {"events[0].event": "unknown event; known: clarification, withdrawal"},
        events=[{"event": "party", "at": "2024-10-02T00:00:00Z"}],
    ),
    "unknown need": route(
        {"lacking[0]": "unknown need; known: reasons, translation"}, lacking=["time"]
    ),
    "unknown role": part(
        {
            "role": "must be one of PERSON_ROLE_SUSPECT, PERSON_ROLE_WITNESS, "
            "PERSON_ROLE_VICTIM, PERSON_ROLE_MISSING, PERSON_ROLE_GROUP"
        },
        "person",
        role=9,
    ),
    "residence of nowhere": part(
        {"residence": "is no code of ISO 3166-1 alpha-2 or ISO 3166-2"}, "person", residence="ZZ"
    ),
    "unknown calling": part(
        {
            "protected_callings[0]": (
                "must be one of journalist, lawyer, doctor, clergy, parliamentarian"
            )
        },
        "person",
        protected_callings=["poet"],
    ),
    "unknown population of a person": part(
        {"populations[0]": "unknown population; known: government_official, military"},
        "person",
        populations=["pirate"],
    ),
    "unknown offence": part(
        {"categories[0]": "unknown offence: did you mean 'fraud'?"},
        "offence",
        categories=["frauds"],
    ),
    "unknown offence list": part(
        {"lists[0]": "unknown offence list; known: epoc"}, "offence", lists=["santa"]
    ),
    "endless penalty": part(
        {"maximum_penalty_months": "must be from 0 to 1200"},
        "offence",
        maximum_penalty_months=1201,
    ),
    "unknown purpose of data": part(
        {
            "purposes[0]": "must be one of identify_author, identify_victim_device, "
            "find_missing_person, trace_source"
        },
        "offence",
        purposes=["curiosity"],
    ),
    "unknown danger": part(
        {"danger": "must be one of life, body, critical_infrastructure"},
        "emergency",
        danger="boredom",
    ),
    "silence of nobody": part({"ordered_by": "must be set"}, "silence_order"),
    "subject of a data request": part({"phone_number": PHONE}, "subject", phone_number="12"),
    "malformed profile": route({"profile": NAME}, profile="Best!"),
    "explained route": route(
        {"options.explain_missing": "is only for CheckEligibility and BatchCheckEligibility"},
        options={"explain_missing": True},
    ),
    "no decision": Bad("GetDecision", {}, {"decision_id": "must be set"}),
    "trace for a decision": Bad("GetDecision", {"decision_id": f"{1:032x}"}, {"decision_id": ID}),
    "decision in capitals": Bad(
        "GetDecision", {"decision_id": f"{10:032X}-{1:016x}"}, {"decision_id": ID}
    ),
    "long decision": Bad(
        "GetDecision",
        {"decision_id": f"{1:033x}-{1:016x}", "most_close": 51},
        {
            "decision_id": "has 50 characters; at most 49 are allowed",
            "most_close": "must be from 1 to 50",
        },
    ),
    "explained rule": Bad(
        "GetRule",
        {"rule_id": "x", "options": {"explain_missing": True}},
        {"options.explain_missing": "is only for CheckEligibility and BatchCheckEligibility"},
    ),
}

REQUESTS: dict[str, tuple[str, Any, Any]] = {
    method.name: (
        f"/{service.full_name}/{method.name}",
        method.input_type._concrete_class,
        method.output_type._concrete_class,
    )
    for module in (
        eligibility_service_pb2,
        policy_service_pb2,
        data_request_service_pb2,
        decision_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    """A connection to a server that answers from a few rules."""
    world = SmallWorld()
    with world.serving() as channel:
        yield channel
    assert world.defects == []
    assert world.recorded() == {}


def refusal_of(channel: grpc.Channel, bad: Bad) -> grpc.RpcError:
    """Return the error that a bad request gets."""
    path, request, reply = REQUESTS[bad.rpc]
    call = channel.unary_unary(path, request.SerializeToString, reply.FromString)
    with pytest.raises(grpc.RpcError) as caught:
        call(json_format.ParseDict(bad.request, request()), timeout=10)
    return caught.value


@pytest.mark.parametrize("bad", CASES.values(), ids=CASES.keys())
def test_a_bad_request_is_refused(channel: grpc.Channel, bad: Bad) -> None:
    """INVALID_ARGUMENT with every field path and its message, and exactly one ErrorInfo."""
    error = refusal_of(channel, bad)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = rpc_status.from_call(error)
    assert status is not None
    found, info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
    assert len(status.details) == 2
    assert status.details[0].Unpack(found)
    assert status.details[1].Unpack(info)
    assert {v.field: v.description for v in found.field_violations} == bad.violations
    assert len(found.field_violations) == len(bad.violations)
    assert (info.domain, info.reason) == ("comity", "INVALID_REQUEST")
    assert info.metadata["violations"] == str(len(bad.violations))
    first = found.field_violations[0]
    assert error.details().startswith(f"{first.field}: {first.description}")
