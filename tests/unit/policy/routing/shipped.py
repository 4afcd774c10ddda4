"""The shipped law of data requests, with or without further files, and requests to put to it."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from comity.domain.data_request import (
    DataPerson,
    DataRequest,
    Emergency,
    IssuingAuthority,
    Offence,
    PersonRole,
    RequestedData,
    RequestEvent,
)
from comity.domain.data_route import CategoryAnswer, Route, Verdict
from comity.policy.bundle import Bundle
from comity.policy.compiling.compilation import compile_policies
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.router import route_request

POLICIES = Path(__file__).parents[4] / "policies"
SHARED = ("vocabulary.yaml", "groups.yaml", "desks.yaml", "conflicts.yaml", "platform.yaml")
STATES = ("fr", "ua", "be", "de", "eu")
SECTIONS = ("data_requests", "checks", "clocks")
TODAY = date(2026, 11, 24)
SCENARIOS = b"scenarios:\n  - {name: none, given: {at: 2024-01-01T00:00:00Z}, expect: allow}\n"
MANDATORY = dedent("""\
    title: An instrument
    authority: An authority
    source: {title: A source}
    recorded_at: 2020-01-01
    in_force: [{}]
    """)
SUSPECT = DataPerson(PersonRole.SUSPECT)
FRAUD = Offence(categories=frozenset({"fraud"}), maximum_penalty_months=60)
DANGER = Emergency("life", substantiated=True, call_back_confirmed=True)


@cache
def shipped_bundle(*more: tuple[str, ...]) -> Bundle:
    """Return the shipped files and `more`, compiled.

    Each is a code, a time zone, and in YAML the `SECTIONS` of its file, empty if it has none.
    """
    paths = [POLICIES / name for name in SHARED]
    paths += sorted((POLICIES / "lists").glob("*.yaml"))
    for state in STATES:
        paths += [POLICIES / f"jurisdictions/{state}.yaml", POLICIES / f"tests/{state}_test.yaml"]
    files = {str(path.relative_to(POLICIES)): path.read_bytes() for path in paths}
    for code, zone, *sections in more:
        text = f"jurisdiction: {code}\ntimezone: {zone}\n"
        for name, written in zip(SECTIONS, sections, strict=False):
            text += f"{name}:\n{indent(written, '  ')}" if written else ""
        files[f"jurisdictions/{code.lower()}.yaml"] = text.encode()
        files[f"tests/{code.lower()}_test.yaml"] = SCENARIOS
    compilation = compile_policies(files, TODAY)
    assert compilation.bundle is not None, [str(problem) for problem in compilation.problems]
    return compilation.bundle


def shipped_law(*more: tuple[str, ...]) -> RequestLaw:
    """Return the law of the shipped files and of `more`, as `shipped_bundle` takes them."""
    return shipped_bundle(*more).requests


def instrument(name: str, terms: str, *, rule_id: str = "") -> str:
    """Return a rule on an instrument, in YAML, with `terms` and all that a rule must have."""
    keys = f"instrument: {name}\n" + dedent(terms) + MANDATORY
    rule_id = rule_id or f"a-{name.replace('_', '-')}"
    return f"- id: {rule_id}\n" + indent(keys, "  ")


def at(text: str) -> datetime:
    """Return an instant."""
    return datetime.fromisoformat(text)


def asked(name: str, since: str = "", until: str = "") -> RequestedData:
    """Return a category asked for, perhaps of a period."""
    return RequestedData(name, at(since) if since else None, at(until) if until else None)


def request(
    instrument: str,
    authority: str,
    state: str,
    received: str,
    *data: str | RequestedData,
    validated_by: str = "",
    events: tuple[tuple[str, str], ...] = (),
    signed: str = "",
    **more: Any,
) -> DataRequest:
    """Return a request about a suspect of fraud; by default for phone number and IP address."""
    return DataRequest(
        instrument=instrument,
        authority=IssuingAuthority(authority, state, validated_by),
        data=tuple(
            asked(one) if isinstance(one, str) else one
            for one in data or ("phone_number", "login_ip")
        ),
        received_at=at(received),
        signed_at=at(signed) if signed else None,
        events=tuple(RequestEvent(event, at(when)) for event, when in events),
        **{"account_given": True, "person": SUSPECT, "offence": FRAUD, **more},
    )


def route(asked_for: DataRequest, law: RequestLaw | None = None, now: str = "") -> Route:
    """Return the route of a request once its events have happened, or at `now`."""
    moments = [asked_for.received_at, *(event.at for event in asked_for.events)]
    return route_request(asked_for, law or shipped_law(), at(now) if now else max(moments))


def told(found: Route) -> dict[str, str]:
    """Return category -> the first letters of its verdict, its codes, and + if escalated."""
    return {answer.category: _word(answer) for answer in found.answers}


_LETTERS = {
    Verdict.DISCLOSABLE: "D",
    Verdict.REFUSED: "R",
    Verdict.NEEDS_INFORMATION: "N",
    Verdict.PRESERVE_ONLY: "P",
    Verdict.NOT_HELD: "NH",
}


def _word(answer: CategoryAnswer) -> str:
    """Return an answer in short."""
    codes = [ground.code for ground in answer.grounds]
    short = " ".join([_LETTERS[answer.verdict], *codes])
    return short + (" +" if answer.escalations else "")
