"""Selections: sets of values of one dimension in words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from comity.domain.facts import Members
from comity.policy.diffing.paths import Values
from comity.policy.diffing.values import Years
from comity.policy.lexicon import Lexicon

MOST_LISTED = 8
FEWEST_MEMBERS = 3
FEWEST_MEMBERS = 3


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What words are made of.

    Attributes:
        lexicon: compiled vocabulary.
        places: code -> name of places.
        groups: group -> its present and past members.
    """

    lexicon: Lexicon
    places: Mapping[str, str]
    groups: Mapping[str, Collection[str]]

    def above(self, dimension: str, value: str) -> frozenset[str]:
        """Return `value` and everything that it ever is of."""
        found = self.lexicon.above(dimension, value)
        if dimension == "product":
            dated = [d.kind for v in found for d in self.lexicon.product_kinds.get(v, ())]
            found = found.union(*(self.lexicon.above(dimension, kind) for kind in dated))
        return found


def word_name(name: str) -> str:
    """Return a name of the vocabulary as words."""
    return name.replace("_", " ")


def word_list(names: Iterable[str], last: str = "or") -> str:
    """Return names as a list in a sentence."""
    listed = list(names)
    return f" {last} ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:])))


def word_values(dimension: str, values: Values, everything: Values, words: Vocabulary) -> str:
    """Return single values in words; empty if they are all that there are."""
    chosen = frozenset(v for v in values if isinstance(v, str))
    known = frozenset(v for v in everything if isinstance(v, str))
    if chosen >= known and chosen:
        return ""
    spared = known - chosen
    if dimension == "action" and spared <= words.lexicon.never_deny:
        return "every action that may be denied"
    names = cover(chosen, known, lambda value: words.above(dimension, value))
    others = cover(spared, known, lambda value: words.above(dimension, value))
    if len(names) > MOST_LISTED and len(others) < len(names):
        return f"every {dimension} but {word_list(map(word_name, others), 'and')}"
    return word_list(map(word_name, names))


def cover(
    chosen: frozenset[str], known: frozenset[str], above: Callable[[str], frozenset[str]]
) -> list[str]:
    """Return the fewest names that stand for `chosen` among the values `known`, sorted."""
    extents: dict[str, set[str]] = {}
    for value in known | chosen:
        for kind in above(value):
            extents.setdefault(kind, set()).add(value)
    left = set(chosen)
    names = []
    whole = [k for k, extent in extents.items() if extent <= chosen]
    for kind in sorted(whole, key=lambda k: (-len(extents[k]), k not in chosen, k)):
        if len(extents[kind] & left) > 1 or kind in left:
            names.append(kind)
            left -= extents[kind]
    return sorted([*names, *left])


def word_members(
    dimension: str, values: Values, everything: Values, words: Vocabulary, forms: tuple[str, str]
) -> str:
    """Return sets of members in words, as `forms` puts having and lacking; empty if all."""
    sets = [v for v in everything if isinstance(v, Members)]
    chosen = {v for v in values if isinstance(v, Members)}
    if all(v in chosen for v in sets):
        return ""
    single = {next(iter(v.yes)): v in chosen for v in sets if len(v.yes) == 1}
    having = frozenset(name for name, inside in single.items() if inside)
    lacking = frozenset(single) - having
    lacking -= {name for v in chosen for name in v.yes}

    def named(names: frozenset[str]) -> str:
        covered = cover(names, frozenset(single), lambda value: words.above(dimension, value))
        return word_list(map(word_name, covered))

    if having and all(bool(v.yes & having) is (v in chosen) for v in sets):
        return f"{forms[0]} {named(having)}"
    if lacking and all((not v.yes & lacking) is (v in chosen) for v in sets):
        return f"{forms[1]} {named(lacking)}"
    if having and lacking:
        spared = all(
            (bool(v.yes & having) and not v.yes & lacking) is (v in chosen) for v in sets if v.yes
        )
        if spared and Members() not in chosen:
            return f"{forms[0]} {named(having)} and {forms[1]} {named(lacking)}"
    plain = sorted(" with ".join(sorted(v.yes)) or "none" for v in chosen if not v.open)
    return f"{forms[0]} {word_list(map(word_name, plain[:MOST_LISTED]))}"


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


def word_places(values: Values, everything: Values, words: Vocabulary) -> str:
    """Return places in words: groups where all members are meant, parts only without the whole."""
    chosen = frozenset(v for v in values if isinstance(v, str) and v)
    known = frozenset(v for v in everything if isinstance(v, str) and v)
    if chosen >= known:
        return "any place"
    whole = {code for code in chosen if "-" not in code or code.partition("-")[0] not in chosen}
    names = []
    for group, members in sorted(words.groups.items(), key=lambda item: -len(item[1])):
        inside = {m for m in members if m in known}
        if len(inside) >= FEWEST_MEMBERS and inside <= chosen and inside & whole:
            names.append(f"the members of {group}")
            whole -= inside
    spared = sorted(
        code for code in known - chosen if "-" in code and code.partition("-")[0] in chosen
    )
    names += [words.places.get(code, word_name(code)) for code in sorted(whole)]
    if len(names) > 3 * MOST_LISTED:
        left_out = [words.places.get(code, code) for code in sorted(known - chosen)]
        if len(left_out) < len(names):
            return f"any place but {word_list(left_out, 'and')}"
    told = word_list(names)
    return f"{told} without {word_list(spared, 'and')}" if spared else told


def is_unknown(values: Iterable[Hashable], everything: Values) -> bool:
    """Return whether none of `values` is one that leaves nothing in doubt."""
    return not any(value in everything for value in values)
