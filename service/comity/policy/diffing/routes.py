"""Routes: which requests of authorities for data two revisions route otherwise."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from comity.domain.data_request import DataRequest, IssuingAuthority
from comity.policy.diffing.geography import lies_within
from comity.policy.diffing.inquiries import Inquiry, inquiries_on
from comity.policy.diffing.provisions import (
    LawChanges,
    classes_of,
    find_law_changes,
    instants_of,
    names_in,
)
from comity.policy.diffing.regions import Period
from comity.policy.diffing.route_turns import Turn, turns_of
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.router import route_request

UNDATED: Final = datetime(2026, 1, 15, 12, tzinfo=UTC)
# By an instrument that says the same, requests are tried at the last instants alone; in all ways
# by one of each system of law, by others in those ways that tell.
LAST_INSTANTS: Final = 2
JOINED: Final = ("categories", "instruments", "states", "issuers", "rule_ids")
COMBINATIONS: Final = (
    "requests for data that are unlike one that passes in several things at a time"
)
NOBODY: Final = Inquiry(DataRequest("", IssuingAuthority("", ""), (), UNDATED), UNDATED)


@dataclass(frozen=True, slots=True)
class RouteRegion:
    """Requests that are routed otherwise in the same way.

    Attributes:
        turn: in what; the first category stands for all.
        categories: the data categories; empty for the whole request.
        instruments: by which they are made.
        states: states that issue them.
        issuers: authorities that issue them.
        conditions: what else they are like, each alone; empty if nothing else is needed.
        periods: when they are received.
        rule_ids: changed provisions that decide; empty if it is none of them.
        witness: one of the requests.
    """

    turn: Turn
    categories: tuple[str, ...]
    instruments: tuple[str, ...]
    states: tuple[str, ...]
    issuers: tuple[str, ...]
    conditions: tuple[str, ...]
    periods: tuple[Period, ...]
    rule_ids: tuple[str, ...]
    witness: Inquiry


@dataclass(frozen=True, slots=True)
class RouteComparison:
    """What differs in the routes of requests.

    Attributes:
        changes: the provisions that differ.
        regions: requests that are routed otherwise.
        asked: how many requests were routed by both revisions.
        untried: what was not tried, in words; empty if what was not found is not there.
    """

    changes: LawChanges = field(default_factory=LawChanges)
    regions: tuple[RouteRegion, ...] = ()
    asked: int = 0
    untried: tuple[str, ...] = ()


@dataclass
class _Sighting:
    """Where one turn was seen by one instrument."""

    witness: Inquiry
    states: set[str] = field(default_factory=set)
    issuers: set[str] = field(default_factory=set)
    conditions: dict[str, None] = field(default_factory=dict)
    stretches: set[tuple[datetime | None, datetime | None]] = field(default_factory=set)
    rule_ids: set[str] = field(default_factory=set)


def compare_routes(old: RequestLaw, new: RequestLaw, without: str = "") -> RouteComparison:
    """Return which requests are routed otherwise by `new` than by `old`.

    With `without`, a place or group, only requests without any connection to it are routed.
    """
    changes = find_law_changes(old, new)
    if not changes.any:
        return RouteComparison()
    comparing = _Comparing((old, new), changes, without)
    comparing.run()
    untried = () if comparing.is_proven else (COMBINATIONS,)
    return RouteComparison(changes, tuple(comparing.regions()), comparing.asked, untried)


class _Comparing:
    """Routes requests by both revisions."""

    def __init__(
        self, laws: tuple[RequestLaw, RequestLaw], changes: LawChanges, without: str
    ) -> None:
        self._laws = laws
        self._changes = changes
        self._without = without
        self._categories = _kinds_of_data(laws)
        self._seen: dict[tuple[str, Turn], _Sighting] = {}
        self.asked = 0

    def run(self) -> None:
        """Route all requests that could be routed otherwise."""
        changed = {rule.terms.instrument for rule in self._changes.rules}
        instruments = {**self._laws[0].instruments, **self._laws[1].instruments}
        for instrument in sorted(changed):
            self._try_instrument(instrument, changed=True)
        if not self._changes.reaches_all:
            return
        others = [instrument for instrument in instruments if instrument not in changed]
        first = {instruments[i][0].terms.system: i for i in reversed(others)}
        for instrument in first.values():
            self._try_instrument(instrument, changed=False)
        telling = frozenset(c for seen in self._seen.values() for c in seen.conditions)
        for instrument in others:
            if instrument not in first.values():
                self._try_instrument(instrument, changed=False, only=telling)

    def _try_instrument(
        self, instrument: str, *, changed: bool, only: frozenset[str] | None = None
    ) -> None:
        """Route requests by one instrument, `only` those that are unlike others in these ways."""
        rules = [r for law in self._laws for r in law.instruments.get(instrument, ())]
        named = names_in(rules, self._laws, self._changes)
        instants = instants_of(rules, self._laws, self._changes) or [UNDATED]
        ends: list[datetime | None] = [*instants[1:], None]
        starts: list[datetime | None] = [None, *instants[1:]]
        stretches = list(zip(instants, starts, ends, strict=True))
        if not changed:
            stretches = stretches[-LAST_INSTANTS:]
        told = {(rule.id, repr(rule.terms)): rule for rule in rules}
        for rule in told.values():
            if self._is_out(rule.jurisdiction):
                continue
            for received, start, end in stretches:
                asking = inquiries_on(rule, self._laws, named, self._categories, received)
                tried = (i for i in asking if only is None or i.changed in {"", *only})
                self._try(tried, (start, end))

    def _try(
        self,
        inquiries: Iterable[Inquiry],
        stretch: tuple[datetime | None, datetime | None],
    ) -> None:
        """Route requests that are received at one instant, which stands for a stretch."""
        for inquiry in inquiries:
            if self._is_connected(inquiry):
                continue
            self.asked += 1
            request = inquiry.request
            before, after = (route_request(request, law, inquiry.at) for law in self._laws)
            if before == after:
                continue
            cited = {*before.rule_ids, *after.rule_ids} & self._changes.ids
            for turn in turns_of(before, after, request):
                key = (request.instrument, turn)
                seen = self._seen.setdefault(key, _Sighting(inquiry))
                seen.states.add(request.authority.issuing_state)
                seen.issuers.add(request.authority.kind)
                seen.conditions[inquiry.changed] = None
                seen.stretches.add(stretch)
                seen.rule_ids |= cited

    def _is_out(self, place: str) -> bool:
        """Return whether requests are not to be asked about `place`."""
        return bool(self._without and place) and any(
            lies_within(law.atlas, place, self._without) for law in self._laws
        )

    @property
    def is_proven(self) -> bool:
        """Whether no request without a connection to the place left out meets what differs.

        An instrument is connected with the state whose it is, and so is a check with the
        instruments of its own state, if it meets no others.
        """
        changes = self._changes
        foreign = any(check.forbids_abroad for check in changes.checks)
        whose = {
            *(r.jurisdiction for r in changes.rules),
            *(c.jurisdiction for c in changes.checks),
        }
        return not (changes.other or foreign) and all(map(self._is_out, whose))

    def _is_connected(self, inquiry: Inquiry) -> bool:
        """Return whether a request has a connection to the place that is left out."""
        request = inquiry.request
        offence = request.offence
        places = (
            request.authority.issuing_state,
            request.person.residence,
            offence.committed_in if offence is not None else "",
        )
        return any(self._is_out(place) for place in places)

    def regions(self) -> Iterator[RouteRegion]:
        """Yield what was seen; what is alike but for the category or the instrument is joined."""
        regions = [_region(instrument, turn, s) for (instrument, turn), s in self._seen.items()]
        yield from _join(_join(regions, _without_category), _without_issuer)


def _kinds_of_data(laws: tuple[RequestLaw, RequestLaw]) -> list[str]:
    """Return a data category for all that no provision tells apart."""
    alike: dict[Hashable, str] = {}
    for category in laws[0].categories:
        if category in laws[1].categories:
            alike.setdefault(tuple(_kind_of_data(category, law) for law in laws), category)
    return list(alike.values())


def _kind_of_data(category: str, law: RequestLaw) -> Hashable:
    """Return what provisions can tell of a data category."""
    words = classes_of(law.categories[category])
    ceilings = [category in profile.ceiling for profile in law.platform.profiles.values()]
    emergency = law.platform.emergency
    hurried = emergency is not None and category in emergency.data
    return words, law.held.get(category), tuple(ceilings), hurried


def _region(instrument: str, turn: Turn, seen: _Sighting) -> RouteRegion:
    """Return what was seen of one turn by one instrument."""
    return RouteRegion(
        turn=turn,
        categories=(turn.category,) if turn.category else (),
        instruments=(instrument,),
        states=tuple(sorted(seen.states)),
        issuers=tuple(sorted(seen.issuers)),
        conditions=() if "" in seen.conditions else tuple(seen.conditions),
        periods=tuple(_periods(seen.stretches)),
        rule_ids=tuple(sorted(seen.rule_ids)),
        witness=seen.witness,
    )


def _periods(stretches: set[tuple[datetime | None, datetime | None]]) -> Iterator[Period]:
    """Yield stretches; what touches is joined."""
    whole: Period | None = None
    for start, end in sorted(stretches, key=lambda s: (s[0] is not None, s[0] or UNDATED)):
        if whole is not None and whole.end == start and start is not None:
            whole = Period(whole.start, end)
            continue
        if whole is not None:
            yield whole
        whole = Period(start, end)
    if whole is not None:
        yield whole


def _without_category(region: RouteRegion) -> Hashable:
    turn = replace(region.turn, category="")
    return replace(region, turn=turn, categories=(), witness=NOBODY)


def _without_issuer(region: RouteRegion) -> Hashable:
    turn = replace(region.turn, category="")
    return turn, region.categories, region.conditions, region.periods


def _join(
    regions: Iterable[RouteRegion], key: Callable[[RouteRegion], Hashable]
) -> Iterable[RouteRegion]:
    """Return regions of equal `key` as one."""
    found: dict[Hashable, RouteRegion] = {}
    for region in regions:
        name = key(region)
        known = found.get(name)
        if known is not None:
            changes = {part: _union(getattr(known, part), getattr(region, part)) for part in JOINED}
            found[name] = replace(known, **changes)
        else:
            found[name] = region
    return found.values()


def _union(names: tuple[str, ...], others: tuple[str, ...]) -> Any:  # noqa: ANN401 - of many parts
    return tuple(dict.fromkeys((*names, *others)))
