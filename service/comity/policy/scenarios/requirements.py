"""What the scenarios of a policy file must show of each of its rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from comity.policy.scenarios.coverage import RuleCoverage

WITHOUT_EFFECT = 2


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that no scenario shows of a rule, which counts as a failure.

    Attributes:
        rule_id: the rule.
        file: policy file of the rule, relative to the policy directory.
        line: line of the rule's `id`, from 1.
        message: what is lacking, as a sentence.
    """

    rule_id: str
    file: str
    line: int
    message: str

    def __str__(self) -> str:
        """Return the lack with its place."""
        return f"{self.file}:{self.line}: {self.rule_id}: {self.message}"


def find_lacks(coverage: Sequence[RuleCoverage]) -> Iterator[Lack]:
    """Yield what is lacking: a match, a near miss, and an exception where a rule has one.

    A rule that is never in force needs two scenarios that would meet or nearly meet it. An
    exception shown on one member of a rule written for several is shown on all.
    """
    spared = {c.written_id for c in coverage if c.exception}
    for covered in coverage:
        for message in _lacking(covered, excepted=covered.written_id in spared):
            yield Lack(covered.rule_id, covered.file, covered.line, message)


def _lacking(covered: RuleCoverage, *, excepted: bool) -> Iterable[str]:
    """Yield what is lacking of one rule."""
    if not covered.in_effect:
        shown = covered.matches + covered.near_misses
        if shown < WITHOUT_EFFECT:
            yield (
                f"a rule without effect needs {WITHOUT_EFFECT} scenarios that would meet it or "
                f"nearly so, and has {shown}."
            )
        return
    if not covered.matches:
        yield "no scenario meets it while it is in force."
    if not covered.near_misses:
        yield "no scenario misses it by one condition, or by its time."
    if covered.exception is False and not excepted:
        yield "no scenario is spared by one of its exceptions."
