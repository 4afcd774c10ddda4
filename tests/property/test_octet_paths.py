"""Answers from octets say and record what a server without memory does."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from property.choices import DrawnChoices, RandomChoices
from property.octet_sessions import check_session
from property.octet_sources import GENERATED, SHIPPED, Source

EXAMPLES = int(os.environ.get("COMITY_EXAMPLES", "2000"))
LEAST_SHARE_RECALLED = 0.25
# What has to be among the calls for the comparison to be worth anything.
WANTED = (
    "unary ended",
    "batch ended",
    "batch recalled in part",
    "batch recalled whole",
    "worked out",
    "policies exchanged",
    "places exchanged",
)


@settings(
    max_examples=max(10, EXAMPLES // 40),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_both_paths_say_and_record_the_same(data: st.DataObject) -> None:
    """Any requests, however written, at any time, whatever is exchanged between them."""
    check_session(DrawnChoices(data))


@pytest.mark.parametrize(("source", "share"), [(GENERATED, 1.0), (SHIPPED, 0.5)])
def test_the_same_holds_on_sessions_of_which_many_calls_are_recalled(
    source: Source, share: float
) -> None:
    """Of generated and of shipped policies: to compare the long way with itself proves nothing."""
    seen: Counter[str] = Counter()
    for seed in range(max(40, round(share * EXAMPLES / 50))):
        seen += check_session(RandomChoices(seed), source)
    for kind in ("unary", "batch"):
        assert seen[f"{kind} recalled"] > LEAST_SHARE_RECALLED * seen[f"{kind} answered"], seen
    seen["batch recalled whole"] = seen["batch recalled"] - seen["batch recalled in part"]
    assert min(seen[kind] for kind in WANTED) > 3, seen
