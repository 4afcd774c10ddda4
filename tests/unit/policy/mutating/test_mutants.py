"""Rules changed in small ways, and the scenarios that notice it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from comity.domain.effect import ALLOWED
from comity.policy.engine import Engine
from comity.policy.mutating import mutate_rules
from comity.policy.mutating.mutants import Mutant
from comity.policy.mutating.norms import mutants_of
from comity.policy.mutating.times import move_boundary, same_between
from comity.policy.scenarios.expectations import compare
from comity.policy.scenarios.running import run_scenarios
from comity.policy.timeline import Timeline
from unit.policy.scenarios.small_policies import DEVICES, SHOWN, compiled, policy_files

MORE = """\
  - name: a baker
    given: {at: 2024-10-01T12:00:00+03:00, works_for: UA:baker}
    expect: allow
  - name: a Polish soldier who lives in Ukraine
    given: {at: 2024-10-01T12:00:00+03:00, works_for: PL:military, residence: UA:military}
    expect: allow
  - name: a Polish soldier
    given: {at: 2024-10-01T12:00:00+03:00, works_for: PL:military}
    expect: allow
  - name: an own device
    given: {at: 2024-10-01T12:00:00+03:00, device: personal}
    expect: allow
  - name: another messenger
    given: {at: 2024-10-01T12:00:00+03:00, product: signal}
    expect: allow
  - name: what the holder does is withheld
    given: {at: 2024-10-01T12:00:00+03:00, works_for: UA, unknown: {population: withheld}}
    expect:
      effect: verify
      because: []
      state: INDETERMINATE
      obligations: [{verify: employer}]
      missing: ["population:military@works_for:UA"]
      possible: [ua-devices]
  - name: the device is not known
    given: {at: 2024-10-01T12:00:00+03:00, device: null}
    expect:
      {effect: allow, because: [], state: INDETERMINATE, missing: [device], possible: [ua-devices]}
"""
WIDE = """\
- id: ua-wide
  title: Everything at once
  effect: {verify: guardian}
  applies_to:
    - connected_by: [presence, residence]
      product: telegram
      action: [call, message_send]
      age: {from: 10, below: 16}
      account_created: {before: 2024-01-01}
    - connected_by: any
      jurisdiction: any
      trust: low
      product: all
      not: {device: [official, personal]}
  except_person: {connected_by: nationality, jurisdiction: PL}
  when_unknown: {verify: guardian}
  in_force: [{from: 2024-01-01, until: 2024-02-01}]
  schedule: {days: [mon, tue], windows: ["22:00-02:00"], dates: 2024-01-01/2024-01-31}
- id: ua-general
  title: Calls are denied
  effect: deny
  applies_to: {connected_by: presence, product: all, action: call}
  in_force: [{from: 2024-01-01}]
- id: ua-special
  title: Soldiers may call
  permit: true
  derogates: [ua-general]
  applies_to: {connected_by: presence, population: military, product: all, action: call}
  in_force: [{from: 2024-01-01}]
"""


def changes_of(restrictions: str, *, content: str = "") -> list[str]:
    """Return all changes of rules, in words, without their places."""
    compilation = compiled(policy_files(restrictions, SHOWN, content=content))
    assert compilation.bundle is not None
    mutants = mutants_of(compilation.bundle, compilation.documents)
    return [f"{mutant.rule_id}: {mutant.change}" for mutant in mutants]


def unnoticed(scenarios: str) -> list[str]:
    """Return the changes of the rule on devices that `scenarios` do not notice."""
    compilation = compiled(policy_files(DEVICES, scenarios))
    assert compilation.bundle is not None
    report = run_scenarios(compilation.bundle, compilation.documents)
    assert not [str(result) for result in report.results if result.differences]
    tried = mutate_rules(compilation.bundle, compilation.documents, report.asked)
    return [str(mutant) for mutant in tried.survivors]


def test_a_rule_is_changed_in_each_of_its_parts_and_places() -> None:
    compilation = compiled(policy_files())
    assert compilation.bundle is not None
    mutants = mutants_of(compilation.bundle, compilation.documents)
    assert [str(mutant).removeprefix("jurisdictions/ua.yaml:") for mutant in mutants] == [
        "10: ua-devices: 2024-09-20T00:00:00+03:00 moved a day earlier.",
        "10: ua-devices: 2024-09-20T00:00:00+03:00 moved a day later.",
        "7: ua-devices: `applies_to`: `connected_by` left out.",
        "7: ua-devices: `applies_to`: `jurisdiction` left out.",
        "7: ua-devices: `applies_to`: `population` left out.",
        "7: ua-devices: `applies_to`: `product` left out.",
        "7: ua-devices: `applies_to`: `device` left out.",
        "8: ua-devices: `except`: clause 1 left out.",
        "9: ua-devices: population unknown counts as if not matched.",
        "9: ua-devices: other unknown counts as if matched.",
    ]


def test_every_kind_of_change_is_made() -> None:
    changes = set(changes_of(WIDE))
    assert {
        "ua-wide: `applies_to`: clause 1 left out.",
        "ua-wide: `applies_to`: residence removed from `connected_by`.",
        "ua-wide: `applies_to`: call removed from `action`.",
        "ua-wide: `applies_to`: ua-wide: age from 10 moved a year down.",
        "ua-wide: `applies_to`: ua-wide: age below 16 moved a year up.",
        "ua-wide: `applies_to`: account created before 2023-12-31T22:00:00+00:00 moved a day up.",
        "ua-wide: `applies_to`: `trust` left out.",
        "ua-wide: `applies_to`: official removed from `not device`.",
        "ua-wide: `except_person`: clause 1 left out.",
        "ua-wide: who has passed the verification is not spared.",
        "ua-wide: the window 22:00-02:00 starts a minute earlier.",
        "ua-wide: the window 22:00-02:00 ends a minute later.",
        "ua-wide: `mon` left out.",
        "ua-special: ua-general is not derogated.",
    } <= changes


def test_a_boundary_that_a_schedule_hides_is_not_moved() -> None:
    """The last window is that of Tuesday the 30th: of the ends only that which cuts it counts."""
    changes = [c for c in changes_of(WIDE) if c.startswith("ua-wide: 2024-0")]
    assert changes == [
        "ua-wide: 2024-01-01T00:00:00+02:00 moved a day later.",
        "ua-wide: 2024-02-01T00:00:00+02:00 moved a day earlier.",
        "ua-wide: 2024-01-01, a first day, moved a day later.",
    ]


def test_a_rule_that_is_never_in_force_is_not_changed() -> None:
    assert changes_of(DEVICES.replace("[{from: 2024-09-20}]", "[]")) == []


def test_what_no_scenario_notices_is_listed_with_its_place() -> None:
    assert unnoticed(SHOWN) == [
        "jurisdictions/ua.yaml:7: ua-devices: `applies_to`: `connected_by` left out.",
        "jurisdictions/ua.yaml:7: ua-devices: `applies_to`: `jurisdiction` left out.",
        "jurisdictions/ua.yaml:7: ua-devices: `applies_to`: `population` left out.",
        "jurisdictions/ua.yaml:7: ua-devices: `applies_to`: `product` left out.",
        "jurisdictions/ua.yaml:7: ua-devices: `applies_to`: `device` left out.",
        "jurisdictions/ua.yaml:9: ua-devices: population unknown counts as if not matched.",
        "jurisdictions/ua.yaml:9: ua-devices: other unknown counts as if matched.",
    ]


def test_scenarios_that_show_every_part_notice_every_change() -> None:
    assert unnoticed(SHOWN + MORE) == []


@pytest.mark.parametrize("scenarios", [SHOWN, SHOWN + MORE])
def test_the_engine_says_the_same_of_every_change(scenarios: str) -> None:
    """Leaving aside questions and rules that can't matter leaves nothing out."""
    compilation = compiled(policy_files(DEVICES, scenarios))
    bundle = compilation.bundle
    assert bundle is not None
    asked = run_scenarios(bundle, compilation.documents).asked

    def noticed_by_engine(mutant: Mutant) -> bool:
        changed = {rule.id: rule for rule in mutant.rules}
        rules = tuple(changed.get(rule.id, rule) for rule in bundle.eligibility.rules)
        ruleset = replace(bundle.eligibility, rules=rules)
        engine = Engine(ruleset)
        answers = ((a, engine.evaluate(a.case.facts, a.case.now)) for a in asked)
        return any([*compare(a.expected, d, ruleset.by_id)] for a, d in answers)

    def alive() -> Iterator[str]:
        for mutant in mutants_of(bundle, compilation.documents):
            if not noticed_by_engine(mutant):
                yield str(mutant)

    assert list(alive()) == unnoticed(scenarios)


def test_a_boundary_moved_past_another_swallows_what_lies_between() -> None:
    first = datetime(2024, 1, 1, tzinfo=UTC)
    day = timedelta(days=1)
    timeline = Timeline((first, first + day / 2), (None, ALLOWED, None))
    later = move_boundary(timeline, first, day)
    assert (later.instants, later.states) == ((first + day,), (None, None))
    earlier = move_boundary(timeline, first, -day)
    assert earlier.instants == (first - day, first + day / 2)
    assert not same_between(timeline, earlier, first - day, first)
    assert same_between(timeline, earlier, first, first + 2 * day)
