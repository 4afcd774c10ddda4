"""Presumptions: from a question as asked to the facts that the evaluators read.

Independent of the instant: ties and labels keep their ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from comity.domain.facts import Age, FactKey, Facts, Members, Tie, UnknownReason
from comity.domain.question import Connection, Question
from comity.policy.atlas import Atlas
from comity.policy.lexicon import FactorTerm, Lexicon, Presumption

SILENCING = frozenset({UnknownReason.CONTRADICTORY, UnknownReason.WITHHELD})
SET_DIMENSIONS = ("purpose", "item", "label", "population")
LOW_TRUST_CLASS = "low"


def resolve(question: Question, lexicon: Lexicon, atlas: Atlas) -> Facts:
    """Return the facts of `question` with presumptions applied and places made canonical.

    A presumption speaks for what is not recorded or whose source is unavailable; a contradictory
    or withheld fact, an opened factor or an opened set has none.
    """
    silent = {name for name, reason in question.unknown.items() if reason in SILENCING}
    opened = _open_sets(question, lexicon, silent)
    presumed = list(_presumed_sets(question, opened))
    ties = [
        _tie(c, lexicon, atlas, populations_open="population" in opened)
        for c in question.connections
    ]
    presumed += [
        FactKey("population", factor=tie.factor, place=tie.place)
        for tie in ties
        if not (tie.populations.yes or tie.populations.no or tie.populations.open)
    ]
    ties, by_factor = _complete_ties(question, lexicon, silent, ties)
    values, by_value = _single_values(question, lexicon, silent)
    return Facts(
        action=values["action"],
        product=values["product"],
        device=values["device"],
        purposes=Members(question.purposes, open="purpose" in opened),
        items=Members(question.items, open="item" in opened),
        labels=question.labels,
        labels_absent=question.labels_absent,
        labels_open="label" in opened,
        age=known_age(question),
        account_created=known_creation(question),
        ties=frozenset(ties),
        presumed=tuple(sorted(presumed + by_factor + by_value)),
    )


def _presumed_sets(question: Question, opened: frozenset[str]) -> Iterator[FactKey]:
    """Yield the sets of the request and of labels that are presumed to have no member."""
    for dimension, named in (
        ("purpose", question.purposes),
        ("item", question.items),
        ("label", question.labels or question.labels_absent),
    ):
        if not named and dimension not in opened:
            yield FactKey(dimension)


def known_age(question: Question) -> Age | None:
    """Return what is known of the age; nothing is presumed of it."""
    return None if "age" in question.unknown else question.age


def known_creation(question: Question) -> datetime | None:
    """Return when the account was created, if known; nothing is presumed of it."""
    return None if "account_created" in question.unknown else question.account_created


def _open_sets(question: Question, lexicon: Lexicon, silent: set[str]) -> frozenset[str]:
    """Return the set-valued dimensions that may have members not named."""
    return frozenset(
        dimension
        for dimension in SET_DIMENSIONS
        if dimension in question.open_sets
        or dimension in silent
        or lexicon.presumed.get(dimension) == "unknown"
    )


def _single_values(
    question: Question, lexicon: Lexicon, silent: set[str]
) -> tuple[Mapping[str, str | None], list[FactKey]]:
    """Return action, product and device, with the vocabulary's presumed values filled in."""
    values: dict[str, str | None] = {}
    presumed = []
    given = {"action": question.action, "product": question.product, "device": question.device}
    for dimension, value in given.items():
        if value is not None and dimension not in question.unknown:
            values[dimension] = value
            continue
        default = lexicon.presumed.get(dimension, "unknown")
        speaks = default not in ("unknown", "none") and dimension not in silent
        values[dimension] = default if speaks else None
        if speaks:
            presumed.append(FactKey(dimension))
    return values, presumed


def _tie(connection: Connection, lexicon: Lexicon, atlas: Atlas, *, populations_open: bool) -> Tie:
    """Return `connection` as a tie with its canonical place and its trust."""
    return Tie(
        factor=connection.factor,
        place=atlas.canonical(connection.place),
        populations=Members(
            connection.populations,
            connection.populations_absent - connection.populations,
            populations_open,
        ),
        low_trust=connection.trust == LOW_TRUST_CLASS or connection.trust in lexicon.low_trust,
        since=connection.since,
        until=connection.until,
        source=connection.source,
    )


def _complete_ties(
    question: Question, lexicon: Lexicon, silent: set[str], ties: list[Tie]
) -> tuple[list[Tie], list[FactKey]]:
    """Add ghosts for open factors and derived ties; return also the presumed factors."""
    opened = set(question.open_factors) | (silent & lexicon.factors.keys())
    for indicator in question.indicators:
        opened |= lexicon.indicators.get(indicator, frozenset())
    recorded = {tie.factor for tie in ties}
    completed = list(ties)
    presumed = []
    for factor, term in lexicon.factors.items():
        if factor in opened or (factor not in recorded and term.presume is Presumption.OPEN):
            completed.append(ghost(factor))
        elif factor not in recorded:
            derived = _derive(factor, term, ties)
            completed += derived
            presumed += [FactKey("place", factor=t.factor, place=t.place) for t in derived]
            if not derived:
                presumed.append(FactKey("connection", member=factor))
    return completed, presumed


def ghost(factor: str) -> Tie:
    """Return the tie that stands for the unknown connections of an open factor."""
    return Tie(factor=factor, populations=Members(open=True), ghost=True, source="open")


def _derive(factor: str, term: FactorTerm, ties: Iterable[Tie]) -> list[Tie]:
    """Return ties of `factor` derived from the first recorded factor that it derives from.

    What presence alone suggests is at low trust.
    """
    if term.presume is not Presumption.DERIVED:
        return []
    for source in term.derived_from:
        found = [tie for tie in ties if tie.factor == source]
        if found:
            return [
                replace(
                    tie,
                    factor=factor,
                    populations=Members(open=tie.populations.open),
                    low_trust=tie.low_trust or source == "presence",
                    source="derived",
                )
                for tie in found
            ]
    return []
