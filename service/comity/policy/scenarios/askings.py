"""A scenario at each of its instants, with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from comity.policy.documents.loading import Read
from comity.policy.documents.scenarios import Scenario, ScenarioFile
from comity.policy.scalars import Instant
from comity.policy.scenarios.results import Difference, Encounter, ScenarioResult, Verdict
from comity.policy.yaml_nodes import Loc

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Asking(Generic[E]):
    """A scenario at one instant.

    Attributes:
        file: scenario file.
        line: line of the scenario's name, or of the instant in its timeline.
        name: the scenario's name.
        at: the instant; None if none is given.
        expected: what must come.
    """

    file: str
    line: int
    name: str
    at: datetime | None
    expected: E

    def end(
        self, differences: tuple[Difference, ...], encounters: tuple[Encounter, ...] = ()
    ) -> ScenarioResult:
        """Return the result: passed if there is no difference."""
        verdict = Verdict.FAILED if differences else Verdict.PASSED
        return ScenarioResult(
            self.file, self.line, self.name, self.at, verdict, differences, encounters
        )

    def fail(self, *faults: str) -> ScenarioResult:
        """Return that no question can be made, for each of `faults`."""
        return self.end(tuple(Difference("given", "", fault) for fault in faults))

    def skip(self, reason: str) -> ScenarioResult:
        """Return that the scenario was not run, and why."""
        return ScenarioResult(
            self.file, self.line, self.name, self.at, Verdict.SKIPPED, reason=reason
        )


def askings(
    read: Read[ScenarioFile],
    index: int,
    given_at: Instant | None,
    expect: E | None,
    timeline: Mapping[Instant, E] | None,
) -> Iterator[Asking[E]]:
    """Yield the scenario at `index` of a file at `given_at`, or at each instant of its timeline."""
    scenario: Scenario = read.document.scenarios[index]
    base: Loc = ("scenarios", index)

    def asking(at: datetime | None, expected: E, loc: Loc) -> Asking[E]:
        line, _ = read.tree.position((*base, *loc), of_key=True)
        return Asking(read.file, line, scenario.name, at, expected)

    if expect is not None:
        yield asking(given_at.at if given_at is not None else None, expect, ("name",))
    for instant, expected in (timeline or {}).items():
        yield asking(instant.at, expected, ("timeline", instant.text))
