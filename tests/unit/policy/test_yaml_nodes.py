"""YAML text to plain values with positions."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from comity.policy.problems import MOST_PROBLEMS
from comity.policy.yaml_nodes import DEEPEST, Tree, paused_collector, read_tree
from comity.policy.yaml_text import MOST_BYTES


def read(text: str) -> Tree:
    """Return the tree of a text without problems."""
    tree, problems = read_tree("a.yaml", text.encode())
    assert tree is not None
    assert problems == ()
    return tree


def codes(raw: bytes) -> list[tuple[str, int, int]]:
    """Return code, line and column of every problem."""
    return [(p.code, p.line, p.column) for p in read_tree("a.yaml", raw)[1]]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("FALSE", "FALSE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", "Null"),
        ("0", 0),
        ("14", 14),
        ("-3", -3),
        ("+3", "+3"),
        ("123456789012345678", 123456789012345678),
        ("1234567890123456789", "1234567890123456789"),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1e3", 1000.0),
        (".5", ".5"),
        (".inf", ".inf"),
        ("1:30", "1:30"),
        ("12:30:45", "12:30:45"),
        ("2024-09-20", "2024-09-20"),
        ("2024-09-20T00:00:00+03:00", "2024-09-20T00:00:00+03:00"),
        ("2022-12", "2022-12"),
        ("0-day", "0-day"),
        ("'014'", "014"),
        ('"true"', "true"),
        ('"a\\tb"', "a\tb"),
        ("'null'", "null"),
        ("'5'", "5"),
        ("UA:military", "UA:military"),
        ("[1, [a, {b: c}]]", (1, ("a", {"b": "c"}))),
        ("[]", ()),
        ("{}", {}),
    ],
)
def test_a_value_is_what_yaml_1_2_says_in_one_spelling(written: str, value: Any) -> None:
    """Words and numbers have one spelling; all else is text, and so is what stands in quotes."""
    found = read(f"key: {written}\n").value["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("number", ["010", "-010", "00", "0o14", "0x1F", "0b11", "1_000", "01.5"])
def test_a_number_that_others_read_as_another_one_is_refused(number: str) -> None:
    """Leading zeros, prefixes and underscores mean different numbers to different readers."""
    assert codes(f"age: {number}\n".encode()) == [("CP110", 1, 6)]


def test_keys_are_text_as_written() -> None:
    """A country code, a number and an instant are keys like any other."""
    value = read("NO: a\n1: b\ntrue: c\n2024-09-19T20:59:59Z: d\n010: e\n").value
    assert list(value) == ["NO", "1", "true", "2024-09-19T20:59:59Z", "010"]


def test_block_texts_keep_or_fold_their_lines() -> None:
    """Long messages can be written over several lines."""
    value = read("kept: |\n  one\n  two\nfolded: >-\n  one\n  two\n").value
    assert value == {"kept": "one\ntwo\n", "folded": "one two"}


def test_every_value_and_key_has_its_place() -> None:
    """Lines and columns count from 1, columns in characters."""
    tree = read("# ї\nrules:\n  - id: a\n    title: 'ї'\n    при: [x, {y: z}]\n")
    assert tree.position(()) == (2, 1)
    assert tree.position(("rules",)) == (3, 3)
    assert tree.position(("rules",), of_key=True) == (2, 1)
    assert tree.position(("rules", 0, "id")) == (3, 9)
    assert tree.position(("rules", 0, "title"), of_key=True) == (4, 5)
    assert tree.position(("rules", 0, "при", 1, "y")) == (5, 18)
    assert tree.position(("rules", 0, "при", 1, "y"), of_key=True) == (5, 15)


def test_what_the_file_does_not_hold_stands_where_its_holder_does() -> None:
    """A missing key is told at its mapping; a list of one may lack its brackets."""
    tree = read("rule: {effect: deny}\n")
    assert tree.position(("rule", "title")) == (1, 7)
    assert tree.position(("rule", "effect", 0)) == (1, 16)
    assert tree.position(("rule", 0, "effect")) == (1, 16)
    assert tree.holds(("rule", "effect"))
    assert not tree.holds(("rule", "title"))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(ending: str) -> None:
    """Positions do not depend on the editor."""
    tree = read(f"a: 1{ending}{ending}b: 2{ending}")
    assert tree.position(("b",)) == (3, 4)
    assert codes(f"a: 1{ending}a: 2{ending}\tb: 3".encode()) == [("CP104", 3, 1)]


def test_all_problems_of_a_text_are_told_at_once() -> None:
    """Whoever mends a file mends it once."""
    raw = b"\xef\xbb\xbfa: &x 1\na: !t 010\n? [b]\n: c\nd: \x07\te\n---\nf: 1\n"
    assert codes(raw) == [
        ("CP103", 1, 1),
        ("CP104", 5, 5),
        ("CP114", 5, 4),
        ("CP107", 1, 4),
        ("CP108", 2, 4),
        ("CP110", 2, 4),
        ("CP106", 2, 1),
        ("CP112", 3, 3),
        ("CP109", 6, 1),
    ]


def test_a_shape_that_would_be_a_guess_is_no_tree() -> None:
    """Shape problems that follow from others are not told."""
    for raw in (b"a:\n\tb: 1\n", b"a: [1\n", b"a: &x 1\nb: *x\n", b"", b"[" * 40 + b"]" * 40):
        assert read_tree("a.yaml", raw)[0] is None


def test_problems_that_leave_the_shape_alone_leave_the_tree() -> None:
    """A file with a key twice is read on, so that its other problems are told too."""
    tree, problems = read_tree("a.yaml", b"a: 1\na: 2\nb: !t x\nc: 'd\te'\n")
    assert [p.code for p in problems] == ["CP104", "CP106", "CP108"]
    assert tree is not None
    assert tree.value == {"a": 1, "b": "x", "c": "d e"}


def test_the_deepest_nesting_is_read_and_one_more_is_not() -> None:
    """The limit is where it is said to be."""
    assert read("[" * DEEPEST + "]" * DEEPEST).value
    assert codes(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1)) == [("CP111", 1, DEEPEST + 1)]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{a: "])
def test_a_megabyte_of_openings_ends_at_once(opening: str) -> None:
    """Depth costs neither stack nor time."""
    found = codes((opening * MOST_BYTES)[:MOST_BYTES].encode())
    assert 1 <= len(found) <= DEEPEST + 1


def test_the_largest_file_is_read_and_one_byte_more_is_not() -> None:
    """The limit is where it is said to be."""
    start = b"a: 1\n#"
    largest = start + b"x" * (MOST_BYTES - len(start))
    assert codes(largest) == []
    assert codes(largest + b"x") == [("CP101", 1, 1)]


def test_the_bomb_of_aliases_is_never_unrolled() -> None:
    """Nine levels of nine aliases would be a thousand million values."""
    lines = ["a0: &a0 x"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    tree, problems = read_tree("a.yaml", "\n".join(lines).encode())
    assert tree is None
    assert {p.code for p in problems} == {"CP107"}


def test_after_a_hundred_problems_the_rest_is_left() -> None:
    """A wrong file costs bounded time and lines."""
    assert len(codes(b"a: 1\n" * 1000)) == MOST_PROBLEMS
    assert len(codes(b"\t\n" * 1000)) == MOST_PROBLEMS
    assert len(codes(b"a: 1\0\n" * 1000)) == 2 * MOST_PROBLEMS


def test_a_syntax_error_at_the_end_stands_on_the_last_line() -> None:
    """Editors can jump to it."""
    assert codes(b"a: [1,") == [("CP105", 1, 7)]
    assert codes(b"a: {b: 1\n\n") == [("CP105", 1, 4)]
    assert codes(b"a:\n  - b\n  - @\n") == [("CP105", 3, 5)]
    assert codes(b"a: *x ]") == [("CP107", 1, 4), ("CP105", 1, 7)]


def test_the_collector_rests_while_reading_and_works_after() -> None:
    """It is left as it was found, also after an error and when it was off."""
    assert gc.isenabled()
    with paused_collector():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(KeyError), paused_collector():
        raise KeyError
    assert gc.isenabled()
    gc.disable()
    try:
        with paused_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
