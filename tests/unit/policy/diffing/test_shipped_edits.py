"""Edits of the shipped policies are compared in full, each in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from comity.policy.diffing.comparison import compare_rulesets
from property.revisions import told
from property.shipped_edits import Edit, edits_of, shipped_rules

# The whole list is tried by `tests/fuzz/shipped_edits.py`.
SOME = (
    "presume nationality: open",
    "presume store_country: open",
    "presume item: unknown",
    "presume purpose: unknown",
    "product wechat no in_blocked_2020 IN",
    "population municipal_employee no government_official",
    "group eu_eea_ch without DE",
    "group eu_eea_ch IT a day later",
    "ru-2025-calls: date 0 a day later",
    "ua-2024-official-devices: without exceptions 0",
    "au-2023: factor residence",
    "fr-2023-min: populations without minister",
    "us-2023-gov: any populations",
    "br-2024-x-vpn: verify age",
    "be-2023: date 1 a day later",
)


@cache
def _edits() -> Mapping[str, Edit]:
    return {edit.name: edit for edit in edits_of(shipped_rules())}


@pytest.mark.parametrize("name", SOME)
def test_an_edit_is_compared_in_full(name: str) -> None:
    """Nothing is left untried, and each difference has a question that shows it."""
    old, new = shipped_rules(), _edits()[name].new
    found = compare_rulesets(old, new)
    assert found.untried == ()
    for region in found.regions:
        asked = region.witness.question, region.witness.at
        assert told(old, *asked) != told(new, *asked), region


def test_an_edit_of_dates_is_proven_to_stay_in_its_place() -> None:
    """Without a connection to Russia no answer differs, whatever else is not known."""
    found = compare_rulesets(
        shipped_rules(), _edits()["ru-2025-calls: date 0 a day later"].new, "RU"
    )
    assert (found.untried, found.regions) == ((), ())
