"""A mutant: one rule as written, changed in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from comity.policy.atlas import Atlas
from comity.policy.documents.norms import ContentRule, Restriction
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Clause, Rule
from comity.policy.yaml_nodes import Loc, Tree

Spot = tuple[int, str]
"""A clause of `applies_to` by its position, and one of its atoms by the name of its attribute."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change of one rule.

    Attributes:
        rule_id: the rule, as the file writes its id.
        file: its policy file, relative to the policy directory.
        line: line of what is changed, from 1.
        change: what is changed, in words.
        rules: the compiled rules as changed; a rule that stands for several members is several.
        spots: the atoms of `applies_to` that are changed; empty if anything else is.
    """

    rule_id: str
    file: str
    line: int
    change: str
    rules: tuple[Rule, ...]
    spots: frozenset[Spot] = frozenset()

    def __str__(self) -> str:
        """Return the change with its place."""
        return f"{self.file}:{self.line}: {self.rule_id}: {self.change}"


@dataclass(frozen=True, slots=True)
class Site:
    """A rule as written, with what it was compiled to.

    Attributes:
        file: its policy file.
        tree: the file's values with their positions.
        loc: its place in the file.
        norm: the rule as written.
        rules: the compiled rules, those that are ever in force.
        zone: IANA zone of the file.
        lexicon: the vocabulary.
        atlas: the geography.
    """

    file: str
    tree: Tree
    loc: Loc
    norm: Restriction | ContentRule
    rules: tuple[Rule, ...]
    zone: str
    lexicon: Lexicon
    atlas: Atlas

    def change(
        self,
        words: str,
        place: Loc,
        alter: Callable[[Rule], Rule],
        spots: frozenset[Spot] = frozenset(),
    ) -> Iterator[Mutant]:
        """Yield the mutant whose rules `alter` gives, unless it changes none of them."""
        pairs = [(rule, alter(rule)) for rule in self.rules]
        changed = tuple(after for before, after in pairs if after != before)
        if changed:
            of_key = bool(place) and isinstance(place[-1], str)
            line, _ = self.tree.position((*self.loc, *(place or ("id",))), of_key=of_key)
            yield Mutant(self.norm.id, self.file, line, words, changed, spots)

    def alone(self, rule: Rule) -> Site:
        """Return the site of one of its rules: that of one member."""
        return replace(self, rules=(rule,))


def with_clause(rule: Rule, part: str, number: int, clause: Clause | None) -> Rule:
    """Return `rule` with another clause at a position of one of its parts; None takes it away."""
    clauses: list[Clause] = list(getattr(rule, part))
    clauses[number : number + 1] = [] if clause is None else [clause]
    said: dict[str, Any] = {part: tuple(clauses)}
    return replace(rule, **said)
