"""One request before the law that answers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from comity.domain.data_request import DataRequest, Offence
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.provisions import CountingClock, ProfileSpan, RequestRule

UNNAMED_OFFENCE = Offence()


@dataclass(frozen=True)
class Matter:
    """A request, with the rule and the profile that answer it.

    Attributes:
        request: the request.
        law: the law.
        now: the instant of the answer.
        rule: the rule on its instrument; None if none answers.
        moment: the moment whose law counts.
        use: the profile of the platform's policy.
    """

    request: DataRequest
    law: RequestLaw
    now: datetime
    rule: RequestRule | None
    moment: datetime
    use: ProfileSpan

    @property
    def offence(self) -> Offence:
        """The offence; one of which nothing is known if none was named."""
        return self.request.offence or UNNAMED_OFFENCE

    @property
    def rule_id(self) -> str:
        """The id of the rule; empty without one."""
        return self.rule.id if self.rule else ""

    @property
    def clock(self) -> CountingClock:
        """The plain clock of the rule's file; the platform's without a rule."""
        return self.rule.clock if self.rule else self.law.clock

    def class_of(self, category: str) -> str:
        """Return the class word of `category` in the rule's system of law; empty without one."""
        return self.law.categories[category].class_in(self.rule.terms.system) if self.rule else ""

    @cached_property
    def _events(self) -> tuple[tuple[str, datetime], ...]:
        """What has happened up to now."""
        return tuple((e.event, e.at) for e in self.request.events if e.at <= self.now)

    def times_of(self, event: str) -> tuple[datetime, ...]:
        """Return when `event` has happened, in order."""
        return tuple(at for name, at in self._events if name == event)

    def has_happened(self, event: str) -> bool:
        """Return whether `event` has happened."""
        return bool(self.times_of(event))

    def is_issued_in(self, states: Iterable[str]) -> bool:
        """Return whether the issuing state is one of `states`, codes or groups."""
        return issued_in(self.request, states, self.law, self.moment)

    def is_in(self, place: str, states: Iterable[str]) -> bool:
        """Return whether `place` is one of `states`, codes or groups, or lies in one."""
        return lies_in(place, states, self.law, self.moment)


def issued_in(
    request: DataRequest, states: Iterable[str], law: RequestLaw, moment: datetime
) -> bool:
    """Return whether the issuing state of `request` is one of `states` at `moment`."""
    return lies_in(request.authority.issuing_state, states, law, moment)


def lies_in(place: str, states: Iterable[str], law: RequestLaw, moment: datetime) -> bool:
    """Return whether `place` is one of `states` at `moment`, or lies in one."""
    atlas = law.atlas
    around = atlas.lies_in(atlas.canonical(place))
    for state in map(atlas.canonical, states):
        if not atlas.is_group(state):
            if state in around:
                return True
        elif any(s.holds(moment) for p in around for s in atlas.groups[state].get(p, ())):
            return True
    return False
