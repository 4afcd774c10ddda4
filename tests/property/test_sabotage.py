"""The property tests notice when the engine is broken."""

from __future__ import annotations

import pytest
from comity.policy.engine import Engine
from property.choices import RandomChoices
from property.engine_copies import sabotaged
from property.properties import check_agreement
from property.sabotage import SABOTAGES, Sabotage, examples_until_caught

MOST_EXAMPLES = 1_000


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_sabotage_is_caught(sabotage: Sabotage) -> None:
    """Every way to break the engine shows within a thousand examples."""
    assert examples_until_caught(sabotage, MOST_EXAMPLES) is not None


def test_faithful_copy_is_not_accused() -> None:
    """A copy of the engine without changes passes: what is caught is the sabotage."""
    with sabotaged(()) as compile_rules:
        assert compile_rules is not Engine
        for seed in range(50):
            check_agreement(RandomChoices(seed), compile_rules)
