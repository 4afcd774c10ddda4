"""Planes and columns: which rules a value meets."""

from __future__ import annotations

from comity.domain.facts import Members
from comity.policy.atlas import Atlas
from comity.policy.engine.bits import numbers_in
from comity.policy.engine.columns import Match, columns_for, conjoin, unknown_columns
from comity.policy.engine.kinds import Kinds
from comity.policy.engine.planes import Dimension, build_planes
from comity.policy.engine.table import build_table
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Clause, Ruleset
from unit.policy.engine.rulesets import forbid

OFFICIAL, PERSONAL = frozenset({"official"}), frozenset({"personal"})
LEXICON = Lexicon(
    kinds={"device": {"official": (), "official_phone": ("official",), "personal": ()}}
)


def numbers(mask: int) -> list[int]:
    """Return the numbers of a set of rules."""
    return list(numbers_in(mask))


def test_each_clause_of_each_part_has_a_plane() -> None:
    """Rules with fewer clauses are left out of the planes of the others' further clauses."""
    clause = Clause(devices=OFFICIAL)
    planes = build_planes(
        [
            forbid("a", clause, clause, exceptions=(clause,)),
            forbid("b", clause, person_exceptions=(clause,), person_conditions=(clause, clause)),
        ]
    )
    assert [numbers(plane.members) for plane in planes.listed] == [[0, 1], [0], [0], [1], [1], [1]]
    assert (planes.body, planes.exceptions) == (range(2), range(2, 3))
    assert (planes.person_exceptions, planes.person_conditions) == (range(3, 4), range(4, 6))
    assert numbers(planes.unconditional) == [0]


def test_column_holds_who_names_the_value_and_who_does_not_care() -> None:
    """A dimension that a clause doesn't name can't fail it."""
    planes = build_planes(
        [
            forbid("a", Clause(devices=OFFICIAL)),
            forbid("b", Clause()),
            forbid("c", Clause(devices=PERSONAL)),
        ]
    ).listed
    (column,) = columns_for(planes, Dimension.DEVICE, Match(OFFICIAL, PERSONAL))
    assert column is not None
    assert (numbers(column[0]), numbers(column[1])) == ([0, 1], [0, 1, 2])
    (unknown,) = unknown_columns(planes, Dimension.DEVICE)
    assert unknown is not None
    assert (numbers(unknown[0]), numbers(unknown[1])) == ([1], [0, 1, 2])


def test_negated_column_changes_sides() -> None:
    """What is met fails a rule that wants none of it; what is doubtful leaves it in doubt."""
    planes = build_planes(
        [forbid("a", Clause(not_devices=OFFICIAL)), forbid("b", Clause(not_devices=PERSONAL))]
    ).listed
    (column,) = columns_for(planes, Dimension.NOT_DEVICE, Match(OFFICIAL))
    assert column is not None
    assert (numbers(column[0]), numbers(column[1])) == ([1], [1])
    (column,) = columns_for(planes, Dimension.NOT_DEVICE, Match(doubtful=OFFICIAL))
    assert column is not None
    assert (numbers(column[0]), numbers(column[1])) == ([1], [0, 1])


def test_clause_is_met_by_what_meets_all_of_it() -> None:
    """Columns of several dimensions narrow each other, plane by plane."""
    rules = [
        forbid("a", Clause(devices=OFFICIAL, actions=frozenset({"call"}))),
        forbid("b", Clause(devices=OFFICIAL)),
    ]
    planes = build_planes(rules).listed
    seen = [
        columns_for(planes, Dimension.DEVICE, Match(OFFICIAL)),
        columns_for(planes, Dimension.ACTION, Match(frozenset({"post"}))),
    ]
    ((certain, possible),) = conjoin(planes, seen)
    assert (numbers(certain), numbers(possible)) == ([1], [1])


def test_value_above_others_may_be_one_of_them() -> None:
    """An official device may be an official phone, unless it is known to be another."""
    kinds = Kinds("device", ["official_phone", "official"], LEXICON)
    assert kinds.match_value("official") == Match(
        OFFICIAL, frozenset({"official_phone", "official"})
    )
    assert kinds.match_value("official~").doubtful == frozenset()
    assert kinds.match_value("official_phone").met >= {"official_phone", "official"}


def test_kind_known_to_be_absent_is_not_in_doubt() -> None:
    """Neither what is absent nor what lies below it may be a further member of an open set."""
    kinds = Kinds("device", ["official_phone", "personal"], LEXICON)
    assert kinds.doubtful(Members(open=True)) == {"official_phone", "personal"}
    assert kinds.doubtful(Members(no=OFFICIAL, open=True)) == PERSONAL


def test_rules_with_most_clauses_have_the_lowest_numbers() -> None:
    """So the sets of rules in rare planes are short."""
    clause = Clause(devices=OFFICIAL)
    rules = (forbid("plain", clause), forbid("rich", clause, exceptions=(clause, clause)))
    table = build_table(Ruleset(rules, LEXICON, Atlas()))
    assert [rule.id for rule in table.rules] == ["rich", "plain"]
