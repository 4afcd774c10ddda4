"""Generated spans, made from a template and by OpenTelemetry's SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations, product

from comity.journal import (
    LOCAL_PARENT,
    REMOTE_PARENT,
    AttributeKey,
    EventTemplate,
    SpanTemplate,
    encode_attributes,
)
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceState
from opentelemetry.util.types import AnyValue

LEAST_INT, MOST_INT = -(1 << 63), (1 << 63) - 1
MOST_TIME = (1 << 64) - 1


@dataclass(frozen=True)
class SpanCase:
    """Everything that a span says.

    Attributes:
        name: its name.
        kind: its kind.
        constant: attributes of the template.
        varying: attributes given to each span.
        events: names and attributes of its events.
        links: its links.
        status: its status.
        context: its identity.
        parent: the span above it; None for none.
        start: when it began.
        end: when it ended, and its events happened.
    """

    name: str
    kind: SpanKind
    constant: Mapping[str, AnyValue]
    varying: Mapping[str, AnyValue]
    events: list[tuple[str, Mapping[str, AnyValue]]]
    links: list[Link]
    status: Status
    context: SpanContext
    parent: SpanContext | None
    start: int
    end: int


def by_sdk(case: SpanCase) -> trace_pb2.Span:
    """Return the message that the SDK's encoder makes of `case`."""
    span = ReadableSpan(
        case.name,
        context=case.context,
        parent=case.parent,
        resource=Resource.get_empty(),  # else the SDK looks for one, which takes long
        kind=case.kind,
        attributes={**case.constant, **case.varying},
        events=[Event(name, attributes, timestamp=case.end) for name, attributes in case.events],
        links=case.links,
        status=case.status,
        start_time=case.start,
        end_time=case.end,
    )
    return encode_spans([span]).resource_spans[0].scope_spans[0].spans[0]


def template_of(case: SpanCase) -> SpanTemplate:
    """Return the template of `case`."""
    return SpanTemplate(
        case.name,
        case.kind,
        case.constant,
        events=[EventTemplate(name, attributes) for name, attributes in case.events],
        links=case.links,
        status=case.status,
    )


def by_template(case: SpanCase) -> bytes:
    """Return the span that a template makes of `case`."""
    remote = case.parent is not None and case.parent.is_remote
    return template_of(case).assemble(
        case.context.trace_id.to_bytes(16),
        case.context.span_id.to_bytes(8),
        case.parent.span_id.to_bytes(8) if case.parent else b"",
        case.context.trace_state.to_header(),
        REMOTE_PARENT if remote else LOCAL_PARENT,
        case.start,
        case.end,
        encode_attributes(case.varying),
    )


def check_equal(case: SpanCase) -> None:
    """Fail unless both ways say the same, field by field."""
    theirs, encoded = by_sdk(case), by_template(case)
    ours = trace_pb2.Span.FromString(encoded)
    # As text and octets, since NaN is not equal to itself, and 0.0 is equal to -0.0.
    assert str(ours) == str(theirs)
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(
        deterministic=True
    )
    one_by_one = b"".join(AttributeKey(k).encode(v) for k, v in case.varying.items())
    assert one_by_one == encode_attributes(case.varying)


# Lengths of one and of two octets, and text of any script.
_TEXTS = st.one_of(
    st.sampled_from(["", "comity.rule.ids", "Крим", "日本", "🏳️", "a" * 127, "é" * 64, "b" * 200]),
    st.text(max_size=6),
)
_SCALARS = st.one_of(
    _TEXTS,
    st.sampled_from([True, False, None, 0, 127, 128, -1, LEAST_INT, MOST_INT, b"", b"x" * 130]),
    st.integers(LEAST_INT, MOST_INT),
    st.floats(),
    st.binary(max_size=6),
)
_NESTED = st.one_of(
    st.lists(_SCALARS, max_size=3),
    st.lists(_SCALARS, max_size=3).map(tuple),
    st.dictionaries(_TEXTS, _SCALARS, max_size=2),
)
_VALUES: st.SearchStrategy[AnyValue] = st.one_of(
    _SCALARS, _SCALARS, _NESTED, st.lists(_NESTED, max_size=2)
)
_ATTRIBUTES = st.dictionaries(_TEXTS, _VALUES, max_size=3)
_STATE_KEYS = ("a", "comity", "x-y_z*/1", "k" * 150)
_STATE_VALUES = ("1", "t61rcWkgMzE", "!~:;", "v" * 200)
# One choice among all states of up to three members: Hypothesis takes its time for each choice.
_STATES = st.sampled_from(
    [
        list(zip(keys, values, strict=True))
        for size in range(4)
        for keys in permutations(_STATE_KEYS, size)
        for values in product(_STATE_VALUES, repeat=size)
    ]
).map(TraceState)
_CONTEXTS = st.builds(
    SpanContext,
    st.integers(1, (1 << 128) - 1),
    st.integers(1, MOST_TIME),
    st.booleans(),
    trace_state=_STATES,
)
_TIMES = st.one_of(st.integers(0, MOST_TIME), st.sampled_from([0, 1, MOST_TIME]))
_STATUSES = st.one_of(
    st.sampled_from([Status(), Status(StatusCode.OK)]),
    _TEXTS.map(lambda text: Status(StatusCode.ERROR, text)),
)


@st.composite
def span_cases(draw: st.DrawFn) -> SpanCase:
    """Draw everything that a span says."""
    constant = draw(_ATTRIBUTES)
    varying = {key: value for key, value in draw(_ATTRIBUTES).items() if key not in constant}
    return SpanCase(
        name=draw(_TEXTS),
        kind=draw(st.sampled_from(SpanKind)),
        constant=constant,
        varying=varying,
        events=draw(st.lists(st.tuples(_TEXTS, _ATTRIBUTES), max_size=2)),
        links=draw(st.lists(st.builds(Link, _CONTEXTS, _ATTRIBUTES), max_size=2)),
        status=draw(_STATUSES),
        context=draw(_CONTEXTS),
        parent=draw(st.none() | _CONTEXTS),
        start=draw(_TIMES),
        end=draw(_TIMES),
    )
