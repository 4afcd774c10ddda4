"""Whatever stands in policy files, compiling them ends in problems or a bundle."""

from __future__ import annotations

import pytest
from comity.policy.compiling.compilation import compile_policies
from comity.policy.documents.loading import read_documents
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.policy.documents.policy_noise import CHARACTERS, TODAY, check, compile_changed
from unit.policy.problems.policy_cases import BASE

CHUNKS = 4
CHUNK = 250


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_changed_policy_files_end_in_problems_or_a_bundle(chunk: int) -> None:
    """A few changes in one of the files, the same ones in every run."""
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        compile_changed(seed)


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
