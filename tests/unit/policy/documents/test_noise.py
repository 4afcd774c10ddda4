"""Whatever stands in policy files, compiling them ends in problems or a bundle."""

from __future__ import annotations

import os
import re
from datetime import date
from random import Random

import pytest
from comity.policy.compiling.compilation import Compilation, compile_policies
from comity.policy.documents.loading import read_documents
from comity.policy.problems import sort_problems
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.policy.problems.policy_cases import BASE

MUTATIONS = int(os.environ.get("COMITY_POLICY_MUTATIONS", "1000"))
CHUNKS = 4
TODAY = date(2026, 11, 24)
VALUES = (
    "null", "{}", "[]", "3", "-1", "1.5", "true", "x", "''", "[[]]", "[null]", "{a: {b: c}}",
    "2024-01-01", "2024-01", "unknown", "any", "all", "others", "EU", "UA", "UA-43", "crimea",
    "{from: 2024-01-01}", "[{from: unknown}]", "[{from: 2024-01-01, value: 3}, {value: 4}]",
    "deny", "1e400", "999999999999999999", "0010", "{verify: age}", "{warn: exam}", "as_matched",
    "1800-01-01", "2199-12-31", "2199-12", "9999-12-31", "2199-12-31T23:59:59-12:00",
    "999999 years", "ua-devices", "{below: per_member}", "00:00-24:00", "2024-01-01/2199-12-31",
    "Pacific/Apia", "{EU: 16, others: none}", "{in: UA}", "UA:military", "{require: carry}",
)  # fmt: skip
CHARACTERS = " \t\n\r-:,[]{}#&*!|>'\"%@`?~0aZ\0\x85\u2028\ufeffé\\/"
VALUE = re.compile(r"(?<=[:\-,\[{] )[^\s,\]}][^,\]}\n]*|(?<=\[)[^,\]]+")
KEY = re.compile(r"[a-z_]+(?=:)")


def check(compilation: Compilation, files: dict[str, bytes]) -> None:
    """Assert that problems are sorted, each on one line, and stand inside their files."""
    assert compilation.problems == sort_problems(compilation.problems)
    assert compilation.bundle is not None or compilation.problems
    for problem in compilation.problems:
        text = files.get(problem.file, b"").decode(errors="replace")
        lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
        assert 1 <= problem.line <= len(lines), problem
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, problem
        assert str(problem).isprintable(), problem


def mutate(text: str, random: Random) -> str:
    """Return the text with one value, key, line or character changed."""
    what = random.choice(("value", "value", "value", "key", "line", "character"))
    if what == "value" and (found := list(VALUE.finditer(text))):
        at = random.choice(found)
        return text[: at.start()] + random.choice(VALUES) + text[at.end() :]
    if what == "key" and (found := list(KEY.finditer(text))):
        at, other = random.choice(found), random.choice(found)
        return text[: at.start()] + other[0] + text[at.end() :]
    if what == "line":
        lines = text.split("\n")
        index = random.randrange(len(lines))
        copy = random.choice(lines)
        lines[index : index + 1] = random.choice(([], [copy, lines[index]], ["  " + lines[index]]))
        return "\n".join(lines)
    index = random.randrange(len(text) + 1)
    return text[:index] + random.choice(CHARACTERS) + text[index + random.randrange(3) :]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_changed_policy_files_end_in_problems_or_a_bundle(chunk: int) -> None:
    """One to five changes in one of the files, the same ones in every run."""
    count = MUTATIONS // CHUNKS
    names = sorted(BASE)
    for seed in range(chunk * count, (chunk + 1) * count):
        random = Random(seed)
        files = dict(BASE)
        name = random.choice(names)
        text = files[name].decode()
        for _ in range(random.choice((1, 1, 2, 3, 5))):
            text = mutate(text, random)
        files[name] = text.encode()
        try:
            check(compile_policies(files, TODAY), files)
        except Exception as error:
            error.add_note(f"seed {seed}, {name}:\n{text}")
            raise


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(raw=st.binary(max_size=300), name=st.sampled_from([*sorted(BASE), "x.yaml"]))
def test_any_bytes_end_in_problems(raw: bytes, name: str) -> None:
    """A file may hold anything."""
    files = {**BASE, name: raw}
    check(compile_policies(files, TODAY), files)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    text=st.text(alphabet=st.sampled_from(CHARACTERS + "bc:  \n"), max_size=60),
    name=st.sampled_from(sorted(BASE)),
)
def test_any_text_close_to_yaml_ends_in_problems(text: str, name: str) -> None:
    """Indicators and line breaks in any order are read or refused."""
    files = {**BASE, name: text.encode()}
    check(compile_policies(files, TODAY), files)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(names=st.lists(st.text(max_size=30), max_size=5))
def test_any_names_of_files_end_in_problems(names: list[str]) -> None:
    """A file may be called anything."""
    files = {**BASE, **dict.fromkeys(names, b"a: b\n")}
    problems = read_documents(files).problems
    assert {p.file for p in problems if p.code == "CP120"} >= set(names) - BASE.keys()
