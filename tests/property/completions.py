"""Completing facts: what is unknown becomes known, to the finest values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from comity.domain.facts import Age, AtLeastYears, BornBetween, Facts, Label, Members, Tie
from comity.policy.atlas import Atlas
from comity.policy.rules import Ruleset
from property.choices import Choices, chance, pick, some
from property.situations import above
from property.vocabulary import KINDS, PARENTS, day_of_birth, instant


def has_below(dimension: str, value: str) -> bool:
    """Return whether something may be of the kind `value`."""
    if dimension == "product" and value in ("social", "messaging"):
        return True
    return any(value in parents for parents in KINDS[dimension].values())


def finest(dimension: str) -> list[str]:
    """Return the values that nothing is below: leaves, and for each kind the unnamed rest."""
    return [f"{v}~" if has_below(dimension, v) else v for v in KINDS[dimension]]


def complete_value(choices: Choices, dimension: str, value: str | None) -> str:
    """Return a finest value that a single value may turn out to be."""
    if value is not None and value.endswith("~"):
        return value
    return pick(
        choices, [f for f in finest(dimension) if value is None or value in above(dimension, f)]
    )


def complete_members(choices: Choices, dimension: str, members: Members) -> Members:
    """Return a closed set of finest members that `members` may turn out to be."""
    allowed = [f for f in finest(dimension) if not above(dimension, f) & members.no]
    yes: set[str] = set()
    for member in sorted(members.yes):
        options = [f for f in allowed if member in above(dimension, f)] or [member]
        yes.update(some(choices, options, 1, 2))
    if members.open and allowed:
        yes.update(some(choices, allowed, 0, 2))
    return Members(frozenset(yes))


def complete_age(choices: Choices, age: Age | None, now: datetime) -> BornBetween:
    """Return a day of birth that agrees with what is known of an age at `now`."""
    match age:
        case None:
            day = day_of_birth(choices)
        case BornBetween(earliest, latest):
            day = earliest + timedelta(days=choices.integer(0, (latest - earliest).days))
            day = pick(choices, (day, earliest, latest))
        case AtLeastYears(years):
            westmost = (now.astimezone(UTC) - timedelta(hours=12)).date()
            day = westmost.replace(year=westmost.year - years, day=min(westmost.day, 28))
            day -= timedelta(days=pick(choices, (0, 1, 400, 800, 1500)))
    return BornBetween(day, day)


def finest_places(place: str, ruleset: Ruleset, now: datetime) -> list[str]:
    """Return the parts that a place may turn out to be, presumptions held.

    A country whose part is unknown is outside the parts that a rule names, unless the rule leaves
    that in doubt; and it is never a disputed area that lies in another country too.
    """
    atlas = ruleset.atlas
    around = atlas.lies_in(place)
    if not any(place in parents for parents in PARENTS.values()):
        return [place]
    presumed_outside = {
        named
        for rule in ruleset.rules
        if not rule.part_unknown
        for part in (rule.body, rule.exceptions, rule.person_exceptions, rule.person_conditions)
        for clause in part
        for named in atlas.expand(clause.places or (), now)
    }
    return [
        part
        for part in PARENTS
        if place in atlas.lies_in(part) - {part}
        and not any(part in parents for parents in PARENTS.values())
        and not (atlas.lies_in(part) - around) & presumed_outside
        and _lies_wholly_in(part, place, atlas)
    ]


def _lies_wholly_in(part: str, place: str, atlas: Atlas) -> bool:
    """Return whether everything that holds `part` holds `place` or lies in it."""
    around = atlas.lies_in(place)
    return all(other in around or place in atlas.lies_in(other) for other in atlas.lies_in(part))


def complete_tie(choices: Choices, tie: Tie, ruleset: Ruleset, now: datetime) -> Iterator[Tie]:
    """Yield the connections that one may turn out to be."""
    if tie.ghost:
        for _ in range(choices.integer(0, 2)):
            yield complete_place(choices, tie.factor, ruleset, now)
    elif not tie.low_trust or chance(choices, 50):
        yield replace(
            tie,
            place=pick(choices, finest_places(tie.place, ruleset, now)),
            populations=complete_members(choices, "population", tie.populations),
            low_trust=False,
        )


def complete_place(choices: Choices, factor: str, ruleset: Ruleset, now: datetime) -> Tie:
    """Return a connection that was not known."""
    place = pick(choices, finest_places(pick(choices, tuple(PARENTS)), ruleset, now))
    return Tie(factor, place, complete_members(choices, "population", Members(open=True)))


def complete(choices: Choices, facts: Facts, ruleset: Ruleset, now: datetime) -> Facts:
    """Return facts that leave nothing unknown and agree with `facts` at `now`."""
    labels = complete_members(choices, "label", facts.label_members(now))
    return replace(
        facts,
        action=complete_value(choices, "action", facts.action),
        product=complete_value(choices, "product", facts.product),
        device=complete_value(choices, "device", facts.device),
        purposes=complete_members(choices, "purpose", facts.purposes),
        items=complete_members(choices, "item", facts.items),
        labels=frozenset(Label(name) for name in labels.yes),
        labels_absent=frozenset(),
        labels_open=False,
        age=complete_age(choices, facts.age, now),
        account_created=facts.account_created or instant(choices),
        ties=frozenset(
            found for tie in facts.ties for found in complete_tie(choices, tie, ruleset, now)
        ),
    )


Change = Callable[[Choices, Facts, Ruleset, datetime], Facts]


def settle_value(dimension: str) -> Change:
    """Return a change that makes one single-valued fact known."""

    def change(choices: Choices, facts: Facts, _: Ruleset, now: datetime) -> Facts:
        match dimension:
            case "action":
                return replace(facts, action=complete_value(choices, dimension, facts.action))
            case "product":
                return replace(facts, product=complete_value(choices, dimension, facts.product))
            case "device":
                return replace(facts, device=complete_value(choices, dimension, facts.device))
            case "age":
                return replace(facts, age=complete_age(choices, facts.age, now))
            case _:
                return replace(facts, account_created=facts.account_created or instant(choices))

    return change


def settle_member(choices: Choices, members: Members, dimension: str) -> Members:
    """Return the set with one more member known to be, or known not to be in it."""
    member = pick(choices, tuple(KINDS[dimension]))
    kinds = above(dimension, member)
    has = {kind for known in members.yes for kind in above(dimension, known)}
    if chance(choices, 50):
        may_be = not kinds & members.no and (members.open or kinds & members.yes)
        return members._replace(yes=members.yes | {member}) if may_be else members
    return members if member in has else members._replace(no=members.no | {member})


def settle_set(dimension: str) -> Change:
    """Return a change that makes one member of a set known."""

    def change(choices: Choices, facts: Facts, _: Ruleset, now: datetime) -> Facts:
        if dimension == "item":
            return replace(facts, items=settle_member(choices, facts.items, dimension))
        if dimension == "purpose":
            return replace(facts, purposes=settle_member(choices, facts.purposes, dimension))
        members = settle_member(choices, facts.label_members(now), dimension)
        return replace(
            facts,
            labels=facts.labels
            | {Label(name) for name in members.yes - facts.label_members(now).yes},
            labels_absent=facts.labels_absent | members.no,
        )

    return change


def settle_tie(choices: Choices, facts: Facts, ruleset: Ruleset, now: datetime) -> Facts:
    """Return facts in which one thing about one connection is known."""
    if not facts.ties:
        return facts
    tie = pick(choices, sorted(facts.ties, key=repr))
    others = facts.ties - {tie}
    if tie.ghost:
        added = {
            complete_place(choices, tie.factor, ruleset, now) for _ in range(choices.integer(0, 2))
        }
        return replace(facts, ties=others | added)
    match choices.integer(0, 2):
        case 0:
            members = settle_member(choices, tie.populations, "population")
            return replace(facts, ties=others | {replace(tie, populations=members)})
        case 1:
            place = pick(choices, finest_places(tie.place, ruleset, now))
            return replace(facts, ties=others | {replace(tie, place=place)})
        case _:
            confirmed = {replace(tie, low_trust=False)} if chance(choices, 50) else set()
            return replace(facts, ties=others | confirmed) if tie.low_trust else facts


CHANGES: tuple[Change, ...] = (
    *(settle_value(d) for d in ("action", "product", "device", "age", "account_created")),
    *(settle_set(d) for d in ("item", "purpose", "label")),
    settle_tie,
    settle_tie,
    settle_tie,
)
