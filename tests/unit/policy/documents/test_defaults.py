"""Keys that rules take over from the `defaults` of their file."""

from __future__ import annotations

from comity.policy.documents.defaults import merge_defaults
from comity.policy.problems import Problem
from comity.policy.yaml_nodes import Tree, read_tree


def merge(text: str) -> tuple[Tree, tuple[Problem, ...]]:
    """Return the tree of a file with its defaults merged, and the problems."""
    tree, problems = read_tree("jurisdictions/ua.yaml", text.encode())
    assert tree is not None
    assert problems == ()
    return merge_defaults(tree)


def test_a_rule_takes_over_what_it_does_not_say() -> None:
    """A rule's own key replaces the default whole, a null included."""
    tree, problems = merge(
        "defaults: {authority: A, note: N, source: {title: S, url: U}}\n"
        "restrictions: [{id: a}, {id: b, source: {title: T}, note: null}]\n"
    )
    assert problems == ()
    assert tree.value["restrictions"] == (
        {"id": "a", "authority": "A", "note": "N", "source": {"title": "S", "url": "U"}},
        {"id": "b", "authority": "A", "source": {"title": "T"}, "note": None},
    )


def test_what_is_taken_over_stands_in_the_defaults() -> None:
    """Problems with a default are told where it is written; the rule's own keep their places."""
    tree, _ = merge(
        "defaults:\n  source: {title: S}\nrestrictions:\n  - {id: a}\n  - {id: b, source: s}\n"
    )
    assert tree.position(("restrictions", 0, "source", "title")) == (2, 19)
    assert tree.position(("restrictions", 0, "source"), of_key=True) == (2, 3)
    assert tree.position(("restrictions", 0, "id")) == (4, 10)
    assert tree.position(("restrictions", 1, "source")) == (5, 21)
    assert tree.position(("restrictions", 1)) == (5, 5)


def test_a_rule_takes_over_only_keys_of_its_kind() -> None:
    """One set of defaults serves sections whose rules have different keys."""
    tree, problems = merge(
        "defaults: {due: at_once, message: {en: M}}\nrestrictions: [{id: a}]\nduties: [{id: b}]\n"
    )
    assert problems == ()
    assert tree.value["restrictions"] == ({"id": "a", "message": {"en": "M"}},)
    assert tree.value["duties"] == ({"id": "b", "due": "at_once"},)


def test_what_makes_a_rule_itself_is_no_default() -> None:
    """Id, title, effect and whom a rule applies to are each rule's own."""
    tree, problems = merge(
        "defaults: {id: x, title: x, effect: deny, applies_to: {}}\nrestrictions: [{note: n}]\n"
    )
    assert [problem.code for problem in problems] == ["CP207"] * 4
    assert tree.value["restrictions"] == ({"note": "n"},)


def test_files_without_usable_defaults_stay_as_they_are() -> None:
    """What is wrong with their shape is told by whoever reads the shape."""
    for text in (
        "restrictions: [{id: a}]\n",
        "defaults: {}\n",
        "defaults: [a]\nrestrictions: [{id: a}]\n",
        "defaults:\nrestrictions: [{id: a}]\n",
        "- defaults\n",
        "defaults: {note: n}\nrestrictions: a\n",
        "defaults: {note: n}\nrestrictions: [a, [b], null]\n",
    ):
        before, _ = read_tree("jurisdictions/ua.yaml", text.encode())
        tree, _ = merge(text)
        assert before is not None
        assert tree.value == before.value
