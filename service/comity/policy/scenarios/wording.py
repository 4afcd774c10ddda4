"""Values of the domain in the words of the policy files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from comity.domain.decision import Conflict
from comity.domain.effect import Hold, Obligation, Outcome, Restrict, Verify, Warn, Withhold
from comity.domain.facts import Tie

NOTHING = "none"
SECONDS_A_MINUTE = 60
SECONDS_AN_HOUR = 3600


def listed(names: Iterable[str]) -> str:
    """Return `names` sorted and separated by commas, or "none"."""
    return ", ".join(sorted(names)) or NOTHING


def word_conflict(conflict: Conflict) -> str:
    """Return two clashing rules as `forbid/require`, with `>prefer` if a ruling prefers one."""
    resolved = f">{conflict.resolved_for}" if conflict.resolved_for else ""
    return f"{conflict.forbid_rule_id}/{conflict.require_rule_id}{resolved}"


def word_outcome(outcome: Outcome) -> str:
    """Return an outcome: its headline, or its obligations."""
    if outcome.obligations:
        return listed(map(word_obligation, outcome.obligations))
    return outcome.effect.name.lower()


def word_obligation(obligation: Obligation) -> str:
    """Return an obligation, such as `verify age` or `restrict calls to 1 hour per day`."""
    match obligation:
        case Verify(method):
            return f"verify {method}"
        case Warn(notice):
            return f"warn {notice}"
        case Restrict(feature, per, each, quota):
            if quota is None:
                return f"restrict {feature}"
            amount = f"restrict {feature} to {word_seconds(quota.at_most_seconds)} per {per}"
            amount += f" and {each}" if each else ""
            return amount + (f", adjustable by {quota.adjustable_by}" * bool(quota.adjustable_by))
        case Withhold(what, follows):
            return f"withhold {what} with {listed(follows)}" if follows else f"withhold {what}"
        case Hold(what):
            return f"hold {what}"
        case _:
            assert_never(obligation)


def word_seconds(seconds: int) -> str:
    """Return a duration in the largest unit that gives a whole number."""
    for size, unit in ((SECONDS_AN_HOUR, "hour"), (SECONDS_A_MINUTE, "minute"), (1, "second")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}" + ("" if seconds == size else "s")
    return f"{seconds} seconds"


def word_tie(tie: Tie) -> str:
    """Return a connection, such as `works_for UA (military)`."""
    if not tie.factor:
        return "no connection in particular"
    if tie.ghost:
        return f"{tie.factor} of an unknown place"
    populations = [*tie.populations.yes, *(f"not {p}" for p in tie.populations.no)]
    worded = f"{tie.factor} {tie.place}"
    if populations:
        worded += f" ({listed(populations)})"
    if tie.low_trust:
        worded += " at low trust"
    return worded + (" derived" if tie.source == "derived" else "")
