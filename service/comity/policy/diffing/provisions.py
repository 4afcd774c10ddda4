"""Provisions: which parts of the law of requests differ, and the names that they give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from comity.policy.atlas import Atlas
from comity.policy.documents.base import Document
from comity.policy.documents.checks import CheckCondition
from comity.policy.documents.reach import IssuingStates
from comity.policy.documents.vocabulary import DataCategoryTerm
from comity.policy.routing import marks
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.provisions import RequestCheck, RequestRule
from comity.policy.scalars import Duration, Unit

# What people read of a provision; when it has effect is told by its spans.
TEXT: Final = frozenset(
    {"title", "authority", "source", "recorded_at", "in_force", "suspended", "review_by", "note"}
    | {"history", "confidence", "apply_unverified", "confidential"}
)
SHARED: Final = ("profiles", "clock", "held", "offence_lists", "desks", "desk_states", "rulings")
PLATFORM_PARTS: Final = ("defaults", "emergency")
OUTSIDER: Final = "JP"
DAYS: Final = {
    Unit.HOURS: 1 / 24,
    Unit.DAYS: 1.0,
    Unit.WEEKS: 7.0,
    Unit.MONTHS: 30.4,
    Unit.YEARS: 365.25,
}
MONTHS: Final = {Unit.MONTHS: 1, Unit.YEARS: 12}
STATES: Final = frozenset({"issuing_states", "issued_outside", "residence", "within", "excluded"})
AUTHORITIES: Final = frozenset(
    {"issued_by", "not_issued_by", "or_validated_by", "with_consent_of", "by"}
)
PENALTIES: Final = frozenset({"maximum_penalty_at_least", "sentence_at_least"})
AGES: Final = frozenset({"valid_for", "served_within", "at_most_period"})


@dataclass(frozen=True, slots=True)
class LawChanges:
    """What differs in the law of requests, texts aside.

    Attributes:
        added: ids of provisions that only the new revision has.
        removed: ids of those that only the old one has.
        changed: ids of those that say something else.
        other: parts of the law beside provisions that differ.
        checks: the changed checks, as they stand in either revision.
        rules: the changed rules on instruments, as they stand in either revision.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    checks: tuple[RequestCheck, ...] = ()
    rules: tuple[RequestRule, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.removed or self.changed or self.other)

    @property
    def ids(self) -> frozenset[str]:
        """The provisions that differ."""
        return frozenset({*self.added, *self.removed, *self.changed})

    @property
    def reaches_all(self) -> bool:
        """Whether requests by instruments that say the same may be routed otherwise."""
        return bool(self.other or self.checks)


def find_law_changes(old: RequestLaw, new: RequestLaw) -> LawChanges:
    """Return what differs between two revisions of the law of requests."""
    before, after = _provisions(old), _provisions(new)
    meanings = [{i: _meaning(p) for i, p in found.items()} for found in (before, after)]
    added = tuple(i for i in after if i not in before)
    removed = tuple(i for i in before if i not in after)
    changed = tuple(i for i in after if i in before and meanings[0][i] != meanings[1][i])
    differing = [
        found[i] for found in (after, before) for i in (*added, *removed, *changed) if i in found
    ]
    return LawChanges(
        added,
        removed,
        changed,
        tuple(_other_parts(old, new)),
        tuple(p for p in differing if isinstance(p, RequestCheck)),
        tuple(p for p in differing if isinstance(p, RequestRule)),
    )


def _provisions(law: RequestLaw) -> dict[str, RequestCheck | RequestRule]:
    """Return the provisions of a law by id."""
    found: dict[str, RequestCheck | RequestRule] = {check.id: check for check in law.checks}
    for rules in law.instruments.values():
        found.update((rule.id, rule) for rule in rules)
    return found


def _meaning(provision: RequestCheck | RequestRule) -> tuple[object, ...]:
    """Return what a provision says, without what people read of it."""
    terms = tuple((name, value) for name, value in provision.terms if name not in TEXT)
    clocks = provision.clocks if isinstance(provision, RequestRule) else {}
    return provision.jurisdiction, provision.spans, terms, clocks, provision.clock


def classes_of(term: DataCategoryTerm) -> tuple[object, ...]:
    """Return the class words of a data category."""
    return tuple((name, value) for name, value in term if name != "text")


def _other_parts(old: RequestLaw, new: RequestLaw) -> Iterator[str]:
    """Yield the parts beside provisions that differ."""
    yield from (part for part in SHARED if getattr(old, part) != getattr(new, part))
    for part in PLATFORM_PARTS:
        if getattr(old.platform, part) != getattr(new.platform, part):
            yield part
    systems = [
        {name: classes_of(term) for name, term in law.categories.items()} for law in (old, new)
    ]
    if systems[0] != systems[1]:
        yield "categories"
    for dimension in ("authority", "offence", "population"):
        if old.lexicon.kinds.get(dimension) != new.lexicon.kinds.get(dimension):
            yield dimension
    if old.atlas != new.atlas:
        yield "geography"


@dataclass
class Named:
    """The names that provisions give, as far as requests can be told apart by them.

    Attributes:
        authorities: authorities.
        states: states, and members of groups of states.
        offences: offences.
        tested_offences: those that profiles and rows ask for -> how often they do.
        offence_lists: lists of offences.
        populations: populations.
        penalties: lengths of penalties in months, and a month less.
        ages: lengths of time, and a day less and more.
        needs: what a request may lack.
        events: what may happen to a request.
        profiles: profiles of the platform's policy that both revisions have.
        conditions: changed check -> its condition.
    """

    authorities: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=lambda: {OUTSIDER})
    offences: set[str] = field(default_factory=set)
    tested_offences: Counter[str] = field(default_factory=Counter)
    offence_lists: frozenset[str] = frozenset()
    populations: set[str] = field(default_factory=set)
    penalties: list[int] = field(default_factory=list)
    ages: list[timedelta] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    profiles: set[str] = field(default_factory=set)
    conditions: dict[str, CheckCondition] = field(default_factory=dict)


def names_in(
    rules: Iterable[RequestRule], laws: tuple[RequestLaw, RequestLaw], changes: LawChanges
) -> Named:
    """Return the names that `rules`, the checks and the profiles of both revisions give."""
    named = Named()
    for rule in rules:
        _read(named, rule.terms, laws)
    for law in laws:
        for check in law.checks:
            _read(named, check.terms, laws)
        for profile in law.platform.profiles.values():
            _read(named, profile, laws)
        for kept in law.held.values():
            _read(named, kept, laws, "at_most_period")
        named.events |= set(law.lexicon.kinds.get("event", ()))
    named.profiles = set(laws[0].platform.profiles) & set(laws[1].platform.profiles)
    for check in changes.checks:
        name = check.id if check.id not in named.conditions else f"{check.id} as it was"
        named.conditions[name] = check.terms.when
    lists = [set(law.lexicon.kinds.get("offence_list", ())) for law in laws]
    named.offence_lists = frozenset(lists[0] & lists[1])
    for law in laws:
        for listed in law.offence_lists.values():
            named.offences |= set(sorted(listed.entries)[:2])
    named.penalties = sorted(set(named.penalties))
    named.ages = sorted(set(named.ages))
    return named


def _read(named: Named, value: Any, laws: tuple[RequestLaw, RequestLaw], key: str = "") -> None:  # noqa: ANN401 - parts of a document
    """Add the names that a part of a document gives under `key`."""
    if isinstance(value, Duration):
        _read_length(named, value, key)
    elif isinstance(value, Document):
        for inner, part in value:
            if inner not in TEXT:
                _read(named, part, laws, inner)
    elif isinstance(value, Mapping):
        for part in value.values():
            _read(named, part, laws, key)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            _read(named, part, laws, key)
    elif isinstance(value, str):
        _read_name(named, value, laws, key)


def _read_length(named: Named, length: Duration, key: str) -> None:
    """Add a length of time."""
    if key in PENALTIES and length.unit in MONTHS:
        months = length.amount * MONTHS[length.unit]
        named.penalties += [months - 1, months]
    elif key in AGES and length.unit in DAYS:
        days = round(length.amount * DAYS[length.unit])
        named.ages += [timedelta(days=n) for n in range(max(0, days - 2), days + 4)]


def _read_name(named: Named, value: str, laws: tuple[RequestLaw, RequestLaw], key: str) -> None:
    """Add a name."""
    if key in AUTHORITIES:
        named.authorities.add(value)
    elif key in STATES:
        named.states |= set(members_of(value, laws[1].atlas)[:2])
    elif key == "category":
        named.offences.add(value)
        if not laws[1].lexicon.below("offence", value):
            named.tested_offences[value] += 1
    elif key == "offence":
        named.offences.add(value)
    elif key == "needs":
        named.needs.add(value)
    elif key == "person" and value in laws[1].lexicon.kinds.get("population", ()):
        named.populations.add(value)


def members_of(name: str, atlas: Atlas) -> list[str]:
    """Return a state, or the members of a group of states."""
    return sorted(atlas.groups[name]) if atlas.is_group(name) else [atlas.canonical(name)]


def states_of(rule: RequestRule, atlas: Atlas) -> list[str]:
    """Return states that may issue the instrument, one of each group; and one that may not."""
    states = rule.terms.issuing_states
    named: Collection[str] = states or (rule.jurisdiction,)  # type: ignore[assignment]
    if isinstance(states, IssuingStates):
        named = (*states.within, *states.excluded)
    found = [members_of(name, atlas)[:1] for name in named]
    listed = [s for several in found for s in several if s != marks.ADDRESSEE_STATE]
    return list(dict.fromkeys([*listed, OUTSIDER]))


def instants_of(
    rules: Iterable[RequestRule], laws: tuple[RequestLaw, RequestLaw], changes: LawChanges
) -> list[datetime]:
    """Return the instants at which the law of some rules changes, each the first of a stretch."""
    spans = [span for rule in rules for span in rule.spans]
    spans += [span for check in changes.checks for span in check.spans]
    spans += [use.span for law in laws for use in law.profiles]
    edges = {edge for span in spans for edge in (span.start, span.end) if edge is not None}
    edges |= {ruling.expires for law in laws for ruling in law.rulings}
    first = min(edges)
    return [first - timedelta(days=1), *sorted(edges)]
