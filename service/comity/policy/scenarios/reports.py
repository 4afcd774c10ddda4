"""What came of all scenarios of a set of policy files."""

from __future__ import annotations

from dataclasses import dataclass

from comity.policy.scenarios.coverage import RuleCoverage
from comity.policy.scenarios.expectations import Asked
from comity.policy.scenarios.requirements import Lack
from comity.policy.scenarios.results import EmptyFile, ScenarioResult, Verdict
from comity.policy.scenarios.routes import AskedRoute


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """What came of all scenarios.

    Attributes:
        results: one for each scenario and instant, in file order.
        empty: policy files without a scenario, in file order.
        lacks: what no scenario shows, in the order of the rules.
        coverage: what the scenarios show of each rule.
        asked: the questions on eligibility and content, in file order.
        routed: the requests for data, in file order.
    """

    results: tuple[ScenarioResult, ...]
    empty: tuple[EmptyFile, ...]
    lacks: tuple[Lack, ...]
    coverage: tuple[RuleCoverage, ...]
    asked: tuple[Asked, ...]
    routed: tuple[AskedRoute, ...] = ()

    def ended(self, verdict: Verdict) -> tuple[ScenarioResult, ...]:
        """Return the results with `verdict`."""
        return tuple(result for result in self.results if result.verdict is verdict)

    @property
    def gaps(self) -> tuple[EmptyFile | Lack, ...]:
        """What no scenario shows: empty files, then what is lacking of single rules."""
        return (*self.empty, *self.lacks)

    @property
    def passed(self) -> bool:
        """Whether nothing failed, is empty or is lacking."""
        return not (self.ended(Verdict.FAILED) or self.gaps)

    @property
    def exceptions(self) -> tuple[int, int]:
        """How many rules with exceptions are shown with one, and how many there are.

        A rule written for several members counts once; one that is never in force does not.
        """
        written = {
            covered.written_id
            for covered in self.coverage
            if covered.in_effect and covered.exception is not None
        }
        shown = {covered.written_id for covered in self.coverage if covered.exception}
        return len(written & shown), len(written)

    @property
    def derogations(self) -> tuple[int, int]:
        """How many rules that others derogate are shown derogated, and how many there are."""
        derogable = {c.written_id for c in self.coverage if c.derogation is not None}
        shown = {covered.written_id for covered in self.coverage if covered.derogation}
        return len(shown), len(derogable)

    @property
    def boundaries(self) -> tuple[int, int]:
        """How many boundaries of time are shown on both sides, and how many there are."""
        listed = [boundary for covered in self.coverage for boundary in covered.boundaries]
        return sum(b.before and b.after for b in listed), len(listed)
