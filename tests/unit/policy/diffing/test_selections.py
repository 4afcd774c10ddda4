"""Sets of members in the words of differences."""

from __future__ import annotations

from itertools import combinations

import pytest
from comity.domain.facts import Members
from comity.policy.diffing.scopes import Scope
from comity.policy.diffing.selections import Vocabulary, word_members
from comity.policy.lexicon import Lexicon

NAMES = ("baker", "clerk", "minister", "soldier")
WORDS = Vocabulary(Lexicon(kinds={"population": dict.fromkeys(NAMES, ())}), {}, ())
SETS = frozenset(Members(frozenset(c)) for n in range(3) for c in combinations(NAMES, n))
SCOPE = Scope(SETS, (), frozenset())


@pytest.mark.parametrize(
    ("needed", "spared", "told"),
    [
        ([{"clerk"}], set(), "as clerk"),
        ([{"clerk"}, {"soldier"}], set(), "as clerk or soldier"),
        ([{"clerk"}], {"minister"}, "as clerk and not as minister"),
        ([{"clerk", "soldier"}], set(), "as both clerk and soldier"),
        ([{"baker"}, {"clerk", "soldier"}], set(), "as baker or both clerk and soldier"),
        ([set()], {"minister"}, "not as minister"),
        ([set()], {"baker", "clerk", "minister"}, "not as baker, clerk or minister"),
    ],
)
def test_sets_are_told_by_what_they_have_and_lack(
    needed: list[set[str]], spared: set[str], told: str
) -> None:
    """Members that go only together are told so, and nothing is left vague."""
    chosen = {v for v in SETS if any(least <= v.yes for least in needed) and not v.yes & spared}
    assert word_members("population", frozenset(chosen), SCOPE, WORDS, ("as", "not as")) == told


def test_nobody_of_any_kind_is_told_by_what_is_lacking() -> None:
    """The empty set alone lacks all names."""
    told = word_members("population", frozenset({Members()}), SCOPE, WORDS, ("as", "not as"))
    assert told == "not as baker, clerk, minister or soldier"


def test_what_no_words_fit_is_told_by_its_least_sets() -> None:
    """A choice that depends on what else somebody is says so."""
    chosen = frozenset({Members(frozenset({"clerk"})), Members(frozenset({"clerk", "baker"}))})
    told = word_members("population", chosen, SCOPE, WORDS, ("as", "not as"))
    assert told == "as clerk and not as minister or soldier"
    odd = chosen | {Members(frozenset({"baker", "soldier"}))}
    told = word_members("population", odd, SCOPE, WORDS, ("as", "not as"))
    assert told.startswith("as clerk or both baker and soldier")
