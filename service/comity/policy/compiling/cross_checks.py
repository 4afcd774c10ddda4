"""What must hold between the rules of all files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from comity.policy.compiling.reporting import FileReport, each
from comity.policy.documents.conflicts import ConflictsFile
from comity.policy.documents.norms import Norm
from comity.policy.documents.rules import Rule as WrittenRule
from comity.policy.problems import closest
from comity.policy.rules import Clause, ConflictRuling, Modality, Rule
from comity.policy.yaml_nodes import Loc


@dataclass(frozen=True, slots=True)
class WrittenAt:
    """A rule with the place where it stands.

    Attributes:
        rule: the rule as written.
        loc: its place in the file.
        report: problems of the file.
    """

    rule: WrittenRule
    loc: Loc
    report: FileReport


def check_ids(written: Iterable[WrittenAt]) -> None:
    """Report ids that stand twice."""
    first: dict[str, WrittenAt] = {}
    for at in written:
        other = first.setdefault(at.rule.id, at)
        if other is not at:
            line, _ = other.report.tree.position((*other.loc, "id"))
            message = f"'{at.rule.id}' is already the id of the rule at"
            at.report.say("CP405", (*at.loc, "id"), f"{message} {other.report.tree.file}:{line}.")


def check_reviews(written: Iterable[WrittenAt], today: date) -> None:
    """Report rules whose review is overdue."""
    for at in written:
        due = at.rule.review_by
        if due is not None and due.date < today:
            message = f"The rule was to be reviewed by {due.text}."
            at.report.say("CP425", (*at.loc, "review_by"), message)


def resolve_derogations(
    rules: Sequence[Rule], written: Iterable[WrittenAt], *, complete: bool
) -> tuple[Rule, ...]:
    """Return the rules with the ids that they derogate, those of members spelt out.

    Ids that no rule has are reported if all files could be read (`complete`).
    """
    members = _members(rules)
    norms = {at.rule.id: at for at in written if isinstance(at.rule, Norm)}
    for at in norms.values():
        assert isinstance(at.rule, Norm)
        for place, general in each(at.loc, "derogates", at.rule.derogates):
            if general not in members:
                if complete:
                    message = f"No restriction or content rule has the id '{general}'."
                    at.report.say("CP406", place, message, closest(general, members))
            elif not _can_meet(members[at.rule.id], members[general]):
                message = f"'{general}' is never met on the connections that this rule names."
                at.report.say("CP409", place, message)
    _check_circles(norms)
    return tuple(
        replace(
            rule,
            derogates=tuple(
                member.id for general in rule.derogates for member in members.get(general, ())
            ),
        )
        if rule.derogates
        else rule
        for rule in rules
    )


def _members(rules: Sequence[Rule]) -> Mapping[str, list[Rule]]:
    """Return id as written -> the compiled rules that it stands for."""
    members: dict[str, list[Rule]] = {}
    for rule in rules:
        members.setdefault(rule.id.partition("#")[0], []).append(rule)
    return members


def _can_meet(special: Iterable[Rule], general: Iterable[Rule]) -> bool:
    """Return whether some clause of both may be met on one connection, as far as factors go."""
    return any(
        _share_factor(one, other)
        for rule in special
        for one in rule.body
        for against in general
        for other in against.body
    )


def _share_factor(one: Clause, other: Clause) -> bool:
    """Return whether a connection may be by a factor of both clauses."""
    return one.factors is None or other.factors is None or bool(one.factors & other.factors)


def _check_circles(norms: Mapping[str, WrittenAt]) -> None:
    """Report rules that derogate themselves, and derogations of rules that derogate."""
    for rule_id, at in norms.items():
        assert isinstance(at.rule, Norm)
        if rule_id in _reached(rule_id, norms):
            message = f"'{rule_id}' derogates itself, by way of what it derogates."
            at.report.say("CP407", (*at.loc, "derogates"), message, of_key=True)
            continue
        for place, general in each(at.loc, "derogates", at.rule.derogates):
            other = norms[general].rule if general in norms else None
            if isinstance(other, Norm) and other.derogates:
                message = f"'{general}' goes on removing other rules where it is itself removed."
                at.report.say("CP408", place, message)


def _reached(rule_id: str, norms: Mapping[str, WrittenAt]) -> set[str]:
    """Return the rules that `rule_id` derogates, directly or by way of others."""
    todo, reached = [rule_id], set[str]()
    while todo:
        at = norms.get(todo.pop())
        if at is not None and isinstance(at.rule, Norm):
            new = set(at.rule.derogates) - reached
            reached |= new
            todo.extend(new)
    return reached


def compile_rulings(
    file: ConflictsFile,
    report: FileReport,
    rules: Mapping[str, Rule],
    others: frozenset[str],
    *,
    complete: bool,
) -> Iterator[ConflictRuling]:
    """Yield the rulings on clashing duties; those on unknown rules are reported.

    A ruling that names one of `others`, ids of the law of data requests, is left to that.
    """
    for index, conflict in enumerate(file.conflicts):
        loc = ("conflicts", index)
        if not others.isdisjoint(conflict.between):
            continue
        unknown = [i for i in conflict.between if i not in rules]
        for place, rule_id in each(loc, "between", conflict.between):
            if rule_id in unknown and complete:
                message = f"No restriction or content rule has the id '{rule_id}'."
                report.say("CP423", place, message, closest(rule_id, rules))
        if unknown:
            continue
        by_modality = {rules[i].modality: i for i in conflict.between}
        if by_modality.keys() != {Modality.FORBID, Modality.REQUIRE}:
            message = "'between' names one rule that forbids and one that requires."
            report.say("CP423", (*loc, "between"), message)
            continue
        yield ConflictRuling(
            by_modality[Modality.FORBID],
            by_modality[Modality.REQUIRE],
            conflict.prefer,
            conflict.expires.at,
        )
