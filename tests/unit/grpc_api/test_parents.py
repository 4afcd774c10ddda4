"""The caller's span is read from headers as OpenTelemetry's SDK reads it."""

from __future__ import annotations

import pytest
from comity.grpc_api.tracing import parent_of
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from unit.grpc_api.local_calls import LocalCall

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"
# What the SDK would make of the same headers, given as the lists that HTTP frameworks give.
PROPAGATOR = TraceContextTextMapPropagator()

Headers = list[tuple[str, str]]
Parent = tuple[bytes, bytes, dict[str, str]]


def by_sdk(headers: Headers) -> Parent | None:
    """Return what the SDK reads; None for no caller's span."""
    carrier: dict[str, list[str]] = {}
    for name, value in headers:
        carrier.setdefault(name, []).append(value)
    span = get_current_span(PROPAGATOR.extract(carrier, Context())).get_span_context()
    if not span.is_valid:
        return None
    assert span.is_remote
    state = dict(span.trace_state)
    return span.trace_id.to_bytes(16), span.span_id.to_bytes(8), state


def by_ourselves(headers: Headers) -> Parent | None:
    """Return what we read."""
    parent = parent_of(LocalCall(headers))
    if parent is None:
        return None
    assert parent.remote
    state = dict(pair.split("=", 1) for pair in parent.state.split(",")) if parent.state else {}
    return parent.trace_id, parent.span_id, state


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ([GOOD], True),
        ([GOOD.replace("-01", "-00")], True),
        ([GOOD.replace("-01", "-ff")], True),
        ([f"01{GOOD[2:]}"], True),
        ([f"01{GOOD[2:]}-what-is-to-come"], True),
        ([f" {GOOD}\t"], True),
        ([f"{GOOD}-more"], False),
        ([f"ff{GOOD[2:]}"], False),
        ([GOOD.upper()], False),
        ([GOOD.replace(TRACE, TRACE.upper())], False),
        ([GOOD.replace(TRACE, "0" * 32)], False),
        ([GOOD.replace(SPAN, "0" * 16)], False),
        ([GOOD[:-1]], False),
        ([GOOD.replace("-", "_")], False),
        ([""], False),
        ([], False),
        ([GOOD, GOOD.replace(TRACE, "1" * 32)], True),
        (["nonsense", GOOD], False),
    ],
)
def test_known_forms(headers: list[str], known: bool) -> None:  # noqa: FBT001
    """Each is read as the SDK reads it, and the good ones give a parent."""
    pairs = [("traceparent", header) for header in headers]
    assert by_ourselves(pairs) == by_sdk(pairs)
    assert (by_ourselves(pairs) is not None) is known


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (["a=1"], "a=1"),
        (["b=2,a=1"], "b=2,a=1"),
        (["a=1", "b=2"], "a=1,b=2"),
        ([""], ""),
        (["no state at all"], ""),
        (["a=1,a=2"], None),
        ([",".join(f"k{n}=v" for n in range(40))], None),
    ],
)
def test_trace_states(states: list[str], told: str | None) -> None:
    """The state of the trace is handed on as the SDK hands it on."""
    headers = [("traceparent", GOOD), *(("tracestate", state) for state in states)]
    assert by_ourselves(headers) == by_sdk(headers)
    if told is not None:
        parent = parent_of(LocalCall(headers))
        assert parent is not None
        assert parent.state == told


HEX = "0123456789abcdef"
PARTS = st.tuples(
    st.sampled_from(["00", "00", "00", "01", "cc", "ff", "0", "FF", "000", ""]),
    st.one_of(
        st.text(HEX, min_size=32, max_size=32),
        st.sampled_from([TRACE, "0" * 32, TRACE.upper(), TRACE[1:], "g" * 32, "0" * 31 + "1"]),
    ),
    st.one_of(
        st.text(HEX, min_size=16, max_size=16),
        st.sampled_from([SPAN, "0" * 16, SPAN.upper(), SPAN + "0", "0" * 15 + "a"]),
    ),
    st.sampled_from(["01", "00", "ff", "0A", "1", "zz", "01-", "01-x"]),
)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
PARENTS = st.one_of(
    PARTS.map("-".join),
    PARTS.map("-".join).map(lambda text: f" {text}\t "),
    st.just(GOOD),
    PRINTABLE,
)
STATES = st.one_of(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "x@y", "A", "k" * 257, "_*-/", ""]),
            st.sampled_from(["1", "v" * 257, "=", " 1", "", "!~"]),
        ).map("=".join),
        max_size=4,
    ).map(",".join),
    PRINTABLE,
)
OTHERS = st.tuples(st.sampled_from(["user-agent", "x-traceparent", "baggage"]), PRINTABLE)
HEADERS = st.lists(
    st.one_of(
        PARENTS.map(lambda text: ("traceparent", text)),
        PARENTS.map(lambda text: ("traceparent", text)),
        STATES.map(lambda text: ("tracestate", text)),
        OTHERS,
    ),
    max_size=4,
)


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(headers=HEADERS)
def test_any_headers_are_read_as_the_sdk_reads_them(headers: Headers) -> None:
    """Whatever callers send, and however often."""
    assert by_ourselves(headers) == by_sdk(headers)
