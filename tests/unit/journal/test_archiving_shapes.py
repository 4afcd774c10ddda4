"""Spans are taken apart and put together again as the very same octets."""

from __future__ import annotations

import random
from typing import Any

import pytest
from comity.journal import REMOTE_PARENT, EventTemplate, SpanTemplate, encode_attributes
from comity.journal.archiving.descriptions import SpanDescriber, describe_span
from comity.journal.archiving.holes import Hole
from comity.journal.archiving.shapes import join_span, read_shape, split_span
from comity.journal.archiving.splitting import SpanSplitter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from property.spans import SpanCase, by_sdk, by_template, span_cases

VARYING: dict[str, Any] = {
    "comity.decision.evaluated_at": "2026-11-24T22:59:59.123456+00:00",
    "comity.decision.valid_until": "2027-01-01T00:00:00+00:00",
    "comity.decision.position": 300,
    "comity.subject.pseudonym": "8e6c" * 16,
    "comity.subject.pseudonym_key": "abc",
    "comity.provenance.digest": "ab" * 32,
    "comity.provenance.network_prefix_length": 24,
}
TEMPLATE = SpanTemplate(
    "comity.v1.EligibilityService/CheckEligibility",
    attributes={"comity.decision.effect": "deny"},
    events=[EventTemplate("comity.reason", {"comity.rule.id": name}) for name in "ab"],
)
# Values of our attributes that are not encoded as we do.
ODD: dict[str, list[Any]] = {
    "comity.decision.evaluated_at": [
        "",
        "2026-11-24T22:59:59.120000+01:00",
        "2026-11-24T22:59:59+00:00",
        "2026-11-24T22:59:59.000000+00:00",
        "2026-11-24 22:59:59+00:00",
        "2026-11-24T22:59:59",
        "9999-12-31T23:59:59.999999-23:00",
        "noon",
        5,
    ],
    "comity.decision.valid_until": ["", "never", "é", 5, ("a", "b"), None],
    "comity.decision.position": [0, -1, 127, 128, 2**31 - 1, 2**31, 2**63 - 1, "3", 3.0, True],
    "comity.subject.pseudonym": ["", "AB", "abc", "a b", "xyz", b"ab", 7],
    "comity.provenance.digest": ["", b"", ("a",), 1],
}


def span_of(start: int, end: int, varying: dict[str, Any], state: str = "a=1") -> bytes:
    """Return the span of a decision."""
    ids = bytes(range(16)), bytes(range(8)), bytes(range(8, 16))
    return TEMPLATE.assemble(*ids, state, REMOTE_PARENT, start, end, encode_attributes(varying))


def check(octets: bytes) -> tuple[bytes, dict[int, Any]]:
    """Return how a span is taken apart; fail unless it comes back."""
    shape, values = split_span(octets)
    splitter = SpanSplitter()
    # The second time by what was seen the first time.
    assert splitter.split(octets) == splitter.split(octets) == (shape, values)
    assert join_span(read_shape(shape), values) == octets
    return shape, values


def test_what_differs_is_taken_out() -> None:
    """So that decisions with equal facts have one shape."""
    shape, values = check(span_of(10**18, 10**18 + 5, VARYING))
    assert values == {
        Hole.TRACE_ID: bytes(range(16)),
        Hole.SPAN_ID: bytes(range(8)),
        Hole.PARENT_ID: bytes(range(8, 16)),
        Hole.TRACE_STATE: b"a=1",
        Hole.START: 10**18,
        Hole.END: 10**18 + 5,
        Hole.EVALUATED_AT: 1_795_561_199_123_456,
        Hole.VALID_UNTIL: VARYING["comity.decision.valid_until"],
        Hole.POSITION: 300,
        Hole.PSEUDONYM: bytes.fromhex("8e6c" * 16),
        Hole.PROVENANCE: encode_attributes(dict(list(VARYING.items())[-2:])),
    }
    others = VARYING | {
        "comity.decision.evaluated_at": "2026-11-25T00:00:00+00:00",
        "comity.decision.position": 2,
        "comity.subject.pseudonym": "00",
        "comity.provenance.network_prefix_length": 20,
    }
    other, _ = check(span_of(5, 10**17, others, "b=2"))
    assert other == shape
    assert len(read_shape(shape)) < 24
    assert b"deny" in shape
    assert b"2026" not in shape


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in ODD.items() for v in vs])
def test_what_is_not_as_we_encode_it_stays(name: str, value: Any) -> None:
    """In the shape; whatever stands behind it is taken out all the same."""
    _, values = check(span_of(1, 2, VARYING | {name: value}))
    assert values.keys() >= {Hole.TRACE_ID, Hole.START, Hole.END}
    assert values.keys() & {Hole.PSEUDONYM, Hole.PROVENANCE, Hole.POSITION}


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 3), (1, 2**64 - 1), (2**64 - 1, 2**63)])
def test_times_at_their_limits_come_back(start: int, end: int) -> None:
    """Those beyond what a column can hold stay in the shape."""
    _, values = check(span_of(start, end, {}))
    assert all(values.get(hole, 0) < 2**63 for hole in (Hole.START, Hole.END))


def test_times_of_events_are_taken_out() -> None:
    """Those at the end, and others in their order; events without one stay."""
    span = Span(start_time_unix_nano=1, end_time_unix_nano=9)
    for time in (9, 4, 0, 2**64 - 1, 5):
        span.events.add(time_unix_nano=time, name="e")
    span.events.add()
    _, values = check(span.SerializeToString())
    assert values[Hole.EVENT_AT] == [4, 5]


def test_nothing_is_taken_out_twice() -> None:
    """A field that is repeated stays, and so do provenances that don't stand together."""
    octets = span_of(1, 2, VARYING)
    _, values = check(octets + octets)
    assert values[Hole.POSITION] == 300
    mixed = [{"comity.provenance.flags": ("vpn",)}, {"x": 1}, {"comity.provenance.digest": "d"}]
    _, values = check(b"".join(map(encode_attributes, mixed)))
    assert values == {Hole.PROVENANCE: encode_attributes(mixed[0])}


def test_what_is_seen_of_one_span_serves_the_next() -> None:
    """Of the same second and another; with its end by chance in an attribute or an event's name."""
    splitter = SpanSplitter()
    for end in (10**18 + 5, 10**18 + 9, 2**40):
        hidden = b"\x09" + end.to_bytes(8, "little")
        for fraction in ("000001", "123456", "999999", "000000"):
            for second in ("59", "58"):
                at = {"comity.decision.evaluated_at": f"2026-11-24T22:59:{second}.{fraction}+00:00"}
                for more in ({}, {"x": hidden}):
                    octets = span_of(1, end, VARYING | at | more)
                    split = splitter.split(octets)
                    assert split == split_span(octets)
                    assert join_span(read_shape(split[0]), split[1]) == octets


def test_octets_that_are_no_span_come_back() -> None:
    """Cut anywhere, changed anywhere, or nothing of the kind."""
    octets, chance = span_of(10**18, 10**18, VARYING), random.Random(3)
    for length in range(len(octets)):
        check(octets[:length])
    for _ in range(2000):
        changed = bytearray(octets)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        check(bytes(changed))
    for _ in range(500):
        check(chance.randbytes(chance.randint(0, 60)))


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    case=span_cases(),
    ours=st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in ODD.items()}),
)
def test_any_span_comes_back(case: SpanCase, ours: dict[str, Any]) -> None:
    """As a template or the SDK encodes it: any text, events, links, status, trace state."""
    for octets in (by_template(case) + encode_attributes(ours), by_sdk(case).SerializeToString()):
        check(octets)
        describer = SpanDescriber()
        # The second time by what was seen the first time.
        told = [describer.describe(octets), describer.describe(octets)]
        assert told == [describe_span(octets)] * 2
