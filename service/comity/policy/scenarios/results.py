"""What came of running scenarios, as data; `str` of each is what a lawyer reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """How a scenario ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise than expected.

    Attributes:
        what: key of `expect`, such as `effect` or `because`; `given` if no question can be made.
        expected: what the scenario expects, in words; empty for `given`.
        came: what came, in words.
    """

    what: str
    expected: str
    came: str

    def __str__(self) -> str:
        """Return the difference as a sentence."""
        if not self.expected:
            return f"{self.what}: {self.came}."
        return f"{self.what}: expected {self.expected}, but {self.came} came."


@dataclass(frozen=True, slots=True)
class Encounter:
    """How one rule met, or why it did not meet, the facts of a scenario.

    Attributes:
        rule_id: the rule; the code of a ground that no rule gives.
        file: policy file of the rule, relative to the policy directory; empty without a rule.
        line: line of the rule's `id`, from 1; 0 without a rule.
        account: what happened, in words.
    """

    rule_id: str
    file: str
    line: int
    account: str

    def __str__(self) -> str:
        """Return the encounter as a sentence."""
        if not self.file:
            return f"{self.rule_id}: {self.account}."
        return f"{self.rule_id} ({self.file}:{self.line}): {self.account}."


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What came of one scenario at one instant.

    Attributes:
        file: scenario file, relative to the policy directory.
        line: line of the scenario's `name`, or of the instant in its timeline, from 1.
        name: the scenario's name.
        at: the instant asked; None if no question could be made.
        verdict: how it ended.
        differences: what came out otherwise than expected; empty unless failed.
        encounters: how the rules concerned met the facts; empty unless failed.
        reason: why it was skipped; empty unless skipped.
    """

    file: str
    line: int
    name: str
    at: datetime | None
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        """Return the result as a paragraph."""
        at = f", at {self.at.isoformat()}" if self.at is not None else ""
        lines = [f"{self.file}:{self.line}: {self.name}{at}: {self.verdict}"]
        if self.reason:
            lines.append(f"  {self.reason}")
        lines += [f"  {difference}" for difference in self.differences]
        lines += [f"  {encounter}" for encounter in self.encounters]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class EmptyFile:
    """A policy file that has no scenario of its own, which counts as a failure.

    Attributes:
        file: the policy file, or the scenario file that holds none.
    """

    file: str

    def __str__(self) -> str:
        """Return the failure as a sentence."""
        return f"{self.file}:1: no scenario shows what this file does."
