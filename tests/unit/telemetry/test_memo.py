"""A memo makes what it doesn't have, and stays small."""

from __future__ import annotations

from comity.telemetry.memo import Memo


def test_a_value_is_made_once_while_it_is_kept() -> None:
    """And is the same object from then on."""
    made: list[str] = []

    def make(key: str) -> list[str]:
        made.append(key)
        return [key]

    memo = Memo(make, 2)
    first = memo["a"]
    assert memo["a"] is first
    assert [*map(memo.__getitem__, "ab")] == [["a"], ["b"]]
    assert made == ["a", "b"]


def test_a_full_memo_forgets() -> None:
    """However many values come, no more than the limit are kept."""
    memo = Memo(str, 3)
    for number in range(100):
        assert memo[number] == str(number)
        assert len(memo) <= 3
    assert memo[99] == "99"
