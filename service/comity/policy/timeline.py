"""When a rule is in force and with which effect, resolved to UTC."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from comity.domain.effect import Outcome
from comity.policy.schedule import Schedule

MOST_EDGES = 64


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rule's states over time: intervals in force, less suspensions, times the schedule.

    Attributes:
        instants: strictly increasing UTC instants at which the interval state changes.
        states: one more than `instants`: the state before the first, between, and after the last;
            None while not in force. A permit or requirement in force has the outcome `ALLOWED`.
        schedule: recurring windows outside which the rule is not in force; None if it has none.
    """

    instants: tuple[datetime, ...]
    states: tuple[Outcome | None, ...]
    schedule: Schedule | None = None

    def state_at(self, now: datetime) -> Outcome | None:
        """Return the outcome in force at `now`, or None if the rule is not in force."""
        state = self.states[bisect_right(self.instants, now)]
        if state is None or (self.schedule is not None and not self.schedule.is_open(now)):
            return None
        return state

    def next_change(self, now: datetime) -> datetime | None:
        """Return the first instant after `now` at which `state_at` may differ, or None if never.

        Exact, but for a schedule that stays open over `MOST_EDGES` of its own edges: then the
        last edge looked at, which is early and never late.
        """
        current = self.state_at(now)
        at = now
        for _ in range(MOST_EDGES):
            index = bisect_right(self.instants, at)
            step = self.instants[index] if index < len(self.instants) else None
            flip = None
            if self.schedule is not None and self.states[index] is not None:
                flip = self.schedule.next_flip(at)
            coming = [instant for instant in (step, flip) if instant is not None]
            if not coming:
                return None
            at = min(coming)
            if self.state_at(at) != current:
                return at
        return at
