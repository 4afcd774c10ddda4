"""From the effects of a file to what an answer asks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from comity.domain.effect import (
    ALLOWED,
    DENIED,
    Hold,
    Obligation,
    Outcome,
    Quota,
    Restrict,
    Verify,
    Warn,
    WithheldObject,
    Withhold,
    outcome_of,
)
from comity.policy.compiling.reporting import FileReport
from comity.policy.documents.effects import (
    EffectValue,
    HoldEffect,
    Reaction,
    RequireEffect,
    RestrictEffect,
    VerifyEffect,
    WarnEffect,
    WithholdEffect,
)
from comity.policy.lexicon import Lexicon
from comity.policy.problems import closest
from comity.policy.rules import Undecided, WhenUnknown
from comity.policy.scalars import Duration, Unit
from comity.policy.yaml_nodes import Loc

_SECONDS: Final = {
    Unit.MINUTES: 60,
    Unit.HOURS: 3600,
    Unit.DAYS: 86_400,
    Unit.WEEKS: 7 * 86_400,
}
EACH_BY_DEFAULT: Final = "product"


@dataclass(frozen=True, slots=True)
class Effects:
    """What a rule does while it is in force.

    Attributes:
        outcome: what an answer asks; `ALLOWED` for a requirement.
        requires: what a requirement demands; empty otherwise.
        features: features that are restricted; None if the rule does more than that.
        methods: methods of verification; None if the rule does more than verify.
    """

    outcome: Outcome
    requires: str
    features: frozenset[str] | None
    methods: frozenset[str] | None


def compile_effects(
    values: Sequence[EffectValue],
    loc: Loc,
    methods: frozenset[str],
    lexicon: Lexicon,
    report: FileReport,
) -> Effects:
    """Return what the effects at `loc` do together; `methods` are those of the vocabulary."""
    for index, value in enumerate(values):
        _check_names(value, (*loc, index), methods, lexicon, report)
    requires = [value.require for value in values if isinstance(value, RequireEffect)]
    if requires and len(values) > 1:
        report.say("CP428", loc, "A requirement stands alone; write a rule for each effect.")
    if "deny" in values and len(values) > 1:
        report.say("CP428", loc, "'deny' stands alone; nothing can be added to it.")
    outcome = DENIED if "deny" in values else outcome_of(obligations_of(values))
    restricts = [value for value in values if isinstance(value, RestrictEffect)]
    verifies = [value for value in values if isinstance(value, VerifyEffect)]
    return Effects(
        outcome=ALLOWED if requires else outcome,
        requires=requires[0] if requires else "",
        features=_all_or_none(restricts, values, frozenset(v.restrict for v in restricts)),
        methods=_all_or_none(verifies, values, frozenset(v.verify for v in verifies)),
    )


def compile_reaction(
    value: Reaction, loc: Loc, methods: frozenset[str], lexicon: Lexicon, report: FileReport
) -> WhenUnknown:
    """Return what is asked while a fact is unknown."""
    if isinstance(value, str):
        return Undecided(value)
    _check_names(value, loc, methods, lexicon, report)
    return outcome_of(obligations_of([value]))


def _all_or_none(
    some: Sequence[object], values: Sequence[object], names: frozenset[str]
) -> frozenset[str] | None:
    """Return `names` if all `values` are `some`."""
    return names if values and len(some) == len(values) else None


def obligations_of(values: Sequence[EffectValue]) -> Iterator[Obligation]:
    """Yield what each effect but `deny` and `require` asks."""
    for value in values:
        match value:
            case "deny" | RequireEffect():
                pass
            case RestrictEffect():
                yield _restrict(value)
            case VerifyEffect():
                yield Verify(value.verify)
            case WarnEffect():
                yield Warn(value.warn)
            case WithholdEffect():
                yield Withhold(WithheldObject(value.withhold), frozenset(value.follows))
            case HoldEffect():
                yield Hold(value.hold)
            case _:
                assert_never(value)


def _restrict(value: RestrictEffect) -> Restrict:
    """Return a restriction, with its quota if it has one."""
    if value.at_most is None or value.per is None:
        return Restrict(value.restrict)
    quota = Quota(seconds_of(value.at_most) or 0, value.adjustable_by or "")
    return Restrict(value.restrict, value.per, value.each or EACH_BY_DEFAULT, quota)


def seconds_of(duration: Duration) -> int | None:
    """Return the length of a duration; None for months and years, which have none."""
    seconds = _SECONDS.get(duration.unit)
    return None if seconds is None else seconds * duration.amount


def _check_names(
    value: EffectValue, loc: Loc, methods: frozenset[str], lexicon: Lexicon, report: FileReport
) -> None:
    """Report features, methods and notices that the vocabulary does not have."""
    match value:
        case RestrictEffect():
            _check_name(
                value.restrict, (*loc, "restrict"), "feature", lexicon.feature_actions, report
            )
            if value.at_most is not None and seconds_of(value.at_most) is None:
                message = "A quota is counted in minutes, hours, days or weeks."
                report.say("CP304", (*loc, "at_most"), message)
        case VerifyEffect():
            _check_name(value.verify, (*loc, "verify"), "method", methods, report)
        case WarnEffect():
            _check_name(value.warn, (*loc, "warn"), "notice", lexicon.notices, report)
        case _:
            pass


def _check_name(name: str, loc: Loc, what: str, known: Collection[str], report: FileReport) -> None:
    """Report that `name` is not `known`."""
    if name not in known:
        message = f"'{name}' is no {what} of the vocabulary."
        report.say("CP401", loc, message, closest(name, known))
