"""The properties of every answer, on generated policy sets, facts and instants."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

import pytest
from comity.domain.decision import Determination, Standing
from comity.domain.effect import Effect
from comity.policy.engine import Engine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from property.cases import build_case
from property.choices import DrawnChoices, RandomChoices
from property.properties import PROPERTIES

EXAMPLES = int(os.environ.get("COMITY_EXAMPLES", "2000"))
CHUNKS = 4
# Hypothesis takes twenty times as long for an example: it finds the small ones.
DRAWN = max(10, EXAMPLES // 100)
Record = Callable[[str, object], None]
# Agreement carries the other properties over to the reference: it gets the most examples. An
# example of memory compiles an engine for every question, and asks a dozen.
SHARES = dict.fromkeys(PROPERTIES, 0.15) | {"agreement": 1.0, "memory": 0.06}


def seeds_of(name: str, chunk: int) -> range:
    """Return the seeds of the examples of a property that one test tries."""
    count = max(1, int(EXAMPLES * SHARES[name] / CHUNKS))
    return range(chunk * count, (chunk + 1) * count)


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", PROPERTIES)
def test_property_holds_on_pseudo_random_examples(
    name: str, chunk: int, record_property: Record
) -> None:
    """Every property holds on many examples, the same ones in every run."""
    seeds = seeds_of(name, chunk)
    tried = 0
    for seed in seeds:
        try:
            PROPERTIES[name](RandomChoices(seed))
        except AssertionError as error:
            pytest.fail(f"example {seed}: {error}")
        tried += 1
    assert tried == len(seeds) > 0
    record_property(f"examples of {name}", tried)


@pytest.mark.parametrize("name", PROPERTIES)
def test_property_holds_on_examples_that_shrink(name: str, record_property: Record) -> None:
    """Every property holds on examples that Hypothesis chooses and can make small."""
    tried = 0

    @settings(
        max_examples=DRAWN,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        nonlocal tried
        PROPERTIES[name](DrawnChoices(data))
        tried += 1

    holds()
    assert tried >= DRAWN
    record_property(f"examples of {name}", tried)


def test_agreement_is_tried_on_every_example() -> None:
    """No seed is left out or tried twice, and by default there are 2,000."""
    seeds = [seed for chunk in range(CHUNKS) for seed in seeds_of("agreement", chunk)]
    assert seeds == list(range(EXAMPLES - EXAMPLES % CHUNKS))
    assert "COMITY_EXAMPLES" in os.environ or len(seeds) == 2_000


def test_examples_reach_every_kind_of_answer() -> None:
    """The examples are worth trying: each kind of answer is among them, none rarely."""
    seen: Counter[str] = Counter()
    for seed in range(1_500):
        case = build_case(RandomChoices(seed))
        answer = Engine(case.ruleset).evaluate(case.facts, case.now)
        seen[answer.determination] += 1
        seen[answer.effect.name] += 1
        seen.update({reason.standing for reason in answer.reasons})
        seen["missing_facts"] += bool(answer.missing_facts)
        seen["would_change"] += bool(answer.would_change)
        seen["conflicts"] += bool(answer.conflicts)
        seen["resolved"] += any(conflict.resolved_for for conflict in answer.conflicts)
        seen["valid_until"] += answer.valid_until is not None
        seen["for good"] += answer.valid_until is None
    wanted = {*Determination, *(effect.name for effect in Effect), *Standing}
    wanted |= {"missing_facts", "would_change", "conflicts", "valid_until", "for good", "resolved"}
    assert min(seen[name] for name in wanted) >= 5, seen
