"""The properties of every answer, on generated policy sets, facts and instants."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from property.choices import DrawnChoices, RandomChoices
from property.properties import PROPERTIES

EXAMPLES = int(os.environ.get("COMITY_EXAMPLES", "2000"))
CHUNKS = 4
# Agreement carries the other properties over to the reference: it gets the most examples.
SHARES = {name: 1.0 if name == "agreement" else 0.25 for name in PROPERTIES}


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", PROPERTIES)
def test_property_holds_on_pseudo_random_examples(name: str, chunk: int) -> None:
    """Every property holds on many examples, the same ones in every run."""
    count = round(EXAMPLES * SHARES[name] / CHUNKS)
    for seed in range(chunk * count, (chunk + 1) * count):
        try:
            PROPERTIES[name](RandomChoices(seed))
        except AssertionError as error:
            pytest.fail(f"example {seed}: {error}")


@pytest.mark.parametrize("name", PROPERTIES)
@settings(
    max_examples=max(10, EXAMPLES // 100),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_property_holds_on_examples_that_shrink(name: str, data: st.DataObject) -> None:
    """Every property holds on examples that Hypothesis chooses and can make small."""
    PROPERTIES[name](DrawnChoices(data))
