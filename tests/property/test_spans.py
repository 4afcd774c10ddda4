"""Spans made from templates say what OpenTelemetry's SDK would have them say."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from property.spans import SpanCase, check_equal, span_cases

EXAMPLES = int(os.environ.get("COMITY_EXAMPLES", "2000"))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(case=span_cases())
def test_a_span_from_a_template_equals_that_of_the_sdk(case: SpanCase) -> None:
    """Field by field: text of any script, empty lists, numbers at their limits, events, links."""
    check_equal(case)
