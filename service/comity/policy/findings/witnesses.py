"""Questions that show what a finding says, each answered by the reference evaluator first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice, product
from typing import Final
from zoneinfo import ZoneInfo

from comity.domain.facts import BornBetween, Facts, Label
from comity.domain.question import Connection, Question
from comity.domain.truth import Truth
from comity.policy.findings.codes import Witness
from comity.policy.findings.reasoning import SINGLE, UNNAMED, Names, Placed, Reasoning
from comity.policy.findings.subjects import Section
from comity.policy.presumptions import resolve
from comity.policy.reference import masks
from comity.policy.reference.dates import anniversary
from comity.policy.rules import AgeBand, Clause, CreationBand, Rule, Ruleset

# How many questions are tried for one finding, and how many values of one dimension.
_MOST_TRIED: Final = 200
_MOST_VALUES: Final = 4
_ANY_PLACE: Final = "US"
# What is asked about where a rule names everything.
_USUAL: Final = frozenset({"telegram", "message_send"})
_A_DAY: Final = timedelta(days=1)

Test = Callable[[Facts, datetime], bool]


def seek_witness(
    clauses: Sequence[Placed],
    moments: Sequence[datetime],
    section: Section,
    test: Test,
    *,
    places: frozenset[str] | None = None,
) -> Witness | None:
    """Return a question whose person meets each of `clauses`, and that passes `test`, if one does.

    `places` are where the first clause's connection may lead; None for all that it names.
    """
    tried = (
        Witness(question, now, section.name)
        for now in moments
        for question in questions_for(clauses, now, section.reasoning, places)
    )
    lexicon, atlas = section.ruleset.lexicon, section.ruleset.atlas
    for witness in islice(tried, _MOST_TRIED):
        if test(resolve(witness.question, lexicon, atlas), witness.at):
            return witness
    return None


def holds(rules: Sequence[Rule], section: Section, wanted: Sequence[str]) -> Test:
    """Return a test that each of the `wanted` ids is held among `rules`."""
    ruleset = Ruleset(tuple(rules), section.ruleset.lexicon, section.ruleset.atlas)

    def test(facts: Facts, now: datetime) -> bool:
        return masks(ruleset, facts, now).held.issuperset(wanted)

    return test


def questions_for(
    clauses: Sequence[Placed],
    now: datetime,
    reasoning: Reasoning,
    places: frozenset[str] | None = None,
) -> Iterator[Question]:
    """Yield questions that meet `clauses` at `now`, as far as each dimension by itself allows."""
    columns = {
        dimension: list(islice(_values(dimension, clauses, now, reasoning), _MOST_VALUES))
        for dimension, _, _ in SINGLE
    }
    if not all(columns.values()):
        return
    ties = [
        list(islice(_connections(placed, now, reasoning, places if not i else None), _MOST_VALUES))
        for i, placed in enumerate(clauses)
    ]
    sets = _sets(clauses, reasoning)
    age = _born([placed.clause.age for placed in clauses], now)
    created = _created([placed.clause.created for placed in clauses])
    for action, app, device in product(*(columns[d] for d, _, _ in SINGLE)):
        for connections in product(*ties):
            known = dict.fromkeys(c for c in connections if c is not None)
            yield Question(
                action=action,
                product=app,
                device=device,
                items=sets["items"],
                purposes=sets["purposes"],
                labels=frozenset(Label(name) for name in sets["labels"]),
                connections=tuple(known),
                age=age,
                account_created=created,
            )


def _sets(clauses: Sequence[Placed], reasoning: Reasoning) -> dict[str, frozenset[str]]:
    """Return the items, purposes and labels that `clauses` need, by attribute."""
    return {
        key: frozenset(
            member
            for placed in clauses
            for member in _member(dimension, placed.clause, (key, negated), reasoning)
        )
        for dimension, key, negated in (
            ("item", "items", "not_items"),
            ("purpose", "purposes", "not_purposes"),
            ("label", "labels", ""),
        )
    }


def _values(
    dimension: str, clauses: Sequence[Placed], now: datetime, reasoning: Reasoning
) -> Iterator[str | None]:
    """Yield the values that meet every clause; None if none of them names the dimension."""
    names = next((n, x) for d, n, x in SINGLE if d == dimension)
    named = any(
        getattr(placed.clause, key) is not None for placed in clauses for key in names if key
    )
    about_items = any(placed.clause.items is not None for placed in clauses)
    if not named and (dimension == "device" or (dimension == "product" and about_items)):
        yield None
        return
    columns = [reasoning.column(dimension, placed, now) for placed in clauses]
    values = reasoning.values(dimension)
    fitting = [
        value
        for value, *truths in zip(values, *columns, strict=True)
        if value is not None
        and not value.endswith(UNNAMED)
        and all(truth is Truth.T for truth in truths)
    ]
    wanted = {name for placed in clauses for name in getattr(placed.clause, names[0]) or ()}
    yield from sorted(fitting, key=lambda value: (value not in wanted, value not in _USUAL, value))


def _member(
    dimension: str, clause: Clause, keys: tuple[str, str], reasoning: Reasoning
) -> Iterator[str]:
    """Yield a member that meets a set that the clause names."""
    named: Names = getattr(clause, keys[0])
    spared: Names = getattr(clause, keys[1]) if keys[1] else None
    if named is None:
        return
    values = sorted(named) + sorted(reasoning.lexicon.kinds.get(dimension, ()))
    for value in values:
        kinds = reasoning.lexicon.above(dimension, value)
        if kinds & named and not kinds & (spared or frozenset()):
            yield value
            return


def _connections(
    placed: Placed, now: datetime, reasoning: Reasoning, places: frozenset[str] | None
) -> Iterator[Connection | None]:
    """Yield connections that meet a clause; None if it names no connecting dimension."""
    clause = placed.clause
    if not clause.names_connection:
        yield None
        return
    named = places if places is not None else reasoning.places(placed, now)
    factors = sorted(clause.factors or ("presence",))
    populations = [frozenset({name}) for name in sorted(clause.populations or ())]
    trust = "low" if clause.low_trust else ""
    for place in sorted(named) if named is not None else (_home(placed.rule, reasoning),):
        for factor in factors:
            for members in populations or [frozenset[str]()]:
                yield Connection(factor, place, members, trust=trust)


def _home(rule: Rule, reasoning: Reasoning) -> str:
    """Return a place for a clause that names none: the rule's own, if it is one."""
    own = rule.jurisdiction
    return _ANY_PLACE if own == "any" or reasoning.atlas.is_group(own) else own


def _born(bands: Sequence[AgeBand | None], now: datetime) -> BornBetween | None:
    """Return a birth date of an age in all bands; None if none is named."""
    named = [band for band in bands if band is not None]
    if not named:
        return None
    lowest = max(band.from_years or 0 for band in named)
    limits = [band.below_years for band in named if band.below_years is not None]
    years = min(lowest, *[limit - 1 for limit in limits]) if limits else lowest
    if limits and not any(band.from_years for band in named):
        years = min(limits) - 1
    today = now.astimezone(ZoneInfo(named[0].zone)).date()
    # Half a year from a birthday, so that the age is the same in every zone.
    day = today - timedelta(days=round((years + 0.5) * 365.2425))
    return BornBetween(day, day) if anniversary(day, years) <= today else _birth_on(today, years)


def _birth_on(today: date, years: int) -> BornBetween:
    """Return the birth date of somebody who completed `years` some days ago."""
    day = date(today.year - years, today.month, min(today.day, 28)) - _A_DAY
    return BornBetween(day, day)


def _created(bands: Sequence[CreationBand | None]) -> datetime | None:
    """Return an instant in all bands; None if none is named."""
    named = [band for band in bands if band is not None]
    if not named:
        return None
    starts = [band.start for band in named if band.start is not None]
    ends = [band.end for band in named if band.end is not None]
    return max(starts) if starts else min(ends) - _A_DAY


def without_facts(question: Question) -> Question:
    """Return the question as a person asks it of whom nothing is known but what is asked."""
    return Question(question.action, question.product, items=question.items)
