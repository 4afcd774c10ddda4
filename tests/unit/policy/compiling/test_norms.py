"""What compiled rules meet and ask."""

from __future__ import annotations

from comity.domain.effect import Outcome, Quota, Restrict, Verify
from comity.policy.rules import Clause, Modality, Rule, Undecided
from unit.policy.compiling.one_file import (
    at,
    bundle_of,
    compile_file,
    problems_of,
    rule_text,
    rules_of,
)

ALWAYS = "in_force: [{}]\n"
TO_TELEGRAM = "applies_to: {connected_by: presence, product: telegram}\n"
AGES = (
    "applies_to:\n"
    "  {connected_by: residence, jurisdiction: EEA, product: all, age: {below: per_member}}\n"
)


def the_rule(keys: str) -> Rule:
    """Return the only rule."""
    return rules_of(compile_file(rule_text(keys)))["a-rule"]


def test_a_body_without_place_is_on_the_files_jurisdiction() -> None:
    [clause] = the_rule("effect: deny\n" + TO_TELEGRAM + ALWAYS).body
    assert clause.factors == {"presence"}
    assert clause.places == {"UA"}


def test_any_names_no_connection() -> None:
    keys = "effect: deny\napplies_to: {connected_by: any, jurisdiction: any, product: all}\n"
    [clause] = the_rule(keys + ALWAYS).body
    assert not clause.names_connection
    assert clause.products is None


def test_a_denial_without_action_spares_what_may_never_be_denied() -> None:
    [clause] = the_rule("effect: deny\n" + TO_TELEGRAM + ALWAYS).body
    assert clause.actions is not None
    assert "message_send" in clause.actions
    assert not clause.actions & {"account_delete", "data_export", "appeal", "emergency_alert"}


def test_a_restriction_without_action_meets_the_actions_of_its_feature() -> None:
    [clause] = the_rule("effect: {restrict: calls}\n" + TO_TELEGRAM + ALWAYS).body
    assert clause.actions == {"call"}


def test_a_quota_is_counted_in_seconds() -> None:
    effect = "effect: {restrict: daily_use, at_most: 1 hour, per: day, adjustable_by: guardian}\n"
    rule = the_rule(effect + TO_TELEGRAM + ALWAYS)
    quota = Restrict("daily_use", "day", "product", Quota(3600, "guardian"))
    assert rule.timeline.states == (Outcome(obligations=frozenset({quota})),)


def test_a_verification_that_was_passed_is_an_exception() -> None:
    rule = the_rule("effect: {verify: guardian}\n" + TO_TELEGRAM + ALWAYS)
    assert rule.exceptions == (Clause(labels=frozenset({"guardian_consent"})),)


def test_a_denial_is_not_lifted_by_a_verification() -> None:
    keys = "effect: deny\nwhen_unknown: {age: {verify: guardian}, other: as_unmatched}\n"
    who = "applies_to: {connected_by: residence, product: telegram, age: {below: 14}}\n"
    rule = the_rule(keys + who + ALWAYS)
    assert rule.exceptions == ()
    asked = Outcome(obligations=frozenset({Verify("guardian")}))
    assert rule.when_unknown == {"age": asked, "other": Undecided.AS_UNMATCHED}


def test_codes_of_a_disputed_area_are_one_place() -> None:
    keys = "effect: deny\napplies_to: {connected_by: presence, product: telegram, jurisdiction: "
    for code in ("UA-43", "UA-40", "RU-CR", "crimea"):
        [clause] = the_rule(keys + code + "}\n" + ALWAYS).body
        assert clause.places == {"crimea"}


def test_a_permit_derogates_and_has_no_effect() -> None:
    general = rule_text("effect: deny\n" + TO_TELEGRAM + ALWAYS, rule_id="general")
    keys = "permit: true\nderogates: general\n" + TO_TELEGRAM + ALWAYS
    rules = rules_of(compile_file(general + rule_text(keys, rule_id="special")))
    assert rules["special"].modality is Modality.PERMIT
    assert rules["special"].derogates == ("general",)


def test_each_member_has_a_rule_with_its_age_while_it_is_a_member() -> None:
    keys = "effect: {verify: guardian}\nper_member: {DE: 16, FR: 15, GB: 13, others: none}\n"
    rules = rules_of(compile_file(rule_text(keys + AGES + "in_force: {from: 2018-05-25}\n")))
    assert sorted(rules) == ["a-rule#DE", "a-rule#FR", "a-rule#GB"]
    [clause] = rules["a-rule#DE"].body
    assert clause.places == {"DE"}
    assert clause.age is not None
    assert clause.age.below_years == 16
    kingdom = rules["a-rule#GB"].timeline
    assert kingdom.state_at(at("2020-01-31T22:59:59Z")) is not None
    assert kingdom.state_at(at("2020-01-31T23:00:00Z")) is None


def test_a_member_with_values_over_time_has_a_rule_each() -> None:
    values = "[{from: 2018-05-25, value: 13}, {from: 2024-01-01, value: 15}]"
    keys = f"effect: {{verify: guardian}}\nper_member: {{DK: {values}, others: none}}\n"
    rules = rules_of(
        compile_file(
            rule_text(keys + AGES + "in_force: {from: 2018-05-25}\n"), zone="Europe/Brussels"
        )
    )
    ages = {i: rule.body[0].age.below_years for i, rule in rules.items() if rule.body[0].age}
    assert ages == {"a-rule#DK-1": 13, "a-rule#DK-2": 15}
    change = at("2023-12-31T23:00:00Z")
    assert rules["a-rule#DK-1"].timeline.instants[-1] == change
    assert rules["a-rule#DK-2"].timeline.instants == (change,)


def test_suspensions_and_schedule_are_those_of_every_member() -> None:
    """What is wrong with them is reported once, not once a member."""
    keys = (
        "effect: {verify: guardian}\nper_member: {DE: 16, FR: 15, others: none}\n"
        "suspended: [{from: 2024-03-31, until: 2024-06-01, by: A court}]\n"
        'schedule: {windows: ["00:00-12:00"]}\n'
    )
    compiled = compile_file(
        rule_text(keys + AGES + "in_force: {from: 2018-05-25}\n"), code="LB", zone="Asia/Beirut"
    )
    # Clocks went from 24:00 to 01:00 on that day.
    assert [problem.code for problem in problems_of(compiled)] == ["CP320"]
    for rule in rules_of(compiled).values():
        assert rule.timeline.state_at(at("2024-03-30T21:59:59Z")) is None
        assert rule.timeline.state_at(at("2024-03-30T07:00:00Z")) is not None
        assert rule.timeline.state_at(at("2024-03-31T07:00:00Z")) is None


def test_a_derogation_of_a_rule_with_members_removes_all_of_them() -> None:
    table = "per_member: {DE: 16, FR: 15, others: none}\n"
    general = rule_text("effect: {verify: guardian}\n" + table + AGES + ALWAYS, rule_id="general")
    keys = "permit: true\nderogates: general\n"
    who = "applies_to: {connected_by: residence, jurisdiction: DE, product: telegram}\n"
    rules = rules_of(compile_file(general + rule_text(keys + who + ALWAYS, rule_id="special")))
    assert rules["special"].derogates == ("general#DE", "general#FR")


def test_members_without_value_and_strangers_are_reported_together() -> None:
    keys = "effect: {verify: guardian}\nper_member: {DE: 16, US: 13}\n"
    problems = problems_of(compile_file(rule_text(keys + AGES + ALWAYS)))
    messages = [problem.message for problem in problems]
    assert "'US' is no member of EEA." in messages
    assert "FR, a member of EEA, has no value; add it, or `others`." in messages
    assert {problem.code for problem in problems} == {"CP416"}


def test_a_content_rule_meets_its_item_for_showing_and_finding() -> None:
    keys = "effect: {withhold: channel}\nitem: de_2022_channel\n"
    who = "applies_to: {connected_by: phone_country}\n"
    bundle = bundle_of(compile_file(rule_text(keys + who + ALWAYS), section="content"))
    [clause] = bundle.content.by_id["a-rule"].body
    assert clause.items == {"de_2022_channel"}
    assert clause.actions == {"show", "find"}
    assert not bundle.eligibility.rules


def test_a_bundle_tells_its_jurisdictions_and_what_it_rests_on() -> None:
    bundle = bundle_of(compile_file(rule_text("effect: deny\n" + TO_TELEGRAM + ALWAYS)))
    assert len(bundle.digest) == 64
    assert bundle.tzdata_version[:4].isdigit()
    ukraine = bundle.jurisdictions["UA"]
    assert (ukraine.name, ukraine.timezone, ukraine.rule_ids) == (
        "Ukraine",
        "Europe/Kyiv",
        ("a-rule",),
    )


def test_the_digest_tells_any_change() -> None:
    one = bundle_of(compile_file(rule_text("effect: deny\n" + TO_TELEGRAM + ALWAYS)))
    other = bundle_of(
        compile_file(rule_text("effect: deny\n" + TO_TELEGRAM + ALWAYS + "note: x\n"))
    )
    again = bundle_of(compile_file(rule_text("effect: deny\n" + TO_TELEGRAM + ALWAYS)))
    assert one.digest == again.digest != other.digest
