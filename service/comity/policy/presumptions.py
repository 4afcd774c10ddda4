"""Presumptions: from a question as asked to the facts that the evaluators read.

Independent of the instant: ties and labels keep their ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from comity.domain.facts import Age, FactKey, Facts, Members, Tie, UnknownReason
from comity.domain.question import Connection, Question
from comity.policy.atlas import Atlas
from comity.policy.engine.cache import Cache
from comity.policy.lexicon import FactorTerm, Lexicon, Presumption

SILENCING = frozenset({UnknownReason.CONTRADICTORY, UnknownReason.WITHHELD})
SET_DIMENSIONS = ("purpose", "item", "label", "population")
LOW_TRUST_CLASS = "low"

_CONNECTIONS_KEPT: Final = 4096
_SETS_OF_FACTORS_KEPT: Final = 256


def resolve(question: Question, lexicon: Lexicon, atlas: Atlas) -> Facts:
    """Return the facts of `question` with presumptions applied and places made canonical.

    A presumption speaks for what is not recorded or whose source is unavailable; a contradictory
    or withheld fact, an opened factor or an opened set has none.
    """
    return Presumptions(lexicon, atlas).resolve(question)


class _Known(NamedTuple):
    """One connection that is given.

    Attributes:
        tie: the connection as a tie.
        presumed: what is presumed of it: that the person is of no population there, or nothing.
    """

    tie: Tie
    presumed: tuple[FactKey, ...]


class _Rest(NamedTuple):
    """What stands for the factors that no connection is given by.

    Attributes:
        ghosts: ties that stand for connections that are not known.
        presumed: factors by which there are no connections.
        derived: factors and the given factor that each is derived from.
    """

    ghosts: tuple[Tie, ...]
    presumed: tuple[FactKey, ...]
    derived: tuple[tuple[str, str], ...]


class Presumptions:
    """Applies the presumptions of one vocabulary; remembers what connections came to.

    Shared by threads.
    """

    def __init__(self, lexicon: Lexicon, atlas: Atlas) -> None:
        """Presume by `lexicon`, with the places of `atlas`."""
        self._lexicon = lexicon
        self._atlas = atlas
        self._known: Cache[tuple[Connection, bool], _Known] = Cache(_CONNECTIONS_KEPT)
        self._derived: Cache[tuple[str, Tie], _Known] = Cache(_CONNECTIONS_KEPT)
        self._rests: Cache[tuple[frozenset[str], frozenset[str]], _Rest] = Cache(
            _SETS_OF_FACTORS_KEPT
        )

    def resolve(self, question: Question) -> Facts:
        """Return the facts of `question`."""
        unknown = question.unknown
        silent = {name for name, reason in unknown.items() if reason in SILENCING}
        opened = self._open_sets(question, silent)
        populations_open = "population" in opened
        known = [self._connection(one, populations_open) for one in question.connections]
        given = frozenset([one.tie.factor for one in known])
        rest = self._rest(given, self._open_factors(question, silent))
        derived = self._derive(known, rest)
        values, presumed = self._single_values(question, silent)
        presumed += _presumed_sets(question, opened)
        for one in (*known, *derived):
            presumed += one.presumed
        presumed += rest.presumed
        presumed.sort()
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
            ties=frozenset([*[one.tie for one in (*known, *derived)], *rest.ghosts]),
            presumed=tuple(presumed),
        )

    def _connection(self, connection: Connection, populations_open: bool) -> _Known:  # noqa: FBT001
        """Return `connection` as a tie."""
        key = (connection, populations_open)
        known = self._known.get(key)
        if known is None:
            tie = _tie(connection, self._lexicon, self._atlas, populations_open=populations_open)
            told = tie.populations.yes or tie.populations.no or tie.populations.open
            presumed = () if told else (_none_there(tie),)
            known = self._known.put(key, _Known(tie, presumed))
        return known

    def _derive(self, known: Sequence[_Known], rest: _Rest) -> list[_Known]:
        """Return the ties that are derived from those given."""
        return [
            self._derived_tie(factor, one.tie)
            for factor, source in rest.derived
            for one in known
            if one.tie.factor == source
        ]

    def _derived_tie(self, factor: str, tie: Tie) -> _Known:
        """Return a tie of `factor` derived from `tie`.

        What presence alone suggests is at low trust.
        """
        key = (factor, tie)
        known = self._derived.get(key)
        if known is None:
            derived = replace(
                tie,
                factor=factor,
                populations=Members(open=tie.populations.open),
                low_trust=tie.low_trust or tie.factor == "presence",
                source="derived",
            )
            presumed = FactKey("place", factor=factor, place=tie.place)
            known = self._derived.put(key, _Known(derived, (presumed,)))
        return known

    def _open_factors(self, question: Question, silent: set[str]) -> frozenset[str]:
        """Return the factors by which there may be more connections than those given."""
        opened = question.open_factors
        if silent:
            opened |= silent & self._lexicon.factors.keys()
        for indicator in question.indicators:
            opened |= self._lexicon.indicators.get(indicator, frozenset())
        return opened

    def _rest(self, given: frozenset[str], opened: frozenset[str]) -> _Rest:
        """Return what stands for the factors by which nothing is given, or not all."""
        known = self._rests.get((given, opened))
        return known or self._rests.put((given, opened), self._complete(given, opened))

    def _complete(self, given: frozenset[str], opened: frozenset[str]) -> _Rest:
        """Work out what `_rest` returns."""
        ghosts, presumed, derived = list[Tie](), list[FactKey](), list[tuple[str, str]]()
        for factor, term in self._lexicon.factors.items():
            if factor in opened or (factor not in given and term.presume is Presumption.OPEN):
                ghosts.append(ghost(factor))
            elif factor not in given:
                source = _source_of(term, given)
                if source is None:
                    presumed.append(FactKey("connection", member=factor))
                else:
                    derived.append((factor, source))
        return _Rest(tuple(ghosts), tuple(presumed), tuple(derived))

    def _open_sets(self, question: Question, silent: set[str]) -> frozenset[str]:
        """Return the set-valued dimensions that may have members not named."""
        presumed = self._lexicon.presumed
        return frozenset(
            [
                dimension
                for dimension in SET_DIMENSIONS
                if dimension in question.open_sets
                or dimension in silent
                or presumed.get(dimension) == "unknown"
            ]
        )

    def _single_values(
        self, question: Question, silent: set[str]
    ) -> tuple[Mapping[str, str | None], list[FactKey]]:
        """Return action, product and device, with the vocabulary's presumed values filled in."""
        values: dict[str, str | None] = {}
        presumed = []
        given = {"action": question.action, "product": question.product, "device": question.device}
        for dimension, value in given.items():
            if value is not None and dimension not in question.unknown:
                values[dimension] = value
                continue
            default = self._lexicon.presumed.get(dimension, "unknown")
            speaks = default not in ("unknown", "none") and dimension not in silent
            values[dimension] = default if speaks else None
            if speaks:
                presumed.append(FactKey(dimension))
        return values, presumed


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


def _none_there(tie: Tie) -> FactKey:
    """Return the presumption that the person is of no population at the place of `tie`."""
    return FactKey("population", factor=tie.factor, place=tie.place)


def ghost(factor: str) -> Tie:
    """Return the tie that stands for the unknown connections of an open factor."""
    return Tie(factor=factor, populations=Members(open=True), ghost=True, source="open")


def _source_of(term: FactorTerm, given: frozenset[str]) -> str | None:
    """Return the first given factor that a factor is derived from; None if it is not derived."""
    if term.presume is not Presumption.DERIVED:
        return None
    return next((source for source in term.derived_from if source in given), None)
