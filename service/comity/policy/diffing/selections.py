"""Selections: sets of values of one dimension in words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.domain.facts import Members
from comity.policy.atlas import ALWAYS, Atlas
from comity.policy.diffing.paths import Values
from comity.policy.diffing.scopes import Scope
from comity.policy.diffing.values import Years
from comity.policy.lexicon import Lexicon

MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What words are made of.

    Attributes:
        lexicon: compiled vocabulary.
        places: code -> name of places.
        atlases: geography of both revisions.
    """

    lexicon: Lexicon
    places: Mapping[str, str]
    atlases: Sequence[Atlas]

    def above(self, dimension: str, value: str) -> frozenset[str]:
        """Return `value` and everything that it ever is of."""
        found = self.lexicon.above(dimension, value)
        if dimension == "product":
            dated = [d.kind for v in found for d in self.lexicon.product_kinds.get(v, ())]
            found = found.union(*(self.lexicon.above(dimension, kind) for kind in dated))
        return found

    def always_above(self, dimension: str, value: str) -> frozenset[str]:
        """Return `value` and everything that it is of in every law and at all times."""
        found = self.lexicon.above(dimension, value)
        if dimension == "product":
            found |= frozenset(
                kind
                for v in found
                for d in self.lexicon.product_kinds.get(v, ())
                if d.span == ALWAYS and not d.jurisdiction
                for kind in self.lexicon.above(dimension, d.kind)
            )
        return found


def word_name(name: str) -> str:
    """Return a name of the vocabulary as words."""
    return name.replace("_", " ")


def word_list(names: Iterable[str], last: str = "or") -> str:
    """Return names as a list in a sentence."""
    listed = list(names)
    return f" {last} ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:])))


def word_values(dimension: str, values: Values, scope: Scope, words: Vocabulary) -> str:
    """Return single values in words; empty if they are all that there are."""
    chosen = frozenset(v for v in values if isinstance(v, str))
    known = frozenset(v for v in scope.everything if isinstance(v, str))
    if chosen >= known and chosen:
        return ""
    spared = known - chosen
    if dimension == "action" and spared <= words.lexicon.never_deny:
        return "every action that may be denied"
    naming = Naming(dimension, words, scope.names)
    names = naming.of(chosen, known)
    others = naming.of(spared, known)
    if len(names) > MOST_LISTED and len(others) < len(names):
        return f"every {dimension} but {word_list(others, 'and')}"
    return word_list(names)


@dataclass(frozen=True, slots=True)
class Naming:
    """Names values of a dimension.

    Attributes:
        dimension: the dimension.
        words: what words are made of.
        own: names that the changed rule itself uses.
    """

    dimension: str
    words: Vocabulary
    own: frozenset[str]

    def of(self, chosen: frozenset[str], known: frozenset[str]) -> list[str]:
        """Return the fewest names that stand for `chosen` and nothing else, sorted.

        A kind stands for all below it, its unnamed rest included; so it is used only if the rule
        names it or it is itself chosen, and nothing below it is left out.
        """
        left = set(chosen)
        names = []
        whole = {k: self._below(k, known) for k in chosen | self.own}
        for kind in sorted(whole, key=lambda k: (-len(whole[k]), k not in self.own, k)):
            extent = whole[kind]
            if extent & left and extent <= chosen:
                names.append(word_name(kind))
                left -= {v for v in extent if kind in self.words.always_above(self.dimension, v)}
        return sorted([*names, *(f"{word_name(kind)} of no known kind" for kind in left)])

    def _below(self, kind: str, known: frozenset[str]) -> frozenset[str]:
        """Return what is ever of `kind` among the values `known`."""
        return frozenset(v for v in known | {kind} if kind in self._above(v)) - (
            frozenset({kind}) - known
        )

    def _above(self, value: str) -> frozenset[str]:
        return self.words.above(self.dimension, value)


def word_members(
    dimension: str, values: Values, scope: Scope, words: Vocabulary, forms: tuple[str, str]
) -> str:
    """Return sets of members in words, as `forms` puts having and lacking; empty if all.

    Sets that no such words describe are told by what they have least.
    """
    sets = [v for v in scope.everything if isinstance(v, Members)]
    chosen = {v for v in values if isinstance(v, Members)}
    if all(v in chosen for v in sets):
        return ""
    single = {next(iter(v.yes)): v in chosen for v in sets if len(v.yes) == 1 and not v.no}
    having = frozenset(name for name, inside in single.items() if inside)
    lacking = frozenset(single) - having
    lacking -= {name for v in chosen for name in v.yes}
    naming = Naming(dimension, words, scope.names)

    def named(names: frozenset[str]) -> str:
        return word_list(naming.of(names, frozenset(single)))

    if having and all(bool(v.yes & having) is (v in chosen) for v in sets):
        return f"{forms[0]} {named(having)}"
    if lacking and all((not v.yes & lacking) is (v in chosen) for v in sets):
        return f"{forms[1]} {named(lacking)}"
    # Only what takes a set out that would otherwise be in is a limit.
    out = [v.yes for v in sets if v not in chosen and v.yes & having]
    lacking = frozenset(name for name in lacking if any(name in yes for yes in out))
    if having and lacking and Members() not in chosen:
        spared = all((bool(v.yes & having) and not v.yes & lacking) is (v in chosen) for v in sets)
        if spared:
            return f"{forms[0]} {named(having)} and {forms[1]} {named(lacking)}"
    return _word_combinations(sets, chosen, naming, forms)


def _word_combinations(
    sets: Sequence[Members], chosen: Collection[Members], naming: Naming, forms: tuple[str, str]
) -> str:
    """Return sets in words by the fewest members that they have, and those that they lack.

    Members that go only together are told so. What is not said by that is told as more of the
    same kind.
    """
    inside = [v.yes for v in sets if v in chosen and v.yes] or [v.yes for v in chosen if v.yes]
    least = [yes for yes in inside if not any(other < yes for other in inside)]
    needed = frozenset[str]().union(*least)
    outside = [v.yes for v in sets if v not in chosen and any(yes <= v.yes for yes in least)]
    lacking = frozenset[str]().union(*outside) - needed
    lacking -= {name for yes in inside for name in yes}
    known = frozenset(name for v in sets for name in v.yes)
    if not least:
        return f"{forms[1]} {word_list(naming.of(known, known))}"
    single = frozenset(name for yes in least if len(yes) == 1 for name in yes)
    together = sorted(yes for yes in map(sorted, least) if len(yes) > 1)
    told = naming.of(single, known | single)
    told += [f"both {word_list(map(word_name, yes), 'and')}" for yes in together]
    words = [f"{forms[0]} {word_list(told)}"] if told else []
    if lacking:
        words.append(f"{forms[1]} {word_list(naming.of(lacking, known))}")
    fits = all(
        (any(yes <= v.yes for yes in least) and not v.yes & lacking) is (v in chosen) for v in sets
    )
    limit = "" if fits else " in some combinations with others"
    return f"{' and '.join(words)}{limit}"


def word_ages(values: Values, everything: Values) -> str:
    """Return ages in words; empty if they are all that there are."""
    exact = sorted(v.years for v in everything if isinstance(v, Years) and v.form == "exactly")
    chosen = {v.years for v in values if isinstance(v, Years)}
    if not exact or chosen.issuperset(exact):
        return ""
    spans = []
    for number, years in enumerate(exact):
        if years not in chosen or (number and exact[number - 1] in chosen):
            continue
        end = next((y for y in exact[number:] if y not in chosen), None)
        parts = [f"aged {years} or more"] if number else []
        parts += [f"under {end}"] if end is not None else []
        spans.append(" and ".join(parts))
    return word_list(spans)


def word_creations(values: Values, everything: Values, zoned: Callable[[datetime], str]) -> str:
    """Return when accounts were created, in words; empty if at any time."""
    known = sorted(v for v in everything if isinstance(v, datetime))
    chosen = {v for v in values if isinstance(v, datetime)}
    if not known or chosen.issuperset(known):
        return ""
    spans = []
    for number, instant in enumerate(known):
        if instant not in chosen or (number and known[number - 1] in chosen):
            continue
        end = next((i for i in known[number:] if i not in chosen), None)
        parts = [f"from {zoned(instant)}"] if number else []
        parts += [f"before {zoned(end)}"] if end is not None else []
        spans.append(" ".join(parts))
    return f"with an account created {word_list(spans)}" if spans else ""


def is_unknown(values: Iterable[Hashable], everything: Values) -> bool:
    """Return whether none of `values` is one that leaves nothing in doubt."""
    return not any(value in everything for value in values)
