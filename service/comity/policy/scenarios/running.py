"""Running scenarios: each question asked of the compiled policies, each answer compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from comity.policy.bundle import Bundle
from comity.policy.documents.expected import Answer, RouteExpectation
from comity.policy.documents.facts_given import FactsGiven
from comity.policy.documents.loading import Documents, Read
from comity.policy.documents.request_given import RequestGiven
from comity.policy.documents.scenarios import (
    CaseScenario,
    FactsScenario,
    RequestScenario,
    ScenarioFile,
    ScenarioValue,
)
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve
from comity.policy.routing.router import route_request
from comity.policy.scenarios.askings import Asking, askings
from comity.policy.scenarios.coverage import SUFFIX, cover
from comity.policy.scenarios.encounters import Case, account_for
from comity.policy.scenarios.expectations import Asked, compare, expectation_of
from comity.policy.scenarios.names import Names
from comity.policy.scenarios.questions import build_question, question_faults, take_over
from comity.policy.scenarios.reports import ScenarioReport
from comity.policy.scenarios.requests import build_request, request_faults
from comity.policy.scenarios.requirements import find_lacks
from comity.policy.scenarios.results import EmptyFile, ScenarioResult
from comity.policy.scenarios.routes import AskedRoute, account_for_route, compare_route

NO_INSTANT = "'at' is missing, the instant that is asked"
NO_RECEIPT = "'received' is missing, the instant of receipt"


def run_scenarios(bundle: Bundle, documents: Documents) -> ScenarioReport:
    """Ask every question of `documents` of `bundle`, their compiled form, and compare."""
    runner = _Runner(bundle)
    results = tuple(
        result
        for read in documents.scenarios
        for index, scenario in enumerate(read.document.scenarios)
        for result in runner.run(read, index, scenario)
    )
    cases = ((asked.file, asked.case) for asked in runner.asked)
    coverage = cover(cases, (*bundle.eligibility.rules, *bundle.content.rules))
    lacks = tuple(find_lacks(coverage))
    asked, routed = tuple(runner.asked), tuple(runner.routed)
    return ScenarioReport(results, _empty_files(documents), lacks, coverage, asked, routed)


def _empty_files(documents: Documents) -> tuple[EmptyFile, ...]:
    """Return the policy files, and the scenario files, that hold no scenario."""
    policies = [read.file for read in documents.jurisdictions]
    platform = documents.platform
    if platform is not None and (platform.document.profiles or any(platform.document.rules())):
        policies.append(platform.file)
    tested = {PurePosixPath(read.file).stem.removesuffix(SUFFIX) for read in documents.scenarios}
    untested = {file for file in policies if PurePosixPath(file).stem not in tested}
    hollow = {read.file for read in documents.scenarios if not read.document.scenarios}
    return tuple(EmptyFile(file) for file in sorted(untested | hollow))


class _Runner:
    """Runs scenarios against one bundle, and keeps what they asked."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._names = Names(bundle.eligibility.lexicon, bundle.eligibility.atlas)
        self._rulesets = {"eligibility": bundle.eligibility, "content": bundle.content}
        self._engines = {kind: Engine(ruleset) for kind, ruleset in self._rulesets.items()}
        self.asked: list[Asked] = []
        self.routed: list[AskedRoute] = []

    def run(
        self, read: Read[ScenarioFile], index: int, scenario: ScenarioValue
    ) -> Iterator[ScenarioResult]:
        """Yield what comes of a scenario at each of its instants."""
        shared = read.document.given
        match scenario:
            case FactsScenario(question=kind, given=own):
                facts = take_over(shared, own)
                for answer in askings(read, index, facts.at, scenario.expect, scenario.timeline):
                    yield self._ask(answer, kind, facts)
            case RequestScenario(given=own):
                request = take_over(shared, own)
                received = request.received
                for route in askings(read, index, received, scenario.expect, scenario.timeline):
                    yield self._route(route, request)
            case CaseScenario(question=kind, given=own):
                received = take_over(shared, own).received
                for case in askings(read, index, received, scenario.expect, scenario.timeline):
                    yield case.skip(f"Questions of the kind `{kind}` are not answered yet.")

    def _ask(self, asking: Asking[Answer], kind: str, given: FactsGiven) -> ScenarioResult:
        """Ask a question on eligibility or content."""
        faults = tuple(question_faults(given, kind, self._names))
        if asking.at is None or faults:
            return asking.fail(*faults, *([NO_INSTANT] if asking.at is None else ()))
        ruleset = self._rulesets[kind]
        question = build_question(given, asking.at)
        case = Case(ruleset, resolve(question, ruleset.lexicon, ruleset.atlas), asking.at)
        expected = expectation_of(asking.expected)
        self.asked.append(Asked(asking.file, case, expected))
        decision = self._engines[kind].evaluate(case.facts, asking.at)
        differences = tuple(compare(expected, decision, ruleset.by_id))
        if not differences:
            return asking.end(())
        return asking.end(differences, account_for(case, decision.reasons, expected.rule_ids))

    def _route(self, asking: Asking[RouteExpectation], given: RequestGiven) -> ScenarioResult:
        """Route a request for data, once all that the scenario tells has happened."""
        law = self._bundle.requests
        faults = tuple(request_faults(given, self._names, law.platform.profiles))
        if asking.at is None or faults:
            return asking.fail(*faults, *([NO_RECEIPT] if asking.at is None else ()))
        request = build_request(given, asking.at)
        now = max((asking.at, *(event.at for event in request.events)))
        route = route_request(request, law, now)
        expected = asking.expected
        self.routed.append(AskedRoute(asking.file, request, now, expected, route.rule_ids))
        differences = tuple(compare_route(expected, route))
        if not differences:
            return asking.end(())
        return asking.end(differences, account_for_route(route, law.texts))
