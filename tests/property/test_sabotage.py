"""The property tests notice when the engine is broken."""

from __future__ import annotations

import pytest
from comity.policy.engine import Engine
from property.engine_copies import sabotaged
from property.properties import assert_agreements
from property.sabotage import examples_until_caught, expectations_of
from property.sabotages import SABOTAGES, Sabotage

MOST_EXAMPLES = 2_000  # as many as the property is tried on in every run of the tests


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.mistake)
def test_sabotage_is_caught(sabotage: Sabotage) -> None:
    """Every way to break the engine shows within the examples of one run of the tests."""
    assert examples_until_caught(sabotage, MOST_EXAMPLES) is not None


def test_faithful_copy_is_not_accused() -> None:
    """A copy of the engine without changes passes: what is caught is the sabotage."""
    with sabotaged(()) as compile_rules:
        assert compile_rules is not Engine
        for seed in range(50):
            assert_agreements(compile_rules, expectations_of(seed))
