"""Section `defaults` of a jurisdiction's file: keys that its rules take over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from comity.policy.documents.checks import CheckRule
from comity.policy.documents.duties import DutyRule, OrderRule, ReportRule
from comity.policy.documents.norms import ContentRule, Restriction
from comity.policy.documents.requests import DataRequestRule
from comity.policy.documents.rules import Rule
from comity.policy.problems import Problem, closest
from comity.policy.yaml_nodes import Marks, Tree

KEY: Final = "defaults"
# What makes a rule the one that it is.
OWN_KEYS: Final = frozenset({"id", "title", "applies_to", "effect"})

_RULES: Final[Mapping[str, type[Rule]]] = {
    "restrictions": Restriction,
    "content": ContentRule,
    "data_requests": DataRequestRule,
    "orders": OrderRule,
    "reports": ReportRule,
    "duties": DutyRule,
    "checks": CheckRule,
}


def merge_defaults(tree: Tree) -> tuple[Tree, tuple[Problem, ...]]:
    """Return the tree of a jurisdiction's file with the defaults in its rules.

    A rule's own key replaces a default whole. What a rule takes over keeps the position that it
    has in `defaults`.
    """
    value, marks = tree.value, tree.marks
    if not isinstance(value, dict) or not isinstance(marks, Marks):
        return tree, ()
    defaults, default_marks = value.get(KEY), marks.parts.get(KEY)
    if not isinstance(defaults, dict) or not isinstance(default_marks, Marks):
        return tree, ()
    sections = [section for section in _RULES if isinstance(value.get(section), tuple)]
    problems = tuple(_refuse_keys(tree, defaults, sections))
    values, parts = dict(value), dict(marks.parts)
    for section in sections:
        section_marks = parts[section]
        if isinstance(section_marks, Marks):
            taken = (defaults.keys() & _RULES[section].keys()) - OWN_KEYS
            merged = [
                _merge_rule(rule, section_marks.parts[index], defaults, default_marks, taken)
                for index, rule in enumerate(value[section])
            ]
            values[section] = tuple(rule for rule, _ in merged)
            rule_marks: dict[str | int, Marks | int] = {
                index: mark for index, (_, mark) in enumerate(merged)
            }
            parts[section] = Marks(section_marks.at, {}, rule_marks)
    return Tree(tree.file, values, Marks(marks.at, marks.keys, parts)), problems


def _merge_rule(
    rule: Any,
    marks: Marks | int,
    defaults: Mapping[str, Any],
    default_marks: Marks,
    taken: Iterable[str],
) -> tuple[Any, Marks | int]:
    """Return the rule with the defaults `taken` that it does not have, and its marks."""
    if not isinstance(rule, dict) or isinstance(marks, int):
        return rule, marks
    missing = [key for key in taken if key not in rule]
    keys = marks.keys | {key: default_marks.keys[key] for key in missing}
    parts = marks.parts | {key: default_marks.parts[key] for key in missing}
    return rule | {key: defaults[key] for key in missing}, Marks(marks.at, keys, parts)


def _refuse_keys(
    tree: Tree, defaults: Mapping[str, Any], sections: Iterable[str]
) -> Iterator[Problem]:
    """Yield a problem for each default that no rule of the file can take over."""
    known = frozenset[str]().union(*(_RULES[section].keys() for section in sections)) - OWN_KEYS
    for key in defaults:
        line, column = tree.position((KEY, key), of_key=True)
        if key in OWN_KEYS:
            message = f"'{key}' can't be a default; every rule has its own."
            yield Problem("CP207", tree.file, line, column, message)
        elif key not in known:
            message = f"'{key}' is no key that a rule of this file can have."
            yield Problem("CP202", tree.file, line, column, message, closest(key, known))
