"""What is said of wrong policy files, to the letter: the cases in `cases`."""

from __future__ import annotations

import re
from datetime import date

import pytest
from comity.policy.compiling.compilation import compile_policies
from comity.policy.problems import CODES, Level, Problem, sort_problems
from unit.policy.problems.policy_cases import BASE, Case, load_cases

TODAY = date(2026, 11, 24)
LINE = re.compile(r".+:\d+:\d+ (CP\d{3}) ")
CASES = load_cases()


def test_the_files_that_all_cases_start_from_are_right() -> None:
    """A case is wrong by what it changes and by nothing else."""
    compilation = compile_policies(BASE, TODAY)
    assert compilation.problems == ()
    assert compilation.bundle is not None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_says_exactly_what_is_wrong(case: Case) -> None:
    """All problems are told, each with file, line, column, code and perhaps what was meant."""
    compilation = compile_policies(case.build(), TODAY)
    assert tuple(map(str, compilation.problems)) == case.expect


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_only_files_without_errors_come_into_force(case: Case) -> None:
    """A warning alone does not stand in the way; an error always does."""
    compilation = compile_policies(case.build(), TODAY)
    refused = any(problem.level is Level.ERROR for problem in compilation.problems)
    assert (compilation.bundle is None) == refused


def test_every_code_has_a_case() -> None:
    """No problem can be told of which nobody has seen how it reads."""
    shown = {found[1] for case in CASES for found in map(LINE.match, case.expect) if found}
    assert CODES.keys() - shown == set()


def test_the_names_of_cases_are_unique() -> None:
    """A failing case can be found by its name."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


def test_problems_are_told_in_file_order_and_once() -> None:
    """Order is by file, line and column, whatever the order in which they were found."""
    first = Problem("CP201", "a.yaml", 2, 9, "x")
    second = Problem("CP202", "a.yaml", 10, 1, "x")
    third = Problem("CP201", "b.yaml", 1, 1, "x")
    assert sort_problems([third, second, first, second]) == (first, second, third)


def test_a_suggestion_ends_the_line() -> None:
    """A problem is one line, ready for editors that jump to file, line and column."""
    problem = Problem("CP202", "a.yaml", 2, 9, "'colr' is no key.", "color")
    assert str(problem) == "a.yaml:2:9 CP202 'colr' is no key. Did you mean 'color'?"
