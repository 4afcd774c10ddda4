"""The requests that findings show: each is put by the flags told, and answered as is told."""

from __future__ import annotations

import shlex
from collections import defaultdict
from datetime import date
from typing import Any

import pytest
from comity.cli.request_flags import request_flags
from comity.cli.route import request_of
from comity.domain.data_request import DataRequest
from comity.domain.data_route import DueKind, Route, Verdict
from comity.grpc_api.data_request_questions import data_request_of
from comity.policy.bundle import Bundle
from comity.policy.compiling.compilation import compile_policies
from comity.policy.findings.codes import Finding, RequestWitness
from comity.policy.findings.request_candidates import Candidates
from comity.policy.findings.request_subjects import request_section
from comity.policy.findings.survey import survey
from comity.policy.routing.router import route_request
from unit.policy.findings.finding_cases import TODAY, Case, load_cases
from unit.policy.findings.test_shipped_findings import shipped

MANY = {"lacking", "data", "offence", "set"}


def parsed(flags: str) -> DataRequest:
    """Return the request that flags of `comity route` make."""
    given: defaultdict[str, Any] = defaultdict(lambda: None)
    given["set"] = []
    words = iter(shlex.split(flags))
    for flag in words:
        name, value = flag.removeprefix("--").replace("-", "_"), next(words)
        if name in MANY:
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    return data_request_of(request_of(given))


def shown(case: Case) -> list[tuple[Finding, RequestWitness, Bundle]]:
    """Return what is found with a request that shows it."""
    bundle = compile_policies(case.build(), TODAY).bundle
    assert bundle is not None
    return [
        (finding, finding.witness, bundle)
        for finding in case.survey().findings
        if isinstance(finding.witness, RequestWitness)
    ]


CASES = [case for case in load_cases() if any("comity route" in line for line in case.expect)]


def route_of(witness: RequestWitness, bundle: Bundle) -> Route:
    """Return how the request of a witness is answered."""
    return route_request(witness.request, bundle.requests, witness.request.received_at)


def is_shown(finding: Finding, found: Route) -> bool:
    """Return whether a route shows what a finding says."""
    match finding.code:
        case "CF201" | "CF202":
            return all(answer.verdict is not Verdict.DISCLOSABLE for answer in found.answers)
        case "CF205":
            return found.due.kind is DueKind.INSTANT and found.desk.name in finding.message
        case "CF206":
            return found.due.kind is DueKind.NONE
        case _:
            return any(c.forbid_rule_id == finding.rule_id for c in found.conflicts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_shows_what_is_told(case: Case) -> None:
    """It is routed by the law in which the finding stands, and nothing else is shown."""
    told = shown(case)
    assert told
    for finding, witness, bundle in told:
        assert is_shown(finding, route_of(witness, bundle)), str(finding)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_flags_told_make_the_request(case: Case) -> None:
    for _, witness, _ in shown(case):
        assert parsed(" ".join(request_flags(witness.request))) == witness.request


def test_every_clash_of_the_shipped_files_is_shown_by_a_request() -> None:
    """Each of them: both rules are cited, and the flags make the request."""
    compilation = shipped()
    bundle = compilation.bundle
    assert bundle is not None
    found = survey(bundle, compilation.documents, date(2026, 11, 24)).findings
    clashes = [f for f in found if f.code == "CF211"]
    assert {f.rule_id for f in clashes} == {"eu-gdpr-48"}
    assert len(clashes) >= 8
    for finding in clashes:
        assert isinstance(finding.witness, RequestWitness)
        assert is_shown(finding, route_of(finding.witness, bundle))
        request = finding.witness.request
        assert parsed(" ".join(request_flags(request))) == request


def test_every_candidate_of_the_shipped_files_can_be_put_by_flags() -> None:
    """Whatever an instrument asks of offence, situation, period and issuer."""
    compilation = shipped()
    assert compilation.bundle is not None
    law = compilation.bundle.requests
    section = request_section(law, compilation.documents, date(2026, 11, 24))
    assert section is not None
    candidates = [asked for rule in section.rules for asked in Candidates(rule, section)]
    assert len(candidates) > 50
    for asked in candidates:
        assert parsed(" ".join(request_flags(asked))) == asked
