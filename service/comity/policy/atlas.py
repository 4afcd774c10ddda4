"""Places: what lies in what, dated groups, disputed areas, territories with codes of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open interval of time.

    Attributes:
        start: first instant in; None if unbounded.
        end: first instant out; None if unbounded.
    """

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether `now` lies in the span."""
        return (self.start is None or self.start <= now) and (self.end is None or now < self.end)

    def boundaries_after(self, now: datetime) -> tuple[datetime, ...]:
        """Return the ends of the span that lie after `now`."""
        return tuple(edge for edge in (self.start, self.end) if edge is not None and edge > now)


ALWAYS = Span()


@dataclass(frozen=True)
class Atlas:
    """The geography that rules are judged by.

    Attributes:
        aliases: other code -> canonical code (`UA-43` -> `crimea`, `CN-HK` -> `HK`).
        parents: canonical place -> the places it lies in directly. A country has none; a
            subdivision lies in its country (and region, where ISO 3166-2 has regions), a
            disputed area in every state whose rules meet it; bodies and territories with their
            own alpha-2 code have none.
        groups: group -> member place -> spans of membership, includes and exclusions resolved.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, tuple[Span, ...]]] = field(default_factory=dict)

    def canonical(self, code: str) -> str:
        """Return the code under which the atlas knows `code`."""
        return self.aliases.get(code, code)

    def lies_in(self, place: str) -> frozenset[str]:
        """Return `place` and every place that it lies in."""
        found = {place}
        todo = [place]
        while todo:
            for parent in self._direct_parents(todo.pop()):
                if parent not in found:
                    found.add(parent)
                    todo.append(parent)
        return frozenset(found)

    def _direct_parents(self, place: str) -> tuple[str, ...]:
        """Return what `place` lies in directly; an unlisted subdivision lies in its country."""
        listed = self.parents.get(place)
        if listed is not None:
            return listed
        country, dash, _ = place.partition("-")
        return (country,) if dash else ()

    def is_group(self, name: str) -> bool:
        """Return whether `name` is a group rather than a place."""
        return name in self.groups

    def members(self, group: str, now: datetime) -> frozenset[str]:
        """Return the places that belong to `group` at `now`."""
        listed = self.groups.get(group, {})
        return frozenset(p for p, spans in listed.items() if any(s.holds(now) for s in spans))

    def member_boundaries(self, group: str, place: str, now: datetime) -> tuple[datetime, ...]:
        """Return the instants after `now` at which the membership of `place` in `group` may change.

        `place` is taken with the places it lies in and the places that lie in it.
        """
        around = self.lies_in(place)
        return tuple(
            edge
            for member, spans in self.groups.get(group, {}).items()
            if member in around or place in self.lies_in(member)
            for span in spans
            for edge in span.boundaries_after(now)
        )

    def expand(self, named: Iterable[str], now: datetime) -> frozenset[str]:
        """Return the places that the `named` places and groups stand for at `now`."""
        places: set[str] = set()
        for name in named:
            places |= self.members(name, now) if self.is_group(name) else {name}
        return frozenset(places)
