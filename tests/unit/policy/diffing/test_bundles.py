"""What differs between two small sets of policy files, in sentences and as questions."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from comity.policy.bundle import Bundle
from comity.policy.compiling.compilation import compile_policies
from comity.policy.diffing.bundles import Difference, compare_bundles
from comity.policy.diffing.commands import command_of
from comity.policy.diffing.regions import Direction, Region
from unit.policy.scenarios.small_policies import DEVICES, TODAY, policy_files

JULY = """\
- id: ua-july
  title: Calls are barred in July
  effect: deny
  applies_to: {connected_by: presence, product: telegram, action: call}
  in_force: [{from: 2025-07-01, until: 2025-08-01}]
"""


def compiled(files: Mapping[str, bytes]) -> Bundle:
    """Return the bundle of files without errors."""
    bundle = compile_policies(files, TODAY).bundle
    assert bundle is not None
    return bundle


def difference(old: str, new: str, within: str = "") -> Difference:
    """Return what differs between two texts of the restrictions of Ukraine."""
    before, after = compiled(policy_files(old)), compiled(policy_files(new))
    return compare_bundles(before, after, within)


def only_known(found: Difference) -> Region:
    """Return the one region with all facts known."""
    (region,) = [region for _, region in found.regions if region.known]
    return region


def test_equal_files_answer_alike() -> None:
    """Nothing differs between a revision and itself."""
    found = difference(DEVICES, DEVICES)
    assert not found.is_different
    assert found.regions == []


def test_a_milder_effect_is_told_with_people_time_and_rule() -> None:
    """The sentence says from when, for whom, what, from which answer to which, by which rule."""
    found = difference(DEVICES, DEVICES.replace("effect: deny", "effect: {verify: employer}"))
    told = found.sentences.sentence(only_known(found))
    assert told == (
        "From 2024-09-20 (Europe/Kyiv) on, for whoever works for Ukraine (UA) as military, without "
        "the label on duty: every action that may be denied on telegram with a device official "
        "goes from deny to verify employer (looser). Rule ua-devices."
    )


def test_the_witness_is_a_command_that_anybody_can_ask() -> None:
    """It states the facts that matter and the first instant."""
    found = difference(DEVICES, DEVICES.replace("effect: deny", "effect: {verify: employer}"))
    command = command_of(only_known(found).witness)
    assert command.unsaid == ()
    assert command.text.startswith("comity check --as-of 2024-09-19T21:00:00Z ")
    assert "--works-for UA:military" in command.text
    assert "--device official" in command.text
    assert "--product telegram" in command.text


@pytest.mark.parametrize(
    ("old", "new", "direction", "period"),
    [
        (
            DEVICES,
            DEVICES + JULY,
            Direction.STRICTER,
            "From 2025-07-01 (Europe/Kyiv) until 2025-08",
        ),
        (DEVICES + JULY, DEVICES, Direction.LOOSER, "From 2025-07-01 (Europe/Kyiv) until 2025-08"),
        (
            DEVICES,
            DEVICES.replace("from: 2024-09-20", "from: 2024-09-21"),
            Direction.LOOSER,
            "From 2024-09-20 (Europe/Kyiv) until 2024-09-21 (Europe/Kyiv),",
        ),
        (
            DEVICES,
            DEVICES.replace("except: {label: on_duty}\n  ", ""),
            Direction.STRICTER,
            (
                "From 2024-09-20 (Europe/Kyiv) on, for whoever works for Ukraine (UA) as military, "
                "with the label on duty:"
            ),
        ),
    ],
    ids=["added", "removed", "later", "without its exception"],
)
def test_an_edit_goes_one_way_for_some_time(
    old: str, new: str, direction: Direction, period: str
) -> None:
    """What is added forbids, what is taken away allows, in the time that it is about."""
    found = difference(old, new)
    region = only_known(found)
    assert region.direction is direction
    assert found.sentences.sentence(region).startswith(period)


def test_a_change_for_unknown_facts_alone_is_found() -> None:
    """What a rule asks in doubt is part of the answer, though nobody with known facts notices."""
    new = DEVICES.replace("population: {verify: employer}", "population: as_unmatched")
    found = difference(DEVICES, new)
    assert found.regions
    assert not any(region.known for _, region in found.regions)
    assert "the population" in found.sentences.sentence(found.regions[0][1])


def test_a_rule_behind_another_changes_nothing() -> None:
    """A narrower copy of a rule never shows in an effect; it is told as silent."""
    copy = DEVICES.replace("ua-devices", "ua-copy").replace(
        "device: official}", "device: official, action: call}"
    )
    found = difference(DEVICES, DEVICES + copy)
    assert not any(region.known for _, region in found.regions)
    restrictions = found.sections["restrictions"]
    assert restrictions.changes.added == ("ua-copy",)


def test_a_text_is_no_difference() -> None:
    """What people read is listed by rule and part."""
    found = difference(DEVICES, DEVICES.replace("is barred from", "is banned from"))
    assert not found.is_different
    (text,) = found.sections["restrictions"].changes.texts
    assert (text.rule_id, text.parts) == ("ua-devices", ("title",))


def test_another_order_and_another_id_are_no_difference() -> None:
    """Answers don't depend on the order of rules, nor on their names."""
    both = DEVICES + JULY
    assert not difference(both, JULY + DEVICES).is_different
    assert not difference(both, both.replace("ua-july", "ua-july-2025")).is_different


def test_a_kind_that_moves_in_the_vocabulary_is_found() -> None:
    """A rule written alike may come to mean something else."""
    files = policy_files()
    moved = files["vocabulary.yaml"].replace(
        b"official_phone: {kind_of: official}", b"official_phone: {}"
    )
    assert moved != files["vocabulary.yaml"]
    found = compare_bundles(compiled(files), compiled({**files, "vocabulary.yaml": moved}))
    region = only_known(found)
    assert region.direction is Direction.LOOSER
    assert region.box.of("device") == {"official_phone"}


def test_nothing_changes_without_a_connection_to_the_place_of_the_rule() -> None:
    """A rule on Ukraine changes no answer without a connection to Ukraine."""
    found = difference(DEVICES, DEVICES + JULY, within="UA")
    assert not found.is_different
    assert found.within == "UA"


def test_a_counterexample_is_shown_that_has_no_connection_to_the_place() -> None:
    """The same edit changes answers without a connection to Poland."""
    found = difference(DEVICES, DEVICES + JULY, within="PL")
    assert found.is_different
    for _, region in found.regions:
        places = {connection.place for connection in region.witness.question.connections}
        assert "UA" in places
        assert "PL" not in places
        assert not region.witness.question.open_factors


def test_a_rule_that_reaches_everybody_is_found_outside() -> None:
    """A rule on no place in particular is a counterexample to any place."""
    everywhere = JULY.replace("connected_by: presence, ", "connected_by: any, jurisdiction: any, ")
    found = difference(DEVICES, DEVICES + everywhere, within="UA")
    assert found.is_different
    assert "UA" not in {
        c.place for _, region in found.regions for c in region.witness.question.connections
    }


OLD_ENOUGH = """\
- id: ua-old-enough
  title: Calls are for those above 16
  effect: deny
  applies_to: {connected_by: presence, product: telegram, action: call, age: {below: 16}}
  except_person: [{connected_by: nationality, jurisdiction: friends}]
  in_force: [{from: 2024-01-01}]
"""
SINCE_1990 = "[{from: 1990-01-01T00:00:00Z}]"
FRIENDS = ", ".join(f"{code}: {SINCE_1990}" for code in ("AT", "BE", "CH", "DK"))


def test_a_state_that_joins_a_group_of_excepted_people_is_found() -> None:
    """The person's other connection is told, though other members of the group come first."""
    files = policy_files(OLD_ENOUGH)
    joins = ", US: [{from: 2025-01-01T00:00:00Z}]"
    revisions = []
    for more in ("", joins):
        text = files["groups.yaml"].decode()
        group = f"groups:\n  friends: {{members: {{{FRIENDS}{more}}}}}"
        edited = text.replace("groups:", group, 1)
        revisions.append(compiled({**files, "groups.yaml": edited.encode()}))
    found = compare_bundles(*revisions)
    region = only_known(found)
    assert region.direction is Direction.LOOSER
    told = found.sentences.sentence(region)
    assert told.startswith("From 2025-01-01 02:00:00 (Europe/Kyiv) on, for whoever is in Ukraine")
    assert "who also is a national of United States (US)" in told


def test_an_exhaustive_comparison_leaves_nothing_untried() -> None:
    """It finds what the usual one finds, and is complete."""
    new = DEVICES.replace("except: {label: on_duty}\n  ", "")
    before, after = compiled(policy_files(DEVICES)), compiled(policy_files(new))
    usual, whole = (compare_bundles(before, after, exhaustive=e) for e in (False, True))
    assert whole.is_complete
    assert only_known(whole).box == only_known(usual).box


def test_a_rule_by_another_name_makes_no_difference() -> None:
    """What is said twice, or by another rule, is said: nothing needs to be tried."""
    copy = DEVICES.replace("ua-devices", "ua-copy")
    found = difference(DEVICES, DEVICES + copy)
    assert found.is_complete
    assert not found.is_different
    assert found.sections["restrictions"].changes.affected == ()


def test_an_indicator_that_opens_a_factor_no_longer_is_found() -> None:
    """The connection that it hints at is in doubt in one revision only."""
    files = policy_files()
    gone = files["vocabulary.yaml"].replace(b"{opens: works_for}", b"{opens: network}")
    assert gone != files["vocabulary.yaml"]
    found = compare_bundles(compiled(files), compiled({**files, "vocabulary.yaml": gone}))
    assert found.is_complete
    assert found.regions
    for _, region in found.regions:
        assert region.witness.question.indicators == {"managed_device"}


def test_a_factor_that_comes_to_be_open_is_found_by_what_is_then_missing() -> None:
    """Whoever is not known to work for anybody may do so: the question leaves that out."""
    files = policy_files()
    opened = files["vocabulary.yaml"].replace(
        b"works_for: {presume: closed}", b"works_for: {presume: open}"
    )
    assert opened != files["vocabulary.yaml"]
    found = compare_bundles(compiled(files), compiled({**files, "vocabulary.yaml": opened}))
    assert found.is_complete
    assert found.regions
    for _, region in found.regions:
        factors = {connection.factor for connection in region.witness.question.connections}
        assert "works_for" not in factors


def test_an_edit_of_one_place_is_proven_to_stay_there() -> None:
    """All questions elsewhere were tried, none is answered differently."""
    for edited in (DEVICES.replace("2024-09-20", "2024-10-01"), DEVICES + JULY, ""):
        found = difference(DEVICES, edited or JULY, within="UA")
        assert found.is_complete
        assert not found.is_different


def test_a_class_of_trust_that_comes_to_be_low_is_found() -> None:
    """What was met for certain on such a connection is in doubt."""
    files = policy_files()
    vocabulary = files["vocabulary.yaml"].replace(b"{vpn: low}", b"{vpn: low, ship: low}")
    assert vocabulary != files["vocabulary.yaml"]
    found = compare_bundles(compiled(files), compiled({**files, "vocabulary.yaml": vocabulary}))
    assert found.regions
    for _, region in found.regions:
        assert "ship" in {c.trust for c in region.witness.question.connections}
        assert "by a connection of ship trust" in found.sentences.sentence(region)
