"""Turns policy files into something that answers, or into the reasons why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from comity.app.ports.policy_source import Evaluator
from comity.app.ports.policy_status import RefusedEdit, RefusedProblem
from comity.policy.bundle import Bundle
from comity.policy.file_content import FileContent
from comity.policy.rules import Ruleset
from comity.policy.yaml_nodes import paused_collector

MOST_PROBLEMS_SHOWN: Final = 100


class Problem(Protocol):
    """Something about a policy file."""

    @property
    def file(self) -> str:
        """Path relative to the policy directory."""
        ...

    @property
    def line(self) -> int:
        """From 1; 0 for the file as a whole."""
        ...

    @property
    def column(self) -> int:
        """From 1; 0 for the line as a whole."""
        ...

    @property
    def code(self) -> str:
        """Stable code."""
        ...

    @property
    def message(self) -> str:
        """What is wrong and what to write instead."""
        ...

    @property
    def suggestion(self) -> str | None:
        """What was perhaps meant; None if nothing is close."""
        ...


class Compilation(Protocol):
    """What compiling gave: a bundle, perhaps with warnings, or only problems."""

    @property
    def bundle(self) -> Bundle | None:
        """The compiled policies; None if a problem stands in the way."""
        ...

    @property
    def problems(self) -> Sequence[Problem]:
        """Every problem, in the order of the files; warnings if there is a bundle."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparing a set of files gave.

    Attributes:
        bundle: the compiled policies; None if they are refused.
        engine: the evaluator of the eligibility rules; None if they are refused.
        problems: what is wrong, or warnings if there is a bundle.
    """

    bundle: Bundle | None
    engine: Evaluator | None
    problems: tuple[RefusedProblem, ...]


@dataclass(frozen=True, slots=True)
class PolicyCompiler:
    """Compiles files and the engine over them; a defect in either refuses the files.

    Attributes:
        compile_policies: turns files into a bundle, given today's date for warnings.
        compile_engine: turns rules into their evaluator.
        report_defect: told of every exception that compiling is not supposed to raise.
    """

    compile_policies: Callable[[Mapping[str, FileContent], date], Compilation]
    compile_engine: Callable[[Ruleset], Evaluator]
    report_defect: Callable[[Exception], None]

    def prepare(self, files: Mapping[str, FileContent], today: date) -> Prepared:
        """Return what `files` give; never raises, whatever they hold."""
        try:
            compiled = self.compile_policies(files, today)
            problems = tuple(_copy(problem) for problem in compiled.problems)
            if compiled.bundle is None:
                return Prepared(None, None, problems)
            with paused_collector():  # walking a big bundle takes longer than the engine
                engine = self.compile_engine(compiled.bundle.eligibility)
        except Exception as error:  # noqa: BLE001 - an edit must never take the service down
            self.report_defect(error)
            message = "compiling failed; this is a defect of Comity, and its log has the story"
            return Prepared(None, None, (RefusedProblem("", 0, 0, "defect", message),))
        return Prepared(compiled.bundle, engine, problems)


def refused_edit(problems: Sequence[RefusedProblem], now: datetime) -> RefusedEdit:
    """Return the record of an edit that was refused at `now`."""
    return RefusedEdit(now, len(problems), tuple(problems[:MOST_PROBLEMS_SHOWN]))


def _copy(problem: Problem) -> RefusedProblem:
    """Return `problem` as others read it."""
    hint = f" Did you mean '{problem.suggestion}'?" if problem.suggestion is not None else ""
    message = f"{problem.message}{hint}"
    return RefusedProblem(problem.file, problem.line, problem.column, problem.code, message)
