"""From the clauses of a file to those that evaluators read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from comity.policy.atlas import Atlas
from comity.policy.compiling.moments import FileClock
from comity.policy.compiling.names import Geography
from comity.policy.compiling.reporting import FileReport, each
from comity.policy.documents import clauses as written
from comity.policy.lexicon import Lexicon
from comity.policy.rules import AgeBand, Clause, CreationBand
from comity.policy.yaml_nodes import Loc

ANY: Final = "any"
ALL: Final = "all"
PER_MEMBER: Final = "per_member"
# Key of a clause -> dimension of the lexicon.
_DIMENSIONS: Final = (
    ("population", "population"),
    ("product", "product"),
    ("action", "action"),
    ("device", "device"),
    ("label", "label"),
    ("item", "item"),
    ("purpose", "purpose"),
)


@dataclass(frozen=True, slots=True)
class ClauseCompiler:
    """Compiles the clauses of one file.

    Attributes:
        jurisdiction: canonical code of the file, or `any`.
        clock: resolves the moments of the file.
        lexicon: the vocabulary.
        atlas: the geography.
        geography: the codes that may be named.
    """

    jurisdiction: str
    clock: FileClock
    lexicon: Lexicon
    atlas: Atlas
    geography: Geography

    @property
    def report(self) -> FileReport:
        """Where problems go."""
        return self.clock.report

    def compile(self, clause: written.Clause, loc: Loc, *, body: bool) -> Clause:
        """Return the clause; in a body the file's jurisdiction is the default place."""
        self._check_names(clause, loc)
        places = self._places(clause, loc, body=body)
        factors = None if ANY in clause.connected_by else _named(clause.connected_by)
        negated = clause.negated or written.Negation.model_construct()
        return Clause(
            factors=factors,
            places=places,
            populations=_named(clause.population),
            low_trust=clause.trust is not None,
            products=None if ALL in clause.product else _named(clause.product),
            actions=_named(clause.action),
            devices=_named(clause.device),
            labels=_named(clause.label),
            items=_named(clause.item),
            purposes=_named(clause.purpose),
            not_products=_named(negated.product),
            not_devices=_named(negated.device),
            not_items=_named(negated.item),
            not_purposes=_named(negated.purpose),
            age=self._age(clause),
            created=self._created(clause, loc),
        )

    def _places(self, clause: written.Clause, loc: Loc, *, body: bool) -> frozenset[str] | None:
        """Return the canonical places that the clause names; None if it names none."""
        named = clause.jurisdiction
        if not named:
            own = body and self.jurisdiction != ANY
            return frozenset({self.jurisdiction}) if own else None
        if ANY in named:
            if len(named) > 1:
                message = "'any' stands alone: it holds every place."
                self.report.say("CP428", (*loc, "jurisdiction"), message)
            return None
        for place, code in each(loc, "jurisdiction", named):
            self.geography.check(self.report, place, code)
        return frozenset(map(self.atlas.canonical, named))

    def _age(self, clause: written.Clause) -> AgeBand | None:
        """Return the band of ages; a bound `per_member` is filled in later."""
        if clause.age is None:
            return None
        below = clause.age.below if isinstance(clause.age.below, int) else None
        return AgeBand(clause.age.start, below, self.clock.zone or "UTC")

    def _created(self, clause: written.Clause, loc: Loc) -> CreationBand | None:
        """Return the band of creation instants."""
        given = clause.account_created
        if given is None:
            return None
        place = (*loc, "account_created")
        start = None if given.start is None else self.clock.start_of(given.start, (*place, "from"))
        end = None if given.before is None else self.clock.end_of(given.before, (*place, "before"))
        if start is not None and end is not None and end <= start:
            message = "No account is created from the first moment and before the other."
            self.report.say("CP309", (*place, "before"), message)
        return CreationBand(start, end)

    def _check_names(self, clause: written.Clause, loc: Loc) -> None:
        """Report the names that the vocabulary does not have, and labels of others."""
        for key, dimension in _DIMENSIONS:
            known = self.lexicon.kinds.get(dimension, {})
            self._check(getattr(clause, key), (loc, key), dimension, known)
        if clause.negated is not None:
            for key in ("product", "purpose", "device", "item"):
                known = self.lexicon.kinds.get(key, {})
                self._check(getattr(clause.negated, key), ((*loc, "not"), key), key, known)
        if ALL in clause.product and len(clause.product) > 1:
            message = "'all' stands alone: it holds every product."
            self.report.say("CP428", (*loc, "product"), message)

    def _check(
        self, values: Sequence[str], place: tuple[Loc, str], what: str, known: Collection[str]
    ) -> None:
        """Report those of `values` that are not `known`."""
        loc, key = place
        for spot, value in each(loc, key, values):
            if value not in known and not (value == ALL and what == "product"):
                self.report.say_unknown("CP401", spot, value, f"{what} of the vocabulary", known)


def _named(values: Sequence[str]) -> frozenset[str] | None:
    """Return the values as a set; None if none is named."""
    return frozenset(values) or None


def locations(
    loc: Loc, key: str, clauses: Sequence[written.Clause]
) -> Iterator[tuple[Loc, written.Clause]]:
    """Yield each clause under `key` with its place."""
    for index, clause in enumerate(clauses):
        yield (*loc, key, index), clause
