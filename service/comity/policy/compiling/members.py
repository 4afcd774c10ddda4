"""Rules with a value a member of a group: one compiled rule a member and value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from comity.policy.atlas import ALWAYS, Span
from comity.policy.compiling.clauses import PER_MEMBER, ClauseCompiler
from comity.policy.compiling.spans import intersect
from comity.policy.documents.norms import MemberAge, MemberValue, Norm, Restriction
from comity.policy.rules import Clause
from comity.policy.yaml_nodes import Loc

OTHERS = "others"
NO_VALUE = "none"


@dataclass(frozen=True, slots=True)
class MemberRule:
    """What sets the rule of one member and value apart.

    Attributes:
        suffix: what is appended to the id, after `#`.
        place: canonical code of the member.
        age_below: the member's age.
        spans: when the member belongs to the group and has the value.
    """

    suffix: str
    place: str
    age_below: int
    spans: tuple[Span, ...]

    def narrow(self, clause: Clause) -> Clause:
        """Return `clause` for this member alone, with its age."""
        age = clause.age and replace(clause.age, below_years=self.age_below)
        return replace(clause, places=frozenset({self.place}), age=age)


def expand_members(norm: Norm, loc: Loc, clauses: ClauseCompiler) -> tuple[MemberRule, ...]:
    """Return the rules of a norm with `per_member`; what does not fit together is reported."""
    group = _group_of(norm, loc, clauses)
    if group is None or norm.per_member is None:
        return ()
    membership = clauses.atlas.groups[group]
    values: dict[str, MemberAge] = {}
    for code, value in norm.per_member.items():
        if code == OTHERS:
            continue
        place = clauses.atlas.canonical(code)
        if place not in membership:
            message = f"'{code}' is no member of {group}."
            clauses.report.say("CP416", (*loc, "per_member", code), message, of_key=True)
        values[place] = value
    others = norm.per_member.get(OTHERS)
    found: list[MemberRule] = []
    for place in sorted(membership):
        given = values.get(place, others)
        if given is None:
            message = f"{place}, a member of {group}, has no value; add it, or `others`."
            clauses.report.say("CP416", (*loc, "per_member"), message, of_key=True)
        elif not isinstance(given, str):
            key = place if place in norm.per_member else OTHERS
            dated = list(_dated(given, (*loc, "per_member", key), clauses))
            found.extend(_rules_of(place, dated, membership[place]))
    return tuple(found)


def _group_of(norm: Norm, loc: Loc, clauses: ClauseCompiler) -> str | None:
    """Return the one group that the rule's clauses name; report it if there is none."""
    named: set[str] = {
        code for clause in getattr(norm, "applies_to", ()) for code in clause.jurisdiction
    }
    named = named or {clauses.jurisdiction}
    if len(named) == 1 and (group := next(iter(named))) in clauses.atlas.groups:
        return group
    message = "'per_member' needs `applies_to` to name one group, whose members it lists."
    clauses.report.say("CP416", (*loc, "per_member"), message, of_key=True)
    return None


def _dated(
    value: int | Sequence[MemberValue], loc: Loc, clauses: ClauseCompiler
) -> Iterator[tuple[int, Span]]:
    """Yield each value of a member with the time in which it counts."""
    if isinstance(value, int):
        yield value, ALWAYS
        return
    starts = [
        None if each.start is None else clauses.clock.start_of(each.start, (*loc, index, "from"))
        for index, each in enumerate(value)
    ]
    for index, each in enumerate(value):
        later = [start for start in starts[index + 1 :] if start is not None]
        end = later[0] if later else None
        start = starts[index]
        if index and (start is None or (starts[index - 1] or start) > start):
            message = "The values of a member stand in the order of time, each with `from`."
            clauses.report.say("CP416", (*loc, index), message)
        elif start is None or end is None or start < end:
            yield each.value, Span(start, end)


def _rules_of(
    place: str, dated: Sequence[tuple[int, Span]], membership: Sequence[Span]
) -> Iterator[MemberRule]:
    """Yield the rules of one member; several values are numbered."""
    for number, (age, span) in enumerate(dated, start=1):
        suffix = place if len(dated) == 1 else f"{place}-{number}"
        yield MemberRule(suffix, place, age, intersect(membership, [span]))


def uses_members(norm: Restriction | Norm) -> bool:
    """Return whether a clause of the rule takes its age from `per_member`."""
    return any(
        clause.age is not None and clause.age.below == PER_MEMBER
        for clause in getattr(norm, "applies_to", ())
    )
