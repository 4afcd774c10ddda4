"""Policy files to documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from comity.policy.documents.files import Kind
from comity.policy.documents.loading import Documents, read_documents, read_file
from comity.policy.problems import MOST_MESSAGE_CHARACTERS, MOST_PROBLEMS
from unit.policy.problems.policy_cases import BASE

POLICIES = Path(__file__).resolve().parents[4] / "policies"
UA = "jurisdictions/ua.yaml"


def read_base(**changed: bytes) -> Documents:
    """Return the right files of the cases, with files named by their stems replaced."""
    return read_documents({**BASE, **{f"{stem}.yaml": raw for stem, raw in changed.items()}})


def test_the_policies_that_are_shipped_have_no_problem() -> None:
    """Every file is read, each into the place of its kind."""
    files = {
        path.relative_to(POLICIES).as_posix(): path.read_bytes()
        for path in POLICIES.rglob("*.yaml")
    }
    documents = read_documents(files)
    assert documents.problems == ()
    read = [
        *documents.jurisdictions,
        *documents.scenarios,
        *documents.lists,
        documents.platform,
        documents.vocabulary,
        documents.groups,
        documents.desks,
        documents.conflicts,
        documents.waivers,
    ]
    assert sorted(one.file for one in read if one is not None) == sorted(files)


def test_documents_stand_in_the_order_of_their_paths() -> None:
    """The order of the files given does not matter."""
    files = dict(BASE)
    for code in ("pl", "de"):
        files[f"jurisdictions/{code}.yaml"] = BASE[UA].replace(b" UA", f" {code.upper()}".encode())
        files[f"tests/{code}_test.yaml"] = b"scenarios: []\n"
    for order in (sorted(files), sorted(files, reverse=True)):
        documents = read_documents({file: files[file] for file in order})
        assert [read.document.jurisdiction for read in documents.jurisdictions] == [
            "DE",
            "PL",
            "UA",
        ]


def test_a_file_that_is_refused_is_left_out_and_the_others_are_read() -> None:
    """One wrong file hides no problem of another."""
    documents = read_base(desks=b"desks: [", conflicts=b"conflicts: 3\n")
    assert documents.desks is None
    assert documents.conflicts is None
    assert documents.platform is not None
    assert len(documents.jurisdictions) == 1
    assert [problem.file for problem in documents.problems] == ["conflicts.yaml", "desks.yaml"]


def test_a_file_wrong_only_in_its_text_is_read_all_the_same() -> None:
    """What it says can be checked further, so that all its problems are told at once."""
    documents = read_base(conflicts=b"conflicts: [] #\t\n")
    assert [problem.code for problem in documents.problems] == ["CP104"]
    assert documents.conflicts is not None


def test_a_place_is_told_once_if_its_text_is_wrong() -> None:
    """A number in doubt is not told again as a text that should be a number."""
    raw = BASE[UA].replace(b"device: official", b"device: official, age: {below: 014}")
    assert [problem.code for problem in read_file(UA, raw, Kind.JURISDICTION)[1]] == ["CP110"]


@pytest.mark.parametrize(
    "value", ["'" + "x y " * 5000 + "'", '"a\\nb\\rc\\td"', "'\u2067\u200bx y'", "|\n  a\n  b\n"]
)
def test_a_message_is_one_line_whatever_it_shows(value: str) -> None:
    """Values that are long or hold line breaks are shown in part or without them."""
    changes = {
        b"    authority: A centre\n": b"    authority: A centre\n    derogates: %b\n"
        % value.encode(),
        b"{title: A decision}": b'{title: A decision, url: "www.example.org/\\u2067"}',
    }
    raw = BASE[UA]
    for old, new in changes.items():
        raw = raw.replace(old, new)
    problems = read_documents({**BASE, UA: raw}).problems
    assert problems
    for problem in problems:
        assert str(problem).isprintable()
        assert len(problem.message) <= MOST_MESSAGE_CHARACTERS


def test_a_wrong_default_is_told_once_for_all_rules() -> None:
    """A hundred rules that take over one mistake are one problem."""
    rules = b"".join(
        b"  - {id: ua-%d, title: t, effect: deny, in_force: [], source: decision,"
        b" applies_to: {connected_by: presence, product: all}, recorded_at: 2024-01-01}\n" % number
        for number in range(90)
    )
    raw = BASE[UA].replace(b"sources:", b"defaults: {authority: 7}\nsources:") + rules
    problems = read_documents({**BASE, UA: raw}).problems
    assert [str(problem) for problem in problems] == [
        "jurisdictions/ua.yaml:3:23 CP203 'authority' must be text, not a number; put it in quotes."
    ]


@pytest.mark.parametrize(
    "conflicts",
    [
        "[" + "{}," * 100_000 + "{}]",
        "[" + "a," * 100_000 + "a]",
        "[{" + ",".join(f"k{number}: 1" for number in range(50_000)) + "}]",
    ],
)
def test_a_file_of_mistakes_ends_soon(conflicts: str) -> None:
    """Time and lines do not grow with the number of mistakes."""
    problems = read_base(conflicts=f"conflicts: {conflicts}\n".encode()).problems
    assert 1 <= len(problems) <= MOST_PROBLEMS


def test_a_document_keeps_its_values_with_their_types() -> None:
    """Days, instants, hours and sources are read, single values are lists of one."""
    documents = read_documents(BASE)
    (jurisdiction,) = documents.jurisdictions
    (rule,) = jurisdiction.document.restrictions
    assert rule.applies_to[0].product == ("telegram",)
    assert rule.recorded_at.date.isoformat() == "2024-09-23"
    assert rule.effect == ("deny",)
    assert jurisdiction.tree.position(("restrictions", 0, "id")) == (6, 9)
