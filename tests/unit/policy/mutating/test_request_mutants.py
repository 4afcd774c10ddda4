"""The law of data requests changed in small ways, and the scenarios that notice it."""

from __future__ import annotations

from functools import cache

from comity.policy.bundle import Bundle
from comity.policy.compiling.compilation import Compilation, compile_policies
from comity.policy.documents.base import Document
from comity.policy.mutating import mutate_rules
from comity.policy.mutating.request_mutants import RequestMutant, request_mutants_of
from comity.policy.mutating.request_trials import is_noticed
from comity.policy.mutating.variants import variants_of
from comity.policy.routing.router import route_request
from comity.policy.scenarios.routes import AskedRoute, compare_route
from comity.policy.scenarios.running import run_scenarios
from unit.policy.routing.shipped import TODAY, instrument, request, shipped_bundle

RULE = instrument(
    "us_warrant",
    """\
    system: US
    issuing_states: {in: [US, CA], not: CA}
    reach:
      - classes: [subscriber, records]
        issued_by: [judge, court]
        offence: {category: [fraud, tax]}
    needs: [reasons, period]
    due: {within: 10 days, starts: order_date, clock: own}
    emergency: {when: threat_to_life, due: none, voluntary: true}
    preserve: {for: 90 days, extends: {on: extension, for: 1 day}}
    objections: {grounds: conflict_of_laws, within: 1 day, suspends: true}
    steps: two_person_approval
    """,
    rule_id="us-one",
).replace("in_force: [{}]", "in_force: [{from: 2020-01-01}]")
CHECK = """\
- id: us-check
  title: A check
  when: {offence: [tax, fraud]}
  code: RED_FLAG
  outcome: escalate
  tell: [issuer]
  authority: An authority
  source: {title: A source}
  recorded_at: 2020-01-01
  in_force: [{}]
"""
CLOCK = "own: {first_day: same, on_question: pause, issuer_answers_within: 5 days}\n"


@cache
def compilation_of(scenarios: str = "") -> Compilation:
    """Return the shipped files, and a US file with these rules and `scenarios`, compiled."""
    files = dict(shipped_bundle(("US", "America/New_York", RULE, CHECK, CLOCK)).files)
    if scenarios:
        files["tests/us_test.yaml"] = scenarios.encode()
    return compile_policies(files, TODAY)


def bundle_of(compilation: Compilation) -> Bundle:
    """Return the bundle; there must be one."""
    assert compilation.bundle is not None, [str(problem) for problem in compilation.problems]
    return compilation.bundle


def mutants(*, file: str = "jurisdictions/us.yaml") -> list[RequestMutant]:
    """Return the mutants of one file."""
    compilation = compilation_of()
    law = bundle_of(compilation).requests
    return [m for m in request_mutants_of(law, compilation.documents) if m.file == file]


def test_a_rule_a_check_and_a_clock_are_changed_in_each_of_their_parts() -> None:
    """Everything that an answer can depend on; nothing that only tells of the rule."""
    changes = [f"{m.rule_id}: {m.change}" for m in mutants()]
    rule = [
        "left out",
        "2020-01-01T00:00:00-05:00 moved a day earlier",
        "2020-01-01T00:00:00-05:00 moved a day later",
        "`issuing_states.in[0]` US removed",
        "`issuing_states.in[1]` CA removed",
        "`issuing_states.not` left out",
        "`issuing_states` left out",
        "`reach[0].classes[0]` subscriber removed",
        "`reach[0].classes[1]` records removed",
        "`reach[0].issued_by[0]` judge removed",
        "`reach[0].issued_by[1]` court removed",
        "`reach[0].offence.category[0]` fraud removed",
        "`reach[0].offence.category[1]` tax removed",
        "`reach[0].offence.category` left out",
        "`reach[0].offence` left out",
        "`needs[0]` reasons removed",
        "`needs[1]` period removed",
        "`needs` left out",
        "`due.within` 10 days is 9 days",
        "`due.within` 10 days is 11 days",
        "`due.starts` left out",
        "`due.clock` left out",
        "`emergency.voluntary` is false",
        "`emergency` left out",
        "`preserve.for` 90 days is 89 days",
        "`preserve.for` 90 days is 91 days",
        "`preserve.extends[0].for` 1 day is 2 days",
        "`preserve.extends` left out",
        "`preserve` left out",
        "`objections[0].within` 1 day is 2 days",
        "`objections` left out",
        "`steps` left out",
    ]
    check = [
        "left out",
        "`when.offence[0]` tax removed",
        "`when.offence[1]` fraud removed",
        "`when.offence` left out",
        "`tell` left out",
    ]
    clock = [
        "`own.first_day` is the other one",
        "`own.issuer_answers_within` left out",
        "`own.issuer_answers_within` is 4 days",
        "`own.issuer_answers_within` is 6 days",
        "`own.on_question` left out",
    ]
    assert changes == [
        *(f"clocks: {change}" for change in clock),
        *(f"us-one: {change}" for change in rule),
        *(f"us-check: {change}" for change in check),
    ]


def test_a_mutant_tells_its_place() -> None:
    lines = {m.change: m.line for m in mutants()}
    text = shipped_bundle(("US", "America/New_York", RULE, CHECK, CLOCK)).files[
        "jurisdictions/us.yaml"
    ]
    written = text.decode().splitlines()
    assert "issuing_states" in written[lines["`issuing_states.not` left out"] - 1]
    assert "within: 10 days" in written[lines["`due.within` 10 days is 9 days"] - 1]
    assert str(mutants()[0]).startswith("jurisdictions/us.yaml:")


def test_the_platform_is_changed_in_its_profiles_defaults_emergency_and_data() -> None:
    changes = {f"{m.rule_id}: {m.change}" for m in mutants(file="platform.yaml")}
    assert {
        "plat-civil: left out",
        "platform: `profiles.tg2024.ceiling[0]` phone_number removed",
        "platform: `profiles.tg2024.tests.suspect` left out",
        "platform: `profiles.tg2024.steps[1]` legal_analysis removed",
        "platform: `defaults.due.within` 30 days is 29 days",
        "platform: `emergency.data[1]` login_ip removed",
        "platform: login_ip is kept for 13 months",
        "platform: secret_chats is kept: account_life",
        "platform: content is kept: never",
        "platform: 2024-09-23T00:00:00+00:00 moved a day later",
    } <= changes


def test_no_mutant_is_the_law_as_it_is() -> None:
    """Each differs, and each can still answer."""
    law = bundle_of(compilation_of()).requests
    asked = request("us_warrant", "judge", "US", "2026-06-01T09:00:00Z", "devices", "content")
    for mutant in (*mutants(), *mutants(file="platform.yaml")):
        assert mutant.law != law, str(mutant)
        assert route_request(asked, mutant.law, asked.received_at).desk.name in law.desks


def test_a_ruling_is_left_out_turned_round_and_moved() -> None:
    files = dict(shipped_bundle().files)
    files["conflicts.yaml"] = b"""conflicts:
  - between: [ua-cpc-164, eu-gdpr-48]
    prefer: ua-cpc-164
    by: General counsel
    weighed: A treaty.
    expires: 2027-01-01T00:00:00Z
"""
    compilation = compile_policies(files, TODAY)
    law = bundle_of(compilation).requests
    changes = [
        (m.line, m.change)
        for m in request_mutants_of(law, compilation.documents)
        if m.file == "conflicts.yaml"
    ]
    assert changes == [
        (2, "the ruling left out"),
        (3, "the ruling prefers the other one"),
        (6, "the ruling expires a day earlier"),
        (6, "the ruling expires a day later"),
    ]


def test_only_what_leaves_a_mapping_well_formed_is_left_out() -> None:
    """A term of preservation without an end would be none."""
    compilation = compilation_of()
    [read] = [r for r in compilation.documents.jurisdictions if r.document.jurisdiction == "US"]
    [rule] = read.document.data_requests
    assert isinstance(rule.preserve, Document)
    changes = {str(variant) for variant in variants_of(rule.preserve)}
    assert "`for` 90 days is 91 days" in changes
    assert "`for` left out" not in changes


SCENARIOS = """\
scenarios:
  - name: a judge
    question: data_request
    given:
      instrument: us_warrant
      authority: judge
      issuing_state: US
      received: 2026-06-01T09:00:00-04:00
      asked: phone_number
      offence: drug_trafficking
      person: suspect
    expect: EXPECT
"""


def unnoticed(expect: str) -> set[str]:
    """Return the changes of the US rule that a scenario with `expect` does not notice."""
    compilation = compilation_of(SCENARIOS.replace("EXPECT", expect))
    bundle = bundle_of(compilation)
    report = run_scenarios(bundle, compilation.documents)
    assert not [str(r) for r in report.results if r.differences and "us_test" in r.file]
    routed = [asked for asked in report.routed if "us_test" in asked.file]
    assert len(routed) == 1
    tried = mutate_rules(bundle, compilation.documents, (), routed)
    assert tried.mutants > len(tried.survivors)
    return {m.change for m in tried.survivors if m.rule_id == "us-one"}


def test_what_a_scenario_shows_is_noticed_and_nothing_else() -> None:
    """It shows that the offence opens nothing; or by when that is answered, besides."""
    refused = "{phone_number: {refused: OUT_OF_REACH}}"
    short = unnoticed(f"{{categories: {refused}}}")
    assert "`reach[0].offence` left out" not in short
    assert "`needs` left out" in short
    longer = unnoticed(f"{{categories: {refused}, due: 2026-06-11T00:00:00-04:00}}")
    assert short - longer == {
        "`issuing_states.in[0]` US removed",
        "`due.within` 10 days is 9 days",
        "`due.within` 10 days is 11 days",
        "`due.clock` left out",
    }


def test_a_change_is_noticed_by_whichever_request_differs() -> None:
    """Trying only the requests of its instrument, those of its own file first, leaves none out."""
    bundle = shipped_bundle()
    documents = compile_policies(bundle.files, TODAY).documents
    routed = run_scenarios(bundle, documents).routed

    def fails(asked: AskedRoute, mutant: RequestMutant) -> bool:
        route = route_request(asked.request, mutant.law, asked.now)
        return any(compare_route(asked.expected, route))

    listed = [*request_mutants_of(bundle.requests, documents)]
    for mutant in listed[::9]:
        assert is_noticed(mutant, routed) is any(fails(asked, mutant) for asked in routed)
    assert len(listed) > 300
