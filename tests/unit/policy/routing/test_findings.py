"""What joins of findings leave unknown."""

from __future__ import annotations

from comity.domain.truth import Truth
from comity.policy.routing.findings import Finding, all_of, any_of, known, presumed, unknown

YES, NO = known(holds=True), known(holds=False)
THIS, THAT = unknown("this"), unknown("that")
MAYBE_YES, MAYBE_NO = presumed("yes", holds=True), presumed("no", holds=False)


def test_nothing_holds_of_nothing_and_everything_of_all() -> None:
    assert (any_of(()), all_of(())) == (NO, YES)


def test_one_that_holds_is_enough_for_any() -> None:
    """Then what else is unknown or presumed does not matter."""
    assert any_of((THIS, YES, NO)) == YES
    assert any_of((MAYBE_YES, YES)) == YES
    assert any_of((MAYBE_YES, NO)) == MAYBE_YES


def test_one_that_fails_is_enough_for_all() -> None:
    assert all_of((THIS, YES, NO)) == NO
    assert all_of((MAYBE_NO, NO)) == NO
    assert all_of((MAYBE_NO, YES)) == MAYBE_NO


def test_all_that_could_settle_it_is_missing() -> None:
    both = Finding(Truth.U, frozenset({"this", "that"}))
    assert any_of((THIS, THAT, NO)) == both
    assert all_of((THIS, THAT, YES)) == both
